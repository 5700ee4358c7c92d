import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { CommandProcessor } from '../../e2e/runner/workflow-commands.js'
import { holdsWorkflowCommand } from '../../src/domain/workflow-command.js'
import { createGitHubApi } from '../../src/ports/real/github-api.js'
import { createGitHubRunner, cutToBytes } from '../../src/ports/real/github-runner.js'
import { plainText } from '../../src/ports/real/plain-text.js'

let directory: string
let printed: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmtest-ports-'))
  printed = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk)
    return true
  })
})
afterEach(async () => {
  jest.restoreAllMocks()
  await rm(directory, { recursive: true, force: true })
})

function obey(text: string): CommandProcessor {
  const commands = new CommandProcessor()
  for (const line of text.split(/\r\n|\r|\n/)) commands.take(line)
  return commands
}

const HOSTILE = [
  '::error::faked',
  '   ::add-mask::e',
  'kernel: ##[error]faked',
  '\u001b[31m::warning::coloured\u001b[0m',
  'a\r::error::after a carriage return',
  'b\u2028::error::after a line separator',
  '::\u0000error::with a NUL',
  '::stop-commands::forever',
  '::vmtest-00000000-0000-0000-0000-000000000000::',
  '::endgroup::',
].join('\n')

describe('foreign text in the log', () => {
  test('nothing a guest prints is obeyed, and what we say afterwards is', () => {
    const runner = createGitHubRunner({})
    runner.untrusted(HOSTILE)
    runner.warning('ours')
    const commands = obey(printed)
    expect(commands.annotations).toEqual([expect.objectContaining({ level: 'warning', message: 'ours' })])
    expect(commands.obeyed.map((command) => command.name)).toEqual(['stop-commands', 'warning'])
    expect(commands.masks.size).toBe(0)
  })

  test('a quotation in our own sentences is as harmless', () => {
    const runner = createGitHubRunner({})
    for (const line of HOSTILE.split('\n')) runner.info(`test failed: ${line}`)
    for (const line of HOSTILE.split('\n')) runner.info(line)
    expect(obey(printed).annotations).toEqual([])
  })

  test('each block has a token of its own', () => {
    const runner = createGitHubRunner({})
    runner.untrusted('a')
    runner.untrusted('b')
    expect(new Set(printed.match(/::stop-commands::\S+/g)).size).toBe(2)
  })

  test.each([
    ['colours and titles', '\u001b[1;31mred\u001b[0m \u001b]0;title\u0007x', 'red x'],
    ['controls', 'a\u0000b\u0008c\u009bd', 'abcd'],
    ['bidirectional tricks', 'user\u202e\u2066txt', 'usertxt'],
    ['line ends', 'a\r\nb\rc', 'a\nb\nc'],
    ['tabs stay', 'a\tb', 'a\tb'],
  ])('%s', (_, text, expected) => {
    expect(plainText(text)).toBe(expected)
  })

  test('a line of 10 MB is cut, quickly', () => {
    const started = performance.now()
    expect(plainText(`\u001b]${'x'.repeat(10_000_000)}`).length).toBeLessThan(10_000)
    expect(plainText('\u001b['.repeat(2_000_000)).length).toBeLessThan(10_000)
    expect(performance.now() - started).toBeLessThan(30_000)
  })

  test('what could be a command is known', () => {
    expect(['::a', ' ::a', 'x\n::a', 'x ##[a'].map(holdsWorkflowCommand)).toEqual([true, true, true, true])
    expect(holdsWorkflowCommand('std::string')).toBe(false)
  })
})

