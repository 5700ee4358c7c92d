import type { ProgramEnd } from '../../domain/program-end.js'
import type { Subtest } from '../../domain/record.js'
import { SKIPPED, UNMET } from './drive.js'
import { type LtpOutput, type LtpWord, readLtpOutput } from './output.js'

/** What a test of LTP came to. */
export interface LtpVerdict {
  readonly status: 'pass' | 'fail' | 'notrun' | 'timeout'
  readonly message: string | null
  readonly subtests: readonly Subtest[]
  readonly subtestCount: number
}

/** Bits of the exit status (include/tst_res_flags.h). */
const BITS: readonly (readonly [bit: number, word: LtpWord])[] = [
  [1, 'TFAIL'],
  [2, 'TBROK'],
  [4, 'TWARN'],
  [SKIPPED, 'TCONF'],
]
const STATUS: Readonly<Record<LtpWord, Subtest['status']>> = { TPASS: 'pass', TFAIL: 'fail', TBROK: 'fail', TWARN: 'fail', TCONF: 'notrun' }
const SHOWN = 3

/**
 * The worst of exit status, lines and summary. 0 without a pass is no pass of a test of the new API, nor of one that prints nothing.
 * @param isKnown whether LTP's metadata has its program: then it is of the new API
 */
export function judgeLtp(end: ProgramEnd | null, text: string, isKnown: boolean): LtpVerdict {
  const output = readLtpOutput(text)
  const { counts } = output
  const subtests = output.results.map(({ word, text: name }) => ({ name, status: STATUS[word], message: word === 'TPASS' ? null : word }))
  const subtestCount = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const rest = { subtests, subtestCount }
  const reasons = [...endReasons(end), ...outputReasons(output)]
  if (end?.kind === 'limit') return { status: 'timeout', message: withTexts(reasons, output), ...rest }
  if (reasons.length > 0) return { status: 'fail', message: withTexts(reasons, output), ...rest }
  if (end?.kind === 'exit' && end.code === SKIPPED) return { status: 'notrun', message: skipReason(text, output), ...rest }
  if (counts.TPASS === 0 && counts.TCONF > 0) return { status: 'notrun', message: skipReason(text, output), ...rest }
  const silent = whyNoPass(output, text, isKnown)
  return silent === null ? { status: 'pass', message: null, ...rest } : { status: 'fail', message: silent, ...rest }
}

function endReasons(end: ProgramEnd | null): readonly string[] {
  if (end === null) return ['it left no exit status']
  if (end.kind === 'signal') return [`killed by signal ${end.signal}`]
  if (end.kind === 'limit') return [`it was ended after its limit of ${end.seconds} s`]
  if (end.code === 0 || end.code === SKIPPED) return []
  const words = BITS.filter(([bit]) => (end.code & bit) !== 0).map(([, word]) => word)
  const known = BITS.reduce((mask, [bit]) => mask | bit, 0)
  return [`exit status ${end.code}${words.length > 0 && (end.code & ~known) === 0 ? ` (${words.join(', ')})` : ''}`]
}

const BAD: readonly LtpWord[] = ['TFAIL', 'TBROK', 'TWARN']

function outputReasons({ counts, summary }: LtpOutput): readonly string[] {
  return BAD.flatMap((word) => {
    const count = Math.max(counts[word], summary?.[word] ?? 0)
    return count === 0 ? [] : [`${count} ${word}`]
  })
}

/** Why an exit status of 0 is no pass; null where it is one. */
function whyNoPass({ counts, summary, newApi }: LtpOutput, text: string, isKnown: boolean): string | null {
  if (counts.TPASS === 0 && (isKnown || newApi)) return 'it ended with 0 and reported no pass'
  if (newApi && summary === null) return 'its summary is lost'
  if (summary !== null && summary.TPASS < 1) return 'its summary counts no pass'
  return text.trim() === '' ? 'it ended with 0 and printed nothing' : null
}

function withTexts(reasons: readonly string[], { results }: LtpOutput): string {
  const bad = results.filter(({ word }) => BAD.includes(word)).map(({ word, text }) => `${word}: ${text}`)
  const texts = [...bad.slice(0, SHOWN), ...(bad.length > SHOWN ? ['…'] : [])]
  return [...new Set([...reasons, ...texts])].join('; ')
}

function skipReason(text: string, { results }: LtpOutput): string {
  const unmet = text.split('\n', 50).find((line) => line.startsWith(UNMET))
  if (unmet !== undefined) return `the guest lacks ${unmet.slice(UNMET.length)}`
  const texts = results.filter(({ word }) => word === 'TCONF').map((result) => result.text)
  return [...new Set(texts)].slice(0, SHOWN).join('; ') || 'exit status 32 (TCONF)'
}
