import type { ShardPromise } from '../domain/shards.js'

/** What is left of a promise that stands elsewhere. */
const EMPTY: ShardPromise = { sections: [], offered: [], shards: [] }

/** Promises of plans whose shards were read before: the record of each shard has the same one, which is as large as the whole run. */
export class KnownPromises {
  readonly #known = new Map<string, { readonly promise: ShardPromise; readonly text: string }>()

  /** @param plan its identity */
  add(plan: string, promise: ShardPromise): void {
    if (!this.#known.has(plan)) this.#known.set(plan, { promise, text: `"promise":${JSON.stringify(promise)}` })
  }

  get(plan: string): ShardPromise | null {
    return this.#known.get(plan)?.promise ?? null
  }

  /**
   * A record's text without a promise that is known, where it is written as we write it; else the text as it is. Quotes within a string of
   * JSON have a backslash before them, so that it is found as a member of an object and nowhere else.
   * @returns the plan as well whose promise that was; null where none is left out
   */
  without(json: string): { readonly json: string; readonly plan: string | null } {
    for (const [plan, { text }] of this.#known) {
      const at = json.indexOf(text)
      if (at >= 0) return { json: `${json.slice(0, at)}"promise":${JSON.stringify(EMPTY)}${json.slice(at + text.length)}`, plan }
    }
    return { json, plan: null }
  }
}
