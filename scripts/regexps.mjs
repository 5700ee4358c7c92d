// Refuses regular expressions whose time grows faster than the text they read: `npm run lint:regexps [-- --anew] [FILE…]`.
// Every literal in src is looked at, and every one that a module builds of constants. recheck (its automaton where the pattern has no
// look-around and no back reference, else its fuzzer) says which are worse than linear. An exception needs a comment on the line before
// it, or on its own: `regexp: WHY`, why the text cannot be long; one in the first comment of a file excuses all of that file.
// Looking at one takes up to some seconds: config/regexps.json keeps what was found safe, and only what is new is looked at. `--anew`
// forgets it, `--seconds N` ends after that long.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from '@babel/parser'
import { root } from './bundle.mjs'

// Its native program; the one in JavaScript takes minutes.
process.env.RECHECK_BACKEND ??= 'native'
const { check } = await import('recheck')
const PROOF_MILLISECONDS = 10_000
const TIMEOUT_MILLISECONDS = 30_000

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { anew: { type: 'boolean' }, seconds: { type: 'string' } },
})
const { version } = JSON.parse(readFileSync(join(root, 'node_modules/recheck/package.json'), 'utf8'))
const storePath = join(root, 'config/regexps.json')

function* sources(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* sources(path)
    else if (entry.name.endsWith('.ts')) yield path
  }
}

const EXCEPTION = /\bregexp: \S/

/** The value of an expression made of literals, names of such constants and what joins them; undefined for any other. */
function constantOf(node, constants) {
  const all = (nodes) => {
    const values = nodes.map((each) => constantOf(each, constants))
    return values.includes(undefined) ? undefined : values
  }
  switch (node?.type) {
    case 'StringLiteral':
    case 'NumericLiteral':
      return node.value
    case 'RegExpLiteral':
      return { source: node.pattern }
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return constantOf(node.expression, constants)
    case 'Identifier':
      return constants.get(node.name)
    case 'ArrayExpression':
      return all(node.elements)
    case 'ObjectExpression': {
      const values = all(node.properties.map(({ value }) => value))
      return values && Object.fromEntries(node.properties.map(({ key }, index) => [key.name ?? key.value, values[index]]))
    }
    case 'MemberExpression':
      return node.computed ? undefined : constantOf(node.object, constants)?.[node.property.name]
    case 'CallExpression':
      return callOf(node, constants)
    case 'BinaryExpression': {
      const values = node.operator === '+' ? all([node.left, node.right]) : undefined
      return values && values[0] + values[1]
    }
    case 'TaggedTemplateExpression':
      return node.tag.property?.name === 'raw' ? templateOf(node.quasi, 'raw', all) : undefined
    case 'TemplateLiteral':
      return templateOf(node, 'cooked', all)
    default:
      return undefined
  }
}

function templateOf({ quasis, expressions }, form, all) {
  const values = all(expressions)
  return values && quasis.map(({ value }, index) => value[form] + (values[index] ?? '')).join('')
}

/** `Object.values(X)`, `X.flat()`, `X.join(WITH)`. */
function callOf({ callee, arguments: given }, constants) {
  if (callee.type !== 'MemberExpression') return undefined
  const name = callee.property.name
  if (callee.object.name === 'Object' && name === 'values') {
    const value = constantOf(given[0], constants)
    return value && Object.values(value)
  }
  const on = constantOf(callee.object, constants)
  if (!Array.isArray(on)) return undefined
  if (name === 'flat') return on.flat()
  return name === 'join' ? on.join(constantOf(given[0], constants)) : undefined
}

const isNode = (value) => typeof value === 'object' && value !== null && typeof value.type === 'string'
const children = (node) => Object.entries(node).flatMap(([key, value]) => (key.endsWith('omments') ? [] : [value].flat().filter(isNode)))

/** Whether a comment above the statement, the list entry or the property that holds the pattern excuses it, or one on its line. */
const isExcused = (trail, line, comments, firstStatement) => {
  const starts = trail.map((node) => node.loc.start.line)
  return comments.some(
    ({ value, loc }) =>
      EXCEPTION.test(value) &&
      (loc.end.line < firstStatement || loc.start.line === line || starts.some((start) => loc.end.line === start - 1)),
  )
}

const textOf = (value) => (typeof value === 'string' ? value : (value?.source ?? null))
const program = (path) => parse(readFileSync(path, 'utf8'), { sourceType: 'module', plugins: ['typescript'] })

