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
  /** What the library counted at the end; null where it printed no summary, or not the whole of it. Of several the sum. */
  readonly summary: LtpCounts | null
  /** The library of the new API spoke: a summary comes at its end. */
  readonly newApi: boolean
}

const KEPT = 1000
const LONGEST = 400
/** `acct02.c:61: TPASS: text` of the new API, `fork05 1 TPASS : text` of the old, `tag 1 TPASS: text` of shell tests. */
const LINE = /^(?:(\S{1,200}:\d{1,7}): |\S{1,200}[ \t]{1,80}\d{1,7}[ \t]{1,80})(TPASS|TFAIL|TBROK|TCONF|TWARN)[ \t]{0,8}(?:: ?| |$)(.*)$/
/** Something bad behind other text, or without the place it comes from: output of two processes can mix. */
const BAD_INSIDE = /(?:^|: {1,8}|[ \t]\d{1,7}[ \t]{1,80})(TFAIL|TBROK|TWARN)[ \t]{0,8}:(.*)/
/** The same behind a result: `a.c:1: TPASS: oneb.c:2: TFAIL: two`. */
const BAD_BEHIND = /[\w.-]:\d{1,7}: (TFAIL|TBROK|TWARN):(.*)/
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
  // Of each summary the warnings come last.
  let unended = 0
  for (const raw of text.split(/[\r\n]/)) {
    const line = raw.replace(/\u001b\[[0-9;]{0,20}m/g, '')
    if (line.startsWith('tst_test.')) newApi = true
    if (line === 'Summary:') {
      inSummary = true
      unended += 1
      summary = summary ?? none()
      continue
    }
    const [, label, number] = COUNT.exec(line) ?? []
    if (inSummary && summary !== null && label !== undefined) {
      summary[SUMMARY[label] as LtpWord] += Number(number)
      if (label === 'warnings') unended -= 1
      continue
    }
    inSummary = false
    for (const found of resultsOf(line)) {
      counts[found.word] += 1
      if (results.length < KEPT) results.push(found)
    }
  }
  return { counts, results, summary: unended > 0 && isClean(summary) ? null : summary, newApi: newApi || summary !== null }
}

/** Whether what there is of a summary says nothing bad. */
function isClean(summary: LtpCounts | null): boolean {
  return summary !== null && summary.TFAIL + summary.TBROK + summary.TWARN === 0
}

/** What a line says; two results where a line break is missing. What was lost in a file leaves NUL bytes; they make nothing better. */
function resultsOf(line: string): readonly LtpResult[] {
  const [, , word, text = ''] = LINE.exec(line.slice(0, 4 * LONGEST)) ?? []
  const own = word === undefined ? [] : [result(word, text)]
  const visible = line.replaceAll('\0', '')
  const bad = (word === undefined ? BAD_INSIDE : BAD_BEHIND).exec(word === undefined ? visible : visible.slice(line.indexOf(word)))
  return bad === null ? own : [...own, result(bad[1] ?? '', bad[2] ?? '')]
}

const result = (word: string, text: string): LtpResult => ({ word: word as LtpWord, text: text.trim().slice(0, LONGEST) })
