import type { SuiteName } from '../../domain/test.js'
import type { ForeignResults, ForeignSection, TreeReader } from '../suite.js'
import { gatherEvidence } from './gather.js'
import { judgedAttempt } from './judge.js'
import type { FstestsSettings } from './settings.js'
import { type FstestsVerdicts, readFstestsResults } from './verdicts.js'

/** The name of the one section of a tree without sections. */
const SOLE_SECTION = 'default'

/** A results tree (RESULT_BASE) of any version of fstests, with or without sections, also one we did not run. */
export async function readForeignFstests(files: TreeReader, directory: string, suite: SuiteName): Promise<ForeignResults | null> {
  const evidence = await gatherEvidence(files, directory)
  if (evidence.output === null && evidence.reports.length === 0 && evidence.files.length === 0 && evidence.logs.length === 0) return null
  const verdicts = readFstestsResults(evidence)
  const times = evidence.reports.map(({ value }) => value)
  return {
    sections: collectSections(verdicts, directory, suite),
    tests: verdicts.verdicts.map(({ section, name, attempts }) => ({
      section: sectionName(section),
      name,
      file: `tests/${name}`,
      attempts: attempts.map(judgedAttempt),
    })),
    disagreements: verdicts.disagreements.map((each) => ({ ...each, section: sectionName(each.section) })),
    problems: verdicts.problems,
    printed: verdicts.printed.map(({ section, name }) => ({ section: sectionName(section), name })),
    startedAtLocal: times.flatMap(({ startedAtLocal }) => startedAtLocal ?? []),
    startedAt: times.flatMap(({ startedAt }) => startedAt ?? []),
    endedAt: times.flatMap(({ writtenAt }) => writtenAt ?? []),
    machine: machineOf(verdicts.properties),
  }
}

function sectionName(section: string | null): string {
  return section === null || section === '' ? SOLE_SECTION : section.replace(/[^A-Za-z0-9_-]/g, '_')
}

function collectSections(verdicts: FstestsVerdicts, directory: string, suite: SuiteName): readonly ForeignSection[] {
  const { properties } = verdicts
  const names = new Set([
    ...verdicts.verdicts.map(({ section }) => sectionName(section)),
    ...verdicts.sections.map(({ name }) => sectionName(name)),
  ])
  if (names.size === 0) names.add(SOLE_SECTION)
  return [...names].map((name) => {
    const printed = verdicts.sections.find((section) => sectionName(section.name) === name)
    const settings: FstestsSettings = {
      fstyp: (printed?.fstyp ?? properties.FSTYP ?? 'unknown').replace(/[^a-z0-9_-]/g, '') || 'unknown',
      mkfsOptions: printed?.mkfsOptions ?? properties.MKFS_OPTIONS ?? '',
      mountOptions: printed?.mountOptions ?? properties.MOUNT_OPTIONS ?? '',
    }
    const platform = printed?.platform ?? null
    return {
      section: { suite, name, description: `as found in ${directory}`, disks: [], environment: {}, kernelOptions: [], settings },
      kernelRelease: properties.KERNEL ?? releaseOf(platform),
      platform,
      couldNotTest: doubtOf(name, verdicts),
    }
  })
}

/** What speaks against taking the section's verdicts for the whole truth, as a sentence; null where nothing does. */
function doubtOf(name: string, verdicts: FstestsVerdicts): string | null {
  const doubts = verdicts.doubts.filter(({ section }) => section === null || sectionName(section) === name)
  return doubts.length === 0 ? null : `${[...new Set(doubts.map(({ reason }) => reason))].join('; ')}.`
}

/** `Linux/x86_64 host 6.12.4 #1 SMP …` */
function releaseOf(platform: string | null): string | null {
  return platform === null ? null : (platform.split(' ')[2] ?? null)
}

function machineOf({ ARCH, KERNEL, CPUS, MEM_KB }: Readonly<Record<string, string>>): ForeignResults['machine'] {
  return {
    ...(ARCH === undefined ? {} : { architecture: ARCH }),
    ...(KERNEL === undefined ? {} : { kernelRelease: KERNEL }),
    cpus: Number(CPUS ?? 0) || 0,
    memoryMiB: Number(MEM_KB ?? 0) / 1024 || 0,
  }
}
