import { closureOf, type Registration } from './registration.js'
import type { LayerName } from './store-index.js'

/** Store paths the bundle names, by the role they have in it. */
export interface BundleRoots {
  readonly bundle: string
  readonly kernel: readonly string[]
  readonly suite: readonly string[]
  readonly tools: readonly string[]
}

export type Partition = Readonly<Record<LayerName, readonly Registration[]>>

/**
 * Divides a closure into layers by what changes them: an edit of the kernel must move the kernel's layer alone.
 * A path that needs the kernel, wherever the bundle names it, therefore lies with the kernel.
 */
export function partition(closure: readonly Registration[], roots: BundleRoots): Partition {
  const byPath = new Map(closure.map((registration) => [registration.path, registration]))
  const volatile = new Set([roots.bundle, ...roots.kernel])
  const needsKernel = dependants(closure, volatile)
  const settled = (names: readonly string[]) => [...closureOf(names, byPath)].filter((path) => !needsKernel.has(path))
  // What both need lies with the tools, which change least: a lost suite then takes nothing with it.
  const tools = new Set(settled(roots.tools))
  const suite = new Set(settled(roots.suite).filter((path) => !tools.has(path)))
  return {
    kernel: closure.filter(({ path }) => !suite.has(path) && !tools.has(path)),
    suite: closure.filter(({ path }) => suite.has(path)),
    tools: closure.filter(({ path }) => tools.has(path)),
  }
}

/** The given paths and every path that refers to one of them, however far away. */
function dependants(closure: readonly Registration[], paths: ReadonlySet<string>): ReadonlySet<string> {
  const referrers = new Map<string, string[]>()
  for (const { path, references } of closure) {
    for (const reference of references) {
      if (reference !== path) referrers.set(reference, [...(referrers.get(reference) ?? []), path])
    }
  }
  const reached = new Set<string>()
  const open = [...paths]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    open.push(...(referrers.get(path) ?? []))
  }
  return reached
}
