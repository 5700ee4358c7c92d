import * as z from 'zod'
import { UserError } from '../domain/errors.js'
import type { SelectionRequest } from '../domain/inputs.js'
import { type SuiteName, suiteNameSchema } from '../domain/test.js'
import { suiteOf } from '../suites/index.js'
import { globMatcher } from './glob.js'
import { listNames } from './suggest.js'

/** nix/sections/changed-paths.json: which sections and groups of which suites a path of the kernel tree is about. */
export const changedPathsSchema = z.object({
  paths: z.array(
    z.object({
      /** Suites the rule is about. */
      suites: z.array(suiteNameSchema).min(1),
      /** Ending in `/`: everything below; else a shell pattern whose `*` stops at a slash. */
      paths: z.array(z.string()).min(1),
      sections: z.array(z.string()).default([]),
      groups: z.array(z.string()).default([]),
      /** A group is named as the directory a changed file is in, next below this one. */
      groupsBelow: z.string().endsWith('/').optional(),
    }),
  ),
  /** Paths that no test runs, but for what a rule names. */
  untested: z.array(z.string()),
})
export type ChangedPaths = z.infer<typeof changedPathsSchema>
type Rule = ChangedPaths['paths'][number]

/** What changed is about in one suite, in the order of the data. */
export interface SuiteScope {
  readonly suite: SuiteName
  readonly sections: readonly string[]
  /** Empty: what the suite runs without a request. */
  readonly groups: readonly string[]
  /** Each rule that fits, with the files it fits. */
  readonly reasons: readonly { readonly rule: Rule; readonly files: readonly string[] }[]
}

/** What changed is about. */
export interface ChangedScope {
  /** The suites that test some of it, in the order asked. */
  readonly suites: readonly SuiteScope[]
  /** Changed paths that no rule of these suites names, which each suite's usual group tests. */
  readonly unknown: readonly string[]
}

function matches(pattern: string, path: string): boolean {
  return pattern.endsWith('/') ? path.startsWith(pattern) : globMatcher(pattern)(path)
}

/**
 * Every rule that fits a path counts: a change in XFS' quota code is one in XFS and one in quota. A suite that the data has no rule about (own scripts)
 * runs whatever changed.
 */
export function scopeOfChange(changed: readonly string[], { paths, untested }: ChangedPaths, suites: readonly SuiteName[]): ChangedScope {
  const rulesOf = (suite: SuiteName) => paths.filter((rule) => rule.suites.includes(suite))
  const fits = (rule: Rule, path: string) => rule.paths.some((pattern) => matches(pattern, path))
  const isUntested = (path: string) => untested.some((pattern) => matches(pattern, path))
  // What the data calls untested is tested by a rule that names it (kselftest's own sources), not by one that takes it in by the way.
  const isNamed = (path: string) => suites.flatMap(rulesOf).some((rule) => fits(rule, path))
  const unknown = changed.filter((path) => !isUntested(path) && !isNamed(path))
  const isTested = unknown.length > 0 || changed.some(isNamed)
  const scopes = suites.map((suite): SuiteScope & { readonly isKept: boolean } => {
    const rules = rulesOf(suite)
    const reasons = rules
      .map((rule) => ({ rule, files: changed.filter((path) => fits(rule, path)) }))
      .filter(({ files }) => files.length > 0)
    const usual = unknown.length > 0 ? [suiteOf(suite).choice.usualGroup] : []
    const groups = [...reasons.flatMap(({ rule, files }) => groupsOf(suite, rule, files)), ...usual]
    const isKept = rules.length === 0 ? isTested : reasons.length > 0 || unknown.length > 0
    const sections = [...new Set(reasons.flatMap(({ rule }) => rule.sections))]
    return { suite, sections, groups: rules.length === 0 ? [] : [...new Set(groups)], reasons, isKept }
  })
  return { suites: scopes.flatMap(({ isKept, ...scope }) => (isKept ? [scope] : [])), unknown }
}

