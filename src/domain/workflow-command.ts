/**
 * True where the runner of GitHub Actions could take a line for a command: `::NAME …::` after white space of any length and kind, `##[NAME …]`
 * anywhere (actions/runner, ActionCommand.cs; .NET's white space has U+0085).
 */
export function holdsWorkflowCommand(text: string): boolean {
  return /^(?:[^\S\r\n\u2028\u2029]|\u0085)*::/m.test(text) || text.includes('##[')
}
