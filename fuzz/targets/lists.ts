import { parseRegistrations } from '../../src/cache/registration.js'
import { parseExcludeFile, parseExpectations } from '../../src/plan/expectations.js'
import { globMatcher } from '../../src/plan/glob.js'
import { isInKernelRange } from '../../src/plan/kernel-range.js'
import { localConfigSections } from '../../src/suites/fstests/index.js'
import { mustHold, type Target, textOf } from '../target.js'

/** Every line that says something is an entry or a problem: a line left out in silence would run, or pass, what a person excluded. */
function checkLines(text: string, read: { entries: readonly { test: string; reason: string }[]; problems: readonly string[] }): void {
  const speaking = text.split('\n').filter((line) => !/^\s*(?:#|$)/.test(line)).length
  mustHold(read.entries.length + read.problems.length === speaking, 'every line is an entry or a problem')
  for (const { test, reason } of read.entries) {
    mustHold(test !== '' && reason !== '', 'an entry has a test and a reason')
    globMatcher(test)('generic/001')
  }
}

export const expectations: Target = {
  name: 'expectations',
  words: [
    'xfail ',
    'expunged ',
    'generic/001',
    'xfs/*',
    ' section=a,b',
    ' kernel=>=6.1,<6.6',
    ' arch=x86_64',
    ' link=x',
    ' -- why',
    '#',
    '[',
    '[!]',
    '\\',
    '\r',
    '\n',
  ],
  run(input) {
    const text = textOf(input)
    const read = parseExpectations(text, 'list')
    checkLines(text, read)
    for (const entry of read.entries) if (entry.kernel !== null) isInKernelRange('6.7.0-rc1', entry.kernel)
  },
}

export const excludeFile: Target = {
  name: 'exclude-file',
  words: ['generic/001', 'xfs/*', '# why', '#', ' ', '\t', '[', '[]-a]', '\\', '\r', '\n'],
  run(input) {
    const text = textOf(input)
    checkLines(text, parseExcludeFile(text, 'list'))
  },
}

export const localConfig: Target = {
  name: 'local-config',
  words: [
    '[a]\n',
    '[b]\n',
    'FSTYP=xfs',
    'MKFS_OPTIONS="-b size=4096"',
    'export ',
    '$FSTYP',
    '${A}',
    '`id`',
    '$(id)',
    "'",
    '"',
    '#',
    'SCRATCH_DEV_POOL=',
    'USE_EXTERNAL=yes',
    '__proto__=1',
    '\n',
  ],
  run(input) {
    const config = localConfigSections(textOf(input), 'local.config', 'fstests')
    mustHold(new Set(config.names).size === config.names.length, 'a section stands once')
    const { sections } = config.resolve(config.names)
    mustHold(sections.length === config.names.length, 'every section asked for is there')
    for (const section of sections) {
      mustHold(section.disks.length > 0, 'a section has a disk')
      for (const value of Object.values(section.environment)) {
        mustHold(!/`|\$\(/.test(value), 'no value that reaches the guest runs a command')
        mustHold(!value.includes('\n'), 'a value is one line')
      }
    }
  },
}

export const registrations: Target = {
  name: 'registrations',
  words: ['/nix/store/', `${'0'.repeat(64)}\n`, 'sha256:', '0\n', '1\n', '-1\n', '1e9\n', 'NaN\n', 'Infinity\n', '\n'],
  run(input) {
    let read: ReturnType<typeof parseRegistrations>
    try {
      read = parseRegistrations(textOf(input))
    } catch {
      // It says that it throws for anything that is no registration: the caller takes the cache as missed.
      return
    }
    const lines = textOf(input).split('\n').length
    mustHold(read.length * 5 <= lines, 'no more paths than lines can hold')
  },
}
