// `npm run lab:nixpkgs -- TREE`: nixpkgs' own expressions, evaluated by a current Nix and built here for what a bundle is made of, the
// leaves taken from the host (README.md beside this file). Root, Debian or Ubuntu; by hand, for it compiles a kernel.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const project = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')
const OLDEST_NIX = [2, 18]
/** fstests' own tests, which always end so (README.selftest), then quick ones that need no special hardware and end within seconds. */
const SELFTESTS = { 'selftest/001': 'pass', 'selftest/002': 'fail', 'selftest/004': 'notrun' }
const QUICK = ['001', '002', '005', '006', '007', '011', '013', '020', '023', '028', '452'].map((id) => `generic/${id}`)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    work: { type: 'string' },
    kernel: { type: 'string' },
    xfsprogs: { type: 'string' },
    fstests: { type: 'string' },
    'evaluate-only': { type: 'boolean', default: false },
    'build-only': { type: 'boolean', default: false },
    cores: { type: 'string', default: '0' },
    // Names the host's packages: what was built for one name is not built again.
    stamp: { type: 'string' },
  },
})

function fail(message) {
  console.error(`lab:nixpkgs: ${message}`)
  process.exit(2)
}

function required(option, variable, what) {
  const given = values[option] ?? process.env[variable]
  if (given === undefined) fail(`give ${what} by --${option} or ${variable}.`)
  if (!existsSync(given)) fail(`there is no ${given}.`)
  return realpathSync(given)
}

/** Directory of the Nix to use: NIX names the program `nix` of an installation or of packages unpacked by hand. */
function nixDirectory() {
  const program = process.env.NIX ?? execFileSync('sh', ['-c', 'command -v nix'], { encoding: 'utf8' }).trim()
  const version = execFileSync(program, ['--version'], { encoding: 'utf8' })
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? []
  if (Number(major) < OLDEST_NIX[0] || (Number(major) === OLDEST_NIX[0] && Number(minor) < OLDEST_NIX[1])) {
    fail(`${version.trim()} is older than nixpkgs wants (${OLDEST_NIX.join('.')}); give another by NIX=/path/of/nix.`)
  }
  console.log(`Nix: ${version.trim()}`)
  return dirname(resolve(program))
}

const [given] = positionals
if (given === undefined || positionals.length > 1)
  fail('usage: npm run lab:nixpkgs -- TREE [--work DIR] [--kernel DIR] [--xfsprogs DIR] [--fstests DIR]')
if (!existsSync(join(given, 'pkgs/top-level'))) fail(`${given} is no nixpkgs tree.`)
if (process.getuid() !== 0) fail('this needs root: the store is a mount of its own.')
const nixpkgs = realpathSync(given)
const work = resolve(values.work ?? mkdtempSync(join(tmpdir(), 'vmtest-lab-nixpkgs-')))
mkdirSync(join(work, 'nix'), { recursive: true })
mkdirSync(join(work, 'home'), { recursive: true })
mkdirSync('/nix', { recursive: true })
const nix = nixDirectory()
// The command itself: packages unpacked by hand bring programs that only run with their own libraries.
const hostEnvironment = { ...process.env, HOME: join(work, 'home'), XDG_CACHE_HOME: join(work, 'cache') }
const environment = {
  ...process.env,
  PATH: `${nix}:${process.env.PATH}`,
  HOME: join(work, 'home'),
  XDG_CACHE_HOME: join(work, `cache-${createHash('sha256').update(nix).digest('hex').slice(0, 8)}`),
  NIX_CONFIG:
    'experimental-features = nix-command flakes\nbuild-users-group =\nsubstituters =\nsandbox = true\nsandbox-paths = /bin /sbin /usr /lib /lib64 /etc/alternatives\nmax-jobs = 2\n',
}

/** A command as spawnSync takes it, run where /nix is the lab's own. */
function mounted(argv) {
  const mount = ['unshare', '-m', '--propagation', 'private', 'sh', '-c', 'mount --bind "$0" /nix && exec "$@"', join(work, 'nix')]
  return ['nice', ['-n', '10', ...mount, ...argv]]
}

