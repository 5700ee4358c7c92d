import type { DiskSpec, Section } from '../../domain/section.js'
import type { SuiteName } from '../../domain/test.js'
import type { DiskRole, FstestsSettings } from './settings.js'

/** What a local.config resolves to: sections in the file's order, and what is wrong, each as `FILE:LINE: …`. */
export interface ResolvedSections {
  readonly sections: readonly Section[]
  readonly problems: readonly string[]
}

/** A read local.config. */
export interface LocalConfig {
  readonly names: readonly string[]
  /**
   * Sections as `check -s A -s B` would see them: the first section of the file is always loaded, the requested ones on top of it in
   * the file's order, others not at all (get_next_config and parse_config_section in common/config).
   */
  resolve(names: readonly string[]): ResolvedSections
}

interface Assignment {
  readonly name: string
  readonly value: string
  readonly line: number
}

interface ConfigSection {
  readonly name: string
  readonly assignments: Assignment[]
  readonly problems: string[]
}

type Variables = ReadonlyMap<string, string>

/** A file without `[name]` is one configuration; fstests names it `-no-sections-`. */
const soleSectionName = 'default'

/** Unset before a section is read, and carried from the last one only while FSTYP stays the same. */
const perFilesystem = ['MOUNT_OPTIONS', 'TEST_FS_MOUNT_OPTS', 'MKFS_OPTIONS', 'FSCK_OPTIONS', 'USE_EXTERNAL'] as const

const externalDevices: Readonly<Record<string, DiskRole>> = {
  TEST_LOGDEV: 'test-log',
  SCRATCH_LOGDEV: 'scratch-log',
  TEST_RTDEV: 'test-rt',
  SCRATCH_RTDEV: 'scratch-rt',
}

/** Variables that name one device each. */
const namedDevices: Readonly<Record<string, DiskRole>> = {
  ...{ TEST_DEV: 'test', SCRATCH_DEV: 'scratch', LOGWRITES_DEV: 'logwrites' },
  ...externalDevices,
}

/** Disk sizes for a file that names devices of another machine: fstests' README asks for 10 GB for TEST and SCRATCH. Sparse. */
const sizesMiB: Readonly<Record<DiskRole, number>> = {
  test: 10_240,
  scratch: 10_240,
  pool: 10_240,
  logwrites: 10_240,
  'test-log': 1024,
  'scratch-log': 1024,
  'test-rt': 10_240,
  'scratch-rt': 10_240,
}

/** Variables that the engine or the guest sets itself, or that Section has a place for. */
const ownVariables: ReadonlySet<string> = new Set([
  ...['FSTYP', 'MKFS_OPTIONS', 'MOUNT_OPTIONS', 'TEST_DEV', 'TEST_DIR', 'SCRATCH_DEV', 'SCRATCH_DEV_POOL', 'SCRATCH_MNT'],
  ...['LOGWRITES_DEV', 'RESULT_BASE', 'USE_EXTERNAL', 'HOST_OPTIONS', ...Object.keys(externalDevices)],
])

/**
 * Reads fstests' own local.config, with `[section]`s or without.
 * @param path for messages only
 */
export function localConfigSections(text: string, path: string, suite: SuiteName): LocalConfig {
  const sections = parse(text, path)
  return {
    names: sections.map((section) => section.name),
    resolve: (names) => resolve(sections, new Set(names), { path, suite }),
  }
}

