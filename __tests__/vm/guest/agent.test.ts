import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { readCounters } from '../../../src/coverage/counters.js'
import type { TestProgram } from '../../../src/vm/test-program.js'
import { AgentProcess } from './agent-process.js'

/** The shell of the guest, and a stricter one. */
const shells = [['busybox', 'sh'], ['dash']].filter(([program]) => spawnSync('which', [program ?? '']).status === 0)

let agents: AgentProcess[] = []
afterEach(() => {
  for (const agent of agents) agent.remove()
  agents = []
})

function start(...options: ConstructorParameters<typeof AgentProcess>): AgentProcess {
  const agent = new AgentProcess(...options)
  agents.push(agent)
  return agent
}

/** What the helpers go by where the root is a directory. */
const RUN = 'export RESULT_BASE="$results" VMTEST_ROOT="$root"\nexec ./check "$@"\n'

/** A runner that says what it does: each argument is a function of its text. */
function runner(functions: string): string {
  return `set -u\n${functions}\nfor name in "$@"; do vmtest-mark start "t/$name"; "$name"; done\nexit 7\n`
}

function batchOf(id: number, tests: readonly string[]) {
  return { id, tests: tests.map((name) => `t/${name}`), environment: { DISK: '@test@', BACKSLASH: 'a\\nb' }, arguments: tests }
}

