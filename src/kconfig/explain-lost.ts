import { closest, distance } from 'fastest-levenshtein'
import type { KernelConfig } from './dot-config.js'
import type { LostOption, RequestedOption } from './fragments.js'
import type { KconfigDeclaration } from './kconfig-declarations.js'
import { unmetConjuncts } from './kconfig-expression.js'

/**
 * One sentence on an option that did not survive: what was asked for, what came out, and, where the tree's Kconfig files tell it,
 * which dependency may be why. Without declarations (none read) it says only the first two.
 * @param declarations of the tree the configuration was made for
 */
export function explainLost(lost: LostOption, actual: KernelConfig, declarations: readonly KconfigDeclaration[]): string {
  const { requested } = lost
  const outcome = lost.mentioned ? `is ${lost.actual}` : 'is not in the configuration'
  const head = `${requested.name}=${requested.value} (${requested.fragment}.config:${requested.line}) ${outcome}`
  const reason = reasonFor(lost, actual, declarations)
  return reason === null ? `${head}.` : `${head}: ${reason}.`
}

/** What is known of a configuration beside its values. */
export interface LostContext {
  /** Of the tree the configuration was made for. */
  readonly declarations: readonly KconfigDeclaration[]
  /** All that was asked for, by name. */
  readonly requested: ReadonlyMap<string, RequestedOption>
}

/** Names in a sentence about several options; the rest is counted. */
const NAMED = 5

/**
 * A sentence on each cause for which options did not survive: those that follow from one that is off are told together, with what asked for that,
 * however many fragments they come from. An option that is lost for a cause of its own has a sentence of its own (`explainLost`).
 */
export function explainAllLost(lost: readonly LostOption[], actual: KernelConfig, context: LostContext): readonly string[] {
  const roots = new Roots(lost, actual, context.declarations)
  const byCause = new Map<string, LostOption[]>()
  for (const option of lost) {
    const cause = roots.of(option.requested.name)
    // What has no known cause stands alone.
    const key = isUndeclared(option, context.declarations) ? UNDECLARED : cause.length === 0 ? option.requested.name : JSON.stringify(cause)
    byCause.set(key, [...(byCause.get(key) ?? []), option])
  }
  return [...byCause].map(([cause, together]) => {
    const [first] = together
    if (first !== undefined && together.length === 1) return explainLost(first, actual, context.declarations)
    if (cause === UNDECLARED) return `${listed(together)} are lost: no Kconfig file of this tree declares them.`
    return `${listed(together)} are lost: they need ${joinConjuncts(roots.of(first?.requested.name ?? '').map((part) => withOrigin(part, context)))}.`
  })
}

/** Stands for no option: names have no space. */
const UNDECLARED = 'declared nowhere'

/** This kernel does not have it, and none of a name so near that it may be meant. */
function isUndeclared({ requested, mentioned }: LostOption, declarations: readonly KconfigDeclaration[]): boolean {
  if (mentioned || declarations.length === 0) return false
  return !declarations.some(({ name }) => name === requested.name) && meant(requested.name, declarations) === ''
}

/** Unmet conditions of lost options, followed through those that are lost themselves. */
class Roots {
  readonly #unmet: ReadonlyMap<string, readonly string[]>

  constructor(lost: readonly LostOption[], actual: KernelConfig, declarations: readonly KconfigDeclaration[]) {
    this.#unmet = new Map(lost.map(({ requested: { name } }) => [name, unmetOf(name, actual, declarations)]))
  }

  /** Sorted; none where it is not known what is missing. */
  of(name: string, seen: ReadonlySet<string> = new Set()): readonly string[] {
    const parts = (this.#unmet.get(name) ?? []).flatMap((part) => {
      const below = `CONFIG_${part}`
      if (seen.has(below) || (this.#unmet.get(below) ?? []).length === 0) return [part]
      return this.of(below, new Set([...seen, name]))
    })
    return [...new Set(parts)].sort()
  }
}

/** `CONFIG_A, CONFIG_B (xfs.config, ext4.config) and 4 more`. */
function listed(options: readonly LostOption[]): string {
  const names = options.slice(0, NAMED).map(({ requested }) => requested.name)
  const more = options.length > NAMED ? ` and ${options.length - NAMED} more` : ''
  const fragments = [...new Set(options.map(({ requested }) => `${requested.fragment}.config`))]
  return `${names.join(', ')}${more} (${fragments.join(', ')})`
}

/** An option that was itself turned off names where. */
function withOrigin(part: string, { requested }: LostContext): string {
  const asked = requested.get(`CONFIG_${part}`)
  return asked === undefined ? part : `${part}, which is ${asked.value} (${asked.fragment}.config:${asked.line})`
}

/**
 * What of an option's conditions does not hold. Declared more than once (for several architectures), one declaration with its dependencies met is
 * enough.
 */
function unmetOf(name: string, actual: KernelConfig, declarations: readonly KconfigDeclaration[]): readonly string[] {
  const own = declarations.filter((declaration) => declaration.name === name)
  const unmet = own.map((declaration) => declaration.dependsOn.flatMap((expression) => unmetConjuncts(expression, actual)))
  return unmet.every((parts) => parts.length > 0) ? [...new Set(unmet[0])] : []
}

function reasonFor(lost: LostOption, actual: KernelConfig, declarations: readonly KconfigDeclaration[]): string | null {
  if (declarations.length === 0) return null
  const own = declarations.filter((declaration) => declaration.name === lost.requested.name)
  if (own.length === 0) return lost.mentioned ? null : `no Kconfig file of this tree declares it${meant(lost.requested.name, declarations)}`
  const unmet = unmetOf(lost.requested.name, actual, declarations)
  if (unmet.length > 0) return `needs ${joinConjuncts(unmet)}`
  if (lost.requested.value !== 'n' && own.every((declaration) => !declaration.hasPrompt))
    return 'it cannot be set, only selected by another option'
  if (lost.requested.value === 'n' && lost.actual !== 'n') return 'another option selects it, or it has no prompt'
  return null
}

/** Names of options are long and alike: only a slip is near enough. */
function meant(name: string, declarations: readonly KconfigDeclaration[]): string {
  if (declarations.length === 0) return ''
  const near = closest(
    name,
    declarations.map((declaration) => declaration.name),
  )
  return distance(name, near) <= 2 ? ` (did you mean ${near}?)` : ''
}

function joinConjuncts(parts: readonly string[]): string {
  if (parts.length === 1) return parts.join('')
  return parts.map((part) => (part.includes('||') && !part.startsWith('(') ? `(${part})` : part)).join(' and ')
}