function parse(text: string, path: string): readonly ConfigSection[] {
  const sections = new Map<string, ConfigSection>()
  const open = (name: string): ConfigSection => {
    const section = sections.get(name) ?? { name, assignments: [], problems: [] }
    sections.set(name, section)
    return section
  }
  const hasSections = /^\[[A-Za-z0-9_-]*\]/m.test(text)
  let section = hasSections ? null : open(soleSectionName)
  for (const [index, raw] of text.split('\n').entries()) {
    const header = /^\[([A-Za-z0-9_-]*)\]/.exec(raw)
    if (header !== null) section = open(header[1] ?? '')
    else if (/^\s*\[/.test(raw)) section = null
    // Lines before the first section are not read by fstests either.
    else if (section !== null) readLine(raw, section, index + 1, path)
  }
  return [...sections.values()]
}

function readLine(raw: string, section: ConfigSection, line: number, path: string): void {
  const text = (raw.split('#', 1)[0] ?? '').trim()
  if (text === '') return
  const match = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*("([^"']*)"|'([^"']*)'|(?:[^"'\s][^"']*)?)$/.exec(text)
  const value = match === null ? undefined : (match[3] ?? match[4] ?? match[2])
  if (match?.[1] === undefined || value === undefined) {
    section.problems.push(`${path}:${line}: \`${text}\` is not of the form NAME=value.`)
    return
  }
  if (/`|\$\(/.test(value) && !ownVariables.has(match[1])) {
    section.problems.push(`${path}:${line}: the value of ${match[1]} runs a command; write the value itself.`)
    return
  }
  section.assignments.push({ name: match[1], value, line })
}

function resolve(
  sections: readonly ConfigSection[],
  wanted: ReadonlySet<string>,
  origin: { readonly path: string; readonly suite: SuiteName },
): ResolvedSections {
  const { path } = origin
  const [first] = sections
  if (first === undefined) return { sections: [], problems: [] }
  const resolved: Section[] = []
  const problems: string[] = [...first.problems]
  let variables = load(new Map(), first, path, problems)
  for (const section of sections) {
    if (!wanted.has(section.name)) continue
    if (section !== first) {
      problems.push(...section.problems)
      variables = load(variables, section, path, problems)
    }
    resolved.push(toSection(section.name, variables, origin, problems))
  }
  return { sections: resolved, problems }
}

function load(before: Variables, section: ConfigSection, path: string, problems: string[]): Variables {
  const after = new Map(before)
  for (const name of perFilesystem) after.delete(name)
  for (const { name, value, line } of section.assignments) {
    const expanded = value.replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, bare) => {
      const known = after.get(braced ?? bare)
      // A value that is added to begins empty, as in the shell that reads the file for fstests.
      const isAddedTo = (braced ?? bare) === name
      if (known === undefined && !isAddedTo && !ownVariables.has(name)) problems.push(`${path}:${line}: \`${whole}\` is not set here.`)
      return known ?? ''
    })
    // Two harmless values can make a command together.
    if (/`|\$\(/.test(expanded) && !ownVariables.has(name)) problems.push(`${path}:${line}: the value of ${name} runs a command.`)
    else after.set(name, expanded)
  }
  if ((before.get('FSTYP') ?? after.get('FSTYP')) === after.get('FSTYP')) {
    for (const name of perFilesystem) carry(before, after, name)
  } else if ((after.get('USE_EXTERNAL') ?? '') === '') {
    for (const name of Object.keys(externalDevices)) if (!section.assignments.some((entry) => entry.name === name)) after.delete(name)
  }
  return after
}

function carry(before: Variables, after: Map<string, string>, name: string): void {
  const old = before.get(name)
  if ((after.get(name) ?? '') === '' && old !== undefined) after.set(name, old)
}

function toSection(
  name: string,
  variables: Variables,
  { path, suite }: { readonly path: string; readonly suite: SuiteName },
  problems: string[],
): Section {
  if ((variables.get('SCRATCH_DEV') ?? '') !== '' && (variables.get('SCRATCH_DEV_POOL') ?? '') !== '') {
    problems.push(`${path}: section \`${name}\` has both SCRATCH_DEV and SCRATCH_DEV_POOL (check refuses that).`)
  }
  const disks = disksOf(variables)
  const inGuest = guestDevices(variables, disks)
  const optionsOf = (key: string): string => {
    const { text, strangers } = inGuest(variables.get(key) ?? '')
    for (const device of strangers) problems.push(`${path}: section \`${name}\`: ${key} names ${device}, which is no disk of the section.`)
    return text
  }
  const environment: Record<string, string> = {}
  for (const [key, value] of variables) if (!ownVariables.has(key) && value !== '') environment[key] = inGuest(value).text
  // Empty means the file system's default to fstests; without it MOUNT_OPTIONS would be used for TEST_DEV too.
  environment.TEST_FS_MOUNT_OPTS = optionsOf('TEST_FS_MOUNT_OPTS')
  return {
    suite,
    name,
    description: `${path} [${name}]`,
    disks,
    environment,
    kernelOptions: [],
    settings: {
      fstyp: variables.get('FSTYP') ?? 'xfs',
      mkfsOptions: optionsOf('MKFS_OPTIONS'),
      mountOptions: optionsOf('MOUNT_OPTIONS'),
    } satisfies FstestsSettings,
  }
}

function disksOf(variables: Variables): DiskSpec[] {
  const roles: DiskRole[] = ['test']
  const pool = (variables.get('SCRATCH_DEV_POOL') ?? '').split(/\s+/).filter(Boolean)
  if (pool.length > 0) roles.push(...pool.map((): DiskRole => 'pool'))
  else if ((variables.get('SCRATCH_DEV') ?? '') !== '') roles.push('scratch')
  if ((variables.get('LOGWRITES_DEV') ?? '') !== '') roles.push('logwrites')
  if (variables.get('USE_EXTERNAL') === 'yes') {
    for (const [variable, role] of Object.entries(externalDevices)) if ((variables.get(variable) ?? '') !== '') roles.push(role)
  }
  return roles.map((role) => ({ role, sizeMiB: sizesMiB[role] }))
}

const DEVICE = /\/dev\/[\w/.:-]+/g

/**
 * Options may name a device of the other machine (`-o logdev=/dev/sdz`): the guest's takes its place, where the file says which of its disks that
 * is. The rest are strangers.
 */
function guestDevices(variables: Variables, disks: readonly DiskSpec[]): (value: string) => { text: string; strangers: readonly string[] } {
  const roles = new Map<string, string>()
  for (const [variable, role] of Object.entries(namedDevices)) {
    const device = variables.get(variable) ?? ''
    if (device !== '' && disks.some((disk) => disk.role === role)) roles.set(device, role)
  }
  return (value) => {
    const strangers: string[] = []
    const text = value.replace(DEVICE, (device) => {
      const role = roles.get(device)
      if (role === undefined) strangers.push(device)
      return role === undefined ? device : `@${role}@`
    })
    return { text, strangers }
  }
}
