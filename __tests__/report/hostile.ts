import fc from 'fast-check'
import type { RunRecord } from '../../src/domain/record.js'
import { anAttempt, aRecord, aReport, aTest, settings } from './builder.js'

const NASTY = [
  ']]>',
  '<script>alert(1)</script>',
  '</script><script>alert(1)</script>',
  '<!--',
  '-->',
  '&amp;&lt;&#0;',
  '@torvalds #123 GH-12 org/repo#7 kernel@vger.kernel.org',
  'https://evil.example/?a=b www.evil.example mailto:a@b.c',
  '[click](javascript:alert(1)) ![x](http://evil.example/x.png)',
  '```\n# heading\n```',
  '`` ` ``` ````',
  '| a | b |\n| --- | --- |',
  '</summary></details><img src=x onerror=alert(1)>',
  '$x^2$ $$y$$',
  '::error file=a::b',
  '\u0000\u0001\u0008\u000b\u000c\u001b[31mred\u001b[0m\u007f\u0085\u009b',
  '\ud800',
  '\udfff tail',
  '\ufffe\uffff\ufeff',
  '\u202e gnp.exe \u2066 x \u2069 \u200b',
  '\r\n\r\n',
  '0123456789abcdef0123456789abcdef01234567',
  '\u{1f600}\u{e0041}',
  '- item\n+ item\n1. item\n> quote\n# head\n***\n',
  '    indented',
  ' ',
  '',
] as const

/** Text of the kinds that break renderings, alone and mixed with anything at all. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NASTY),
  fc
    .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary', maxLength: 20 })), { maxLength: 6 })
    .map((parts) => parts.join('')),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 }).map((units) => String.fromCharCode(...units)),
)

/** A run in which every text that is not ours is hostile. */
export const hostileRecord: fc.Arbitrary<RunRecord> = fc.array(hostileText, { minLength: 24, maxLength: 24 }).map((texts) => {
  let next = 0
  const text = (): string => texts[next++ % texts.length] ?? ''
  const report = () =>
    aReport({
      title: text(),
      lines: [text(), text()],
      frames: [{ symbol: text(), function: text(), file: text(), line: 3 }, { symbol: text() }],
    })
  const failed = (status: 'fail' | 'crashed' | 'timeout') =>
    anAttempt({
      status,
      message: text(),
      diff: text(),
      reports: [report()],
      exit: { kind: 'panic', line: text() },
      logs: { console: text(), full: `a/${text()}` },
    })
  const onBase = (status: 'fail' | 'pass') => ({
    status,
    revision: text(),
    kernelRelease: text(),
    bundlePath: text(),
    attempts: [{ ...failed('fail'), status }],
  })
  const tests = [
    aTest(`generic/1${text()}`, { status: 'fail', file: text(), attempts: [failed('fail'), failed('fail')], onBase: onBase('fail') }),
    aTest(text(), { status: 'crashed', attempts: [failed('crashed')] }),
    aTest('generic/3', { status: 'timeout', section: text(), attempts: [failed('timeout')], onBase: onBase('pass') }),
    aTest('generic/4', { status: 'notrun', reason: text() }),
    aTest('generic/5', { status: 'expunged', reason: text() }),
    aTest('generic/6', { status: 'notreached', reason: text() }),
    aTest('generic/7', {
      status: 'fail',
      flaky: true,
      attempts: [anAttempt({ status: 'fail', message: text(), diff: text() }), anAttempt()],
    }),
    aTest('generic/8', { status: 'fail', expectedFailure: { reason: text(), link: text() } }),
    aTest('generic/9', { expectedFailure: { reason: text(), link: text() } }),
    aTest('generic/10'),
  ]
  const record = aRecord(tests)
  return {
    ...record,
    runId: text(),
    settings: { [text()]: text() },
    revisions: { kernel: text(), [text()]: text() },
    sections: record.sections.map((section) => ({
      ...section,
      kernelRelease: text(),
      settings: settings({ mkfsOptions: text() }),
      couldNotTest: text(),
    })),
    problems: [text(), text()],
    unattributedReports: [report()],
    disagreements: [{ suite: 'fstests', section: text(), test: text(), sources: { [text()]: text() }, resolution: text() }],
    cache: [
      {
        layer: text(),
        key: text(),
        outcome: 'hit' as const,
        detail: text(),
        bytes: 1,
        restoreSeconds: 1,
        saveSeconds: null,
        savedSeconds: 2,
      },
    ],
    accelerator: { requested: 'auto' as const, accelerator: 'tcg' as const, reason: text(), timeoutFactor: 8 },
    conclusion: { ...record.conclusion, reason: text() },
    plan: { ...record.plan, reproduce: `vmtest run ${text()} @TESTS@` },
  }
})
