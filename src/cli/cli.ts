import { Command } from 'commander'
import { UserError } from '../domain/errors.js'
import { nearest } from '../plan/suggest.js'
import { againCommand } from './commands/again.js'
import { attachCommand } from './commands/attach.js'
import { bisectCommand } from './commands/bisect.js'
import { classifyCommand } from './commands/classify.js'
import { completionCommand } from './commands/completion.js'
import { configCommand } from './commands/config.js'
import { demoCommand } from './commands/demo.js'
import { execCommand } from './commands/exec.js'
import { expectationsCommand } from './commands/expectations.js'
import { historyCommand } from './commands/history.js'
import { initCommand } from './commands/init.js'
import { listCommand } from './commands/list.js'
import { mergeCommand } from './commands/merge.js'
import { planCommand } from './commands/plan.js'
import { probeCommand } from './commands/probe.js'
import { reportCommand } from './commands/report.js'
import { runCommand } from './commands/run.js'
import { seriesCommand } from './commands/series.js'
import { shellCommand } from './commands/shell.js'
import { watchCommand } from './commands/watch.js'
import type { AddCommand, CliContext } from './context.js'
import { EXIT } from './exit-codes.js'
import { reportError } from './report-error.js'

const COMMANDS: readonly AddCommand[] = [
  runCommand,
  againCommand,
  watchCommand,
  listCommand,
  planCommand,
  mergeCommand,
  demoCommand,
  reportCommand,
  classifyCommand,
  probeCommand,
  shellCommand,
  attachCommand,
  execCommand,
  initCommand,
  historyCommand,
  expectationsCommand,
  configCommand,
  bisectCommand,
  seriesCommand,
  completionCommand,
]

const EXAMPLES = `
Examples:
  vmtest                               in a kernel tree: build it, boot it, run the default tests
  vmtest -s xfs generic/001 'xfs/00?'  these tests in this section
  vmtest --changed                     what the change is about
  vmtest again                         what failed
  vmtest watch generic/475             on each save
`

/** The whole command line, as the help, the reference, the man page and the completion describe it. */
export function createProgram(context: CliContext, finish: (exitCode: number) => void): Command {
  const program = new Command('vmtest')
    .description('Boot a VM with the Linux kernel under test and run its test suites.')
    .version(context.toolVersion)
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.stdout.write(text), writeErr: (text) => context.stderr.write(text) })
    .showHelpAfterError('(see `vmtest --help`, `vmtest COMMAND --help`)')
    .addHelpText(
      'after',
      `${EXAMPLES}\nExit codes: 0 passed, 1 tests failed, 2 usage, 65 does not build, 69 could not test, 130 cancelled.`,
    )
  for (const add of COMMANDS) add(program, context, finish)
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program)
  return program
}

/**
 * Without a command `run` is meant, and a misspelt one would be looked for among the tests, after a build. Words that no test's name
 * can be (`generic`, `001`) are left to the search for tests, which knows more of them.
 * @throws UserError where the first word is nearly a command's name
 */
function refuseMisspelt(argv: readonly string[], program: Command): void {
  const [word = ''] = argv
  const names = [...program.commands.map((command) => command.name()), 'help']
  if (!/^[a-z]{3,}$/i.test(word) || names.includes(word)) return
  const meant = nearest(word, names)
  // A slip is seldom in the first letter; `test` is not `list`.
  if (meant === null || meant[0] !== word[0]) return
  throw new UserError(
    `\`${word}\` is no command.`,
    `Did you mean \`vmtest ${[meant, ...argv.slice(1)].join(' ')}\`? \`vmtest --help\` lists them.`,
  )
}

/** Runs one command line and gives its exit code. The one catch for everything below. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = EXIT.passed
  const program = createProgram(context, (code) => {
    exitCode = code
  })
  try {
    refuseMisspelt(argv, program)
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    return reportError(error, context)
  }
}
