import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Section } from '../../src/domain/section.js'
import { withDiskSize } from '../../src/pipeline/resolve-selection.js'

const ROLES = ['test', 'scratch', 'pool', 'logwrites'] as const

test('disks that tests fill are as large as asked for; others, and all where nothing is asked, stay', () => {
  const disks = fc.array(fc.record({ role: fc.constantFrom(...ROLES), sizeMiB: fc.integer({ min: 1, max: 100_000 }) }))
  fc.assert(
    fc.property(disks, fc.option(fc.integer({ min: 300, max: 100_000 }), { nil: undefined }), (given, size) => {
      const section = { name: 'xfs', disks: given } as unknown as Section
      const { disks: made } = withDiskSize(section, size)
      expect(made.map(({ role }) => role)).toEqual(given.map(({ role }) => role))
      for (const [index, disk] of made.entries()) {
        const before = given[index]?.sizeMiB
        expect(disk.sizeMiB).toBe(disk.role === 'logwrites' ? before : (size ?? before))
      }
    }),
  )
})
