import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

/** overlay/union of fstests declines, test by test, where fstests is not told of an unionmount-testsuite (README.overlay). */
const run = new URL('../../nix/suites/fstests/guest/run', import.meta.url).pathname

describe('fstests is told of the unionmount-testsuite', () => {
  let place: string
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'unionmount-'))
  })
  afterAll(() => rmSync(place, { recursive: true }))

  /** What check is told, as the guest's agent starts it in fstests' directory. @param mode of the testsuite's own `run` at `path` */
  function toldOf(name: string, path: string | null, { mode = 0o755, given }: { mode?: number; given?: string } = {}): string {
    const suite = join(place, name, 'fstests')
    mkdirSync(suite, { recursive: true })
    writeFileSync(join(suite, 'check'), '#!/bin/sh\necho "${UNIONMOUNT_TESTSUITE-none} $*"\n', { mode: 0o755 })
    if (path !== null) {
      mkdirSync(dirname(join(suite, path, 'run')), { recursive: true })
      writeFileSync(join(suite, path, 'run'), '#!/bin/sh\n', { mode })
    }
    const env = { PATH: process.env.PATH, ...(given === undefined ? {} : { UNIONMOUNT_TESTSUITE: given }) }
    const words = ['-eu', '-c', `results=/r; . ${run}`, 'sh', '-overlay', '-g', 'overlay/union']
    const { stdout, stderr } = spawnSync('sh', words, { cwd: suite, env, encoding: 'utf8' })
    expect(stderr).toBe('')
    return stdout.replaceAll(join(place, name), '').trim()
  }

  test.each([
    ['src/unionmount-testsuite', '/fstests/src/unionmount-testsuite'],
    ['unionmount-testsuite', '/fstests/unionmount-testsuite'],
    ['../unionmount-testsuite', '/unionmount-testsuite'],
  ])('at %s', (path, found) => {
    expect(toldOf(path.replaceAll(/\W/g, '-'), path)).toBe(`${found} -overlay -g overlay/union`)
  })

  test('that is named to it', () => {
    expect(toldOf('named', 'src/unionmount-testsuite', { given: '/own' })).toBe('/own -overlay -g overlay/union')
  })

  test('and of none that cannot be run, or is not there', () => {
    expect(toldOf('unbuilt', 'src/unionmount-testsuite', { mode: 0o644 })).toBe('none -overlay -g overlay/union')
    expect(toldOf('absent', null)).toBe('none -overlay -g overlay/union')
  })
})
