import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '../../scripts/bundle.mjs'

const root = new URL('../..', import.meta.url).pathname
/** Kernel packages downloaded before: kept by every use of the offline bundle. */
const KERNELS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest/kernels')

/** Someone without rights, known to /etc/passwd everywhere: sudo knows no one else. */
export const NOBODY = { uid: 65534, gid: 65534, name: 'nobody' }

const start = (program: string, args: readonly string[]) => spawnSync(program, args).status === 0

/** True where an installation can be tried: root, mount namespaces, a Nix of the distribution to make a release of. */
export const canInstall =
  process.getuid?.() === 0 && ['/usr/bin/nix', '/usr/bin/unshare'].every((path) => existsSync(path)) && start('unshare', ['-m', 'true'])

const asNobody = ['setpriv', `--reuid=${NOBODY.uid}`, `--regid=${NOBODY.gid}`, '--clear-groups']

/** True where an unprivileged user can run this Node at all. */
export const canBeNobody = canInstall && start(asNobody[0] ?? '', [...asNobody.slice(1), process.execPath, '--version'])

export interface Outcome {
  readonly first?: {
    readonly origin: string
    readonly program: string
    readonly version: string
    readonly sandbox: boolean
    readonly notes: readonly string[]
  }
  readonly second?: { readonly origin: string; readonly program: string }
  readonly built?: string
  /** The kernel's release in the offline bundle that was built, and in the flake it was built from. */
  readonly bundle?: string
  readonly kernel?: string
  readonly verified?: number
  readonly error?: { readonly kind: string; readonly message: string; readonly nextStep: string }
  /** What is in /nix, and whose it is (user ids, each once). */
  readonly left: readonly string[]
  readonly owners: readonly number[]
}

export interface InstallOptions {
  /** Null: HOME, USER and all else but PATH are unset. */
  readonly home?: null
  /** Run in the namespace before the installation, as root. */
  readonly script?: string
  /** Whose offline bundle is built afterwards. */
  readonly checkout?: string
  /** The host's Nix with a daemon of this configuration, in place of no Nix. */
  readonly daemon?: string
  /** As `nobody`, and what sudo says to him; left out: as root. */
  readonly nobody?: 'no sudo' | 'sudo asks' | 'sudo'
}

const MASK_NIX = 'for program in /usr/bin/nix*; do mount --bind /dev/null "$program"; done'

/** The real installer against a loopback server, in mount namespaces with an empty tmpfs on /nix and the host's Nix masked. */
export class InstallLab {
  readonly hits: string[] = []
  readonly #server: Server

