import { createHash } from 'node:crypto'
import type { Inputs } from '../domain/inputs.js'

/** The job a run is of; '' for what is not known, and for a command. */
export interface JobFacts {
  /** The workflow's file or name. */
  readonly workflow: string
  readonly job: string
  /** The step in its job. */
  readonly step: string
}

/** The job as the runner names it in a step's environment. */
export function jobFacts(env: Readonly<Record<string, string | undefined>>): JobFacts {
  // The file alone: its revision is another one in every run.
  const file = env.GITHUB_WORKFLOW_REF?.split('@')[0]
  return { workflow: file || env.GITHUB_WORKFLOW || '', job: env.GITHUB_JOB ?? '', step: env.GITHUB_ACTION ?? '' }
}

/**
 * What has to be the same for two runs to be compared, in the words the workflow gives: what is tested, under which accelerator, in which
 * job. Never the contents, which are what the comparison is about, and never the selection: tests are compared one by one.
 * @param directory paths below it are taken relative to it, so that two machines agree
 */
export function comparableWords(inputs: Inputs, job: JobFacts, directory: string): Readonly<Record<string, string>> {
  const { bundle, kernelTree } = inputs
  const path = (word: string) => (word.startsWith(`${directory}/`) ? word.slice(directory.length + 1) : word)
  const words: Record<string, string> = {
    bundle: bundle.kind === 'path' ? path(bundle.path) : bundle.kind,
    flake: bundle.kind === 'flake' ? path(bundle.flake) : '',
    attribute: bundle.kind === 'flake' ? bundle.attribute : '',
    kernel: path(inputs.kernel?.image ?? ''),
    'kernel-tree': kernelTree.kind === 'tree' ? path(kernelTree.directory) : kernelTree.kind,
    kconfig: inputs.kconfig.map(path).join(' '),
    'local-config': path(inputs.localConfig ?? ''),
    ...Object.fromEntries(Object.entries(inputs.trees).map(([suite, tree]) => [suite, path(tree)])),
    accelerator: inputs.accelerator,
    ...job,
    matrix: canonicalJson(inputs.matrix),
  }
  return Object.fromEntries(Object.entries(words).filter(([, word]) => word !== ''))
}

/** A name for some words, of 16 hexadecimal digits, whatever their order. */
export function comparableKey(words: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(words).sort(([left], [right]) => (left < right ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16)
}

/** The same text for the same value, however it is spaced and in whatever order its keys stand; other text as it is. '' for none. */
function canonicalJson(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    return value === null ? '' : JSON.stringify(sortKeys(value))
  } catch {
    return text
  }
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  )
}
