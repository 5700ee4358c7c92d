import { expect, test } from '@jest/globals'
import { wrapLine, wrapText } from '../../src/report/wrap.js'

test('a line breaks between words, its further parts indented; a word that is too long stays whole', () => {
  expect(wrapLine('the last test of the section ended with SIGABRT', 30)).toBe('the last test of the section\n  ended with SIGABRT')
  expect(wrapLine('log /a/very/long/path/that/is/longer/than/the/line and more', 20)).toBe(
    'log\n  /a/very/long/path/that/is/longer/than/the/line\n  and more',
  )
  expect(wrapLine('short', 30)).toBe('short')
})

test('no word is lost or cut, whatever the width', () => {
  const text =
    '    \u001b[31mfailed\u001b[0m  generic/475 on xfs: output mismatch: +umount: /mnt: target is busy, after 12 s\nand a second line'
  for (let columns = 20; columns < 130; columns++) {
    const wrapped = wrapText(text, columns)
    expect(wrapped.split(/\s+/)).toEqual(text.split(/\s+/))
    for (const line of wrapped.split('\n')) {
      const width = line.replace(/\u001b\[[0-9;]*m/g, '').length
      if (width > columns) expect(line.trim()).not.toMatch(/ /)
    }
  }
})
