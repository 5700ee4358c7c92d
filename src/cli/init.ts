import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import { OWN_FLAKE } from '../plan/own-flake.js'
import type { Ports } from '../ports/index.js'
import { type Reference, referenceOf } from './init-reference.js'

type InitPorts = Pick<Ports, 'exec' | 'files'>

export interface InitRequest {
  /** The tree. */
  readonly directory: string
  /** This project's own checkout: the example comes from it. */
  readonly checkout: string
  /** `own`: below `.vmtest`, for this person and machine. `commit`: at the tree's root, for everybody and for workflows. */
  readonly flake: 'own' | 'commit'
}

/** What the example says, and what a person's own flake and this checkout have in its place. */
const EXAMPLE = { root: 'root = builtins.toString ./.;', system: 'system = "x86_64-linux";', url: /kernel-vmtest\.url = "[^"]*";/ }

/** direnv's own `use flake` watches the flake of the directory it is in alone. */
const OWN_ENVRC = `watch_file ${OWN_FLAKE}/flake.nix ${OWN_FLAKE}/flake.lock
use flake "path:$PWD/${OWN_FLAKE}" --impure
`

/** What work in the tree leaves beside its sources. */
const LEFT_BESIDE = ['.envrc', '.direnv/', '.vmtest/']

/**
 * Writes a flake and an .envrc for a kernel tree. A file that is there stays as it is; running again is harmless; git's index is not touched.
 * A flake at the tree's root wins: where there is one, none is written.
 * @returns lines for the user: what was written, what was kept, which flake is used, what comes next
 * @throws UserError where the directory does not exist
 */
export async function initTree(request: InitRequest, ports: InitPorts): Promise<readonly string[]> {
  const { files } = ports
  const tree = await files.realPath(request.directory).catch((cause: unknown) => {
    throw new UserError(`There is no directory ${request.directory}.`, 'Give the kernel tree: `vmtest init DIRECTORY`.', { cause })
  })
  const reference = await referenceOf(request.checkout, ports)
  const lines: string[] = []
  const write = async (name: string, text: string): Promise<void> => {
    const path = join(tree, name)
    const present = (await files.stat(path)) !== null
    if (!present) await files.write(path, text)
    lines.push(present ? `kept ${path}: it was there` : `wrote ${path}`)
  }
  const rootFlake = (await files.stat(join(tree, 'flake.nix'))) !== null
  const own = request.flake === 'own' && !rootFlake
  const example = await files.readText(join(request.checkout, 'examples/kernel-tree/flake.nix'))
  if (own) await write(join(OWN_FLAKE, 'flake.nix'), ownFlake(example, { tree, reference, system: await systemOf(ports) }))
  else await write('flake.nix', withReference(example, reference))
  const envrc = own ? OWN_ENVRC : await files.readText(join(request.checkout, 'examples/kernel-tree/.envrc'))
  await write('.envrc', envrc)
  lines.push(...(await remarks({ tree, own, envrc }, ports)))
  lines.push(...(request.flake === 'commit' ? commitAdvice(reference) : await quietAdvice(tree, ports)))
  lines.push('', `Then: \`direnv allow\` (or \`${developCommand(own)}\`), and \`vmtest\`. The first time Nix fetches nixpkgs.`)
  return lines
}

/** Outside of git and of the tree's copy in the store: `root` names the tree, so that entering the shell copies two small files. */
function ownFlake(example: string, { tree, reference, system }: { tree: string; reference: Reference; system: string }): string {
  return withReference(example, reference)
    .replace(EXAMPLE.system, () => `system = "${system}";`)
    .replace(EXAMPLE.root, () => `root = ${nixString(tree)};`)
    .replace(
      /^# One file, copied.*\n/m,
      () => '# Of this machine and nobody else: neither git nor the Nix store sees the tree through it.\n',
    )
}

function withReference(example: string, { url }: Reference): string {
  return example.replace(EXAMPLE.url, () => `kernel-vmtest.url = "${url}";`)
}

/** A string of the Nix language. */
export function nixString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('${', '\\${')}"`
}

async function systemOf({ exec }: InitPorts): Promise<string> {
  return (await exec.run(['uname', '-m'])).stdout.trim() === 'aarch64' ? 'aarch64-linux' : 'x86_64-linux'
}

function developCommand(own: boolean): string {
  return own ? `nix develop --impure path:$PWD/${OWN_FLAKE}` : 'nix develop --impure'
}

interface Written {
  readonly tree: string
  readonly own: boolean
  readonly envrc: string
}

async function remarks({ tree, own, envrc }: Written, { files }: InitPorts): Promise<readonly string[]> {
  const lines = [own ? `used: your own flake, ${join(tree, OWN_FLAKE)}` : `used: the tree's flake, ${join(tree, 'flake.nix')}`]
  if (!own && (await files.stat(join(tree, OWN_FLAKE, 'flake.nix'))) !== null) {
    lines.push(`note: ${join(tree, OWN_FLAKE)} is not used while there is a flake.nix at the root`)
  }
  if (own && !(await files.readText(join(tree, OWN_FLAKE, 'flake.nix'))).includes(nixString(tree))) {
    lines.push(`note: the \`root\` of your own flake is not ${tree}: was the tree moved? Correct it, or remove the file and run this again`)
  }
  if ((await files.readText(join(tree, '.envrc'))).trim() !== envrc.trim()) {
    lines.push(
      'note: for the shell, your .envrc needs:',
      ...envrc
        .trim()
        .split('\n')
        .map((line) => `  ${line}`),
    )
  }
  if ((await files.stat(join(tree, 'Kconfig'))) === null) lines.push(`note: ${tree} has no Kconfig, so it does not look like a kernel tree`)
  return lines
}

/** Nix sees what git knows of, and a runner what is committed and what it can fetch. */
function commitAdvice({ url, reachable }: Reference): readonly string[] {
  return [
    '',
    'A workflow needs the flake and its lock committed:',
    '  git add -f flake.nix .envrc && nix flake lock',
    "  git add -f flake.lock && git commit -m 'flake: shell and VM tests'",
    reachable
      ? `A runner fetches kernel-vmtest from ${url}, which it can reach.`
      : `No runner can reach ${url}: put a URL into flake.nix that it can, such as github:NAME/kernel-vmtest of a fork.`,
  ]
}

/** Of what is left in the tree, what `git status` would show; the kernel's own .gitignore hides it all. */
async function quietAdvice(tree: string, { exec, files }: InitPorts): Promise<readonly string[]> {
  if ((await files.stat(join(tree, '.git'))) === null || (await exec.which('git')) === null) return []
  const { stdout } = await exec.run(['git', '-C', tree, 'check-ignore', '--', ...LEFT_BESIDE])
  const shown = LEFT_BESIDE.filter((name) => !stdout.split('\n').includes(name))
  if (shown.length === 0) return []
  return [
    '',
    'Keep what is left beside the sources out of `git status`, in this clone only:',
    `  printf '%s\\n' ${shown.join(' ')} >> "$(git rev-parse --git-path info/exclude)"`,
  ]
}
