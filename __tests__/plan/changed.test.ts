import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import type { SelectionRequest } from '../../src/domain/inputs.js'
import { changedPathsSchema, scopeOfChange, selectChanged } from '../../src/plan/changed.js'

const shipped = (name: string): unknown => JSON.parse(readFileSync(new URL(`../../nix/sections/${name}`, import.meta.url), 'utf8'))
const data = changedPathsSchema.parse(shipped('changed-paths.json'))
const nothing: SelectionRequest = { sections: [], groups: [], excludeGroups: [], tests: [], excludeFiles: [], expectationFiles: [] }

describe('the shipped data', () => {
  test('names sections there are', () => {
    const there = new Set((shipped('sections.json') as { sections: { name: string }[] }).sections.map(({ name }) => name))
    expect(data.paths.flatMap(({ sections }) => sections).filter((name) => !there.has(name))).toEqual([])
  })

  test.each<[string, string[], string[]]>([
    ['fs/xfs/xfs_inode.c', ['xfs'], ['quick']],
    ['fs/xfs/libxfs/xfs_rtbitmap.c', ['xfs', 'xfs_rt'], ['quick', 'realtime']],
    ['fs/xfs/xfs_qm.c', ['xfs', 'xfs_quota'], ['quick', 'quota']],
    ['fs/jbd2/commit.c', ['ext4', 'ext4_nojournal'], ['quick', 'log', 'shutdown']],
    ['fs/btrfs/send.c', ['btrfs_single'], ['quick', 'send']],
    ['fs/namei.c', ['xfs', 'ext4'], ['quick']],
    ['mm/shmem.c', ['tmpfs', 'xfs', 'ext4'], ['quick']],
  ])('%s', (path, sections, groups) => {
    expect(scopeOfChange([path], data, ['fstests'])).toMatchObject({ suites: [{ suite: 'fstests', sections, groups }], unknown: [] })
  })

  test('a file no rule names is tested as usual, one nothing runs is not', () => {
    expect(scopeOfChange(['drivers/net/tun.c', 'MAINTAINERS', 'flake.nix'], data, ['fstests'])).toEqual({
      ...{ suites: [{ suite: 'fstests', sections: [], groups: ['quick'], reasons: [] }], unknown: ['drivers/net/tun.c'] },
    })
    expect(scopeOfChange(['Documentation/fs.rst'], data, ['fstests', 'scripts']).suites).toEqual([])
  })
})

describe('selectChanged', () => {
  const select = (request: Partial<SelectionRequest>, changed: readonly string[]) =>
    selectChanged({ suites: ['fstests'], request: { ...nothing, ...request } }, changed, data, 'origin/master')
  const selectOf = (suites: readonly string[], request: Partial<SelectionRequest>, changed: readonly string[]) => {
    const chosen = selectChanged({ suites, request: { ...nothing, ...request } }, changed, data, 'trunk')
    return { suites: chosen.suites, sections: chosen.request.sections, groups: chosen.request.groups }
  }

  test('fills in what was left open', () => {
    expect(select({}, ['fs/xfs/xfs_qm.c', 'fs/btrfs/a.c'])).toEqual({
      suites: ['fstests'],
      request: { ...nothing, sections: ['xfs', 'xfs_quota', 'btrfs_single'], groups: ['quick', 'quota'], byChange: true },
      note: [
        '2 changed files since origin/master: sections xfs, xfs_quota, btrfs_single, groups quick, quota',
        '  fs/xfs/xfs_qm.c: sections xfs; groups quick',
        '  fs/xfs/xfs_qm.c: sections xfs_quota; groups quota',
        '  fs/btrfs/a.c: sections btrfs_single; groups quick',
      ].join('\n'),
    })
    const many = ['a', 'b', 'c', 'd'].map((name) => `lib/${name}.c`)
    expect(select({}, many).note).toContain('  lib/a.c, lib/b.c and 2 more: no rule, so group quick')
  })

  test('what is named stays', () => {
    expect(select({ sections: ['xfs_1k'] }, ['fs/btrfs/a.c']).request).toMatchObject({ sections: ['xfs_1k'], groups: ['quick'] })
    expect(select({ groups: ['log'] }, ['fs/xfs/a.c']).request).toMatchObject({ sections: ['xfs'], groups: ['log'] })
    expect(select({ tests: ['generic/001'] }, ['fs/xfs/a.c']).request).toMatchObject({ groups: [], tests: ['generic/001'] })
  })

  test('nothing to test is refused, never green', () => {
    expect(() => select({}, [])).toThrow('Nothing changed since origin/master.')
    expect(() => select({}, ['Documentation/a.rst'])).toThrow('No test runs what changed since origin/master (Documentation/a.rst).')
  })

  test('of several suites those run that test some of it, each with its own words', () => {
    const all = ['fstests', 'kselftest', 'blktests', 'ltp', 'scripts']
    expect(selectOf(all, {}, ['drivers/nvme/host/core.c'])).toEqual({
      ...{ suites: ['blktests', 'scripts'], sections: [], groups: ['blktests:nvme'] },
    })
    expect(selectOf(all, {}, ['tools/testing/selftests/timens/timer.c'])).toMatchObject({ groups: ['kselftest:timens'] })
    expect(selectOf(['kselftest'], {}, ['tools/testing/selftests/kselftest.h'])).toMatchObject({ groups: ['all'] })
    expect(selectOf(['fstests', 'kselftest'], {}, ['fs/proc/base.c', 'fs/xfs/a.c'])).toEqual({
      ...{ suites: ['fstests', 'kselftest'], sections: ['fstests:xfs'], groups: ['fstests:quick', 'kselftest:proc'] },
    })
    // What no rule names is everybody's.
    expect(selectOf(['fstests', 'blktests'], {}, ['lib/list.c'])).toMatchObject({ groups: ['fstests:quick', 'blktests:all'] })
    expect(selectOf(['fstests', 'blktests'], { tests: ['loop/001'] }, ['fs/xfs/a.c'])).toMatchObject({
      suites: ['fstests', 'blktests'],
      groups: [],
    })
    expect(() => selectOf(['blktests', 'kunit'], {}, ['tools/perf/a.c'])).toThrow('No test of `blktests`, `kunit` runs what changed')
    // XFS is fstests' to test: none of these has a rule about it, so each runs what it usually does.
    expect(selectOf(['kselftest', 'blktests'], {}, ['fs/xfs/a.c'])).toMatchObject({ groups: ['kselftest:all', 'blktests:all'] })
  })
})