function groupsOf(suite: SuiteName, { groups, groupsBelow }: Rule, files: readonly string[]): readonly string[] {
  if (groupsBelow === undefined) return groups
  const below = files.filter((path) => path.startsWith(groupsBelow)).map((path) => path.slice(groupsBelow.length).split('/'))
  // A file of none of the directories is for all of them.
  return [...groups, ...below.map((parts) => (parts.length > 1 ? (parts[0] ?? '') : suiteOf(suite).choice.usualGroup))]
}

/** What is asked for, and of which suites. */
export interface AskedSuites {
  readonly suites: readonly SuiteName[]
  readonly request: SelectionRequest
}

/**
 * The request with what the change is about in place of what the user left open: suites that test none of it do not run, unless tests or groups are
 * named; sections and groups that are named stay.
 * @param base what was compared with, for messages
 * @throws UserError where nothing changed, or nothing a test of the suites runs
 */
export function selectChanged(
  { suites, request }: AskedSuites,
  changed: readonly string[],
  data: ChangedPaths,
  base: string,
): AskedSuites & { readonly note: string } {
  if (changed.length === 0) {
    throw new UserError(`Nothing changed since ${base}.`, 'Compare with another revision by `--upstream`, or name tests yourself.')
  }
  const scope = scopeOfChange(changed, data, suites)
  if (scope.suites.length === 0) {
    throw new UserError(
      `No test${suites.length > 1 ? ` of ${listNames(suites)}` : ''} runs what changed since ${base} (${changed.slice(0, 5).join(', ')}).`,
      'Name groups or tests yourself, without `--changed`.',
    )
  }
  const named = request.groups.length > 0 || request.tests.length > 0
  const kept = named ? suites : scope.suites.map(({ suite }) => suite)
  const words = (of: (part: SuiteScope) => readonly string[]) =>
    scope.suites.flatMap((part) => of(part).map((word) => (kept.length > 1 ? `${part.suite}:${word}` : word)))
  const groups = named ? request.groups : words((part) => part.groups)
  const sections = request.sections.length > 0 ? request.sections : words((part) => part.sections)
  const where = sections.length === 0 ? 'the usual sections' : `sections ${sections.join(', ')}`
  const what = named || groups.length === 0 ? '' : `, groups ${groups.join(', ')}`
  const suiteWords = suites.length > 1 ? `suites ${kept.join(', ')}, ` : ''
  const head = `${changed.length} changed ${changed.length === 1 ? 'file' : 'files'} since ${base}: ${suiteWords}${where}${what}`
  const asked = { ...request, sections, groups, ...(named ? {} : { byChange: true }) }
  return { suites: kept, request: asked, note: [head, ...reasonLines(scope, suites.length > 1)].join('\n') }
}

/** Which file is why: what looks wrong is then a rule to correct. */
function reasonLines({ suites, unknown }: ChangedScope, several: boolean): readonly string[] {
  const lines = suites.flatMap(({ suite, reasons }) =>
    reasons.map(({ rule, files }) => {
      const groups = [...new Set(groupsOf(suite, rule, files))]
      const parts = [
        rule.sections.length === 0 ? '' : `sections ${rule.sections.join(', ')}`,
        groups.length === 0 ? '' : `groups ${groups.join(', ')}`,
      ]
      return `  ${filesText(files)}: ${several ? `${suite}: ` : ''}${parts.filter(Boolean).join('; ')}`
    }),
  )
  if (unknown.length === 0) return lines
  const usual = [...new Set(suites.map(({ suite }) => suiteOf(suite).choice.usualGroup))]
  return [...lines, `  ${filesText(unknown)}: no rule, so group ${usual.join(', ')}`]
}

function filesText(files: readonly string[]): string {
  const rest = files.length - 2
  return `${files.slice(0, 2).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
