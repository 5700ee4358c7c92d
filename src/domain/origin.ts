import * as z from 'zod'

export const workflowSchema = z.object({
  runId: z.string().describe('GITHUB_RUN_ID: the same in every attempt.'),
  attempt: z.string().describe('GITHUB_RUN_ATTEMPT.'),
  event: z.string().describe('What started it, such as `push`.'),
  ref: z.string().describe('What it ran on, such as `refs/heads/main`.'),
  address: z.string().nullable().describe('The page of the run; null where the server is not known.'),
})
/** The workflow run that made a record. */
export type WorkflowRun = z.infer<typeof workflowSchema>

export const imagesSchema = z.object({
  kernel: z.string().describe('SHA-256 of the kernel image.'),
  suite: z.string().describe('SHA-256 of the images the guest gets its programs and suites from.'),
})
/** What ran, by its contents. */
export type ImageHashes = z.infer<typeof imagesSchema>

export const pullRequestSchema = z.object({
  number: z.number().int().positive().describe('Its number.'),
  title: z.string().describe('Its title.'),
  address: z.string().nullable().describe('Its page; null where the server does not say.'),
  branch: z.string().describe('The branch it comes from.'),
  into: z.string().describe('The branch it goes to.'),
})
/** The pull request a workflow ran for. */
export type PullRequest = z.infer<typeof pullRequestSchema>

export const seriesSchema = z.object({
  subject: z.string().describe('Subject of the cover letter, or of the first patch, without its bracketed prefix.'),
  from: z.string().describe('Its author, as the mail names them; empty where it does not.'),
  messageId: z.string().nullable().describe('Message-ID of that mail, without its angle brackets; null where it has none.'),
  patches: z.array(z.string()).describe('Subjects of the commits, in order.'),
  base: z.string().describe('The commit the series was applied to.'),
})
/** A patch series that was applied to be tested. */
export type Series = z.infer<typeof seriesSchema>

export const testedSchema = z.object({
  tree: z.string().describe('The repository of a workflow (`owner/name`), else the directory of the tree.'),
  branch: z.string().optional().describe('The branch that was checked out; absent where none was.'),
  subject: z.string().optional().describe('First line of the message of the commit that was checked out.'),
  describe: z.string().optional().describe('The commit as `git describe` names it; absent where no tag is near.'),
  pullRequest: pullRequestSchema.optional().describe('Absent where the run was not for one.'),
  series: seriesSchema.optional().describe('The patch series `vmtest series` applied; absent where it was none.'),
})
/** What was tested, in the words people use for it. */
export type Tested = z.infer<typeof testedSchema>

/** Where a record comes from: each field absent where it is not known, and in records of versions that did not keep it. */
export const originFields = {
  commit: z
    .string()
    .optional()
    .describe('The commit that was checked out where it ran; ending in `-dirty` where files differ from it. Absent outside git.'),
  kernelCommit: z
    .string()
    .optional()
    .describe('The commit the kernel was built from, with nothing changed since. Absent where there is no such commit.'),
  workflow: workflowSchema.optional().describe('The workflow run; absent for a command.'),
  tested: testedSchema.optional().describe('The tree, branch, commit and pull request, for people.'),
  images: imagesSchema.optional().describe('What ran, by its contents.'),
  suiteRevisions: z
    .record(z.string(), z.string())
    .optional()
    .describe('Revision of each suite, or what else names its sources, as far as that is known.'),
}

/** What is known of where a run's record comes from. */
export interface Origin {
  readonly commit?: string | undefined
  readonly kernelCommit?: string | undefined
  readonly workflow?: WorkflowRun | undefined
  readonly tested?: Tested | undefined
  readonly images?: ImageHashes | undefined
  readonly suiteRevisions?: Readonly<Record<string, string>> | undefined
}

/** What `whyNoExcuse` asks of a record. */
export interface Excusing extends Origin {
  readonly runId: string
  readonly revisions: Readonly<Record<string, string>>
}

/**
 * Why a record is never an excuse for a run, whoever names it; null where it can be one. What fails in both is then one and the same
 * thing under test, so that it says nothing of what changed.
 */
export function whyNoExcuse(here: Excusing, there: Excusing): string | null {
  if (here.runId.split('+').some((id) => there.runId.split('+').includes(id))) return 'it is the record of this very run'
  if (here.workflow !== undefined && here.workflow.runId === there.workflow?.runId) return 'it is of this workflow run'
  if (hasSameCommits(here, there)) return 'it is of the same commits'
  if (here.images !== undefined && here.images.kernel === there.images?.kernel && here.images.suite === there.images.suite)
    return 'it is of the same kernel image and suite image'
  return null
}

/** True where the kernel is the same commit with nothing changed since, and everything beside it the same. */
function hasSameCommits(here: Excusing, there: Excusing): boolean {
  const kernel = kernelCommitOf(here)
  if (kernel === null || kernel !== kernelCommitOf(there)) return false
  const names = new Set([...Object.keys(here.revisions), ...Object.keys(there.revisions)])
  names.delete('kernel')
  return [...names].every((name) => here.revisions[name] === there.revisions[name] && !isDirty(here.revisions[name] ?? ''))
}

function kernelCommitOf({ kernelCommit, revisions: { kernel = '' } }: Excusing): string | null {
  return kernelCommit ?? (isCleanCommit(kernel) ? kernel : null)
}

function isDirty(revision: string): boolean {
  return /(?:dirty|\+)$/.test(revision)
}

/** A commit's hash, or what `git describe` makes of it. A version does not say which kernel it is. */
function isCleanCommit(revision: string): boolean {
  return /^[0-9a-f]{12,64}$/.test(revision) || /-g[0-9a-f]{7,64}$/.test(revision)
}