  private constructor(
    readonly directory: string,
    readonly release: Buffer,
  ) {
    this.#server = createServer((request, response) => {
      this.hits.push(request.url ?? '')
      const { status, body, cut } = this.#answer(request.url ?? '')
      response.writeHead(status, { 'content-length': body.length })
      if (cut === true) response.write(body.subarray(0, body.length / 2), () => response.destroy())
      else response.end(body)
    })
  }

  static async create(): Promise<InstallLab> {
    mkdirSync('/nix', { recursive: true })
    const directory = mkdtempSync(join(tmpdir(), 'vmtest-install-'))
    chmodSync(directory, 0o755)
    const make = `mount -t tmpfs none /nix\nsh ${root}__tests__/nix/release/make.sh ${directory}/release.tar.xz`
    const made = spawnSync('unshare', ['-m', '--propagation', 'private', 'sh', '-euc', make], { encoding: 'utf8' })
    if (made.status !== 0) throw new Error(made.stderr)
    await bundle({ entryPoints: [join(root, '__tests__/nix/driver.ts')], outfile: join(directory, 'driver.mjs') })
    const lab = new InstallLab(directory, readFileSync(join(directory, 'release.tar.xz')))
    await new Promise<void>((resolve) => lab.#server.listen(0, '127.0.0.1', resolve))
    return lab
  }

  remove(): void {
    this.#server.close()
    rmSync(this.directory, { recursive: true, force: true })
  }

  #answer(url: string): { status: number; body: Buffer; cut?: boolean } {
    if (url === '/release.tar.xz') return { status: 200, body: this.release }
    if (url === '/cut.tar.xz') return { status: 200, body: this.release, cut: true }
    if (url === '/text.tar.xz') return { status: 200, body: Buffer.from('not a tarball') }
    return { status: 404, body: Buffer.from('no such file') }
  }

  at(path: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`
  }

  /** The inputs that name the release, and its hash. */
  get tarball(): Record<string, unknown> {
    return { tarballUrl: this.at('/release.tar.xz'), tarballSha256: createHash('sha256').update(this.release).digest('hex') }
  }

  /** @param inputs of `NixInputs`, what differs from none given */
  async install(inputs: Record<string, unknown>, options: InstallOptions = {}): Promise<Outcome> {
    const all = { version: null, tarballUrl: null, tarballSha256: null, extraConf: '', substituters: [], trustedPublicKeys: [], ...inputs }
    const work = mkdtempSync(join(this.directory, 'home-'))
    if (options.nobody !== undefined) chownSync(work, NOBODY.uid, NOBODY.gid)
    if (options.checkout !== undefined && existsSync(KERNELS)) cpSync(KERNELS, join(work, 'cache/kernels'), { recursive: true })
    const command = [
      ...(options.nobody === undefined ? [] : asNobody),
      ...[process.execPath, join(this.directory, 'driver.mjs'), `'${JSON.stringify(all)}'`, work, options.checkout ?? ''],
    ].join(' ')
    const nix = options.daemon === undefined ? [MASK_NIX] : this.#daemon(options.daemon)
    const script = ['mount -t tmpfs -o mode=0755 none /nix', ...nix, ...this.#sudo(options), options.script ?? '', command]
    const child = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-euc', script.join('\n')], {
      env: { PATH: process.env.PATH ?? '', ...(options.home === null ? {} : { HOME: work, XDG_CACHE_HOME: work }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = { stdout: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => {
      said.stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      said.stderr += chunk.toString()
    })
    await new Promise((resolve) => child.on('close', resolve))
    const last = said.stdout.trim().split('\n').at(-1) ?? ''
    if (!last.startsWith('{')) throw new Error(`the driver said nothing: ${said.stderr}`)
    return JSON.parse(last) as Outcome
  }

  /** What the namespace's sudo is: none, or one whose only rule is ours. */
  #sudo({ nobody }: InstallOptions): readonly string[] {
    if (nobody === undefined) return []
    if (nobody === 'no sudo') return ['if [ -e /usr/bin/sudo ]; then mount --bind /dev/null /usr/bin/sudo; fi']
    const rules = join(this.directory, `sudoers-${nobody.replace(' ', '-')}`)
    writeFileSync(rules, `Defaults env_reset\n${NOBODY.name} ALL=(ALL:ALL) ${nobody === 'sudo' ? 'NOPASSWD: ' : ''}ALL\n`)
    chmodSync(rules, 0o440)
    return [`mount --bind ${rules} /etc/sudoers`]
  }

  /** A daemon with two build users of its own. */
  #daemon(configuration: string): readonly string[] {
    const etc = mkdtempSync(join(this.directory, 'etc-'))
    chmodSync(etc, 0o755)
    const users = ['nixbld1', 'nixbld2']
    const passwd = users.map((name, index) => `${name}:x:${30001 + index}:30000::/var/empty:/usr/sbin/nologin\n`).join('')
    writeFileSync(join(etc, 'passwd'), readFileSync('/etc/passwd', 'utf8') + passwd)
    writeFileSync(
      join(etc, 'group'),
      `${readFileSync('/etc/group', 'utf8').replace(/^nixbld:.*\n/m, '')}nixbld:x:30000:${users.join(',')}\n`,
    )
    mkdirSync(join(etc, 'nix'))
    writeFileSync(join(etc, 'nix/nix.conf'), `build-users-group = nixbld\nsubstituters =\n${configuration}\n`)
    return [
      `for name in passwd group; do mount --bind ${etc}/$name /etc/$name; done`,
      `export NIX_CONF_DIR=${etc}/nix`,
      // A daemon outlives nobody: it ends with the namespace's shell.
      `nix-daemon >${etc}/log 2>&1 & daemon=$!; trap 'kill $daemon' EXIT`,
      'for wait in $(seq 100); do [ ! -S /nix/var/nix/daemon-socket/socket ] || break; sleep 0.1; done',
    ]
  }
}
