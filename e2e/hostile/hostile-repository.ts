import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { CHECKOUT, type KernelRepository } from '../action/kernel-repository.js'
import { type HostileTest, OWNED } from './hostile-tests.js'

/** Where the action lies in the repository: act takes local actions only from there. */
export const ACTION = '.github/actions/kernel-vmtest'

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
  for (const part of ['action.yml', 'package.json', 'dist', 'nix', 'examples']) {
    cpSync(join(CHECKOUT, part), join(repository.directory, ACTION, part), { recursive: true })
  }
  mkdirSync(join(repository.directory, '.github/workflows'), { recursive: true })
  writeFileSync(join(repository.directory, '.github/workflows/vmtest.yml'), workflow(inputs))
  repository.commit('a stranger’s tests')
}

/** The step, and one after it that shows what the step changed for those that follow. */
function workflow(inputs: Readonly<Record<string, string>>): string {
  const outputs = ['conclusion', 'passed', 'failed', 'artifact-id'].map((name) => `${name}=\${{ steps.vmtest.outputs.${name} }}`)
  const after = [
    `echo "outputs ${outputs.join(' ')}"`,
    'echo "path=$PATH"',
    // act hands its own environment down, the runtime's token with it: not ours to show.
    'env | grep -v ^ACTIONS_ | sed "s/^/after: /"',
    `echo "seen: ${OWNED.replaceAll('-', ' ')}" | tr ' ' '-'`,
    'echo "::notice::commands are obeyed"',
  ]
  return stringify({
    on: 'push',
    jobs: {
      test: {
        'runs-on': 'ubuntu-latest',
        steps: [
          { uses: 'actions/checkout@v4' },
          {
            id: 'vmtest',
            uses: `./${ACTION}`,
            with: inputs,
            env: { MY_SECRET: '${{ secrets.MY_SECRET }}', DEPLOY_PASSWORD: '${{ secrets.DEPLOY_PASSWORD }}' },
          },
          { if: 'always()', run: after.join('\n') },
        ],
      },
    },
  })
}
