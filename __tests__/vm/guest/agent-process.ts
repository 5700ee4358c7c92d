import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BatchRun } from '../../../src/domain/vm-run.js'
import type { ByteChannel } from '../../../src/ports/index.js'
import { createClock } from '../../../src/ports/real/clock.js'
import { createFiles } from '../../../src/ports/real/files.js'
import { BatchConversation, batchLines } from '../../../src/vm/batch-conversation.js'
import type { GuestBatch, GuestEvent } from '../../../src/vm/guest.js'
import { GUEST_PROGRAMS } from '../../../src/vm/initramfs/settings.js'

const guestPrograms = join(process.cwd(), 'nix/guest')

/** Stands for busybox: what would change this machine is only written down; a file's time is what the test says it is. */
const BUSYBOX = `#!/bin/sh
root=@root@
case $1 in
  mount | umount | poweroff | ifconfig) echo "$*" >>"$root/calls" ;;
  stat)
    busybox "$@" | while IFS=/ read -r size second inode path; do
      [ ! -e "$root/times/\${path##*/}" ] || read -r second <"$root/times/\${path##*/}"
      echo "$size/$second/$inode/$path"
    done
    ;;
  *) exec busybox "$@" ;;
esac
`

/** The guest's agent as a process of this machine, below a directory, talking to the real host's side over FIFOs. */
export class AgentProcess {
  readonly directory = mkdtempSync(join(tmpdir(), 'vmtest-agent-'))
  readonly root = join(this.directory, 'root')
  readonly results = join(this.directory, 'run/guests/1/batches')
  readonly events: GuestEvent[] = []
  private readonly agent: ChildProcess
  private readonly helpers: ChildProcess[] = []
  private readonly conversation: BatchConversation
  private readonly control: ChildProcess
  private words = ''
  private complaints = ''
  private waiting: (() => void)[] = []

  /** @param suite files of the suite's half; @param runner the suite's own program; @param more settings beside the usual */
  constructor(shell: readonly string[], suite: Readonly<Record<string, string>>, runner = '', more: Readonly<Record<string, string>> = {}) {
    this.lay(suite, runner, more)
    this.conversation = new BatchConversation({
      guest: 1,
      suite: 'own',
      section: 'plain',
      runDirectory: join(this.directory, 'run'),
      directory: 'guests/1',
      files: createFiles(),
      clock: createClock(),
      timeoutFactor: 1,
      push: (event) => {
        this.events.push(event)
        this.wake()
      },
      tell: async (text) => {
        this.control.stdin?.write(text)
      },
      problems: () => [],
    })
    this.control = this.helper(['sh', '-c', `exec cat >${this.port('1')}`])
    this.helper(['cat', this.port('1.words')]).stdout?.on('data', (chunk) => {
      this.words += chunk
      this.wake()
    })
    void this.conversation.readResults(this.channel('2'))
    void this.conversation.readOutput(this.channel('3'))
    const environment = { PATH: process.env.PATH, VMTEST_ROOT: this.root }
    this.agent = spawn(shell[0] ?? '', [...shell.slice(1), join(this.root, 'vmtest/agent')], { env: environment, detached: true })
    for (const stream of [this.agent.stdout, this.agent.stderr]) {
      stream?.on('data', (chunk) => {
        this.complaints += chunk
      })
    }
    this.agent.on('exit', () => this.wake())
  }

  private port(name: string): string {
    return join(this.root, `dev/vport0p${name}`)
  }

  private helper(argv: readonly string[]): ChildProcess {
    const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
    this.helpers.push(child)
    return child
  }

  private channel(name: string): ByteChannel {
    const { stdout } = this.helper(['cat', this.port(name)])
    if (stdout === null) throw new Error('no pipe')
    return { write: async () => undefined, close: () => undefined, [Symbol.asyncIterator]: () => stdout[Symbol.asyncIterator]() }
  }

