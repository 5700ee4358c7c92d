import * as z from 'zod'

/** A store path's name: 32 characters of Nix's base 32, a dash, a name. */
export const STORE_NAME = /^[0-9a-df-np-sv-z]{32}-[0-9a-zA-Z+\-._?=]{1,211}$/

export const registrationSchema = z.object({
  path: z.string(),
  /** Sha256 of the path's NAR, 64 hexadecimal digits. */
  narHash: z.string().regex(/^[0-9a-f]{64}$/),
  narSize: z.number().int().nonnegative(),
  deriver: z.string(),
  references: z.array(z.string()),
})
/** What Nix's database says of one valid store path. */
export type Registration = z.infer<typeof registrationSchema>

/**
 * Reads `nix-store --dump-db`: for each path its name, NAR hash, NAR size, deriver (may be empty), number of references,
 * references; one line each (Nix's decodeValidPathInfo). @throws Error for anything else
 */
export function parseRegistrations(text: string): readonly Registration[] {
  const lines = text.split('\n')
  const found: Registration[] = []
  let at = 0
  while (at < lines.length && lines[at] !== '') {
    const [path = '', hash = '', size = '', deriver = '', count = ''] = lines.slice(at, at + 5)
    // Number('') is 0: a dump cut in the middle of a path would read as one of a path without references.
    if (![size, count].every((number) => /^\d+$/.test(number))) throw new Error('the registration has a number that is none')
    const references = lines.slice(at + 5, at + 5 + Number(count))
    found.push(registrationSchema.parse({ path, narHash: hash.replace(/^sha256:/, ''), narSize: Number(size), deriver, references }))
    if (references.length !== Number(count)) throw new Error('the registration ends in the middle of a path')
    at += 5 + references.length
  }
  return found
}

/** The same for `nix-store --load-db`. */
export function formatRegistrations(registrations: readonly Registration[]): string {
  return registrations
    .map(({ path, narHash, narSize, deriver, references }) =>
      [path, narHash, narSize, deriver, references.length, ...references, ''].join('\n'),
    )
    .join('')
}

/** Every path reached from the roots, the roots included; paths that are not listed are passed over. */
export function closureOf(roots: Iterable<string>, byPath: ReadonlyMap<string, Registration>): ReadonlySet<string> {
  const reached = new Set<string>()
  const open = [...roots]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const registration = byPath.get(path)
    if (registration === undefined || reached.has(path)) continue
    reached.add(path)
    open.push(...registration.references)
  }
  return reached
}

/**
 * Splits candidates into those whose references are all valid or candidates themselves, and the rest: Nix refuses to
 * register a path whose reference is not valid.
 */
export function splitClosed(candidates: readonly Registration[], isValid: (path: string) => boolean) {
  let closed = [...candidates]
  for (;;) {
    const known = new Set(closed.map((registration) => registration.path))
    const next = closed.filter(({ references }) => references.every((path) => known.has(path) || isValid(path)))
    if (next.length === closed.length) break
    closed = next
  }
  const kept = new Set(closed)
  return { closed, open: candidates.filter((candidate) => !kept.has(candidate)) }
}
