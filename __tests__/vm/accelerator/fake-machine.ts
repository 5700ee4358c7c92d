import type { CommandOptions, CommandResult, Ports, UnprivilegedUser } from '../../../src/ports/index.js'

const DONE: CommandResult = { code: 0, signal: null, stdout: '', stderr: '', timedOut: false }

/** What the probe does on this machine. */
export type Kvm = 'runs' | 'hangs' | 'emulates' | 'refuses'

export interface MachineState {
  architecture: string
  bootId: string
  qemuVersion: string
  uid: string
  sudo: 'passwordless' | 'asks' | 'none'
  udev: 'works' | 'no-daemon' | 'no-effect'
  kvm: Kvm
  device: { mode: number; modifiedMs: number } | null
  /** Set where no mode opens the device: a container's device rules. */
  sealed: boolean
  /** setpriv: absent, at work, or refusing (a container without CAP_SETUID). */
  setpriv: 'absent' | 'works' | 'refuses'
  /** Effective capabilities of ours, as /proc/self/status has them. */
  capabilities: string
  /** Group of /dev/kvm. */
  group: number
}

/** A machine with or without KVM, holding its files, modes and clock. It throws on a command it does not know. */
export class FakeMachine {
  readonly state: MachineState
  readonly files = new Map<string, string>()
  readonly commands: string[] = []
  /** Programs started as another user. */
  readonly unprivileged: (UnprivilegedUser & { readonly program: string })[] = []
  probes = 0
  seconds = 0
  private ruleActive = false

  constructor(state: Partial<MachineState> = {}) {
    this.state = {
      architecture: 'x86_64',
      bootId: 'boot-1',
      qemuVersion: 'QEMU emulator version 7.2.22',
      uid: '1001',
      sudo: 'passwordless',
      udev: 'works',
      kvm: 'runs',
      device: { mode: 0o660, modifiedMs: 1000 },
      sealed: false,
      setpriv: 'absent',
      capabilities: '000001ffffffffff',
      group: 106,
      ...state,
    }
  }

