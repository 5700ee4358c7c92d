import type { Inputs } from '../domain/inputs.js'
import type { Plan } from '../domain/plan.js'
import type { TestId } from '../domain/test.js'

/** One word as a POSIX shell reads it back. */
export function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

/** The part of the command that says what is tested, without the choice of tests. */
function subject(inputs: Inputs, { bundle, suites }: Pick<Plan, 'bundle' | 'suites'>, kernelTree: readonly string[]): readonly string[] {
  const words: string[] = []
  switch (bundle.kind) {
    case 'flake':
      if (bundle.flake !== '.') words.push('--flake', bundle.flake)
      if (bundle.attribute !== 'vmtest') words.push('--attribute', bundle.attribute)
      if (bundle.impure) words.push('--impure')
      break
    case 'path':
      words.push('--bundle', bundle.path)
      break
    case 'offline':
      words.push('--bundle', 'offline')
      if (bundle.architecture !== undefined) words.push('--architecture', bundle.architecture)
      break
  }
  const { kernel } = inputs
  if (kernel !== null) {
    words.push('--kernel', kernel.image)
    if (kernel.modules !== undefined) words.push('--modules', kernel.modules)
  }
  words.push(...kernelTree)
  // Of several suites one test is of one: `reproduceTest` says which.
  if (suites.length < 2) {
    for (const [name, tree] of Object.entries(inputs.trees)) words.push(`--${name}`, tree)
    for (const target of inputs.kselftestTargets) words.push('--kselftest-targets', target)
    if (inputs.suites.length > 0) words.push('--suite', inputs.suites.join(' '))
  }
  if (inputs.localConfig !== null) words.push('--local-config', inputs.localConfig)
  if (typeof inputs.diskSizeMiB === 'number') words.push('--disk-size', String(inputs.diskSizeMiB))
  if (!inputs.emulationTuning) words.push('--no-emulation-tuning')
  return words
}

/** The command that runs the same again, `@TESTS@` standing where the choice of tests goes. @param kernelTree words that choose the tree */
export function reproduceCommand(inputs: Inputs, plan: Pick<Plan, 'bundle' | 'suites'>, kernelTree: readonly string[]): string {
  return ['vmtest', 'run', ...subject(inputs, plan, kernelTree).map(shellWord), TESTS].join(' ')
}

const TESTS = '@TESTS@'

/** The command that runs one test again, as CI ran it. */
export function reproduceTest(plan: Pick<Plan, 'reproduce' | 'suites' | 'trees'>, { suite, section, name }: TestId): string {
  const tree = plan.trees[suite]
  const chosen = plan.suites.length < 2 ? [] : [...(tree === undefined ? [] : [`--${suite}`, tree]), '--suite', suite]
  return plan.reproduce.replace(TESTS, () => [...chosen, '-s', section, name].map(shellWord).join(' '))
}
