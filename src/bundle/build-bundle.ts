import { dirname, join, relative } from 'node:path'
import * as z from 'zod'
import type { Architecture, VmBundle } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import type { Built, BuiltSuite, CacheOutcome, NixEnvironment, Progress } from '../domain/stages.js'
import { type Catalogue, catalogueSchema, type SuiteName } from '../domain/test.js'
import { compilerAnnotations, readCompilerMessages } from '../kernel/compiler-messages.js'
import { type BuiltKernel, buildKernelTree, type TreeBuildRequest, targetOfMachine } from '../kernel/index.js'
import { readKernelForm } from '../kernel/kernel-image.js'
import { overrideKernel, withKernel } from '../kernel/kernel-override.js'
import { hostProgramSettings, type NixSettings } from '../nix/configuration.js'
import type { Ports } from '../ports/index.js'
import { kernelPartsOf, revisionName, suiteOf } from '../suites/index.js'
import { countedBuild, countersOf } from './counted-bundle.js'
import { fetchDistributionKernel } from './distribution-kernel.js'
import { buildGuest, type GuestBundleRequest } from './guest-bundle.js'
import { knownBuild, noteBuild } from './known-flake.js'
import { knownGuest, noteGuest } from './known-guest.js'
import { noteBundle } from './last-bundle.js'
import { type LoadedBundle, loadBundle } from './load-bundle.js'
import { type NixBuildRequest, nixBuild } from './nix-build.js'
import type { OfflineFlake } from './offline.js'
import { installSelftests, type SelftestsSource, selftestsSource } from './selftests.js'
import { suiteImage, treeRevision } from './suite-image.js'

type BuildPorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

export interface BuildRequest {
  readonly plan: Plan
  /** Null only for a bundle that is given as a directory. */
  readonly nix: NixEnvironment | null
  readonly cache: CacheOutcome
  /** Staged before the cache was asked; null for any other kind of bundle. */
  readonly offline: OfflineFlake | null
  /** This project's own checkout: the kernel options a tree is built with come from it. */
  readonly checkout: string
  /** A directory of ours that is kept between runs. */
  readonly cacheDirectory: string
  /** Further settings of Nix for a flake's build. */
  readonly settings?: NixSettings
  /** The repository: relative flake references and annotated paths start here. */
  readonly workspace: string
  /** Where the builders' whole output goes. */
  readonly logPath?: string
  /** `leave`: a kernel tree is not compiled, the bundle's own kernel stands in. */
  readonly kernelTree?: 'leave'
  /** Directories of the kernel's tree that are compiled with counters. Absent: none. */
  readonly coverageOf?: readonly string[]
  /** What a flake's kernel must be built of for that: SHA-256 by file of the tree. */
  readonly coverageSources?: Readonly<Record<string, string>>
  /** Ends the compiling of a kernel tree. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
  /** Tests of the trees that are given, where they have been read already. */
  readonly catalogues?: ReadonlyMap<SuiteName, Catalogue>
  /** Refuses what is asked for, by throwing, as soon as what it takes is known: before a kernel tree is compiled. */
  readonly check?: (known: KnownEarly) => Promise<void>
}

/** What of a bundle is known before a kernel tree is compiled. */
export interface KnownEarly {
  readonly bundle: Pick<VmBundle, 'architecture' | 'sections' | 'kernel'>
  /** Without those that are built of the kernel tree. */
  readonly suites: readonly BuiltSuite[]
}

/** A bundle with what this run built of it itself: nothing for one that was given or restored. */
export interface FreshBundle extends Built {
  /** Seconds each builder ran, by its derivation's path. */
  readonly buildTimes: ReadonlyMap<string, number>
}

interface Found {
  readonly path: string
  readonly seconds: number
  readonly times: ReadonlyMap<string, number>
}

const NOTHING_BUILT: ReadonlyMap<string, number> = new Map()

/** A suite that is not in the root image is mounted below it in the guest, under its name. */
const MOUNTED_SUITES = '/vmtest/suites'
/** What the offline builders see of the host, where it exists. */
const HOST_DIRECTORIES = ['/bin', '/sbin', '/usr', '/lib', '/lib64']

