// An edit in fs/xfs until the verdict of one quick test of real fstests: this build against an older one, on the same kernel tree.
// `npm run bench:edit -- --fstests DIR --tree KERNEL [--old CHECKOUT] [--rounds N] [--test NAME] [--kconfig FRAGMENT]… [--work DIR]`.
// The last line is one JSON object; `oursOverOld` is the median of the rounds' ratios of the clock, `processorOursOverOld` of processor time. The
// sides take turns in who goes first. The first build compiles a whole kernel (ten minutes on two quiet cores); with `--work` it is kept.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { median } from '../src/domain/median.js'
import type { RunRecord } from '../src/domain/record.js'
import { type CommandCost, vmtest } from './command.js'

const { values } = parseArgs({
  options: {
    fstests: { type: 'string' },
    tree: { type: 'string' },
    old: { type: 'string' },
    work: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    test: { type: 'string', default: 'generic/001' },
    kconfig: { type: 'string', multiple: true, default: [] },
  },
})
if (values.fstests === undefined || !existsSync(join(values.fstests, 'check'))) {
  throw new Error('no xfstests tree: give one in which `make` has run, `--fstests DIRECTORY`')
}
if (values.tree === undefined || !existsSync(join(values.tree, 'fs/xfs/xfs_super.c'))) {
  throw new Error('no kernel tree: give a clean one (Debian: `apt-get install linux-source`, unpacked), `--tree DIRECTORY`')
}
const [fstests, tree] = [resolve(values.fstests), resolve(values.tree)]
const edited = join(tree, 'fs/xfs/xfs_super.c')
const original = readFileSync(edited, 'utf8')
const work = values.work === undefined ? mkdtempSync('/var/tmp/vmtest-bench-edit-') : resolve(values.work)

interface Side {
  readonly name: string
  readonly checkout: string
}
const sides: readonly Side[] = [
  { name: 'ours', checkout: process.cwd() },
  ...(values.old === undefined ? [] : [{ name: 'old', checkout: resolve(values.old) }]),
]
let edits = 0

try {
  await bench()
} finally {
  writeFileSync(edited, original)
  if (values.work === undefined) rmSync(work, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  for (const side of sides) await warmUp(side)
  const rounds: Map<string, CommandCost>[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    const costs = new Map<string, CommandCost>()
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) costs.set(side.name, await editAndTest(side, `round ${round + 1}`))
    rounds.push(costs)
  }
  const ratio = (key: 'seconds' | 'processorSeconds') => {
    const ratios = rounds.map((costs) => (costs.get('ours')?.[key] ?? Number.NaN) / (costs.get('old')?.[key] ?? Number.NaN))
    return Number((median(ratios) ?? Number.NaN).toFixed(3))
  }
  const ours = median(rounds.map((costs) => costs.get('ours')?.seconds ?? Number.NaN))
  const compared = values.old === undefined ? {} : { oursOverOld: ratio('seconds'), processorOursOverOld: ratio('processorSeconds') }
  console.log(JSON.stringify({ ...compared, oursSeconds: ours, rounds: rounds.length }))
}

/** Builds what an edit does not change. The second side starts from a copy of the first one's objects, and compiles what it would have otherwise. */
async function warmUp(side: Side): Promise<void> {
  const objects = (name: string) => join(work, name, 'kernel-vmtest/kernel-trees')
  const [first] = sides
  if (first !== undefined && side !== first && !existsSync(objects(side.name))) {
    cpSync(objects(first.name), objects(side.name), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  }
  await editAndTest(side, 'warm-up')
}

async function editAndTest({ name, checkout }: Side, label: string): Promise<CommandCost> {
  edits += 1
  writeFileSync(edited, `${original}\nstatic const char vmtest_bench[] __attribute__((used)) = "edit ${edits} of ${process.pid}";\n`)
  const output = mkdtempSync(join(mkdirs(join(work, 'runs')), `${name}-`))
  const words = ['--bundle', 'offline', '--fstests', fstests, '--kernel-tree', tree, '-s', 'xfs', '--fail-on', 'never', '-o', output]
  const kconfig = values.kconfig.flatMap((fragment) => ['--kconfig', existsSync(fragment) ? resolve(fragment) : fragment])
  const cost = await vmtest(checkout, ['run', ...words, ...kconfig, values.test], {
    cwd: mkdirs(join(work, `${name}-project`)),
    env: { XDG_CACHE_HOME: join(work, name) },
  })
  const record = JSON.parse(readFileSync(join(output, 'run.json'), 'utf8')) as RunRecord
  const [test] = record.tests
  if (test?.status !== 'pass') throw new Error(`${name}: ${values.test} is ${test?.status}, which is no measurement (${output})`)
  const split = cost.printed.split('\n').find((line) => line.startsWith('time:')) ?? ''
  console.log(`${label}, ${name}: ${cost.seconds.toFixed(1)} s, ${cost.processorSeconds.toFixed(1)} s of the processor; ${split}`)
  rmSync(output, { recursive: true, force: true })
  return cost
}

function mkdirs(path: string): string {
  mkdirSync(path, { recursive: true })
  return path
}
