// Fuzzes the parsers of foreign bytes: `node scripts/fuzz.mjs [TARGET|all] [SECONDS] [SEED]` bundles fuzz/main.ts and runs it,
// one process for each target. A parser that never comes back is killed and counts as broken (docs/fuzzing.md).
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname
const [target = 'all', seconds = '60', seed = '1'] = process.argv.slice(2)
const names = target === 'all' ? readdirSync(join(root, 'fuzz/corpus')).sort() : [target]

const directory = mkdtempSync(join(tmpdir(), 'vmtest-fuzz-'))
try {
  const outfile = join(directory, 'fuzz.mjs')
  await build({
    absWorkingDir: root,
    entryPoints: [join(root, 'fuzz/main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    banner: { js: "import { createRequire as __cr } from 'node:module';const require = __cr(import.meta.url);" },
    logLevel: 'warning',
  })
  const broken = names.filter((name) => {
    // Shrinking a finding takes a few seconds more; what is still there then hangs.
    const timeout = (Number(seconds) + 60) * 1000
    const run = spawnSync(process.execPath, ['--enable-source-maps', outfile, root, name, seconds, seed], { stdio: 'inherit', timeout })
    if (run.signal !== null) console.error(`${name}: hangs (seed ${seed})`)
    return run.status !== 0
  })
  if (broken.length > 0) console.error(`broken: ${broken.join(', ')}`)
  process.exitCode = broken.length === 0 ? 0 : 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}