/** A dump is read through the types of structures, which the usual fragments leave out for the build's sake. */
const WITH_TYPES = { name: 'dump', text: '# CONFIG_DEBUG_INFO_REDUCED is not set\n' }

function needNix(nix: NixEnvironment | null): NixEnvironment {
  if (nix === null) throw new Error('a bundle is to be built, but no Nix environment was prepared')
  return nix
}

function needOffline(offline: OfflineFlake | null): OfflineFlake {
  if (offline === null) throw new Error('the offline bundle is to be built, but its flake was not staged')
  return offline
}

/** Warnings and errors in the tree's own files, on its lines, whether the build succeeded or not. */
async function annotate(logs: readonly { readonly lines: readonly string[] }[], workspace: string, ports: BuildPorts): Promise<void> {
  const messages = readCompilerMessages(logs.flatMap((log) => log.lines))
  const files = new Set(messages.flatMap((one) => one.file ?? []))
  const inTree = new Set<string>()
  for (const file of files) {
    if ((await ports.files.stat(`${workspace}/${file}`))?.kind === 'file') inTree.add(file)
  }
  for (const annotation of compilerAnnotations(messages, (path) => inTree.has(path))) ports.runner.annotate(annotation)
}

async function build(request: NixBuildRequest, ports: BuildPorts): Promise<Found> {
  const result = await nixBuild(request, ports)
  await annotate(result.logs, request.cwd, ports)
  if (result.kind === 'failed') throw result.error
  return { path: result.outPath, seconds: result.seconds, times: result.buildSeconds }
}

async function findBundle(request: BuildRequest, ports: BuildPorts): Promise<Found> {
  const { plan, cache, workspace } = request
  const log = request.logPath === undefined ? {} : { logPath: request.logPath }
  if (cache.bundlePath !== null) return { path: cache.bundlePath, seconds: 0, times: NOTHING_BUILT }
  await ports.files.makeDirectory(request.cacheDirectory)
  const watched = {
    ...{ keepGoing: plan.keepGoing === true, notePath: join(request.cacheDirectory, 'nix-objects.json') },
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  }
  const kept = { ...log, ...watched, outLink: `${request.cacheDirectory}/bundle-${plan.bundle.kind}` }
  switch (plan.bundle.kind) {
    case 'path':
      return { path: plan.bundle.path, seconds: 0, times: NOTHING_BUILT }
    case 'flake': {
      const { flake, attribute, impure } = plan.bundle
      const output = { flake, attribute, cwd: workspace, cacheDirectory: request.cacheDirectory }
      const asked = { nix: needNix(request.nix), impure, cwd: workspace, ...kept }
      const settings = request.settings ?? []
      const plain = { ...asked, installable: `${flake}#${attribute}`, settings }
      const directories = countedDirectories(request)
      if (directories !== null) return build(countedBuild(plain, { directories, sources: request.coverageSources ?? {} }), ports)
      const found = await (plan.kernelTree === undefined ? build(plain, ports) : findGuest({ ...asked, ...output }, ports))
      await noteBundle(output, found.path, ports)
      return found
    }
    case 'offline':
      return findOffline(request, kept, ports)
  }
}

/** What counts in a kernel that a flake builds; null: nothing. */
function countedDirectories({ plan, coverageOf }: BuildRequest): readonly string[] | null {
  return plan.bundle.kind === 'flake' && plan.kernelTree === undefined && plan.kernel === null ? (coverageOf ?? null) : null
}

type Kept = Pick<NixBuildRequest, 'logPath' | 'onProgress' | 'signal' | 'keepGoing' | 'notePath'> & { readonly outLink: string }

