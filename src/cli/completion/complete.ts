import { type Argument, type Command, Help, type Option } from 'commander'

/** A word the shell may offer, with what it means. */
export interface Candidate {
  readonly word: string
  readonly description: string
}

/** Names that are not in the program: of sections, groups, tests and fragments of a kernel's configuration. Empty where they are not cheap to know. */
export interface KnownNames {
  sections(): Promise<readonly Candidate[]>
  groups(): Promise<readonly Candidate[]>
  tests(): Promise<readonly Candidate[]>
  fragments(): Promise<readonly Candidate[]>
  /** Tests of earlier runs. */
  pastTests(): Promise<readonly Candidate[]>
  /** Directories of earlier runs, the last one first. */
  runs(): Promise<readonly Candidate[]>
}

/** The command that `vmtest` alone is. */
const DEFAULT_COMMAND = 'run'

/**
 * What may stand where the cursor is, from the program itself, so that a new option completes without further work.
 * @param words the words of the line after `vmtest`; the last one is the one being typed, perhaps empty
 * @returns candidates that begin with that word; none where a file may stand, which the shell completes better
 */
export async function completeWords(program: Command, words: readonly string[], known: KnownNames): Promise<readonly Candidate[]> {
  const line = joinCut(words)
  const typed = line.at(-1) ?? ''
  const before = line.slice(0, -1)
  const named = before.length === 0 ? undefined : program.commands.find((command) => command.name() === before[0])
  // A command of commands: the words after its name are a line of its own.
  if (named !== undefined && named.commands.length > 0) return completeBelow(named, words.slice(1), known)
  const command = named ?? program.commands.find((each) => each.name() === DEFAULT_COMMAND) ?? program
  const { pending, operands } = readLine(command, named === undefined ? before : before.slice(1))

  const startingWith = (candidates: readonly Candidate[], prefix = typed) => candidates.filter(({ word }) => word.startsWith(prefix))
  if (pending !== undefined) return startingWith(await valuesOf(pending, known))
  const equals = /^(--[^=]+=)(.*)$/s.exec(typed)
  if (equals !== null) {
    const [, head = '', value = ''] = equals
    const option = optionNamed(command, head.slice(0, -1))
    const values = option === undefined ? [] : await valuesOf(option, known)
    return startingWith(values, value).map(({ word, description }) => ({ word: head + word, description }))
  }
  if (typed.startsWith('-')) return startingWith(optionsOf(command, named === undefined && before.length === 0 ? program : null))
  if (before.length === 0) {
    const tests = /[/:]/.test(typed) ? await known.tests() : []
    return startingWith([...commandsOf(program), ...tests])
  }
  if (named === undefined && before[0] === 'help') return startingWith(commandsOf(program))
  return startingWith(await operandsOf(command, argumentAt(command, operands), known))
}

/** Of `config show …`: the commands there are, or what stands behind the one that is named. */
async function completeBelow(above: Command, words: readonly string[], known: KnownNames): Promise<readonly Candidate[]> {
  const [name = '', ...rest] = joinCut(words)
  if (rest.length === 0) return commandsOf(above).filter(({ word }) => word.startsWith(name) && word !== 'help')
  const command = above.commands.find((each) => each.name() === name)
  const typed = rest.at(-1) ?? ''
  if (command === undefined) return []
  const { pending, operands } = readLine(command, rest.slice(0, -1))
  const candidates =
    pending !== undefined
      ? await valuesOf(pending, known)
      : typed.startsWith('-')
        ? optionsOf(command, null)
        : await operandsOf(command, argumentAt(command, operands), known)
  return candidates.filter(({ word }) => word.startsWith(typed))
}

/** bash hands `--option=value` and `a:b` over as three words each. */
function joinCut(words: readonly string[]): readonly string[] {
  const joined: string[] = []
  let isCut = false
  for (const [index, word] of words.entries()) {
    const option = joined.at(-1)
    if (option !== undefined && (word === ':' || isCut)) {
      joined[joined.length - 1] = option + word
      isCut = word === ':'
      continue
    }
    if (word === '=' && option?.startsWith('--') && !option.includes('=')) {
      if (index === words.length - 1) joined.push('')
      continue
    }
    joined.push(word)
  }
  return joined
}

/** The option whose value comes next, if any, and how many operands stand before. */
function readLine(command: Command, words: readonly string[]): { pending: Option | undefined; operands: number } {
  let pending: Option | undefined
  let operands = 0
  for (const word of words) {
    if (pending !== undefined) pending = undefined
    else if (word.startsWith('-')) {
      const option = optionNamed(command, word)
      pending = option?.required ? option : undefined
    } else operands++
  }
  return { pending, operands }
}

const optionNamed = (command: Command, word: string) => command.options.find(({ long, short }) => word === long || word === short)

const commandsOf = (program: Command) =>
  new Help().visibleCommands(program).map((command) => ({ word: command.name(), description: brief(command.description()) }))

function optionsOf(command: Command, also: Command | null): readonly Candidate[] {
  const help = new Help()
  const options = [...help.visibleOptions(command), ...(also === null ? [] : help.visibleOptions(also))]
  const candidates = options.map((option) => ({ word: option.long ?? option.flags, description: brief(option.description) }))
  return candidates.filter(({ word }, index) => candidates.findIndex((other) => other.word === word) === index)
}

async function valuesOf(option: Option, known: KnownNames): Promise<readonly Candidate[]> {
  if (['--kconfig', '--set', '--drop'].includes(option.long ?? '')) return known.fragments()
  if (option.long === '--run') return known.runs()
  if (option.long === '--section') return known.sections()
  if (option.long === '--group' || option.long === '--exclude-group') return known.groups()
  return choicesOf(option).map((word) => ({ word, description: '' }))
}

/** Words a value may be, which the flags name: `--accelerator <auto|kvm|tcg>`. */
export function choicesOf({ flags, argChoices }: Option): readonly string[] {
  if (argChoices !== undefined) return argChoices
  const choices = /<([^<>]+)>/.exec(flags)?.[1]?.split('|') ?? []
  return choices.length < 2 ? [] : choices.filter((choice) => choice !== 'number')
}

const argumentAt = (command: Command, index: number): Argument | undefined => {
  const last = command.registeredArguments.at(-1)
  return command.registeredArguments[index] ?? (last?.variadic ? last : undefined)
}

async function operandsOf(command: Command, argument: Argument | undefined, known: KnownNames): Promise<readonly Candidate[]> {
  if (argument?.argChoices !== undefined) return argument.argChoices.map((word) => ({ word, description: '' }))
  const name = argument?.name()
  if (name === 'names') return [...(await known.sections()), ...(await known.fragments())]
  if (command.name() === 'history') return known.pastTests()
  if (command.name() === 'report' && name === 'directory') return known.runs()
  return name === 'tests' || name === 'test' ? known.tests() : []
}

/** The first sentence, short enough to stand beside a word. */
function brief(description: string): string {
  const sentence = description.split(/\.\s|\n/)[0] ?? ''
  return sentence.length > 70 ? `${sentence.slice(0, 69)}…` : sentence
}
