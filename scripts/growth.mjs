// Measures how the time of every reader of foreign text grows: `node scripts/growth.mjs [--share N] [TARGET…]` bundles fuzz/growth.ts and
// runs it in a process of its own. `--share N` takes every Nth text only.
import { parseArgs } from 'node:util'
import { withBundled } from './bundle.mjs'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { share: { type: 'string', default: '1' } } })
await withBundled('fuzz/growth.ts', (run) => {
  // A young generation that no text here fills: what is measured is reading, and not when the collector has to move what was read.
  const env = { ...process.env, NODE_OPTIONS: '--max-semi-space-size=128' }
  const { status } = run([values.share, ...positionals], { stdio: 'inherit', env })
  process.exitCode = status ?? 1
})
