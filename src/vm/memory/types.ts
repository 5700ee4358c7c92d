/** Whether a kernel's configuration leaves structure types in its debug information; null where it has none at all. */
export function hasTypes(config: string): boolean | null {
  // regexp: a name of ours, a whole line
  const isSet = (name: string) => new RegExp(`^CONFIG_${name}=y$`, 'm').test(config)
  return isSet('DEBUG_INFO') || isSet('DEBUG_INFO_DWARF5') || isSet('DEBUG_INFO_DWARF4') ? !isSet('DEBUG_INFO_REDUCED') : null
}
