import { copyFileSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { bundle, ENTRIES, root } from '../../scripts/bundle.mjs'

/** The action as this source builds it, in a directory: as scripts/build.mjs, but not minified. Everything else is the checkout's. */
export async function buildAction(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true })
  for (const name of readdirSync(root)) {
    if (!['dist', '.git', 'node_modules', 'action.yml'].includes(name)) symlinkSync(join(root, name), join(directory, name))
  }
  copyFileSync(join(root, 'action.yml'), join(directory, 'action.yml'))
  // Files named .js are modules below a package.json that says so: the checkout's, beside it.
  await bundle({ entryPoints: ENTRIES, outdir: join(directory, 'dist'), splitting: true })
}
