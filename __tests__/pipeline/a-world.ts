import type { RunRecord } from '../../src/domain/record.js'
import type { Found, Lineage, RecordShelf } from '../../src/pipeline/choose-record.js'
import { aRecord } from '../report/builder.js'

/** Commits by name: each with its parents, the first parent first. */
export type Graph = Readonly<Record<string, readonly string[]>>

/** What git would say of a graph. @param known the commits of a shallow checkout, all of whose parents may be missing; null: all */
export function graphLineage(graph: Graph, known: ReadonlySet<string> | null = null): Lineage {
  const parentsOf = (commit: string) => (known === null || known.has(commit) ? (graph[commit] ?? []) : [])
  const isKnown = (commit: string) => known === null || known.has(commit)
  const ancestors = (commit: string): Set<string> => {
    const seen = new Set<string>()
    const open = isKnown(commit) ? [commit] : []
    for (let each = open.pop(); each !== undefined; each = open.pop()) {
      if (seen.has(each)) continue
      seen.add(each)
      open.push(...parentsOf(each).filter(isKnown))
    }
    return seen
  }
  return {
    async firstParents(commit) {
      const commits: string[] = []
      if (!isKnown(commit)) return { commits, complete: false }
      for (let next = parentsOf(commit)[0]; next !== undefined && isKnown(next); next = parentsOf(next)[0]) commits.push(next)
      return { commits, complete: known === null }
    },
    async isAncestor(commit, of) {
      if (ancestors(of).has(commit)) return 'yes'
      return known === null ? 'no' : 'unknown'
    },
  }
}

/** A record some run left: in order of their making. */
export interface Left {
  readonly commit: string
  readonly branch: string
  readonly accepted?: boolean
  readonly name: string
  /** The accepted record it was compared with, by its name. */
  readonly comparedWith?: string
}

export function asFound({ commit, branch, name, comparedWith }: Left): Found {
  const workflow = { runId: name, attempt: '1', event: 'push', ref: branch, address: null }
  const compared =
    comparedWith === undefined
      ? {}
      : {
          compared: {
            ...{ runId: comparedWith, key: comparedWith, choice: '', noExcuse: null, lost: [], gone: [] },
            ...{ fixed: [], vanished: [], newlyNotrun: [], knownReports: [], otherSections: [] },
          },
        }
  return { key: name, record: aRecord([], { runId: name, commit, workflow, ...compared }) as RunRecord }
}

/** A shelf as the cache is one: scopes are searched one after the other, newest first in each. @param scopes branches, the run's own first */
export function shelfOf(records: readonly Left[], scopes: readonly string[]): RecordShelf {
  const search = (fits: (record: Left) => boolean): Found | null => {
    for (const scope of scopes) {
      const found = [...records].reverse().find((record) => record.branch === scope && fits(record))
      if (found !== undefined) return asFound(found)
    }
    return null
  }
  return {
    async ofCommits(commits) {
      for (const scope of scopes) {
        for (const commit of commits) {
          const found = [...records].reverse().find((record) => record.branch === scope && record.commit === commit)
          if (found !== undefined) return asFound(found)
        }
      }
      return null
    },
    newest: async () => search(() => true),
    accepted: async (branch) => search((record) => record.accepted === true && record.branch === branch),
    entry: async (key) => search(({ name }) => name === key),
  }
}
