import { suites } from '../suites/index.js'

/** Which faces have the input: `action` an input of action.yml, `cli` an option of `vmtest run`. */
export type Face = 'action' | 'cli'

interface Common {
  /** As in action.yml; the long option is the same with `--`, unless `flag` says otherwise. */
  readonly name: string
  readonly description: string
  readonly faces: readonly Face[]
  /** Of a boolean that is true by default: what its option `--no-NAME` does. */
  readonly without?: string
  /** Commander's flag notation, where it is not `--name <value>`. */
  readonly flag?: string
  readonly default: string
  /** Given by the workflow's own expressions, for no person to set: in action.yml, and in no table. */
  readonly hidden?: true
}

/** What values an input takes. */
export type InputSpecification = Common &
  (
    | { readonly kind: 'text' | 'boolean' | 'list' }
    | { readonly kind: 'choice'; readonly choices: readonly string[] }
    /** A list of these words. */
    | { readonly kind: 'words'; readonly choices: readonly string[] }
    | { readonly kind: 'integer'; readonly minimum: number; readonly maximum: number; readonly auto: boolean }
  )

const both: readonly Face[] = ['action', 'cli']
const actionOnly: readonly Face[] = ['action']
const cliOnly: readonly Face[] = ['cli']

/** Each suite's own tree, as an input of its name. */
const trees: readonly InputSpecification[] = Object.values(suites).flatMap(({ name, tree }) =>
  tree === null ? [] : [{ name, kind: 'text', faces: both, default: '', description: tree } as const],
)

const what: readonly InputSpecification[] = [
  {
    name: 'flake',
    kind: 'text',
    faces: both,
    default: '',
    description: 'Flake reference that builds the VM bundle. Empty: the flake of the working directory.',
  },
  { name: 'attribute', kind: 'text', faces: both, default: 'vmtest', description: 'Flake output that is the VM bundle.' },
  {
    name: 'impure',
    kind: 'boolean',
    faces: both,
    default: 'false',
    description: 'Evaluate the flake with `--impure` (it may read the environment and paths outside the repository).',
  },
  {
    name: 'bundle',
    kind: 'text',
    faces: both,
    default: '',
    description:
      'A built VM bundle (a directory with `vmtest.json`) instead of a flake, or `offline` to make one of the host’s own programs.',
  },
  {
    name: 'architecture',
    kind: 'choice',
    choices: ['auto', 'x86_64', 'aarch64'],
    faces: both,
    default: 'auto',
    description:
      'Of the `offline` bundle’s guest, which it asks for: `auto` is the machine’s, or what `ARCH` says where a kernel tree is built; another is made of the distribution’s packages (docs/howto/arm64.md).',
  },
  {
    name: 'kernel',
    kind: 'text',
    faces: both,
    default: '',
    description: 'Prebuilt kernel to boot instead of the bundle’s: bzImage, Image or vmlinux.',
  },
  {
    name: 'modules',
    kind: 'text',
    faces: both,
    default: '',
    description: 'Where the prebuilt kernel’s modules are: a directory with `lib/modules/RELEASE`, or that directory itself.',
  },
  {
    name: 'vmlinux',
    kind: 'text',
    faces: both,
    default: '',
    description: 'The prebuilt kernel’s vmlinux with debug information, for decoding traces.',
  },
  {
    name: 'kernel-config',
    kind: 'text',
    faces: both,
    default: '',
    description:
      'The prebuilt kernel’s `.config`, for checking options before booting. For a kernel tree: what its configuration starts from, a file or a target such as `defconfig` (`tinyconfig` without).',
  },
  {
    name: 'kernel-tree',
    kind: 'text',
    faces: both,
    default: '',
    description:
      'A kernel source tree to build incrementally, with `make O=` outside it, and to boot. Empty: the command uses the tree it is in (docs/flake.md), the action none; `none`: the bundle’s kernel.',
  },
  {
    name: 'kconfig',
    kind: 'list',
    flag: '--kconfig <fragment>',
    faces: both,
    default: '',
    description:
      'More of a kernel tree’s configuration: fragments of nix/kconfig by name (`kasan`), files, or options (`CONFIG_XFS_DEBUG=y`).',
  },
  {
    name: 'keep-going',
    kind: 'boolean',
    faces: both,
    default: 'false',
    description: 'When the kernel does not build, compile on as far as it goes. Without it the rest is ended at the first error.',
  },
  ...trees,
  {
    name: 'kselftest-targets',
    kind: 'list',
    faces: both,
    default: '',
    description:
      'Targets of `tools/testing/selftests` to build from a kernel tree, such as `mount timens`. Empty: the collections that `groups` and `tests` name.',
  },
  {
    name: 'suite',
    kind: 'words',
    choices: Object.keys(suites),
    flag: '--suite <name>',
    faces: both,
    default: '',
    description: 'The suites to run, in this order. Empty: those whose trees are given, else fstests where there is one, else smoke.',
  },
  {
    name: 'local-config',
    kind: 'text',
    faces: both,
    default: '',
    description: 'A file in fstests’ own local.config form, for sections of your own.',
  },
  {
    name: 'sections',
    kind: 'list',
    flag: '-s, --section <name>',
    faces: both,
    default: '',
    description:
      'Sections to run. Empty: those the flake names, or the first where it names none. Of several suites, `SUITE:SECTION` binds one.',
  },
  {
    name: 'groups',
    kind: 'list',
    flag: '-g, --group <name>',
    faces: both,
    default: '',
    description: 'Groups to run, such as `quick` or `auto`.',
  },
  {
    name: 'exclude-groups',
    kind: 'list',
    flag: '-x, --exclude-group <name>',
    faces: both,
    default: '',
    description: 'Groups to leave out.',
  },
  { name: 'tests', kind: 'list', faces: actionOnly, default: '', description: 'Tests to run, such as `generic/001` or `xfs/00?`.' },
  {
    name: 'changed',
    kind: 'choice',
    choices: ['no', 'rules', 'first', 'only'],
    faces: actionOnly,
    default: 'no',
    description:
      'Choose by what a pull request changes (`fetch-depth: 0`): `rules`: suites, sections and groups, by the files; `first`, `only`: the tests that reach it run first, or no others, by the map in the compared record (docs/howto/coverage.md). On other events everything runs.',
  },
  {
    name: 'exclude-files',
    kind: 'list',
    flag: '-E, --exclude-file <file>',
    faces: both,
    default: '',
    description: 'Files of tests to leave out, in fstests’ exclude form; names of any suite, and `SUITE:NAME` binds one.',
  },
  {
    name: 'expectations',
    kind: 'list',
    flag: '--expectations <file>',
    faces: both,
    default: '',
    description: 'Files of expected failures and expunges (docs/expectations.md).',
  },
  {
    name: 'shard',
    kind: 'text',
    flag: '--shard <number/count>',
    faces: both,
    default: '',
    description: 'Run only this part of the tests, such as `3/8`: each test is in exactly one of them (`vmtest merge` joins the records).',
  },
  {
    name: 'shard-plan',
    kind: 'text',
    flag: '--shard-plan <path>',
    faces: both,
    default: '',
    description:
      'With `shard`: the plan that says what is in it, as the sub-action `plan` or `vmtest plan --output DIRECTORY` wrote it. Empty: computed from the bundle.',
  },
]

