import { dirname, join } from 'node:path'
import type { Architecture } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { NixInputs } from '../domain/inputs.js'
import type { NixEnvironment } from '../domain/stages.js'
import { holdingLock, type Ports } from '../ports/index.js'
import { buildUsers, whyNoKvm } from './build-users.js'
import { BASE_SETTINGS, formatSettings, type NixSettings } from './configuration.js'
import { installFromDistribution } from './distribution.js'
import { DownloadError, type Tarball } from './download.js'
import { type FoundNix, findNix, INSTALLED_LINK, isNixTooOld, isOlder } from './find-nix.js'
import { homeForNix } from './home.js'
import { installTarball, prepareNixDirectory } from './install-tarball.js'
import { DEFAULT_NIX_VERSION, NIX_PINS, OLDEST_NIX, OLDEST_NIX_FOR_NIXPKGS, officialTarballUrl } from './pins.js'
import { type Privilege, readPrivilege } from './privilege.js'
import { probeSandbox } from './sandbox.js'
import { firstAnswer, SHOW_CONFIG, settingIn } from './show-config.js'

type NixPorts = Pick<Ports, 'exec' | 'files' | 'http' | 'runner'>

const DAEMON_SOCKET = '/nix/var/nix/daemon-socket/socket'

/**
 * Which release to install. A hash that is given wins; a mirror carries the same bytes, so the pin serves there too.
 * @throws UserError for a version without a pin and without a hash
 */
export function chooseTarball(inputs: NixInputs, architecture: Architecture): Tarball {
  const version = inputs.version ?? DEFAULT_NIX_VERSION
  const sha256 = inputs.tarballSha256 ?? NIX_PINS[version]?.[architecture]
  const url = inputs.tarballUrl ?? officialTarballUrl(version, architecture)
  if (sha256 === undefined) {
    throw new UserError(
      `Nix ${version} is not pinned here, and without its hash it is not installed. Pinned: ${Object.keys(NIX_PINS).join(', ')}.`,
      'Give its sha256 with `nix-tarball-sha256` (it is beside the tarball, as `.sha256`), or leave `nix-version` out.',
    )
  }
  return { url, sha256 }
}

async function readArchitecture(ports: Pick<Ports, 'exec'>): Promise<Architecture> {
  const machine = (await ports.exec.run(['uname', '-m'])).stdout.trim()
  if (machine === 'x86_64' || machine === 'aarch64') return machine
  throw new UserError(`There is no Nix release for ${machine} here.`, 'Install Nix by hand.', { kind: 'could-not-test' })
}

interface Installed extends FoundNix {
  readonly origin: NixEnvironment['origin']
  readonly notes: readonly string[]
}

async function install(inputs: NixInputs, privilege: Privilege, ports: NixPorts): Promise<Installed> {
  const tarball = chooseTarball(inputs, await readArchitecture(ports))
  await prepareNixDirectory(privilege, ports)
  // Another job of this machine may be at it: it cleans up what it takes for a killed installation's.
  return holdingLock(ports, { directory: '/nix', waitSeconds: 900 }, () => installInto(tarball, inputs, privilege, ports))
}

async function installInto(tarball: Tarball, inputs: NixInputs, privilege: Privilege, ports: NixPorts): Promise<Installed> {
  const since = await findNix(ports)
  if (since !== null && !isNixTooOld(since.version)) return { ...since, origin: 'found', notes: [] }
  ports.runner.info(`no Nix here: installing ${tarball.url}`)
  try {
    return { ...(await installTarball(tarball, ports)), origin: 'tarball', notes: [] }
  } catch (error) {
    // Bytes that are not what was pinned are never worked around, and a mirror that was named is the one that is meant.
    if (!(error instanceof DownloadError) || inputs.tarballUrl !== null) throw error
    const found = await installFromDistribution(privilege, ports)
    if (found === null) throw error
    return { ...found, origin: 'distribution', notes: [`${error.message} The distribution's Nix ${found.version} was installed instead.`] }
  }
}

/** Where Nix is needed: a runner is ours to install it on, a person's machine is not. */
interface NixRequest {
  readonly inputs: NixInputs
  readonly face: 'cli' | 'action'
  /** What is built: a flake's nixpkgs refuses an old Nix (`OLDEST_NIX_FOR_NIXPKGS`), a bundle of the host's own programs takes any. */
  readonly bundle?: 'flake' | 'offline'
  /** Where a store of the user's own can lie; absent: none is made. */
  readonly cacheDirectory?: string
}

