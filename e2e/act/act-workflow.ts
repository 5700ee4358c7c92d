import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { CHECKOUT, type KernelRepository } from '../action/kernel-repository.js'

/** Where the action lies in the repository: act takes local actions only from there. */
export const ACTION = '.github/actions/kernel-vmtest'

/** Copies the committed action into a kernel's repository. */
export function plantAction(repository: KernelRepository): void {
  for (const part of ['action.yml', 'package.json', 'dist', 'nix', 'examples']) {
    cpSync(join(CHECKOUT, part), join(repository.directory, ACTION, part), { recursive: true })
  }
}

export interface WorkflowOptions {
  /** The step's `with:`. */
  readonly inputs: Readonly<Record<string, string>>
  /** The step's `env:`. */
  readonly env?: Readonly<Record<string, string>>
  /** Outputs of the step that the next one prints, as `outputs NAME=VALUE …`. */
  readonly outputs: readonly string[]
  /** Further shell lines of that step. */
  readonly after?: readonly string[]
}

/** Writes and commits a workflow: the action's step, and one after it that shows what came of it whatever came of it. */
export function commitWorkflow(repository: KernelRepository, options: WorkflowOptions, message: string): void {
  const { inputs, env, after = [] } = options
  const outputs = options.outputs.map((name) => `${name}=\${{ steps.vmtest.outputs.${name} }}`)
  const text = stringify({
    on: 'push',
    jobs: {
      test: {
        'runs-on': 'ubuntu-latest',
        steps: [
          { uses: 'actions/checkout@v4' },
          { id: 'vmtest', uses: `./${ACTION}`, with: inputs, ...(env === undefined ? {} : { env }) },
          { if: 'always()', run: [`echo "outputs ${outputs.join(' ')}"`, ...after].join('\n') },
        ],
      },
    },
  })
  mkdirSync(join(repository.directory, '.github/workflows'), { recursive: true })
  writeFileSync(join(repository.directory, '.github/workflows/vmtest.yml'), text)
  repository.commit(message)
}

/** One line of `act --json`. */
export interface ActLine {
  readonly msg?: string
  readonly command?: string
  readonly arg?: string
  /** Of an output. */
  readonly name?: string
  readonly jobID?: string
  readonly content?: string
  /** The line as act found it. */
  readonly raw?: string
  readonly kvPairs?: Readonly<Record<string, string>>
  readonly jobResult?: string
}

export interface ActRun {
  readonly code: number | null
  readonly lines: readonly ActLine[]
  readonly messages: string
  /** All of it, as it came. */
  readonly text: string
}

export interface ActRequest {
  /** Where it runs: a namespace of its own. */
  readonly machine: { readonly env: Readonly<Record<string, string>>; inside(directory: string, ...argv: string[]): readonly string[] }
  /** The repository, with its workflow. */
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  readonly options?: readonly string[]
}

/** Lets act run a repository's workflow on a machine, in host mode. */
export async function runAct(act: string, { machine, directory, env, options = [] }: ActRequest): Promise<ActRun> {
  const how = ['push', '--platform', 'ubuntu-latest=-self-hosted', '--no-cache-server', '--json', ...options]
  const [program = '', ...argv] = machine.inside(directory, act, ...how)
  const child = spawn(program, argv, { env: { PATH: process.env.PATH ?? '', ...machine.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => void chunks.push(chunk))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const text = chunks.join('')
  const lines = text.split('\n').flatMap((line): ActLine[] => {
    try {
      return [JSON.parse(line) as ActLine]
    } catch {
      return []
    }
  })
  return { code, lines, messages: lines.map(({ msg }) => msg ?? '').join('\n'), text }
}
