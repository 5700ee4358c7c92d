import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { createExec } from '../../src/ports/real/exec.js'

const exec = createExec()

test('a program runs to its end with its output and exit code', async () => {
  const result = await exec.run(['sh', '-c', 'cat; echo oops >&2; exit 3'], { input: 'hello' })
  expect(result).toMatchObject({ code: 3, signal: null, stdout: 'hello', stderr: 'oops\n', timedOut: false })
})

test('a program that is not there is a UserError naming it', async () => {
  await expect(exec.run(['no-such-program-here'])).rejects.toThrow('`no-such-program-here` cannot be started.')
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
