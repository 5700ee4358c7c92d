// The reference pages and the man page: from the commander program itself, the schemas, the sections and the kconfig fragments.
import { readdirSync, readFileSync } from 'node:fs'
import { load, root } from './bundle.mjs'

const WRITTEN = '<!-- Written by `npm run docs`; not edited by hand. -->\n'
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map((text) => (text === '' ? '–' : cell(text))).join(' | ')} |`).join('\n')
const code = (text) => (text === '' ? '' : `\`${text}\``)

async function loadProgram() {
  const { createProgram, TOOL_VERSION } = await load('src/cli/cli.ts', 'src/domain/version.ts')
  return createProgram({ toolVersion: TOOL_VERSION, stdout: { write() {} }, stderr: { write() {} } }, () => {})
}

/** One command as data: what both the page and the man page say of it. */
function describe(command, name = command.name()) {
  const help = command.createHelp()
  let whole = ''
  command.configureOutput({ writeOut: (text) => (whole += text) })
  command.outputHelp()
  const after = whole.slice(command.helpInformation().length).trim()
  return {
    name,
    usage: help.commandUsage(command),
    description: command.description(),
    arguments: help
      .visibleArguments(command)
      .map((argument) => ({ term: help.argumentTerm(argument), text: help.argumentDescription(argument) })),
    options: help.visibleOptions(command).map((option) => ({ term: option.flags, text: help.optionDescription(option) })),
    after,
  }
}

/** Its commands too, `config show` after `config`. */
function withCommandsBelow(command) {
  const below = visibleCommands(command).map((one) => describe(one, `${command.name()} ${one.name()}`))
  return [describe(command), ...below]
}

const visibleCommands = (command) =>
  command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help')

function commandLinePage({ program, commands }) {
  const section = (command) =>
    [
      `## vmtest ${command.name}\n`,
      `${command.description[0].toUpperCase()}${command.description.slice(1)}.\n`,
      `\`\`\`text\n${command.usage}\n\`\`\`\n`,
      ...(command.arguments.length === 0
        ? []
        : [
            table(
              ['Argument', 'What it is'],
              command.arguments.map(({ term, text }) => [code(term), text]),
            ),
            '',
          ]),
      table(
        ['Option', 'What it is'],
        command.options.map(({ term, text }) => [code(term), text]),
      ),
      ...(command.after === '' ? [] : [`\n\`\`\`text\n${command.after}\n\`\`\``]),
    ].join('\n')
  const contents = table(
    ['Command', 'What it does'],
    commands.map(({ name, description }) => [`[\`${name}\`](#vmtest-${name.replace(' ', '-')})`, description]),
  )
  return `${WRITTEN}
# Command line

${program.description} \`vmtest\` without a command is \`vmtest run\`. An option of \`run\` means the same in \`list\` and \`shell\`.

${contents}

\`\`\`text
${program.after}
\`\`\`

${commands.map(section).join('\n\n')}
`
}

