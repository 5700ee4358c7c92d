// examples/vfs is copied whole: what its workflow and its list name must be there.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { parseInputs } from '../../src/inputs/parse.js'
import { parseExpectations } from '../../src/plan/expectations.js'
import { root } from '../cli/command.js'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
interface Workflow {
  readonly jobs: Record<string, { readonly steps: readonly { readonly uses?: string; readonly with?: Record<string, unknown> }[] }>
}
const steps = Object.values((parse(read('examples/vfs/vfs.yml')) as Workflow).jobs).flatMap((job) => job.steps)
const given = steps.find((step) => step.uses?.includes('/kernel-vmtest@'))?.with ?? {}
const inputs = parseInputs('action', Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)])))
const shelf = (JSON.parse(read('nix/sections/sections.json')) as { sections: { name: string }[] }).sections.map(({ name }) => name)

describe('the workflow of the VFS', () => {
  test('names sections and fragments that there are, and suites whose trees it gives', () => {
    expect(inputs.selection.sections.length).toBeGreaterThan(1)
    expect(inputs.selection.sections.filter((name) => !shelf.includes(name))).toEqual([])
    const fragments = String(given.kconfig).split(/\s+/)
    expect(fragments.filter((name) => !existsSync(join(root, `nix/kconfig/${name}.config`)))).toEqual([])
    expect(inputs.suites).toEqual(['kselftest', 'fstests'])
  })

  test('has a list in which every line can be read, has a reason, and is of a section that runs', () => {
    const { entries, problems } = parseExpectations(read('examples/vfs/vfs.expectations'), 'vfs.expectations')
    expect(problems).toEqual([])
    expect(entries.length).toBeGreaterThan(10)
    expect(entries.flatMap((entry) => entry.sections).filter((name) => !inputs.selection.sections.includes(name))).toEqual([])
  })
})
