import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { ProgramEnd } from '../../../src/domain/program-end.js'
import { testFileName } from '../../../src/domain/test-file.js'
import { noExpectations } from '../../../src/plan/expectations.js'
import { bundleSections } from '../../../src/plan/sections.js'
import { selectInSuites } from '../../../src/plan/select-suites.js'
import { readLtp } from '../../../src/suites/ltp/catalogue.js'
import { ltpDrive } from '../../../src/suites/ltp/drive.js'
import { ltp } from '../../../src/suites/ltp/index.js'
import { judgeLtp } from '../../../src/suites/ltp/verdict.js'
import { treeFiles } from '../tree-files.js'

/**
 * Each way in which LTP's runners (kirk 4.2.0, and ltp-pan of 20260130) were seen to be green over a test that failed, said nothing or never ran, and in
 * which an unprepared guest was red, and what it comes to here; more of the verdict's own stand in judge.test.ts, of a guest's needs in catalogue.test.ts.
 */
const section = { suite: 'ltp', name: 'default', description: '', disks: [], environment: {}, kernelOptions: [], settings: {} }
const ended = (code: number): ProgramEnd => ({ kind: 'exit', code })

describe('a line of a runtest file', () => {
  let place: string
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'falsely-ltp-'))
    writeFileSync(join(place, 'mounts'), `disk ${place} ext4 rw 0 0\n`)
  })
  afterAll(() => rmSync(place, { recursive: true }))

  /** Starts the line as the guest's agent does, and judges it. */
  function verdictOn(command: string) {
    writeFileSync(join(place, 'own'), `#DESCRIPTION:own\ntag ${command}\n`)
    const found = { name: 'own/tag', groups: ['own'], file: 'own', line: 2 }
    const scale = { emulated: false, timeoutFactor: 1 }
    const { argv, environment } = ltpDrive.command(found, { section, scale, guestPath: place })
    const [shell = '', ...words] = argv.map((word) => word.replaceAll('/proc/mounts', join(place, 'mounts')))
    const env = { ...process.env, ...environment, TMPDIR: place }
    const { status, signal, stdout, stderr } = spawnSync(shell, words, { cwd: place, env, encoding: 'utf8' })
    const end: ProgramEnd = signal === null ? ended(status ?? 1) : { kind: 'signal', signal: 9 }
    const { status: verdict, message } = judgeLtp(end, `${stdout}${stderr}`, false)
    return [verdict, message]
  }

  test.each<[way: string, command: string, verdict: string, message: RegExp]>([
    ['names a program that is not there', 'no_such_program01 -n 3', 'fail', /^exit status 127$/],
    ['prints nothing and ends with 0', 'true', 'fail', /printed nothing/],
    ['prints a failure and ends with 0', `sh -c "echo 'x 1 TFAIL: bad'; exit 0"`, 'fail', /TFAIL: bad/],
    ['prints a pass and ends as one that declined', `sh -c "echo 'x 1 TPASS: fine'; exit 32"`, 'notrun', /TCONF/],
    ['fails at the end of a pipeline', `echo "x 1 TPASS: fine" | sh -c "cat; exit 1"`, 'fail', /^exit status 1 \(TFAIL\)$/],
    ['is killed', `sh -c "echo 'x 1 TPASS: fine'; kill -KILL \\$\\$"`, 'fail', /^exit status 137$/],
  ])('that %s', (_way, command, verdict, message) => {
    expect(verdictOn(command)).toEqual([verdict, expect.stringMatching(message)])
  })
})

test('after a test that hung nothing is skipped: what did not start was not reached', async () => {
  const of = (name: string) => `/b/results/tests/${testFileName(name)}`
  const tree = { [`${of('own/hang')}.out`]: '', [`${of('own/hang')}.status`]: 'limit 30\n' }
  const names = ['own/hang', 'own/silent', 'own/last']
  const { tests } = await ltp.judge(treeFiles(tree), { directory: '/b', section: 'default', tests: names, exitStatus: null, source: null })
  expect(tests.map(({ name, attempts }) => `${attempts[0]?.status} ${name}`)).toEqual(['timeout own/hang'])
})

test('the guest has the users that tests work as (130 of them as nobody)', () => {
  const users = readFileSync(new URL('../../../nix/guest/users', import.meta.url), 'utf8')
  expect(users.split('\n').map((line) => line.split(':')[0])).toEqual(expect.arrayContaining(['nobody', 'daemon']))
})

