import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'

/** A tree in memory: path and bytes. */
export type Tree = Readonly<Record<string, Uint8Array>>

/** Reads a directory whole; of large files only the start, as the damage must hit what matters. */
export function loadTree(directory: string, prefix = 'x'): Tree {
  const tree: Record<string, Uint8Array> = {}
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (lstatSync(path).isDirectory()) Object.assign(tree, loadTree(path, `${prefix}/${name}`))
    else if (name !== 'expected.json') tree[`${prefix}/${name}`] = readFileSync(path).subarray(0, 128 * 1024)
  }
  return tree
}

/** One way to damage a file; places are fractions, so that one damage fits every tree. */
export type Damage =
  | { readonly kind: 'remove'; readonly file: number }
  | { readonly kind: 'cut'; readonly file: number; readonly at: number }
  | { readonly kind: 'drop'; readonly file: number; readonly at: number; readonly length: number }
  | { readonly kind: 'flip'; readonly file: number; readonly places: readonly (readonly [number, number])[] }
  | { readonly kind: 'garble'; readonly file: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'repeat'; readonly file: number; readonly at: number; readonly length: number }
  | { readonly kind: 'drop-line'; readonly file: number; readonly at: number }

const fraction = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

export const damages: fc.Arbitrary<readonly Damage[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('remove' as const), file: fraction }),
    fc.record({ kind: fc.constant('cut' as const), file: fraction, at: fraction }),
    fc.record({ kind: fc.constant('drop' as const), file: fraction, at: fraction, length: fc.nat(400) }),
    fc.record({
      kind: fc.constant('flip' as const),
      file: fraction,
      places: fc.array(fc.tuple(fraction, fc.nat(7)), { minLength: 1, maxLength: 24 }),
    }),
    fc.record({
      kind: fc.constant('garble' as const),
      file: fraction,
      at: fraction,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }),
    }),
    fc.record({ kind: fc.constant('repeat' as const), file: fraction, at: fraction, length: fc.nat(400) }),
    fc.record({ kind: fc.constant('drop-line' as const), file: fraction, at: fraction }),
  ),
  { minLength: 1, maxLength: 8 },
)

/** Half of all damage goes to the files that carry verdicts. */
function pick(tree: Tree, fraction: number): string | undefined {
  const all = Object.keys(tree)
  const important = all.filter((path) => /check\.(stdout|log)$|result\.xml$/.test(path))
  const [list, place] = fraction < 0.6 && important.length > 0 ? [important, fraction / 0.6] : [all, (fraction * 7.3) % 1]
  return list[Math.floor(place * list.length)]
}

export function applyDamage(tree: Tree, list: readonly Damage[]): Tree {
  const damaged: Record<string, Uint8Array> = { ...tree }
  for (const damage of list) {
    const path = pick(damaged, damage.file)
    const bytes = path === undefined ? undefined : damaged[path]
    if (path === undefined || bytes === undefined) continue
    if (damage.kind === 'remove') delete damaged[path]
    else damaged[path] = damageBytes(bytes, damage)
  }
  return damaged
}

function damageBytes(bytes: Uint8Array, damage: Exclude<Damage, { kind: 'remove' }>): Uint8Array {
  const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
  if (damage.kind === 'flip') {
    const flipped = Uint8Array.from(bytes)
    for (const [place, bit] of damage.places) {
      const at = Math.floor(place * flipped.length)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
    }
    return flipped
  }
  const at = Math.floor(damage.at * bytes.length)
  switch (damage.kind) {
    case 'cut':
      return bytes.subarray(0, at)
    case 'drop':
      return join(bytes.subarray(0, at), bytes.subarray(at + damage.length))
    case 'garble':
      return join(bytes.subarray(0, at), damage.bytes, bytes.subarray(at + damage.bytes.length))
    case 'repeat':
      return join(bytes.subarray(0, at + damage.length), bytes.subarray(at))
    case 'drop-line': {
      const start = bytes.lastIndexOf(10, at) + 1
      const end = bytes.indexOf(10, at)
      return join(bytes.subarray(0, start), end < 0 ? new Uint8Array() : bytes.subarray(end + 1))
    }
  }
}
