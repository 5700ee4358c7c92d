import { dirname, join } from 'node:path'
import { lastLine } from '../domain/errors.js'
import type { NixEnvironment } from '../domain/stages.js'
import { BUILD_GROUP, buildUsers } from '../nix/build-users.js'
import type { CachePorts } from './restore.js'

/** ccache's own name for its settings; it reads no other file here. */
const SETTINGS = 'ccache.conf'
/** Where builders leave their reports (nix/lib/ccache.sh). */
const REPORTS = 'builds'
/** Where builders keep the objects of a clean build, and find them (nix/lib/object-tree.sh). */
const TREES = 'trees'

export interface CompilerDirectoryRequest {
  readonly nix: NixEnvironment
  readonly storeDirectory: string
  readonly maxMiB: number
}

/**
 * The directory builders compile through: beside the store's database, where nix/lib looks for it (`ccacheDirectory` of
 * nix/lib/pkgs.nix), owned so that whoever builds can write it and we can read it.
 */
export class CompilerDirectory {
  private constructor(
    readonly path: string,
    private readonly maxMiB: number,
    /** Before a command that changes what is not ours. */
    private readonly prefix: readonly string[],
    /** Who builds, where that is neither we nor root. */
    private readonly group: string | null,
    private readonly ports: CachePorts,
  ) {}

  /** Makes it, ours for now. @returns the directory, or a sentence on why there can be none */
  static async open({ storeDirectory, maxMiB }: CompilerDirectoryRequest, ports: CachePorts): Promise<CompilerDirectory | string> {
    const { exec, files } = ports
    const path = join(dirname(storeDirectory), 'var/kernel-vmtest/ccache')
    const uid = (await exec.run(['id', '-u'])).stdout.trim()
    const made = await exec.run(['mkdir', '-p', path])
    const ours = made.code === 0 && (await exec.run(['chmod', 'u+rwx', path])).code === 0
    const sudo = ours ? null : await exec.which('sudo')
    if (!ours && sudo === null) return `${path} cannot be made: ${lastLine(made.stderr)}`
    const prefix = sudo === null ? [] : [sudo, '-n']
    // Build users exist where root builds, itself or as a daemon: they write by their group.
    const group = uid === '0' || sudo !== null ? await groupOfBuilders(ports) : null
    const directory = new CompilerDirectory(path, maxMiB, prefix, group, ports)
    if (sudo !== null) {
      const taken = await exec.run([...prefix, 'sh', '-c', 'mkdir -p "$1" && chown -R "$2" "$1"', 'sh', path, uid], { timeoutSeconds: 120 })
      if (taken.code !== 0) return `${path} belongs to another user: ${lastLine(taken.stderr)}`
    }
    return (await files.stat(path))?.kind === 'directory' ? directory : `${path} is no directory`
  }

  /** True where it holds objects already: a runner that keeps its disk. */
  async filled(): Promise<boolean> {
    return (await this.ports.files.list(this.path)).some((name) => /^[0-9a-f]$/.test(name))
  }

  /** Empty, and still there. */
  async clear(): Promise<void> {
    await this.ports.exec.run([...this.prefix, 'find', this.path, '-mindepth', '1', '-delete'], { timeoutSeconds: 120 })
  }

  /** For builders: settings of ours alone (a restored file might name a program to run), no reports, everything theirs too. */
  async handOver(): Promise<void> {
    const { exec, files } = this.ports
    await files.remove(join(this.path, REPORTS))
    await files.remove(join(this.path, SETTINGS))
    await files.makeDirectory(join(this.path, REPORTS))
    await files.makeDirectory(join(this.path, TREES))
    await files.write(join(this.path, SETTINGS), `max_size = ${this.maxMiB}Mi\n`)
    if (this.group === null) return
    const script = 'chgrp -R "$2" "$1" && chmod -R g+rwX "$1" && find "$1" -type d -exec chmod g+s {} +'
    const { code, stderr } = await exec.run([...this.prefix, 'sh', '-c', script, 'sh', this.path, this.group], { timeoutSeconds: 120 })
    if (code !== 0) throw new Error(`${this.path} cannot be given to the build users: ${lastLine(stderr)}`)
  }

  /** The reports builders left, as text. */
  async reports(): Promise<readonly string[]> {
    const { files } = this.ports
    const directory = join(this.path, REPORTS)
    const names = await files.list(directory).catch(() => [])
    return Promise.all(names.map((name) => files.readText(join(directory, name)).catch(() => '')))
  }

  /** What is in it, in bytes. */
  async size(): Promise<number> {
    const { stdout } = await this.ports.exec.run(['du', '-sb', this.path], { timeoutSeconds: 120 })
    return Number(/^\d+/.exec(stdout)?.[0] ?? 0)
  }
}

async function groupOfBuilders(ports: CachePorts): Promise<string | null> {
  return (await buildUsers(ports)).length > 0 ? BUILD_GROUP : null
}
