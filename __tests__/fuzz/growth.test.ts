import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'

/** Of all texts that `npm run growth` measures every so many-th, always the same. */
const SHARE = '401'

it('the time of every reader of foreign text grows with the text: at most 2.4 for each of the last doublings', () => {
  const ended = spawnSync(process.execPath, [join(import.meta.dirname, '../../scripts/growth.mjs'), '--share', SHARE], { encoding: 'utf8' })
  expect([ended.status, ended.stdout.trim(), ended.stderr]).toEqual([0, expect.stringMatching(/^\{"measured":\d+,"bad":0\}$/), ''])
}, 900_000)
