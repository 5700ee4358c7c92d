import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { blktests } from '../../../src/suites/blktests/index.js'
import { diskFiles } from '../tree-files.js'

// Real blktests with what the guest adds to its configuration, here on the host: VMTEST_BLKTESTS names a tree.
const tree = process.env.VMTEST_BLKTESTS ?? ''
const canRun = existsSync(join(tree, 'check')) && process.getuid?.() === 0
if (!canRun) console.warn('skipped: blktests itself is run, as root, where VMTEST_BLKTESTS names a tree of it')

;(canRun ? test : test.skip)(
  'each planned test of the meta group has its verdict, also where check leaves no trace or loses the exit status',
  async () => {
    const place = mkdtempSync(join(tmpdir(), 'vmtest-blktests-'))
    try {
      mkdirSync(join(place, 'bin'))
      writeFileSync(join(place, 'bin/vmtest-mark'), `#!/bin/sh\necho "$2" >>${place}/marks\n`)
      chmodSync(join(place, 'bin/vmtest-mark'), 0o755)
      mkdirSync(join(place, 'results'))
      const tests = ['meta/001', 'meta/002', 'meta/003', 'meta/005', 'meta/007', 'meta/014', 'meta/016']
      const config = new URL('../../../nix/suites/blktests/guest/check-config', import.meta.url).pathname
      const run = spawnSync('bash', ['-c', 'exec ./check "$@" 2>&1', 'sh', '-c', config, '-o', join(place, 'results/blktests'), ...tests], {
        ...{ cwd: tree, encoding: 'utf8' },
        env: { ...process.env, PATH: `${place}/bin:${process.env.PATH}`, TEST_DEV: '/dev/none' },
      })
      writeFileSync(join(place, 'check.stdout'), run.stdout)
      const judged = await blktests.judge(diskFiles, { directory: place, section: 'nodev', tests, exitStatus: run.status, source: tree })
      expect(judged.tests.map(({ name, attempts }) => `${name} ${attempts[0]?.status}`)).toEqual([
        ...['meta/001 pass', 'meta/002 notrun', 'meta/003 fail', 'meta/005 fail', 'meta/007 notrun', 'meta/014 notrun', 'meta/016 pass'],
      ])
      expect(judged.tests[2]?.attempts[0]?.message).toBe('exit status 1')
      expect(judged.problems).toEqual([])
      expect(readFileSync(join(place, 'marks'), 'utf8').trim().split('\n')).toEqual(tests)
    } finally {
      rmSync(place, { recursive: true, force: true })
    }
  },
)
