import { type ChosenTests, chooseTests, type FileChange, translateChange } from '../coverage/index.js'
import type { Coverage } from '../domain/coverage.js'
import type { Plan, PlannedTest, Selection } from '../domain/plan.js'
import { sectionKey, testKey } from '../domain/test-key.js'
import { scopeOfChange } from '../plan/changed.js'
import type { Ports } from '../ports/index.js'
import { changeBase, upstreamOf } from './change-base.js'
import { readRules } from './changed.js'
import { changesSince } from './coverage.js'
import type { Directories } from './directories.js'
import { gitIn } from './situation.js'

export interface MapChoice {
  readonly selection: Selection
  /** What chose each test, and how old the map is, a line each. */
  readonly notes: readonly string[]
  /** What is a finding of its own: a changed function no test reaches. */
  readonly problems: readonly string[]
}

interface Choosing {
  readonly plan: Plan
  readonly selection: Selection
  /** What a run of the base left; undefined: none. */
  readonly map: Coverage | undefined
  readonly places: Directories
}

/**
 * Puts the tests first that reach what changed, or leaves the others out, by the map of an earlier run. Where there is no map that can be held
 * against this tree the selection stays as the rules made it, and a note says why.
 * @throws UserError where the change cannot be compared with anything
 */
export async function chooseByMap(choosing: Choosing, ports: Pick<Ports, 'exec' | 'files' | 'runner'>): Promise<MapChoice> {
  const { plan, selection, map, places } = choosing
  const asked = plan.changedTests
  if (asked === undefined) return { selection, notes: [], problems: [] }
  const stays = (why: string): MapChoice => ({ selection, notes: [`changed-tests: ${why}; the selection stays as it was`], problems: [] })
  if (map === undefined) return stays('the record to compare with has no map (`--baseline` names one that a run with `--coverage` left)')
  const tree = plan.kernelTree?.directory ?? places.workingDirectory
  const read = await readChange({ tree, map, upstream: asked.upstream }, ports)
  if (read.kind === 'unknown') return stays(read.why)
  const chosen = chooseTests(map, read.changes)
  const byRules = await rulesFor(chosen.unknownFiles, plan, places, ports)
  const why = reasonsOf(selection.tests, { chosen, map, byRules })
  const problems = chosen.unreached.map((what) => `No test reaches ${what}, which changed (the map of ${shortCommit(map)}).`)
  const notes = [`changed-tests: ${read.age}`, ...reasonLines(chosen), ...chosenLines(selection.tests, why)]
  if (why.size === 0) return { ...stays('no selected test reaches what changed'), problems }
  return { selection: { ...selection, tests: arrange(selection.tests, asked.mode, why) }, notes, problems }
}

type ReadChange =
  | { readonly kind: 'read'; readonly changes: readonly FileChange[]; readonly age: string }
  | { readonly kind: 'unknown'; readonly why: string }

/** The change in the lines of the map's tree, and how far that is from the change's base. */
async function readChange(
  { tree, map, upstream }: { readonly tree: string; readonly map: Coverage; readonly upstream: string | null },
  ports: Pick<Ports, 'exec' | 'files' | 'runner'>,
): Promise<ReadChange> {
  const git = gitIn(tree, ports)
  const { commit } = map
  if (commit === null || (await git('cat-file', '-e', `${commit}^{commit}`)).code !== 0) {
    return { kind: 'unknown', why: `the map is of ${commit === null ? 'no commit' : shortCommit(map)}, which ${tree} does not have` }
  }
  const base = await changeBase({ upstream: upstreamOf(upstream, ports.runner.env), tree, what: '--changed-tests' }, ports)
  const changes = (await changesSince(base.commit, tree, ports)).filter(({ file, oldFile }) => /\.[ch]$/.test(oldFile ?? file ?? ''))
  const between = commit === base.commit ? [] : await changesSince(commit, tree, ports, base.commit)
  const moved = changes.map((change) => translateChange(change, between))
  return { kind: 'read', changes: moved, age: await ageOf({ git, map, base: base.commit, changes, between }) }
}

