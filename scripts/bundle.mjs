// How our TypeScript becomes something Node runs: one place for what dist/, the scripts, the benchmarks and the tests have in common.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

export const root = new URL('..', import.meta.url).pathname

/** What dist/ is entered by. */
export const ENTRIES = {
  main: 'src/action/main.ts',
  post: 'src/action/post.ts',
  plan: 'src/action/plan.ts',
  merge: 'src/action/merge.ts',
  bisect: 'src/action/bisect.ts',
  cli: 'src/cli/main.ts',
  service: 'src/ports/real/service.ts',
  reader: 'src/reader/main.ts',
}

/** Bundles with esbuild: ES modules for the oldest Node we run on. `options` are esbuild's. */
export const bundle = (options) =>
  build({
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    loader: { '.css': 'text', '.html': 'text' },
    // CommonJS dependencies inside an ES module bundle still call require().
    banner: { js: "import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);" },
    logLevel: 'warning',
    ...options,
  })

/** Takes what a bench imports of the checkout from another one, where it is there: our benchmark of an older build. */
const fromCheckout = (checkout) => ({
  name: 'from-checkout',
  setup: (build) =>
    build.onResolve({ filter: /^\.\.?\// }, (imported) => {
      const path = relative(root, resolve(imported.resolveDir, imported.path))
      if (!imported.importer.startsWith(join(root, 'bench/')) || path.startsWith('bench/')) return undefined
      const theirs = join(checkout, path.replace(/\.js$/, '.ts'))
      return existsSync(theirs) ? { path: theirs } : undefined
    }),
})

/**
 * Bundles one file to a temporary one and hands over `run(args, options)`, which runs it by Node (`spawnSync`'s answer); the file is
 * taken away when `use` is done. With `checkout`, that one's code is bundled and run there.
 */
export async function withBundled(entry, use, checkout = root) {
  const directory = mkdtempSync(join(tmpdir(), 'vmtest-script-'))
  try {
    // What the bundle leaves outside (nothing of ours) is found where the checkout finds it.
    symlinkSync(join(checkout, 'node_modules'), join(directory, 'node_modules'))
    const outfile = join(directory, 'entry.mjs')
    const plugins = checkout === root ? [] : [fromCheckout(checkout)]
    await bundle({ entryPoints: [join(root, entry)], outfile, sourcemap: 'inline', plugins })
    return use((args, options = {}) =>
      spawnSync(process.execPath, ['--expose-gc', '--enable-source-maps', outfile, ...args], {
        cwd: checkout,
        stdio: 'inherit',
        ...options,
      }),
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/**
 * Imports modules of src/: each is a path, what the files export comes in one object. Packages stay outside, so that theirs and the
 * caller's are the same.
 */
export async function load(...paths) {
  // Below the repository, so that packages are found.
  const directory = mkdtempSync(join(root, 'node_modules/.vmtest-script-'))
  try {
    const outfile = join(directory, 'entry.mjs')
    const contents = paths.map((path) => `export * from './${path}'`).join('\n')
    await bundle({ stdin: { contents, resolveDir: root, loader: 'ts' }, outfile, packages: 'external' })
    return await import(pathToFileURL(outfile).href)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
