// `npm run e2e:gitea -- --gitea PROGRAM --source DIR --runner PROGRAM`: the committed dist on a real Gitea and its runner, twice
// (README.md beside this file). By hand and as root: the store of each run is a mount of its own.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Gitea, GiteaRunner, until } from './server.mjs'

const project = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')
const MINUTES = 60
const { values } = parseArgs({
  options: { gitea: { type: 'string' }, source: { type: 'string' }, runner: { type: 'string' }, keep: { type: 'boolean', default: false } },
})
for (const option of ['gitea', 'source', 'runner']) {
  if (values[option] === undefined || !existsSync(values[option])) {
    console.error(`e2e:gitea: --${option} names nothing that is there. README.md beside this script says how each is had.`)
    process.exit(2)
  }
}
if (process.getuid() !== 0) {
  console.error('e2e:gitea: this needs root: the store of each run is a mount of its own.')
  process.exit(2)
}

const WORKFLOW = `on: [push]
jobs:
  smoke:
    runs-on: e2e
    steps:
      - uses: eco/kernel-vmtest@v1
        with:
          bundle: offline
          accelerator: tcg
          suite: smoke
          sections: ext4
`
const git = (cwd, ...argv) =>
  execFileSync('git', ['-c', 'user.name=e2e', '-c', 'user.email=e2e@example.org', '-C', cwd, ...argv], { stdio: 'pipe' })

/** A repository of these files, pushed as `main` and, where given, as a tag. */
async function push(gitea, work, name, fill, tag) {
  const directory = join(work, `push-${name}`)
  mkdirSync(directory)
  await fill(directory)
  git(directory, 'init', '-q', '-b', 'main')
  git(directory, 'add', '-A')
  git(directory, 'commit', '-qm', name)
  git(directory, 'remote', 'add', 'origin', await gitea.repository(name))
  if (tag !== undefined) git(directory, 'tag', tag)
  git(directory, 'push', '-q', 'origin', 'main', ...(tag === undefined ? [] : [tag]))
  return directory
}

async function publishActions(gitea, work) {
  const committed = (directory) => {
    const archive = execFileSync('git', ['-C', project, 'archive', 'HEAD'], { maxBuffer: 1 << 30 })
    execFileSync('tar', ['-x', '-C', directory], { input: archive })
  }
  await push(gitea, work, 'kernel-vmtest', committed, 'v1')
}

/** The workflow's run of a number, when it has ended. */
async function ended(gitea, number) {
  return until(`run ${number}`, 30 * MINUTES, async () => {
    const { workflow_runs: runs = [] } = await gitea.get('/repos/eco/linux/actions/runs')
    return runs.find((run) => run.run_number === number && run.status === 'completed')
  })
}

/** The artifact of a run, unpacked. @returns its size as downloaded, and the record in it */
async function artifactOf(gitea, run, directory) {
  const { artifacts } = await gitea.get(`/repos/eco/linux/actions/runs/${run.id}/artifacts`)
  if (artifacts.length !== 1) throw new Error(`run ${run.run_number} has ${artifacts.length} artifacts, not one`)
  const zip = Buffer.from(await (await gitea.request(`/repos/eco/linux/actions/artifacts/${artifacts[0].id}/zip`)).arrayBuffer())
  mkdirSync(directory)
  writeFileSync(`${directory}.zip`, zip)
  execFileSync('unzip', ['-q', `${directory}.zip`, '-d', directory])
  const record = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8'))
  return { name: artifacts[0].name, bytes: zip.length, record }
}

async function logOf(gitea, run) {
  const { jobs } = await gitea.get(`/repos/eco/linux/actions/runs/${run.id}/jobs`)
  return (await gitea.request(`/repos/eco/linux/actions/jobs/${jobs[0].id}/logs`)).text()
}

/** One run on a machine whose store is empty. */
async function oneRun({ gitea, runner, work }, number) {
  runner.start(number)
  try {
    const run = await ended(gitea, number)
    const log = await logOf(gitea, run)
    writeFileSync(join(work, `run-${number}.log`), log)
    const { name, bytes, record } = await artifactOf(gitea, run, join(work, `artifact-${number}`))
    const report = execFileSync('node', [join(project, 'dist/cli.js'), 'report', join(work, `artifact-${number}`)], { encoding: 'utf8' })
    const layers = record.cache.map(({ layer, outcome }) => `${layer} ${outcome}`).join(', ')
    console.log(`run ${number}: ${run.conclusion}; the record says ${record.conclusion.kind}: ${record.conclusion.reason}`)
    console.log(`  cache: ${layers}`)
    console.log(`  artifact ${name}: ${bytes} bytes; vmtest report reads it: ${report.trimEnd().split('\n').pop()}`)
    return { run, log, record }
  } finally {
    runner.stop()
  }
}

/** What is wrong with two runs, in words; nothing where all is well. */
function faults(first, second) {
  const wrong = []
  const check = (right, words) => right || wrong.push(words)
  for (const [name, { run, record }] of Object.entries({ first, second })) {
    check(
      run.conclusion === 'success' && record.conclusion.kind === 'passed',
      `the ${name} run is ${run.conclusion}, its record ${record.conclusion.kind}`,
    )
    check(
      record.tests.length > 0 && record.tests.every(({ status }) => ['pass', 'notrun'].includes(status)),
      `a test of the ${name} run did not pass`,
    )
  }
  const outcome = ({ record }, layer) => record.cache.filter((entry) => entry.layer === layer).map((entry) => entry.outcome)
  check(outcome(first, 'kernel').includes('saved'), 'the first run saved no kernel')
  for (const layer of ['index', 'kernel', 'suite', 'tools'])
    check(outcome(second, layer)[0] === 'hit', `the second run's ${layer}: ${outcome(second, layer)}`)
  check(!/^.*\bbuilding (linux|vmtest)-/m.test(second.log), 'the second run built something')
  check(second.record.compared !== undefined, 'the second run found no baseline')
  return wrong
}

const work = mkdtempSync(join(tmpdir(), 'vmtest-gitea-'))
const gitea = await Gitea.open({ work, binary: values.gitea, source: values.source })
let wrong = ['it did not get so far']
try {
  await publishActions(gitea, work)
  const runner = GiteaRunner.register({ work, binary: values.runner, gitea })
  const tree = await push(gitea, work, 'linux', (directory) => {
    mkdirSync(join(directory, '.gitea/workflows'), { recursive: true })
    writeFileSync(join(directory, '.gitea/workflows/vmtest.yml'), WORKFLOW)
  })
  const place = { gitea, runner, work }
  const first = await oneRun(place, 1)
  git(tree, 'commit', '-q', '--allow-empty', '-m', 'again')
  git(tree, 'push', '-q', 'origin', 'main')
  wrong = faults(first, await oneRun(place, 2))
} finally {
  gitea.stop()
  if (values.keep || wrong.length > 0) console.log(`e2e:gitea: logs are below ${work}`)
  else rmSync(work, { recursive: true, force: true })
}
console.log(`e2e:gitea: ${wrong.length === 0 ? 'as it should be' : wrong.join('; ')}`)
process.exit(wrong.length === 0 ? 0 : 1)
