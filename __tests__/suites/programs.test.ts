import { describe, expect, test } from '@jest/globals'
import { optionsOfConfig } from '../../src/suites/programs/config-file.js'
import { limitOfSettings } from '../../src/suites/programs/settings.js'

describe('settings', () => {
  test.each([
    ['', 45],
    ['timeout=120', 120],
    ['timeout=0\n', 0],
    ['timeout=1.5m\n', 90],
    ['timeout="7"\n', 7],
    ['# timeout=3\n', 45],
    ['timeout=3\ntimeout=4\n', 4],
    ['nice=3\n', 45],
  ])('%j: %d seconds', (text, seconds) => {
    expect(limitOfSettings(text, 'settings')).toBe(seconds)
  })

  test.each(['timeout=', 'timeout=-1', 'timeout=3 s', 'timeout=1e9', 'timeout=$(x)'])('%s is refused', (text) => {
    expect(() => limitOfSettings(text, 'd/settings')).toThrow(/d\/settings has `timeout=/)
  })
})

test('a config file asks for what it does not want off', () => {
  expect(
    optionsOfConfig('# comment\nCONFIG_A=y\n  CONFIG_B=m\nCONFIG_C=n\n# CONFIG_D is not set\nCONFIG_E="x"\nCONFIG_A=y\nnot CONFIG_F=y\n'),
  ).toEqual(['CONFIG_A', 'CONFIG_B', 'CONFIG_E'])
})
