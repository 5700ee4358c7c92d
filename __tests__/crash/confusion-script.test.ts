import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'

const script = join(import.meta.dirname, '../../scripts/crash-confusion.mjs')
const WARNING = '[    1.0] WARNING: CPU: 0 PID: 7 at fs/a.c:1 foo+0x1/0x2\n'

/** A labelled log of each outcome: right, wrong title, wrong title but mangled, missed, rightly nothing, wrongly something. */
const LOGS: Readonly<Record<string, string>> = {
  '1.txt': `TITLE: WARNING in bar\nALT: WARNING in foo\nTYPE: WARNING\n\n${WARNING}`,
  '2.txt': `TITLE: WARNING in bar\nTYPE: WARNING\n\n${WARNING}`,
  '3.txt': `TITLE: WARNING in bar\nCORRUPTED: Y\n\n${WARNING}`,
  '4.txt': 'TITLE: something nobody reports\n\nnothing here\n',
  '5.txt': '\nnothing here\n',
  '6.txt': `TITLE:\n\n${WARNING}`,
}

describe('the confusion script', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vmtest-confusion-'))
  afterAll(() => rmSync(dir, { recursive: true }))

  it('counts what was found and whose title is right', () => {
    for (const [name, text] of Object.entries(LOGS)) writeFileSync(join(dir, name), text)
    const output = execFileSync(process.execPath, [script, '--misses', dir], { encoding: 'utf8' })
    expect(output).toMatch(/^report +3 +1$/m)
    expect(output).toMatch(/^no report +1 +1$/m)
    expect(output).toContain('detection 4 of 6 (66.7 %)')
    expect(output).toContain('titles 1 of 3 not marked corrupted (33.3 %)')
    expect(output).toContain('2.txt: title\n  expected WARNING in bar\n  found    WARNING in foo')
  })
})
