// Runs every section of nix/sections for real, one after the other, and says what came of it.
//   VMTEST_KERNEL=bzImage VMTEST_KERNEL_CONFIG=.config VMTEST_FSTESTS=xfstests-dev npm run sections -- [--write] [SECTION…]
// VMTEST_BUNDLE is the guest (`offline`), VMTEST_MODULES the kernel's modules, VMTEST_SECTION_RUNS where the runs go
// (.vmtest/sections), VMTEST_SECTION_OPTIONS further words for `vmtest run` (`--vms 1`),
// VMTEST_SECTION_NOTE what else it was run with (`btrfs-progs 6.19`). `--write` notes the results in nix/sections/tried.json, from which docs/reference/sections.md is made.
// Tests are nix/sections/trials.json's: `tests` have to pass, `declines` have to be notrun because of the section's options.
// A section whose kernel or guest lacks something is refused by name; that is a result too. So is what `refusal` (a regular expression)
// expects mkfs to say where it is too old. Exit code 1 where anything else happens.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const { env } = process
const words = process.argv.slice(2)
const wanted = words.filter((word) => word !== '--write')
const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
const triedFile = `${root}nix/sections/tried.json`
const trials = read(`${root}nix/sections/trials.json`).sections
const known = read(`${root}nix/sections/sections.json`).sections.map(({ name }) => name)

for (const name of ['VMTEST_KERNEL', 'VMTEST_KERNEL_CONFIG', 'VMTEST_FSTESTS']) {
  if (env[name] === undefined) usage(`${name} is not set.`)
}
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0) usage(`there is no section ${unknown.join(', ')}; there are: ${known.join(', ')}.`)

function usage(problem) {
  console.error(`${problem}\nusage: VMTEST_KERNEL=… VMTEST_KERNEL_CONFIG=… VMTEST_FSTESTS=… npm run sections -- [--write] [SECTION…]`)
  process.exit(2)
}

function vmtest(section, directory) {
  const { tests, declines = [] } = trials[section]
  const settings = ['--bundle', env.VMTEST_BUNDLE ?? 'offline', '--kernel', env.VMTEST_KERNEL, '--kernel-config', env.VMTEST_KERNEL_CONFIG]
  if (env.VMTEST_MODULES !== undefined) settings.push('--modules', env.VMTEST_MODULES)
  const where = ['--fstests', env.VMTEST_FSTESTS, '--rerun-failed', '0', '-o', directory]
  const more = (env.VMTEST_SECTION_OPTIONS ?? '').split(' ').filter(Boolean)
  const argv = [`${root}dist/cli.js`, 'run', ...settings, ...where, ...more, '-s', section, ...tests, ...declines]
  return new Promise((done) => {
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
    child.on('close', (code) => done({ code, said }))
  })
}

/** True where the reason is one the product found by itself, or the trial knows of. */
function isExplained(section, reason) {
  const { refusal } = trials[section]
  return (
    /not set in|the guest has no |needs Linux |built as modules/.test(reason) || (refusal !== undefined && new RegExp(refusal).test(reason))
  )
}

/** What came of one section: tests by status, or why it was refused. */
function outcomeOf(section, { code, said }, directory) {
  const refused = /^vmtest: Nothing was started: section `\S+` cannot run here: (.*)$/m.exec(said)
  if (code === 2 && refused !== null) return { refused: refused[1], kind: 'refused' }
  let record
  try {
    record = read(join(directory, 'run.json'))
  } catch {
    return { kind: 'wrong', problem: said.trim().split('\n').slice(-3).join(' ') }
  }
  const [{ couldNotTest, kernelRelease }] = record.sections
  const tests = Object.fromEntries(record.tests.map(({ name, status }) => [name, status]))
  const facts = {
    kernel: kernelRelease,
    fstests: record.revisions.xfstests,
    accelerator: record.accelerator?.accelerator ?? null,
    ...(env.VMTEST_SECTION_NOTE === undefined ? {} : { note: env.VMTEST_SECTION_NOTE }),
  }
  if (couldNotTest !== null && Object.values(tests).every((status) => status === 'notreached')) {
    return isExplained(section, couldNotTest)
      ? { ...facts, refused: couldNotTest, kind: 'refused' }
      : { ...facts, kind: 'wrong', problem: couldNotTest }
  }
  const { tests: asked, declines = [] } = trials[section]
  const right = asked.every((name) => tests[name] === 'pass') && declines.every((name) => tests[name] === 'notrun')
  const reasons = record.tests
    .filter(({ status }) => status !== 'pass')
    .map(({ name, status, reason }) => `${name} ${status} ${reason ?? ''}`)
  const isClean = right && record.conclusion.kind === 'passed'
  return {
    ...facts,
    tests,
    kind: isClean ? 'ran' : 'wrong',
    ...(isClean ? {} : { problem: [record.conclusion.reason, ...reasons].join('; ') }),
  }
}

function note(section, { kind, problem, ...outcome }) {
  const tried = read(triedFile)
  const sections = { ...tried.sections, [section]: outcome }
  const ordered = Object.fromEntries(known.flatMap((name) => (sections[name] === undefined ? [] : [[name, sections[name]]])))
  writeFileSync(triedFile, `${JSON.stringify({ sections: ordered }, null, 2)}\n`)
}

let wrong = 0
for (const section of wanted.length === 0 ? known : wanted) {
  const directory = resolve(env.VMTEST_SECTION_RUNS ?? '.vmtest/sections', section)
  rmSync(directory, { recursive: true, force: true })
  const started = Date.now()
  const outcome = outcomeOf(section, await vmtest(section, directory), directory)
  const seconds = Math.round((Date.now() - started) / 1000)
  const tests = Object.entries(outcome.tests ?? {}).map(([name, status]) => `${name} ${status}`)
  console.log(`${section}: ${outcome.kind} (${seconds} s) ${outcome.refused ?? outcome.problem ?? tests.join(', ')}`)
  if (outcome.kind === 'wrong') wrong += 1
  else if (words.includes('--write')) note(section, outcome)
}
process.exitCode = wrong === 0 ? 0 : 1
