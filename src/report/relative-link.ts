/** A path from a record as a link beside the page; null where it would lead out of the artifact. */
export function relativeLink(path: string): string | null {
  const parts = path.split('/')
  // Half a character has no address.
  if (/\p{Surrogate}/u.test(path)) return null
  if (path === '' || path.startsWith('/') || parts.includes('..') || path.includes('\\')) return null
  return `./${parts.map(encodeURIComponent).join('/')}`
}
