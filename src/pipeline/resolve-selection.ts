import type { BundleKernel, VmBundle } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { Plan, Selection } from '../domain/plan.js'
import type { Section } from '../domain/section.js'
import type { ShardPromise } from '../domain/shards.js'
import type { BuiltSuite } from '../domain/stages.js'
import type { SuiteName } from '../domain/test.js'
import { sectionKey } from '../domain/test-key.js'
import { isEnabled, missingOptions, parseKernelConfig, sectionObstacles } from '../kconfig/index.js'
import { loadExpectations } from '../plan/expectations.js'
import { bundleSections, localConfigTable, type SectionTable } from '../plan/sections.js'
import { restrict, type Selected } from '../plan/select.js'
import { type ChosenSuite, selectInSuites } from '../plan/select-suites.js'
import { listNames } from '../plan/suggest.js'
import type { Ports } from '../ports/index.js'
import { type Offered, offeredKey } from '../results/index.js'
import { suites as knownSuites, suiteOf } from '../suites/index.js'
import type { Directories } from './directories.js'

/** Of a bundle what the choice of tests depends on. */
export interface WhatThereIs {
  readonly bundle: Pick<VmBundle, 'architecture' | 'sections' | 'kernel'>
  readonly suites: readonly BuiltSuite[]
}

/**
 * The request held against what there is: before anything boots.
 * @throws UserError with every problem at once
 */
export async function resolveSelection(
  options: { readonly plan: Plan; readonly built: WhatThereIs; readonly places: Directories },
  { files }: Pick<Ports, 'files'>,
): Promise<Selected & { readonly offered: Offered; readonly catalogued: ShardPromise['offered'] }> {
  const { plan, built, places } = options
  const expectations = await loadExpectations(files, plan.selection)
  const suites: ChosenSuite[] = []
  const offered = { tests: new Set<string>(), sections: new Set<string>() }
  const catalogued: ShardPromise['offered'] = []
  for (const { name, catalogue } of built.suites) {
    const sections = await sectionTable(name, { plan, built, places }, files)
    for (const section of sections.own) offered.sections.add(sectionKey({ suite: name, section }))
    for (const test of catalogue.tests) offered.tests.add(offeredKey({ suite: name, name: test.name }))
    catalogued.push({ suite: name, tests: catalogue.tests.map((test) => test.name), sections: [...sections.own] })
    suites.push({ name, sections, catalogue, choice: suiteOf(name).choice })
  }
  const chosen = selectInSuites(plan.selection, {
    suites,
    known: Object.keys(knownSuites),
    expectations,
    kernelRelease: built.bundle.kernel.release,
    architecture: built.bundle.architecture,
  })
  const sized = {
    ...chosen,
    selection: { ...chosen.selection, sections: chosen.selection.sections.map((section) => withDiskSize(section, plan.diskSizeMiB)) },
  }
  const selected = plan.selection.only === undefined ? sized : { ...sized, selection: restrict(sized.selection, plan.selection.only) }
  await refuseImpossible(selected.selection.sections, built.bundle.kernel, files)
  await refuseUnmetNeeds(selected.selection, built, files)
  return { ...selected, offered, catalogued }
}

/** Roles of the disks that tests fill; a log of writes (`logwrites`) follows from them and keeps its size. */
const FILLED = ['test', 'scratch', 'pool']

/** A section whose disks are as large as asked for; as it is where nothing was. */
export function withDiskSize(section: Section, diskSizeMiB: number | undefined): Section {
  if (diskSizeMiB === undefined) return section
  return { ...section, disks: section.disks.map((disk) => (FILLED.includes(disk.role) ? { ...disk, sizeMiB: diskSizeMiB } : disk)) }
}

/** Sections this kernel cannot run are named with the reason now, not by a mount that fails in the guest. */
async function refuseImpossible(sections: readonly Section[], kernel: BundleKernel, files: Ports['files']): Promise<void> {
  const config = kernel.config === undefined ? null : parseKernelConfig(await files.readText(kernel.config))
  const impossible = sections
    .map((section) => ({
      section,
      obstacles: sectionObstacles(section, { release: kernel.release, config, hasModules: kernel.modules !== undefined }),
    }))
    .filter(({ obstacles }) => obstacles.length > 0)
  if (impossible.length === 0) return
  const problems = impossible.map(({ section, obstacles }) => `section \`${section.name}\` cannot run here: ${obstacles.join('; ')}.`)
  const lacking = config === null ? [] : impossible.filter(({ section }) => missingOptions(section, config).length > 0)
  const names = lacking.map(({ section }) => section.name).join(' ')
  throw new UserError(
    `Nothing was started: ${problems.join(' ')}`,
    names === ''
      ? 'Choose other sections with `-s`, or a newer kernel.'
      : `Choose other sections with \`-s\`, or set the options and build again: \`vmtest config merge .config ${names}\`.`,
  )
}

/** Tests whose own needs this kernel does not meet would fail, and it would look like the kernel's failure. */
async function refuseUnmetNeeds({ sections, tests }: Selection, built: WhatThereIs, files: Ports['files']): Promise<void> {
  const { kernel } = built.bundle
  if (kernel.config === undefined) return
  const config = parseKernelConfig(await files.readText(kernel.config))
  const unmet = new Map<string, string[]>()
  for (const { name: suite, catalogue } of built.suites) {
    const planned = new Set(tests.filter((test) => test.suite === suite && test.expunged === undefined).map(({ name }) => name))
    const own = sections.filter((section) => section.suite === suite).flatMap(({ kernelOptions }) => kernelOptions)
    for (const { name, needs } of catalogue.tests) {
      if (!planned.has(name)) continue
      const missing = (needs?.kernelOptions ?? []).filter((option) => !own.includes(option) && !isEnabled(config, option))
      if (missing.length > 0) unmet.set(missing.join(', '), [...(unmet.get(missing.join(', ')) ?? []), name])
    }
  }
  if (unmet.size === 0) return
  const problems = [...unmet].map(([options, names]) => {
    const [is, need] = [options.includes(',') ? 'are' : 'is', names.length === 1 ? 'needs' : 'need']
    return `${options} ${is} not set in this kernel, and ${listNames(names)} ${need} ${options.includes(',') ? 'them' : 'it'}.`
  })
  throw new UserError(`Nothing was started: ${problems.join(' ')}`, 'Leave these tests out, or set the options and build the kernel again.')
}

async function sectionTable(
  suite: SuiteName,
  { plan, built, places }: { readonly plan: Plan; readonly built: Pick<WhatThereIs, 'bundle'>; readonly places: Directories },
  files: Ports['files'],
): Promise<SectionTable> {
  const { localConfigSections } = suiteOf(suite)
  if (plan.localConfig === null || localConfigSections === undefined) {
    const own = built.bundle.sections.filter((section) => section.suite === suite)
    return bundleSections(own, await builtInSections(suite, places, files))
  }
  const path = plan.localConfig
  const text = await files.readText(path).catch((cause: unknown) => {
    throw new UserError(`local-config is ${path}, which cannot be read.`, 'Name a file in fstests’ local.config form.', { cause })
  })
  return localConfigTable(localConfigSections(text, path), path)
}

/** Sections of a suite that any bundle can run, because they are only options and disks. */
export async function builtInSections(suite: SuiteName, places: Directories, files: Ports['files']): Promise<readonly Section[]> {
  return suiteOf(suite).builtInSections(files, places.checkout)
}
