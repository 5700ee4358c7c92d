import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../../scripts/bundle.mjs'
import type { RunRecord } from '../../src/domain/record.js'
import { buildAction } from '../faults/built-action.js'
import { Job, type StepResult } from '../runner/job.js'
import type { Services } from '../services/services.js'
import { writeFakeBundle } from './fake-bundle.js'

/** What becomes of a test under a kernel; one that is not named passes. */
export type Kernel = Readonly<Record<string, 'pass' | 'fail' | 'notrun'>>

export const TESTS = ['generic/001', 'generic/002', 'generic/003']

/** A run of the workflow: an event on a commit. */
export interface WorkflowRun {
  readonly id: string
  readonly attempt?: number
  readonly commit: string
  readonly event: 'push' | 'pull_request' | 'workflow_dispatch'
  /** The branch it is on, or that a change goes to. */
  readonly branch: string
  readonly kernel: Kernel
  readonly matrix?: Readonly<Record<string, unknown>>
  readonly inputs?: Readonly<Record<string, string>>
  /** Commits of history in the checkout; absent: one, as actions/checkout has it. */
  readonly depth?: number
}

export interface Ran {
  readonly step: StepResult
  readonly outputs: Readonly<Record<string, string>>
  readonly record: RunRecord
}

/** A repository, a workflow in it, and a runner for every run: the real action, guests that only say what became of a test. */
export interface BranchWorld {
  /** Makes a commit on a branch, from another one where it is new. @returns its hash */
  commit(branch: string, from?: string): string
  /** The merge commit GitHub makes of a change. @returns its hash */
  merge(base: string, head: string): string
  run(run: WorkflowRun): Promise<Ran>
  close(): void
}

export async function openBranchWorld(services: Services): Promise<BranchWorld> {
  // A place another user may read: where the runner is root, QEMU is not.
  const directory = mkdtempSync('/var/tmp/vmtest-branches-')
  chmodSync(directory, 0o755)
  await buildAction(join(directory, 'action'))
  await bundle({ entryPoints: [join(import.meta.dirname, 'fake-qemu.ts')], outfile: join(directory, 'fake-qemu.mjs') })
  const origin = join(directory, 'origin')
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-C', origin, ...words], { encoding: 'utf8', env: GIT_ENVIRONMENT }).trim()
  mkdirSync(origin)
  git('init', '-q', '-b', 'main')
  git('config', 'uploadpack.allowAnySHA1InWant', 'true')
  let changes = 0
  return {
    commit: (branch, from) => {
      if (from !== undefined) git('checkout', '-q', '-b', branch, from)
      else if (changes > 0) git('checkout', '-q', branch)
      writeFileSync(join(origin, 'file'), String(++changes))
      git('add', 'file')
      git('commit', '-q', '-m', `change ${changes}`)
      return git('rev-parse', 'HEAD')
    },
    merge: (base, head) => {
      const tree = git('rev-parse', `${head}^{tree}`)
      return git('commit-tree', tree, '-p', base, '-p', head, '-m', 'merge')
    },
    run: (run) => runIn({ directory, origin, services }, run),
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}

const GIT_ENVIRONMENT = {
  ...process.env,
  ...{ GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.org' },
  ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
}

interface Place {
  readonly directory: string
  readonly origin: string
  readonly services: Services
}

async function runIn({ directory, origin, services }: Place, run: WorkflowRun): Promise<Ran> {
  const workspace = join(directory, 'workspace')
  checkOut(workspace, origin, run)
  makeBundle(join(workspace, 'bundle'), directory, run)
  const isChange = run.event === 'pull_request'
  const ref = isChange ? 'refs/pull/7/merge' : `refs/heads/${run.branch}`
  const eventPath = join(directory, 'event.json')
  const [, head] = execFileSync('git', ['-C', origin, 'rev-list', '--parents', '-1', run.commit], { encoding: 'utf8' })
    .trim()
    .split(' ')
    .slice(1)
  writeFileSync(
    eventPath,
    JSON.stringify({
      repository: { default_branch: 'main' },
      ...(isChange ? { pull_request: { number: 7, base: { ref: run.branch, sha: run.commit }, head: { sha: head } } } : {}),
    }),
  )
  const job = await Job.create({
    workspace,
    temp: join(directory, 'temp'),
    ...(run.matrix === undefined ? {} : { matrix: run.matrix }),
    env: {
      // As the service hands them out: a change reads what its base and the default branch have, and writes for itself alone.
      ...services.environment({
        runId: `run-${run.id}-${run.attempt ?? 1}`,
        jobId: `job-${Object.values(run.matrix ?? {}).join('-')}`,
        scopes: scopes(ref, run.branch),
      }),
      ...{ HOME: directory, XDG_CACHE_HOME: join(directory, 'cache') },
      ...{ GITHUB_SHA: run.commit, GITHUB_REF: ref, GITHUB_EVENT_NAME: run.event, GITHUB_EVENT_PATH: eventPath },
      ...(isChange ? { GITHUB_BASE_REF: run.branch } : {}),
      ...{ GITHUB_RUN_ID: run.id, GITHUB_RUN_ATTEMPT: String(run.attempt ?? 1) },
      GITHUB_WORKFLOW_REF: `someone/linux/.github/workflows/test.yml@${ref}`,
    },
  })
  try {
    const inputs = { bundle: 'bundle', tests: TESTS.join(' '), accelerator: 'tcg', vms: '1', memory: '512', ...run.inputs }
    const step = await job.uses(join(directory, 'action'), inputs)
    const outputs = Object.fromEntries(step.outputs)
    if (outputs.record === undefined) throw new Error(`the step left no record:\n${step.log}`)
    const record = JSON.parse(readFileSync(outputs.record, 'utf8')) as RunRecord
    await job.finish()
    return { step, outputs, record }
  } finally {
    await job.remove()
  }
}

function scopes(ref: string, branch: string): { Scope: string; Permission: 1 | 3 }[] {
  const own = { Scope: ref, Permission: 3 as const }
  return [
    own,
    ...[...new Set([`refs/heads/${branch}`, 'refs/heads/main'])]
      .filter((each) => each !== ref)
      .map((Scope) => ({ Scope, Permission: 1 as const })),
  ]
}

/** What actions/checkout does. */
function checkOut(workspace: string, origin: string, { commit, depth = 1 }: WorkflowRun): void {
  rmSync(workspace, { recursive: true, force: true })
  mkdirSync(workspace)
  const git = (...words: readonly string[]) => execFileSync('git', ['-C', workspace, ...words], { env: GIT_ENVIRONMENT })
  git('init', '-q')
  git('fetch', '-q', `--depth=${depth}`, `file://${origin}`, commit)
  git('checkout', '-q', '--detach', commit)
}

/** The VM as the workflow built it of this commit, with a kernel of its own. */
function makeBundle(path: string, directory: string, { commit, kernel }: WorkflowRun): void {
  writeFakeBundle(path, {
    fakeQemu: join(directory, 'fake-qemu.mjs'),
    tests: TESTS,
    fates: kernel,
    image: `kernel of ${commit} ${JSON.stringify(kernel)}`,
    version: 1,
    sections: [{ name: 'xfs', fstyp: 'xfs', disks: [{ role: 'test', sizeMiB: 16 }] }],
  })
}
