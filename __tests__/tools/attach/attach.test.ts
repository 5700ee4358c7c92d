// `vmtest attach` at a real terminal: script(1) makes one, the guest's side is a recorder behind the socket that a run opens.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { noteRunning } from '../../../src/pipeline/run-process.js'
import { createFiles } from '../../../src/ports/real/files.js'
import { createSockets } from '../../../src/ports/real/sockets.js'
import { AttachPoint } from '../../../src/vm/attach-point.js'
import { type BuiltCommand, buildCommand } from '../../cli/command.js'

const hasScript = spawnSync('script', ['--version']).status === 0
if (!hasScript) console.warn('skipped: no script(1) on this machine')
const atTerminal = hasScript ? describe : describe.skip

let command: BuiltCommand
beforeAll(async () => {
  command = await buildCommand()
}, 60_000)
afterAll(() => command.remove())

atTerminal('vmtest attach', () => {
  let project: string
  let point: AttachPoint
  /** What the guest was sent. */
  let typed: string
  let guest: PassThrough
  beforeEach(async () => {
    project = mkdtempSync(join(tmpdir(), 'vmtest-attach-test-'))
    const run = join(project, '.vmtest/runs/2026-01-31T120000Z')
    const directory = join(run, 'guests/1')
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'guest.json'), JSON.stringify({ section: 'xfs_4k' }))
    const files = createFiles()
    await noteRunning(run, files)
    typed = ''
    guest = new PassThrough()
    const write = async (bytes: Uint8Array | string) => {
      typed += Buffer.from(bytes).toString('latin1')
    }
    const terminal = { write, close: () => void guest.end(), [Symbol.asyncIterator]: () => guest[Symbol.asyncIterator]() }
    point = new AttachPoint({ terminal, directory, files, sockets: createSockets() })
    await point.open()
  })
  afterEach(async () => {
    guest.end()
    await point.close()
    rmSync(project, { recursive: true })
  })

  const until = async (what: () => boolean, meanwhile: () => string) => {
    const deadline = Date.now() + 30_000
    while (!what()) {
      if (Date.now() > deadline) throw new Error(`it never came; there is: ${meanwhile()}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Runs a line of shell with a terminal of its own. */
  function atATerminal(line: string): { readonly child: ChildProcess; screen(): string; ended: Promise<number | null> } {
    const path = `${command.directory}:${process.env.PATH}`
    const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: project, env: { ...process.env, PATH: path, TERM: 'xterm' } })
    let screen = ''
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString()
    })
    return { child, screen: () => screen, ended: new Promise((resolve) => child.on('exit', resolve)) }
  }

  test('sends each key as it is pressed, Ctrl-C too; Ctrl-] leaves, and the terminal is as it was', async () => {
    const line = 'stty intr ^A -ixon; stty -g >before; vmtest attach; echo "left $?"; stty -g >after'
    const { child, screen, ended } = atATerminal(line)
    await until(() => typed !== '', screen)
    expect(typed).toMatch(/^attach \d+ \d+ xterm\n$/)
    guest.write('\r\n# ')
    // No end of a line among them.
    child.stdin?.write('ls\u0003\u0004\u001a')
    await until(
      () => typed.endsWith('ls\u0003\u0004\u001a'),
      () => JSON.stringify(typed),
    )
    child.stdin?.write('x\u001dnot for the guest\n')
    await until(() => screen().includes('left'), screen)
    child.stdin?.end()
    await ended
    expect(typed).toMatch(/\u001ax$/)
    expect(screen()).toContain('left 0')
    expect(screen()).not.toMatch(/stty|Inappropriate/)
    const [before, after] = ['before', 'after'].map((name) => readFileSync(join(project, name), 'utf8'))
    expect(after).toBe(before)
  }, 60_000)

  test('the shell’s end ends it', async () => {
    const { child, screen, ended } = atATerminal('vmtest attach; echo "left $?"')
    await until(() => typed !== '', screen)
    guest.write('vmtest: the shell has ended.\r\n\0')
    await until(() => screen().includes('left'), screen)
    child.stdin?.end()
    await ended
    expect(screen()).toMatch(/the shell has ended\.\s+left 0/)
  }, 60_000)

  test('types what a pipe has, from a terminal too', async () => {
    const { child, screen, ended } = atATerminal('echo \'cat /proc/meminfo\' | vmtest attach; echo "left $?"')
    await until(() => typed.endsWith('\u0004'), screen)
    guest.write('MemTotal: 1 kB\r\n')
    await until(() => screen().includes('left'), screen)
    child.stdin?.end()
    await ended
    expect(typed).toMatch(/^attach .*\ncat \/proc\/meminfo\n\u0004$/)
    expect(screen()).toContain('MemTotal: 1 kB')
    expect(screen()).not.toMatch(/stty|Inappropriate/)
  }, 60_000)

  test('a second person is told that one is there', async () => {
    const first = atATerminal('vmtest attach')
    await until(() => typed !== '', first.screen)
    const second = atATerminal('vmtest attach; echo "left $?"')
    await until(() => second.screen().includes('left'), second.screen)
    expect(second.screen()).toMatch(/Somebody is attached to this guest already\..*left 69/s)
    expect(second.screen()).not.toContain('defect')
    first.child.stdin?.write('\u001d')
    for (const { child, ended } of [first, second]) {
      child.stdin?.end()
      await ended
    }
  }, 60_000)
})
