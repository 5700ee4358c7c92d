import { gunzipSync } from 'node:zlib'

/** What the guest sent after one test (nix/guest/coverage). */
export interface TestCounters {
  readonly test: string
  /** By path, as the kernel names it below /sys/kernel/debug/gcov. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** All counters of a kernel with every directory instrumented take less. */
const MOST_BYTES = 64 * 1024 * 1024
/** The head of a .gcda file on a little-endian machine, `adcg` (GCC's gcov-io.h, GCOV_DATA_MAGIC). */
const MAGIC = Buffer.from('adcg')

/**
 * Reads what the guest sent: the test's name, the paths of the files, an empty line, and the files one after the other. The kernel gives them the
 * size 0, so nothing says where one ends: each begins with its magic and the compiler's version, at a multiple of four bytes.
 * @returns null where it is no such thing, or has another number of files than of paths
 */
export function readCounters(packed: Uint8Array): TestCounters | null {
  let bytes: Buffer
  try {
    bytes = gunzipSync(packed, { maxOutputLength: MOST_BYTES })
  } catch {
    return null
  }
  const end = bytes.indexOf('\n\n')
  if (end < 0) return null
  const [test = '', ...paths] = bytes.subarray(0, end).toString().split('\n')
  const parts = splitFiles(bytes.subarray(end + 2))
  if (test === '' || parts.length !== paths.length) return null
  return { test, files: new Map(paths.map((path, index) => [path, parts[index] ?? new Uint8Array()])) }
}

function splitFiles(bytes: Buffer): readonly Uint8Array[] {
  const head = bytes.subarray(0, 8)
  if (!head.subarray(0, 4).equals(MAGIC)) return []
  const starts: number[] = []
  for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 4)) if (at % 4 === 0) starts.push(at)
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1] ?? bytes.length))
}
