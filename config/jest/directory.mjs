import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Before all tests: a directory for files that outlive their test, because work given up at a deadline still reads them. */
export default async function makeDirectory() {
  process.env.VMTEST_JEST_DIRECTORY = await mkdtemp(join(tmpdir(), 'vmtest-jest-'))
  globalThis.removeJestDirectory = () => rm(process.env.VMTEST_JEST_DIRECTORY, { recursive: true, force: true })
}
