import { expect, test } from '@jest/globals'
import { fragmentProblems, parseKernelConfig, parseSetting, setInFragment, settingsMade } from '../../src/kconfig/index.js'

test.each([
  ['CONFIG_XFS_DEBUG=y', 'CONFIG_XFS_DEBUG', 'y'],
  ['XFS_DEBUG=n', 'CONFIG_XFS_DEBUG', 'n'],
  ['LOG_BUF_SHIFT=17', 'CONFIG_LOG_BUF_SHIFT', '17'],
  ['PHYSICAL_START=0x1000000', 'CONFIG_PHYSICAL_START', '0x1000000'],
  ['CMDLINE="kmemleak=on quiet"', 'CONFIG_CMDLINE', '"kmemleak=on quiet"'],
  ['9P_FS=y', 'CONFIG_9P_FS', 'y'],
])('%s is a setting', (text, name, value) => {
  expect(parseSetting(text)).toEqual({ name, value })
})

test.each(['XFS_DEBUG', 'CONFIG_XFS_DEBUG=', 'CONFIG_XFS_DEBUG=yes', 'kasan', 'CONFIG_CMDLINE=on', 'xfs_debug=y'])('%s is none', (text) => {
  expect(parseSetting(text)).toBeNull()
})

test('an option keeps its line and the comments around it, a new one comes last, a dropped one goes', () => {
  const text = '# why\nCONFIG_A=y\n\nCONFIG_B=3\n# CONFIG_C is not set\n'
  const settings = [
    { name: 'CONFIG_A', value: 'n' },
    { name: 'CONFIG_B', value: null },
    { name: 'CONFIG_C', value: 'y' },
    { name: 'CONFIG_D', value: 'm' },
    { name: 'CONFIG_E', value: null },
  ]
  expect(setInFragment(text, settings)).toBe('# why\n# CONFIG_A is not set\n\nCONFIG_C=y\nCONFIG_D=m\n')
  expect(setInFragment('', settings.slice(0, 1))).toBe('# CONFIG_A is not set\n')
  expect(setInFragment('CONFIG_A=n', [])).toBe('CONFIG_A=n\n')
})

test('a line that merge_config.sh would pass over is a problem, with what was meant', () => {
  const text = '# good\nCONFIG_A=y\n# CONFIG_B is not set\n\nXFS_DEBUG=y\nCONFIG_C = y\nCONFIG_D=y # for now\nCONFIG_E=yes\nnonsense\n'
  expect(fragmentProblems(text)).toEqual([
    'line 5, `XFS_DEBUG=y`, is no option (did you mean `CONFIG_XFS_DEBUG=y`?).',
    'line 6, `CONFIG_C = y`, is no option (did you mean `CONFIG_C=y`?).',
    'line 7: `y # for now` is no value of CONFIG_D: y, m, n, a number or a "text", and nothing after it.',
    'line 8: `yes` is no value of CONFIG_E: y, m, n, a number or a "text", and nothing after it.',
    'line 9, `nonsense`, is no option.',
  ])
})

test('of a menu only what was chosen is kept: what went back to its default is asked for by name', () => {
  const saved = {
    before: parseKernelConfig('CONFIG_XFS_FS=y\nCONFIG_SMP=y\n# CONFIG_PRINTK is not set\n'),
    after: parseKernelConfig('CONFIG_XFS_FS=y\nCONFIG_EXPERT=y\nCONFIG_NR_CPUS=4\n'),
  }
  const after = parseKernelConfig('CONFIG_XFS_FS=y\nCONFIG_EXPERT=y\nCONFIG_NR_CPUS=4\nCONFIG_PRINTK=y\nCONFIG_SELECTED_BY_EXPERT=y\n')
  expect(settingsMade(saved, after)).toEqual([
    { name: 'CONFIG_EXPERT', value: 'y' },
    { name: 'CONFIG_NR_CPUS', value: '4' },
    { name: 'CONFIG_SMP', value: 'n' },
    { name: 'CONFIG_PRINTK', value: 'y' },
  ])
})
