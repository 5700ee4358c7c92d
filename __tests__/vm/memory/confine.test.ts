import { spawnSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'

/** What a process tries after it was confined: each must be refused, and what reading needs must work. */
const ATTEMPTS = `
import os, socket, sys
sys.path[0] = 'nix/host'
import confine
kept = os.open('/etc/os-release', os.O_RDONLY)
confine.confine(5, 2 << 30, 65520)
def attempt(name, action):
    try:
        action()
        print(name, 'done')
    except OSError:
        print(name, 'refused')
attempt('open', lambda: os.open('/etc/os-release', os.O_RDONLY))
attempt('create', lambda: os.open('/tmp/confined', os.O_CREAT | os.O_WRONLY))
attempt('list', lambda: os.listdir('/'))
attempt('socket', lambda: socket.socket())
attempt('unix socket', lambda: socket.socket(socket.AF_UNIX))
attempt('start', lambda: os.execv('/bin/true', ['true']))
attempt('fork', lambda: os.fork() == 0 and os._exit(0))
attempt('signal', lambda: os.kill(os.getppid(), 0))
attempt('rights', lambda: os.setuid(0))
attempt('read', lambda: os.pread(kept, 4, 0))
print('root', os.getuid() == 0)
sys.stdout.flush()
os._exit(0)
`

describe('the process that reads a memory', () => {
  test('opens nothing, starts nothing, talks to nobody, is not root, and reads what it has open', () => {
    const { stdout, stderr, status } = spawnSync('python3', ['-c', ATTEMPTS], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout.trim().split('\n')).toEqual([
      ...['open', 'create', 'list', 'socket', 'unix socket', 'start', 'fork', 'signal', 'rights'].map((name) => `${name} refused`),
      'read done',
      'root False',
    ])
  })

  test('is ended by the kernel when it takes too long', () => {
    const endless = "import sys; sys.path[0] = 'nix/host'; import confine; confine.confine(1, 2 << 30, 65520)\nwhile True: pass"
    expect(spawnSync('python3', ['-c', endless], { encoding: 'utf8', timeout: 20_000 }).signal).toBe('SIGXCPU')
  })
})
