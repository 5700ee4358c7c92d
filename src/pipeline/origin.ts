import { createHash } from 'node:crypto'
import { findKernelTree } from '../bundle/index.js'
import type { ImageHashes, Origin, Tested, WorkflowRun } from '../domain/origin.js'
import type { Plan } from '../domain/plan.js'
import type { Built, BuiltSuite } from '../domain/stages.js'
import type { Ports } from '../ports/index.js'
import { revisionName } from '../suites/index.js'
import type { Directories } from './directories.js'
import { type CheckedOut, gitIn, readCheckout, readPullRequest } from './situation.js'

type Environment = Readonly<Record<string, string | undefined>>

/** What is checked out where the run happens, and the workflow run it is of: known before anything is built. */
export async function readOrigin(plan: Plan, places: Directories, checkedOut: CheckedOut, ports: Ports): Promise<Origin> {
  const { env } = ports.runner
  const commit = checkedOut.commit ?? (plan.face === 'action' ? (env.GITHUB_SHA ?? null) : null)
  const kernelCommit = await commitOfKernel(plan, places, checkedOut, ports)
  const tested = await readTested(plan, places, ports)
  return {
    ...(commit === null ? {} : { commit: checkedOut.isDirty ? `${commit}-dirty` : commit }),
    ...(kernelCommit === null ? {} : { kernelCommit }),
    ...(plan.face === 'action' ? { workflow: workflowRun(env) } : {}),
    ...(tested === null ? {} : { tested }),
  }
}

/** What is tested, as people call it: the branch and commit of the tree the kernel is built from, or of the checkout; null outside git. */
async function readTested(plan: Plan, places: Directories, ports: Ports): Promise<Tested | null> {
  const { env } = ports.runner
  const directory = plan.kernelTree?.directory ?? places.projectDirectory
  const git = gitIn(directory, ports)
  const line = async (...words: readonly string[]) => {
    const { code, stdout } = await git(...words)
    return code === 0 ? stdout.trim().slice(0, LONGEST_NAME) : ''
  }
  const branch = (await line('symbolic-ref', '--short', '-q', 'HEAD')) || (plan.face === 'action' ? (env.GITHUB_REF_NAME ?? '') : '')
  const subject = await line('log', '-1', '--format=%s')
  if (subject === '' && plan.kernelTree === undefined) return null
  const describe = await line('describe', '--abbrev=12')
  const pullRequest = plan.face === 'action' ? await readPullRequest(env, ports.files) : null
  return {
    tree: (plan.face === 'action' && env.GITHUB_REPOSITORY) || directory,
    ...(branch === '' ? {} : { branch }),
    ...(subject === '' ? {} : { subject }),
    ...(describe === '' ? {} : { describe }),
    ...(pullRequest === null ? {} : { pullRequest }),
  }
}

/** Characters kept of what git prints: a subject may be any length. */
const LONGEST_NAME = 500

function workflowRun(env: Environment): WorkflowRun {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: runId = '' } = env
  return {
    runId,
    attempt: env.GITHUB_RUN_ATTEMPT ?? '1',
    event: env.GITHUB_EVENT_NAME ?? '',
    ref: env.GITHUB_REF ?? '',
    address: server && repository ? `${server}/${repository}/actions/runs/${runId}` : null,
  }
}

/** The clean commit the kernel comes of: of the tree it is built from, or of the checkout that is a kernel tree. */
async function commitOfKernel(plan: Plan, places: Directories, checkedOut: CheckedOut, ports: Ports): Promise<string | null> {
  if (plan.kernelTree !== undefined) {
    const { commit, isDirty } = await readCheckout(gitIn(plan.kernelTree.directory, ports))
    return isDirty ? null : commit
  }
  // The machine's own programs bring the distribution's kernel.
  if (plan.bundle.kind === 'offline' && plan.kernel === null) return null
  const tree = await findKernelTree(places.projectDirectory, ports.files)
  return tree === places.projectDirectory && !checkedOut.isDirty ? checkedOut.commit : null
}

/** What is tested, by its contents, and the suite's revision. */
export async function originOfBuild(
  built: Built,
  toolVersion: string,
  files: Ports['files'],
): Promise<Pick<Origin, 'images' | 'suiteRevisions'>> {
  const revisions = built.suites.flatMap((suite) => {
    const revision = revisionOfSuite(suite, built, toolVersion)
    return revision === null ? [] : [[suite.name, revision] as const]
  })
  return { images: await hashImages(built, files), suiteRevisions: Object.fromEntries(revisions) }
}

async function hashImages({ bundle, suites }: Built, files: Ports['files']): Promise<ImageHashes> {
  const guest = [bundle.rootImage, ...suites.flatMap(({ image }) => image ?? [])]
  return { kernel: await hashOf([bundle.kernel.image], files), suite: await hashOf(guest, files) }
}

async function hashOf(paths: readonly string[], files: Ports['files']): Promise<string> {
  const hash = createHash('sha256')
  for (const path of paths) {
    const own = createHash('sha256')
    // A link from a store path to another one is as good as what it leads to.
    for await (const bytes of files.stream(await files.realPath(path))) own.update(bytes)
    hash.update(own.digest('hex'))
  }
  return hash.digest('hex')
}

/** Tests of the tool's own suite come with the tool; a tree in the store is named by what it is made of. */
function revisionOfSuite(suite: BuiltSuite, { bundle }: Built, toolVersion: string): string | null {
  if (suite.name === 'smoke') return `kernel-vmtest ${toolVersion}`
  const known = bundle.revisions[revisionName(suite.name)]
  if (known !== undefined) return known
  return /^\/nix\/store\/([0-9a-z]{32}-[^/]+)/.exec(suite.source ?? '')?.[1] ?? null
}
