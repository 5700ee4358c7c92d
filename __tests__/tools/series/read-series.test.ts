import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createExec } from '../../../src/ports/real/exec.js'
import { createFiles } from '../../../src/ports/real/files.js'
import { parseMail, readSeries } from '../../../src/tools/series/read-series.js'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vmtest-series-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const git = (...argv: string[]) =>
  execFileSync('git', ['-C', join(root, 'tree'), '-c', 'user.name=A. Developer', '-c', 'user.email=dev@example.org', ...argv], {
    encoding: 'utf8',
  })

/** Three commits as `git format-patch` mails them, each mail by itself; the cover letter first. */
function mails(...options: string[]): string[] {
  mkdirSync(join(root, 'tree'))
  git('init', '--quiet', '--initial-branch', 'main')
  writeFileSync(join(root, 'tree/a.c'), 'one\n')
  git('add', '.')
  git('commit', '--quiet', '-m', 'base')
  for (const number of [1, 2, 3]) {
    writeFileSync(join(root, 'tree/a.c'), `one\n${'x\n'.repeat(number)}`)
    git('commit', '--quiet', '-a', '-m', number === 2 ? 'fs: größer, change 2' : `fs: change ${number}`)
  }
  const names = git('format-patch', '--cover-letter', '--thread', '--base=HEAD~3', '-o', join(root, 'out'), ...options, 'HEAD~3')
    .trim()
    .split('\n')
  return names.map((name) => readFileSync(name, 'utf8').replace('*** SUBJECT HERE ***', 'fs: three changes'))
}

async function read(text: string) {
  const mailbox = join(root, 'series.mbox')
  writeFileSync(mailbox, text)
  return readSeries(mailbox, join(root, 'mails'), { exec: createExec(), files: createFiles() })
}

describe('a series', () => {
  test('is read as git mails it: in order, with what the cover letter says', async () => {
    const [cover = '', ...patches] = mails()
    const series = await read([patches[2], cover, patches[0], patches[1]].join(''))
    expect(series.patches.map(({ subject, number }) => [number, subject])).toEqual([
      [1, 'fs: change 1'],
      [2, 'fs: größer, change 2'],
      [3, 'fs: change 3'],
    ])
    expect(series).toMatchObject({
      subject: 'fs: three changes',
      from: 'A. Developer <dev@example.org>',
      baseCommit: git('rev-parse', 'HEAD~3').trim(),
    })
    expect(series.messageId).toMatch(/^cover\.\d+\.git\.dev@example\.org$/)
  })

  test('leaves replies out, and takes the newest version', async () => {
    const [cover = '', ...patches] = mails('-v', '2')
    const old = [cover, ...patches].join('').replaceAll('[PATCH v2 ', '[PATCH ').replaceAll('fs: change', 'fs: old change')
    const reply = `From x Mon Sep 17 00:00:00 2001\nFrom: R <r@example.org>\nSubject: Re: [PATCH v3 1/3] fs: change 1\n\n> --- a/a.c\nLooks good; what about\n--- a/a.c\n+++ b/a.c\n\n`
    const series = await read(`${old}${reply}${cover}${patches.join('')}`)
    expect(series.patches.map(({ subject, version }) => [version, subject])).toEqual([
      [2, 'fs: change 1'],
      [2, 'fs: größer, change 2'],
      [2, 'fs: change 3'],
    ])
  })

  test('of one patch, in a file without a mailbox’s first line, is one', async () => {
    const [, patch = ''] = mails()
    const series = await read(patch.replace(/^From .*\n/, '').replace('[PATCH 1/3]', '[PATCH]'))
    expect(series.patches.map(({ subject }) => subject)).toEqual(['fs: change 1'])
  })

  test.each([
    ['a patch is missing', (all: string[]) => [all[0], all[1], all[3]].join(''), 'Of the 3 patches in .*, patch 2 is missing'],
    ['there is no patch', (all: string[]) => all[0] ?? '', 'There is no patch in'],
  ])('is refused where %s', async (_what, choose, message) => {
    await expect(read(choose(mails()))).rejects.toThrow(new RegExp(message))
  })

  test('that is no file is refused with what would be', async () => {
    const ports = { exec: createExec(), files: createFiles() }
    await expect(readSeries(join(root, 'none'), join(root, 'mails'), ports)).rejects.toThrow('There is no mailbox at')
    await expect(readSeries(root, join(root, 'mails'), ports)).rejects.toThrow(`${root} is a directory.`)
    await expect(read('')).rejects.toThrow(/series\.mbox is empty\.$/)
  })
})

describe('a mail', () => {
  test.each([
    ['=?UTF-8?q?=5BPATCH=201/2=5D_fs=3A_gr=C3=B6=C3=9Fer?=', { subject: 'fs: größer', number: 1, total: 2 }],
    ['[PATCH RFC v12 03/17] mm: count', { subject: 'mm: count', number: 3, total: 17, version: 12 }],
    ['[PATCH xfsprogs] repair: 1/2 of it', { subject: 'repair: 1/2 of it', number: null, version: 1 }],
    ['Re: [PATCH 1/2] x', { isReply: true }],
    ['no prefix', { subject: 'no prefix', number: null, isReply: false }],
  ])('%j', (subject, expected) => expect(parseMail('p', `From: a\nSubject: ${subject}\n\nbody\n`)).toMatchObject(expected))

  test('of any bytes is read', () => {
    for (const text of ['', '\n', '\n\n', 'Subject:', 'Subject: =?utf-8?b?///?=\n\n', 'Subject: =?nothing?q?=ff?=\n\n'])
      expect(() => parseMail('p', text)).not.toThrow()
  })
})