const roff = (text) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '\\&...')
    .replaceAll('–', '\\(en')
    .replaceAll('`', '')
    .replace(/^([.'])/gm, '\\&$1')
const items = (list) => list.map(({ term, text }) => `.TP\n.B ${roff(term)}\n${roff(text)}`)

function manPage({ program, commands, version }) {
  const command = ({ name, usage, description, arguments: operands, options, after }) => [
    `.SS ${roff(name)}`,
    `.B ${roff(usage)}`,
    '.PP',
    `${roff(description[0].toUpperCase() + description.slice(1))}.`,
    ...items([...operands, ...options]),
    ...(after === '' ? [] : ['.PP', '.nf', roff(after.replace(/\n\n+/g, '\n')), '.fi']),
  ]
  const [, codes] = /Exit codes: (.*)\.$/.exec(program.after) ?? []
  if (codes === undefined) throw new Error('The help of vmtest does not end with its exit codes.')
  return [
    '.\\" Written by `npm run docs`; not edited by hand.',
    `.TH VMTEST 1 "" "kernel\\-vmtest ${version}"`,
    '.SH NAME',
    'vmtest \\- boot a virtual machine with the Linux kernel under test and run its test suites',
    '.SH SYNOPSIS',
    '.B vmtest',
    '.RI [ command ]',
    '.RI [ options ]',
    '.RI [ arguments ]',
    '.SH DESCRIPTION',
    `${roff(program.description)}`,
    'Without a command it does what',
    '.B run',
    'does.',
    '.SH COMMANDS',
    ...commands.flatMap(command),
    '.SH EXAMPLES',
    '.nf',
    roff(program.after.replace(/\n\n.*$/s, '').replace('Examples:\n', '')),
    '.fi',
    '.SH EXIT STATUS',
    ...codes.split(', ').map((each) => `.TP\n.B ${each.split(' ')[0]}\n${roff(each.split(' ').slice(1).join(' '))}`),
    '.SH FILES',
    '.TP\n.I .vmtest/runs\nwhat each run left: record, report, JUnit file and logs',
    '.TP\n.I .vmtest/history.json\nhow long each test took and how it ended, for limits and order',
    '',
  ].join('\n')
}

function typeOf(schema) {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ')
  const either = schema.oneOf ?? schema.anyOf
  if (either !== undefined) return [...new Set(either.map(typeOf))].join(' or ')
  if (schema.type === 'array') return `list of ${typeOf(schema.items)}`
  if (schema.type === 'object' && schema.additionalProperties?.type !== undefined) return `map to ${typeOf(schema.additionalProperties)}`
  return [schema.type ?? 'any'].flat().join(' or ')
}

/** What an object of several members is known by: one that was described is not described again. */
const shapeOf = ({ properties }) => (Object.keys(properties ?? {}).length < 3 ? null : JSON.stringify(properties))

/** Where an object, or what a list or a choice has of them, was described; null where it was not yet. */
function describedAt(schema, seen) {
  const either = (schema.oneOf ?? schema.anyOf)?.filter(({ type }) => type !== 'null')
  if (either !== undefined) return either.length === 1 ? describedAt(either[0], seen) : (seen.get(JSON.stringify(either)) ?? null)
  if (schema.type === 'array') return describedAt(schema.items, seen)
  const shape = shapeOf(schema)
  return shape === null ? null : (seen.get(shape) ?? null)
}

/** Each member by its path; the members of the kinds a value may have, under the kind that has them. */
function members(schema, path, seen, page) {
  const either = schema.oneOf ?? schema.anyOf
  if (either !== undefined) {
    const kinds = either.filter(({ type }) => type !== 'null')
    if (kinds.some(({ properties }) => properties !== undefined)) seen.set(JSON.stringify(kinds), `\`${path}\`${page}`)
    return either.flatMap((each) => {
      const kind = each.properties?.kind?.const
      return members(each, kind === undefined ? path : `${path}(${kind})`, seen, page)
    })
  }
  if (schema.type === 'array') return members(schema.items, `${path}[]`, seen, page)
  if (typeof schema.additionalProperties === 'object') return members(schema.additionalProperties, `${path}.*`, seen, page)
  const shape = shapeOf(schema)
  if (shape !== null) seen.set(shape, path === '' ? page.replace(/^ of /, '') : `\`${path}\`${page}`)
  return Object.entries(schema.properties ?? {}).flatMap(([name, value]) => {
    const at = path === '' ? name : `${path}.${name}`
    const needed = schema.required?.includes(name) ? 'yes' : 'no'
    const initial = value.default === undefined ? '' : `Default \`${JSON.stringify(value.default)}\`.`
    const described = describedAt(value, seen)
    const as = described === null ? '' : `Its members: ${described}.`
    const row = [code(at), typeOf(value), needed, [value.description, as, initial].filter(Boolean).join(' ')]
    return described === null ? [row, ...members(value, at, seen, page)] : [row]
  })
}

function formatsPage() {
  const seen = new Map()
  const one = (name) => {
    const schema = JSON.parse(readFileSync(`${root}schemas/${name}.schema.json`, 'utf8'))
    return `## ${schema.title}\n\nSchema: [${name}.schema.json](../../schemas/${name}.schema.json)\n\n${table(['Member', 'Type', 'Always there', 'What it is'], members(schema, '', seen, ` of ${schema.title.replace(/:.*/, '')}`))}`
  }
  return `${WRITTEN}
# Bundle, plan, selection and record

\`[]\` is each entry of a list, \`.*\` each value of a map, \`(kind)\` the members of a value of that kind. A reader takes a file with further members.

${['bundle', 'plan', 'selection', 'record'].map(one).join('\n\n')}
`
}

const NEEDS = { pmem: 'persistent memory (QEMU’s virtio-pmem)', 'nfs-server': 'a server in the guest' }

/** What the section was last run with for real (`npm run sections -- --write`). */
function triedRow(name, tried) {
  if (tried === undefined) return [code(name), 'not yet', '', '']
  const { kernel, fstests, accelerator, note, tests = {}, refused } = tried
  const with_ = [kernel && `Linux ${kernel}`, fstests && `fstests ${fstests}`, note, accelerator].filter(Boolean).join(', ')
  const of = (status) => Object.keys(tests).filter((test) => tests[test] === status)
  const declined = of('notrun').length === 0 ? '' : `; notrun, as they should: ${of('notrun').map(code).join(', ')}`
  return [
    code(name),
    with_,
    refused === undefined ? `${of('pass').length} passed` : 'refused',
    refused ?? `${of('pass').map(code).join(', ')}${declined}`,
  ]
}

function sectionsPage() {
  const tried = JSON.parse(readFileSync(`${root}nix/sections/tried.json`, 'utf8')).sections
  const { sections } = JSON.parse(readFileSync(`${root}nix/sections/sections.json`, 'utf8'))
  const disks = (section) => {
    const counts = new Map()
    for (const { role, sizeMiB } of section.disks) {
      const key = `${role} ${sizeMiB} MiB`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return [...counts].map(([key, count]) => (count === 1 ? key : `${count} × ${key}`)).join(', ')
  }
  const needs = (section) =>
    [
      ...(section.minimumKernel === undefined ? [] : [`Linux ${section.minimumKernel}`]),
      ...(section.kernelOptions ?? []).map(code),
      ...Object.keys(section.programs ?? {}).map(code),
      ...(section.needs ?? []).map((need) => NEEDS[need]),
    ].join(', ')
  const settings = (section) =>
    [
      section.mkfsOptions && `mkfs \`${section.mkfsOptions}\``,
      section.mountOptions && `mount \`${section.mountOptions}\``,
      ...Object.entries(section.environment ?? {}).map(([name, value]) => `\`${name}=${value}\``),
    ]
      .filter(Boolean)
      .join(', ')
  const rows = sections.map((each) => [code(each.name), each.description ?? '', each.fstyp, settings(each), disks(each), needs(each)])
  return `${WRITTEN}
# Sections

What the tests run under, by name: \`vmtest run -s NAME\`. A section of your own is written in fstests' local.config form and given with
\`--local-config\`. A kernel without what a section needs is refused before booting, with the reason; a guest without a program it needs, or
whose mkfs refuses its options, gives the section up as soon as it is up. What the tests ran on is held against the section: options that
were not in effect make it a section that could not be tested, never a passed one.

${table(['Section', 'What it is', 'FSTYP', 'Settings', 'Disks', 'Needs'], rows)}

## Tried

\`npm run sections\` runs each with three tests that are quick and fit it, and fills this table ([how](../howto/choose-sections.md#run-them-all)).

${table(
  ['Section', 'With', 'Result', 'Tests, or why not'],
  sections.map(({ name }) => triedRow(name, tried[name])),
)}
`
}

function kconfigPage() {
  const directory = `${root}nix/kconfig`
  const fragments = readdirSync(directory).filter((name) => name.endsWith('.config'))
  const one = (file) => {
    const lines = readFileSync(`${directory}/${file}`, 'utf8').split('\n')
    const first = lines.findIndex((line) => !line.startsWith('#'))
    const about = lines.slice(0, first).map((line) => line.replace(/^#\s?/, ''))
    const options = lines.slice(first).filter((line) => /^(CONFIG_|# CONFIG_\w+ is not set)/.test(line))
    return `## ${file.replace('.config', '')}\n\n${about.join('\n')}\n\n\`\`\`text\n${options.join('\n')}\n\`\`\``
  }
  return `${WRITTEN}
# Kernel configuration fragments

Given by name in the flake's \`kconfig\` and \`extra-kconfig\` ([arguments](../flake.md)), or merged by hand
([how, and what each costs](../../nix/kconfig/README.md)). The files are in [nix/kconfig](../../nix/kconfig).

${fragments.map(one).join('\n\n')}
`
}

/** Every generated reference file by its path below the repository. */
export async function references() {
  const program = await loadProgram()
  const all = { program: describe(program), commands: visibleCommands(program).flatMap(withCommandsBelow), version: program.version() }
  return new Map([
    ['docs/reference/command-line.md', commandLinePage(all)],
    ['docs/reference/formats.md', formatsPage()],
    ['docs/reference/sections.md', sectionsPage()],
    ['docs/reference/kconfig.md', kconfigPage()],
    ['man/vmtest.1', manPage(all)],
  ])
}