  ports(): Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'> {
    return {
      exec: { run: (argv, options) => this.run(argv, options ?? {}), which: async (program) => this.which(program) } as Ports['exec'],
      files: {
        stat: async (path) => this.stat(path),
        canReadWrite: async (path) => path === '/dev/kvm' && this.canOpen(),
        readText: async (path) => this.read(path),
        chmod: async () => undefined,
        write: async (path, contents) => void this.files.set(path, String(contents)),
        remove: async (path) => {
          for (const name of [...this.files.keys()]) if (name.startsWith(path)) this.files.delete(name)
        },
        makeTemporary: async (parent, prefix) => `${parent}/${prefix}1`,
      } satisfies Partial<Ports['files']> as unknown as Ports['files'],
      clock: { now: () => new Date(this.seconds * 1000), monotonicSeconds: () => this.seconds, sleep: async () => undefined },
      runner: { env: { HOME: '/home/u' }, debug: () => undefined } as unknown as Ports['runner'],
    }
  }

  private read(path: string): string {
    if (path === '/proc/sys/kernel/random/boot_id') return `${this.state.bootId}\n`
    if (path === '/proc/self/status') return `Name:\tnode\nCapEff:\t${this.state.capabilities}\n`
    const text = this.files.get(path)
    if (text === undefined) throw new Error(`ENOENT ${path}`)
    return text
  }

  private stat(path: string): Awaited<ReturnType<Ports['files']['stat']>> {
    const entry = { kind: 'other' as const, sizeBytes: 0, modifiedMs: 0, mode: 0o644 }
    if (path === '/dev/kvm') return this.state.device === null ? null : { ...entry, ...this.state.device }
    if (path === '/run/udev/control') return this.state.udev === 'no-daemon' ? null : entry
    return this.files.has(path) ? { ...entry, kind: 'file' } : null
  }

  private canOpen(): boolean {
    const { device, sealed, uid } = this.state
    return device !== null && !sealed && (uid === '0' || (device.mode & 0o006) === 0o006)
  }

  private opensTo({ groups }: UnprivilegedUser): boolean {
    const { device, sealed, group } = this.state
    if (device === null || sealed) return false
    return (device.mode & 0o006) === 0o006 || (groups.includes(group) && (device.mode & 0o060) === 0o060)
  }

  private which(program: string): string | null {
    if (program === 'sudo') return this.state.sudo === 'none' ? null : '/usr/bin/sudo'
    if (program === 'setpriv') return this.state.setpriv === 'absent' ? null : '/usr/bin/setpriv'
    if (program === 'udevadm') return '/usr/bin/udevadm'
    throw new Error(`which ${program}?`)
  }

  private async run(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
    const line = argv.join(' ')
    this.commands.push(line)
    if (options.as !== undefined) {
      if (this.state.setpriv === 'refuses') return { ...DONE, code: 1, stderr: 'setpriv: setresuid failed: Operation not permitted\n' }
      this.unprivileged.push({ ...options.as, program: String(argv[0]) })
    }
    if (argv[0] === 'test') return { ...DONE, code: options.as !== undefined && this.opensTo(options.as) ? 0 : 1 }
    if (line === 'stat -c %g /dev/kvm') return { ...DONE, stdout: `${this.state.group}\n` }
    if (line === 'uname -m') return { ...DONE, stdout: `${this.state.architecture}\n` }
    if (line === 'id -u') return { ...DONE, stdout: `${this.state.uid}\n` }
    if (argv[1] === '--version') return { ...DONE, stdout: `${this.state.qemuVersion}\nCopyright\n` }
    if (line.includes('isa-debug-exit')) return this.probe(options)
    if (argv[0] === 'sudo') {
      if (this.state.sudo !== 'passwordless') return { ...DONE, code: 1, stderr: 'a password is required' }
      return argv[2] === 'true' ? DONE : this.asRoot(argv.slice(2), options)
    }
    if (this.state.uid === '0') return this.asRoot(argv, options)
    throw new Error(`unexpected command: ${line}`)
  }

  private asRoot(argv: readonly string[], options: CommandOptions): CommandResult {
    const { device } = this.state
    if (argv[0] === 'tee') this.files.set(String(argv[1]), String(options.input))
    else if (argv[0] === 'rm') this.files.delete(String(argv[2]))
    else if (argv[0] === 'chmod' && device !== null) device.mode = Number.parseInt(String(argv[1]), 8)
    else if (argv[1] === 'trigger') this.ruleActive = [...this.files.keys()].some((path) => path.startsWith('/etc/udev/rules.d/'))
    else if (argv[1] === 'settle') {
      if (this.ruleActive && this.state.udev === 'works' && device !== null) device.mode = 0o666
    } else if (argv[1] !== 'control') throw new Error(`unexpected as root: ${argv.join(' ')}`)
    return DONE
  }

  private probe(options: CommandOptions): CommandResult {
    this.probes += 1
    switch (this.state.kvm) {
      case 'runs':
        this.seconds += 0.3
        return { ...DONE, code: 33, stdout: 'RLXC' }
      case 'hangs':
        this.seconds += options.timeoutSeconds ?? Number.POSITIVE_INFINITY
        return { ...DONE, code: null, signal: 'SIGKILL', timedOut: true }
      case 'emulates':
        this.seconds += 4
        options.onStderrLine?.('KVM internal error. Suberror: 1')
        return { ...DONE, code: null, signal: 'SIGTERM', stdout: 'RL', stderr: 'KVM internal error. Suberror: 1\nextra data[0]: 1\n' }
      case 'refuses':
        return { ...DONE, code: 1, stderr: 'qemu: warning: x\nqemu: failed to initialize kvm: Device or resource busy\n' }
    }
  }
}
