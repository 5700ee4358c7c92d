import type { CacheLedgerEntry } from '../domain/record.js'

/** One line of the ledger; what is not known is null. */
export function entry(
  layer: string,
  outcome: CacheLedgerEntry['outcome'],
  detail: string,
  known: Partial<CacheLedgerEntry> = {},
): CacheLedgerEntry {
  return { layer, key: '', outcome, detail, bytes: null, restoreSeconds: null, saveSeconds: null, savedSeconds: null, ...known }
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(bytes < 10 * 1024 * 1024 ? 1 : 0)} MiB`
}

/**
 * Whether a layer earned its keep: what restoring it took against what building its paths took when it was saved.
 * Unknown counts as earned: a layer must be saved once to be measured.
 */
export function pays(restoreSeconds: number | null, buildSeconds: number | null): boolean {
  return restoreSeconds === null || buildSeconds === null || restoreSeconds <= buildSeconds
}