/** Where a Nix is to be had that will do. A distribution's may be older than nixpkgs takes (Debian 12's is 2.8). */
function howToInstall(bundle: NixRequest['bundle']): string {
  if (bundle !== 'flake') return 'Install it (Debian, Ubuntu: `apt install nix-bin`), or run `vmtest demo`, which does.'
  const oldest = OLDEST_NIX_FOR_NIXPKGS.join('.')
  return `Install ${oldest} or newer, which nixpkgs needs (https://nixos.org/download), or take \`--bundle offline\`, for which a distribution's will do.`
}

async function obtain({ inputs, face, bundle }: NixRequest, privilege: Privilege, ports: NixPorts): Promise<Installed> {
  const found = await findNix(ports)
  if (found === null && face === 'cli') {
    throw new UserError('There is no Nix on this machine.', howToInstall(bundle), { kind: 'could-not-test' })
  }
  if (found === null) return install(inputs, privilege, ports)
  if (isNixTooOld(found.version)) {
    throw new UserError(
      `${found.program} is Nix ${found.version}; at least ${OLDEST_NIX.join('.')} is needed.`,
      face === 'action' ? 'Update it, or take it off PATH so that a newer one is installed.' : howToInstall(bundle),
      { kind: 'could-not-test' },
    )
  }
  return { ...found, origin: 'found', notes: refusedByNixpkgs(found, bundle) }
}

/** Nothing is refused for it here: a flake may use an older nixpkgs, or none. */
function refusedByNixpkgs({ version }: FoundNix, bundle: NixRequest['bundle']): readonly string[] {
  if (bundle !== 'flake' || !isOlder(version, OLDEST_NIX_FOR_NIXPKGS)) return []
  return [`Nix ${version} is older than today's nixpkgs takes (${OLDEST_NIX_FOR_NIXPKGS.join('.')}).`]
}

/** Is the store served by a daemon? Without one, whoever runs Nix owns the store. */
async function usesDaemon(privilege: Privilege, ports: NixPorts): Promise<boolean> {
  if (privilege.uid === 0) return false
  return (await ports.files.stat(DAEMON_SOCKET)) !== null && !(await ports.files.canReadWrite('/nix/store'))
}

/** Certificates for downloads, where the system has none and the release brought some. */
async function certificates(ports: Pick<Ports, 'files'>): Promise<NixSettings> {
  if ((await ports.files.stat('/etc/ssl/certs/ca-certificates.crt')) !== null) return []
  const bundle = join(dirname(INSTALLED_LINK), 'cacert/etc/ssl/certs/ca-bundle.crt')
  return (await ports.files.realPath(bundle).catch(() => null)) === null ? [] : [['ssl-cert-file', bundle]]
}

function requestedSettings(inputs: NixInputs): NixSettings {
  const settings: [string, string][] = []
  if (inputs.substituters.length > 0) settings.push(['extra-substituters', inputs.substituters.join(' ')])
  if (inputs.trustedPublicKeys.length > 0) settings.push(['extra-trusted-public-keys', inputs.trustedPublicKeys.join(' ')])
  return settings
}

interface Situation {
  readonly program: string
  readonly privilege: Privilege
  readonly daemon: boolean
}

/** What Nix is told, and what a person should know of how it will build. */
interface Building {
  readonly sandbox: boolean
  readonly settings: NixSettings
  readonly notes: readonly string[]
}

/** Without a daemon: builds are made by whoever calls Nix, and in a sandbox where one can be made. */
async function buildingAlone({ uid }: Privilege, users: readonly string[], ports: NixPorts): Promise<Building> {
  const noBuildUsers = uid !== 0 || users.length === 0
  const { sandbox, reason } = await probeSandbox({ userNamespace: noBuildUsers }, ports)
  return {
    sandbox,
    settings: [
      ['sandbox', String(sandbox)],
      ['sandbox-fallback', 'false'],
      ['max-jobs', 'auto'],
      ...(noBuildUsers ? [['build-users-group', ''] as const] : []),
    ],
    notes: reason === null ? [] : [`Builds run without a sandbox: ${reason}.`],
  }
}

/** A daemon builds as its own configuration says; what we pass counts only for users it trusts. */
async function buildingByDaemon({ program, privilege }: Situation, inputs: NixInputs, ports: NixPorts): Promise<Building> {
  const notes: string[] = []
  if (inputs.substituters.length > 0) {
    notes.push('The Nix daemon takes substituters only from trusted users (`trusted-users` in its nix.conf); it may ignore those given.')
  }
  const shown = await showConfig(program, ports)
  const setting = (name: string) => (shown === null ? undefined : settingIn(shown, name))
  const off = 'Builds run without a sandbox: '
  if (setting('sandbox') === false) return { sandbox: false, settings: [], notes: [...notes, `${off}the daemon's nix.conf says so.`] }
  // It falls back without a word where it cannot make one; whether it can is tried as root, as the daemon would.
  if (setting('sandbox-fallback') === false || privilege.rootPrefix === null) return { sandbox: true, settings: [], notes }
  const { sandbox, reason } = await probeSandbox({ userNamespace: false, prefix: privilege.rootPrefix }, ports)
  return { sandbox, settings: [], notes: reason === null ? notes : [...notes, `${off}${reason}.`] }
}