async function findOffline(request: BuildRequest, kept: Kept, ports: BuildPorts): Promise<Found> {
  const { directory, kernel, apt } = needOffline(request.offline)
  const nix = needNix(request.nix)
  const seen: string[] = []
  for (const path of HOST_DIRECTORIES) if ((await ports.files.stat(path)) !== null) seen.push(path)
  const settings = hostProgramSettings(seen)
  const { cacheDirectory } = request
  const of = { flake: directory, cacheDirectory, outLink: kept.outLink, by: [nix.program, nix.version, nix.config, settings] }
  const known = await knownBuild(of, ports.files)
  if (known !== null) return { path: known, seconds: 0, times: NOTHING_BUILT }
  const onDownload = () => kept.onProgress?.({ kind: 'waiting', message: `for apt to download the kernel ${kernel.release}` })
  await fetchDistributionKernel(kernel, { exec: apt, files: ports.files }, onDownload)
  kept.onProgress?.({ kind: 'waiting', message: null })
  const installable = `path:${directory}#vmtest`
  const found = await build({ nix, installable, impure: false, cwd: request.workspace, settings, ...kept }, ports)
  await noteBuild(of, found.path, ports.files)
  return found
}

async function findGuest(request: GuestBundleRequest, ports: BuildPorts): Promise<Found> {
  const known = await knownGuest(request, ports)
  if (known !== null) return { path: known, seconds: 0, times: NOTHING_BUILT }
  const found = await buildGuest(request, (part) => build(part, ports), ports)
  await noteGuest(request, found.path, ports)
  return found
}

async function findQemu(bundle: VmBundle, ports: BuildPorts): Promise<string> {
  if (bundle.qemu !== undefined && (await ports.exec.which(bundle.qemu)) !== null) return bundle.qemu
  const name = `qemu-system-${bundle.architecture}`
  const found = await ports.exec.which(name)
  if (found !== null) return found
  throw new UserError(
    bundle.qemu === undefined ? `${name} is not on PATH.` : `The bundle's QEMU (${bundle.qemu}) is not there, and ${name} is not on PATH.`,
    `Install QEMU: \`apt-get install ${bundle.architecture === 'aarch64' ? 'qemu-system-arm' : 'qemu-system-x86'}\` on Debian and Ubuntu.`,
    { kind: 'could-not-test' },
  )
}

/** A suite whose tests are in the kernel. */
async function kernelSuite(bundle: VmBundle, name: SuiteName, { files }: BuildPorts): Promise<BuiltSuite> {
  const { ofKernel } = suiteOf(name)
  if (ofKernel === undefined) throw new Error(`the suite ${name} is of no kernel`)
  return { name, guestPath: '/', image: null, source: null, catalogue: await ofKernel.enumerate(files, bundle.kernel) }
}

async function bundledSuite(loaded: LoadedBundle, name: SuiteName, ports: BuildPorts): Promise<BuiltSuite> {
  const found = loaded.bundle.suites.find((suite) => suite.name === name)
  if (found === undefined) {
    const there = loaded.bundle.suites.map((suite) => suite.name).join(', ') || 'none'
    throw new UserError(
      `The bundle ${loaded.directory} does not hold the suite \`${name}\`; it has: ${there}.`,
      suiteOf(name).image === null
        ? 'Choose another suite with `--suite`.'
        : `Give it with \`--${name}\`: ${suiteOf(name).tree ?? `a built ${name} tree.`} Or choose another suite with \`--suite\`.`,
    )
  }
  const { guestPath, source, catalogue: file } = found
  const catalogue = await bundledCatalogue({ name: found.name, source, catalogue: file }, loaded.directory, ports)
  return { name: found.name, guestPath, image: null, source: source ?? null, catalogue }
}

/** Tests as a file lists them, or as the suite's own reader finds them in its tree. */
async function bundledCatalogue(
  suite: { readonly name: SuiteName; readonly source: string | undefined; readonly catalogue: string | undefined },
  directory: string,
  ports: BuildPorts,
): Promise<Catalogue> {
  const { name, source, catalogue } = suite
  if (catalogue === undefined) {
    if (source !== undefined) return suiteOf(name).enumerate(ports.files, source)
    throw new UserError(
      `The bundle ${directory} has neither \`catalogue\` nor \`source\` of the suite \`${name}\`.`,
      'Build the bundle again.',
    )
  }
  const parsed = catalogueSchema.safeParse(await readJson(catalogue, ports))
  if (parsed.success) return parsed.data
  throw new UserError(`${catalogue} is not a test catalogue: ${z.prettifyError(parsed.error)}`, 'Build the bundle again.')
}

