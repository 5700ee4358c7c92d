import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { FileMark, Ports } from '../ports/index.js'
import type { SuiteTree } from '../suites/index.js'

type ImagePorts = Pick<Ports, 'exec' | 'files'>

const STATS_AT_ONCE = 64

interface Entry {
  readonly path: string
  readonly line: string
}

interface Walk {
  readonly root: string
  readonly leftOut: readonly string[]
  readonly files: Ports['files']
  readonly entries: Entry[]
}

async function walk(state: Walk, directory: string): Promise<void> {
  const { root, leftOut, files, entries } = state
  const names = (await files.list(join(root, directory))).filter((name) => directory !== '' || !leftOut.includes(name))
  const below: string[] = []
  const marks = await marksOf(
    names.map((name) => join(root, directory, name)),
    files,
  )
  for (const [at, name] of names.entries()) {
    const [mark, path] = [marks[at] ?? null, join(directory, name)]
    if (mark?.kind === 'directory') below.push(path)
    else if (mark !== null) entries.push({ path, line: `${path}\0${mark.text}\n` })
  }
  for (const path of below) await walk(state, path)
}

/** The files' own marks; where they have none, what a look at each tells. */
async function marksOf(paths: readonly string[], files: Ports['files']): Promise<readonly (Pick<FileMark, 'kind' | 'text'> | null)[]> {
  if (files.marks !== undefined) return files.marks(paths)
  const marks: (Pick<FileMark, 'kind' | 'text'> | null)[] = []
  for (let at = 0; at < paths.length; at += STATS_AT_ONCE) {
    const stats = await Promise.all(paths.slice(at, at + STATS_AT_ONCE).map((path) => files.stat(path)))
    marks.push(
      ...stats.map((entry) =>
        entry === null ? null : { kind: entry.kind, text: [entry.kind, entry.sizeBytes, entry.modifiedMs, entry.mode].join('/') },
      ),
    )
  }
  return marks
}

/** What a tree looks like from outside: paths, kinds, sizes, times and modes. Contents are not read. */
export async function treeFingerprint(tree: string, { leftOut }: Pick<SuiteTree, 'leftOut'>, files: Ports['files']): Promise<string> {
  const entries: Entry[] = []
  await walk({ root: tree, leftOut, files, entries }, '')
  const hash = createHash('sha256')
  hash.update(`${tree}\n${leftOut.join('\n')}\n`)
  for (const entry of entries.sort((a, b) => (a.path < b.path ? -1 : 1))) hash.update(entry.line)
  return hash.digest('hex').slice(0, 32)
}

/** A revision for the record: git's, or null where the tree is no checkout or git is missing. */
export async function treeRevision(tree: string, ports: ImagePorts): Promise<string | null> {
  if ((await ports.files.stat(join(tree, '.git'))) === null || (await ports.exec.which('git')) === null) return null
  const { stdout, code } = await ports.exec.run(['git', '-C', tree, 'describe', '--always', '--dirty', '--abbrev=12'], {
    timeoutSeconds: 60,
  })
  const revision = stdout.trim()
  return code === 0 && revision !== '' ? revision : null
}

/**
 * A read-only EROFS image of a suite's tree, made once for each state of the tree.
 * @param of what is not part of it, and what shows that it was built
 * @returns the image's path below `cacheDirectory`
 * @throws UserError where the tree is not built, or mkfs.erofs is missing or fails
 */
export async function suiteImage(tree: string, of: SuiteTree, cacheDirectory: string, ports: ImagePorts): Promise<string> {
  if (of.built !== undefined && (await ports.files.stat(join(tree, of.built))) === null) {
    throw new UserError(`${tree} has not been built: it has no ${of.built}.`, `Run \`make\` in ${tree} first.`)
  }
  const mkfs = await ports.exec.which('mkfs.erofs')
  if (mkfs === null) {
    throw new UserError('mkfs.erofs is not installed.', 'Install erofs-utils: it makes the image the guest reads the tests from.', {
      kind: 'could-not-test',
    })
  }
  const directory = join(cacheDirectory, 'suites')
  const image = join(directory, `${await treeFingerprint(tree, of, ports.files)}.erofs`)
  if ((await ports.files.stat(image)) !== null) return image
  await ports.files.makeDirectory(directory)
  const work = await ports.files.makeTemporary(directory, '.image-')
  try {
    await pack(mkfs, { tree, leftOut: of.leftOut, image: join(work, 'image') }, ports)
    await ports.files.rename(join(work, 'image'), image)
  } finally {
    await ports.files.remove(work)
  }
  return image
}

async function pack(
  mkfs: string,
  { tree, leftOut, image }: { readonly tree: string; readonly leftOut: readonly string[]; readonly image: string },
  ports: ImagePorts,
): Promise<void> {
  const left = leftOut.map((name) => `--exclude-regex=^${name.replace('.', '\\.')}(/|$)`)
  const { code, stderr, stdout } = await ports.exec.run([mkfs, '--quiet', '-T1', '--all-root', ...left, image, tree])
  if (code !== 0) {
    throw new UserError(`mkfs.erofs cannot make an image of ${tree}: ${(stderr || stdout).trim()}`, 'Check free space and the tree.', {
      kind: 'could-not-test',
    })
  }
}
