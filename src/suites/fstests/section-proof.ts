import type { Section } from '../../domain/section.js'
import type { FileSystemNotes } from './gather.js'
import type { OutputSection } from './output.js'
import { fstestsSettings } from './settings.js'

/** What one batch of a section left about the file systems it ran on. */
export interface SectionEvidence {
  readonly headers: readonly OutputSection[]
  readonly fileSystem: FileSystemNotes
  /** True where a test of the batch passed: then there has to be evidence. */
  readonly passed: boolean
}

/**
 * Why what ran was not the section, or null. Tests that pass on a file system made or mounted otherwise say nothing about it.
 * `check` says what it makes and mounts the scratch device with; the agent notes what the test device came to.
 */
export function whyNotTheSection(section: Section, batches: readonly SectionEvidence[]): string | null {
  const { fstyp, mkfsOptions, proof } = fstestsSettings(section)
  // Of an overlay check says the overlay's own options; the section's are those of the file system below (common/config:719).
  const mountOptions = fstyp === 'overlay' ? '' : fstestsSettings(section).mountOptions
  for (const { headers } of batches) {
    for (const header of headers) {
      const reason =
        notAsAsked('MKFS_OPTIONS', mkfsOptions, header.mkfsOptions) ?? notAsAsked('MOUNT_OPTIONS', mountOptions, header.mountOptions)
      if (reason !== null) return reason
    }
  }
  const { mkfs = [], mount = [] } = proof ?? {}
  const notes = batches.map(({ fileSystem }) => fileSystem)
  const passed = batches.some((batch) => batch.passed)
  return (
    unproven({ patterns: mkfs, passed, notes: notes.flatMap((one) => one.mkfs ?? []), what: 'mkfs printed', matches: lineMatches }) ??
    unproven({ patterns: mount, passed, notes: notes.flatMap((one) => one.mounts ?? []), what: 'was mounted', matches: mountMatches })
  )
}

/** @param said null where `check` did not come to say it */
function notAsAsked(name: string, asked: string, said: string | null): string | null {
  if (said === null || asked.trim() === '') return null
  const words = asked.trim().split(/\s+/).map(escapeWord)
  // regexp: words of the section in their order, blanks between; one line of check
  if (new RegExp(words.join('\\s+')).test(said)) return null
  return `\`check\` ran with ${name} \`${said}\`, the section has \`${asked}\`.`
}

/** A word for a regular expression; a device's placeholder stands for any device. */
function escapeWord(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/@[a-z-]+@/g, '\\S+')
}

interface Claim {
  readonly patterns: readonly string[]
  readonly passed: boolean
  /** One text for each guest that noted something. */
  readonly notes: readonly string[]
  readonly what: string
  readonly matches: (text: string, pattern: string) => boolean
}

function unproven({ patterns, passed, notes, what, matches }: Claim): string | null {
  if (patterns.length === 0) return null
  if (notes.length === 0) return passed ? `no guest noted what ${what}: whether its options were in effect is not known.` : null
  for (const text of notes) {
    const missing = patterns.filter((pattern) => !matches(text, pattern))
    if (missing.length > 0) return `what ${what} shows no ${missing.map((pattern) => `\`${pattern}\``).join(', ')}: ${excerpt(text)}.`
  }
  return null
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim())
}

function lineMatches(text: string, pattern: string): boolean {
  // regexp: the bundle’s own pattern, on a line of mkfs
  return linesOf(text).some((line) => new RegExp(pattern).test(line))
}

/** True where the pattern is a whole mount option, or `type=NAME` of something mounted. */
function mountMatches(text: string, pattern: string): boolean {
  // regexp: the bundle’s own pattern, on one mount option
  const whole = new RegExp(`^(?:${pattern})$`)
  return linesOf(text).some((line) => {
    const [, , type, options] = line.split(' ')
    return type !== undefined && options !== undefined && [`type=${type}`, ...options.split(',')].some((word) => whole.test(word))
  })
}

function excerpt(text: string): string {
  const shown = text.trim().replace(/\s+/g, ' ')
  return shown === '' ? 'nothing at all' : `\`${shown.slice(0, 300)}\``
}
