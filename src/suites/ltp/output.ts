/** LTP's words for a result. */
export type LtpWord = 'TPASS' | 'TFAIL' | 'TBROK' | 'TCONF' | 'TWARN'

export interface LtpResult {
  readonly word: LtpWord
  readonly text: string
}

export type LtpCounts = Readonly<Record<LtpWord, number>>

export interface LtpOutput {
  readonly counts: Record<LtpWord, number>
  /** The first of each word; lines are counted all. */
  readonly results: readonly LtpResult[]
  /** What the library counted at the end; null where it printed no summary. Of several the sum. */
  readonly summary: LtpCounts | null
  /** The library of the new API spoke: a summary comes at its end. */
  readonly newApi: boolean
}

const KEPT = 1000
const LONGEST = 400
/** `acct02.c:61: TPASS: text` of the new API, `fork05 1 TPASS : text` of the old, `tag 1 TPASS: text` of shell tests. */
const LINE = /^(?:(\S{1,200}:\d{1,7}): |\S{1,200} +\d{1,7} +)(TPASS|TFAIL|TBROK|TCONF|TWARN) ?(?: *: ?| )(.*)$/
const SUMMARY: Readonly<Record<string, LtpWord>> = {
  passed: 'TPASS',
  failed: 'TFAIL',
  broken: 'TBROK',
  skipped: 'TCONF',
  warnings: 'TWARN',
}
const COUNT = /^(passed|failed|broken|skipped|warnings) {1,9}(\d{1,9})$/

const none = (): Record<LtpWord, number> => ({ TPASS: 0, TFAIL: 0, TBROK: 0, TCONF: 0, TWARN: 0 })

/** Reads what a test of LTP printed. Colours are taken out; a result behind other text on its line counts too, as something bad does. */
export function readLtpOutput(text: string): LtpOutput {
  const counts = none()
  const results: LtpResult[] = []
  let summary: Record<LtpWord, number> | null = null
  let inSummary = false
  let newApi = false
  for (const raw of text.split('\n')) {
    const line = raw
      .replace(/\r$/, '')
      .replace(/\u001b\[[0-9;]{0,20}m/g, '')
      .slice(0, 4 * LONGEST)
    if (line.startsWith('tst_test.')) newApi = true
    if (line === 'Summary:') {
      inSummary = true
      summary = summary ?? none()
      continue
    }
    const [, label, number] = COUNT.exec(line) ?? []
    if (inSummary && summary !== null && label !== undefined) {
      summary[SUMMARY[label] as LtpWord] += Number(number)
      continue
    }
    inSummary = false
    const found = resultOf(line)
    if (found === null) continue
    counts[found.word] += 1
    if (results.length < KEPT) results.push(found)
  }
  return { counts, results, summary, newApi: newApi || summary !== null }
}

function resultOf(line: string): LtpResult | null {
  const [, , word, text] = LINE.exec(line) ?? []
  if (word !== undefined) return { word: word as LtpWord, text: (text ?? '').slice(0, LONGEST) }
  // Only what is bad is taken from the middle of a line: output of two processes can mix.
  const bad = /: (TFAIL|TBROK): (.*)/s.exec(line)
  return bad === null ? null : { word: bad[1] as LtpWord, text: (bad[2] ?? '').slice(0, LONGEST) }
}
