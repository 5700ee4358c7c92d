// Runs a benchmark: `node scripts/bench.mjs NAME [ARGS…]` bundles bench/NAME.ts to a temporary file and runs it with
// Node's garbage collector exposed. What the benchmark prints is its result; its last line is one JSON object.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname
const [name, ...args] = process.argv.slice(2)
const entry = join(root, 'bench', `${name}.ts`)
if (name === undefined || !existsSync(entry)) {
  const known = readdirSync(join(root, 'bench')).filter((file) => file.endsWith('.ts'))
  console.error(`usage: node scripts/bench.mjs NAME, with NAME one of: ${known.map((file) => file.slice(0, -3)).join(', ')}`)
  process.exit(2)
}

const directory = mkdtempSync(join(tmpdir(), 'vmtest-bench-'))
try {
  // What the bundle leaves outside (nothing of ours) is found where the checkout finds it.
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  const outfile = join(directory, `${name}.mjs`)
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    loader: { '.css': 'text', '.html': 'text' },
    banner: { js: "import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);" },
    logLevel: 'warning',
  })
  const run = spawnSync(process.execPath, ['--expose-gc', '--enable-source-maps', outfile, ...args], { cwd: root, stdio: 'inherit' })
  process.exitCode = run.status ?? 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}
