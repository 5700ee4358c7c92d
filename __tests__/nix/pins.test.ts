import { expect, test } from '@jest/globals'
import { isNixTooOld, isOlder, parseNixVersion } from '../../src/nix/find-nix.js'
import { DEFAULT_NIX_VERSION, NIX_PINS, NIX_PINS_SEEN, OLDEST_NIX, OLDEST_NIX_FOR_NIXPKGS } from '../../src/nix/pins.js'

/** Published advisories, and the release of each series that mends them (GHSA-g3g9-5vj6-r3gj, GHSA-vh5x-56v6-4368). */
const MENDED: Readonly<Record<string, number>> = { '2.28': 7, '2.29': 99, '2.30': 99, '2.31': 5 }
const DAYS = 24 * 60 * 60 * 1000
const age = Math.floor((Date.now() - Date.parse(NIX_PINS_SEEN)) / DAYS)

test('each pin is two hashes, nixpkgs takes it, no advisory we know of names it', () => {
  expect(Object.keys(NIX_PINS)).toContain(DEFAULT_NIX_VERSION)
  for (const [version, hashes] of Object.entries(NIX_PINS)) {
    expect(Object.keys(hashes).sort()).toEqual(['aarch64', 'x86_64'])
    for (const hash of Object.values(hashes)) expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect([version, isOlder(version, OLDEST_NIX_FOR_NIXPKGS)]).toEqual([version, false])
    const [, series = '', patch = '0'] = /^(\d+\.\d+)\.(\d+)$/.exec(version) ?? []
    expect([version, isOlder(version, [2, 28]) || Number(patch) < (MENDED[series] ?? 0)]).toEqual([version, false])
  }
  expect(isOlder(OLDEST_NIX.join('.'), OLDEST_NIX_FOR_NIXPKGS)).toBe(true)
})

// By hand (VMTEST_PINS=1): a pin that nobody looked at for three months fails; elsewhere it is only said.
test('the pins were looked up lately', () => {
  const note = `Nix ${DEFAULT_NIX_VERSION} was held against the published releases ${age} days ago (${NIX_PINS_SEEN}).`
  if (process.env.VMTEST_PINS === '1') expect(age).toBeLessThan(90)
  else if (age >= 90) console.log(`${note} Look for a newer one and its advisories, then set NIX_PINS_SEEN.`)
  expect(age).toBeGreaterThanOrEqual(-1)
})

test.each([
  ['nix (Nix) 2.8.0', '2.8.0', false, true],
  ['nix (Nix) 2.18.9', '2.18.9', false, false],
  ['nix (Nix) 2.35.2\n', '2.35.2', false, false],
  ['nix (Nix) 2.36.0pre20260822_88b09c6', '2.36.0', false, false],
  ['nix (Determinate Nix 3.6.8) 2.29.0', '2.29.0', false, false],
  ['nix (Determinate Nix 3.15.1) 2.33.0', '2.33.0', false, false],
  ['nix (Lix, like Nix) 2.93.2', '2.93.2', false, false],
  ['nix (Lix, like Nix) 2.94.0-dev-pre20250101-abcdef0\nSystem type: x86_64-linux', '2.94.0', false, false],
  ['warning: something else\nnix (Nix) 2.26.3', '2.26.3', false, false],
  ['nix (Nix) 2.3.16', '2.3.16', true, true],
])('%j', (output, version, tooOld, refusedByNixpkgs) => {
  const parsed = parseNixVersion(output)
  expect([parsed, isNixTooOld(parsed ?? ''), isOlder(parsed ?? '', OLDEST_NIX_FOR_NIXPKGS)]).toEqual([version, tooOld, refusedByNixpkgs])
})

test.each(['', 'nix', 'nix 2.8', 'guix (GNU Guix) 1.4.0', 'fix (Nix) 2.8.0'])('%j is no version of Nix', (output) => {
  expect(parseNixVersion(output)).toBeNull()
})
