import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BuiltCommand, buildCommand } from '../../__tests__/cli/command.js'
import { bundle } from '../../scripts/bundle.mjs'
import { type FakeBundle, writeFakeBundle } from './fake-bundle.js'

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The command itself, and a bundle whose guests only say what became of a test. */
export class FakeMachine {
  private constructor(
    readonly directory: string,
    private readonly command: BuiltCommand,
    private readonly fakeQemu: string,
  ) {}

  static async create(): Promise<FakeMachine> {
    const directory = mkdtempSync('/var/tmp/vmtest-fake-machine-')
    // A place another user may read: where we are root, QEMU is not.
    chmodSync(directory, 0o755)
    const fakeQemu = join(directory, 'fake-qemu.mjs')
    await bundle({ entryPoints: [join(import.meta.dirname, 'fake-qemu.ts')], outfile: fakeQemu })
    return new FakeMachine(directory, await buildCommand(), fakeQemu)
  }

  /** What the command keeps between runs. */
  get cache(): string {
    return join(this.directory, 'cache/kernel-vmtest')
  }

  get bundle(): string {
    return join(this.directory, 'bundle')
  }

  writeBundle({ tests, fates }: Pick<FakeBundle, 'tests' | 'fates'>): void {
    const sections = [{ name: 'xfs', fstyp: 'xfs', disks: [{ role: 'test', sizeMiB: 16 }] }]
    writeFakeBundle(this.bundle, { fakeQemu: this.fakeQemu, tests, fates, image: 'kernel', version: 1, sections })
  }

  /** Runs `vmtest WORDS`. @param onOutput gets what it prints, as it comes */
  vmtest(cwd: string, words: readonly string[], onOutput: (text: string) => void = () => undefined): Promise<Ended> {
    const child = spawn(join(this.command.directory, 'vmtest'), words, {
      cwd,
      env: { ...process.env, HOME: this.directory, XDG_CACHE_HOME: join(this.directory, 'cache') },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const printed = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk: Buffer) => {
        printed[name] += chunk.toString()
        onOutput(chunk.toString())
      })
    }
    return new Promise((resolve) => child.on('close', (status) => resolve({ status, ...printed })))
  }

  remove(): void {
    this.command.remove()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
