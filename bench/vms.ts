// One VM against two on the same 40 tests of the smoke suite (group `bench`, filled up from `quick`): `npm run bench:vms [ROUNDS]`.
// The last line is one JSON object; `twoOverOne` is the median of the rounds' ratios, which alternate who goes first.
// `npm run bench:vms -- --old CHECKOUT [--old-rounds N] [--old-tests N]`: after these, two VMs of this build and of an older one's checkout in
// turns, nine rounds of the 40 tests unless told otherwise; `oursOverOld` is the median of their ratios of processor time.
import { parseArgs } from 'node:util'
import { openLab } from '../e2e/lab/vm-lab.js'
import { besideOld, SIDE, serveRounds } from './beside-old.js'

const COUNT = 40
const TARGET = 0.65
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    old: { type: 'string' },
    'old-rounds': { type: 'string', default: '9' },
    'old-tests': { type: 'string', default: String(COUNT) },
    [SIDE.slice(2)]: { type: 'boolean' },
  },
})
const rounds = Number(positionals[0] ?? 1)

const lab = await openLab()
try {
  const tests = lab.catalogue.tests
    .filter(({ groups }) => groups.includes('bench') || groups.includes('quick'))
    .sort((a, b) => Number(b.groups.includes('bench')) - Number(a.groups.includes('bench')))
    .map(({ name }) => name)
    .filter((name) => name.startsWith('generic/'))
    .slice(0, COUNT)
  if (tests.length < COUNT) throw new Error(`only ${tests.length} tests for the bench`)
  const timed = async (vms: number, count = COUNT) => {
    const { vmRun, record, seconds } = await lab.run({ tests: tests.slice(0, count), vms })
    const bad = record.tests.filter(({ status }) => status !== 'pass').map(({ name, status }) => `${name} ${status}`)
    if (vmRun.stopped !== null || bad.length > 0)
      throw new Error(`a run that did not pass is not a measurement: ${vmRun.stopped?.reason} ${bad.join(', ')}`)
    console.log(
      `${vms} VM${vms === 1 ? ' ' : 's'}: ${seconds.toFixed(1)} s, ${vmRun.guests.length} guests, ${vmRun.batches.length} batches`,
    )
    return seconds
  }
  await lab.run({ tests: tests.slice(0, 1), vms: 1 })
  if (options.side === true) await serveRounds(async () => void (await timed(2, Number(options['old-tests']))))
  else await compare(timed)
} finally {
  lab.close()
}

async function compare(timed: (vms: number) => Promise<number>): Promise<void> {
  const ones: number[] = []
  const twos: number[] = []
  for (let round = 0; round < rounds; round++) {
    const first = round % 2 === 0 ? 1 : 2
    const times = { [first]: await timed(first), [3 - first]: await timed(3 - first) }
    ones.push(times[1] ?? 0)
    twos.push(times[2] ?? 0)
  }
  const ratios = ones.map((one, index) => (twos[index] ?? 0) / one).sort((a, b) => a - b)
  const twoOverOne = ratios[Math.floor(ratios.length / 2)] ?? Number.NaN
  console.log(`target: at most ${TARGET}`)
  const { old, 'old-rounds': oldRounds, 'old-tests': oldTests } = options
  const beside = old === undefined ? {} : await besideOld('vms', old, { rounds: Number(oldRounds), words: ['--old-tests', oldTests] })
  console.log(JSON.stringify({ twoOverOne: Number(twoOverOne.toFixed(3)), oneSeconds: ones, twoSeconds: twos, tests: COUNT, ...beside }))
}