async function readJson(path: string, ports: BuildPorts): Promise<unknown> {
  const text = await ports.files.readText(path)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${path} is not JSON.`, 'Build the bundle again.', { cause })
  }
}

async function givenSuite(
  name: SuiteName,
  tree: string,
  { cacheDirectory, catalogues }: Pick<BuildRequest, 'cacheDirectory' | 'catalogues'>,
  ports: BuildPorts,
): Promise<BuiltSuite> {
  const source = await ports.files.realPath(tree).catch((cause: unknown) => {
    throw new UserError(`There is no ${name} tree at ${tree}.`, `Give the directory of a built or an installed ${name} tree.`, { cause })
  })
  const catalogue = catalogues?.get(name) ?? (await suiteOf(name).enumerate(ports.files, source))
  const image = await suiteImage(source, suiteOf(name).image, cacheDirectory, ports)
  return { name, guestPath: `${MOUNTED_SUITES}/${name}`, image, source, catalogue }
}

/**
 * The VM bundle the plan asks for, built or found, loaded and checked, with a kernel override and a suite tree folded in.
 * Compiler messages become annotations as soon as the build ends.
 * @throws UserError: `build-failed`, `could-not-test` (no QEMU, no kernel to be had), or `usage` for what was given wrongly
 */
export async function buildBundle(request: BuildRequest, ports: BuildPorts): Promise<FreshBundle> {
  const { plan } = request
  // What was given is checked before anything slow.
  const override = plan.kernel === null ? null : await overrideKernel(definedOnly(plan.kernel), ports)
  const given = new Map<SuiteName, BuiltSuite>()
  const selftests = await selftestsSource(plan, ports)
  for (const [name, path] of Object.entries(plan.trees)) {
    if (name === 'kselftest' && selftests !== null) continue
    given.set(name, await givenSuite(name, path, request, ports))
  }
  const wanted = request.kernelTree === 'leave' ? undefined : plan.kernelTree
  const found = await findBundle(request, ports)
  const loaded = await loadBundle(found.path, ports)
  if (wanted !== undefined) {
    const { target } = await targetOfMachine(ports)
    refuseOtherArchitecture({ bundle: loaded.bundle, kernel: target.architecture, what: `the kernel of ${wanted.directory} is built` })
  }
  const suites = new Map(given)
  const inOrder = () => plan.suites.flatMap((name) => suites.get(name) ?? [])
  // Those there are before a kernel is built.
  for (const name of plan.suites) {
    if (suites.has(name) || suiteOf(name).ofKernel !== undefined || (name === 'kselftest' && selftests !== null)) continue
    suites.set(name, await bundledSuite(loaded, name, ports))
  }
  const tree = await buildTree({ request, selftests, loaded, suites: inOrder() }, ports)
  if (selftests !== null) {
    const installed = await installSelftests(selftests, request, ports)
    const suite = await givenSuite('kselftest', installed, { cacheDirectory: request.cacheDirectory }, ports)
    given.set('kselftest', suite)
    suites.set('kselftest', suite)
  }
  const kernel = tree?.kernel ?? override
  if (kernel !== null) await refuseUnbootable(kernel.image, loaded.bundle, ports)
  const bundle = kernel === null ? loaded.bundle : withKernel(loaded.bundle, kernel)
  for (const name of plan.suites) if (!suites.has(name)) suites.set(name, await kernelSuite(bundle, name, ports))
  const counted = countedDirectories(request)
  const coverage = tree?.coverage ?? (counted === null ? null : await countersOf(loaded, counted, ports))
  const revisions: Record<string, string> = {}
  for (const { name, source } of given.values()) {
    const revision = source === null ? null : await treeRevision(source, ports)
    if (revision !== null) revisions[revisionName(name)] = revision
  }
  return {
    bundlePath: loaded.directory,
    bundle: { ...bundle, revisions: { ...bundle.revisions, ...revisions } },
    qemu: await findQemu(bundle, ports),
    suites: inOrder(),
    buildSeconds: found.seconds,
    ...(tree === null ? {} : { kernelSeconds: tree.seconds }),
    ...(coverage === null ? {} : { coverage }),
    buildTimes: found.times,
  }
}

/** Before anything is built or booted: QEMU would start with it, and say nothing for ever. */
function refuseOtherArchitecture(compared: { readonly bundle: VmBundle; readonly kernel: Architecture; readonly what: string }): void {
  const { bundle, kernel, what } = compared
  if (bundle.architecture === kernel) return
  const arch = bundle.architecture === 'aarch64' ? 'arm64' : 'x86_64'
  throw new UserError(
    `The bundle's guest is ${bundle.architecture}, and ${what} for ${kernel}.`,
    `Set \`ARCH=${arch}\` for a kernel tree (and CROSS_COMPILE), or give a kernel or a bundle of the other architecture.`,
  )
}

