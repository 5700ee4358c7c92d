import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commitWorkflow, plantAction } from '../act/act-workflow.js'
import type { KernelRepository } from '../action/kernel-repository.js'
import { type HostileTest, OWNED } from './hostile-tests.js'

/** A stranger's pull request: hostile tests in the repository's own smoke suite, as generic/NUMBER, and a workflow that runs them. */
export function plantInRepository(
  repository: KernelRepository,
  tests: readonly HostileTest[],
  inputs: Readonly<Record<string, string>>,
): void {
  const suite = join(repository.directory, 'nix/suites/smoke')
  for (const { number, script, output } of tests) {
    const path = join(suite, 'tests/generic', number)
    const head = '#!/bin/bash\n. ./common/preamble\n_begin_fstest hostile\n\nset +o pipefail\n'
    writeFileSync(path, `${head}${script}`, { mode: 0o755 })
    writeFileSync(`${path}.out`, `QA output created by ${number}\n${output}\n`)
  }
  execFileSync('bash', [join(suite, 'make-group-lists')])
  plantAction(repository)
  const after = [
    'echo "path=$PATH"',
    // act hands its own environment down, the runtime's token with it: not ours to show.
    'env | grep -v ^ACTIONS_ | sed "s/^/after: /"',
    `echo "seen: ${OWNED.replaceAll('-', ' ')}" | tr ' ' '-'`,
    'echo "::notice::commands are obeyed"',
  ]
  const env = { MY_SECRET: '${{ secrets.MY_SECRET }}', DEPLOY_PASSWORD: '${{ secrets.DEPLOY_PASSWORD }}' }
  // The step after shows what the action's changed for those that follow.
  commitWorkflow(repository, { inputs, env, outputs: ['conclusion', 'passed', 'failed', 'artifact-id'], after }, 'a stranger’s tests')
}
