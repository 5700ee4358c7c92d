import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseKeyValues } from '../../e2e/runner/file-commands.js'
import { Job } from '../../e2e/runner/job.js'
import { CommandProcessor } from '../../e2e/runner/workflow-commands.js'

const ACTION = new URL('../../e2e/runner/fixture-action', import.meta.url).pathname

let job: Job
beforeEach(async () => {
  job = await Job.create({ workspace: '/tmp' })
})
afterEach(() => job.remove())

describe('the stand-in for the workflow runner', () => {
  test('outputs, state, environment and PATH go where they belong', async () => {
    const step = await job.uses(ACTION)
    expect(step.conclusion).toBe('success')
    expect(Object.fromEntries(step.outputs)).toEqual({ result: 'line 1\nline=2', plain: 'value' })
    expect(step.log).toContain('token given')
    const [post] = await job.finish()
    expect(post?.log).toMatch(/^post after pass, FROM_STEP=kept, PATH=\/opt\/added:/)
  })

  test('post runs after a failure, and posts run last first', async () => {
    expect((await job.uses(ACTION, { mode: 'fail' })).conclusion).toBe('failure')
    await job.uses(ACTION, { mode: 'summary' })
    expect(job.status).toBe('failure')
    const posts = await job.finish()
    expect(posts.map((post) => /after (\w+)/.exec(post.log)?.[1])).toEqual(['summary', 'fail'])
  })

  test('an unknown input is a warning that lists the valid ones', async () => {
    const step = await job.uses(ACTION, { mode: 'pass', mod: 'x' })
    expect(step.annotations).toEqual([expect.objectContaining({ level: 'warning', message: expect.stringContaining("['mode', 'token']") })])
  })

  test('masks hide a secret in the log from then on', async () => {
    const step = await job.uses(ACTION, { mode: 'mask' })
    expect(step.log).toContain('the password is ***')
    expect(step.log).not.toContain('hunter2')
  })

  test('no command between stop-commands and its token has effect', async () => {
    const step = await job.uses(ACTION, { mode: 'hostile' })
    expect(step.annotations).toEqual([{ level: 'error', message: 'real\none', title: 'T,1', file: 'a.c', line: 3 }])
    expect(step.obeyed.map((command) => command.name)).toEqual(['stop-commands', 'error'])
  })

  test('a summary is taken whole, one above 1 MiB not at all', async () => {
    expect((await job.uses(ACTION, { mode: 'summary' })).summary).toBe('# Done\n')
    const huge = await job.uses(ACTION, { mode: 'huge' })
    expect(huge.summary).toBe('')
    expect(huge.annotations[0]?.message).toContain('upload aborted')
  })

  test('a malformed output file fails the step', async () => {
    expect((await job.uses(ACTION, { mode: 'bad-output' })).conclusion).toBe('failure')
  })

  test('a cancelled step gets SIGINT and may end by itself', async () => {
    const step = await job.start(ACTION, { mode: 'polite' })
    await step.saw('waiting')
    job.cancel(step)
    expect(await step.result).toMatchObject({ conclusion: 'cancelled', end: { code: 3, ended: 'SIGINT' } })
    expect(await job.finish()).toHaveLength(1)
  })

  test('one that does not end gets SIGTERM, and then its whole tree is killed', async () => {
    const step = await job.start(ACTION, { mode: 'stubborn' })
    await step.saw('waiting')
    job.cancel(step)
    const { end, log, seconds } = await step.result
    expect(end).toMatchObject({ signal: 'SIGKILL', ended: 'SIGKILL' })
    expect(log).toContain('ignored SIGINT\nignored SIGTERM')
    expect(seconds).toBeGreaterThan(9.5)
    const child = Number(/waiting with (\d+)/.exec(log)?.[1])
    // Gone, or dead and waiting for its adopted parent.
    const state = await readFile(`/proc/${child}/stat`, 'utf8').catch(() => `${child} (sleep) Z`)
    expect(state).toContain(') Z')
  }, 20_000)
})

describe('the words of the runner', () => {
  test.each([
    ['a heredoc without its end', 'name<<EOF\nline\n'],
    ['no name', '=value\n'],
    ['neither form', 'something\n'],
  ])('%s is refused', (_, text) => {
    expect(() => parseKeyValues(text)).toThrow()
  })

  test('the old form is obeyed anywhere in a line, the new one only at its beginning', () => {
    const commands = new CommandProcessor()
    commands.take('text ##[warning]old')
    commands.take('text ::error::not one')
    commands.take('   ::notice::new')
    expect(commands.annotations.map((a) => [a.level, a.message])).toEqual([
      ['warning', 'old'],
      ['notice', 'new'],
    ])
  })

  test('ten annotations of a level, no more', () => {
    const commands = new CommandProcessor()
    for (let i = 0; i < 15; i++) commands.take(`::error::${i}`)
    expect(commands.annotations).toHaveLength(10)
  })
})
