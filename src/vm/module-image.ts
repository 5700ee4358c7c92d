import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Exec, Files } from '../ports/index.js'

/**
 * A read-only image of a module directory, for /lib/modules in the guest: made once by mkfs.erofs and kept by content.
 * @param directory `lib/modules/RELEASE`
 * @throws UserError when mkfs.erofs is missing or fails
 */
export async function moduleImage(
  ports: { files: Files; exec: Exec },
  options: { directory: string; release: string; cacheDirectory: string },
): Promise<string> {
  const { files, exec } = ports
  const { directory, release, cacheDirectory } = options
  const path = join(cacheDirectory, `modules-${release}-${await identify(files, directory)}.erofs`)
  if ((await files.stat(path))?.kind === 'file') return path
  const mkfs = await exec.which('mkfs.erofs')
  if (mkfs === null) {
    throw new UserError(
      'The kernel is modular, and mkfs.erofs, which packs its modules for the guest, is not on PATH.',
      'Install erofs-utils (Debian, Ubuntu: `apt-get install erofs-utils`), or build the kernel without modules.',
      { kind: 'could-not-test' },
    )
  }
  const work = await files.makeTemporary(cacheDirectory, 'modules-')
  try {
    // The image's root is /lib/modules: one directory named after the release.
    const tree = join(work, 'tree')
    await files.makeDirectory(tree)
    await copyTree(files, directory, join(tree, release))
    const image = join(work, 'image')
    const result = await exec.run([mkfs, '--quiet', image, tree], { timeoutSeconds: 600 })
    const made = result.code === 0 ? result : await exec.run([mkfs, image, tree], { timeoutSeconds: 600 })
    if (made.code !== 0) {
      throw new UserError(
        `mkfs.erofs cannot pack ${directory}: ${made.stderr.trim().slice(-500)}`,
        'See its message; a full disk is the usual cause.',
        {
          kind: 'could-not-test',
        },
      )
    }
    await files.rename(image, path)
  } finally {
    await files.remove(work)
  }
  return path
}

/** Names, sizes and times of every file: cheap, and different after every `make modules_install`. */
async function identify(files: Pick<Files, 'list' | 'stat'>, directory: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const { path, kind, sizeBytes, modifiedMs } of walk(files, directory, ''))
    hash.update(`${path}\0${kind}\0${sizeBytes}\0${modifiedMs}\n`)
  return hash.digest('hex').slice(0, 16)
}

async function copyTree(files: Files, from: string, to: string): Promise<void> {
  await files.makeDirectory(to)
  for await (const { path, kind } of walk(files, from, '')) {
    if (kind === 'directory') await files.makeDirectory(join(to, path))
    if (kind === 'file') await files.copy(join(from, path), join(to, path))
  }
}

/** Every entry below a directory. Links (`build`, `source`: the developer's tree) are not followed and not packed. */
async function* walk(
  files: Pick<Files, 'list' | 'stat'>,
  root: string,
  below: string,
): AsyncGenerator<{ path: string; kind: 'file' | 'directory'; sizeBytes: number; modifiedMs: number }> {
  for (const name of await files.list(join(root, below))) {
    const path = join(below, name)
    const stat = await files.stat(join(root, path))
    if (stat === null || (stat.kind !== 'file' && stat.kind !== 'directory')) continue
    // In a store every time is the same; there the path itself says what it is, and sizes differ.
    yield { path, kind: stat.kind, sizeBytes: stat.sizeBytes, modifiedMs: stat.modifiedMs }
    if (stat.kind === 'directory') yield* walk(files, root, path)
  }
}
