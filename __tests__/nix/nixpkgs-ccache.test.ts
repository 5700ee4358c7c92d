import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'

const LIBRARY = new URL('../../nix/lib', import.meta.url).pathname
const SEED = `${'0'.repeat(60)}1970`

let tree: string
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'vmtest-nixpkgs-'))
  mkdirSync(join(tree, 'scripts'))
})
afterEach(() => rmSync(tree, { recursive: true }))

/** What the configure phase of nixpkgs' kernel has after our script, line by line. */
function configure(before: string, ccacheDirectory: string, counting: NodeJS.ProcessEnv = {}): string[] {
  // A ccache that is only looked for.
  writeFileSync(join(tree, 'ccache'), '#!/bin/sh\n', { mode: 0o755 })
  const script = `${before}\nsource ${LIBRARY}/nixpkgs-ccache.sh\nprintf '%s\\n' "\${makeFlags[@]}" -- "\${makeFlagsArray[@]}"`
  const env = {
    PATH: `${tree}:/usr/bin:/bin`,
    NIX_BUILD_TOP: '/build',
    kernelTree: `${LIBRARY}/kernel-tree.sh`,
    ccache: `${LIBRARY}/ccache.sh`,
    counters: `${LIBRARY}/counters.sh`,
    ccacheDirectory,
    ...counting,
  }
  return execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: tree,
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
    .trim()
    .split('\n')
}

const MAPS = ['KCFLAGS=-fdebug-prefix-map=/build=/build', 'KAFLAGS=-fdebug-prefix-map=/build=/build']
/** As nixpkgs 26.11 hands them over: the unwrapped compiler for the kernel, the wrapped one for what runs on the host. */
const GIVEN = ['CC=/store/gcc/bin/gcc', 'HOSTCC=/store/wrapper/bin/cc']
const HOST_MAP = '-fdebug-prefix-map=/build=/build'
const COMPILERS = ['CC=/store/gcc/bin/gcc', `HOSTCC=/store/wrapper/bin/cc ${HOST_MAP}`]
const through = (flags: readonly string[]) => flags.map((flag) => flag.replace('=', '=ccache '))
const array = `makeFlags=(CC=overridden ${GIVEN.join(' ')} "O=a b"); makeFlagsArray=()`

test('structured attributes: the one array the configure phase reads gets the compilers nixpkgs gave', () => {
  expect(configure(array, tree)).toEqual(['CC=overridden', ...GIVEN, 'O=a b', ...through(COMPILERS), ...MAPS, '--'])
})

test('without them: the string stays, and the array beside it is filled', () => {
  const string = `${GIVEN.join(' ')} O=a`
  expect(configure(`makeFlags="${string}"; makeFlagsArray=()`, tree)).toEqual([string, '--', ...through(COMPILERS), ...MAPS])
})

test('a kernel that counts: its flags are a word of make’s, its directories a variable Kbuild asks', () => {
  const counting = { counted: 'fs/xfs', counterFlags: '-a -b', counterProfile: '$(if $(filter fs/xfs,$(obj)),y)' }
  const flags = ['CFLAGS_GCOV=-a -b -frandom-seed=$@']
  expect(configure(array, join(tree, 'none'), counting)).toEqual([
    'CC=overridden',
    ...GIVEN,
    'O=a b',
    ...COMPILERS,
    ...MAPS,
    ...flags,
    '--',
  ])
  const shown = configure(`${array}; trap 'printenv GCOV_PROFILE' EXIT`, join(tree, 'none'), counting)
  expect(shown.at(-1)).toBe('$(if $(filter fs/xfs,$(obj)),y)')
})

test('the compiler of the environment, which adds flags, is not taken', () => {
  expect(configure(`export CC=wrapper CC_FOR_BUILD=wrapper; ${array}`, tree)).toEqual(configure(array, tree))
})

test.each([
  ['the unwrapped compilers', array],
  ['a string', `makeFlags="${GIVEN.join(' ')}"; makeFlagsArray=()`],
  ['no compiler at all', 'makeFlags=(O=a); makeFlagsArray=()'],
])('with ccache and without, make is given the same words but ccache itself: %s', (_, before) => {
  const plain = configure(before, join(tree, 'none'))
  const cached = configure(before, tree)
  expect(cached).not.toEqual(plain)
  expect(cached.map((word) => word.replace('ccache ', ''))).toEqual(plain)
})

test.each([
  ['the kernel’s own', "SEED=$(od -A n -t x8 -N 32 /dev/urandom | tr -d ' \\n')\n"],
  ['as nixpkgs patches it in', `SEED="${'ab'.repeat(32)}"\n`],
])('the seed of RANDSTRUCT is constant: %s', (_, line) => {
  writeFileSync(join(tree, 'scripts/gen-randstruct-seed.sh'), line)
  configure('makeFlags=(); makeFlagsArray=()', tree)
  const script = readFileSync(join(tree, 'scripts/gen-randstruct-seed.sh'), 'utf8')
  expect(execFileSync('sh', ['-c', `${script}echo "$SEED"`], { encoding: 'utf8' })).toBe(`${SEED}\n`)
})
