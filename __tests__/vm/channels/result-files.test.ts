import { beforeEach, describe, expect, test } from '@jest/globals'
import { hostName, pathProblem, type ResultCaps, ResultFiles } from '../../../src/vm/channels/result-files.js'
import { MemoryFiles } from '../fakes/memory-files.js'

let files: MemoryFiles
beforeEach(() => {
  files = new MemoryFiles()
})

function store(caps: Partial<ResultCaps> = {}): ResultFiles {
  const results = new ResultFiles(files, { files: 100, guestFiles: 1000, fileBytes: 1000, guestBytes: 10_000, ...caps })
  results.begin('/b/1/results')
  return results
}

async function send(
  results: ResultFiles,
  path: string,
  text: string,
  options: { offset?: number; complete?: boolean } = {},
): Promise<void> {
  await results.accept({ kind: 'file', path, offset: options.offset ?? null })
  if (text !== '') await results.accept({ kind: 'bytes', bytes: Buffer.from(text) })
  await results.accept({ kind: 'file-end', complete: options.complete ?? true })
}

describe('files from a guest', () => {
  test('lie below the batch, and a later version takes the place of an earlier one', async () => {
    const results = store()
    await send(results, 'generic/001.full', 'one')
    await send(results, 'generic/001.full', 'two!')
    await send(results, 'generic/empty', '')
    expect(files.text('/b/1/results/generic/001.full')).toBe('two!')
    expect(files.text('/b/1/results/generic/empty')).toBe('')
    expect(results.notes()).toEqual([])
  })

  test('a long file grows by its parts; a part that does not fit is noted and left out', async () => {
    const results = store()
    await send(results, 'a.full', 'abc', { offset: 0 })
    await send(results, 'a.full', 'def', { offset: 3 })
    await send(results, 'a.full', 'xyz', { offset: 99 })
    expect(files.text('/b/1/results/a.full')).toBe('abcdef')
    expect(results.notes()).toEqual(['result file incomplete: a.full: a part from byte 99 does not fit what is here'])
  })

  test.each([
    ['/etc/cron.d/x', 'an absolute path'],
    ['../../x', 'not a plain relative path'],
    ['a/../../x', 'not a plain relative path'],
    ['a//b', 'not a plain relative path'],
    ['./a', 'not a plain relative path'],
    ['a\ufffdb', 'not UTF-8'],
    [`a/${'x'.repeat(300)}`, 'a name longer than'],
    [`a/${'x/'.repeat(600)}y`, 'longer than 1024 bytes'],
  ])('the path %j is refused with a note', async (path, problem) => {
    expect(pathProblem(path)).toContain(problem)
    const results = store()
    await send(results, path, 'evil')
    expect([...files.contents.keys()]).toEqual([])
    expect(results.notes()).toHaveLength(1)
    expect(results.notes()[0]).not.toMatch(/[\u0000-\u001f]/)
  })

  test.each([
    ['line\u0001two', 'line%0Atwo'],
    ['a/\u001b[31m', 'a/%1B[31m'],
    ['a\rb', 'a%0Db'],
    ['a:b|c*d?e"f<g>\\h', 'a%3Ab%7Cc%2Ad%3Fe%22f%3Cg%3E%5Ch'],
    ['\u202efdp.exe', '%E2%80%AEfdp.exe'],
    ['\u0085x\u2028', '%C2%85x%E2%80%A8'],
    ['100%25', '100%2525'],
    ['ünïcode 001.full', 'ünïcode 001.full'],
  ])('the name %j survives, as one that every file system, artifact and terminal can hold', async (path, name) => {
    expect(hostName(path)).toBe(name)
    const results = store()
    await send(results, path, 'kept')
    expect(files.text(`/b/1/results/${name}`)).toBe('kept')
    expect(results.notes()).toEqual([])
  })

  test('names that differ in the guest differ on the host', () => {
    const names = ['a\nb', 'a%0Ab', 'a%250Ab', 'a:b', 'a%3Ab', 'a%3ab']
    expect(new Set(names.map(hostName)).size).toBe(names.length)
  })

  test('no spelling leads out of the batch', () => {
    for (const path of ['..', '../x', '/x', 'a/..', 'a/./b', '\u0001/../x']) expect(pathProblem(hostName(path))).not.toBeNull()
  })

  test('a file is cut at its cap, once noted', async () => {
    const results = store({ fileBytes: 4 })
    await send(results, 'a', 'abcdefgh')
    expect(files.text('/b/1/results/a')).toBe('abcd')
    expect(results.notes()).toEqual(['result file cut: a: the cap is 4 bytes a file'])
  })

  test('all files together are capped by what lies on the host, not by what was sent', async () => {
    const results = store({ guestBytes: 10 })
    for (let i = 0; i < 5; i++) await send(results, 'again', '12345678')
    expect(results.notes()).toEqual([])
    await send(results, 'more', 'abcdef')
    expect(files.text('/b/1/results/more')).toBe('ab')
    expect(results.notes()).toEqual(['result file cut: more: the cap is 10 bytes a guest'])
  })

  test('the number of files is capped; notes of a kind are counted after ten', async () => {
    const results = store({ files: 2 })
    for (let i = 0; i < 25; i++) await send(results, `f${i}`, 'x')
    expect(files.contents.size).toBe(2)
    expect(results.notes()).toHaveLength(11)
    expect(results.notes().at(-1)).toBe('result file beyond the cap: 13 more')
  })

  test('the files of all batches together are capped', async () => {
    const results = store({ files: 2, guestFiles: 3 })
    await send(results, 'a', '1')
    await send(results, 'b', '2')
    results.begin('/b/2/results')
    await send(results, 'a', '3')
    await send(results, 'a', '4')
    await send(results, 'b', '5')
    expect([...files.contents.keys()].sort()).toEqual(['/b/1/results/a', '/b/1/results/b', '/b/2/results/a'])
    expect(results.notes()).toEqual(['result file beyond the cap: b: more than 3 files of one guest'])
  })

  test('a cut file is kept where there is nothing better, and noted', async () => {
    const results = store()
    await send(results, 'a', 'longer version')
    await send(results, 'a', 'long', { complete: false })
    await send(results, 'b', 'first half', { complete: false })
    expect(files.text('/b/1/results/a')).toBe('longer version')
    expect(files.text('/b/1/results/b')).toBe('first half')
    expect(results.notes()).toHaveLength(1)
  })

  test('a full disk is a note, not an end', async () => {
    files.capacityBytes = 3
    const results = store()
    await send(results, 'a', 'too much')
    expect(results.notes()).toEqual(['result file not written: a: ENOSPC: no space left on device, write'])
  })

  test('what comes before the first batch goes nowhere', async () => {
    const results = new ResultFiles(files)
    await send(results, 'a', 'x')
    expect(files.contents.size).toBe(0)
  })
})
