// Writes docs/reference/options.md, the NixOS module's options, from nix/nixos/options.nix. Evaluated by the host's Nix with
// nix/nixos/lib-stand-in.nix in the place of nixpkgs' lib, so no package set is needed; without Nix nothing is written.
// `--check` writes nothing and fails where the file is not what the options give.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const PAGE = 'docs/reference/options.md'

/** The options, or null where there is no Nix. */
function options() {
  // A store of its own: the user's is left alone.
  const store = mkdtempSync(join(tmpdir(), 'vmtest-options-'))
  const { error, status, stdout, stderr } = spawnSync(
    'nix-instantiate',
    ['--eval', '--strict', '--json', '--expr', 'import ./nix/nixos/describe.nix { }'],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NIX_STORE_DIR: join(store, 'store'), NIX_STATE_DIR: join(store, 'state'), NIX_LOG_DIR: join(store, 'log') },
    },
  )
  rmSync(store, { recursive: true, force: true })
  if (error?.code === 'ENOENT') return null
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

const code = (text) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``)

function section({ name, type, default: value, example, description }) {
  const facts = [
    `type: ${type}`,
    value === undefined ? 'no default' : `default: ${code(value.trim())}`,
    ...(example === undefined ? [] : [`example: ${code(example.trim())}`]),
  ]
  return `## ${code(name)}\n\n${description.trim()}\n\n${facts.map((fact) => `- ${fact}\n`).join('')}`
}

const page = (all) => `<!-- Written by \`npm run docs\`; not edited by hand. -->

# Options of the NixOS guest

Everything below \`services.vmtest\`, for the modules of \`mkNixosVmTest\` and for a NixOS configuration that imports
\`nixosModules.default\` ([when to choose it](../flake.md#a-nixos-guest)). \`*\` is each entry of a list.

${all.map(section).join('\n')}`

const all = options()
if (all === null) {
  console.log(`skipped: ${PAGE} is written and checked where there is a Nix (nix-instantiate)`)
} else if (process.argv.includes('--check')) {
  if (readFileSync(join(root, PAGE), 'utf8') !== page(all)) {
    console.error(`${PAGE} is not what nix/nixos/options.nix gives. Run \`npm run docs\` and commit it.`)
    process.exit(1)
  }
} else {
  writeFileSync(join(root, PAGE), page(all))
}
