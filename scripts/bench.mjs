// Runs a benchmark: `node scripts/bench.mjs NAME [ARGS…]` bundles bench/NAME.ts to a temporary file and runs it with
// Node's garbage collector exposed. What the benchmark prints is its result; its last line is one JSON object.
// VMTEST_BENCH_OF=CHECKOUT measures the code of another checkout (bench/beside-old.ts).
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, withBundled } from './bundle.mjs'

const [name, ...args] = process.argv.slice(2)
const entry = join('bench', `${name}.ts`)
if (name === undefined || !existsSync(join(root, entry))) {
  const known = readdirSync(join(root, 'bench')).filter((file) => file.endsWith('.ts'))
  console.error(`usage: node scripts/bench.mjs NAME, with NAME one of: ${known.map((file) => file.slice(0, -3)).join(', ')}`)
  process.exit(2)
}

await withBundled(
  entry,
  (run) => {
    process.exitCode = run(args).status ?? 1
  },
  process.env.VMTEST_BENCH_OF,
)
