// Fuzzes the parsers of foreign bytes: `node scripts/fuzz.mjs [TARGET|all] [SECONDS] [SEED]` bundles fuzz/main.ts and runs it,
// one process for each target; `properties` (in `all`, too) runs the properties of verdicts on many more cases than `npm test`. A parser that never comes back is killed and counts as broken (docs/fuzzing.md).
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, withBundled } from './bundle.mjs'

const [target = 'all', seconds = '60', seed = '1'] = process.argv.slice(2)
/** What `npm test` runs a fixed sample of. */
const PROPERTIES = ['__tests__/suites/damage.test.ts', '__tests__/results/monotone.test.ts']
const PROPERTY_RUNS = { DAMAGE_RUNS: '5000', MONOTONE_RUNS: '10000' }

function propertiesHold() {
  const seeds = { DAMAGE_SEED: seed, MONOTONE_SEED: seed, FAST_CHECK_SEED: seed }
  const env = { ...process.env, ...PROPERTY_RUNS, ...seeds }
  return spawnSync('npm', ['run', '-s', 'jest', '--', ...PROPERTIES], { cwd: root, env, stdio: 'inherit' }).status === 0
}

if (target === 'properties') process.exit(propertiesHold() ? 0 : 1)
const names = target === 'all' ? readdirSync(join(root, 'fuzz/corpus')).sort() : [target]

await withBundled('fuzz/main.ts', (run) => {
  const broken = names.filter((name) => {
    // Shrinking a finding takes a few seconds more, a busy machine makes more of them; what is still there then hangs.
    const { signal, status } = run([root, name, seconds, seed], { timeout: (Number(seconds) + 300) * 1000 })
    if (signal !== null) console.error(`${name}: hangs (seed ${seed})`)
    return status !== 0
  })
  if (target === 'all' && !propertiesHold()) broken.push('properties')
  if (broken.length > 0) console.error(`broken: ${broken.join(', ')}`)
  process.exitCode = broken.length === 0 ? 0 : 1
})
