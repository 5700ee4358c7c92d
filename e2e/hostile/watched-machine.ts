import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { entriesBelow } from './watch.js'

/**
 * The host's root below an overlay that keeps every change apart, a Nix store of its own at /nix, and the directories that
 * are to be shared. `$0` is the machine's directory. Whatever runs inside cannot change the host unseen.
 */
const SET_UP = `
set -e
root=$0/root
mount -t overlay overlay -o lowerdir=/,upperdir=$0/changed,workdir=$0/work "$root"
for tree in /proc /dev /sys; do mount --rbind $tree "$root$tree"; done
for directory in "$@" "$0/home"; do mount --bind "$directory" "$root$directory"; done
mkdir -p "$root/nix"
mount --bind "$0/nix" "$root/nix"
cd "$root"
pivot_root . .
umount -l .
cd /
echo ready
exec sleep 3600
`

/** A machine whose host tells afterwards which of its files were changed. Needs root, for a mount namespace. */
export class WatchedMachine {
  private constructor(
    readonly directory: string,
    private readonly keeper: ChildProcess,
  ) {}

  /** @param shared directories that are the host's own inside too */
  static async create(shared: readonly string[]): Promise<WatchedMachine> {
    const directory = mkdtempSync(join(tmpdir(), 'vmtest-watched-'))
    for (const name of ['root', 'changed', 'work', 'nix', 'home']) mkdirSync(join(directory, name))
    const keeper = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', SET_UP, directory, ...shared], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise<void>((resolve, reject) => {
      keeper.stdout?.once('data', () => resolve())
      keeper.once('exit', () => reject(new Error('no mount namespace of our own: this test needs root')))
    })
    return new WatchedMachine(directory, keeper)
  }

  /** A command line on this machine, without a shell. */
  inside(directory: string, ...argv: readonly string[]): readonly string[] {
    return ['nsenter', `--mount=/proc/${this.keeper.pid}/ns/mnt`, '--', 'env', `--chdir=${directory}`, ...argv]
  }

  run(...argv: readonly string[]): string {
    const [program = '', ...rest] = this.inside('/', ...argv)
    return execFileSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  get home(): string {
    return join(this.directory, 'home')
  }

  get env(): Record<string, string> {
    return { HOME: this.home, XDG_CACHE_HOME: join(this.home, '.cache') }
  }

  /** Files of the host that are another now, are new or are gone, as absolute paths; directories that only hold them are not named. */
  get changes(): readonly string[] {
    const changed = join(this.directory, 'changed')
    return entriesBelow(changed)
      .filter(({ kind }) => kind !== 'directory')
      .map(({ path }) => `/${relative(changed, path)}`)
  }

  remove(): void {
    this.keeper.removeAllListeners('exit')
    this.keeper.kill('SIGKILL')
    execFileSync('chmod', ['-R', 'u+w', this.directory])
    rmSync(this.directory, { recursive: true, force: true })
  }
}
