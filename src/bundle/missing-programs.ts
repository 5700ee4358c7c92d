import committed from '../../nix/suites/fstests/wanted.json' with { type: 'json' }
import type { Ports } from '../ports/index.js'
import { readWantedPrograms, type WantedProgram } from '../suites/fstests/index.js'
import { ABSENT_PROGRAMS, debianPackageOf } from './guest-programs.js'
import { hasProgram } from './host-tree.js'

/** A program fstests looks for that this machine's offline guest lacks, and what it costs. */
export interface MissingProgram {
  readonly program: string
  /** Debian's and Ubuntu's package; null where they have none. */
  readonly package: string | null
  /** Tests that decline (`notrun`) without it. */
  readonly tests: number
}

/** What fstests' tests look for: of a tree, or of the revision nix/suites/fstests/wanted.json was made from. */
async function wantedPrograms(tree: string | null, ports: Pick<Ports, 'files'>): Promise<readonly { program: string; tests: number }[]> {
  if (tree === null) return Object.entries(committed.tests).map(([program, tests]) => ({ program, tests }))
  const wanted: readonly WantedProgram[] = await readWantedPrograms(ports.files, tree)
  return wanted.map(({ program, tests }) => ({ program, tests: tests.length }))
}

/**
 * The programs that fstests' tests look for and this machine does not have, those that cost most first. What no guest of ours
 * has (the table's `absent`) is left out, and what no test declines for.
 * @param tree an fstests tree, or null: as of the revision in nix/suites/fstests/wanted.json
 */
export async function missingPrograms(tree: string | null, ports: Pick<Ports, 'exec' | 'files'>): Promise<readonly MissingProgram[]> {
  const missing: MissingProgram[] = []
  for (const { program, tests } of await wantedPrograms(tree, ports)) {
    if (tests === 0 || ABSENT_PROGRAMS.has(program) || (await hasProgram(ports, program))) continue
    missing.push({ program, package: debianPackageOf(program), tests })
  }
  return missing.sort((left, right) => right.tests - left.tests || (left.program < right.program ? -1 : 1))
}

/** For people: what is missing, its package and its price, and the command that installs it. Empty where nothing is missing. */
export function describeMissing(missing: readonly MissingProgram[]): readonly string[] {
  if (missing.length === 0) return []
  const packages = [...new Set(missing.flatMap((entry) => (entry.package === null ? [] : [entry.package])))].sort()
  const described = missing.map(({ program, package: owner, tests }) => {
    const from = owner === null ? 'in no package' : owner === program ? '' : `in ${owner}`
    return `${program} (${[from, `${tests} ${tests === 1 ? 'test' : 'tests'}`].filter((part) => part !== '').join(', ')})`
  })
  return [
    `Some tests of fstests decline here, for want of these programs: ${described.join(', ')}.`,
    ...(packages.length === 0
      ? []
      : [`What Debian and Ubuntu have of them is installed, as root, by: \`apt-get install ${packages.join(' ')}\``]),
  ]
}
