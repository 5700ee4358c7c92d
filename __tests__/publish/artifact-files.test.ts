import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createFiles } from '../../src/ports/real/files.js'
import { selectArtifactFiles } from '../../src/publish/artifact-files.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-artifact-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const put = (name: string, text = 'x') => {
  mkdirSync(join(directory, name, '..'), { recursive: true })
  writeFileSync(join(directory, name), text)
}
const select = async (limits?: Parameters<typeof selectArtifactFiles>[2]) => {
  const { files, notes } = await selectArtifactFiles(createFiles(), directory, limits)
  return { names: files.map((path) => relative(directory, path)), notes }
}

test('links, devices and what they lead to stay out of the artifact', async () => {
  put('run.json')
  put('guests/1/console.log')
  put('vmtest-disks-x/guest-1/test.raw')
  symlinkSync('/etc', join(directory, 'etc'))
  symlinkSync('/etc/passwd', join(directory, 'passwd'))
  symlinkSync('nowhere', join(directory, 'dangling'))
  symlinkSync('.', join(directory, 'loop'))
  execFileSync('mkfifo', [join(directory, 'fifo')])
  const server = createServer().listen(join(directory, 'socket'))
  await new Promise((resolve) => server.once('listening', resolve))
  const { names, notes } = await select()
  await new Promise((resolve) => server.close(resolve))
  expect(names).toEqual(['guests/1/console.log', 'run.json'])
  expect(notes).toEqual(['6 links or special files were left out of the artifact.'])
})

test('names that artifacts cannot hold stay out, with a note, and take nothing else along', async () => {
  for (const name of ['a:b', 'line\nfeed', 'back\\slash', 'quo"te', 'dir*/inside', 'fine %0A']) put(name)
  const { names, notes } = await select()
  expect(names).toEqual(['fine %0A'])
  expect(notes).toEqual(['5 files with names that artifacts cannot hold were left out.'])
})

test('too many files, or too many bytes: what fits goes in, what does not is counted', async () => {
  for (let number = 0; number < 10; number++) put(`many/${number}`)
  put('bomb')
  truncateSync(join(directory, 'bomb'), 1024 ** 4)
  const { names, notes } = await select({ maxFiles: 4, maxBytes: 1024 })
  expect(names).toEqual(['many/0', 'many/1', 'many/2', 'many/3'])
  expect(notes).toEqual(["7 files above the artifact's limit (4 files, 1024 bytes) were left out."])
})

// Root reads what nobody may: here a reader that is refused stands in for a user who is.
test('what cannot be read is left out with a note, and the rest goes', async () => {
  put('run.json')
  put('secret.full')
  put('locked/inner')
  const real = createFiles()
  const refuse = (path: string) => Promise.reject(new Error(`EACCES: permission denied, open '${path}'`))
  const files = {
    stat: real.stat,
    list: (path: string) => (path.endsWith('locked') ? refuse(path) : real.list(path)),
    readBytes: (path: string, range: { offset: number; length: number }) =>
      path.endsWith('.full') ? refuse(path) : real.readBytes(path, range),
  }
  const found = await selectArtifactFiles(files, directory)
  expect(found.files.map((path) => relative(directory, path))).toEqual(['run.json'])
  expect(found.notes).toHaveLength(2)
  expect(found.notes.join(' ')).toMatch(/locked cannot be read.*secret\.full cannot be read/)
})
