import { describe, expect, test } from '@jest/globals'
import { explainFailure, failedBuild, missingAttributeSystem, type NixFailure } from '../../src/bundle/nix-failure.js'

const DRV = '/nix/store/a2ab8qzz1kfw9b241dgqysqmnacccc9k-linux-6.18.0.drv'
const failure = (changes: Partial<NixFailure>): NixFailure => ({
  installable: '.#vmtest',
  errors: [],
  logs: [],
  logPath: '/run/build.log',
  exitCode: 1,
  ...changes,
})

describe('a failed nix build', () => {
  test('the kernel does not build: the compiler has the first word', () => {
    const lines = ['  CC fs/xfs/xfs_inode.o', "fs/xfs/xfs_inode.c:42:9: error: 'foo' undeclared", 'make: *** Error 2']
    const error = explainFailure(
      failure({ errors: [`error: builder for '${DRV}' failed with exit code 2`], logs: [{ derivation: DRV, lines }] }),
    )
    expect(error.kind).toBe('build-failed')
    expect(error.message).toBe("The kernel does not build: fs/xfs/xfs_inode.c:42:9: error: 'foo' undeclared")
    expect(error.nextStep).toBe('The whole log: /run/build.log')
  })

  test('further errors are counted; where no compiler spoke, the last lines do', () => {
    const errors = [`error: builder for '${DRV}' failed with exit code 2`]
    const messageOf = (...lines: string[]) => explainFailure(failure({ errors, logs: [{ derivation: DRV, lines }] })).message
    expect(messageOf('a.c:1: error: x', 'a.c:2: error: y', 'a.c:3: error: z')).toBe(
      'The kernel does not build: a.c:1: error: x\nand 2 more errors in that file, which may follow from it',
    )
    expect(messageOf('make: *** No rule to make target')).toBe(
      'The kernel does not build.\nIts last lines:\n  make: *** No rule to make target',
    )
  })

  test.each([
    [`error: builder for '${DRV}' failed with exit code 2`],
    [`error: Cannot build '${DRV}'.\n       Reason: builder failed with exit code 2.\n       Output paths:\n         /nix/store/x`],
    [`error: builder for '${DRV}' failed due to signal 9 (Killed)`],
  ])('finds the derivation in the wording of %j', (text) => {
    const dependant = DRV.replace('linux-6.18.0', 'vmtest-builder')
    const other = `error: Cannot build '${dependant}'.\n       Reason: 1 dependency failed.\n       Output paths:\n         /nix/store/x-vmtest-builder`
    expect(failedBuild(['error: 1 dependencies of derivation failed', other, text])?.derivation).toBe(DRV)
  })

  test.each([
    ['cp: error writing x: No space left on device', 'failed with exit code 1', /^linux-6\.18\.0 could not be built: the disk is full/],
    ['fs/xfs/a.c:1:1: fatal error: error writing to /tmp/x.s: No space left on device', 'failed with exit code 2', /the disk is full/],
    ['gcc: fatal error: Killed signal terminated program cc1', 'failed with exit code 2', /lack of memory/],
    ['  CC fs/xfs/a.o', 'failed due to signal 9 (Killed)', /lack of memory/],
    ["error: unable to download 'http://x/linux.tar.xz': Could not connect", 'failed with exit code 1', /a download failed/],
  ])('what ended it was not what is built: %s', (line, ending, message) => {
    for (const said of [`error: builder for '${DRV}' ${ending}`, `error: Cannot build '${DRV}'.\n       Reason: builder ${ending}.`]) {
      const error = explainFailure(failure({ errors: [said], logs: [{ derivation: DRV, lines: [line] }] }))
      expect(error.kind).toBe('could-not-test')
      expect(error.message).toMatch(message)
    }
  })

  test('a daemon that hides the programs of the host from an untrusted user', () => {
    const ignored =
      "warning: ignoring the client-specified setting 'sandbox-paths', because it is a restricted setting and you are not a trusted user"
    const newer = failure({
      hostPrograms: true,
      errors: [ignored, 'error: getting attributes of path "/usr/bin/bash-static": No such file or directory'],
    })
    const lines = ["\u0000\u0005Error\u0000executing '/bin/bash': No such file or directory"]
    const older = failure({
      hostPrograms: true,
      errors: [`error: builder for '${DRV}' failed with exit code 1`],
      logs: [{ derivation: DRV, lines }],
    })
    for (const one of [newer, older]) {
      const error = explainFailure(one)
      expect(error.kind).toBe('could-not-test')
      expect(error.nextStep).toMatch(/trusted-users/)
    }
  })

  test('of a build that we ended the first error is the reason, and how to let it go on is said', () => {
    const lines = ["fs/xfs/a.c:1:1: error: 'foo' undeclared", '    1 | foo;', '      | ^~~']
    const error = explainFailure(failure({ errors: ['error: interrupted by the user'], logs: [{ derivation: DRV, lines }], ended: DRV }))
    expect([error.kind, error.message]).toEqual([
      'build-failed',
      "The kernel does not build: fs/xfs/a.c:1:1: error: 'foo' undeclared\n    1 | foo;\n      | ^~~",
    ])
    expect(error.nextStep).toContain('`--keep-going` lets it go on')
  })

  test('a compiler error stays one, whatever is said after it', () => {
    const lines = ["fs/xfs/a.c:1:1: error: 'foo' undeclared", 'tee: log: No space left on device']
    const error = explainFailure(
      failure({ errors: [`error: builder for '${DRV}' failed with exit code 2`], logs: [{ derivation: DRV, lines }] }),
    )
    expect(error.kind).toBe('build-failed')
  })

  test.each([
    [
      "error: flake 'path:/x' does not provide attribute 'packages.x86_64-linux.nope', 'legacyPackages.x86_64-linux.nope' or 'nope'",
      'usage',
      /no such attribute/,
    ],
    [
      "error: getting status of '/nix/store/00000000000000000000000000000000-source/flake.nix': No such file or directory",
      'usage',
      /finds no flake\.nix/,
    ],
    ['error: Path \'flake.nix\' in the repository "/linux" is not tracked by Git.', 'usage', /finds no flake\.nix/],
    [
      "error: path '/x' is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)",
      'usage',
      /There is no flake/,
    ],
    ["error: getting status of '/x': No such file or directory", 'usage', /There is no flake/],
    ['error: could not find a flake.nix file', 'usage', /There is no flake/],
    ["error: path '/x' does not contain a 'flake.nix' file", 'usage', /There is no flake/],
    ["error: repository path '/linux' is not owned by current user", 'could-not-test', /belongs to another user/],
    ['error: writing to file: No space left on device', 'could-not-test', /disk is full/],
    ["error: unable to download 'https://github.com/x': Could not resolve host", 'could-not-test', /could not download/],
    ['error: undefined variable xfs', 'build-failed', /undefined variable xfs/],
  ])('%s', (text, kind, message) => {
    const error = explainFailure(failure({ errors: [text] }))
    expect(error.kind).toBe(kind)
    expect(error.message).toMatch(message)
    expect(error.nextStep).not.toBe('')
  })

  test('a missing attribute: what the flake has instead', () => {
    const errors = [
      "error: flake 'path:/x' does not provide attribute 'packages.x86_64-linux.nope', 'legacyPackages.x86_64-linux.nope' or 'nope'",
    ]
    expect(missingAttributeSystem(errors)).toBe('x86_64-linux')
    expect(missingAttributeSystem(['error: other'])).toBeNull()
    expect(explainFailure(failure({ errors, available: ['default', 'vmtest'] })).message).toBe(
      '`.#vmtest` does not exist: the flake path:/x has no such attribute; it has: default, vmtest.',
    )
  })

  test('a nix that says nothing', () => {
    expect(explainFailure(failure({ exitCode: null })).message).toContain('exited with a signal')
  })
})
