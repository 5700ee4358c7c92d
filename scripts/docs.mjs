// Writes what is derived from src/inputs/specification.ts: action.yml's inputs and outputs, and the README's tables;
// and, from the program, the schemas, the sections and the fragments, docs/reference and the man page (scripts/reference.mjs).
// `--check` writes nothing and fails where a file is not what the table gives.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { load, root } from './bundle.mjs'
import { references } from './reference.mjs'

const specification = () => load('src/inputs/specification.ts', 'src/inputs/sub-actions.ts')

const quote = (text) => `'${text.replaceAll("'", "''")}'`

function actionYml({ INPUTS, OUTPUTS }) {
  const inputs = INPUTS.filter(({ faces }) => faces.includes('action')).map(
    (input) =>
      `  ${input.name}:\n    description: ${quote(input.description)}\n    required: false\n    default: ${quote(input.default)}\n`,
  )
  const outputs = OUTPUTS.map((output) => `  ${output.name}:\n    description: ${quote(output.description)}\n`)
  return [
    '# Inputs and outputs are written by `npm run docs` from src/inputs/specification.ts.\n',
    "name: 'kernel-vmtest'\n",
    "description: 'Build the kernel and a test VM from the repository’s flake, boot it, run fstests, report what broke'\n",
    "branding:\n  icon: 'check-circle'\n  color: 'green'\n",
    `inputs:\n${inputs.join('')}`,
    `outputs:\n${outputs.join('')}`,
    "runs:\n  using: 'node24'\n  main: 'dist/main.js'\n  post: 'dist/post.js'\n  post-if: 'always()'\n",
  ].join('\n')
}

const inputsYml = (inputs, indent = '  ') =>
  inputs
    .map(
      (input) =>
        `${indent}${input.name}:\n${indent}  description: ${quote(input.description)}\n${indent}  required: false\n${indent}  default: ${quote(input.default)}\n`,
    )
    .join('')

function subActionYml({ name, description, inputs, outputs }) {
  return [
    '# Inputs and outputs are written by `npm run docs` from src/inputs/sub-actions.ts.\n',
    `name: 'kernel-vmtest ${name}'\n`,
    `description: '${description}'\n`,
    `inputs:\n${inputsYml(inputs)}`,
    `outputs:\n${outputs.map((output) => `  ${output.name}:\n    description: ${quote(output.description)}\n`).join('')}`,
    `runs:\n  using: 'node24'\n  main: '../dist/${name}.js'\n`,
  ].join('\n')
}

/** Between `# NAME: written by npm run docs` and `# /NAME`, at the place's own indentation. */
function yamlBetween(text, name, lines) {
  const found = new RegExp(`^( *)# ${name}: written by npm run docs\\n[^]*?^ *# /${name}$`, 'm').exec(text)
  if (found === null) throw new Error(`vmtest.yml has no place for ${name}`)
  const [whole, indent] = found
  const body = lines.map((line) => (line === '' ? '' : indent + line)).join('\n')
  return text.replace(whole, () => `${indent}# ${name}: written by npm run docs\n${body}\n${indent}# /${name}`)
}

function workflowYml(text, { ALL_WORKFLOW_INPUTS, PLAN_ACTION_INPUTS, INPUTS, LEFT_OUT }) {
  const names = ALL_WORKFLOW_INPUTS.map(({ name }) => name)
  const given = ({ name }) => `${name}: \${{ inputs.${name} }}`
  const own = ALL_WORKFLOW_INPUTS.flatMap((input) => [
    `${input.name}:`,
    `  description: ${quote(input.description)}`,
    '  type: string',
    `  default: ${quote(input.default)}`,
  ])
  const toPlan = PLAN_ACTION_INPUTS.filter(({ name }) => names.includes(name)).map(given)
  const toTest = INPUTS.filter(
    ({ faces, name }) => faces.includes('action') && LEFT_OUT[name] === undefined && name !== 'artifact-name',
  ).map(given)
  return yamlBetween(yamlBetween(yamlBetween(text, 'inputs', own), 'plan', toPlan), 'test', toTest)
}

