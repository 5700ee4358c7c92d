import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { buildSync } from 'esbuild'
import { createExec } from '../../src/ports/real/exec.js'

const exec = createExec()

test('a program runs to its end with its output and exit code', async () => {
  const result = await exec.run(['sh', '-c', 'cat; echo oops >&2; exit 3'], { input: 'hello' })
  expect(result).toMatchObject({ code: 3, signal: null, stdout: 'hello', stderr: 'oops\n', timedOut: false })
})

test('a program that is not there is a UserError naming it', async () => {
  await expect(exec.run(['no-such-program-here'])).rejects.toThrow('`no-such-program-here` cannot be started.')
})

const system = ['/usr/sbin/ldconfig', '/sbin/ldconfig'].some((path) => existsSync(path)) ? test : test.skip
system('a program of the system directories is found and started, where PATH has them not', async () => {
  const user = createExec({ PATH: '/nowhere' })
  expect(await user.which('ldconfig')).toMatch(/sbin\/ldconfig$/)
  expect((await user.run(['ldconfig', '--version'])).code).toBe(0)
})

test('a deadline kills the whole process group', async () => {
  const result = await exec.run(['sh', '-c', 'sleep 60 & echo $!; wait'], { timeoutSeconds: 0.5 })
  expect(result.timedOut).toBe(true)
  const grandchild = Number(result.stdout.trim())
  const alive = () => {
    try {
      return !/\) Z /.test(readFileSync(`/proc/${grandchild}/stat`, 'utf8'))
    } catch {
      return false
    }
  }
  for (let i = 0; i < 50 && alive(); i++) await new Promise((r) => setTimeout(r, 20))
  expect(alive()).toBe(false)
})

test('one signal ends any number of commands, and Node warns of none', () => {
  const script = `
    import { createExec } from './exec.mjs'
    const over = new AbortController()
    const all = Array.from({ length: 12 }, () => createExec(process.env).run(['sleep', '60'], { signal: over.signal }))
    setTimeout(() => over.abort(), 300)
    console.log((await Promise.all(all)).map(({ signal }) => signal).join(' '))`
  const directory = mkdtempSync(join(tmpdir(), 'vmtest-exec-'))
  try {
    buildSync({
      entryPoints: ['src/ports/real/exec.ts'],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: join(directory, 'exec.mjs'),
    })
    writeFileSync(join(directory, 'all.mjs'), script)
    const { stdout, stderr } = spawnSync(process.execPath, [join(directory, 'all.mjs')], { encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: `${Array(12).fill('SIGTERM').join(' ')}\n`, stderr: '' })
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('extra channels are duplex sockets on descriptors 3 and up', async () => {
  const child = await exec.spawn(['sh', '-c', 'read line <&3; echo "got $line" >&4; echo "back $line" >&3'], { channels: 2 })
  const [first, second] = child.channels
  if (first === undefined || second === undefined) throw new Error('two channels were asked for')
  await first.write('work\n')
  const text = async (channel: AsyncIterable<Uint8Array>) => {
    let all = ''
    for await (const chunk of channel) all += Buffer.from(chunk).toString()
    return all
  }
  expect(await text(second)).toBe('got work\n')
  expect(await text(first)).toBe('back work\n')
  expect(await child.exit).toEqual({ code: 0, signal: null })
})

test('a child dies with its parent, even when the parent is killed with -9', async () => {
  const parent = await exec.spawn(['sh', '-c', 'setpriv --pdeathsig KILL sleep 300 & echo $!; wait'])
  let child = 0
  for await (const chunk of parent.stdout) {
    child = Number(Buffer.from(chunk).toString().trim())
    break
  }
  // Until setpriv has become sleep the signal is not yet set.
  for (let i = 0; i < 200 && !readFileSync(`/proc/${child}/cmdline`, 'utf8').startsWith('sleep'); i++)
    await new Promise((r) => setTimeout(r, 10))
  process.kill(parent.pid, 'SIGKILL')
  await parent.exit
  const alive = () => {
    try {
      return !/\) Z /.test(readFileSync(`/proc/${child}/stat`, 'utf8'))
    } catch {
      return false
    }
  }
  for (let i = 0; i < 100 && alive(); i++) await new Promise((r) => setTimeout(r, 20))
  expect(child).toBeGreaterThan(1)
  expect(alive()).toBe(false)
})

test('a child inherits files open after its channels, and its output is whole', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'vmtest-exec-'))
  try {
    const [read, both, fresh] = ['read', 'both', 'fresh'].map((name) => join(directory, name)) as [string, string, string]
    writeFileSync(read, 'to read\n')
    writeFileSync(both, 'before\n')
    writeFileSync(fresh, 'an older and longer text\n')
    const child = await exec.spawn(['sh', '-c', 'cat <&4; cat <&5; echo after >&5; echo new >&6; echo channel >&3'], {
      channels: 1,
      files: [
        { path: read, access: 'read' },
        { path: both, access: 'read-write' },
        { path: fresh, access: 'create' },
      ],
    })
    let printed = ''
    for await (const chunk of child.stdout) printed += Buffer.from(chunk).toString()
    expect(printed).toBe('to read\nbefore\n')
    expect(child.channels).toHaveLength(1)
    expect((await child.exit).code).toBe(0)
    expect(readFileSync(both, 'utf8')).toBe('before\nafter\n')
    expect(readFileSync(fresh, 'utf8')).toBe('new\n')
    const absent = exec.run(['true'], { files: [{ path: join(directory, 'absent'), access: 'read' }] })
    await expect(absent).rejects.toThrow(`${join(directory, 'absent')} cannot be opened.`)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('skipped: a child with fewer rights (needs root)')
const asRoot = isRoot ? test : test.skip

asRoot(
  'a child without rights has no capability, cannot get one, reads what it inherits, dies with us and is the first to go',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'vmtest-exec-'))
    try {
      const path = join(directory, 'file')
      writeFileSync(path, 'inherited\n', { mode: 0o600 })
      const look = `cat <&3; cat ${path} 2>/dev/null || echo closed; cat /proc/self/oom_score_adj; cat /proc/self/status; exec setpriv --dump`
      const child = await exec.spawn(['sh', '-c', `sleep 0.1; ${look}`], {
        as: { uid: 65520, gid: 65521, groups: [65522] },
        files: [{ path, access: 'read' }],
        dieWithParent: 'SIGKILL',
        expendable: true,
      })
      let printed = ''
      for await (const chunk of child.stdout) printed += Buffer.from(chunk).toString()
      expect(printed.startsWith('inherited\nclosed\n500\n')).toBe(true)
      expect(printed).toMatch(/^Uid:(\s65520){4}$/m)
      expect(printed).toMatch(/^Gid:(\s65521){4}$/m)
      expect(printed).toMatch(/^Groups:\s*65522\s*$/m)
      expect(printed.match(/^Cap\w+:\s+0+$/gm)).toHaveLength(5)
      expect(printed).toMatch(/^NoNewPrivs:\s+1$/m)
      expect(printed).toContain('Parent death signal: KILL')
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
)
