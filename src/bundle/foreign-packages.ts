import { join } from 'node:path'
import { withoutActionVariables } from '../domain/action-variables.js'
import type { Architecture } from '../domain/bundle.js'
import { lastLine, UserError } from '../domain/errors.js'
import type { Exec, Ports } from '../ports/index.js'
import type { Distribution } from './host-facts.js'

type AptPorts = Pick<Ports, 'exec' | 'files'>

/** An architecture as Debian's packages call it. */
const DEBIAN_NAMES: Readonly<Record<Architecture, string>> = { x86_64: 'amd64', aarch64: 'arm64' }

/** The distribution's own keys. */
const KEYRINGS: Readonly<Record<Distribution, readonly string[]>> = {
  debian: ['/usr/share/keyrings/debian-archive-keyring.gpg', '/usr/share/keyrings/debian-archive-keyring.pgp'],
  ubuntu: ['/usr/share/keyrings/ubuntu-archive-keyring.gpg'],
}

/** Ubuntu's archive has amd64 alone; all else is here. */
const UBUNTU_PORTS = 'http://ports.ubuntu.com/ubuntu-ports'

/** One package as apt's signed lists describe it, and where it is kept once it is downloaded. */
export interface ForeignPackage {
  readonly path: string
  readonly sha256: string
}

/** An apt in one directory: it sees nothing of the machine's packages and changes nothing of them. */
export interface AptRoot {
  readonly directory: string
  /** Runs apt's programs in it. */
  readonly exec: Exec
}

/**
 * An apt for another architecture: the distribution's own sources, a machine without packages, and lists of its own. What it downloads is
 * checked by the same keys as the machine's packages.
 * @throws UserError (`could-not-test`) where the lists cannot be had
 */
export async function openAptRoot(
  options: {
    readonly cacheDirectory: string
    readonly architecture: Architecture
    readonly distribution: Distribution
    readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  },
  ports: AptPorts,
): Promise<AptRoot> {
  const { files } = ports
  const name = DEBIAN_NAMES[options.architecture]
  const directory = join(options.cacheDirectory, `apt-${name}`)
  for (const below of ['state/lists/partial', 'cache/archives/partial', 'none/partial', 'log'])
    await files.makeDirectory(join(directory, below))
  await files.write(join(directory, 'state/status'), '')
  await files.write(join(directory, 'sources.list'), await sourcesOf(name, options.distribution, ports))
  await files.write(join(directory, 'apt.conf'), configurationOf(directory, name))
  const env = { ...withoutActionVariables(options.environment ?? {}), APT_CONFIG: join(directory, 'apt.conf'), LC_ALL: 'C' }
  const exec: Exec = { ...ports.exec, run: (argv, given = {}) => ports.exec.run(argv, { ...given, env }) }
  const root = { directory, exec }
  const lists = await files.list(join(directory, 'state/lists'))
  if (!lists.some((list) => list.includes('_Packages'))) await updateAptRoot(root)
  return root
}

/** Fetches the lists anew. @throws UserError (`could-not-test`) where that fails */
export async function updateAptRoot({ exec, directory }: AptRoot): Promise<void> {
  const { code, stderr } = await exec.run(['apt-get', 'update', '-q'], { timeoutSeconds: 600 })
  if (code === 0 && !/^E:/m.test(stderr)) return
  throw new UserError(
    `apt could not fetch the lists of another architecture's packages: ${lastLine(stderr)}`,
    `See that the mirror in ${join(directory, 'sources.list')} has them and can be reached.`,
    { kind: 'could-not-test' },
  )
}