const cell = (text) => text.replaceAll('|', '\\|')

function values(input) {
  if (input.kind === 'words') return `words: ${input.choices.map((choice) => `\`${choice}\``).join(', ')}`
  if (input.kind === 'choice') return input.choices.map((choice) => `\`${choice}\``).join(', ')
  if (input.kind === 'boolean') return '`true`, `false`'
  if (input.kind === 'integer') return `${input.auto ? '`auto` or ' : ''}${input.minimum}…${input.maximum}`
  return input.kind === 'list' ? 'words, by space, comma or line' : 'text'
}

const flag = (input) => {
  if (!input.faces.includes('cli')) return '–'
  const own = input.flag?.replace(/ <.*/, '')
  return `\`${own ?? (input.kind === 'boolean' && input.default === 'true' ? `--no-${input.name}` : `--${input.name}`)}\``
}

function tables({ INPUTS, OUTPUTS }) {
  const inputs = INPUTS.filter(({ hidden }) => hidden !== true).map((i) => {
    const name = i.faces.includes('action') ? `\`${i.name}\`` : '–'
    return `| ${name} | ${flag(i)} | ${cell(i.description)} | ${values(i)} | ${i.default === '' ? '–' : `\`${i.default}\``} |`
  })
  const outputs = OUTPUTS.map((o) => `| \`${o.name}\` | ${cell(o.description)} |`)
  return {
    inputs: ['| Input | Option | What it is | Values | Default |', '| --- | --- | --- | --- | --- |', ...inputs].join('\n'),
    outputs: ['| Output | What it is |', '| --- | --- |', ...outputs].join('\n'),
  }
}

function between(text, name, body) {
  const [start, end] = [`<!-- ${name}: written by npm run docs -->`, `<!-- /${name} -->`]
  const from = text.indexOf(start)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`README.md has no place for the ${name} (${start} … ${end})`)
  return `${text.slice(0, from + start.length)}\n${body}\n${text.slice(to)}`
}

const spec = await specification()
const readme = readFileSync(`${root}README.md`, 'utf8')
const { inputs, outputs } = tables(spec)
const wanted = new Map([
  ['action.yml', actionYml(spec)],
  [
    'plan/action.yml',
    subActionYml({
      name: 'plan',
      description: 'Build the VM bundle once and share its tests out over a matrix of jobs',
      inputs: spec.PLAN_ACTION_INPUTS,
      outputs: spec.PLAN_OUTPUTS,
    }),
  ],
  [
    'merge/action.yml',
    subActionYml({
      name: 'merge',
      description: 'Join what the jobs of a matrix left into one record with one verdict',
      inputs: spec.MERGE_ACTION_INPUTS,
      outputs: spec.OUTPUTS,
    }),
  ],
  [
    'bisect/action.yml',
    subActionYml({
      name: 'bisect',
      description: 'Search for the commit that broke a test, over a matrix of jobs',
      inputs: spec.BISECT_ACTION_INPUTS,
      outputs: spec.BISECT_OUTPUTS,
    }),
  ],
  ['.github/workflows/vmtest.yml', workflowYml(readFileSync(`${root}.github/workflows/vmtest.yml`, 'utf8'), spec)],
  ['README.md', between(between(readme, 'inputs', inputs), 'outputs', outputs)],
  ...(await references()),
])
const stale = [...wanted].filter(([name, text]) => {
  try {
    return readFileSync(root + name, 'utf8') !== text
  } catch {
    return true
  }
})
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    console.error(`${stale.map(([name]) => name).join(', ')}: not what the source says. Run \`npm run docs\`.`)
    process.exit(1)
  }
} else
  for (const [name, text] of stale) {
    mkdirSync(dirname(root + name), { recursive: true })
    writeFileSync(root + name, text)
  }
