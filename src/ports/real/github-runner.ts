import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import * as core from '@actions/core'
import type { Annotation } from '../../domain/stages.js'
import { withoutTrailing } from '../../domain/without-trailing.js'
import { holdsWorkflowCommand } from '../../domain/workflow-command.js'
import type { Runner } from '../runner.js'
import { plainText } from './plain-text.js'

/** Above 1 MiB the runner drops the whole summary (actions/runner FileCommandManager.cs); some room for what it adds. */
export const SUMMARY_LIMIT_BYTES = 1024 * 1024 - 4096
/** The runner cuts messages here (ExecutionContext.cs). */
const MESSAGE_LIMIT = 4096
const ANNOTATE = { error: core.error, warning: core.warning, notice: core.notice } as const

/** The workflow runner, through `@actions/core`. Reads and writes this process's environment and standard output. */
export function createGitHubRunner(env: Readonly<Record<string, string | undefined>> = process.env): Runner {
  return {
    kind: 'github',
    env,
    info,
    warning: (message) => core.warning(message),
    error: (message) => core.error(message),
    debug: (message) => core.debug(message),
    group: (title, body) => core.group(title, body),
    openGroup: (title) => core.startGroup(title),
    closeGroup: () => core.endGroup(),
    untrusted,
    annotate,
    mask: (secret) => {
      if (secret !== '') core.setSecret(secret)
    },
    setOutput: (name, value) => tolerant(`output ${name}`, () => core.setOutput(name, value)),
    saveState: (name, value) => tolerant(`state ${name}`, () => core.saveState(name, value)),
    getState: (name) => core.getState(name),
    getInput: (name) => core.getInput(name, { trimWhitespace: false }),
    writeSummary: (markdown) => writeSummary(env, markdown),
    setFailed: (message) => core.setFailed(message),
    exportVariable: (name, value) => tolerant(`variable ${name}`, () => core.exportVariable(name, value)),
    addPath: (directory) => tolerant('PATH', () => core.addPath(directory)),
  }
}

/** Our own sentences quote foreign text (a test's message, a file's name): what could be read as a command is fenced like it. */
function info(message: string): void {
  if (holdsWorkflowCommand(message)) untrusted(message)
  else core.info(message)
}

/**
 * Between `::stop-commands::TOKEN` and `::TOKEN::` the runner obeys no command. The token is random for each block,
 * so that text from a guest cannot contain it.
 */
function untrusted(text: string): void {
  const token = `vmtest-${randomUUID()}`
  process.stdout.write(`::stop-commands::${token}\n${withoutTrailing(plainText(text), '\n')}\n::${token}::\n`)
}

function annotate({ level, title, message, file, line, endLine }: Annotation): void {
  const properties = {
    title: plainText(title),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { startLine: line }),
    ...(endLine === undefined ? {} : { endLine }),
  }
  ANNOTATE[level](plainText(message).slice(0, MESSAGE_LIMIT), properties)
}

async function writeSummary(env: Readonly<Record<string, string | undefined>>, markdown: string): Promise<void> {
  const path = env.GITHUB_STEP_SUMMARY
  if (path === undefined || path === '') return core.info('No summary is written: GITHUB_STEP_SUMMARY is not set.')
  try {
    const present = (await stat(path)).size
    await core.summary.addRaw(cutToBytes(markdown, SUMMARY_LIMIT_BYTES - present)).write()
  } catch (error) {
    core.warning(`The job summary could not be written: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The first bytes of a text, cut at the end of a line, with a note where something was left out. */
export function cutToBytes(markdown: string, limitBytes: number): string {
  const bytes = Buffer.from(markdown, 'utf8')
  if (bytes.length <= limitBytes) return markdown
  const note = '\n\n> Cut here: the job summary has a limit of 1 MiB. The full report is in the artifact.\n'
  const room = Math.max(0, limitBytes - Buffer.byteLength(note))
  const end = bytes.lastIndexOf(0x0a, room)
  return `${bytes.subarray(0, Math.max(0, end)).toString('utf8')}${limitBytes > 0 ? note : ''}`
}

/** A file of the runner that has gone must not turn a verdict into a crash. */
function tolerant(what: string, body: () => void): void {
  try {
    body()
  } catch (error) {
    core.warning(`${what} could not be handed to the runner: ${error instanceof Error ? error.message : String(error)}`)
  }
}
