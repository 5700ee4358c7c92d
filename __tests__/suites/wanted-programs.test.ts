import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { describeMissing } from '../../src/bundle/index.js'
import { readWantedPrograms } from '../../src/suites/fstests/index.js'
import { diskFiles, treeFiles } from './tree-files.js'

/** The table of programs against what fstests looks for: of a tree that VMTEST_FSTESTS names, and of the committed list made from one. */
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(`../../nix/suites/fstests/${path}`, import.meta.url), 'utf8'))
const table = read('programs.json') as {
  readonly packages: readonly { debian: string | null; nixpkgs: string | null; why?: string; required?: string; optional?: string }[]
  readonly absent: readonly { program: string; why: string }[]
}
const committed = read('wanted.json') as { readonly revision: string; readonly tests: Readonly<Record<string, number>> }
const words = (text = '') => text.split(' ').filter((word) => word !== '')
const offered = table.packages.flatMap(({ required, optional }) => [...words(required), ...words(optional)])
const known = new Set([...offered, ...table.absent.map(({ program }) => program)])

const tree = process.env.VMTEST_FSTESTS ?? ''
const canRun = tree !== '' && existsSync(`${tree}/common/config`)
if (!canRun) console.log('skipped: the table of programs is held against a tree of fstests where VMTEST_FSTESTS names it')

test('every program of the committed list is in the table, or absent with a reason', () => {
  expect(Object.keys(committed.tests).length).toBeGreaterThan(100)
  expect(Object.keys(committed.tests).filter((program) => !known.has(program))).toEqual([])
})

test('the documentation counts and names packages as the list and the table do', () => {
  const page = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([\w.-]+)` \| (\d+) \| (has|lacks) it[^|]*\| (?:`([\w-]+)`|none)/gm)]
  expect(rows.length).toBeGreaterThan(8)
  const packageOf = (program: string) =>
    table.packages.find(({ required, optional }) => [...words(required), ...words(optional)].includes(program))
  const told = rows.map(([, program = '', tests, , debian = null]) => ({ program, tests: Number(tests), debian }))
  expect(told).toEqual(
    told.map(({ program }) => ({ program, tests: committed.tests[program], debian: packageOf(program)?.debian ?? null })),
  )
  // What nixpkgs never had is not said to be there.
  expect(rows.filter(([, program = '', , has]) => has === 'has' && packageOf(program)?.nixpkgs == null)).toEqual([])
})

test('the table names each program once, and says why where a set has it not', () => {
  expect(offered.filter((program, at) => offered.indexOf(program) !== at)).toEqual([])
  expect(table.absent.filter(({ program, why }) => why === '' || offered.includes(program))).toEqual([])
  const silent = table.packages.filter(({ nixpkgs, debian, why }) => nixpkgs === null && debian === null && why === undefined)
  expect(silent).toEqual([])
})

;(canRun ? test : test.skip)(
  'the table has every program a real tree looks for, and the list is what the tree of its revision gives',
  async () => {
    const wanted = await readWantedPrograms(diskFiles, tree)
    expect(wanted.map(({ program }) => program).filter((program) => !known.has(program))).toEqual([])
    const revision = execFileSync('git', ['-C', tree, 'rev-parse', 'HEAD'], { encoding: 'utf8' }).trim()
    if (revision !== committed.revision) return
    expect(Object.fromEntries(wanted.map(({ program, tests }) => [program, tests.length]))).toEqual(committed.tests)
  },
)

const CONFIG = [
  'export XFS_IO_PROG="$(type -P xfs_io)"',
  'export XFS_GROWFS_PROG=$(type -P xfs_growfs)',
  'export __XFSDUMP_PROG="$(type -P xfsdump)"',
  'export MKFS_BTRFS_PROG=$(set_mkfs_prog_path_with_opts btrfs)',
  'export QUOTA_PROG="$(type -P quota)"',
  'export FSX_PROG="$here/ltp/fsx"',
].join('\n')
const RC = `
# _require_command "$XFS_GROWFS_PROG" in a comment
_require_quota()
{
	[ -n "$QUOTA_PROG" ] || _notrun "Quota user tools not installed"
}
_require_all() {
	_require_quota
	_require_all
	if [ "$FSTYP" = btrfs ]; then
		_require_command "$MKFS_BTRFS_PROG" mkfs.btrfs
	fi
}
`

test('a test needs what it asks for, itself or through functions, but not what depends on a condition', async () => {
  const files = treeFiles({
    'x/common/config': CONFIG,
    'x/common/rc': RC,
    'x/tests/generic/001': '_require_command "$XFS_IO_PROG" xfs_io\n_require_command "$XFSDUMP_PROG" xfsdump\n',
    'x/tests/generic/002': '_require_all\n# _require_command "$XFS_IO_PROG"\n_require_program systemctl systemd\n',
    'x/tests/generic/002.out': '_require_quota\n',
  })
  expect(await readWantedPrograms(files, 'x')).toEqual([
    { program: 'mkfs.btrfs', tests: [] },
    { program: 'quota', tests: ['generic/002'] },
    { program: 'systemctl', tests: ['generic/002'] },
    { program: 'xfs_growfs', tests: [] },
    { program: 'xfs_io', tests: ['generic/001'] },
    { program: 'xfsdump', tests: ['generic/001'] },
  ])
})

test('a tree of fstests’ form that has no common/config names no programs', async () => {
  expect(
    await readWantedPrograms(treeFiles({ check: '', 'common/rc': RC, 'tests/generic/001': '_require_program systemctl\n' }), '.'),
  ).toEqual([])
})

test('what is missing is said with its package and its price, and how to install it', () => {
  const missing = [
    { program: 'dmsetup', package: 'dmsetup', tests: 143 },
    { program: 'accton', package: 'acct', tests: 1 },
    { program: 'fscryptctl', package: null, tests: 2 },
  ]
  expect(describeMissing(missing)).toEqual([
    'Some tests of fstests decline here, for want of these programs: dmsetup (143 tests), accton (in acct, 1 test), fscryptctl (in no package, 2 tests).',
    'What Debian and Ubuntu have of them is installed, as root, by: `apt-get install acct dmsetup`',
  ])
  expect(describeMissing([])).toEqual([])
})
