import { expect, test } from '@jest/globals'
import { buildGuest } from '../../src/bundle/guest-bundle.js'
import { UserError } from '../../src/domain/errors.js'
import type { NixEnvironment } from '../../src/domain/stages.js'
import type { Ports } from '../../src/ports/index.js'
import { FakeFiles } from './fake-files.js'

const nix: NixEnvironment = { program: '/nix', version: '2.20', origin: 'found', config: '', sandbox: true, notes: [] }
const runner = { debug: () => undefined } as unknown as Ports['runner']
const request = { nix, flake: '.', attribute: 'vmtest', impure: true, cwd: '/linux', cacheDirectory: '/cache' }

/** Builds what is in `has`; anything else fails as `failure` has it. */
async function run(files: FakeFiles, has: RegExp, failure: UserError, flake = '.') {
  const asked: string[] = []
  const built = buildGuest(
    { ...request, flake },
    async ({ installable }) => {
      asked.push(installable)
      if (!has.test(installable)) throw failure
      return { path: '/nix/store/bundle', seconds: 1 }
    },
    { files: files.port, runner },
  )
  return { asked, outcome: await built.catch((error: unknown) => error) }
}

const noAttribute = new UserError('`x` does not exist: the flake has no such attribute.', 'Name one.')
const tree = () => new FakeFiles({ '/linux/flake.nix': 'a flake', '/linux/flake.lock': 'a lock', '/linux/fs/xfs/xfs_inode.c': '' })

test('the flake of a tree is built from a copy of its two files, without its kernel', async () => {
  const files = tree()
  const { asked } = await run(files, /guest$/, noAttribute)
  expect(asked).toEqual([expect.stringMatching(/^path:\/cache\/flakes\/[0-9a-f]{16}#vmtest\.guest$/)])
  const copy = asked[0]?.replace(/^path:|#.*$/g, '') ?? ''
  expect([files.text(`${copy}/flake.nix`), files.text(`${copy}/flake.lock`)]).toEqual(['a flake', 'a lock'])
})

test('a flake that needs more of its tree, or has no guest, is built as it is', async () => {
  const { asked } = await run(tree(), /^\.#vmtest$/, noAttribute)
  expect(asked.slice(1)).toEqual(['.#vmtest.guest', '.#vmtest'])
})

test('a flake from elsewhere is not copied', async () => {
  expect((await run(tree(), /guest$/, noAttribute, 'github:o/r')).asked).toEqual(['github:o/r#vmtest.guest'])
})

test('what does not build is not tried a second time', async () => {
  const failure = new UserError('xfsprogs-6 does not build: a.c:1: error: no', 'The log.', { kind: 'build-failed' })
  const { asked, outcome } = await run(tree(), /^never$/, failure)
  expect(asked).toHaveLength(1)
  expect(outcome).toBe(failure)
})
