import * as z from 'zod'
import { UserError } from '../domain/errors.js'
import type { SelectionRequest } from '../domain/inputs.js'
import { globMatcher } from './glob.js'

/** nix/sections/changed-paths.json: which sections and groups a path of the kernel tree is about. */
export const changedPathsSchema = z.object({
  paths: z.array(
    z.object({
      /** Ending in `/`: everything below; else a shell pattern whose `*` stops at a slash. */
      paths: z.array(z.string()).min(1),
      sections: z.array(z.string()),
      groups: z.array(z.string()),
    }),
  ),
  /** Paths no test of a file system runs. */
  untested: z.array(z.string()),
})
export type ChangedPaths = z.infer<typeof changedPathsSchema>

/** What changed is about, in the order of the data. */
export interface ChangedScope {
  readonly sections: readonly string[]
  readonly groups: readonly string[]
  /** Changed paths no rule names, which are tested by the usual group in the usual sections. */
  readonly unknown: readonly string[]
  /** Each rule that fits, with the files it fits. */
  readonly reasons: readonly { readonly rule: ChangedPaths['paths'][number]; readonly files: readonly string[] }[]
}

const USUAL_GROUP = 'quick'

function matches(pattern: string, path: string): boolean {
  return pattern.endsWith('/') ? path.startsWith(pattern) : globMatcher(pattern)(path)
}

/** Every rule that fits a path counts: a change in XFS' quota code is one in XFS and one in quota. */
export function scopeOfChange(changed: readonly string[], { paths, untested }: ChangedPaths): ChangedScope {
  const tested = changed.filter((path) => !untested.some((pattern) => matches(pattern, path)))
  const fits = (rule: ChangedPaths['paths'][number], path: string) => rule.paths.some((pattern) => matches(pattern, path))
  const reasons = paths.map((rule) => ({ rule, files: tested.filter((path) => fits(rule, path)) })).filter(({ files }) => files.length > 0)
  const rules = reasons.map(({ rule }) => rule)
  const unknown = tested.filter((path) => !paths.some((rule) => fits(rule, path)))
  const groups = [...rules.flatMap((rule) => rule.groups), ...(unknown.length > 0 ? [USUAL_GROUP] : [])]
  return { sections: [...new Set(rules.flatMap((rule) => rule.sections))], groups: [...new Set(groups)], unknown, reasons }
}

/**
 * The request with what the change is about in place of what the user left open: sections and groups that are named stay.
 * @param base what was compared with, for messages
 * @throws UserError where nothing changed, or nothing a test runs
 */
export function selectChanged(
  request: SelectionRequest,
  changed: readonly string[],
  data: ChangedPaths,
  base: string,
): { readonly request: SelectionRequest; readonly note: string } {
  if (changed.length === 0) {
    throw new UserError(`Nothing changed since ${base}.`, 'Compare with another revision by `--upstream`, or name tests yourself.')
  }
  const scope = scopeOfChange(changed, data)
  if (scope.groups.length === 0) {
    throw new UserError(
      `No test runs what changed since ${base} (${changed.slice(0, 5).join(', ')}).`,
      'Name groups or tests yourself, without `--changed`.',
    )
  }
  const named = request.groups.length > 0 || request.tests.length > 0
  const groups = named ? request.groups : scope.groups
  const sections = request.sections.length > 0 ? request.sections : scope.sections
  const head = `${changed.length} changed ${changed.length === 1 ? 'file' : 'files'} since ${base}: ${sections.length === 0 ? 'the usual sections' : `sections ${sections.join(', ')}`}${named ? '' : `, groups ${groups.join(', ')}`}`
  return { request: { ...request, sections, groups }, note: [head, ...reasonLines(scope)].join('\n') }
}

/** Which file is why: what looks wrong is then a rule to correct. */
function reasonLines({ reasons, unknown }: ChangedScope): readonly string[] {
  const lines = reasons.map(({ rule: { sections, groups }, files }) => {
    const what = [sections.length === 0 ? '' : `sections ${sections.join(', ')}`, groups.length === 0 ? '' : `groups ${groups.join(', ')}`]
    return `  ${filesText(files)}: ${what.filter(Boolean).join('; ')}`
  })
  return unknown.length === 0 ? lines : [...lines, `  ${filesText(unknown)}: no rule, so group ${USUAL_GROUP}`]
}

function filesText(files: readonly string[]): string {
  const rest = files.length - 2
  return `${files.slice(0, 2).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
