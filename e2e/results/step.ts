import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runAction } from '../../src/action/run-action.js'
import type { RunRecord } from '../../src/domain/record.js'
import type { Annotation } from '../../src/domain/stages.js'
import { INPUTS } from '../../src/inputs/specification.js'
import { placesFrom } from '../../src/pipeline/directories.js'
import type { Runner } from '../../src/ports/index.js'
import { createPorts } from '../../src/ports/real/index.js'

/** What a step of the action left, whole. */
export interface Step {
  readonly outputs: Readonly<Record<string, string>>
  /** Why the step is red; '' where it is not. */
  readonly red: string
  readonly annotations: readonly Annotation[]
  readonly summary: string
  readonly log: string
  readonly record: RunRecord
  readonly junit: string
  readonly html: string
}

export interface StepRequest {
  /** The workflow's checkout. */
  readonly workspace: string
  /** Below it every step has a temporary directory of its own. */
  readonly directory: string
  readonly inputs: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

const CHECKOUT = join(import.meta.dirname, '../..')

/** Runs the action's main from its source, on this machine with real guests. Only the runner is ours. */
export async function runStep({ workspace, directory, inputs, env }: StepRequest): Promise<Step> {
  const temporary = env?.RUNNER_TEMP ?? mkdtempSync(join(directory, 'step-'))
  const said = { outputs: {} as Record<string, string>, red: '', annotations: [] as Annotation[], summary: '', log: [] as string[] }
  const note = (text: string) => void said.log.push(text)
  const runner: Runner = {
    kind: 'github',
    env: { ...process.env, GITHUB_JOB: 'results', RUNNER_TEMP: temporary, ...env },
    info: note,
    warning: note,
    error: note,
    debug: () => undefined,
    group: (title, body) => {
      note(title)
      return body()
    },
    untrusted: note,
    annotate: (annotation) => void said.annotations.push(annotation),
    mask: () => undefined,
    setOutput: (name, value) => {
      said.outputs[name] = value
    },
    saveState: () => undefined,
    getState: () => '',
    getInput: (name) => inputs[name] ?? INPUTS.find((input) => input.name === name)?.default ?? '',
    writeSummary: async (markdown) => {
      said.summary = markdown
    },
    setFailed: (message) => {
      said.red = message
    },
    exportVariable: () => undefined,
    addPath: () => undefined,
  }
  await runAction(createPorts(runner), {
    places: placesFrom({ checkout: CHECKOUT, workingDirectory: workspace, env: { ...runner.env, RUNNER_TEMP: temporary } }),
    platform: process.platform,
    architecture: process.arch,
    toolVersion: '0.0.0',
    signal: new AbortController().signal,
  })
  const { outputs, log } = said
  if (outputs.record === undefined) throw new Error(`the step left no record: ${said.red}\n${log.join('\n')}`)
  return {
    ...said,
    log: log.join('\n'),
    record: JSON.parse(readFileSync(outputs.record, 'utf8')),
    junit: readFileSync(outputs.junit ?? '', 'utf8'),
    html: readFileSync(outputs.html ?? '', 'utf8'),
  }
}