const how: readonly InputSpecification[] = [
  {
    name: 'accelerator',
    kind: 'choice',
    choices: ['auto', 'kvm', 'tcg'],
    faces: both,
    default: 'auto',
    description: '`auto` proves KVM by booting a guest and falls back to emulation; `kvm` is KVM or an error; `tcg` is emulation.',
  },
  {
    name: 'vms',
    kind: 'integer',
    minimum: 1,
    maximum: 256,
    auto: true,
    faces: both,
    default: 'auto',
    description: 'VMs that run side by side from one queue.',
  },
  {
    name: 'disk-size',
    kind: 'integer',
    minimum: 300,
    maximum: 1048576,
    auto: true,
    faces: both,
    default: 'auto',
    description:
      'Size of each test, scratch and pool disk, in MiB; `auto`: as its section says. They are sparse. A smaller one makes tests that ask for room notrun, with that reason.',
  },
  {
    name: 'memory',
    kind: 'integer',
    minimum: 128,
    maximum: 1048576,
    auto: true,
    flag: '-m, --memory <MiB>',
    faces: both,
    default: 'auto',
    description: 'Memory of each VM, in MiB.',
  },
  {
    name: 'cpus',
    kind: 'integer',
    minimum: 1,
    maximum: 512,
    auto: true,
    faces: both,
    default: 'auto',
    description: 'Virtual CPUs of each VM.',
  },
  {
    name: 'timeout-minutes',
    kind: 'integer',
    minimum: 1,
    maximum: 100000,
    auto: false,
    faces: both,
    default: '340',
    description: 'Deadline of the whole run, in minutes. Tests not reached by then are reported as such.',
  },
  {
    name: 'test-timeout-seconds',
    kind: 'integer',
    minimum: 1,
    maximum: 1000000,
    auto: true,
    flag: '--test-timeout <seconds>',
    faces: both,
    default: 'auto',
    description: 'Limit of one test, in seconds, taken as it is. `auto` learns it from history and scales it under emulation.',
  },
  {
    name: 'rerun-failed',
    kind: 'integer',
    minimum: 0,
    maximum: 20,
    auto: false,
    faces: both,
    default: '0',
    description: 'How often a failing test runs again in a fresh VM; a pass then is reported as flaky, never hidden.',
  },
  {
    name: 'fail-on',
    kind: 'choice',
    choices: ['new', 'any', 'never'],
    faces: both,
    default: 'new',
    description:
      'What fails the step: failures the baseline does not have (without a baseline: any), any failure, or none. Could-not-test always fails.',
  },
  {
    name: 'lost-tests',
    kind: 'choice',
    choices: ['fail', 'warn'],
    faces: both,
    default: 'fail',
    description:
      'What a lost test comes to: one that has a verdict in the compared record, is asked for, and now declines or is not there (docs/results.md). `fail`: like a new failure; `warn`: a warning.',
  },
  {
    name: 'accept-failures',
    kind: 'boolean',
    faces: actionOnly,
    default: 'false',
    description:
      'Accept what fails in this run: it passes, and later runs of the branch are compared with it. For `workflow_dispatch` on a branch.',
  },
  {
    name: 'baseline',
    kind: 'text',
    faces: both,
    default: '',
    description:
      'A record (`run.json`) to compare with, or the directory it is in. Without one the action takes the record docs/results.md says from the cache, the command none.',
  },
  {
    name: 'ab-proof',
    kind: 'boolean',
    faces: both,
    default: 'true',
    description:
      'Run new failures again on the baseline’s own bundle, where its store path is still at hand: what fails there too is known, not new.',
    without: 'Do not run new failures again on the baseline’s own bundle: each counts as new, although it may fail there too.',
  },
  {
    name: 'base-bundle',
    kind: 'text',
    faces: both,
    default: '',
    description: 'The built VM bundle of the base branch for `ab-proof`. Empty: the one the baseline’s record remembers.',
  },
  {
    name: 'emulation-tuning',
    kind: 'boolean',
    faces: both,
    default: 'true',
    description:
      'Under emulation, the measured settings that make it faster (`norandmaps`, `mitigations=off`, CPU flags). Recorded with the results.',
    without: 'Under emulation, boot the guests as on a real processor, without the settings that make it faster.',
  },
  {
    name: 'dump',
    kind: 'choice',
    choices: ['auto', 'always', 'never'],
    flag: '--dump-when <auto|always|never>',
    faces: both,
    default: 'auto',
    description:
      'Explain a panic, a hang or a time-out from the guest’s memory (docs/howto/crash-memory.md). `auto`: where drgn, a vmlinux with types and room on the disk are there.',
  },
  {
    name: 'dump-always',
    kind: 'boolean',
    flag: '--dump',
    faces: cliOnly,
    default: 'false',
    description: 'As `--dump-when always`: a kernel tree is then built with types, and the memory is kept as `guests/N/memory.elf.zst`.',
  },
  {
    name: 'dump-artifact',
    kind: 'boolean',
    faces: both,
    default: 'false',
    description: 'Keep that memory, compressed by zstd, beside what it says: in the run’s directory and the artifact.',
  },
  {
    name: 'coverage',
    kind: 'choice',
    choices: ['never', 'change'],
    faces: actionOnly,
    default: 'never',
    description:
      'Say which lines of the change no test ran (docs/howto/coverage.md). `change`: the directories of the kernel tree that the change is in are compiled with gcc’s counters, by the flake or (`kernel-tree`) by its own make. Needs the history (`fetch-depth: 0`).',
  },
  {
    name: 'coverage-change',
    kind: 'boolean',
    flag: '--coverage',
    faces: cliOnly,
    default: 'false',
    description:
      'Say which lines of the change (since upstream) no test ran: the directories it is in are compiled with gcc’s counters (docs/howto/coverage.md).',
  },
  {
    name: 'coverage-of',
    kind: 'list',
    flag: '--coverage-of <directory...>',
    faces: both,
    default: '',
    description: 'Directories of the kernel tree to compile with counters as well, such as `fs/xfs`.',
  },
  { name: 'keep', kind: 'boolean', faces: cliOnly, default: 'false', description: 'Keep the guests’ disks.' },
  {
    name: 'output',
    kind: 'text',
    flag: '-o, --output <directory>',
    faces: both,
    default: '',
    description: 'Where results go. Empty: a new directory below `.vmtest/runs` (command) or the runner’s temporary directory (action).',
  },
]

