// Refuses regular expressions whose time grows faster than the text they read: `npm run lint:regexps [-- --all]`.
// Every literal in src is looked at, and every one that a module builds when it is loaded. recheck (its automaton where the pattern has
// no look-around and no back reference, else its fuzzer) says which are worse than linear. An exception needs a comment on the line
// before it, or on its own: `regexp: WHY`, why the text cannot be long.
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { parse } from '@babel/parser'
import { root } from './bundle.mjs'

// Its native program; the one in JavaScript takes minutes. Lines shorter than this in a file's first comment excuse all of the file.
process.env.RECHECK_BACKEND ??= 'native'
const { check } = await import('recheck')
const TIMEOUT_MILLISECONDS = 3000

const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { all: { type: 'boolean' } } })

function* sources(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* sources(path)
    else if (entry.name.endsWith('.ts')) yield path
  }
}

const EXCEPTION = /\bregexp: \S/

/** The text of an expression made of literals, templates and names of such constants of its file; null for any other. */
function constantOf(node, constants) {
  switch (node?.type) {
    case 'StringLiteral':
      return node.value
    case 'TSAsExpression':
      return constantOf(node.expression, constants)
    case 'Identifier':
      return constants.get(node.name) ?? null
    case 'BinaryExpression': {
      const [left, right] = [constantOf(node.left, constants), constantOf(node.right, constants)]
      return node.operator === '+' && left !== null && right !== null ? left + right : null
    }
    case 'TemplateLiteral': {
      const parts = node.quasis.flatMap((quasi, index) => [
        quasi.value.cooked,
        index < node.expressions.length ? constantOf(node.expressions[index], constants) : '',
      ])
      return parts.includes(null) ? null : parts.join('')
    }
    default:
      return null
  }
}

const isNode = (value) => typeof value === 'object' && value !== null && typeof value.type === 'string'
const children = (node) => Object.entries(node).flatMap(([key, value]) => (key.endsWith('omments') ? [] : [value].flat().filter(isNode)))

/** Whether a comment above the statement, the list entry or the property that holds the pattern excuses it, or one on its line. */
const isExcused = (trail, line, comments) => {
  const starts = trail.map((node) => node.loc.start.line)
  return comments.some(
    ({ value, loc }) => EXCEPTION.test(value) && (loc.start.line === line || starts.some((start) => loc.end.line === start - 1)),
  )
}

/** Every pattern of a file: literals, and `new RegExp` of constants. What is built of other things has `source: null`. */
function patternsOf(path) {
  const { program, comments } = parse(readFileSync(path, 'utf8'), { sourceType: 'module', plugins: ['typescript'] })
  const constants = new Map()
  const found = []
  const visit = (node, trail) => {
    const line = node.loc.start.line
    const add = (source, flags) => found.push({ path, line, source, flags, excused: isExcused([...trail, node], line, comments) })
    if (node.type === 'VariableDeclarator' && node.id.type === 'Identifier') {
      const value = constantOf(node.init, constants)
      if (value !== null) constants.set(node.id.name, value)
    }
    if (node.type === 'RegExpLiteral') add(node.pattern, node.flags)
    const isCall = node.type === 'NewExpression' || node.type === 'CallExpression'
    if (isCall && node.callee.name === 'RegExp') {
      add(constantOf(node.arguments[0], constants), constantOf(node.arguments[1], constants) ?? '')
    }
    for (const child of children(node)) visit(child, [...trail.slice(-3), node])
  }
  visit(program, [])
  return found
}

const files = positionals.length > 0 ? positionals : [...sources(join(root, 'src'))]
const patterns = files.flatMap(patternsOf)
let bad = 0
const seen = new Map()
for (const { path, line, source, flags, excused } of patterns) {
  if (excused) continue
  const place = `${relative(root, path)}:${line}`
  if (source === null) {
    bad += 1
    console.log(`${place}: built when it runs, nobody can look at it: say why its text is short (\`regexp: …\`)`)
    continue
  }
  const key = `${flags}/${source}`
  // `y` and `g` only say where to begin; a sticky pattern is one anchored.
  const checked = flags.includes('y') ? `^(?:${source})` : source
  if (!seen.has(key)) {
    seen.set(key, await check(checked, flags.replace(/[gydv]/g, ''), { timeout: TIMEOUT_MILLISECONDS, checker: 'automaton' }))
  }
  const result = seen.get(key)
  if (result.status === 'safe') {
    if (options.all) console.log(`${place}: ${result.complexity?.summary ?? 'safe'}`)
    continue
  }
  bad += 1
  console.log(
    `${place}: ${result.status === 'unknown' ? `not known (${result.error?.kind})` : result.complexity?.summary} /${source}/${flags}`,
  )
}
console.log(`${patterns.length} patterns, ${bad} worse than linear or not known`)
process.exitCode = bad === 0 ? 0 : 1
