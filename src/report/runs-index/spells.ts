import { type RunSummary, type TestTable, WENT } from './run-summary.js'

/** A time during which a test failed: from the run that first saw it to the one that saw it pass again. */
export interface Spell {
  readonly section: string
  readonly name: string
  readonly line: string
  /** The run it failed in first. */
  readonly broke: RunSummary
  /** The run before, in which it passed; null: it never did, as far as the runs go back. */
  readonly passedBefore: RunSummary | null
  /** The run it passed in again; null: it still fails. */
  readonly fixed: RunSummary | null
  readonly runs: number
  readonly headline: string
}

/** A test that failed and passed when run again. */
export interface FlakyTest {
  readonly section: string
  readonly name: string
  readonly flaky: number
  readonly runs: number
}

const isBad = (went: number | undefined): boolean => went === WENT.fail || went === WENT.timeout || went === WENT.crashed
const isGood = (went: number | undefined): boolean => went === WENT.pass || went === WENT.flaky

/** What broke when: along each line of development, what still fails first, the newest first. @param runs oldest first */
export function spellsOf(runs: readonly RunSummary[], { names }: Pick<TestTable, 'names'>): readonly Spell[] {
  const lines = new Map<string, RunSummary[]>()
  for (const run of runs) lines.set(run.line, [...(lines.get(run.line) ?? []), run])
  const spells = [...lines].flatMap(([line, own]) => {
    // A change goes on from the branch it goes to: what passed there passed before it.
    const told = [...upTo(own[0], lines), ...own]
    const each = names.flatMap(({ section, name }, number) => ofTest(told, { number, section, name, line }))
    return each.filter(({ broke }) => broke.line === line)
  })
  const rank = ({ fixed }: Spell) => (fixed === null ? 0 : 1)
  return spells.sort((left, right) => rank(left) - rank(right) || compare(right.broke.startedAt, left.broke.startedAt))
}

/** The runs of the branch that a change goes to, until the change's first. */
function upTo(first: RunSummary | undefined, lines: ReadonlyMap<string, readonly RunSummary[]>): readonly RunSummary[] {
  if (first === undefined || first.into === '' || first.into === first.line) return []
  return (lines.get(first.into) ?? []).filter(({ startedAt }) => startedAt < first.startedAt)
}

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

function ofTest(runs: readonly RunSummary[], test: { number: number; section: string; name: string; line: string }): Spell[] {
  const { number, ...id } = test
  const spells: Spell[] = []
  let open = null as Omit<Spell, 'fixed'> | null
  let passed = null as RunSummary | null
  for (const run of runs) {
    const went = run.went[number]
    if (isBad(went)) {
      open =
        open === null
          ? { ...id, broke: run, passedBefore: passed, runs: 1, headline: run.headlines.get(number) ?? '' }
          : { ...open, runs: open.runs + 1 }
    } else if (isGood(went)) {
      if (open !== null) spells.push({ ...open, fixed: run })
      open = null
      passed = run
    }
  }
  return open === null ? spells : [...spells, { ...open, fixed: null }]
}

/** Tests that were flaky, the most often so first. */
export function flakyTests(runs: readonly RunSummary[], { names }: Pick<TestTable, 'names'>): readonly FlakyTest[] {
  return names
    .map(({ section, name }, number) => {
      const ran = runs.filter(({ went }) => isBad(went[number]) || isGood(went[number]))
      return { section, name, flaky: ran.filter(({ went }) => went[number] === WENT.flaky).length, runs: ran.length }
    })
    .filter(({ flaky }) => flaky > 0)
    .sort((left, right) => right.flaky / right.runs - left.flaky / left.runs || compare(left.name, right.name))
}