const where: readonly InputSpecification[] = [
  {
    name: 'cache',
    kind: 'choice',
    choices: ['true', 'false', 'read'],
    faces: actionOnly,
    default: 'true',
    description:
      'Restore and save the Nix store, the compiler’s cache and the record to compare with in the workflow’s cache; `read`: restore only, for jobs that shall not fill it.',
  },
  {
    name: 'ccache',
    kind: 'choice',
    choices: ['auto', 'always', 'never'],
    faces: actionOnly,
    default: 'auto',
    description:
      'Compile a kernel that Nix builds through ccache, kept in the workflow’s cache (with `cache`): `auto` stops where it does not pay.',
  },
  {
    name: 'ccache-max-mib',
    kind: 'integer',
    minimum: 16,
    maximum: 10240,
    auto: false,
    faces: actionOnly,
    default: '512',
    description:
      'What ccache may keep, in MiB; the least recently used objects go first. The objects a kernel’s next build starts from may be half as much again.',
  },
  {
    name: 'upload',
    kind: 'choice',
    choices: ['always', 'failure', 'never'],
    faces: actionOnly,
    default: 'always',
    description: 'When the results are uploaded as an artifact.',
  },
  {
    name: 'retention-days',
    kind: 'integer',
    minimum: 0,
    maximum: 400,
    auto: false,
    faces: actionOnly,
    default: '0',
    description:
      'Days the artifact is kept; `0`: as the repository has it (GitHub’s default: 90, and the repository’s limit is never exceeded).',
  },
  {
    name: 'artifact-name',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description: 'Name of the artifact. Empty: made of the job, the step and what is tested, so that matrix jobs do not collide.',
  },
  {
    name: 'nix-version',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description: 'Nix to install where there is none. Empty: the version pinned in this release.',
  },
  {
    name: 'nix-tarball-url',
    kind: 'text',
    faces: actionOnly,
    default: '',
    description: 'A mirror of the Nix release tarball; needs `nix-tarball-sha256`.',
  },
  { name: 'nix-tarball-sha256', kind: 'text', faces: actionOnly, default: '', description: 'SHA-256 of the tarball, in hexadecimal.' },
  { name: 'nix-extra-conf', kind: 'text', faces: actionOnly, default: '', description: 'Further lines of nix.conf, passed in NIX_CONFIG.' },
  {
    name: 'substituters',
    kind: 'list',
    faces: actionOnly,
    default: '',
    description: 'Binary caches besides the default one. A flake’s own `nixConfig` is never accepted.',
  },
  { name: 'trusted-public-keys', kind: 'list', faces: actionOnly, default: '', description: 'Their public keys.' },
  {
    name: 'matrix',
    kind: 'text',
    faces: actionOnly,
    default: '${{ toJSON(matrix) }}',
    hidden: true,
    description: 'Set by the action itself: the job of a matrix, so that each is compared with itself.',
  },
]

