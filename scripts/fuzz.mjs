// Fuzzes the parsers of foreign bytes: `node scripts/fuzz.mjs [TARGET|all] [SECONDS] [SEED]` bundles fuzz/main.ts and runs it,
// one process for each target. A parser that never comes back is killed and counts as broken (docs/fuzzing.md).
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, withBundled } from './bundle.mjs'

const [target = 'all', seconds = '60', seed = '1'] = process.argv.slice(2)
const names = target === 'all' ? readdirSync(join(root, 'fuzz/corpus')).sort() : [target]

await withBundled('fuzz/main.ts', (run) => {
  const broken = names.filter((name) => {
    // Shrinking a finding takes a few seconds more, a busy machine makes more of them; what is still there then hangs.
    const { signal, status } = run([root, name, seconds, seed], { timeout: (Number(seconds) + 300) * 1000 })
    if (signal !== null) console.error(`${name}: hangs (seed ${seed})`)
    return status !== 0
  })
  if (broken.length > 0) console.error(`broken: ${broken.join(', ')}`)
  process.exitCode = broken.length === 0 ? 0 : 1
})
