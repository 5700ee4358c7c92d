import type { TestName } from '../../domain/test.js'
import { isTestId } from './test-name.js'

/** What check and the tests leave beside the results, by test. */
export type ResultFileKind = 'full' | 'outBad' | 'dmesg' | 'notrun' | 'hints' | 'kmemleak' | 'core'

export interface ResultFile {
  /** Null in a results tree without a section level. */
  readonly section: string | null
  readonly test: TestName
  readonly kind: ResultFileKind
  /** The run of `-L` the file is kept from, counted from 0; null for the last one's. */
  readonly rerun: number | null
  /** As the reader reached it. */
  readonly path: string
  readonly sizeBytes: number
  /** Contents of the small ones that matter to a verdict (notrun, hints); of a dmesg the lines that report something; null otherwise. */
  readonly text: string | null
}

const kinds: ReadonlyMap<string, ResultFileKind> = new Map([
  ['full', 'full'],
  ['out.bad', 'outBad'],
  ['dmesg', 'dmesg'],
  ['notrun', 'notrun'],
  ['hints', 'hints'],
  ['kmemleak', 'kmemleak'],
])

/** Splits a file's name (`001.out.bad.rerun0`); null where it belongs to no test (`check_dmesg`, `require_test`). */
export function parseResultFileName(file: string): { id: string; kind: ResultFileKind; rerun: number | null } | null {
  const rerun = /\.rerun(\d{1,6})$/.exec(file)
  const plain = rerun === null ? file : file.slice(0, rerun.index)
  const dot = plain.indexOf('.')
  const id = plain.slice(0, Math.max(0, dot))
  const suffix = plain.slice(dot + 1)
  const kind = kinds.get(suffix) ?? (suffix === 'core' || suffix.startsWith('core.') ? 'core' : undefined)
  if (dot < 0 || kind === undefined || !isTestId(id)) return null
  return { id, kind, rerun: rerun?.[1] === undefined ? null : Number(rerun[1]) }
}

/**
 * What `_check_dmesg` looks for (common/rc). A .dmesg file without any of it was only kept (KEEP_DMESG=yes) and says nothing against a
 * pass; test-made filters are already applied to the file.
 */
const splatPattern =
  // regexp: 120 characters are looked at behind each `BUG `
  /kernel BUG at|WARNING:|\bBUG:|Oops:|possible recursive locking detected|(?:INFO|ERR): suspicious RCU usage|INFO: possible circular locking dependency detected|general protection fault:|BUG [^\n]{1,120} remaining|oom-kill|UBSAN:/

/** The lines of a .dmesg that `_check_dmesg` takes for a report. */
export function reportLines(text: string): string {
  return text
    .split('\n')
    .filter((line) => splatPattern.test(line))
    .join('\n')
}

/** Why a file speaks against a pass, or null. */
export function fileAgainstPass(file: ResultFile): string | null {
  switch (file.kind) {
    case 'outBad':
      return 'output mismatch'
    case 'hints':
      // check removes the hints of a test that passed.
      return 'failed, hints were kept'
    case 'core':
      return 'dumped core'
    case 'kmemleak':
      return file.sizeBytes > 0 ? 'something found in kmemleak' : null
    case 'dmesg':
      return file.text !== null && splatPattern.test(file.text) ? 'something found in dmesg' : null
    case 'full':
    case 'notrun':
      return null
  }
}
