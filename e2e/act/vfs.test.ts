import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse, stringify } from 'yaml'
import { CHECKOUT, Machine } from '../action/kernel-repository.js'
import { downloaded } from '../services/downloaded.js'
import { Services } from '../services/services.js'
import { type Renderings, readRenderings } from '../shards/reader-view.js'
import { type ActRun, runAct } from './act-workflow.js'
import { findAct } from './find-act.js'

// examples/vfs as it is committed, with short lists, on real guests: real fstests on XFS and on overlayfs, and the kernel's selftests. Only what it would
// take hours to make is given instead of made: the kernel, and the selftests built from it. A quarter of an hour of an emulated processor.
// VMTEST_FSTESTS is an xfstests tree in which `make` has run; VMTEST_KSELFTEST has `kselftest` and `kernel`, as e2e/suites takes them.
const LIMIT = 3_600_000
const { VMTEST_FSTESTS: fstests = '', VMTEST_KSELFTEST: lab = '' } = process.env
const act = findAct()
const skipped =
  process.env.VMTEST_ACT_GUESTS !== '1' || fstests === '' || lab === ''
    ? 'examples/vfs runs where VMTEST_ACT_GUESTS=1, VMTEST_FSTESTS and VMTEST_KSELFTEST are set'
    : act.kind === 'missing'
      ? act.reason
      : null
if (skipped !== null) console.log(`skipped: ${skipped}`)
const described = skipped === null ? describe : describe.skip

/** What stands for `groups`: a selftest that is expected to fail, and tests that take seconds. */
const SHORT = ['generic/001', 'generic/011', 'mount:*', 'pidfd:pidfd_open_test', 'filelock:ofdlocks']
/** How many verdicts that is: two tests in two sections, and each selftest. */
const PLANNED = 2 * 2 + 2 + 1 + 1

interface Workflow {
  readonly jobs: { readonly vfs: { readonly steps: { uses: string; with: Record<string, string> }[] } }
}

let directory: string
let services: Services
let machine: Machine

/** What is changed in the workflow's `with:`; the rest is as committed. */
function shortened(workflow: Workflow, inputs: Readonly<Record<string, string>>): Workflow {
  const step = workflow.jobs.vfs.steps.find(({ uses }) => uses.startsWith('kernel-vmtest/'))
  if (step === undefined) throw new Error('the example has no step of ours')
  for (const name of ['kernel-tree', 'kconfig', 'groups']) {
    if (step.with[name] === undefined) throw new Error(`the example has no ${name} any more: this test is of another one`)
    delete step.with[name]
  }
  Object.assign(step.with, { bundle: 'offline', tests: SHORT.join(' '), accelerator: 'tcg', ...inputs })
  return workflow
}

/** Lets act run it. @param inputs where the trees are, and what it is compared with */
async function runExample(runId: string, inputs: Readonly<Record<string, string>>): Promise<ActRun> {
  const repository = join(directory, 'repository')
  const example = join(CHECKOUT, 'examples/vfs')
  mkdirSync(join(repository, '.github/workflows'), { recursive: true })
  cpSync(join(example, 'vfs.expectations'), join(repository, '.github/vfs.expectations'))
  const workflow = parse(readFileSync(join(example, 'vfs.yml'), 'utf8')) as Workflow
  writeFileSync(join(repository, '.github/workflows/vfs.yml'), stringify(shortened(workflow, inputs)))
  const git = ['-C', repository, '-c', 'user.name=e2e', '-c', 'user.email=e2e@example.org']
  if (!existsSync(join(repository, '.git'))) execFileSync('git', ['init', '-q', '-b', 'main', repository])
  execFileSync('git', [...git, 'add', '--all'])
  execFileSync('git', [...git, 'commit', '-q', '--allow-empty', '-m', runId])
  const options = ['--platform', 'ubuntu-24.04=-self-hosted']
  for (const [uses, stand] of [['actions/checkout@v7', 'checkout'] as const, ['kernel-vmtest/kernel-vmtest@v1', 'action'] as const])
    options.push('--local-repository', `${uses}=${join(directory, stand)}`)
  return runAct(act.kind === 'found' ? act.path : '', { machine, directory: repository, env: services.environment({ runId }), options })
}

const outputs = ({ lines }: ActRun): Readonly<Record<string, string>> =>
  Object.fromEntries(lines.filter(({ command }) => command === 'set-output').map(({ name = '', arg = '' }) => [name, arg]))

async function renderings(runId: string, run: ActRun): Promise<Renderings> {
  const target = join(directory, 'downloaded', runId)
  mkdirSync(target, { recursive: true })
  const found = await downloaded(services, runId, outputs(run)['artifact-name'] ?? '', target)
  if (found === null) throw new Error(`the artifact of ${runId} cannot be had:\n${run.messages}`)
  return readRenderings(found)
}

