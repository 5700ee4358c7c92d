import { existsSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { blktests } from '../../../src/suites/blktests/index.js'
import type { JudgedAttempt } from '../../../src/suites/index.js'
import { diskFiles, treeFiles } from '../tree-files.js'

// What the real program printed and left, where it is at hand (a608cb56 on Linux 6.12.117).
const captured = new URL('../../../../shared/suites-captured/blktests', import.meta.url).pathname
const isThere = existsSync(captured)
if (!isThere) console.warn(`skipped: there is no ${captured}`)

async function judge(output: string, results: string, tests: readonly string[], exitStatus: number | null = 1) {
  const tree = {
    list: async (path: string) => diskFiles.list(path.replace('/b/results', `${captured}/${results}`)),
    readBytes: async (path: string, range?: { offset: number; length: number }) => diskFiles.readBytes(real(path, output, results), range),
    stat: async (path: string) => diskFiles.stat(real(path, output, results)),
  }
  const judged = await blktests.judge(tree, { directory: '/b', section: 'nodev', tests: [...tests], exitStatus, source: null })
  return {
    ...judged,
    of: (name: string): JudgedAttempt | undefined => judged.tests.find((found) => found.name === name)?.attempts[0],
  }
}

function real(path: string, output: string, results: string): string {
  if (path === '/b/check.stdout') return `${captured}/${output}`
  if (path.startsWith('/b/results/blktests')) return '/nonexistent'
  return path.replace('/b/results', `${captured}/${results}`)
}

;(isThere ? describe : describe.skip)('captured runs', () => {
  test('its own planted failures and skips are right, and that exit statuses are not judged is said', async () => {
    const names = Array.from({ length: 24 }, (_, index) => `meta/${String(index + 1).padStart(3, '0')}`)
    const judged = await judge('meta.txt', 'results-meta', names)
    const statuses = Object.fromEntries(names.map((name) => [name.slice(-3), judged.of(name)?.status ?? 'notreached']))
    expect(statuses).toMatchObject({ '001': 'pass', '005': 'fail', '006': 'fail', '009': 'fail', '010': 'pass', '012': 'pass' })
    expect(statuses).toMatchObject({ '007': 'notrun', '014': 'notrun', '016': 'pass', '018': 'pass', '019': 'pass', '020': 'notrun' })
    // Device tests without TEST_DEVS leave no line and no file.
    for (const id of ['002', '004', '008', '013', '015', '017']) expect([id, statuses[id]]).toEqual([id, 'notreached'])
    expect(judged.of('meta/007')?.message).toBe('(╯°□°)╯︵ ┻━┻')
    expect(judged.of('meta/009')?.message).toContain('the kernel reported something')
    expect(judged.of('meta/019')).toMatchObject({ subtestCount: 8 })
    expect(judged.of('meta/012')?.metrics).toEqual([{ name: 'pid', value: 172, unit: '' }])
    expect(judged.problems).toContainEqual(expect.stringContaining('exit statuses of its tests are not judged'))
    expect(judged.doubts).toEqual([])
  })

  test('without the result files nothing that was printed as passed is a pass', async () => {
    const judged = await judge('meta.txt', 'nothing-here', ['meta/001', 'meta/005', 'meta/007'])
    expect([judged.of('meta/001')?.status, judged.of('meta/005')?.status, judged.of('meta/007')?.status]).toEqual([
      'notreached',
      'fail',
      'notrun',
    ])
  })

  test('a test that ends the shell and one of a kernel name with letters are no passes', async () => {
    const judged = await judge('round2/planted.txt', 'nothing-here', ['meta/098', 'meta/099'])
    expect([judged.of('meta/098')?.status, judged.of('meta/099')?.status]).toEqual(['fail', 'fail'])
    const loop = await judge('loop.txt', 'results-loop', ['loop/010', 'loop/011', 'loop/005', 'loop/009'])
    expect([loop.of('loop/010'), loop.of('loop/011')]).toEqual([undefined, undefined])
    expect(loop.of('loop/005')?.status).toBe('pass')
    expect(loop.of('loop/009')?.diff).toContain('sfdisk: command not found')
  })

  test('a group that declined as a whole, and names check does not know', async () => {
    const skipped = await judge('round2/group-skip.txt', 'nothing-here', ['meta/001'], 0)
    expect(skipped.of('meta/001')).toMatchObject({ status: 'notrun', message: 'META_REQUIRES_SKIP was set' })
    const unknown = await judge('unknown.txt', 'nothing-here', ['block/999'], 0)
    expect(unknown.of('block/999')).toMatchObject({ status: 'notreached', message: 'check knows no such test' })
  })

  test('a device test has its measurements', async () => {
    const judged = await judge('round2/withdev.txt', 'round2/results-withdev', ['block/003'], 0)
    expect(judged.of('block/003')).toMatchObject({ status: 'pass', metrics: [{ name: 'trim iops', value: 27, unit: '' }] })
  })

  test('what hung when the guest ended was not reached, and is no failure of its own', async () => {
    const tree = treeFiles({ '/b/check.stdout': 'meta/097 (hangs)          \n', '/b/results/blktests/nodev/meta/097.out': 'x' })
    const judged = await blktests.judge(tree, { directory: '/b', section: 'nodev', tests: ['meta/097'], exitStatus: null, source: null })
    expect(judged.tests[0]?.attempts[0]).toMatchObject({ status: 'notreached', message: 'it was running when the guest ended' })
  })
})
