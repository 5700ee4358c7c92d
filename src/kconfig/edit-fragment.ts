import { parseConfigLine } from './dot-config.js'

/** A setting for a fragment; a null value takes the option out of it, so that what the rest asks for holds. */
export interface Setting {
  readonly name: string
  readonly value: string | null
}

const VALUE = /^(?:[ymn]|-?\d+|0x[0-9a-f]+|".*")$/i

/** `CONFIG_XFS_DEBUG=y`, the prefix left out or not; null where it is no such thing. */
export function parseSetting(text: string): { readonly name: string; readonly value: string } | null {
  const match = /^(?:CONFIG_)?([A-Z0-9][A-Za-z0-9_]*)=(.+)$/.exec(text)
  return match?.[1] !== undefined && match[2] !== undefined && VALUE.test(match[2]) ? { name: `CONFIG_${match[1]}`, value: match[2] } : null
}

/** What is wrong with the lines of a fragment: merge_config.sh passes over a line it does not know, and says nothing. */
export function fragmentProblems(text: string): readonly string[] {
  return text.split('\n').flatMap((line, index) => {
    const option = parseConfigLine(line)
    if (option === null) {
      if (/^\s*(?:#.*)?$/.test(line)) return []
      const meant = parseSetting(withoutBlanks(line))
      return [`line ${index + 1}, \`${line.trim()}\`, is no option${meant === null ? '' : ` (did you mean \`${settingLine(meant)}\`?)`}.`]
    }
    if (VALUE.test(option.value)) return []
    return [`line ${index + 1}: \`${option.value}\` is no value of ${option.name}: y, m, n, a number or a "text", and nothing after it.`]
  })
}

/** `A = y` as `A=y`. */
function withoutBlanks(line: string): string {
  const [name = '', ...value] = line.split('=')
  return value.length === 0 ? name.trim() : `${name.trim()}=${value.join('=').trim()}`
}

function settingLine({ name, value }: { readonly name: string; readonly value: string }): string {
  return value === 'n' ? `# ${name} is not set` : `${name}=${value}`
}

/** The fragment with these settings: an option that is there keeps its line, a new one comes last; comments stay. */
export function setInFragment(text: string, settings: readonly Setting[]): string {
  const wanted = new Map(settings.map((setting) => [setting.name, setting]))
  const lines = text.replace(/\n$/, '').split('\n')
  const kept = (text === '' ? [] : lines).flatMap((line) => {
    const option = parseConfigLine(line)
    const setting = option === null ? undefined : wanted.get(option.name)
    if (setting === undefined) return [line]
    wanted.delete(setting.name)
    return setting.value === null ? [] : [settingLine({ ...setting, value: setting.value })]
  })
  const added = [...wanted.values()].flatMap(({ name, value }) => (value === null ? [] : [settingLine({ name, value })]))
  return [...kept, ...added].map((line) => `${line}\n`).join('')
}

/**
 * What a person changed in a menu, from what `make savedefconfig` makes of the configuration before and after: only what was chosen,
 * not what follows from it by `select` and `default`.
 * @param after the whole configuration: an option no longer in the saved one has its default now, which is then asked for by name
 */
export function settingsMade(
  saved: { readonly before: ReadonlyMap<string, string>; readonly after: ReadonlyMap<string, string> },
  after: ReadonlyMap<string, string>,
): readonly Setting[] {
  const chosen = [...saved.after].filter(([name, value]) => saved.before.get(name) !== value)
  const left = [...saved.before.keys()].filter((name) => !saved.after.has(name))
  return [
    ...chosen.map(([name, value]): Setting => ({ name, value })),
    ...left.map((name): Setting => ({ name, value: after.get(name) ?? 'n' })),
  ]
}
