/**
 * Bodies of evidence (differences, lines of kernel reports) kept outside of memory: 50 000 tests with their logs are more than a record's
 * readers look at at once. An object with such a property is used like any other one, it is read anew when it is looked at; a copy by spread
 * holds it in memory again, `amended` does not.
 */

/** Where a text lies in its store. */
export interface StoredText {
  readonly offset: number
  /** Of its UTF-8. */
  readonly sizeBytes: number
}

/** Where texts lie, for as long as something refers to them. Synchronous, as the renderings that read it are. */
export interface TextStore {
  /** @throws where there is no room: what was put before is still to be had */
  put(text: string): StoredText
  get(stored: StoredText): string
}

/** A JSON text in a store. */
interface Kept {
  readonly aside: Aside
  readonly store: TextStore
  readonly stored: StoredText
}

/** By name of the property, on the object they are kept of. */
const KEPT = Symbol('kept aside')

interface Keeping {
  readonly [KEPT]?: Readonly<Record<string, Kept>>
}

/** Read last, so that a rendering that looks twice reads once. */
const MOST_RECENT = 8
/** Names of properties whose JSON is at hand: those of a record, not those a guest gave. */
const MOST_NAMES = 200

/** Keeps properties of objects in a store; in memory where there is none, and from where it has no room. */
export class Aside {
  #store: TextStore | null
  readonly #recent: { readonly kept: Kept; readonly value: unknown }[] = []

  constructor(store: TextStore | null) {
    this.#store = store
  }

  /** A copy whose properties of these names are kept here. */
  keep<T extends object>(object: T, names: readonly (keyof T & string)[]): T {
    const store = this.#store
    const before = (object as Keeping)[KEPT]
    const fresh = names.filter((name) => before?.[name] === undefined)
    if (store === null || fresh.length === 0) return object
    const kept: Record<string, Kept> = { ...before }
    try {
      for (const name of fresh) kept[name] = { aside: this, store, stored: store.put(JSON.stringify(object[name])) }
    } catch {
      // A full disk: who writes the report into it says so.
      this.#store = null
      return object
    }
    return copied(object, {}, kept)
  }

