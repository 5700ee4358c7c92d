import { randomUUID } from 'node:crypto'
import { holdsWorkflowCommand } from '../domain/workflow-command.js'

/**
 * Fences text that holds such a line, where GITHUB_ACTIONS says that a runner reads it: between `::stop-commands::TOKEN` and `::TOKEN::` it obeys
 * none. The token is random, so that no text can hold it. Other text is left alone: JSON is read by programs.
 */
export function fencing(
  env: Readonly<Record<string, string | undefined>>,
  token: () => string = () => `vmtest-${randomUUID()}`,
): (text: string) => string {
  if (env.GITHUB_ACTIONS !== 'true') return (text) => text
  return (text) => {
    if (!holdsWorkflowCommand(text)) return text
    const word = token()
    return `::stop-commands::${word}\n${text}${text.endsWith('\n') ? '' : '\n'}::${word}::\n`
  }
}
