import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { check, type Finished } from './smoke-tree.js'

const fileSystems = { ext4: 'mkfs.ext4', xfs: 'mkfs.xfs' } as const
export type LoopFileSystem = keyof typeof fileSystems

/** Why the suite cannot run on this machine itself, or null. It needs root, loop devices and the file system. */
export function whyNotHere(fstyp: LoopFileSystem): string | null {
  if (process.getuid?.() !== 0) return 'not root'
  for (const program of ['losetup', 'mount', fileSystems[fstyp]]) {
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `no ${program}`
  }
  const machine = LoopMachine.tryMake(fstyp)
  if (machine === null) return 'no loop devices'
  try {
    return machine.canMount() ? null : `${fstyp} cannot be mounted here`
  } finally {
    machine.close()
  }
}

/** Two loop devices on sparse files and two mount points, instead of a guest. */
export class LoopMachine {
  private constructor(
    readonly fstyp: LoopFileSystem,
    readonly directory: string,
    private readonly devices: readonly [string, string],
  ) {}

  static tryMake(fstyp: LoopFileSystem): LoopMachine | null {
    const directory = mkdtempSync(join(tmpdir(), 'smoke-machine-'))
    // Tests look at their files as an ordinary user too.
    chmodSync(directory, 0o755)
    for (const name of ['test', 'scratch', 'tmp']) mkdirSync(join(directory, name))
    try {
      return new LoopMachine(fstyp, directory, [attach(join(directory, 'test.img')), attach(join(directory, 'scratch.img'))])
    } catch {
      rmSync(directory, { recursive: true })
      return null
    }
  }

  get results(): string {
    return join(this.directory, 'results')
  }

  canMount(): boolean {
    const target = join(this.directory, 'test')
    if (spawnSync(fileSystems[this.fstyp], ['-q', this.devices[0]]).status !== 0) return false
    return spawnSync('mount', ['-t', this.fstyp, this.devices[0], target]).status === 0 && spawnSync('umount', [target]).status === 0
  }

  get environment(): Readonly<Record<string, string>> {
    return {
      FSTYP: this.fstyp,
      TEST_DEV: this.devices[0],
      TEST_DIR: join(this.directory, 'test'),
      SCRATCH_DEV: this.devices[1],
      SCRATCH_MNT: join(this.directory, 'scratch'),
      RECREATE_TEST_DEV: 'true',
      RESULT_BASE: this.results,
      TMPDIR: join(this.directory, 'tmp'),
    }
  }

  check(args: readonly string[]): Finished {
    return check(args, this.environment)
  }

  close(): void {
    for (const name of ['scratch', 'test']) spawnSync('umount', [join(this.directory, name)])
    for (const device of this.devices) spawnSync('losetup', ['-d', device])
    rmSync(this.directory, { recursive: true })
  }
}

function attach(image: string): string {
  execFileSync('truncate', ['-s', '512M', image])
  return execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim()
}