describe.each(shells)('the agent under %s', (...shell) => {
  test('runs batches: every file is here before the next test starts, and what was removed is here no more', async () => {
    const agent = start(
      shell,
      { run: RUN, prepare: 'echo prepared >"$root/prepared"', 'first-test': 'echo first >"$results/first"' },
      runner(`
        write() { echo one >"$RESULT_BASE/a"; echo two >"$RESULT_BASE/b"; mkdir "$RESULT_BASE/d"; echo three >"$RESULT_BASE/d/c"; : >"$RESULT_BASE/require_x"; printf '%s\\n' "$DISK $BACKSLASH"; }
        look() { cat "${'$'}{RESULT_BASE%/root/*}/run/guests/1/batches/1/results/a" >"$RESULT_BASE/seen"; }
        drop() { rm "$RESULT_BASE/b"; rm -r "$RESULT_BASE/d"; echo file >"$RESULT_BASE/d"; echo changed >"$RESULT_BASE/a"; }
      `),
    )
    const batch = await agent.run(batchOf(1, ['write', 'look', 'drop']))
    expect(batch).toMatchObject({ exitStatus: 7, died: null, notes: [] })
    expect(batch.timeline.map(({ name }) => name)).toEqual(['t/write', 't/look', 't/drop'])
    expect(readdirSync(join(agent.results, '1/results')).sort()).toEqual(['a', 'd', 'first', 'seen'])
    expect(['a', 'd', 'seen'].map((name) => agent.file(1, `results/${name}`))).toEqual(['changed\n', 'file\n', 'one\n'])
    expect(agent.file(1, 'check.stdout')).toBe('/dev/vda a\\nb\n')
    expect(agent.own('prepared')).toBe('prepared\n')
    expect(agent.own('etc/passwd')).toBe('root:x:0:0::/root:/bin/sh\ntester:x:99:99::/:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\n')
    const second = await agent.run(batchOf(2, ['write']))
    expect([second.timeline.length, existsSync(join(agent.results, '2/results/first'))]).toEqual([1, false])
    expect(await agent.finish()).toBe('bye')
  })

  test('a file that the suite removes while its test runs, after it was sent, is not left behind', async () => {
    const agent = start(shell, { run: RUN }, runner('hint() { echo hint >"$RESULT_BASE/1.hints"; sleep 2.5; rm "$RESULT_BASE/1.hints"; }'))
    const run = agent.run(batchOf(1, ['hint']))
    const hint = join(agent.results, '1/results/1.hints')
    let seen = false
    const looking = setInterval(() => {
      seen ||= existsSync(hint)
    }, 50)
    const batch = await run
    clearInterval(looking)
    expect([seen, existsSync(hint), batch.notes]).toEqual([true, false, []])
  })

  test('a clock that is set back, or jumps, loses nothing', async () => {
    const agent = start(
      shell,
      { run: RUN },
      runner(`
        times=${'$'}{RESULT_BASE%/results/*}/times
        before() { echo one >"$RESULT_BASE/old"; echo 1000000000 >"$times/old"; }
        back() { echo late >"$RESULT_BASE/late"; echo 5 >"$times/late"; }
        same() { echo 2000 >"$times/stamp"; echo two >"$RESULT_BASE/old"; }
        end() { :; }
      `),
    )
    const batch = await agent.run(batchOf(1, ['before', 'back', 'same', 'end']))
    expect(batch.notes).toEqual([])
    expect(['old', 'late'].map((name) => agent.file(1, `results/${name}`))).toEqual(['two\n', 'late\n'])
  })

  test('ends a batch at the start of a test that was withdrawn, whole and without its runner, and takes the next', async () => {
    const functions = `
      first() { sleep 1; echo first >"$RESULT_BASE/first"; }
      second() { echo second >"$RESULT_BASE/second"; }
      trap 'echo trapped >"$RESULT_BASE/trapped"' EXIT TERM INT`
    const agent = start(shell, { run: RUN }, runner(functions))
    const running = agent.run(batchOf(1, ['first', 'second', 'first']))
    await agent.started('t/first')
    expect(agent.withdraw(['t/first', 't/second', 't/none'])).toEqual(['t/second'])
    const batch = await running
    expect(batch).toMatchObject({ tests: ['t/first', 't/first'], exitStatus: 137, endedByUs: true, endedAfter: 't/first', notes: [] })
    expect(batch.timeline.map(({ name, endedAt }) => [name, endedAt === null])).toEqual([['t/first', false]])
    expect(readdirSync(join(agent.results, '1/results'))).toEqual(['first'])
    expect((await agent.run(batchOf(2, ['second']))).timeline.map(({ name }) => name)).toEqual(['t/second'])
    expect(agent.withdraw(['t/second'])).toEqual([])
    expect(await agent.finish()).toBe('bye')
  })

  test('what the kernel counted of each test is on the host before the next one starts, from nothing each time', async () => {
    const agent = start(
      shell,
      { run: `mkdir -p "$root/sys/kernel/debug/gcov/o"\n${RUN}` },
      // The kernel's own would be emptied by what is written into `reset`.
      runner(`
        counters=${'$'}{RESULT_BASE%%/results/*}/sys/kernel/debug/gcov
        left() { printf 'adcg*21Bleft' >"$counters/o/a.gcda"; printf 'adcg*21Bmore' >"$counters/o/b.gcda"; cat "$counters/reset" >"$RESULT_BASE/reset"; }
        right() { ls "${'$'}{RESULT_BASE%/root/*}/run/guests/1/batches/1/results/vmtest-coverage" >"$RESULT_BASE/seen"; printf 'adcg*21Brght' >"$counters/o/a.gcda"; ls "$RESULT_BASE/vmtest-coverage" >"$RESULT_BASE/room"; }
      `),
      { coverage: 'yes' },
    )
    const batch = await agent.run(batchOf(1, ['left', 'right']))
    expect(batch).toMatchObject({ exitStatus: 7, notes: [] })
    expect(['reset', 'seen', 'room'].map((name) => agent.file(1, `results/${name}`))).toEqual(['1\n', '1.gz\n', ''])
    const read = ['1', '2'].map((name) => readCounters(readFileSync(join(agent.results, `1/results/vmtest-coverage/${name}.gz`))))
    expect(
      read.map((each) => [each?.test, [...(each?.files ?? [])].map(([path, bytes]) => [path, Buffer.from(bytes).toString()])]),
    ).toEqual([
      [
        't/left',
        [
          ['/o/a.gcda', 'adcg*21Bleft'],
          ['/o/b.gcda', 'adcg*21Bmore'],
        ],
      ],
      [
        't/right',
        [
          ['/o/a.gcda', 'adcg*21Brght'],
          ['/o/b.gcda', 'adcg*21Bmore'],
        ],
      ],
    ])
    await agent.run(batchOf(2, ['left']))
    expect(readdirSync(join(agent.results, '2/results/vmtest-coverage'))).toEqual(['1.gz'])
  })

  test('a suite that cannot be prepared runs nothing, and says why', async () => {
    const agent = start(shell, { run: RUN, prepare: 'echo "because there is no disk" >"$work/refusal"; exit 1' }, runner('x() { :; }'))
    expect(await agent.run(batchOf(1, ['x']))).toMatchObject({ exitStatus: 1, timeline: [] })
    expect(await agent.word('cannot ')).toBe('cannot because there is no disk')
  })
})

