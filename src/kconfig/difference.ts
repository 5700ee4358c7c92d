import type { Section } from '../domain/section.js'
import { isEnabled, type KernelConfig } from './dot-config.js'
import { explainLost } from './explain-lost.js'
import { type ConfigFragment, lostOptions, mergeFragments } from './fragments.js'
import type { KconfigDeclaration } from './kconfig-declarations.js'
import { missingOptions } from './section-options.js'

/** What a `.config` lacks of what is asked for, and what that costs. */
export interface ConfigDifference {
  readonly asked: number
  readonly lacking: readonly {
    readonly option: string
    readonly wanted: string
    readonly actual: string
    readonly fragment: string
    readonly line: number
    readonly explanation: string
  }[]
  /** Sections that are refused before booting. */
  readonly sections: readonly { readonly name: string; readonly missing: readonly string[] }[]
  /** Tests that will decline, by the option they ask for; null where no tree of tests was given. */
  readonly notrun: readonly { readonly option: string; readonly tests: readonly string[] }[] | null
}

/** A test and the options its source asks for. */
export interface TestOptions {
  readonly name: string
  readonly options: readonly string[]
}

/**
 * Holds a `.config` against fragments, sections and tests.
 * @param parts `declarations` of the tree's Kconfig files (empty: no reasons are given); `testNeeds` of the tests that the sections run, null where none are known
 */
export function configDifference(
  config: KernelConfig,
  parts: {
    readonly fragments: readonly ConfigFragment[]
    readonly sections: readonly Section[]
    readonly declarations: readonly KconfigDeclaration[]
    readonly testNeeds: readonly TestOptions[] | null
  },
): ConfigDifference {
  const merged = mergeFragments(parts.fragments)
  const lacking = lostOptions(merged, config).map((lost) => ({
    option: lost.requested.name,
    wanted: lost.requested.value,
    actual: lost.actual,
    fragment: lost.requested.fragment,
    line: lost.requested.line,
    explanation: explainLost(lost, config, parts.declarations),
  }))
  const sections = parts.sections.flatMap((section) => {
    const missing = missingOptions(section, config)
    return missing.length === 0 ? [] : [{ name: section.name, missing }]
  })
  const { testNeeds } = parts
  return { asked: merged.options.size, lacking, sections, notrun: testNeeds && notrunByOption(testNeeds, config) }
}

function notrunByOption(needs: readonly TestOptions[], config: KernelConfig): NonNullable<ConfigDifference['notrun']> {
  const byOption = new Map<string, string[]>()
  for (const { name, options } of needs) {
    for (const option of options) if (!isEnabled(config, option)) byOption.set(option, [...(byOption.get(option) ?? []), name])
  }
  return [...byOption].map(([option, tests]) => ({ option, tests })).sort((a, b) => b.tests.length - a.tests.length)
}

/** The difference for a reader. */
export function differenceText(difference: ConfigDifference): string {
  const { asked, lacking, sections, notrun } = difference
  const lines = [lacking.length === 0 ? `All ${asked} options are there.` : `${lacking.length} of ${asked} options are not as asked:`]
  for (const { explanation } of lacking) lines.push(`  ${explanation}`)
  if (sections.length > 0) lines.push('', 'Sections that cannot run:')
  for (const { name, missing } of sections) lines.push(`  ${name}: lacks ${missing.join(', ')}`)
  if (notrun !== null && notrun.length > 0) lines.push('', 'Tests that will be notrun:')
  for (const { option, tests } of notrun ?? []) lines.push(`  ${option} (${tests.length}): ${tests.join(' ')}`)
  return `${lines.join('\n')}\n`
}
