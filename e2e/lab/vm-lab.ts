import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { loadBundle } from '../../src/bundle/index.js'
import { PLAN_VERSION, planSchema } from '../../src/domain/plan.js'
import type { RunRecord } from '../../src/domain/record.js'
import type { Section } from '../../src/domain/section.js'
import type { Built, BuiltSuite, Progress } from '../../src/domain/stages.js'
import type { Catalogue } from '../../src/domain/test.js'
import type { VmRun } from '../../src/domain/vm-run.js'
import { consoleObservers } from '../../src/pipeline/console-observers.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { buildRecord } from '../../src/results/index.js'
import { suiteOf } from '../../src/suites/index.js'
import { createStartGuest, type RunTestsOptions, runTests, suiteScale } from '../../src/vm/index.js'

/** A run of the smoke suite with real guests, judged by the real reader. */
export interface LabRun {
  readonly vmRun: VmRun
  readonly record: RunRecord
  readonly seconds: number
  /** The run's directory; removed with the lab. */
  readonly directory: string
}

export interface LabRequest {
  readonly tests: readonly string[]
  readonly section?: string
  readonly vms: number
  readonly memoryMiB?: number
  readonly testTimeoutSeconds?: number
  readonly runSeconds?: number
  /** Instead of a directory of the lab's own. */
  readonly runDirectory?: string
  readonly diskDirectory?: string
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
  /** Changes the bundle's section, for example its disks. */
  readonly adjust?: (section: Section) => Section
  readonly hostTrouble?: RunTestsOptions['hostTrouble']
  /** Instead of the bundle's. */
  readonly kernelImage?: string
  /** Dump the memory of guests that panic. */
  readonly dump?: boolean
  /** `kvm`: as if a probe had found that it works. */
  readonly accelerator?: 'kvm' | 'tcg'
}

/** A test the smoke suite does not have: a script after its `_begin_fstest` line, and what it must print. */
export interface ExtraTest {
  readonly name: string
  readonly script: string
  readonly output: string
}

export interface Lab {
  readonly directory: string
  readonly catalogue: Catalogue
  readonly built: Built
  run(request: LabRequest): Promise<LabRun>
  close(): void
}

const checkout = process.env.VMTEST_CHECKOUT ?? process.cwd()
const ports = { exec: createExec(), files: createFiles(), clock: createClock() }