async function showConfig(program: string, { exec }: Pick<Ports, 'exec'>): Promise<string | null> {
  const { code, stdout } = await firstAnswer(SHOW_CONFIG, (words) => exec.run([program, ...words], { timeoutSeconds: 30 }))
  return code === 0 ? stdout : null
}

/** Settings for this machine, and what a person should know about them. */
async function configure(
  inputs: NixInputs,
  situation: Situation,
  ports: NixPorts,
): Promise<Pick<NixEnvironment, 'config' | 'sandbox' | 'notes'>> {
  const { privilege, daemon } = situation
  const users = daemon || privilege.uid === 0 ? await buildUsers(ports) : []
  const building = daemon ? await buildingByDaemon(situation, inputs, ports) : await buildingAlone(privilege, users, ports)
  const noKvm = await whyNoKvm(users, ports)
  const settings = [...BASE_SETTINGS, ...building.settings, ...(await certificates(ports)), ...requestedSettings(inputs)]
  const config = [formatSettings(settings), inputs.extraConf.trim()].filter((one) => one !== '').join('\n')
  const notes = noKvm === null ? building.notes : [...building.notes, `Builds cannot use /dev/kvm: ${noKvm}.`]
  return { config, sandbox: building.sandbox, notes }
}

/**
 * A Nix that works: the one that is here, used through NIX_CONFIG alone, or (for the action) an official release, installed into
 * /nix and nothing else. A second call finds what the first installed.
 * @throws UserError (`could-not-test`, or `usage` for a version without a hash): one error, nothing half-installed
 */
export async function ensureNix(inputs: NixInputs, options: Omit<NixRequest, 'inputs'>, ports: NixPorts): Promise<NixEnvironment> {
  const privilege = await readPrivilege(ports)
  const nix = await obtain({ inputs, ...options }, privilege, ports)
  const daemon = await usesDaemon(privilege, ports)
  // Nix of a distribution comes without /nix; as root it makes it itself.
  const closed = !daemon && privilege.uid !== 0 && !(await ports.files.canReadWrite('/nix/store'))
  const own = closed ? await storeOfOnesOwn(nix, options, privilege, ports) : null
  const configured = await configure(inputs, { program: nix.program, privilege, daemon }, ports)
  if (nix.origin !== 'found') ports.runner.addPath(dirname(nix.program))
  const { variables, note } = await homeForNix(privilege, ports)
  const notes = [...nix.notes, ...configured.notes, ...(own === null ? [] : [own.note]), ...(note === null ? [] : [note])]
  return {
    program: nix.program,
    version: nix.version,
    origin: nix.origin,
    ...configured,
    variables: { ...variables, ...own?.variables },
    notes,
  }
}

/**
 * For a user who may not write /nix, and without a daemon: a bundle of the host's own programs is built in a store in the user's cache, since nothing
 * of it comes from elsewhere. What comes from a binary cache is made for /nix/store, which then has to be made ours.
 * @throws UserError (`could-not-test`) with the commands that open /nix to this user
 */
async function storeOfOnesOwn(
  nix: Installed,
  { bundle, cacheDirectory }: Omit<NixRequest, 'inputs'>,
  privilege: Privilege,
  ports: NixPorts,
): Promise<{ readonly variables: Readonly<Record<string, string>>; readonly note: string } | null> {
  if (bundle === 'offline' && cacheDirectory !== undefined) {
    const at = join(cacheDirectory, 'nix')
    const variables = { NIX_STORE_DIR: join(at, 'store'), NIX_STATE_DIR: join(at, 'var/nix'), NIX_LOG_DIR: join(at, 'var/log/nix') }
    return { variables, note: `This user may not write /nix: Nix keeps its store in ${at}.` }
  }
  if (privilege.rootPrefix === null && nix.origin === 'found') {
    throw new UserError(
      `${nix.program} is there, but this user may not write /nix, and no Nix daemon answers at ${DAEMON_SOCKET}.`,
      'Have root start the daemon once (`sudo systemctl enable --now nix-daemon.socket`; Debian, Ubuntu: `sudo apt-get install nix-setup-systemd`), or give /nix to this user (`sudo chown -R "$USER" /nix`). Without root: `--bundle offline`, or `--bundle DIRECTORY` with one that another user built.',
      { kind: 'could-not-test' },
    )
  }
  await prepareNixDirectory(privilege, ports)
  return null
}
