import { copyFileSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const CHECKOUT = join(import.meta.dirname, '../..')

/** The action as this source builds it, in a directory: as scripts/build.mjs, but not minified. Everything else is the checkout's. */
export async function buildAction(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true })
  for (const name of readdirSync(CHECKOUT)) {
    if (!['dist', '.git', 'node_modules', 'action.yml'].includes(name)) symlinkSync(join(CHECKOUT, name), join(directory, name))
  }
  copyFileSync(join(CHECKOUT, 'action.yml'), join(directory, 'action.yml'))
  await build({
    absWorkingDir: CHECKOUT,
    entryPoints: { main: 'src/action/main.ts', post: 'src/action/post.ts', cli: 'src/cli/main.ts' },
    outdir: join(directory, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    loader: { '.css': 'text', '.html': 'text' },
    // Files named .js are modules below a package.json that says so: the checkout's, beside it.
    banner: { js: "import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);" },
    logLevel: 'error',
  })
}
