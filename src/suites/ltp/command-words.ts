/** What of a shell's own stands where a program may: it begins another command. */
const KEYWORDS: ReadonlySet<string> = new Set(['if', 'then', 'else', 'elif', 'while', 'until', 'do', '{', '(', '!'])
/** After these no program follows in the same command. */
const NO_PROGRAM: ReadonlySet<string> = new Set(['for', 'case', 'select', 'function', 'fi', 'done', 'esac', '}', ')', 'in'])
/** Built-ins that run the program they are given. */
const RUNNERS: ReadonlySet<string> = new Set(['exec', 'command', 'eval', 'builtin'])
const BUILT_INS: ReadonlySet<string> = new Set([
  ...['.', ':', '[', 'alias', 'bg', 'break', 'cd', 'continue', 'echo', 'exit', 'export', 'false', 'fg', 'getopts', 'hash', 'jobs', 'kill'],
  ...['let', 'local', 'printf', 'pwd', 'read', 'readonly', 'return', 'set', 'shift', 'source', 'test', 'times', 'trap', 'true', 'type'],
  ...['ulimit', 'umask', 'unalias', 'unset', 'wait'],
])

/**
 * The programs a shell would start for a line, in order and each once: the first word of every command of it that is neither of the shell's own nor
 * made while it runs (`$program`). What stands in quotes, or in a substitution, is an argument.
 */
export function programsOfCommand(command: string): readonly string[] {
  const programs = new Set<string>()
  for (const words of simpleCommands(command)) {
    const program = programOf(words)
    if (program !== null) programs.add(program)
  }
  return [...programs]
}

function programOf(words: readonly string[]): string | null {
  for (const word of words) {
    if (NO_PROGRAM.has(word)) return null
    // What precedes a program: `NAME=VALUE`, the options of `exec`.
    if (KEYWORDS.has(word) || RUNNERS.has(word) || /^[A-Za-z_]\w*=/.test(word) || word.startsWith('-')) continue
    return BUILT_INS.has(word) || !/^[\w.+/-]+$/.test(word) ? null : word
  }
  return null
}

/** A quoted or substituted part, an escape, an operator, a redirection with its file, a blank or a bit of a word; each alternative takes at least one character. */
const PART =
  /'[^']*'?|"(?:[^"\\]|\\.)*"?|`[^`]*`?|\$\([^)]*\)?|\\.?|\d*(?:[<>]&|&?>>?|<<?)\s*[^\s|;&<>()]*|[|;&\n]+|[()]|\s+|[^\s'"`$\\|;&()<>]+|[\s\S]/g

/** The words of each command of a line, between `|`, `;`, `&` and parentheses. */
function simpleCommands(command: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  let word = ''
  const endWord = () => {
    if (word !== '') commands.at(-1)?.push(word)
    word = ''
  }
  for (const [part] of command.matchAll(PART)) {
    if (/^\s+$/.test(part) && !part.includes('\n')) endWord()
    else if (/^[|;&\n()]/.test(part)) {
      endWord()
      commands.push([])
    } else if (/^\d*[<>&]/.test(part)) endWord()
    else if (part.startsWith('#') && word === '') break
    else word += /^['"]/.test(part) ? part.replace(/^(['"])([\s\S]*?)\1?$/, '$2') || ' ' : part
  }
  endWord()
  return commands
}
