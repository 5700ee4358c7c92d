import type { RunRecord } from '../domain/record.js'
import type { Comparison } from '../domain/stages.js'
import { shortLine } from './foreign-text.js'
import { commitName, describeCompared } from './known.js'
import { webLink } from './web-link.js'

/** One fact of what was tested. */
export interface TestedFact {
  readonly name:
    | 'pull request'
    | 'series'
    | 'commit'
    | 'branch'
    | 'tree'
    | 'kernel'
    | 'configuration'
    | 'suites'
    | 'programs'
    | 'compared with'
  /** One line, everything foreign in it made visible. */
  readonly value: string
  readonly link: string | null
}

/** What was tested, and what it is compared with: what is not known is left out. */
export function testedFacts(record: RunRecord, comparison: Comparison | null): readonly TestedFact[] {
  const { tested, revisions } = record
  const { pullRequest, series } = tested ?? {}
  const facts: (readonly [TestedFact['name'], string, (string | null | undefined)?])[] = []
  if (pullRequest !== undefined) {
    const way = pullRequest.branch === '' ? '' : ` (${pullRequest.branch} → ${pullRequest.into})`
    facts.push(['pull request', `#${pullRequest.number} ${pullRequest.title}${way}`, pullRequest.address])
  }
  if (series !== undefined) {
    const count = `${series.patches.length} ${series.patches.length === 1 ? 'patch' : 'patches'}`
    const author = series.from === '' ? '' : `, by ${series.from}`
    facts.push(['series', `${series.subject}${author}: ${count} on ${commitName(series.base)}`, loreLink(series.messageId)])
  }
  facts.push(
    // The commits that a series became are gone with its worktree.
    ['commit', series === undefined ? commitFact(record) : ''],
    ['branch', tested?.branch ?? branchOfRef(record.workflow?.ref)],
    ['tree', tested?.tree ?? '', record.workflow?.address],
    ['kernel', kernelFact(record)],
    ['configuration', configurationFact(record)],
    ['suites', suitesFact(record)],
    ['programs', listed(Object.entries(revisions).filter(([name]) => !['kernel', 'xfstests', ...record.plan.suites].includes(name)))],
  )
  if (comparison !== null) {
    const isBase = series !== undefined && comparison.commit === series.base && comparison.noExcuse === null
    facts.push(['compared with', isBase ? `its base, ${commitName(series.base)}` : describeCompared(comparison), comparison.address])
  }
  return facts
    .filter(([, value]) => value !== '')
    .map(([name, value, link]) => ({ name, value: shortLine(value, 1000), link: webLink(link) }))
}

/** The commit on one line: `a1b2c3d4e5f6 xfs: the subject`. */
function commitFact({ commit, kernelCommit, tested }: RunRecord): string {
  const name = commit ?? kernelCommit
  const clean = name?.replace(/-dirty$/, '')
  const words = [
    ...(clean === undefined ? [] : [commitName(clean)]),
    ...(tested?.subject === undefined ? [] : [tested.subject]),
    ...(tested?.describe === undefined ? [] : [`(${tested.describe})`]),
    ...(name !== clean ? ['with changes that are not committed'] : []),
  ]
  return words.join(' ')
}

const branchOfRef = (ref: string | undefined): string => (ref?.startsWith('refs/heads/') === true ? ref.slice('refs/heads/'.length) : '')

function kernelFact({ sections, revisions, plan }: RunRecord): string {
  const releases = [...new Set(sections.flatMap(({ kernelRelease }) => kernelRelease ?? []))]
  const revision = revisions.kernel === undefined || releases.includes(revisions.kernel) ? '' : commitName(revisions.kernel)
  const whence = plan.kernel !== null ? `image ${plan.kernel.image}` : plan.kernelTree === undefined ? '' : 'built from the tree'
  return [releases.map((release) => `Linux ${release}`).join(' and '), revision, whence].filter((word) => word !== '').join(', ')
}

function configurationFact({ plan: { kernelTree, kernel } }: RunRecord): string {
  if (kernel?.config !== undefined) return kernel.config
  if (kernelTree === undefined) return ''
  return [kernelTree.config ?? 'tinyconfig', 'the usual fragments', ...kernelTree.kconfig].join(' + ')
}

function suitesFact({ plan, suiteRevisions, revisions }: RunRecord): string {
  const revisionOf = (suite: string) => suiteRevisions?.[suite] ?? (suite === 'fstests' ? revisions.xfstests : revisions[suite])
  return plan.suites
    .map((suite) => {
      const revision = revisionOf(suite)
      return revision === undefined ? suite : `${suite} ${commitName(revision)}`
    })
    .join(', ')
}

const listed = (revisions: readonly (readonly [string, string])[]): string =>
  revisions
    .slice(0, 30)
    .map(([name, revision]) => `${name} ${commitName(revision)}`)
    .join(', ')

/** The archive of the kernel's lists finds a mail by its Message-ID. */
const loreLink = (messageId: string | null): string | null =>
  messageId === null || !/^[!-~]{1,500}$/.test(messageId)
    ? null
    : `https://lore.kernel.org/r/${encodeURIComponent(messageId).replaceAll('%40', '@')}`
