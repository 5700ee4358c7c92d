import type { Fault, FaultPoint } from '../../e2e/services/faults.js'

/** What the services can do instead of answering, by the name docs/faults.md gives it. */
export const FAULTS = {
  'refused (403)': { kind: 'status', status: 403 },
  'too many requests (429)': { kind: 'status', status: 429, retryAfterSeconds: 1 },
  'down (500)': { kind: 'status', status: 500 },
  garbage: { kind: 'garbage' },
  'never answers': { kind: 'never' },
  'cut answer': { kind: 'cut' },
  'reset connection': { kind: 'reset' },
  'slow answer': { kind: 'slow', seconds: 0.1 },
} as const satisfies Record<string, Fault>
export type FaultName = keyof typeof FAULTS

export const STAGES = {
  'cache lookup': 'GetCacheEntryDownloadURL',
  'cache download': 'blob:get',
  'cache reserve': 'CreateCacheEntry',
  'cache upload': 'blob:put',
  'cache finish': 'FinalizeCacheEntryUpload',
  'artifact create': 'CreateArtifact',
  'artifact upload': 'blob:put',
  'artifact finish': 'FinalizeArtifact',
} as const satisfies Record<string, FaultPoint>
export type StageName = keyof typeof STAGES

/**
 * `works`: as without the fault. `goes on without`: a value that says what happened, within the deadline; never an exception,
 * never other bytes than were saved.
 */
export type Outcome = 'works' | 'goes on without'

export interface Cell {
  readonly fault: FaultName
  readonly stage: StageName
  readonly outcome: Outcome
  /** As the tests and docs/faults.md name it. */
  readonly title: string
}

/** Some faults cannot strike some stages: an upload's answer has no body to cut or to garble. */
const HARMLESS: ReadonlySet<string> = new Set([
  'garbage at cache upload',
  'cut answer at cache upload',
  'garbage at artifact upload',
  'cut answer at artifact upload',
])

export const CELLS: readonly Cell[] = (Object.keys(FAULTS) as FaultName[]).flatMap((fault) =>
  (Object.keys(STAGES) as StageName[]).flatMap((stage): Cell[] => {
    const title = `${fault} at ${stage}`
    if (HARMLESS.has(title)) return []
    return [{ fault, stage, title, outcome: fault === 'slow answer' ? 'works' : 'goes on without' }]
  }),
)
