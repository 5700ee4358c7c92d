import { expect, test } from '@jest/globals'
import { NixLogReader } from '../../src/bundle/nix-log.js'
import { NixWaiting } from '../../src/bundle/nix-waiting.js'

/** What is waited for after each event. */
function told(...events: readonly object[]): readonly (string | null)[] {
  const reader = new NixLogReader()
  const waiting = new NixWaiting('.#vmtest')
  return events.map((event) => {
    for (const one of reader.feed(`@nix ${JSON.stringify(event)}`, 0)) waiting.feed(one)
    return waiting.message
  })
}

const DRV = '/nix/store/00000000000000000000000000000000-linux-6.18.drv'

test('evaluation, until something is built or fetched', () => {
  expect(new NixWaiting('.#vmtest').message).toBe('for Nix to evaluate .#vmtest')
  expect(told({ action: 'start', id: 1, type: 105, fields: [DRV, '', 1, 1] }, { action: 'stop', id: 1 })).toEqual([
    'for Nix to build linux-6.18',
    null,
  ])
})

test('another Nix that has the lock, in the words of Nix', () => {
  const [waiting, over] = told(
    { action: 'start', id: 2, level: 1, type: 111, text: `waiting for lock on '${DRV}'`, fields: [] },
    { action: 'stop', id: 2 },
  )
  expect(waiting).toBe(`for another Nix to let go of '${DRV}'`)
  expect(over).toBe('for Nix to evaluate .#vmtest')
})

test('a download, with how much of it is there', () => {
  expect(
    told(
      { action: 'start', id: 3, level: 4, type: 101, text: 'downloading', fields: ['https://a.example/nixpkgs.tar.gz'] },
      { action: 'result', id: 3, type: 105, fields: [1048576, 10485760, 0, 0] },
      { action: 'result', id: 3, type: 105, fields: [2097152, 0, 0, 0] },
      { action: 'stop', id: 3 },
    ),
  ).toEqual([
    'for a download: https://a.example/nixpkgs.tar.gz (0.0 MiB)',
    'for a download: https://a.example/nixpkgs.tar.gz (1.0 of 10.0 MiB)',
    'for a download: https://a.example/nixpkgs.tar.gz (2.0 MiB)',
    'for Nix to evaluate .#vmtest',
  ])
})

test('a file of this machine is no download, though Nix calls it one', () => {
  const url = 'file:///home/u/.cache/kernel-vmtest/kernels/linux-image.deb'
  const [, taken] = told(
    { action: 'start', id: 3, level: 4, type: 101, text: 'downloading', fields: [url] },
    { action: 'result', id: 3, type: 105, fields: [1048576, 10485760, 0, 0] },
  )
  expect(taken).toBe('for Nix to take linux-image.deb into its store (1.0 of 10.0 MiB)')
})
