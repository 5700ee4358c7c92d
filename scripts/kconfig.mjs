// Which options of nix/kconfig's fragments a real kernel tree loses, and why.
//   npm run kconfig -- TREE [--architecture aarch64] [FRAGMENT…]
// Kconfig asks the compiler a few questions; for another architecture it answers as the machine's own.
// Each fragment is set on top of `make tinyconfig` together with what a guest needs, by the product's own code: the tree's
// merge_config.sh, then `make olddefconfig`; at the end all of them together. What a release does not have is declared in
// nix/kconfig/version-dependent.json; anything else that is lost is a mistake, and the exit code 1.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { load, root } from './bundle.mjs'

const directory = `${root}nix/kconfig`
const ARCHITECTURES = { x86_64: 'x86', aarch64: 'arm64' }
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { architecture: { type: 'string', default: process.arch === 'arm64' ? 'aarch64' : 'x86_64' } },
})
const [treeArgument, ...wanted] = positionals
const { architecture } = values
if (treeArgument === undefined || ARCHITECTURES[architecture] === undefined) {
  console.error('usage: npm run kconfig -- TREE [--architecture x86_64|aarch64] [FRAGMENT…]')
  process.exit(2)
}
const tree = resolve(treeArgument)
const work = mkdtempSync(join(tmpdir(), 'vmtest-kconfig-'))

const loadProduct = () => load('src/kernel/configure.ts', 'src/ports/real/exec.ts', 'src/ports/real/files.ts', 'src/ports/real/clock.ts')

/** `MAJOR.MINOR` of the tree's Makefile. */
function versionOf(makefile) {
  const number = (name) => Number(new RegExp(`^${name} = (\\d+)$`, 'm').exec(makefile)?.[1])
  return [number('VERSION'), number('PATCHLEVEL')]
}

const older = ([major, minor], release) => {
  const [wantedMajor, wantedMinor] = release.split('.').map(Number)
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor)
}

/** True where this release is declared not to have the option. */
function isDeclared(option, version, declared) {
  const entry = declared[option]
  if (entry === undefined) return false
  return (entry.since !== undefined && older(version, entry.since)) || (entry.until !== undefined && !older(version, entry.until))
}

async function main() {
  const { configure, createExec, createFiles, createClock } = await loadProduct()
  const runner = { env: process.env, untrusted: () => undefined }
  const ports = { exec: createExec(), files: createFiles(), clock: createClock(), runner }
  const version = versionOf(readFileSync(`${tree}/Makefile`, 'utf8'))
  const { options: declared } = JSON.parse(readFileSync(`${directory}/version-dependent.json`, 'utf8'))
  const all = readdirSync(directory)
    .filter((file) => file.endsWith('.config'))
    .map((file) => file.replace('.config', ''))
  const others = Object.keys(ARCHITECTURES).filter((name) => name !== architecture)
  const names = wanted.length > 0 ? wanted : all.filter((name) => !others.includes(name))
  const read = (name) => ({ name, text: readFileSync(`${directory}/${name}.config`, 'utf8') })
  const setting = { tree, variables: [`ARCH=${ARCHITECTURES[architecture]}`], jobs: 1, prefix: [] }
  let mistakes = 0
  const sets = [...names.map((name) => [name, [name]]), ...(names.length > 1 ? [['all together', names]] : [])]
  console.log(`Linux ${version.join('.')} in ${tree}, ${architecture}`)
  for (const [title, set] of sets) {
    const fragments = [...new Set(['base', architecture, ...set])].map(read)
    // A directory of its own: of a configuration that is there already nothing is said.
    const objects = mkdtempSync(join(work, 'objects-'))
    const { lost } = await configure({ setting: { ...setting, objects }, base: { target: 'tinyconfig' }, fragments }, ports)
    const unexpected = lost.filter((sentence) => !isDeclared(/^CONFIG_\w+/.exec(sentence)?.[0], version, declared))
    mistakes += unexpected.length
    const excused = lost.length - unexpected.length
    console.log(
      `${title}: ${unexpected.length === 0 ? 'nothing lost' : `${unexpected.length} lost`}${excused === 0 ? '' : `, ${excused} this release does not have`}`,
    )
    for (const sentence of unexpected) console.log(`  ${sentence}`)
  }
  return mistakes === 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} finally {
  rmSync(work, { recursive: true })
}
