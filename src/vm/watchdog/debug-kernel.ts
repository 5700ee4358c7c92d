/** Kernel options that make a kernel slow, by how much, and why. The factors are for limits: generous on purpose. */
export const SLOW_OPTIONS: readonly { readonly option: string; readonly factor: number; readonly reason: string }[] = [
  { option: 'CONFIG_KASAN', factor: 3, reason: 'every memory access is checked' },
  { option: 'CONFIG_KMSAN', factor: 5, reason: 'every value carries its initialisation' },
  { option: 'CONFIG_KCSAN', factor: 5, reason: 'memory accesses are watched for races' },
  { option: 'CONFIG_PROVE_LOCKING', factor: 2, reason: 'every lock is followed (lockdep)' },
  { option: 'CONFIG_DEBUG_KMEMLEAK', factor: 1.5, reason: 'every allocation is recorded and scanned' },
  { option: 'CONFIG_DEBUG_PAGEALLOC_ENABLE_DEFAULT', factor: 2, reason: 'freed pages are unmapped' },
  { option: 'CONFIG_SLUB_DEBUG_ON', factor: 1.5, reason: 'every object is poisoned and checked' },
  { option: 'CONFIG_DEBUG_OBJECTS', factor: 1.5, reason: 'the life of kernel objects is followed' },
  { option: 'CONFIG_GCOV_PROFILE_ALL', factor: 2, reason: 'every branch is counted' },
]

/** Debug options together never count for more: they slow down the same code. */
const LARGEST_FACTOR = 8

export interface DebugKernel {
  readonly factor: number
  /** The options that count, for the log. */
  readonly options: readonly string[]
}

/** How much slower than a plain kernel the limits take one with this .config to be. Null: the config is not known, no factor. */
export function debugKernel(config: string | null): DebugKernel {
  const set = new Set((config ?? '').split('\n').filter((line) => line.endsWith('=y')))
  const slow = SLOW_OPTIONS.filter(({ option }) => set.has(`${option}=y`))
  const product = slow.reduce((factor, each) => factor * each.factor, 1)
  return { factor: Math.min(product, LARGEST_FACTOR), options: slow.map(({ option }) => option) }
}
