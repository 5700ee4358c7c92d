// What people copy from the documentation: where the project is published, its version, the actions, versions of other programs.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { PROJECT, TOOL_VERSION } from '../../src/domain/version.js'
import { DEFAULT_NIX_VERSION } from '../../src/nix/pins.js'
import { root } from '../cli/command.js'
import { pages } from './commands.js'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const packageJson = JSON.parse(read('package.json')) as { version: string; repository: string }
const examples = readdirSync(join(root, 'examples'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
const copied = [...pages(root), ...examples]
const workflows = readdirSync(join(root, '.github/workflows')).map((name) => read(`.github/workflows/${name}`))

describe('where it is published', () => {
  test('is said in one place, and everything that is copied agrees', () => {
    expect(packageJson.repository).toBe(`github:${PROJECT}`)
    const mentions = copied.flatMap((page) =>
      [...read(page).matchAll(/(?:uses: |github:|github\.com\/)([\w.-]+\/kernel-vmtest)\b/g)].map((match) => ({ page, at: match[1] })),
    )
    expect(mentions.length).toBeGreaterThan(5)
    expect(mentions.filter(({ at }) => at !== PROJECT)).toEqual([])
  })

  test('is no placeholder', () => {
    expect(copied.filter((page) => /\bOWNER\b/.test(read(page)))).toEqual([])
  })
})

describe('the version', () => {
  test('is that of the package, of its lock, and of the last section of the changes', () => {
    const lock = JSON.parse(read('package-lock.json')) as { version: string; packages: Record<string, { version: string }> }
    expect([packageJson.version, lock.version, lock.packages['']?.version]).toEqual([TOOL_VERSION, TOOL_VERSION, TOOL_VERSION])
    const notes = execFileSync(process.execPath, [join(root, 'scripts/release-notes.mjs'), TOOL_VERSION], { encoding: 'utf8' })
    expect(notes.length).toBeGreaterThan(200)
    expect(() => execFileSync(process.execPath, [join(root, 'scripts/release-notes.mjs'), '0.0.0'], { stdio: 'pipe' })).toThrow()
  })

  test('is the major that the documentation uses', () => {
    const used = copied.flatMap((page) => [...read(page).matchAll(/kernel-vmtest@(v?[\w.]+)/g)].map((match) => match[1]))
    expect([...new Set(used)]).toEqual([`v${TOOL_VERSION.split('.')[0]}`])
  })
})

/** `actions/checkout@HASH # v7.0.1` of our own workflows: what is current is what we run. */
function pinnedMajors(): ReadonlyMap<string, string> {
  const pins = workflows.flatMap((text) => [...text.matchAll(/uses: ([\w-]+\/[\w./-]+)@[0-9a-f]{40} # v(\d+)/g)])
  return new Map(pins.map(([, action = '', major = '']) => [action, major]))
}

test('actions in the documentation are those our own workflows pin', () => {
  const pinned = pinnedMajors()
  const used = copied.flatMap((page) =>
    [...read(page).matchAll(/uses: ((?:actions|github|docker)\/[\w./-]+)@v(\d+)/g)].map(([, action = '', major]) => ({
      page,
      action,
      major,
    })),
  )
  expect(used.length).toBeGreaterThan(2)
  // An action we do not run ourselves is held by the day its page names.
  const wrong = used.filter(({ page, action, major }) => (pinned.has(action) ? pinned.get(action) !== major : !DATED.test(read(page))))
  expect(wrong).toEqual([])
})

/** A version of another program, as text has it. */
const VERSION = /\b(?:Nix|nixpkgs|QEMU|Debian|Ubuntu|ubuntu|virtme-ng|Gitea|Forgejo|act|direnv|drgn|systemd|sudo-rs)[ -]v?\d+(?:\.\d+)*/
/** When what a page says of them was last seen to be true. */
const DATED = /\blast (?:true|tried|run|measured)\b[^\n]{0,80}\b20\d\d-\d\d-\d\d/i

test('a page that names versions of other programs says when that was last true', () => {
  // Decisions are of their day; the reference is generated from what is tested.
  const bound = copied.filter((page) => !page.startsWith('docs/adrs/') && !page.startsWith('docs/reference/'))
  expect(bound.filter((page) => VERSION.test(read(page)) && !DATED.test(read(page)))).toEqual([])
})

test('the release of Nix that is installed is the one the documentation names', () => {
  const named = pages(root).flatMap((page) => [...read(page).matchAll(/action installs (?:Nix )?(\d[\d.]*\d)/g)].map((match) => match[1]))
  expect(named.length).toBeGreaterThan(0)
  expect([...new Set(named)]).toEqual([DEFAULT_NIX_VERSION])
})

test('scripts that the documentation and the release call are there', () => {
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts
  const called = [...pages(root).map(read), ...workflows].flatMap((text) =>
    [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? ''),
  )
  expect([...new Set(called)].filter((name) => scripts[name] === undefined)).toEqual([])
  expect(existsSync(join(root, 'scripts/home.mjs'))).toBe(true)
})