  private lay(suite: Readonly<Record<string, string>>, runner: string, more: Readonly<Record<string, string>>): void {
    const { root } = this
    for (const path of ['dev', 'etc', 'results', 'run', 'suite', 'sys/block/vda', 'times', 'vmtest/base', 'vmtest/bin', 'vmtest/suite']) {
      mkdirSync(join(root, path), { recursive: true })
    }
    symlinkSync('/proc', join(root, 'proc'))
    writeFileSync(join(root, 'sys/block/vda/serial'), 'test')
    for (const [name, path] of Object.entries(GUEST_PROGRAMS)) copyFileSync(join(guestPrograms, name), join(root, 'vmtest', path))
    for (const [name, text] of Object.entries(suite)) writeFileSync(join(root, 'vmtest/suite', name), text)
    const own = { users: 'daemon:x:1:1:daemon:/:/bin/false\ntester:x:77:77::/:/bin/sh\n', fstab: '', 'fstab.kernel': '' }
    // A system of its own: nothing of this machine is set up, nor ended.
    const settings = {
      guest_kind: 'nixos',
      guest_path: `${join(root, 'vmtest/bin')}:/usr/bin:/bin`,
      suite: '/suite',
      file_cap: '100000',
      flush_seconds: '1',
      transient: 'require_*',
      logger_word: 'test ',
      ...more,
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'\n`)
    for (const [name, text] of Object.entries({ ...own, settings: lines.join('') })) writeFileSync(join(root, 'vmtest', name), text)
    writeFileSync(join(root, 'vmtest/base/busybox'), BUSYBOX.replace('@root@', root), { mode: 0o755 })
    writeFileSync(join(root, 'suite/check'), `#!/bin/sh\n${runner}`, { mode: 0o755 })
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\ntester:x:99:99::/:/bin/sh\n')
    writeFileSync(join(root, 'dev/kmsg'), '')
    execFileSync(
      'mkfifo',
      ['1', '1.words', '2', '3'].map((name) => this.port(name)),
    )
    for (const name of ['logger', 'vmtest-mark']) {
      const path = join(root, 'vmtest/bin', name)
      writeFileSync(path, readFileSync(path, 'utf8').replace(/^#!.*/, '#!/bin/sh'))
      chmodSync(path, 0o755)
    }
  }

  private wake(): void {
    for (const wake of this.waiting.splice(0)) wake()
  }

  private async until<T>(what: string, find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      if (this.agent.exitCode !== null || this.agent.signalCode !== null)
        throw new Error(`the agent ended before ${what}: ${this.complaints}`)
      await new Promise<void>((resolve) => this.waiting.push(resolve))
    }
  }

  /** Waits for a word to the host, which begins so. */
  word(beginning: string): Promise<string> {
    return this.until(`'${beginning}' (${this.words})`, () => {
      const lines = this.words.split('\n')
      const at = lines.findIndex((line, index) => line.startsWith(beginning) && index < lines.length - 1)
      if (at < 0) return undefined
      this.words = lines.slice(at + 1).join('\n')
      return lines[at]
    })
  }

  /** Hands a batch over and waits for its end. */
  async run(batch: GuestBatch): Promise<BatchRun> {
    await this.word('ready ')
    await this.conversation.begin(batch, batchLines(batch), { feed: () => [], end: () => [] })
    const end = await this.until('the end of a batch', () =>
      this.events.find((event) => event.kind === 'batch-end' && event.batch.directory.endsWith(`/${batch.id}`)),
    )
    if (end.kind !== 'batch-end') throw new Error(end.kind)
    return end.batch
  }

  /** Takes tests out of the batch that runs (`Guest.withdraw`). */
  withdraw(tests: readonly string[]): readonly string[] {
    return this.conversation.withdraw(tests)
  }

  /** Waits until a test of the batch that runs has started. */
  started(name: string): Promise<GuestEvent> {
    return this.until(`the start of ${name}`, () => this.events.find((event) => event.kind === 'test-start' && event.name === name))
  }

  /** A file of a batch on the host. */
  file(batch: number, path: string): string {
    return readFileSync(join(this.results, String(batch), path), 'utf8')
  }

  /** A file of the guest. */
  own(path: string): string {
    return readFileSync(join(this.root, path), 'utf8')
  }

  copyInto(path: string, source: string): void {
    cpSync(source, join(this.root, path), { recursive: true })
  }

  async finish(): Promise<string> {
    const ended = new Promise((resolve) => this.agent.once('close', resolve))
    const heard = new Promise((resolve) => this.helpers[1]?.once('close', resolve))
    this.control.stdin?.write('finish\n')
    await Promise.all([ended, heard])
    return this.words.trim().split('\n').at(-1) ?? ''
  }

  remove(): void {
    if (this.agent.pid !== undefined) {
      try {
        process.kill(-this.agent.pid, 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    for (const child of this.helpers) child.kill('SIGKILL')
    rmSync(this.directory, { recursive: true, force: true })
  }
}