describe('a plan', () => {
  const tree = {
    '/ltp/runtest/syscalls': 'sysconf01 sysconf01\ndup01 dup01\ndup01_again dup01\n',
    '/ltp/runtest/fs': 'dup01 dup01 -x\ngone01 gone01\n',
    '/ltp/runtest/comments': '#DESCRIPTION:nothing\n\n# dup01 dup01\n',
    '/ltp/metadata/ltp.json': JSON.stringify({ defaults: { timeout: 30 }, tests: { dup01: {}, sysconf01: {}, gone01: {} } }),
    ...{ '/ltp/testcases/bin/sysconf01': '', '/ltp/testcases/bin/dup01': '' },
  }
  async function select(group: string) {
    const catalogue = { suite: 'ltp', tests: [...(await readLtp(treeFiles(tree), '/ltp'))] }
    const suites = [{ name: 'ltp', sections: bundleSections([section]), catalogue, choice: ltp.choice }]
    const context = { suites, known: ['ltp'], expectations: noExpectations, kernelRelease: null, architecture: 'x86_64' as const }
    const request = { sections: [], groups: [group], excludeGroups: [], tests: [], excludeFiles: [], expectationFiles: [] }
    return selectInSuites(request, context).selection.tests
  }

  test('has each tag of each file, by its own name', async () => {
    expect((await select('all')).map(({ name }) => name)).toEqual([
      ...['fs/dup01', 'fs/gone01', 'syscalls/sysconf01', 'syscalls/dup01', 'syscalls/dup01_again'],
    ])
  })

  test('says of a program that was not built why its test does not run', async () => {
    const [, gone] = await select('fs')
    expect(gone).toMatchObject({ name: 'fs/gone01', expunged: { reason: expect.stringContaining('gone01 is not installed') } })
  })

  test('of a file of comments is refused', async () => {
    await expect(select('comments')).rejects.toThrow('unknown group `comments`')
  })
})

const captured = join(import.meta.dirname ?? __dirname, '../../../../shared/suites-captured')
const isThere = existsSync(captured)
if (!isThere) console.warn(`skipped: there is no ${captured}`)
const described = isThere ? describe : describe.skip

/** kirk's word for a test, as one of ours. */
const KIRKS: Readonly<Record<string, string>> = { pass: 'pass', fail: 'fail', brok: 'fail', warn: 'fail', conf: 'notrun' }

described('what kirk reported (it exited with 0)', () => {
  /** `NAME: KIRK'S → OURS` of each test that is not the same here; and how many there are. */
  function compare(file: string) {
    const { results } = JSON.parse(readFileSync(join(captured, 'kirk', file), 'utf8')) as {
      results: { test_fqn: string; status: string; test: { log: string; retval: [string] } }[]
    }
    const words = results.map(({ test_fqn: name, status, test: { log, retval } }) => {
      const code = Number(retval[0])
      const { status: own } = judgeLtp(code < 0 ? { kind: 'limit', seconds: 10 } : ended(code), log, !name.startsWith('planted'))
      return { name, own, same: own === KIRKS[status], word: `${name}: ${status} → ${own}` }
    })
    return { count: words.length, other: words.filter(({ same }) => !same).map(({ word }) => word), words }
  }

  test('is the same here but for programs that said nothing, and one that failed with 0', () => {
    const { count, other, words } = compare('mini2.json')
    const silent = ['planted_silent0: pass → fail', 'planted_tfail_rc0: pass → fail', 'planted_last: pass → fail']
    expect({ count, other }).toEqual({ count: 34, other: silent })
    // The needs of these were not met there, or a loaded machine kept no clock: catalogue.test.ts has what comes of them in a guest of ours.
    expect(words.filter(({ own, name }) => own === 'fail' && !name.startsWith('planted')).map(({ name }) => name)).toEqual([
      ...['acct01', 'chdir01', 'clock_nanosleep02', 'fallocate06', 'madvise11', 'mount02', 'nanosleep01'],
    ])
  })

  test('a program that is not there is a failure, one that hung ran out of time', () => {
    expect(compare('hang.json').words.map(({ name, own }) => `${own} ${name}`)).toEqual([
      ...['fail nosuch01', 'timeout planted_hang', 'fail planted_last'],
    ])
  })
})

described('what ltp-pan reported', () => {
  test('is no pass where its program said nothing, or failed and ended with 0', () => {
    // Its own last word stands in the last test's output.
    const text = readFileSync(join(captured, 'runltp/output'), 'utf8').replace('incrementing stop\n', '')
    const blocks = text.matchAll(
      /tag=(\S+)[\s\S]*?<<<test_output>>>\n([\s\S]*?)<<<execution_status>>>[\s\S]*?termination_type=(\w+) termination_id=(\d+)/g,
    )
    const own = [...blocks].map(([, tag = '', output = '', kind, id]) => {
      expect(kind).toBe('exited')
      return `${judgeLtp(ended(Number(id)), output, !tag.startsWith('planted')).status} ${tag}`
    })
    expect(own).toEqual([
      ...['pass abort01', 'pass access02', 'fail acct01', 'pass add_key01', 'pass bpf_map01', 'fail nosuch01', 'fail planted_hang'],
      ...['fail planted_rc1', 'fail planted_silent0', 'notrun planted_rc32_tpass', 'fail planted_tfail_rc0', 'fail planted_last'],
    ])
  })
})

described('in a guest that has what they need', () => {
  // `ltp-acct02: rc=0 seconds=…`
  const codes = isThere
    ? [...readFileSync(join(captured, 'needs-met/all.log'), 'utf8').matchAll(/^(ltp-\w+): rc=(\d+) /gm)].map(
        ([, name = '', code]) => [name, Number(code)] as const,
      )
    : []
  test.each(codes)('%s ended with %i', (name, code) => {
    const { status } = judgeLtp(ended(code), readFileSync(join(captured, `needs-met/${name}.txt`), 'utf8'), true)
    expect(status).toBe(name === 'ltp-nanosleep01' ? 'fail' : 'pass')
  })
})
