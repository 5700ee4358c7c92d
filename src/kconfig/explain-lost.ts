import { closest, distance } from 'fastest-levenshtein'
import type { KernelConfig } from './dot-config.js'
import type { LostOption } from './fragments.js'
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

function reasonFor(lost: LostOption, actual: KernelConfig, declarations: readonly KconfigDeclaration[]): string | null {
  if (declarations.length === 0) return null
  const own = declarations.filter((declaration) => declaration.name === lost.requested.name)
  if (own.length === 0) return lost.mentioned ? null : `no Kconfig file of this tree declares it${meant(lost.requested.name, declarations)}`
  // Declared more than once (for several architectures), one declaration with its dependencies met is enough.
  const unmet = own.map((declaration) => declaration.dependsOn.flatMap((expression) => unmetConjuncts(expression, actual)))
  if (unmet.every((parts) => parts.length > 0)) return `needs ${joinConjuncts([...new Set(unmet[0])])}`
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
