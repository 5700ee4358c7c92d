/** In an order that depends on nothing but what the items hold. */
export function sortedByText<T>(items: readonly T[]): T[] {
  const keyed = items.map((item) => [JSON.stringify(item), item] as const)
  return keyed.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)).map(([, item]) => item)
}
