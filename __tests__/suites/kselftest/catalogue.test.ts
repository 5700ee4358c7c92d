import { describe, expect, test } from '@jest/globals'
import { readKselftest } from '../../../src/suites/kselftest/catalogue.js'
import { onlyByName } from '../../../src/suites/kselftest/known.js'
import { isKselftestName, parseKselftestList } from '../../../src/suites/kselftest/list.js'
import { treeFiles } from '../tree-files.js'

const installed = {
  'k/kselftest-list.txt': 'timens:timens\ntimens:exec\nmount:run_nosymfollow.sh\nnet/forwarding:bridge_mdb.sh\ntimers:nanosleep\n',
  'k/timens/timens': '',
  'k/timens/exec': '',
  'k/timens/config': 'CONFIG_TIME_NS=y\n',
  'k/mount/run_nosymfollow.sh': '#!/bin/sh\n',
  'k/net/forwarding/bridge_mdb.sh': '',
  'k/net/forwarding/settings': '# a comment\ntimeout=5m\n',
  'k/net/forwarding/config': '# CONFIG_A is not set\nCONFIG_BRIDGE=m\nCONFIG_HZ=100\nCONFIG_B=n\n',
  'k/timers/nanosleep': '',
  'k/timers/settings': 'timeout=0\n',
}

describe('readKselftest', () => {
  test('takes the list for the plan, limits from settings, options from config', async () => {
    expect(await readKselftest(treeFiles(installed), 'k')).toEqual([
      {
        name: 'timens:timens',
        groups: ['timens'],
        file: 'timens/timens',
        line: 1,
        limitSeconds: 45,
        needs: { kernelOptions: ['CONFIG_TIME_NS'] },
      },
      {
        name: 'timens:exec',
        groups: ['timens'],
        file: 'timens/exec',
        line: 1,
        limitSeconds: 45,
        needs: { kernelOptions: ['CONFIG_TIME_NS'] },
      },
      { name: 'mount:run_nosymfollow.sh', groups: ['mount'], file: 'mount/run_nosymfollow.sh', line: 1, limitSeconds: 45 },
      {
        name: 'net/forwarding:bridge_mdb.sh',
        groups: ['net', 'net/forwarding'],
        file: 'net/forwarding/bridge_mdb.sh',
        line: 1,
        limitSeconds: 300,
        needs: { kernelOptions: ['CONFIG_BRIDGE', 'CONFIG_HZ'] },
      },
      { name: 'timers:nanosleep', groups: ['timers'], file: 'timers/nanosleep', line: 1, limitSeconds: 0 },
    ])
  })

  test('keeps a test whose program is not there: it fails when it is run', async () => {
    const { 'k/timens/exec': _, ...rest } = installed
    expect((await readKselftest(treeFiles(rest), 'k')).map(({ name }) => name)).toContain('timens:exec')
  })

  test.each([
    ['no list', { 'k/README': '' }, /is no installed kselftest: it has no kselftest-list\.txt/],
    ['the tree around one', { 'k/kselftest_install/kselftest-list.txt': 'a:b\n' }, /but k\/kselftest_install is one/],
    ['an empty list', { 'k/kselftest-list.txt': '\n' }, /lists no test/],
    [
      'a list of what was not installed',
      { 'k/kselftest-list.txt': 'timens:timens\n' },
      /lists tests of `timens`, and none of them is in k\/timens/,
    ],
    ['lines that are no tests', { 'k/kselftest-list.txt': 'timens\n../..:sh\na:b c\n' }, /1: timens; 2: \.\.\/\.\.:sh; 3: a:b c/],
    ['a limit that is none', { ...installed, 'k/timers/settings': 'timeout=soon\n' }, /k\/timers\/settings has `timeout=soon`/],
  ])('refuses %s', async (_, tree, message) => {
    await expect(readKselftest(treeFiles(tree), 'k')).rejects.toThrow(message)
  })
})

test('names', () => {
  expect(['mount:run_nosymfollow.sh', 'net/forwarding:a', 'drivers/net:ping.py'].map(isKselftestName)).toEqual([true, true, true])
  expect(['mount', ':a', 'a:', 'a:b:c', '/etc:passwd', 'a/../b:c', 'a:..', 'a b:c', 'a:b\n'].map(isKselftestName)).toEqual(
    Array(9).fill(false),
  )
})

test('a test that stands twice in the list is one', () => {
  expect(parseKselftestList('a:b\na:b\r\n\na:c', 'list')).toEqual([
    { collection: 'a', program: 'b', line: 1 },
    { collection: 'a', program: 'c', line: 4 },
  ])
})

test('what stops the machine runs only by its name', () => {
  expect(onlyByName('breakpoints:step_after_suspend_test')).toBe('it suspends the machine')
  expect(onlyByName('breakpoints:breakpoint_test')).toBeNull()
  expect(onlyByName('cpu-hotplug:cpu-on-off-test.sh')).toBe('it takes CPUs away from the machine')
})