  /** What was put into the store by another. @throws where there is none */
  at(stored: StoredText): Kept {
    if (this.#store === null) throw new Error('there is no store that evidence could lie in')
    return { aside: this, store: this.#store, stored }
  }

  /** The value of what is kept here. */
  value(kept: Kept): unknown {
    const recent = this.#recent.find((each) => each.kept === kept)
    if (recent !== undefined) return recent.value
    const value: unknown = JSON.parse(jsonText(kept))
    this.#recent.unshift({ kept, value })
    this.#recent.length = Math.min(this.#recent.length, MOST_RECENT)
    return value
  }
}

const jsonText = ({ store, stored }: Kept): string => store.get(stored)

/** As `{ ...object, ...changes }`; what is kept aside and not changed stays there. */
export function amended<T extends object>(object: T, changes: Partial<T>): T {
  const kept = (object as Keeping)[KEPT]
  return kept === undefined ? { ...object, ...changes } : copied(object, changes, kept)
}

/** Whether a property is kept aside: to look at it costs a read. */
export function isKeptAside<T extends object>(object: T, name: keyof T & string): boolean {
  return (object as Keeping)[KEPT]?.[name] !== undefined
}

/** The JSON of a property that is kept aside, read from where it lies; null for one that is in memory. */
export function keptJson<T extends object>(object: T, name: keyof T & string): string | null {
  const kept = (object as Keeping)[KEPT]?.[name]
  return kept === undefined ? null : jsonText(kept)
}

/** Bytes of that JSON, without reading it. */
export function keptBytes<T extends object>(object: T, name: keyof T & string): number | null {
  return (object as Keeping)[KEPT]?.[name]?.stored.sizeBytes ?? null
}

function copied<T extends object>(object: T, changes: Partial<T>, kept: Readonly<Record<string, Kept>>): T {
  const copy: Record<string, unknown> = {}
  const still: Record<string, Kept> = {}
  for (const name of Object.keys(object)) {
    const own = Object.hasOwn(changes, name) ? undefined : kept[name]
    if (own === undefined) copy[name] = Object.hasOwn(changes, name) ? changes[name as keyof T] : object[name as keyof T]
    else {
      still[name] = own
      Object.defineProperty(copy, name, getterOf(name))
    }
  }
  for (const [name, value] of Object.entries(changes)) if (!Object.hasOwn(copy, name)) copy[name] = value
  return Object.defineProperty(copy, KEPT, { value: still }) as T
}

/** One getter a name: objects with the same ones share their layout. */
const getters = new Map<string, PropertyDescriptor>()

function getterOf(name: string): PropertyDescriptor {
  const known = getters.get(name)
  if (known !== undefined) return known
  const getter: PropertyDescriptor = {
    enumerable: true,
    configurable: true,
    get(this: Keeping) {
      const kept = this[KEPT]?.[name]
      return kept?.aside.value(kept)
    },
  }
  getters.set(name, getter)
  return getter
}

/** As `JSON.stringify(value)` of plain data, by way of no copy of what is kept aside: that is taken as it lies. */
export function jsonOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || !holdsKept(value)) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((item) => jsonOf(item) ?? 'null').join(',')}]`
  const kept = (value as Keeping)[KEPT]
  const members: string[] = []
  for (const name of Object.keys(value)) {
    const own = kept?.[name]
    const json = own === undefined ? jsonOf(value[name as keyof typeof value]) : jsonText(own)
    if (json !== undefined) members.push(`${quotedName(name)}:${json}`)
  }
  return `{${members.join(',')}}`
}

/** Names of properties are few. */
const quotedNames = new Map<string, string>()

function quotedName(name: string): string {
  const known = quotedNames.get(name)
  if (known !== undefined) return known
  const quoted = JSON.stringify(name)
  if (quotedNames.size < MOST_NAMES) quotedNames.set(name, quoted)
  return quoted
}

function holdsKept(value: object): boolean {
  if (Array.isArray(value)) return value.some((item) => typeof item === 'object' && item !== null && holdsKept(item))
  if ((value as Keeping)[KEPT] !== undefined) return true
  for (const name in value) {
    const member = value[name as keyof typeof value] as unknown
    if (typeof member === 'object' && member !== null && holdsKept(member)) return true
  }
  return false
}

/**
 * Plain data that another thread can be given: what is kept aside stands as its place in the store, under a name that nothing else has.
 * @param mark that name: random
 */
export function handOver(value: unknown, mark: string): unknown {
  if (typeof value !== 'object' || value === null || !holdsKept(value)) return value
  if (Array.isArray(value)) return value.map((item) => handOver(item, mark))
  const kept = (value as Keeping)[KEPT]
  const plain: Record<string, unknown> = {}
  for (const name of Object.keys(value)) {
    const own = kept?.[name]
    plain[name] = own === undefined ? handOver(value[name as keyof typeof value], mark) : { [mark]: own.stored }
  }
  return plain
}

/** The other side of `handOver`: the data, which is changed, with what lies in the store kept aside again. */
export function takeOver<T>(value: T, mark: string, aside: Aside): T {
  if (typeof value !== 'object' || value === null) return value
  const kept: Record<string, Kept> = {}
  for (const name of Object.keys(value)) {
    const member = value[name as keyof typeof value] as unknown
    if (typeof member !== 'object' || member === null) continue
    const stored = (member as Readonly<Record<string, StoredText>>)[mark]
    if (stored === undefined) Object.assign(value, { [name]: takeOver(member, mark, aside) })
    else kept[name] = aside.at(stored)
  }
  return Object.keys(kept).length === 0 ? value : copied(value, {}, kept)
}