/** Opens a lab on the test's own bundle, the one VMTEST_BUNDLE names, or on the one made of the host's own programs. */
export async function openLab(extraTests: readonly ExtraTest[] = [], bundleOfTest?: string): Promise<Lab> {
  const { bundle, directory: bundlePath } = await loadBundle(bundleOfTest ?? process.env.VMTEST_BUNDLE ?? buildOfflineBundle(), ports)
  const bundled = bundle.suites.find(({ name }) => name === 'smoke')
  if (bundled === undefined) throw new Error(`${bundlePath} has no smoke suite`)
  const catalogue = await suiteOf('smoke').enumerate(ports.files, bundled.source ?? '')
  const qemu = bundle.qemu ?? (await ports.exec.which(`qemu-system-${bundle.architecture}`))
  if (qemu === null) throw new Error('no QEMU')
  // Not the temporary directory: disks belong on a real file system.
  const directory = mkdtempSync('/var/tmp/vmtest-lab-')
  const bundledSuite = { name: 'smoke', guestPath: bundled.guestPath, image: null, source: bundled.source ?? null }
  const suite = extraTests.length === 0 ? bundledSuite : extendSuite(extraTests, directory)
  const extra = extraTests.map(({ name }) => ({ name, groups: [], file: `tests/${name}`, line: 1 }))
  const tests = [...catalogue.tests, ...extra]
  const built: Built = { bundlePath, bundle, qemu, suites: [{ ...suite, catalogue: { ...catalogue, tests } }], buildSeconds: 0 }
  let runs = 0
  return {
    directory,
    catalogue,
    built,
    run: async (request) => {
      const runDirectory = request.runDirectory ?? join(directory, String(++runs))
      mkdirSync(runDirectory, { recursive: true })
      return runInLab(request, built, { directory, runDirectory })
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** Builds the bundle of the host's own programs. @returns its store path */
export function buildOfflineBundle(): string {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const built = spawnSync(process.execPath, [join(checkout, 'scripts/nix-offline-bundle.mjs'), join(cache, 'kernel-vmtest')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const path = built.stdout.trim().split('\n').at(-1) ?? ''
  if (built.status !== 0 || path === '') throw new Error('the offline bundle could not be built; VMTEST_BUNDLE names another')
  return path
}

/** The smoke suite of this checkout with more tests, as an image of its own. */
function extendSuite(extraTests: readonly ExtraTest[], directory: string): Omit<BuiltSuite, 'catalogue'> {
  const source = join(directory, 'suite')
  cpSync(join(checkout, 'nix/suites/smoke'), source, { recursive: true })
  for (const { name, script, output } of extraTests) {
    const path = join(source, 'tests', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `#!/bin/bash\n. ./common/preamble\n_begin_fstest selftest\n\n${script}\n`, { mode: 0o755 })
    writeFileSync(`${path}.out`, `QA output created by ${basename(name)}\n${output}\n`)
  }
  const image = join(directory, 'suite.erofs')
  const made = spawnSync('mkfs.erofs', ['--all-root', image, source], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  return { name: 'smoke', guestPath: '/vmtest/suites/extended', image, source }
}

async function runInLab(request: LabRequest, made: Built, where: { directory: string; runDirectory: string }): Promise<LabRun> {
  const { kernel } = made.bundle
  const built = { ...made, bundle: { ...made.bundle, kernel: { ...kernel, image: request.kernelImage ?? kernel.image } } }
  const found = built.bundle.sections.find(({ suite, name }) => suite === 'smoke' && name === (request.section ?? 'xfs'))
  if (found === undefined) throw new Error(`no section ${request.section}`)
  const section = request.adjust?.(found) ?? found
  const [suite] = built.suites
  if (suite === undefined) throw new Error('the lab has a suite')
  const known = new Map(suite.catalogue.tests.map((test) => [test.name, test]))
  const tests = request.tests.map((name) => {
    const test = known.get(name)
    if (test === undefined) throw new Error(`no test ${name}`)
    return { suite: suite.name, section: section.name, name, file: test.file, line: test.line }
  })
  const accelerator =
    request.accelerator === 'kvm'
      ? ({ requested: 'auto', accelerator: 'kvm', reason: 'said to work', timeoutFactor: 1 } as const)
      : ({ requested: 'tcg', accelerator: 'tcg', reason: 'the lab runs everywhere', timeoutFactor: 10 } as const)
  const machine = {
    vms: request.vms,
    memoryMiB: request.memoryMiB ?? 512,
    cpusPerVm: 1,
    diskDirectory: request.diskDirectory ?? join(where.directory, 'disks'),
  }
  const startedAt = new Date()
  const started = ports.clock.monotonicSeconds()
  const start = createStartGuest(ports, {
    scriptsDirectory: join(checkout, 'nix/guest'),
    cacheDirectory: join(where.directory, 'cache'),
    createObserver: await consoleObservers(built.suites, tests, ports.files),
    suites: suiteOf,
  })
  const dumpPath = (guest: number) => join(where.runDirectory, 'guests', String(guest), 'memory.elf')
  const vmRun = await runTests({
    built,
    suites: suiteOf,
    sections: [section],
    tests,
    accelerator,
    scale: suiteScale(accelerator),
    startGuest: (options) => start(request.dump === true ? { ...options, dumpPath: dumpPath(options.id) } : options),
    clock: ports.clock,
    machine,
    emulationTuning: accelerator.accelerator === 'tcg',
    runDirectory: where.runDirectory,
    limits: {
      history: [],
      testTimeoutSeconds: request.testTimeoutSeconds ?? 300,
      debugFactor: 1,
      runSeconds: request.runSeconds ?? 3600,
    },
    signal: request.signal ?? new AbortController().signal,
    onProgress: request.onProgress ?? (() => undefined),
    hostTrouble: request.hostTrouble ?? (async () => null),
    keep: false,
  })
  const seconds = ports.clock.monotonicSeconds() - started
  const record = await buildRecord(ports.files, {
    toolVersion: '0.0.0',
    runId: 'lab',
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    plan: labPlan(machine, where.runDirectory),
    selection: { sections: [section], tests },
    vmRun,
    host: { os: 'Linux', architecture: 'x86_64', kernelRelease: '', cpus: 1, memoryMiB: 1 },
    accelerator,
    revisions: {},
    cache: [],
    problems: [],
    runDirectory: where.runDirectory,
    suiteSources: suite.source === null ? {} : { [suite.name]: suite.source },
  })
  return { vmRun, record, seconds, directory: where.runDirectory }
}

function labPlan(machine: { vms: number; memoryMiB: number; cpusPerVm: number }, outputDirectory: string) {
  return planSchema.parse({
    version: PLAN_VERSION,
    face: 'cli',
    bundle: { kind: 'offline' },
    kernel: null,
    suites: ['smoke'],
    trees: {},
    localConfig: null,
    selection: { sections: [], groups: [], excludeGroups: [], tests: [], excludeFiles: [], expectationFiles: [] },
    accelerator: 'tcg',
    vms: machine.vms,
    memoryMiB: machine.memoryMiB,
    cpusPerVm: machine.cpusPerVm,
    timeoutMinutes: 60,
    testTimeoutSeconds: 'auto',
    rerunFailed: 0,
    failOn: 'any',
    baseline: null,
    emulationTuning: true,
    keep: false,
    cache: false,
    upload: 'never',
    artifactName: 'lab',
    outputDirectory,
    reproduce: '',
  })
}