/** Runs a program where /nix is the lab's own. @returns what it printed; its errors go to ours */
function inside(argv) {
  const { status, stdout } = spawnSync(...mounted(argv), {
    encoding: 'utf8',
    env: environment,
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) fail(`${argv.slice(0, 3).join(' ')} … ended with ${status}.`)
  return (stdout ?? '').trim()
}

/** A copy of the fstests checkout with a change nobody committed. */
function dirtyCheckout(source) {
  const copy = join(work, 'fstests')
  rmSync(copy, { recursive: true, force: true })
  execFileSync('git', ['clone', '-q', source, copy])
  writeFileSync(join(copy, 'README'), `${readFileSync(join(copy, 'README'), 'utf8')}\nChanged by hand.\n`)
  return copy
}

/** Debian's kernel source, unpacked once. */
function kernelSource() {
  if (values.kernel !== undefined) return realpathSync(values.kernel)
  const archive = readdirSync('/usr/src').find((name) => /^linux-source-.*\.tar\.xz$/.test(name))
  if (archive === undefined) fail('give a kernel tree by --kernel, or install a linux-source package.')
  const tree = join(work, archive.replace('.tar.xz', ''))
  if (!existsSync(join(tree, 'Makefile'))) {
    mkdirSync(tree, { recursive: true })
    execFileSync('tar', ['-xJf', join('/usr/src', archive), '-C', tree, '--strip-components=1'])
  }
  return tree
}

/** The mission's flake as it is written, in a kernel tree of git, evaluated; only its inputs are replaced. */
function evaluateMission(fstests) {
  const tree = join(work, 'mission')
  rmSync(tree, { recursive: true, force: true })
  mkdirSync(tree)
  writeFileSync(join(tree, 'Makefile'), 'VERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 0\nEXTRAVERSION =\n')
  writeFileSync(join(tree, 'localversion-next'), '-next-20261127\n')
  const flake = readFileSync(join(project, '__tests__/nix/mission/flake.nix'), 'utf8')
  writeFileSync(join(tree, 'flake.nix'), flake.replaceAll('XFSTESTS', fstests))
  const git = (...argv) => execFileSync('git', ['-C', tree, '-c', 'user.name=lab', '-c', 'user.email=lab@localhost', ...argv])
  git('init', '-q')
  git('add', '.')
  git('commit', '-q', '-m', 'lab')
  // nixpkgs is imported where it lies: as a path input it would be copied, half a gigabyte for each evaluation.
  const input = join(work, 'nixpkgs-input')
  rmSync(input, { recursive: true, force: true })
  cpSync(join(project, '__tests__/nix/nixpkgs'), input, { recursive: true })
  writeFileSync(join(input, 'flake.nix'), '{ outputs = _: { }; }\n')
  environment.VMTEST_NIXPKGS = nixpkgs
  for (const attribute of ['devShells.x86_64-linux.default', 'packages.x86_64-linux.vmtest', 'packages.x86_64-linux.vmtest.guest']) {
    const overrides = ['--override-input', 'nixpkgs', `path:${input}`, '--override-input', 'kernel-vmtest', `path:${stagedProject()}`]
    const derivation = inside(['nix', 'eval', '--impure', '--raw', `git+file://${tree}#${attribute}.drvPath`, ...overrides])
    console.log(`mission: ${attribute} → ${derivation}`)
  }
}

/** What the flake needs of this project, without node_modules. */
function stagedProject() {
  const staged = join(work, 'project')
  rmSync(staged, { recursive: true, force: true })
  mkdirSync(staged)
  for (const name of ['nix', 'examples', 'dist', 'man', 'flake.nix', 'package.json', 'vmtest']) {
    cpSync(join(project, name), join(staged, name), { recursive: true })
  }
  return staged
}

/** Every derivation a bundle is made of, by its path: { env, structuredAttrs }. Its form has changed over Nix's versions. */
function derivationsOf(derivation) {
  const shown = JSON.parse(inside(['nix', 'derivation', 'show', '-r', derivation]))
  return Object.values(shown.derivations ?? shown).map(({ env = {}, structuredAttrs }) => ({
    ...(structuredAttrs ?? JSON.parse(env.__json ?? '{}')),
    ...env,
  }))
}

/** The kernel's derivation must give make the same words with ccache and without, but for ccache itself. */
function compareCompilers(derivations) {
  const kernel = derivations.find(({ name, makeFlags }) => String(name).startsWith('linux-') && Array.isArray(makeFlags))
  if (kernel === undefined) fail('there is no kernel with structured attributes to compare the compilers of.')
  const library = join(project, 'nix/lib')
  const script = `makeFlags=("$@"); makeFlagsArray=(); source ${library}/nixpkgs-ccache.sh; printf '%s\\n' "\${makeFlags[@]}"`
  const flags = (ccacheDirectory) => {
    const empty = mkdtempSync(join(tmpdir(), 'vmtest-lab-flags-'))
    const env = {
      ...process.env,
      NIX_BUILD_TOP: '/build',
      kernelTree: `${library}/kernel-tree.sh`,
      ccache: `${library}/ccache.sh`,
      ccacheDirectory,
    }
    const printed = execFileSync('bash', ['-euc', script, 'flags', ...kernel.makeFlags], { cwd: empty, env, encoding: 'utf8' })
    rmSync(empty, { recursive: true })
    return printed
  }
  const cached = flags(work)
  const plain = flags(join(work, 'nowhere'))
  if (cached === plain) fail('ccache is not on PATH: its flags cannot be compared.')
  if (cached.replaceAll('ccache ', '') !== plain) fail(`ccache changes what is compiled:\n${cached}\nwithout:\n${plain}`)
  console.log(
    `ccache: the kernel is compiled by the same words with and without, ${plain
      .split('\n')
      .filter((word) => word.startsWith('CC='))
      .pop()}`,
  )
}

/** How the packages of a derivation came about: by nixpkgs' phases, of the host, or by this project's own builders. */
function describe(derivations) {
  const groups = { host: new Set(), nixpkgs: new Set(), ours: new Set() }
  for (const { name = '', stamp: ofHost } of derivations) {
    if (ofHost !== undefined) groups.host.add(name)
    else if (/^(vmtest|smoke|fstests-cat|ls$)/.test(name)) groups.ours.add(name)
    else groups.nixpkgs.add(name)
  }
  const list = (set) => [...set].sort().join(' ')
  console.log(`\nbuilt by nixpkgs' own phases: ${list(groups.nixpkgs)}`)
  console.log(`\nby this project's builders: ${list(groups.ours)}`)
  console.log(`\nsubstituted by the host's (copies in the guest, links for builds): ${list(groups.host)}\n`)
}

const kernel = kernelSource()
const xfsprogs = required('xfsprogs', 'VMTEST_XFSPROGS', 'a git clone of xfsprogs')
const fstests = dirtyCheckout(required('fstests', 'VMTEST_FSTESTS', 'a git clone of fstests'))
evaluateMission(fstests)

const stamp = values.stamp ?? createHash('sha256').update(readFileSync('/var/lib/dpkg/status')).digest('hex')
const lab = [
  '--argstr',
  'stamp',
  stamp,
  '--argstr',
  'kernel-src',
  kernel,
  '--argstr',
  'xfsprogs-src',
  xfsprogs,
  '--argstr',
  'xfstests-src',
  fstests,
]
const expression = [join(project, 'e2e/nixpkgs'), '--arg', 'nixpkgs', nixpkgs, '--arg', 'project', project, ...lab]
const derivation = inside(['nix-instantiate', ...expression, '-A', 'bundle'])
const derivations = derivationsOf(derivation)
describe(derivations)
compareCompilers(derivations)
if (values['evaluate-only']) process.exit(0)

const bundle = inside(['nix-build', '--no-out-link', '--cores', values.cores, ...expression, '-A', 'bundle'])
console.log(`bundle: ${bundle}`)
console.log(`revisions: ${JSON.stringify(JSON.parse(inside(['cat', `${bundle}/vmtest.json`])).revisions)}`)
if (values['build-only']) process.exit(0)

/** Runs tests in a guest of the bundle. @returns those that did not end as expected: passed, or as `SELFTESTS` says */
function unexpected(section, tests) {
  const results = join(work, `results-${section}`)
  rmSync(results, { recursive: true, force: true })
  const argv = ['run', '--bundle', bundle, '--suite', 'fstests', '-s', section, '-o', results, ...tests]
  spawnSync(...mounted(['node', join(project, 'dist/cli.js'), ...argv]), { env: hostEnvironment, stdio: 'inherit' })
  const record = JSON.parse(readFileSync(join(results, 'run.json'), 'utf8'))
  const statuses = new Map(record.tests.map(({ name, status }) => [name, status]))
  return tests
    .filter((name) => statuses.get(name) !== (SELFTESTS[name] ?? 'pass'))
    .map((name) => `${section} ${name}: ${statuses.get(name) ?? 'not in the record'}`)
}

const wrong = [...unexpected('xfs_4k', [...Object.keys(SELFTESTS), ...QUICK]), ...unexpected('ext4_4k', ['generic/082', 'generic/452'])]
console.log(`lab:nixpkgs: ${wrong.length === 0 ? 'every test ended as it should' : wrong.join(', ')}; results are below ${work}`)
process.exit(wrong.length === 0 ? 0 : 1)