/** @throws UserError for a kernel of another architecture, or in a form that this QEMU does not boot, without a word of its own */
async function refuseUnbootable(image: string, bundle: VmBundle, ports: BuildPorts): Promise<void> {
  const { kind, architecture } = await readKernelForm(image, ports)
  if (architecture !== null) refuseOtherArchitecture({ bundle, kernel: architecture, what: `${image} is a kernel (${kind})` })
  if (kind !== 'arm64 EFI zboot') return
  const { stdout } = await ports.exec.run([await findQemu(bundle, ports), '--version'], { timeoutSeconds: 30 })
  const version = /version (\d+)/.exec(stdout)?.[1]
  if (version === undefined || Number(version) >= ZBOOT_QEMU) return
  throw new UserError(
    `${image} is an EFI zboot image, which QEMU boots from version ${ZBOOT_QEMU} on; this is ${version}.`,
    'Give arch/arm64/boot/Image, or Image.gz.',
  )
}

/** https://wiki.qemu.org/ChangeLog/8.0, "Arm": direct boot of EFI zboot images. */
const ZBOOT_QEMU = 8

interface TreeBuild {
  readonly request: BuildRequest
  readonly selftests: SelftestsSource | null
  readonly loaded: LoadedBundle
  readonly suites: readonly BuiltSuite[]
}

/** The kernel of the tree, where one is to be built: when the guest is there and nothing is known to stand against what is asked for. */
async function buildTree({ request, selftests, loaded, suites }: TreeBuild, ports: BuildPorts): Promise<BuiltKernel | null> {
  const { plan, check, logPath } = request
  const wanted = request.kernelTree === 'leave' ? undefined : plan.kernelTree
  if (wanted === undefined) return null
  const { bundle } = loaded
  const checkConfiguration: TreeBuildRequest['checkConfiguration'] = async ({ config, release, hasModules }) => {
    const kernel = { ...bundle.kernel, release, config }
    const { modules: _, ...withoutModules } = kernel
    await check?.({ bundle: { ...bundle, kernel: hasModules ? { ...kernel, modules: dirname(config) } : withoutModules }, suites })
  }
  const fragments = [
    ...(selftests !== null && wanted.directory === selftests.tree ? selftests.fragments : []),
    ...(plan.dumpWhen === 'always' ? [WITH_TYPES] : []),
  ]
  const parts = kernelPartsOf(plan.suites)
  const own = {
    ...{ fragments, kconfig: [...new Set([...parts.fragments, ...wanted.kconfig])], tests: parts.tests },
    ...{ keepGoing: plan.keepGoing === true, checkConfiguration },
    ...(logPath === undefined ? {} : { who: `the run ${relativeOrWhole(dirname(logPath), request.workspace)}` }),
  }
  return buildKernelTree({ ...request, ...wanted, ...own }, ports)
}

function relativeOrWhole(path: string, from: string): string {
  const below = relative(from, path)
  return below.startsWith('..') ? path : below
}

/** Optional fields that are present, as exactOptionalPropertyTypes wants them. */
function definedOnly(kernel: NonNullable<Plan['kernel']>) {
  const { image, modules, vmlinux, config } = kernel
  return {
    image,
    ...(modules === undefined ? {} : { modules }),
    ...(vmlinux === undefined ? {} : { vmlinux }),
    ...(config === undefined ? {} : { config }),
  }
}
