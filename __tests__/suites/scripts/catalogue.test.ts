import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createFiles } from '../../../src/ports/real/files.js'
import { readScripts } from '../../../src/suites/scripts/catalogue.js'

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'scripts-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function put(name: string, text = '#!/bin/sh\n', mode = 0o755) {
  mkdirSync(dirname(join(root, name)), { recursive: true })
  writeFileSync(join(root, name), text)
  chmodSync(join(root, name), mode)
}

const text = (name: string, contents: string) => put(name, contents, 0o644)
/** A program, and a text beside it. */
function withA(name: string, contents: string) {
  put('a')
  text(name, contents)
}
const read = () => readScripts(createFiles(), root)

describe('readScripts', () => {
  test('takes every executable, by its path', async () => {
    put('leak')
    put('locks/deep/race.py')
    put('locks/order')
    put('.git/hooks/commit')
    text('locks/README', 'text')
    symlinkSync('leak', join(root, 'zlink'))
    symlinkSync('nowhere', join(root, 'broken'))
    expect((await read()).map(({ name, groups, limitSeconds }) => [name, groups, limitSeconds])).toEqual([
      ['leak', [], 45],
      ['locks/deep/race.py', ['locks', 'locks/deep'], 45],
      ['locks/order', ['locks'], 45],
      ['zlink', [], 45],
    ])
  })

  test('a link that leads back up adds nothing, however many there are', async () => {
    put('a/b/leak')
    for (const up of ['a/up', 'a/b/up', 'a/b/top']) symlinkSync(up === 'a/b/top' ? root : '..', join(root, up))
    symlinkSync('a/b', join(root, 'same'))
    expect((await read()).map(({ name }) => name)).toEqual(['a/b/leak', 'same/leak'])
  })

  test('a link out of the directory that is no test is nobody’s business, nor is one beside a list', async () => {
    put('a')
    symlinkSync('/etc/passwd', join(root, 'users'))
    expect((await read()).map(({ name }) => name)).toEqual(['a'])
    symlinkSync(process.execPath, join(root, 'node'))
    text('list', 'a')
    expect((await read()).map(({ name }) => name)).toEqual(['a'])
  })

  test('settings and config hold below, until another takes their place', async () => {
    put('a')
    put('b/c')
    put('b/d/e')
    text('settings', 'timeout=6\n')
    text('config', 'CONFIG_A=y\n')
    text('b/d/settings', 'timeout=0')
    text('b/d/config', 'CONFIG_B=m\nCONFIG_A=y\n')
    expect((await read()).map(({ name, limitSeconds, needs }) => [name, limitSeconds, needs?.kernelOptions])).toEqual([
      ['a', 6, ['CONFIG_A']],
      ['b/c', 6, ['CONFIG_A']],
      ['b/d/e', 0, ['CONFIG_A', 'CONFIG_B']],
    ])
  })

  test('a list is the plan, in its order', async () => {
    put('a')
    put('b/c')
    text('lib.sh', '#!/bin/sh\n')
    text('list', '# these\nb/c   # first\na\n\na\n')
    expect((await read()).map(({ name }) => name)).toEqual(['b/c', 'a'])
  })

  test.each<[string, () => void, RegExp]>([
    ['an empty directory', () => undefined, /holds no executable file/],
    ['a directory that is not there', () => rmSync(root, { recursive: true }), /cannot be listed/],
    ['a script that is not executable', () => withA('b.sh', '#!/bin/sh\n'), /not executable and would not run: b\.sh/],
    ['a program that lies elsewhere', () => symlinkSync(process.execPath, join(root, 'node')), /links that lead out of it: node\./],
    ['a directory that lies elsewhere', () => symlinkSync('/usr/bin', join(root, 'bin')), /links that lead out of it: bin\./],
    ['a list of what is not there', () => withA('list', 'a\nb\n'), /names what is no executable file beside it: b/],
    ['a list of nothing', () => withA('list', '# a\n'), /names no test/],
    ['a limit that is none', () => withA('settings', 'timeout=ten'), /has `timeout=ten`/],
    ['a name with a line break', () => put('a\nb'), /control characters/],
  ])('refuses %s', async (_, make, message) => {
    make()
    try {
      await expect(read()).rejects.toThrow(message)
    } finally {
      mkdirSync(root, { recursive: true })
    }
  })
})
