import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { validate } from '@actions/languageservice'
import { describe, expect, test } from '@jest/globals'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'
import { LEFT_OUT, PLAN_INPUTS } from '../../src/inputs/sub-actions.js'

const ROOT = new URL('../..', import.meta.url).pathname
const WORKFLOWS = join(ROOT, '.github/workflows')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const workflows = readdirSync(WORKFLOWS).map((name) => `.github/workflows/${name}`)

/** Workflows that one of ours calls by its path. */
const fileProvider = {
  getFileContent: async (ref: { readonly path: string }) => ({ name: ref.path, content: read(ref.path) }),
}

/** What GitHub's own parser and schema say of a file. */
async function problemsOf(path: string): Promise<string[]> {
  // The schema goes by the place, which for an example is where it is copied to.
  const place = path.startsWith('examples/') ? `.github/workflows/${basename(path)}` : path
  const found = await validate(TextDocument.create(`file:///${place}`, 'yaml', 1, read(path)), { fileProvider })
  return found.map(({ message, range }) => `${path}:${range.start.line + 1}: ${message}`)
}

interface Step {
  readonly uses?: string
  readonly with?: Record<string, unknown>
}
interface Workflow {
  readonly permissions?: unknown
  readonly jobs: Record<
    string,
    // A job that calls a workflow has no steps; its own jobs have their limits.
    {
      readonly permissions?: unknown
      readonly 'timeout-minutes'?: number | string
      readonly steps?: readonly Step[]
      readonly uses?: string
    }
  >
}
const parsed = (path: string) => parse(read(path)) as Workflow
/** What a maintainer copies: held to the same schema, but its actions go by their version. */
const EXAMPLES = ['examples/vfs/vfs.yml']
const stepsOf = (path: string) => Object.values(parsed(path).jobs).flatMap((job) => job.steps ?? [])

describe("GitHub's own schema", () => {
  test.each(['action.yml', 'plan/action.yml', 'merge/action.yml', 'bisect/action.yml', ...workflows, ...EXAMPLES])('%s', async (path) => {
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
    for (const job of Object.values(jobs)) {
      const limit = job.uses === undefined ? expect.stringMatching(/^\d+$|job-minutes/) : 'undefined'
      expect([job.permissions, String(job['timeout-minutes'])]).toEqual([expect.any(Object), limit])
    }
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

  test('what is given to our own action and its sub-actions are inputs they have', () => {
    const inputsOf = (path: string) => Object.keys((parse(read(path)) as { inputs: Record<string, unknown> }).inputs)
    const manifests = {
      '': inputsOf('action.yml'),
      plan: inputsOf('plan/action.yml'),
      merge: inputsOf('merge/action.yml'),
      bisect: inputsOf('bisect/action.yml'),
    }
    const given = workflows.flatMap(stepsOf).flatMap(({ uses, with: values }) => {
      const [, name = ''] = /^\.\/(?:\.kernel-vmtest\/?)?(plan|merge|bisect)?$/.exec(uses ?? '') ?? [null, null]
      return name === null ? [] : Object.keys(values ?? {}).map((input) => ({ name: name as keyof typeof manifests, input }))
    })
    expect(given.length).toBeGreaterThan(50)
    for (const { name, input } of given) expect(manifests[name]).toContain(input)
  })
})

describe('the reusable workflow', () => {
  const workflow = parse(read('.github/workflows/vmtest.yml')) as {
    on: { workflow_call: { inputs: Record<string, { default: string }> } }
    jobs: Record<
      string,
      { needs?: string | string[]; if?: string; steps: Step[]; strategy?: { 'fail-fast': boolean; 'max-parallel': number } }
    >
  }
  const own = workflow.on.workflow_call.inputs
  const action = (parse(read('action.yml')) as { inputs: Record<string, { default: string }> }).inputs

  test('has every input of the action with its default, or the action says why not', () => {
    const names = Object.keys(action).filter((name) => LEFT_OUT[name] === undefined)
    expect(Object.fromEntries(names.map((name) => [name, own[name]?.default]))).toEqual(
      Object.fromEntries(names.map((name) => [name, action[name]?.default])),
    )
    // One that the plan has in a form of its own is the workflow's in that form.
    const ofPlan = new Map(PLAN_INPUTS.map((input) => [input.name, input.default]))
    for (const [name, reason] of Object.entries(LEFT_OUT))
      expect([Object.keys(action).includes(name), own[name]?.default, reason]).toEqual([true, ofPlan.get(name), expect.any(String)])
  })

  test('gives each of them to the plan and to every shard', () => {
    const givenBy = (job: string, uses: string) => workflow.jobs[job]?.steps.find((step) => step.uses?.startsWith(uses))?.with ?? {}
    const given = { plan: givenBy('build', './.kernel-vmtest/plan'), test: givenBy('test', './.kernel-vmtest') }
    for (const name of Object.keys(action).filter((each) => LEFT_OUT[each] === undefined)) {
      expect([name, given.plan[name]]).toEqual([name, `\${{ inputs.${name} }}`])
      if (name !== 'artifact-name') expect([name, given.test[name]]).toEqual([name, `\${{ inputs.${name} }}`])
    }
  })

  test('every input of its own is used', () => {
    const text = read('.github/workflows/vmtest.yml')
    for (const name of Object.keys(own)) expect([name, text.includes(`inputs.${name}`)]).toEqual([name, true])
  })

  test('its verdict runs always, after every other job, and is told how each ended', () => {
    const { verdict, ...others } = workflow.jobs
    expect(verdict).toMatchObject({ needs: Object.keys(others), if: 'always()' })
    expect(verdict?.steps.at(-1)?.with).toMatchObject({ results: '${{ toJSON(needs) }}' })
    expect(workflow.jobs.test?.strategy).toMatchObject({ 'fail-fast': false, 'max-parallel': 256 })
  })
})

describe('the workflow that searches', () => {
  type Calls = Record<string, { needs?: string | string[]; if?: string; uses?: string; with?: Record<string, string> }>
  const called = (name: string) =>
    parse(read(`.github/workflows/${name}.yml`)) as { on: { workflow_call: { inputs: Record<string, unknown> } }; jobs: Calls }
  const search = called('vmtest-bisect')
  const rounds = Object.entries(search.jobs).filter(([, { uses }]) => uses !== undefined)

  test('holds its rounds one after the other, as long as there is something to try, and a last job always', () => {
    expect(rounds.map(([, job]) => job.with?.round)).toEqual(['0', '1', '2', '3', '4', '5', '6'])
    for (const [index, [, job]] of rounds.entries()) {
      const before = rounds[index - 1]?.[0]
      if (before === undefined) continue
      expect(job.needs).toEqual(['begin', before])
      expect(job.if).toContain(`needs.${before}.outputs.open == 'true'`)
    }
    const { verdict, ...others } = search.jobs
    expect(verdict).toMatchObject({ needs: Object.keys(others), if: 'always()' })
  })

  test('every input is used, in it or in its round', () => {
    const given = read('.github/workflows/vmtest-bisect.yml') + read('.github/workflows/vmtest-bisect-round.yml')
    for (const name of Object.keys(search.on.workflow_call.inputs))
      expect([name, given.includes(`inputs.${name}`) || given.includes(`fromJSON(inputs.call).${name}`)]).toEqual([name, true])
  })
})