/** The machine's sources of the distribution itself, for one architecture. */
async function sourcesOf(architecture: string, distribution: Distribution, { exec, files }: AptPorts): Promise<string> {
  const format = '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)'
  const { stdout } = await exec.run(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages'])
  let keyring = ''
  for (const path of KEYRINGS[distribution]) if (keyring === '' && (await files.stat(path)) !== null) keyring = ` signed-by=${path}`
  const lines = parseSources(stdout, distribution).map((source) => `deb [arch=${architecture}${keyring}] ${source}\n`)
  return [...new Set(lines)].join('')
}

/** `URI RELEASE COMPONENT` of the sources that are the distribution's own. */
export function parseSources(output: string, distribution: Distribution): readonly string[] {
  const origin = distribution === 'ubuntu' ? 'Ubuntu' : 'Debian'
  return output.split('\n').flatMap((line) => {
    const [from, uri, release, component] = line.split('|')
    if (from !== origin || !uri || !release || !component) return []
    return [`${distribution === 'ubuntu' ? UBUNTU_PORTS : uri} ${release} ${component}`]
  })
}

function configurationOf(directory: string, architecture: string): string {
  const settings: Readonly<Record<string, string>> = {
    'APT::Architecture': architecture,
    'Dir::State': join(directory, 'state'),
    'Dir::State::status': join(directory, 'state/status'),
    'Dir::State::lists': join(directory, 'state/lists'),
    'Dir::Cache': join(directory, 'cache'),
    'Dir::Cache::archives': join(directory, 'cache/archives'),
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::Log': join(directory, 'log'),
    'Acquire::Languages': 'none',
    'Acquire::ForceHash': 'SHA256',
    // It may lie in a home that apt's own user cannot enter.
    'APT::Sandbox::User': 'root',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`)
  return `#clear APT::Architectures;\nAPT::Architectures { "${architecture}"; };\n${lines.join('')}`
}

/**
 * Packages with all they depend on, downloaded. Those that apt does not know are left out.
 * @throws UserError (`could-not-test`) where apt cannot resolve or download them
 */
export async function fetchPackages(
  root: AptRoot,
  names: readonly string[],
  { files }: Pick<Ports, 'files'>,
): Promise<readonly ForeignPackage[]> {
  const first = await resolvePackages(root, names)
  if (await downloadPackages(root, first)) return first.packages
  // Lists older than the archive name files that are gone.
  await updateAptRoot(root)
  const again = await resolvePackages(root, names)
  if (!(await downloadPackages(root, again))) {
    throw new UserError('apt could not download the packages of another architecture.', `Run \`${again.command}\` to see why.`, {
      kind: 'could-not-test',
    })
  }
  for (const { path } of again.packages) if ((await files.stat(path)) === null) throw new Error(`apt did not leave ${path}`)
  return again.packages
}

interface Resolved {
  readonly names: readonly string[]
  readonly packages: readonly ForeignPackage[]
  /** For people. */
  readonly command: string
}

async function resolvePackages(root: AptRoot, names: readonly string[]): Promise<Resolved> {
  const known = await knownPackages(root, names)
  // What is there already is not printed, so it is not let see what is there.
  const unseen = `Dir::Cache::archives=${join(root.directory, 'none')}`
  const argv = ['apt-get', '--yes', '--no-install-recommends', '--print-uris', '-qq', '-o', unseen, 'install', ...known]
  const { code, stdout, stderr } = await root.exec.run(argv, { timeoutSeconds: 120 })
  const command = ['env', `APT_CONFIG=${join(root.directory, 'apt.conf')}`, ...argv].join(' ')
  if (code !== 0) {
    throw new UserError(`apt cannot resolve the packages of another architecture: ${lastLine(stderr)}`, `Run \`${command}\` to see why.`, {
      kind: 'could-not-test',
    })
  }
  return { names: known, packages: parseUris(stdout, join(root.directory, 'cache/archives')), command }
}

async function knownPackages({ exec }: AptRoot, names: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await exec.run(['apt-cache', 'show', '--no-all-versions', ...names], { timeoutSeconds: 60 })
  const known = new Set([...stdout.matchAll(/^Package: (\S+)$/gm)].map((match) => match[1]))
  return names.filter((name) => known.has(name))
}

/** `'URI' FILE SIZE SHA256:HASH`, as `apt-get --print-uris` prints it for what is not there yet. */
export function parseUris(output: string, directory: string): readonly ForeignPackage[] {
  return [...output.matchAll(/^'[^']*' (\S+\.deb) \d+ SHA256:([0-9a-f]{64})$/gm)].map(([, file = '', sha256 = '']) => ({
    path: join(directory, file),
    sha256,
  }))
}

async function downloadPackages({ exec }: AptRoot, { names }: Resolved): Promise<boolean> {
  const argv = ['apt-get', '--yes', '--no-install-recommends', '--download-only', '-q', 'install', ...names]
  return (await exec.run(argv, { timeoutSeconds: 1800 })).code === 0
}
