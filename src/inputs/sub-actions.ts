import type { InputSpecification } from './specification.js'
import { INPUTS } from './specification.js'

const actionOnly = ['action'] as const

/** Inputs that plan/action.yml has beside those of the action. */
export const PLAN_INPUTS: readonly InputSpecification[] = [
  {
    name: 'shards',
    kind: 'text',
    faces: actionOnly,
    default: 'auto',
    description: 'How many jobs share the tests, 1 to 256; `auto`: as few as each end within `shard-minutes`.',
  },
  {
    name: 'shard-minutes',
    kind: 'integer',
    ...{ minimum: 1, maximum: 100000, auto: false },
    faces: actionOnly,
    default: '60',
    description: 'With `shards: auto`: what one shard may last, by the times that are known.',
  },
  {
    name: 'changed',
    kind: 'choice',
    choices: ['no', 'rules'],
    faces: actionOnly,
    default: 'no',
    description:
      '`rules`: choose suites, sections and groups by the files that a pull request changes (`vmtest run --changed`); needs the history: `fetch-depth: 0`. On other events everything runs.',
  },
]

/** What only plan/action.yml has. */
const FROM: InputSpecification = {
  name: 'from',
  kind: 'text',
  faces: actionOnly,
  default: '',
  description: 'The artifact of a plan that another job of this run made: only its matrix is read.',
}

/** Inputs of the action that neither the plan nor the reusable workflow takes, each with the reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  shard: 'each job of the matrix has its own',
  'shard-plan': 'it is the plan that the workflow makes',
  matrix: 'the shards are compared as a whole',
  changed: 'the plan chooses for all shards',
  output: 'results go where artifacts are made of them',
  upload: 'the whole is made of what shards upload',
}

const shared = INPUTS.filter(({ faces, name }) => faces.includes('action') && LEFT_OUT[name] === undefined)

/** Inputs of plan/action.yml. */
export const PLAN_ACTION_INPUTS: readonly InputSpecification[] = [...shared, ...PLAN_INPUTS, FROM]

/** Inputs of merge/action.yml. */
export const MERGE_ACTION_INPUTS: readonly InputSpecification[] = [
  {
    name: 'plan',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description: 'The artifact of the plan: the output `plan` of the sub-action `plan`.',
  },
  {
    name: 'results',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description:
      'How the jobs before it ended: what the expression `toJSON(needs)` gives. One that was skipped, cancelled or failed makes the whole red.',
  },
]

/** Inputs of the reusable workflow beside those of the plan. */
export const WORKFLOW_INPUTS: readonly InputSpecification[] = [
  {
    name: 'runner',
    kind: 'text',
    faces: actionOnly,
    default: 'ubuntu-24.04',
    description: 'Label of the runners, or several as a JSON list: `["self-hosted", "kvm"]`.',
  },
  {
    name: 'job-minutes',
    kind: 'integer',
    ...{ minimum: 5, maximum: 100000, auto: false },
    faces: actionOnly,
    default: '355',
    description: 'Limit of each job, in minutes; longer than `timeout-minutes`, which ends a run in order.',
  },
  {
    name: 'fetch-depth',
    kind: 'integer',
    ...{ minimum: 0, maximum: 1000000, auto: false },
    faces: actionOnly,
    default: '1',
    description: 'Commits of history that the build checks out; `0`: all, as `changed` needs.',
  },
  {
    name: 'action-repository',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description:
      'Where the action is, for servers that do not say where a reusable workflow comes from (`job.workflow_repository`); `.`: in `.kernel-vmtest` of the repository itself.',
  },
  {
    name: 'action-ref',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description: 'Its commit or tag, with `action-repository`.',
  },
]

/** Every input of .github/workflows/vmtest.yml. */
export const ALL_WORKFLOW_INPUTS: readonly InputSpecification[] = [...shared, ...PLAN_INPUTS, ...WORKFLOW_INPUTS]

/** Outputs of plan/action.yml. */
export const PLAN_OUTPUTS = [
  { name: 'matrix', description: 'The matrix of shards as JSON: `{"include":[{"shard","artifact"}…]}`.' },
  { name: 'count', description: 'How many shards there are.' },
  { name: 'plan', description: 'Name of the artifact with the plan, for `shard-plan: artifact:NAME` and the sub-action `merge`.' },
  { name: 'minutes', description: 'What the longest shard is taken to last.' },
] as const

/** Inputs of bisect/action.yml. */
export const BISECT_ACTION_INPUTS: readonly InputSpecification[] = [
  {
    name: 'good',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description: 'A commit where the test passes. With it the history is read, and handed on as the output `search`.',
  },
  { name: 'bad', kind: 'text', faces: actionOnly, default: 'HEAD', description: 'A commit where it does not.' },
  { name: 'tree', kind: 'text', faces: actionOnly, default: '.', description: 'The kernel’s git tree, with its history: only read.' },
  {
    name: 'paths',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description: 'Look only at commits that touch one of these, such as `fs/xfs`. Empty: at all.',
  },
  {
    name: 'runners',
    kind: 'integer',
    ...{ minimum: 1, maximum: 64, auto: false },
    faces: actionOnly,
    default: '4',
    description: 'Commits that a round tries at once.',
  },
  {
    name: 'from',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description:
      'The output `search` of the job that read the history. With `round`: what that round is to try; without: which commit it is.',
  },
  {
    name: 'round',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description: 'Number of the round that is to be planned; `0` tries both ends.',
  },
]

/** Outputs of bisect/action.yml. */
export const BISECT_OUTPUTS = [
  { name: 'search', description: 'Name of the artifact with the history, for `from`.' },
  {
    name: 'matrix',
    description:
      'What a round tries, as JSON: `{"include":[{"short","commit","artifact","commit2","artifact2"…}]}`; the further commits are tried where the one before does not build or cannot be tested.',
  },
  { name: 'count', description: 'How many jobs that is; `0`: nothing is left to try.' },
  { name: 'conclusion', description: '`found`, or `could-not-test`.' },
  { name: 'reason', description: 'The first bad commit, or why none is named.' },
  { name: 'commit', description: 'Its hash.' },
  { name: 'artifact-name', description: 'The artifact with the record and the logs of its run.' },
] as const