const trees = (of: string, kselftest: string): Record<string, string> => {
  const images = readdirSync(join(lab, 'kernel/boot')).filter((name) => name.startsWith('vmlinuz-'))
  return { kernel: join(lab, 'kernel/boot', images[0] ?? ''), modules: join(lab, 'kernel'), fstests: of, kselftest }
}

described('examples/vfs under act', () => {
  beforeAll(async () => {
    // A place another user may read: where the runner is root, QEMU is not.
    directory = mkdtempSync('/var/tmp/vmtest-vfs-')
    chmodSync(directory, 0o755)
    services = await Services.start()
    machine = await Machine.create()
    mkdirSync(machine.env.HOME ?? '', { recursive: true })
    for (const part of ['action.yml', 'package.json', 'dist', 'nix', 'examples'])
      cpSync(join(CHECKOUT, part), join(directory, 'action', part), { recursive: true })
    // act skips a local checkout, and wants the action all the same.
    const checkout = {
      name: 'checkout',
      description: 'not to be run',
      runs: { using: 'composite', steps: [{ run: 'exit 1', shell: 'sh' }] },
    }
    mkdirSync(join(directory, 'checkout'))
    writeFileSync(join(directory, 'checkout/action.yml'), stringify(checkout))
  }, LIMIT)
  afterAll(async () => {
    machine?.remove()
    await services?.stop()
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  })

  let before: Renderings

  test(
    'selftests, fstests on XFS and on overlayfs: one record, one verdict',
    async () => {
      const run = await runExample('before', trees(fstests, join(lab, 'kselftest')))
      if (run.code !== 0) process.stderr.write(`${run.messages}\n`)
      expect({ code: run.code, ...outputs(run) }).toMatchObject({ code: 0, conclusion: 'passed', planned: String(PLANNED) })
      before = await renderings('before', run)
      const verdicts = before.record.tests.map(({ suite, section, name, status }) => `${suite} ${section} ${name} ${status}`)
      expect(verdicts).toEqual(
        expect.arrayContaining([
          'kselftest default mount:run_nosymfollow.sh pass',
          'kselftest default mount:run_unprivileged_remount.sh pass',
          'kselftest default pidfd:pidfd_open_test pass',
          'fstests xfs_4k generic/001 pass',
          'fstests xfs_4k generic/011 pass',
          'fstests overlay_xfs generic/001 pass',
          'fstests overlay_xfs generic/011 pass',
        ]),
      )
      expect(before.record.tests).toHaveLength(PLANNED)
    },
    LIMIT,
  )

  test(
    'a regression planted in each suite is named, by suite and section',
    async () => {
      const [broken, selftests] = [join(directory, 'xfstests'), join(directory, 'kselftest')]
      cpSync(fstests, broken, { recursive: true, verbatimSymlinks: true })
      cpSync(join(lab, 'kselftest'), selftests, { recursive: true, dereference: true })
      appendFileSync(join(broken, 'tests/generic/011.out'), 'a line that the file system does not print\n')
      // As a real one is falsely green: a sub-test fails, and the program exits with 0.
      writeFileSync(join(selftests, 'mount/run_nosymfollow.sh'), '#!/bin/sh\necho 1..2\necho ok 1 mounts\necho not ok 2 does not follow\n')
      const baseline = join(directory, 'downloaded/before/run.json')
      const run = await runExample('after', { ...trees(broken, selftests), baseline, 'ab-proof': 'false' })
      const { conclusion, reason = '' } = outputs(run)
      if (conclusion !== 'failed') process.stderr.write(`${run.messages}\n`)
      expect(run.code).not.toBe(0)
      expect({ conclusion, new: outputs(run)['new-failures'] }).toEqual({ conclusion: 'failed', new: '3' })
      for (const name of ['kselftest.default mount:run_nosymfollow.sh', 'fstests.xfs_4k generic/011', 'fstests.overlay_xfs generic/011'])
        expect(reason).toContain(name)
      const { record, junit, html } = await renderings('after', run)
      const failed = record.tests.filter(({ status, expectedFailure }) => status !== 'pass' && expectedFailure === null)
      expect(failed.map(({ suite, section, name, status }) => `${suite} ${section} ${name} ${status}`).sort()).toEqual([
        'fstests overlay_xfs generic/011 fail',
        'fstests xfs_4k generic/011 fail',
        'kselftest default mount:run_nosymfollow.sh fail',
      ])
      for (const suite of ['kselftest.default', 'fstests.xfs_4k', 'fstests.overlay_xfs'])
        expect(junit).toContain(`<testsuite name="${suite}"`)
      expect(html).toContain('does not follow')
    },
    LIMIT,
  )
})
