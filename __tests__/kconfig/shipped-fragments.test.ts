import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { type ConfigFragment, mergeFragments, requestedConfig } from '../../src/kconfig/index.js'

const directory = new URL('../../nix/kconfig/', import.meta.url)
const fragments: readonly ConfigFragment[] = readdirSync(directory)
  .filter((file) => file.endsWith('.config'))
  .map((file) => ({ name: file.slice(0, -'.config'.length), text: readFileSync(new URL(file, directory), 'utf8') }))

describe('the fragments in nix/kconfig', () => {
  test('are listed in the README, each once', () => {
    const readme = readFileSync(new URL('README.md', directory), 'utf8')
    const listed = [...readme.matchAll(/^\| `([a-z0-9_-]+)` \|/gm)].map((match) => match[1])
    expect([...listed].sort()).toEqual(fragments.map(({ name }) => name).sort())
  })

  test.each(fragments)('$name holds options and comments only, and says why', ({ text }) => {
    for (const line of text.split('\n')) expect(line).toMatch(/^(#( .*)?|CONFIG_[A-Z0-9_a-z]+=\S.*|)$/)
    expect(text).toMatch(/^# \S/)
  })

  test.each(fragments)('$name asks for nothing twice', ({ name, text }) => {
    const options = text.split('\n').filter((line) => /^(CONFIG_|# CONFIG_\w+ is not set$)/.test(line))
    expect(mergeFragments([{ name, text }]).options.size).toBe(options.length)
  })

  test('never contradict each other, so that any set of them merges in any order', () => {
    const { redefinitions } = mergeFragments(fragments)
    expect(redefinitions).toEqual([])
  })

  test('give fstests its device-mapper targets', () => {
    const config = requestedConfig(mergeFragments(fragments.filter(({ name }) => name === 'fstests')))
    for (const target of ['FLAKEY', 'LOG_WRITES', 'THIN_PROVISIONING', 'SNAPSHOT', 'DELAY'])
      expect(config.get(`CONFIG_DM_${target}`)).toBe('y')
  })
})
