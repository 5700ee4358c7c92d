// Measures how the time of every reader of foreign text grows: `node scripts/growth.mjs [--share N] [TARGET…]` bundles fuzz/growth.ts and
// runs it in a process of its own. `--share N` takes every Nth text only.
import { parseArgs } from 'node:util'
import { withBundled } from './bundle.mjs'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { share: { type: 'string', default: '1' } } })
await withBundled('fuzz/growth.ts', (run) => {
  const { status } = run([values.share, ...positionals], { stdio: 'inherit' })
  process.exitCode = status ?? 1
})
