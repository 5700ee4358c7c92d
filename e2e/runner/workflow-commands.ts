/** A workflow command as the runner reads it from a line of output. */
export interface WorkflowCommand {
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly data: string
}

export interface IssuedAnnotation {
  readonly level: 'error' | 'warning' | 'notice'
  readonly message: string
  readonly title: string | null
  readonly file: string | null
  readonly line: number | null
}

const COMMANDS = new Set([
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
])

const unescapeData = (text: string) => text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
const unescapeProperty = (text: string) => unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','))
const unescapeOld = (text: string) =>
  text.replaceAll('%3B', ';').replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%5D', ']').replaceAll('%25', '%')

/** `::name key=value,…::data` at a line's beginning, else `##[name key=value;…]data` anywhere in it (ActionCommand.cs). */
export function parseWorkflowCommand(line: string, known: ReadonlySet<string>): WorkflowCommand | null {
  return parseNew(line, known) ?? parseOld(line, known)
}

function parseNew(line: string, known: ReadonlySet<string>): WorkflowCommand | null {
  const trimmed = line.trimStart()
  if (!trimmed.startsWith('::')) return null
  const end = trimmed.indexOf('::', 2)
  if (end < 0) return null
  const { name, rest } = splitName(trimmed.slice(2, end))
  if (!known.has(name.toLowerCase())) return null
  return { name: name.toLowerCase(), properties: parseProperties(rest, ',', unescapeProperty), data: unescapeData(trimmed.slice(end + 2)) }
}

function parseOld(line: string, known: ReadonlySet<string>): WorkflowCommand | null {
  const start = line.indexOf('##[')
  const end = start < 0 ? -1 : line.indexOf(']', start)
  if (end < 0) return null
  const { name, rest } = splitName(line.slice(start + 3, end))
  if (!known.has(name.toLowerCase())) return null
  return { name: name.toLowerCase(), properties: parseProperties(rest, ';', unescapeOld), data: unescapeOld(line.slice(end + 1)) }
}

function splitName(head: string): { name: string; rest: string } {
  const space = head.indexOf(' ')
  return space < 0 ? { name: head, rest: '' } : { name: head.slice(0, space), rest: head.slice(space + 1).trim() }
}

function parseProperties(text: string, separator: string, decode: (text: string) => string): Record<string, string> {
  const pairs = text.split(separator).flatMap((pair): [string, string][] => {
    const equals = pair.indexOf('=')
    return equals <= 0 ? [] : [[pair.slice(0, equals).trim(), decode(pair.slice(equals + 1))]]
  })
  return Object.fromEntries(pairs)
}

/** The runner cuts longer messages (ExecutionContext.cs). */
const MESSAGE_LIMIT = 4096
/** Annotations of a level one step can have; further ones are only logged. */
const ANNOTATION_LIMIT = 10

/** What a step's output does to its job, line by line. */
export class CommandProcessor {
  readonly annotations: IssuedAnnotation[] = []
  readonly masks = new Set<string>()
  readonly environment = new Map<string, string>()
  readonly outputs = new Map<string, string>()
  readonly state = new Map<string, string>()
  /** Titles in order; nesting is not kept, as in the log viewer. */
  readonly groups: string[] = []
  /** Every command obeyed, for tests that say none must be. */
  readonly obeyed: WorkflowCommand[] = []
  #stopToken: string | null = null

  /** The line as the log shows it, or null where it does not appear there. */
  take(line: string): string | null {
    const known = this.#stopToken === null ? COMMANDS : new Set([...COMMANDS, this.#stopToken.toLowerCase()])
    const command = parseWorkflowCommand(line, known)
    if (command === null) return line
    if (this.#stopToken !== null) {
      if (command.name !== this.#stopToken.toLowerCase()) return line
      this.#stopToken = null
      return null
    }
    this.obeyed.push(command)
    this.#obey(command)
    const shown = ['group', 'endgroup', 'error', 'warning', 'notice'].includes(command.name)
    return shown ? `##[${command.name}]${command.data}` : null
  }

  #obey({ name, data, properties }: WorkflowCommand): void {
    switch (name) {
      case 'stop-commands':
        if (data.trim() === '' || COMMANDS.has(data.toLowerCase()) || data === 'pause-logging')
          throw new Error(`Invalid stop token '${data}'`)
        this.#stopToken = data
        return
      case 'add-mask':
        for (const secret of [data, ...data.split(/[\r\n]+/)]) if (secret.trim() !== '') this.masks.add(secret)
        return
      case 'error':
      case 'warning':
      case 'notice':
        this.#annotate(name, data, properties)
        return
      case 'group':
        this.groups.push(data)
        return
      case 'set-output':
        this.outputs.set(properties.name ?? '', data)
        return
      case 'save-state':
        this.state.set(properties.name ?? '', data)
        return
      // set-env and add-path are disabled since 2020 and do nothing; the others only change how the log looks.
      default:
        return
    }
  }

  #annotate(level: IssuedAnnotation['level'], data: string, properties: Readonly<Record<string, string>>): void {
    if (this.annotations.filter((annotation) => annotation.level === level).length >= ANNOTATION_LIMIT) return
    const line = Number(properties.line)
    this.annotations.push({
      level,
      message: data.slice(0, MESSAGE_LIMIT),
      title: properties.title ?? null,
      file: properties.file ?? null,
      line: Number.isInteger(line) && line > 0 ? line : null,
    })
  }
}
