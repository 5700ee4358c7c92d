import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

/** What fstests' check writes into result.xml before each test, by fewer processes (nix/suites/fstests/guest/quick-report). */
const guest = new URL('../../nix/suites/fstests/guest', import.meta.url).pathname
const property = readFileSync(join(guest, 'quick-property'), 'utf8')

const tree = process.env.VMTEST_FSTESTS ?? ''
const inTree = tree !== '' && existsSync(join(tree, 'common/report')) ? test : test.skip
if (tree === '') console.log('skipped: the short way for properties is held against a tree of fstests where VMTEST_FSTESTS names it')

const hasBusybox = spawnSync('which', ['busybox']).status === 0
const withBusybox = hasBusybox ? describe : describe.skip
if (!hasBusybox) console.log('skipped: the guest’s own half of fstests is read by busybox, which is not here')

/** Values as sections and kernels have them, and what would come out different if it took the short way. */
const plain = ['a', '6.12.0-rc3+', '-b size=4k -m crc=1,reflink=1', '/dev/vdb', ' lead', 'trail ', 'a%sb', '-f', 'x@y:z_', '16777216']
const strange = [
  'a&b',
  '<b>',
  '"q"',
  "it's",
  'tab\there',
  'back\\nslash',
  'é',
  'two\nlines',
  '-n',
  '-e x',
  '-E',
  '$HOME',
  '`id`',
  'a*',
  '~',
  '\u0001',
]

/** What bash prints for a name and values, with these functions: `other` where the short way leaves a value to the long one. */
function printed(functions: string, values: readonly string[]): readonly string[] {
  const script = `${functions}\nfor value in "$@"; do _xunit_add_property NAME_x "$value"; printf '\\036'; done`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', ...values], { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.split('\u001e').slice(0, -1)
}

describe('a property that needs no escaping', () => {
  const short = `_xunit_add_property() {\nlocal name="$1" value="$2"\n${property}\necho other\n}`

  test('is written as it is, without a further process', () => {
    expect(printed(`PATH=\n${short}`, plain)).toEqual(plain.map((value) => `\t\t<property name="NAME_x" value="${value}"/>\n`))
  })

  test('and whatever else there is goes the long way', () => {
    expect(printed(short, strange)).toEqual(strange.map(() => 'other\n'))
  })

  inTree('is what the tree’s own function writes ($VMTEST_FSTESTS)', () => {
    const text = readFileSync(join(tree, 'common/report'), 'utf8')
    const own = /^encode_xml\(\)\n[\s\S]*?^}$/m.exec(text)?.[0]
    const known = /^_xunit_add_property\(\)\n[\s\S]*?^}$/m.exec(text)?.[0]
    const shortened = known?.replace(/^\ttest -z .*\n/m, (line) => `${line}${property}`)
    expect(shortened).not.toBe(known)
    const values = [...plain, ...strange]
    expect(printed(`${own}\n${shortened}`, values)).toEqual(printed(`${own}\n${known}`, values))
  })
})

withBusybox('what the guest does with the tree', () => {
  let place: string
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'quick-report-'))
    cpSync(guest, join(place, 'vmtest/suite'), { recursive: true })
    mkdirSync(join(place, 'work'))
    // Says what it would mount.
    writeFileSync(join(place, 'busybox'), '#!/bin/sh\nif [ "$1" = mount ]; then echo "$@"; else exec busybox "$@"; fi\n', { mode: 0o755 })
  })
  afterAll(() => rmSync(place, { recursive: true }))

  /** What is mounted where the tree's common/report is this text; null: there is none. */
  function mountedOver(report: string | null): string {
    rmSync(join(place, 'tree'), { recursive: true, force: true })
    rmSync(join(place, 'work/report'), { force: true })
    mkdirSync(join(place, 'tree/common'), { recursive: true })
    if (report !== null) writeFileSync(join(place, 'tree/common/report'), report)
    const variables = `root=${place} suite=/tree lib=${place}/vmtest work=${place}/work bb=${place}/busybox`
    const words = ['sh', '-eu', '-c', `${variables}; . ${guest}/quick-report; echo done`]
    const { stdout, stderr } = spawnSync('busybox', words, { encoding: 'utf8' })
    expect(stderr).toBe('')
    return stdout.replaceAll(place, '')
  }

  test('a tree without the file, or with another text in it, is left as it is', () => {
    expect(mountedOver(null)).toBe('done\n')
    expect(mountedOver('')).toBe('done\n')
    expect(mountedOver('_xunit_add_property()\n{\n\ttest -z "$2" && return\n\techo "$1: $2"\n}\n')).toBe('done\n')
  })

  inTree('a tree as it is known has the short way in the guest, and nowhere else ($VMTEST_FSTESTS)', () => {
    const text = readFileSync(join(tree, 'common/report'), 'utf8')
    expect(mountedOver(text)).toBe('mount -o bind /work/report /tree/common/report\ndone\n')
    expect(readFileSync(join(place, 'tree/common/report'), 'utf8')).toBe(text)
    const made = readFileSync(join(place, 'work/report'), 'utf8')
    expect(made.replace(property, '')).toBe(text)
    // One blank more, and it is no more what is known.
    expect(mountedOver(text.replace('_xunit_add_property()\n{\n', '_xunit_add_property()\n{\n\n'))).toBe('done\n')
  })
})
