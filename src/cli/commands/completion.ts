import { Argument } from 'commander'
import { completeWords } from '../completion/complete.js'
import { knownNames } from '../completion/known-names.js'
import { COMPLETE_COMMAND, completionScript, SHELLS, type Shell, WORD_SEPARATOR } from '../completion/shells.js'
import type { AddCommand } from '../context.js'

/** `vmtest completion SHELL`: the script for the shell, which asks the hidden command for every word. */
export const completionCommand: AddCommand = (program, context) => {
  program
    .command('completion')
    .description('print the script that makes a shell complete commands, options, sections, groups and tests')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExamples:\n  eval "$(vmtest completion bash)"          in ~/.bashrc\n  eval "$(vmtest completion zsh)"           in ~/.zshrc, after compinit\n  vmtest completion fish | source           in ~/.config/fish/config.fish',
    )
    .action((shell: Shell) => {
      context.stdout.write(completionScript(shell))
    })

  program
    .command(COMPLETE_COMMAND, { hidden: true })
    .argument('<line>')
    .action(async (line: string) => {
      const words = line.split(WORD_SEPARATOR).slice(1)
      const candidates = await completeWords(program, words, knownNames(words, context))
      for (const { word, description } of candidates) context.stdout.write(`${word}\t${description}\n`)
    })
}