/** Inputs that say what is tested and which tests; the others say how. */
export const SUBJECT: ReadonlySet<string> = new Set(what.map(({ name }) => name))

/** Every input, in the order of the documentation: what to test, how, and where things are kept. */
export const INPUTS: readonly InputSpecification[] = [...what, ...how, ...where]

/** An output of the action. */
export interface OutputSpecification {
  readonly name: string
  readonly description: string
}

export const OUTPUTS: readonly OutputSpecification[] = [
  { name: 'conclusion', description: '`passed`, `failed`, `could-not-test`, `build-failed` or `cancelled`.' },
  { name: 'reason', description: 'The conclusion in one sentence.' },
  { name: 'planned', description: 'Number of planned tests.' },
  { name: 'passed', description: 'Number of tests that passed.' },
  {
    name: 'failed',
    description:
      'Number of tests that failed, crashed or timed out, neither flaky nor expected to fail, and of kernel reports under no test.',
  },
  { name: 'notrun', description: 'Number of tests that declined to run.' },
  { name: 'notreached', description: 'Number of planned tests that never started.' },
  { name: 'changed-lines', description: 'Changed lines with code, where `coverage` counted them; empty otherwise.' },
  { name: 'changed-lines-run', description: 'Of those, the ones a test ran.' },
  { name: 'new-failures', description: 'Number of failures the baseline does not have; empty without a baseline.' },
  { name: 'lost', description: 'Number of tests the compared record has a verdict on and this run lost; empty without one.' },
  { name: 'compared-with', description: 'Commit of the record this run is compared with; empty where there is none or it is not known.' },
  { name: 'flaky', description: 'Number of tests that failed first and passed when run again.' },
  { name: 'accelerator', description: '`kvm` or `tcg`; empty where no VM was started.' },
  { name: 'cache-hit', description: '`true` where the store came from the cache under its exact key.' },
  { name: 'results', description: 'Directory with everything the run left.' },
  { name: 'record', description: 'Path of `run.json`.' },
  { name: 'junit', description: 'Path of the JUnit file.' },
  { name: 'html', description: 'Path of the HTML report.' },
  { name: 'artifact-id', description: 'Id of the uploaded artifact; empty where none was.' },
  { name: 'artifact-name', description: 'Its name, where the one asked for was taken another one; empty where none was uploaded.' },
]
