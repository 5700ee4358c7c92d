import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, ENTRIES, root } from '../../scripts/bundle.mjs'

export { root }

/** A `vmtest` of the source at hand, not of the committed dist/, in a directory of its own. */
export interface BuiltCommand {
  /** Put it first on PATH. */
  readonly directory: string
  remove(): void
}

export async function buildCommand(): Promise<BuiltCommand> {
  const directory = mkdtempSync(join(tmpdir(), 'vmtest-command-'))
  await bundle({ entryPoints: { cli: ENTRIES.cli, reader: ENTRIES.reader }, outdir: join(directory, 'dist'), splitting: true })
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  for (const part of ['nix', 'examples']) symlinkSync(join(root, part), join(directory, part))
  writeFileSync(join(directory, 'vmtest'), `#!/bin/sh\nexec '${process.execPath}' '${directory}/dist/cli.js' "$@"\n`)
  chmodSync(join(directory, 'vmtest'), 0o755)
  return { directory, remove: () => rmSync(directory, { recursive: true }) }
}