describe.each(shells)('programs under %s', (...shell) => {
  const program = (name: string, script: string, more: Partial<TestProgram> = {}): TestProgram => ({
    name,
    argv: ['/bin/sh', '-c', script],
    environment: {},
    directory: '/',
    limitSeconds: null,
    exitWord: (code) => (code === 0 ? 'ended' : code === 4 ? 'notrun' : 'fail'),
    ...more,
  })
  const run = async (programs: readonly TestProgram[], agent = start(shell, {})) => {
    const batch = await agent.run({ id: 1, tests: programs.map(({ name }) => name), environment: {}, arguments: [], programs })
    return {
      agent,
      batch,
      output: (file: string) => agent.file(1, `results/tests/${file}.out`),
      status: (file: string) => agent.file(1, `results/tests/${file}.status`),
    }
  }

  test('each ends by itself, with its own output; the kernel log and the output name it', async () => {
    const { agent, batch, output, status } = await run([
      program('a:b/c', 'echo out; echo err >&2'),
      program('fails', 'exit 3'),
      program('killed', 'kill -9 $$'),
      program('missing', '', { argv: ['/no/such/program'] }),
      program('words', 'printf "%s|" "$0" "$@"; printf "%s %s" "$DISK" "$LINES_OF"', {
        argv: [
          '/bin/sh',
          '-c',
          'printf "%s|" "$@"; printf "%s %s %s" "$DISK" "$TWO" "$PWD"',
          'sh',
          ' a  b ',
          '',
          'two\nlines',
          '\\n*',
          'a\tb',
        ],
        environment: { DISK: '@test@', TWO: 'x\ny' },
        directory: '/usr',
      }),
    ])
    expect(batch).toMatchObject({ exitStatus: 0, notes: [] })
    expect(batch.timeline.map(({ name }) => name)).toEqual(['a:b/c', 'fails', 'killed', 'missing', 'words'])
    expect(['a%3Ab%2Fc', 'fails', 'killed', 'missing', 'words'].map(status)).toEqual([
      'exit 0\n',
      'exit 3\n',
      'signal 9\n',
      'exit 127\n',
      'exit 0\n',
    ])
    expect(output('a%3Ab%2Fc')).toBe('out\nerr\n')
    expect(output('words')).toBe(' a  b ||two\nlines|\\n*|a\tb|/dev/vda x\ny /usr')
    expect(agent.own('dev/kmsg').split('\n').slice(0, 2)).toEqual(['<6>vmtest: test a:b/c starts', '<6>vmtest: test fails starts'])
    expect(agent.file(1, 'check.stdout')).toContain('out\nerr\n')
    expect(agent.events.flatMap((event) => (event.kind === 'test-end' ? [event.status] : []))).toEqual([
      'ended',
      'fail',
      'fail',
      'fail',
      'ended',
    ])
  })

  test('finds what docs/reference/guest.md says: descriptors, signals, session, environment', async () => {
    const { output } = await run([
      program(
        'state',
        'ls /proc/self/fd | tr "\\n" " "; readlink /proc/self/fd/0; grep -E "Sig(Ign|Blk)" /proc/self/status; cut -d" " -f1,6 /proc/$$/stat; umask; ulimit -S -n; env | sort',
      ),
    ])
    const [descriptors, blocked, ignored, session, umask, files, ...environment] = output('state').trim().split('\n')
    // What this process itself was given that is not closed for its children.
    const inherited = spawnSync('/bin/sh', ['-c', 'ls /proc/self/fd | tr "\\n" " "; readlink /proc/self/fd/0'], { encoding: 'utf8' })
    expect(`${descriptors}\n`).toBe(inherited.stdout.replace(/ \S+\n$/, ' /dev/null\n'))
    expect([blocked, ignored]).toEqual(['SigBlk:\t0000000000000000', 'SigIgn:\t0000000000000000'])
    const [pid, leader] = session?.split(' ') ?? []
    expect(pid).toBe(leader)
    expect([umask, files]).toEqual(['0022', '1024'])
    expect(environment.map((line) => line.split('=')[0]).filter((name) => name !== '_')).toEqual([
      'HOME',
      'LANG',
      'LOGNAME',
      'PATH',
      'PWD',
      'SHELL',
      'TMPDIR',
      'USER',
    ])
  })

  test('none starts any more from one on that was withdrawn', async () => {
    const agent = start(shell, {})
    const ran = join(agent.root, 'ran')
    const programs = ['one', 'two', 'three'].map((name) => program(name, `sleep 1; echo ${name} >>${ran}`))
    const running = agent.run({ id: 1, tests: programs.map(({ name }) => name), environment: {}, arguments: [], programs })
    await agent.started('one')
    expect(agent.withdraw(['three', 'two'])).toEqual(['three', 'two'])
    expect(await running).toMatchObject({ tests: ['one'], exitStatus: 0, endedByUs: true, endedAfter: 'one' })
    expect(agent.own('ran')).toBe('one\n')
    expect(readdirSync(join(agent.results, '1/results/tests')).sort()).toEqual(['one.out', 'one.status'])
    expect(await agent.finish()).toBe('bye')
  })

  test('one that exceeds its limit is ended, first gently, and the guest goes on', async () => {
    const { output, status } = await run([
      program('gentle', 'trap "echo told; exit 0" TERM; sleep 30 & wait', { limitSeconds: 1 }),
      program('stubborn', 'trap "" TERM; while :; do sleep 0.2; done', { limitSeconds: 1 }),
      program('next', 'echo here'),
    ])
    expect(['gentle', 'stubborn', 'next'].map(status)).toEqual(['limit 1\n', 'limit 1\n', 'exit 0\n'])
    expect([output('gentle'), output('next')]).toEqual(['told\n', 'here\n'])
  })

  test('what one leaves running is ended, changes nothing and holds nobody up', async () => {
    const started = Date.now()
    const { output, status } = await run([
      program('leaves', '(sleep 300; echo late) & sh -c "sleep 301" & echo $$; exit 0'),
      program('looks', 'pgrep -x sleep -a | grep -E " 30[01]$"; true'),
    ])
    expect([status('leaves'), output('looks')]).toEqual(['exit 0\n', ''])
    expect(output('leaves')).toMatch(/^\d+\n$/)
    expect(Date.now() - started).toBeLessThan(60_000)
  })

  test('one that removes the place of results, or puts another there, costs no other its verdict', async () => {
    const agent = start(shell, {})
    const { output, status } = await run(
      [
        program('removes', `rm -rf ${agent.root}/results/*; echo gone`),
        program('next', 'echo here; exit 3'),
        program('replaces', `rm -rf ${agent.root}/results/1/tests; ln -s /nowhere ${agent.root}/results/1/tests; exit 5`),
        program('last', 'echo there'),
      ],
      agent,
    )
    expect(['removes', 'next', 'replaces', 'last'].map(status)).toEqual(['exit 0\n', 'exit 3\n', 'exit 5\n', 'exit 0\n'])
    expect([output('next'), output('last')]).toEqual(['here\n', 'there\n'])
  })

  test('none can forge the verdict of another, before or after it', async () => {
    const agent = start(shell, {})
    const forge = (file: string) => `cd ${agent.root}/results/1/tests; echo "exit 0" >${file}.status; echo forged >${file}.out`
    const programs = [
      program('first', `${forge('third')}; exit 1`),
      program('second', `${forge('first')}; exit 2`),
      program('third', 'exit 3'),
    ]
    const { batch, output, status } = await run(programs, agent)
    expect(['first', 'second', 'third'].map(status)).toEqual(['exit 1\n', 'exit 2\n', 'exit 3\n'])
    expect(['first', 'second', 'third'].map(output)).toEqual(['', '', ''])
    expect(new Set(batch.notes.map((note) => note.replace(/\.(out|status)/, '')))).toEqual(
      new Set(['third', 'first'].map((file) => `result file refused: tests/${file}: it is not of the test that runs`)),
    )
  })
})
