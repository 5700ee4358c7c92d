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
function configure(before: string, ccacheDirectory: string): string[] {
  // A ccache that is only looked for.
  writeFileSync(join(tree, 'ccache'), '#!/bin/sh\n', { mode: 0o755 })
  const script = `${before}\nsource ${LIBRARY}/nixpkgs-ccache.sh\nprintf '%s\\n' "\${makeFlags[@]}" -- "\${makeFlagsArray[@]}"`
  const env = {
    PATH: `${tree}:/usr/bin:/bin`,
    NIX_BUILD_TOP: '/build',
    kernelTree: `${LIBRARY}/kernel-tree.sh`,
    ccache: `${LIBRARY}/ccache.sh`,
    ccacheDirectory,
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
const COMPILERS = ['CC=ccache gcc', 'HOSTCC=ccache gcc -fdebug-prefix-map=/build=/build']

test('structured attributes: the one array the configure phase reads gets compilers with spaces in them', () => {
  expect(configure('makeFlags=(CC=cc "O=a b"); makeFlagsArray=()', tree)).toEqual(['CC=cc', 'O=a b', ...COMPILERS, ...MAPS, '--'])
})

test('without them: the string stays, and the array beside it is filled', () => {
  expect(configure('makeFlags="CC=cc O=a"; makeFlagsArray=()', tree)).toEqual(['CC=cc O=a', '--', ...COMPILERS, ...MAPS])
})

test('no directory: the same flags but for the compilers', () => {
  expect(configure('makeFlags=(CC=cc); makeFlagsArray=()', join(tree, 'none'))).toEqual(['CC=cc', ...MAPS, '--'])
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
