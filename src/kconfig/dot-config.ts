/** A kernel's options by name (`CONFIG_XFS_FS`): `y`, `m`, `n`, a number, or a string with its quotes. */
export type KernelConfig = ReadonlyMap<string, string>

const assignment = /^(CONFIG_[A-Za-z0-9_]+)=(.*)$/
const unset = /^# (CONFIG_[A-Za-z0-9_]+) is not set$/

/** One line's option and value, or null for a comment or an empty line. */
export function parseConfigLine(line: string): { readonly name: string; readonly value: string } | null {
  const text = line.trimEnd()
  const set = assignment.exec(text)
  if (set?.[1] !== undefined && set[2] !== undefined) return { name: set[1], value: set[2] }
  const not = unset.exec(text)
  return not?.[1] === undefined ? null : { name: not[1], value: 'n' }
}

/**
 * Reads a `.config` or a fragment. An option that is not mentioned is absent from the map, which for a whole `.config` means that
 * the kernel does not know it or cannot offer it; the last of several lines wins, as `make` has it.
 */
export function parseKernelConfig(text: string): KernelConfig {
  const options = new Map<string, string>()
  for (const line of text.split('\n')) {
    const option = parseConfigLine(line)
    if (option !== null) options.set(option.name, option.value)
  }
  return options
}

/** The option's value, `n` where it is absent. */
export function optionValue(config: KernelConfig, name: string): string {
  return config.get(name) ?? 'n'
}

/** True where the option is built in or a module. */
export function isEnabled(config: KernelConfig, name: string): boolean {
  const value = optionValue(config, name)
  return value === 'y' || value === 'm'
}

/** The text of a `.config` with these options, in the map's order. */
export function formatKernelConfig(config: KernelConfig): string {
  const lines = [...config].map(([name, value]) => (value === 'n' ? `# ${name} is not set` : `${name}=${value}`))
  return lines.map((line) => `${line}\n`).join('')
}
