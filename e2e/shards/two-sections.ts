import { join } from 'node:path'
import { bundle } from '../../scripts/bundle.mjs'
import { writeFakeBundle } from '../comparison/fake-bundle.js'

export const TESTS = ['generic/001', 'generic/002', 'generic/003', 'generic/004']
export const SECTIONS = ['xfs', 'ext4']

/** A bundle of two sections with four tests, whose guests only say what became of a test (`fates.json`). @param programs where its QEMU is built */
export async function writeTwoSections(path: string, programs: string, fates: Readonly<Record<string, string>> = {}): Promise<void> {
  const fakeQemu = join(programs, 'fake-qemu.mjs')
  await bundle({ entryPoints: [join(import.meta.dirname, '../comparison/fake-qemu.ts')], outfile: fakeQemu })
  const disks = [{ role: 'test', sizeMiB: 16 }]
  const settings = (fstyp: string) => ({ fstyp, mkfsOptions: '', mountOptions: '' })
  const sections = SECTIONS.map((name) => ({ suite: 'fstests', name, disks, settings: settings(name) }))
  writeFakeBundle(path, { fakeQemu, tests: TESTS, fates, image: 'image', version: 2, sections })
}
