import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { buildOfflineBundle, type Lab, type LabRun, openLab } from '../lab/vm-lab.js'
import { makeSystemRoot, systemdIsHere } from './system-root.js'

/** The second kind of guest, `nixos`, with the host's systemd in NixOS' place: the same hand-over, unit, agent and protocol. */
const LIMIT = 900_000
const checkout = process.env.VMTEST_CHECKOUT ?? process.cwd()
const canRun = systemdIsHere()
if (!canRun) console.log('skipped: a guest with systemd is made of the systemd of a Debian machine, which is not here')

let work: string
let lab: Lab
let run: LabRun
let console_: string

beforeAll(async () => {
  if (!canRun) return
  work = mkdtempSync('/var/tmp/vmtest-system-')
  const bundle = JSON.parse(readFileSync(join(process.env.VMTEST_BUNDLE ?? buildOfflineBundle(), 'vmtest.json'), 'utf8'))
  const before = 'echo hook: SIGPIPE $(grep SigIgn /proc/self/status), init $(cat /proc/1/comm)'
  const rootImage = makeSystemRoot({ base: bundle, checkout, directory: work, before })
  mkdirSync(join(work, 'bundle'))
  writeFileSync(join(work, 'bundle/vmtest.json'), JSON.stringify({ ...bundle, kind: 'nixos', rootImage }))
  lab = await openLab([], join(work, 'bundle'))
  run = await lab.run({ tests: ['generic/001', 'selftest/003'], section: 'ext4', vms: 1 })
  console_ = readFileSync(join(run.directory, 'guests/1/console.log'), 'utf8')
}, LIMIT)

afterAll(() => {
  lab?.close()
  if (work !== undefined) rmSync(work, { recursive: true, force: true })
})

;(canRun ? describe : describe.skip)('a guest with systemd', () => {
  test('gives the same verdicts and takes leave', () => {
    expect(Object.fromEntries(run.record.tests.map(({ name, status }) => [name, status]))).toEqual({
      'generic/001': 'pass',
      'selftest/003': 'fail',
    })
    expect(run.vmRun.guests.map(({ exit }) => exit.kind)).toEqual(['poweroff'])
  })

  test('runs its hook before the tests, under systemd, with nothing ignored that tests rely on', () => {
    expect(console_).toContain('| hook: SIGPIPE SigIgn: 0000000000000000, init systemd')
    expect(console_.indexOf('hook:')).toBeLessThan(console_.indexOf('run fstests'))
  })

  test("systemd's messages stand in lines of their own, without drawings", () => {
    expect(console_).toMatch(/\| \[ *[\d.]+\] systemd\[1\]: Reached target multi-user.target/)
    expect(console_).not.toContain('\u001b[')
  })
})
