// `vmtest series` as a whole: real git, make and gcc on a small tree, guests that say what the kernel says. What is printed, mailed and left.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { FakeKernelTree } from './fake-kernel-tree.js'
import { type Ended, FakeMachine } from './fake-machine.js'

const TESTS = ['generic/001', 'generic/002', 'generic/003']
const good = (name: string) => `int test_${name};\n`

// The image it makes is x86's.
const onX86 = process.arch === 'x64' ? describe : describe.skip
onX86('a patch series by mail', () => {
  let machine: FakeMachine
  let tree: FakeKernelTree
  let base: string
  beforeAll(async () => {
    machine = await FakeMachine.create()
    machine.writeBundle({ tests: TESTS, fates: {} })
    tree = new FakeKernelTree(join(machine.directory, 'linux'))
    // The base fails generic/001; the series breaks generic/002, and leaves generic/003 as it was.
    base = tree.commit('base', { 'fs/001.c': `/* broken */\n${good('a')}`, 'fs/002.c': good('b'), 'fs/003.c': good('c') })
    tree.commit('fs: tidy c', { 'fs/003.c': `/* Tidy. */\n${good('c')}` })
    tree.commit('fs: make b faster', { 'fs/002.c': `/* broken */\n${good('b')}` })
    tree.commit('fs: größer', { 'fs/003.c': `/* Tidier. */\n${good('c')}` })
    const names = tree.git('format-patch', '--cover-letter', '--thread', `--base=${base}`, '-o', '../mails', base).trim().split('\n')
    tree.git('reset', '-q', '--hard', base)
    const [cover = '', ...patches] = names.map((name) => readFileSync(join(tree.directory, name), 'utf8'))
    const reply = patches[1]?.replace('Subject: [', 'Subject: Re: [').replace(/^(?=(?:diff|---|\+\+\+|@@|[-+]).*)/gm, '> ') ?? ''
    // Out of order, and a reply among them.
    const mails = [patches[2], reply, cover.replace('*** SUBJECT HERE ***', 'fs: three small changes'), patches[1], patches[0]]
    writeFileSync(join(machine.directory, 'series.mbx'), mails.join(''))
  }, 60_000)
  afterAll(() => machine.remove())

  const series = (...words: readonly string[]): Promise<Ended> =>
    machine.vmtest(tree.directory, [
      ...['series', ...words, '--bundle', machine.bundle, '--accelerator', 'tcg', '--vms', '1', '--memory', '512'],
    ])

  test('what it broke is named, what the base fails too is not, and the mail says so', async () => {
    const { status, stdout, stderr } = await series('../series.mbx', ...TESTS)
    if (status !== 1) throw new Error(`it ended with ${status}:\n${stderr}\n${stdout}`)
    expect(stderr).toContain(`series: "fs: three small changes", 3 patches on ${base.slice(0, 12)} base (as the series says)`)
    expect(stdout).toMatch(/^fail +generic\/002 on xfs$/m)
    expect(stdout).not.toMatch(/^fail +generic\/001 on xfs$/m)
    expect(stdout).toMatch(/^1 new failure: xfs generic\/002 \(fail\); 1 more known\.$/m)
    expect(stdout.trimEnd().split('\n').at(-1)).toContain('mail.txt')
    const [run = ''] = readdirSync(join(tree.directory, '.vmtest/series'))
    const results = join(tree.directory, '.vmtest/series', run)
    const mail = readFileSync(join(results, 'mail.txt'), 'utf8')
    const [headers = '', body = ''] = mail.split(/\n\n(.*)/s)
    expect(headers).toMatch(/^Subject: Re: .*fs: three small changes.* \[vmtest: 1 new failure\]$/m)
    expect(headers).toMatch(/^In-Reply-To: <cover\..*@example\.org>$/m)
    expect(body).toContain(`3 patches\n  on ${base.slice(0, 12)}`)
    expect(body).toMatch(new RegExp(`^compared with: its base, ${base.slice(0, 12)}$`, 'm'))
    const broke = body.slice(body.indexOf('New failures'), body.indexOf('Known'))
    expect(broke).toContain('generic/002')
    expect(broke).not.toContain('generic/001')
    expect(body).toContain('generic/001')
    // A command that is copied, and an address, stay whole.
    for (const line of body.split('\n')) if (!/^\s*\S+$|vmtest /.test(line)) expect(line.length).toBeLessThanOrEqual(72)
    expect(tree.git('status', '--porcelain', '--ignored=no', '--', 'fs')).toBe('')
    expect(tree.git('worktree', 'list').trim().split('\n')).toHaveLength(1)
  }, 120_000)

  test('one that does not apply is not built: exit status 69, with the patch by name', async () => {
    const text = readFileSync(join(machine.directory, 'series.mbx'), 'utf8')
    writeFileSync(join(machine.directory, 'other.mbx'), text.replaceAll('test_b', 'test_nothing').replaceAll(/^base-commit: .*$/gm, ''))
    const { status, stderr } = await series('../other.mbx', ...TESTS)
    expect(stderr).toMatch(/The series does not apply to [0-9a-f]{12}: .*fs: make b faster/)
    expect(stderr).toContain('`--base`')
    expect(status).toBe(69)
    expect(tree.git('worktree', 'list').trim().split('\n')).toHaveLength(1)
  }, 60_000)
})
