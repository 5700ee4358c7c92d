import { type KernelConfig, optionValue, parseConfigLine } from './dot-config.js'

/** A kconfig fragment as read from its file. */
export interface ConfigFragment {
  /** For messages: the file's name without `.config`. */
  readonly name: string
  readonly text: string
}

/** One requested option and where it was requested. */
export interface RequestedOption {
  readonly name: string
  readonly value: string
  readonly fragment: string
  /** 1-based. */
  readonly line: number
}

/** A later fragment that changed an earlier one's mind. */
export interface Redefinition {
  readonly before: RequestedOption
  readonly after: RequestedOption
}

/** What several fragments ask for together. */
export interface MergedFragments {
  readonly options: ReadonlyMap<string, RequestedOption>
  readonly redefinitions: readonly Redefinition[]
}

/** Merges fragments in order, the later one winning, as the kernel's scripts/kconfig/merge_config.sh does. */
export function mergeFragments(fragments: readonly ConfigFragment[]): MergedFragments {
  const options = new Map<string, RequestedOption>()
  const redefinitions: Redefinition[] = []
  for (const fragment of fragments) {
    for (const [index, line] of fragment.text.split('\n').entries()) {
      const option = parseConfigLine(line)
      if (option === null) continue
      const after: RequestedOption = { ...option, fragment: fragment.name, line: index + 1 }
      const before = options.get(option.name)
      if (before !== undefined && before.value !== after.value) redefinitions.push({ before, after })
      options.set(option.name, after)
    }
  }
  return { options, redefinitions }
}

/** The merged options as a configuration: what `make olddefconfig` starts from, on top of its base. */
export function requestedConfig(merged: MergedFragments): KernelConfig {
  return new Map([...merged.options].map(([name, option]) => [name, option.value]))
}

/**
 * A configuration with what the fragments ask for in it. What is asked stands last, as merge_config.sh has it: of a choice (KERNEL_XZ,
 * KERNEL_GZIP) the last `=y` of the file wins.
 */
export function mergeInto(config: KernelConfig, asked: KernelConfig): KernelConfig {
  return new Map([...[...config].filter(([name]) => !asked.has(name)), ...asked])
}

/** An option that `make olddefconfig` left other than it was requested. */
export interface LostOption {
  readonly requested: RequestedOption
  /** `n` where the resulting configuration does not mention the option. */
  readonly actual: string
  /** False where the resulting configuration does not mention the option: unknown to this kernel, or its dependencies are not met. */
  readonly mentioned: boolean
}

/**
 * The requested options that did not survive. A module asked for and built in instead is no loss, the other way round is one:
 * a built-in part was asked for because nothing loads modules that early.
 */
export function lostOptions(merged: MergedFragments, actual: KernelConfig): readonly LostOption[] {
  const lost: LostOption[] = []
  for (const requested of merged.options.values()) {
    const value = optionValue(actual, requested.name)
    if (sameValue(requested.value, value)) continue
    lost.push({ requested, actual: value, mentioned: actual.has(requested.name) })
  }
  return lost
}

function sameValue(requested: string, actual: string): boolean {
  if (requested === actual) return true
  if (requested === 'm' && actual === 'y') return true
  // `0x1` and `1` are one value of a hex option; olddefconfig keeps the first spelling, a .config from elsewhere may not.
  return /^(0x)?[0-9a-f]+$/i.test(requested) && /^(0x)?[0-9a-f]+$/i.test(actual) && Number(requested) === Number(actual)
}