async function ageOf(given: {
  readonly git: ReturnType<typeof gitIn>
  readonly map: Coverage
  readonly base: string
  readonly changes: readonly FileChange[]
  readonly between: readonly FileChange[]
}): Promise<string> {
  const { git, map, base, changes, between } = given
  const dirty = map.isDirty ? ', with changes that were not committed' : ''
  if (map.commit === base) return `the map is of the change's own base, ${shortCommit(map)}${dirty}`
  const counted = await git('rev-list', '--left-right', '--count', `${map.commit}...${base}`)
  const [behind = '?', ahead = '?'] = counted.stdout.trim().split(/\s+/).reverse()
  const differs = changes.filter(({ oldFile }) => oldFile !== null && between.some((each) => each.file === oldFile)).length
  return `the map is of ${shortCommit(map)}${dirty}, ${behind} commits before the change's base${ahead === '0' ? '' : ` and ${ahead} beside it`}; ${differs} of ${changes.length} changed files differ there`
}

function shortCommit({ commit }: Coverage): string {
  return (commit ?? 'no commit').slice(0, 12)
}

/** Which tests the rules name for files the map does not know. */
async function rulesFor(
  files: readonly string[],
  plan: Plan,
  places: Directories,
  ports: Pick<Ports, 'files'>,
): Promise<(test: PlannedTest) => boolean> {
  if (files.length === 0) return () => false
  const scope = scopeOfChange(files, (await readRules(places, ports)).data, plan.suites)
  return ({ suite, groups = [] }) => {
    const part = scope.suites.find((each) => each.suite === suite)
    return part !== undefined && (part.groups.length === 0 || part.groups.some((group) => groups.includes(group)))
  }
}

/** Of each selected test that reaches the change: what of it. A section the map has nothing of is taken as the others are. */
function reasonsOf(
  tests: readonly PlannedTest[],
  { chosen, map, byRules }: { readonly chosen: ChosenTests; readonly map: Coverage; readonly byRules: (test: PlannedTest) => boolean },
): ReadonlyMap<string, readonly string[]> {
  const sections = new Set(map.tests.map(sectionKey))
  const why = new Map<string, readonly string[]>()
  for (const test of tests) {
    const isKnown = sections.has(sectionKey(test))
    const found = chosen.tests.filter(
      (each) => each.suite === test.suite && each.name === test.name && (!isKnown || each.section === test.section),
    )
    const reasons = [
      ...new Set(found.flatMap(({ because }) => because)),
      ...(byRules(test) ? [`the rules, for ${chosen.unknownFiles.join(', ')}`] : []),
    ]
    if (reasons.length > 0) why.set(testKey(test), reasons)
  }
  return why
}

/** Sections stay together. */
function arrange(tests: readonly PlannedTest[], mode: 'first' | 'only', why: ReadonlyMap<string, unknown>): PlannedTest[] {
  const reaches = (test: PlannedTest) => why.has(testKey(test))
  if (mode === 'only') return tests.filter(reaches)
  const sections = [...new Set(tests.map(sectionKey))]
  return sections.flatMap((key) => {
    const own = tests.filter((test) => sectionKey(test) === key)
    return [...own.filter(reaches), ...own.filter((test) => !reaches(test))]
  })
}

function reasonLines({ reasons }: ChosenTests): readonly string[] {
  return reasons.map(({ what, tests }) => `  ${what}: ${tests === 0 ? 'no test reaches it' : `${tests} ${tests === 1 ? 'test' : 'tests'}`}`)
}

function chosenLines(tests: readonly PlannedTest[], why: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return tests.flatMap((test) => {
    const reasons = why.get(testKey(test))
    return reasons === undefined ? [] : [`  ${test.section} ${test.name}: ${reasons.join('; ')}`]
  })
}
