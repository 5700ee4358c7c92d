import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { JournalFiles, stillHolds } from '../../src/bundle/journal.js'
import type { FileMark } from '../../src/ports/index.js'
import { createFiles } from '../../src/ports/real/files.js'

const files = createFiles()
const LATER = { kind: 'file', text: '', modifiedNs: 0n, changedMs: Date.now() + 3_600_000 } as const
let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'journal-'))
  mkdirSync(join(root, 'bin'))
  writeFileSync(join(root, 'bin/tool'), 'first')
  mkdirSync(join(root, 'alternatives'))
  symlinkSync(join(root, 'bin/tool'), join(root, 'alternatives/tool'))
  symlinkSync(join(root, 'alternatives/tool'), join(root, 'bin/link'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Reads as the staging does: a list, what a link leads to, a file, one that is not there. */
async function read(journal: JournalFiles): Promise<void> {
  const { files: seen } = journal
  await seen.list(join(root, 'bin'))
  await seen.readText(await seen.realPath(join(root, 'bin/link')))
  await seen.stat(join(root, 'absent'))
  await seen.realPath(join(root, 'bin/nowhere')).catch(() => null)
}

async function journalOf(since: FileMark = LATER) {
  const journal = new JournalFiles(files, (path) => path.startsWith(`${root}/cache/`))
  await read(journal)
  return journal.close(since)
}

describe('a journal of what was read', () => {
  it('holds while nothing changes, whatever is done beside it', async () => {
    const journal = await journalOf()
    mkdirSync(join(root, 'cache'))
    writeFileSync(join(root, 'cache/note'), 'ours')
    expect(journal && (await stillHolds(journal, files))).toBe(true)
  })

  const changes: Readonly<Record<string, () => void>> = {
    'a file that grew': () => appendFileSync(join(root, 'bin/tool'), '!'),
    'other contents of the same size, with the time set back': () => {
      writeFileSync(join(root, 'bin/tool'), 'other')
      utimesSync(join(root, 'bin/tool'), 1, 1)
    },
    'another file in its place': () => {
      writeFileSync(join(root, 'new'), 'first')
      renameSync(join(root, 'new'), join(root, 'bin/tool'))
    },
    'other permissions': () => chmodSync(join(root, 'bin/tool'), 0o700),
    'a file more in a directory': () => writeFileSync(join(root, 'bin/more'), ''),
    'a file less': () => rmSync(join(root, 'bin/tool')),
    'a file where there was none': () => writeFileSync(join(root, 'absent'), ''),
    'a link in the middle of a chain that leads elsewhere': () => {
      writeFileSync(join(root, 'alternatives/second'), 'second')
      rmSync(join(root, 'alternatives/tool'))
      symlinkSync(join(root, 'alternatives/second'), join(root, 'alternatives/tool'))
    },
  }
  it.each(Object.entries(changes))('holds no longer after %s', async (_, change) => {
    const journal = await journalOf()
    change()
    expect(journal && (await stillHolds(journal, files))).toBe(false)
  })

  it('is not kept where something changed while it was written, or just before', async () => {
    writeFileSync(join(root, 'started'), '')
    const [since] = (await files.marks?.([join(root, 'started')])) ?? []
    expect(since && (await journalOf(since))).toBeNull()
  })

  it('is not kept of files that have no marks', async () => {
    const { marks: _, ...unmarked } = files
    const journal = new JournalFiles(unmarked, () => false)
    await read(journal)
    expect(await journal.close(LATER)).toBeNull()
  })
})
