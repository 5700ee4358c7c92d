/**
 * The options that a `config` file beside test programs asks for, such as `CONFIG_USER_NS`: those it wants built in or as a module, or gives
 * a value. What it wants off is not among them. The file's own form is kconfig's, for merge_config.sh.
 */
export function optionsOfConfig(text: string): readonly string[] {
  const options = new Set<string>()
  for (const line of text.split('\n')) {
    const match = /^\s*(CONFIG_[A-Za-z0-9_]+)=(\S+)/.exec(line)
    if (match !== null && match[2] !== 'n') options.add(match[1] ?? '')
  }
  return [...options]
}