/** A module's own constants, in their order. */
function constantsOf({ body }, known) {
  const constants = new Map(known)
  for (const node of body) {
    const { declarations = [] } = node.declaration ?? node
    for (const { id, init } of declarations) {
      const value = constantOf(init, constants)
      if (value !== undefined) constants.set(id.name, value)
    }
  }
  return constants
}

/** What modules export, by name: no two of a name that differ are used for patterns. */
function exportedConstants(paths) {
  const found = new Map()
  for (const path of paths) {
    const exports = program(path).program.body.filter(({ type }) => type === 'ExportNamedDeclaration')
    for (const [name, value] of constantsOf({ body: exports }, new Map())) found.set(name, value)
  }
  return found
}

/** Every pattern of a file: literals, and `new RegExp` of constants. What is built of other things has `source: null`. */
function patternsOf(path) {
  const { program: tree, comments } = program(path)
  const constants = new Map(exported)
  for (const [name, value] of constantsOf(tree, constants)) constants.set(name, value)
  const first = tree.body[0]?.loc.start.line ?? 0
  const found = []
  const visit = (node, trail) => {
    const line = node.loc.start.line
    const add = (source, flags) => found.push({ path, line, source, flags, excused: isExcused([...trail, node], line, comments, first) })
    if (node.type === 'RegExpLiteral') add(node.pattern, node.flags)
    const isCall = node.type === 'NewExpression' || node.type === 'CallExpression'
    if (isCall && node.callee.name === 'RegExp') {
      add(textOf(constantOf(node.arguments[0], constants)), constantOf(node.arguments[1], constants) ?? '')
    }
    for (const child of children(node)) visit(child, [...trail.slice(-3), node])
  }
  visit(tree, [])
  return found
}

const keyOf = ({ source, flags }) => createHash('sha256').update(`${flags}/${source}`).digest('hex').slice(0, 16)

const loadSafe = () => {
  try {
    const kept = JSON.parse(readFileSync(storePath, 'utf8'))
    return new Set(kept.recheck === version ? kept.safe : [])
  } catch {
    return new Set()
  }
}

/** What is wrong with a pattern, in words; null where its time grows with the text. */
async function faultOf({ source, flags }) {
  if (source === null) return 'built when it runs, nobody can look at it: say why its text is short (`regexp: …`)'
  // `y` and `g` only say where to begin; a sticky pattern is one anchored.
  const checked = flags.includes('y') ? `^(?:${source})` : source
  const meaning = flags.replace(/[gydv]/g, '')
  // Its automaton proves; the fuzzer it takes for large patterns only guesses, and wrongly where a repetition has a bound.
  const proven = await check(checked, meaning, { timeout: PROOF_MILLISECONDS, checker: 'automaton' })
  const result = proven.status === 'unknown' ? await check(checked, meaning, { timeout: TIMEOUT_MILLISECONDS }) : proven
  if (result.status === 'safe') return null
  const what =
    result.status === 'unknown' ? `not known (${result.error?.kind})` : `${result.complexity?.summary}: ${result.attack?.pattern ?? ''}`
  return `${what} /${source}/${flags}`
}

const exported = exportedConstants([...sources(join(root, 'src'))])
const files = positionals.length > 0 ? positionals : [...sources(join(root, 'src'))]
const patterns = files.flatMap(patternsOf)
const safe = options.anew ? new Set() : loadSafe()
const used = new Set()
const until = options.seconds === undefined ? Number.POSITIVE_INFINITY : Date.now() + Number(options.seconds) * 1000
const faults = []
const queue = patterns.filter(({ excused }) => !excused)
/** Takes from the queue until it is empty. */
async function work() {
  for (let pattern = queue.shift(); pattern !== undefined; pattern = queue.shift()) {
    const key = keyOf(pattern)
    used.add(key)
    if (safe.has(key)) continue
    const fault = Date.now() > until ? 'not looked at' : await faultOf(pattern)
    if (fault === null) safe.add(key)
    else faults.push(`${relative(root, pattern.path)}:${pattern.line}: ${fault}`)
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, work))
for (const fault of faults.sort()) console.log(fault)
if (positionals.length === 0) {
  const kept = [...safe].filter((key) => used.has(key)).sort()
  writeFileSync(storePath, `${JSON.stringify({ recheck: version, safe: kept }, null, 2)}\n`)
}
console.log(`${patterns.length} patterns, ${faults.length} worse than linear or not known`)
process.exit(faults.length === 0 ? 0 : 1)
