import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareOfflineFlake } from '../../src/bundle/offline.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'

export const CHECKOUT = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')

/** A machine's directories: its Nix store is mounted at /nix for what runs on it alone, so that nothing of the host is touched. */
export class Machine {
  private constructor(
    readonly directory: string,
    private readonly keeper: ChildProcess,
  ) {}

  static async create(): Promise<Machine> {
    const directory = mkdtempSync(join(tmpdir(), 'vmtest-machine-'))
    mkdirSync(join(directory, 'nix'))
    mkdirSync('/nix', { recursive: true })
    const script = 'mount --bind "$0" /nix && echo ready && exec sleep 3600'
    const keeper = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, join(directory, 'nix')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<void>((resolve, reject) => {
      keeper.stdout?.once('data', () => resolve())
      keeper.once('exit', () => reject(new Error('no mount namespace of our own: this test needs root')))
    })
    return new Machine(directory, keeper)
  }

  /** A command line on this machine, without a shell. Entering the namespace leads to its root: the directory is set anew. */
  inside(directory: string, ...argv: readonly string[]): readonly string[] {
    return ['nsenter', `--mount=/proc/${this.keeper.pid}/ns/mnt`, '--', 'env', `--chdir=${directory}`, ...argv]
  }

  get env(): Record<string, string> {
    return { HOME: join(this.directory, 'home'), XDG_CACHE_HOME: join(this.directory, 'cache') }
  }

  remove(): void {
    this.keeper.removeAllListeners('exit')
    this.keeper.kill('SIGKILL')
    execFileSync('chmod', ['-R', 'u+w', this.directory])
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A kernel fork's repository whose flake is examples/offline, with what this host offers committed beside it. */
export class KernelRepository {
  private constructor(readonly directory: string) {}

  /** @param cacheDirectory keeps the downloaded kernel package between runs */
  static async create(cacheDirectory: string): Promise<KernelRepository> {
    const repository = new KernelRepository(mkdtempSync(join(tmpdir(), 'vmtest-repository-')))
    const flake = await prepareOfflineFlake({ checkout: CHECKOUT, cacheDirectory }, { exec: createExec(), files: createFiles() })
    cpSync(flake, repository.directory, { recursive: true })
    repository.git('init', '-q', '-b', 'main')
    repository.commit('import')
    return repository
  }

  git(...args: string[]): string {
    const identity = ['-c', 'user.name=e2e', '-c', 'user.email=e2e@example.org']
    return execFileSync('git', ['-C', this.directory, ...identity, ...args], { encoding: 'utf8' }).trim()
  }

  commit(message: string): void {
    this.git('add', '--all')
    this.git('commit', '-q', '--allow-empty', '-m', message)
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}
