import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from '@actions/languageservice'
import { describe, expect, test } from '@jest/globals'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'

const ROOT = new URL('../..', import.meta.url).pathname
const WORKFLOWS = join(ROOT, '.github/workflows')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const workflows = readdirSync(WORKFLOWS).map((name) => `.github/workflows/${name}`)

/** What GitHub's own parser and schema say of a file. */
async function problemsOf(path: string): Promise<string[]> {
  const found = await validate(TextDocument.create(`file:///${path}`, 'yaml', 1, read(path)))
  return found.map(({ message, range }) => `${path}:${range.start.line + 1}: ${message}`)
}

interface Step {
  readonly uses?: string
  readonly with?: Record<string, unknown>
}
interface Workflow {
  readonly permissions?: unknown
  readonly jobs: Record<string, { readonly permissions?: unknown; readonly 'timeout-minutes'?: number; readonly steps: readonly Step[] }>
}
const parsed = (path: string) => parse(read(path)) as Workflow
const stepsOf = (path: string) => Object.values(parsed(path).jobs).flatMap((job) => job.steps)

describe("GitHub's own schema", () => {
  test.each(['action.yml', ...workflows])('%s', async (path) => {
    expect(await problemsOf(path)).toEqual([])
  })

  test('it does find mistakes', async () => {
    const broken = 'on: push\njobs:\n  a:\n    runs-on: x\n    needs: nobody\n    steps:\n      - run: x\n'
    expect(await validate(TextDocument.create('file:///.github/workflows/x.yml', 'yaml', 1, broken))).not.toEqual([])
  })
})

describe('our workflows', () => {
  test.each(workflows)('%s asks for nothing as a whole, and for a limit on each job', (path) => {
    const { permissions, jobs } = parsed(path)
    expect(permissions).toEqual({})
    for (const job of Object.values(jobs))
      expect([job.permissions, job['timeout-minutes']]).toEqual([expect.any(Object), expect.any(Number)])
  })

  test.each(workflows)('%s pins every action by commit, with its version beside it', (path) => {
    const remote = read(path)
      .split('\n')
      .filter((line) => /^\s*(?:- )?uses: (?!\.\/)/.test(line))
    for (const line of remote) expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  test('every checkout leaves no credentials behind', () => {
    const checkouts = workflows.flatMap(stepsOf).filter((step) => step.uses?.startsWith('actions/checkout@'))
    expect(checkouts.length).toBeGreaterThan(0)
    for (const step of checkouts) expect(step.with).toMatchObject({ 'persist-credentials': false })
  })

  test('a version means the same commit everywhere', () => {
    const pins = workflows.flatMap((path) =>
      [...read(path).matchAll(/uses: ([\w.-]+\/[\w.-]+)\S*@(\S+) # (\S+)/g)].map((m) => `${m[1]} ${m[2]} ${m[3]}`),
    )
    const actions = new Set(pins.map((pin) => pin.split(' ')[0]))
    expect(new Set(pins).size).toBe(actions.size)
  })

  test('what is given to our own action are inputs it has', () => {
    const { inputs } = parse(read('action.yml')) as { inputs: Record<string, unknown> }
    const given = workflows
      .flatMap(stepsOf)
      .filter((step) => step.uses === './')
      .flatMap((step) => Object.keys(step.with ?? {}))
    expect(given.length).toBeGreaterThan(0)
    for (const name of given) expect(Object.keys(inputs)).toContain(name)
  })
})