describe('the runner', () => {
  test('annotations carry file, line and title, and a cut message', () => {
    createGitHubRunner({}).annotate({ level: 'error', title: 'a: b, c', message: `x\n${'y'.repeat(5000)}`, file: 'fs/xfs/a.c', line: 7 })
    const [annotation] = obey(printed).annotations
    expect(annotation).toMatchObject({ level: 'error', title: 'a: b, c', file: 'fs/xfs/a.c', line: 7 })
    expect(annotation?.message.length).toBe(4096)
  })

  test('a summary above the limit is cut at a line and says so; one in several parts is counted together', async () => {
    const path = join(directory, 'summary')
    await writeFile(path, '')
    process.env.GITHUB_STEP_SUMMARY = path
    const runner = createGitHubRunner({ GITHUB_STEP_SUMMARY: path })
    await runner.writeSummary('é'.repeat(100_000))
    await runner.writeSummary(`${'row é\n'.repeat(200_000)}`)
    delete process.env.GITHUB_STEP_SUMMARY
    const text = await readFile(path, 'utf8')
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024 * 1024)
    expect(text).not.toContain('\ufffd')
    expect(text).toMatch(/row é\n\n> Cut here/)
  })

  test('a summary file that is not there is a warning', async () => {
    await createGitHubRunner({ GITHUB_STEP_SUMMARY: join(directory, 'gone') }).writeSummary('x')
    expect(obey(printed).annotations).toEqual([expect.objectContaining({ level: 'warning' })])
  })

  test('cutting keeps a text that fits as it is', () => {
    expect(cutToBytes('abc', 3)).toBe('abc')
    expect(cutToBytes('abc', 0)).toBe('')
  })
})

describe('the files of a pull request', () => {
  const git = (...args: string[]) =>
    promisify(execFile)('git', ['-C', directory, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]).then((r) =>
      r.stdout.trim(),
    )
  const exec = {
    run: async (argv: readonly string[]) => {
      const result = await promisify(execFile)(argv[0] ?? '', argv.slice(1)).catch((error: { code: number; stderr: string }) => error)
      const failed = 'code' in result
      return { code: failed ? result.code : 0, signal: null, timedOut: false, stdout: failed ? '' : result.stdout, stderr: result.stderr }
    },
  }
  const files = { readText: (path: string) => readFile(path, 'utf8') }

  async function event(base: string, head: string): Promise<Record<string, string>> {
    const path = join(directory, 'event.json')
    await writeFile(path, JSON.stringify({ pull_request: { number: 7, base: { sha: base }, head: { sha: head } } }))
    return {
      GITHUB_EVENT_PATH: path,
      GITHUB_WORKSPACE: directory,
      GITHUB_REPOSITORY: 'someone/linux',
      GITHUB_API_URL: 'https://api.example.org',
    }
  }

  test('from git where the history is there', async () => {
    await git('init', '-q')
    await writeFile(join(directory, 'a'), '1')
    await git('add', 'a')
    await git('commit', '-q', '-m', 'base')
    const base = await git('rev-parse', 'HEAD')
    await writeFile(join(directory, 'naïve "name"\n'), '2')
    await git('add', '.')
    await git('commit', '-q', '-m', 'change')
    const env = await event(base, await git('rev-parse', 'HEAD'))
    expect(await createGitHubApi({ env, exec, files, token: null }).changedFiles()).toEqual(['naïve "name"\n'])
  })

  test('else from the API, page by page, over https only', async () => {
    const env = await event('a'.repeat(40), 'b'.repeat(40))
    const asked: string[] = []
    const answer = (async (url: string) => {
      asked.push(url)
      const page = Number(/page=(\d+)$/.exec(url)?.[1])
      const size = page === 1 ? 100 : 1
      return { ok: true, json: async () => Array.from({ length: size }, (_, i) => ({ filename: `f${page}-${i}` })) }
    }) as unknown as typeof fetch
    const api = { env, exec, files, token: 'secret', fetch: answer }
    expect(await createGitHubApi(api).changedFiles()).toHaveLength(101)
    expect(asked[0]).toBe('https://api.example.org/repos/someone/linux/pulls/7/files?per_page=100&page=1')
    expect(await createGitHubApi({ ...api, env: { ...env, GITHUB_API_URL: 'http://api.example.org' } }).changedFiles()).toBeNull()
    expect(await createGitHubApi({ ...api, token: null }).changedFiles()).toBeNull()
    expect(asked).toHaveLength(2)
  })

  test('a sha that is none reaches no command line', async () => {
    const env = await event('--output=/tmp/x', 'b'.repeat(40))
    const never = { run: () => Promise.reject(new Error('must not be called')) }
    expect(await createGitHubApi({ env, exec: never, files, token: null }).changedFiles()).toBeNull()
  })
})
