import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { expect, test } from '@jest/globals'

/** Which rooms a room imports from, besides itself: no more than this, and no less. docs/architecture.md draws the same. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  ports: ['domain'],
  'ports/real': ['domain', 'ports'],
  inputs: ['domain', 'suites'],
  plan: ['domain', 'ports', 'suites'],
  crash: ['domain', 'ports'],
  suites: ['domain', 'ports'],
  nix: ['domain', 'ports'],
  cache: ['domain', 'nix', 'ports'],
  coverage: ['domain', 'ports'],
  kconfig: ['domain', 'ports'],
  kernel: ['domain', 'kconfig', 'ports'],
  bundle: ['domain', 'kconfig', 'kernel', 'nix', 'ports', 'suites'],
  vm: ['domain', 'ports', 'suites'],
  results: ['coverage', 'crash', 'domain', 'plan', 'ports', 'suites', 'vm'],
  report: ['coverage', 'domain', 'plan', 'ports'],
  publish: ['domain', 'ports'],
  post: ['domain', 'ports', 'publish', 'vm'],
  reader: ['domain', 'ports/real', 'results'],
  pipeline: ['bundle', 'cache', 'coverage', 'crash', 'domain', 'kconfig', 'nix', 'plan', 'ports', 'report', 'results', 'suites', 'vm'],
  tools: ['crash', 'domain', 'pipeline', 'ports', 'results', 'suites', 'vm'],
  action: ['domain', 'inputs', 'pipeline', 'plan', 'ports', 'ports/real', 'post', 'publish', 'reader', 'report', 'results', 'tools'],
  cli: [
    'bundle',
    'crash',
    'domain',
    'inputs',
    'kconfig',
    'kernel',
    'pipeline',
    'plan',
    'ports',
    'ports/real',
    'reader',
    'report',
    'results',
    'suites',
    'tools',
    'vm',
  ],
}

/** What reaches outside; only src/ports/real may. The page of the HTML report runs in a browser and has none of it. */
const OUTSIDE = /^(@actions\/|node:(fs|child_process|net|http|https|dgram|tls|os|worker_threads|process)\b|fs$|child_process$|net$|os$)/

const source = join(import.meta.dirname ?? __dirname, '../../src')

function sources(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.tsx?$/.test(entry.name) ? [path] : []
  })
}

function roomOf(path: string): string {
  const parts = relative(source, path).split('/')
  return parts[0] === 'ports' && parts[1] === 'real' ? 'ports/real' : (parts[0] ?? '')
}

function importsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8')
  const names = [...text.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? '')
  // Tables of nix/ are data, of no room.
  return names.filter((name) => !/^(\.\.\/)+nix\/.*\.json$/.test(name))
}

const files = sources(source)

test('every room is known', () => {
  expect([...new Set(files.map(roomOf))].filter((room) => MAY_IMPORT[room] === undefined)).toEqual([])
})

test('rooms import only from the rooms they may', () => {
  const wrong = files.flatMap((path) => {
    const room = roomOf(path)
    return importsOf(path)
      .filter((name) => name.startsWith('.'))
      .map((name) => roomOf(normalize(join(dirname(path), name))))
      .filter((other) => other !== room && !(MAY_IMPORT[room] ?? []).includes(other))
      .map((other) => `${relative(source, path)} imports from ${other}`)
  })
  expect(wrong).toEqual([])
})

test('the table allows nothing that is not used', () => {
  const used = new Map<string, Set<string>>()
  for (const path of files) {
    const names = importsOf(path).filter((name) => name.startsWith('.'))
    const rooms = used.get(roomOf(path)) ?? new Set()
    for (const name of names) rooms.add(roomOf(normalize(join(dirname(path), name))))
    used.set(roomOf(path), rooms)
  }
  const unused = Object.entries(MAY_IMPORT).flatMap(([room, others]) =>
    others.filter((other) => used.get(room)?.has(other) !== true).map((other) => `${room} does not import ${other}`),
  )
  expect(unused).toEqual([])
})

test('only src/ports/real touches the outside world', () => {
  const wrong = files
    .filter((path) => roomOf(path) !== 'ports/real')
    .flatMap((path) =>
      importsOf(path)
        .filter((name) => OUTSIDE.test(name))
        .map((name) => `${relative(source, path)} imports ${name}`),
    )
  expect(wrong).toEqual([])
})

test('the core reads no clock, environment or process', () => {
  const entries = new Set(['action/step.ts', 'action/post.ts', 'cli/main.ts'])
  const wrong = files
    .filter((path) => roomOf(path) !== 'ports/real' && !entries.has(relative(source, path)) && !path.includes('/report/html/page/'))
    .filter((path) =>
      /\bprocess\.(env|argv|exit|cwd|stdout|stderr|on)\b|\bDate\.now\(\)|\bperformance\.now\(\)/.test(readFileSync(path, 'utf8')),
    )
    .map((path) => relative(source, path))
  expect(wrong).toEqual([])
})
