import { acceleratorRequestSchema } from '../domain/accelerator.js'
import type { Architecture } from '../domain/bundle.js'
import type { CoverageRequest } from '../domain/coverage.js'
import { UserError } from '../domain/errors.js'
import type {
  BundleSource,
  DumpWhen,
  FailOn,
  Inputs,
  KernelOverride,
  KernelTreeChoice,
  LostTests,
  NixInputs,
  UploadPolicy,
} from '../domain/inputs.js'
import { parseShardNumber } from '../domain/shards.js'
import type { SuiteName } from '../domain/test.js'
import { withoutTrailing } from '../domain/without-trailing.js'
import { suites } from '../suites/index.js'
import { INPUTS, type InputSpecification } from './specification.js'

/** Raw values by input name; absent and '' mean the default. */
export type RawInputs = Readonly<Record<string, string | undefined>>

/**
 * Reads every input at once into one typed object.
 * @throws UserError that lists every problem with the input's name, the value and what is allowed
 */
export function parseInputs(face: Inputs['face'], raw: RawInputs): Inputs {
  const problems: string[] = []
  const known = new Map(INPUTS.map((specification) => [specification.name, specification]))
  for (const name of Object.keys(raw)) if (!known.has(name)) problems.push(`\`${name}\` is not an input.`)
  const values = new Map(INPUTS.map((s) => [s.name, normalise(s, raw[s.name] ?? '', problems)]))
  const reader = new Reader(values)
  problems.push(...contradictions(reader))
  if (problems.length > 0) {
    const heading = problems.length === 1 ? '' : `${problems.length} problems with the inputs:\n- `
    const list = heading + problems.join('\n- ')
    throw new UserError(list, face === 'action' ? 'Correct the `with:` block of the step.' : 'See `vmtest run --help`.')
  }
  return assemble(face, reader)
}

/** The value in its canonical spelling, or the default with a problem noted. */
function normalise(specification: InputSpecification, given: string, problems: string[]): string {
  const value = given.trim()
  if (value === '') return specification.default
  const refuse = (allowed: string) => {
    problems.push(`\`${specification.name}\` is \`${value}\`; allowed: ${allowed}.`)
    return specification.default
  }
  switch (specification.kind) {
    case 'text':
    case 'list':
      return value
    case 'boolean':
      // GitHub's own spellings (core.getBooleanInput), nothing else.
      if (/^(true|True|TRUE)$/.test(value)) return 'true'
      if (/^(false|False|FALSE)$/.test(value)) return 'false'
      return refuse('true, false')
    case 'words': {
      const strange = value.split(/[\s,]+/).filter((word) => !specification.choices.includes(word))
      return strange.length === 0 ? value : refuse(`one or more of ${specification.choices.join(', ')}`)
    }
    case 'choice':
      return specification.choices.includes(value) ? value : refuse(specification.choices.join(', '))
    case 'integer': {
      if (specification.auto && value === 'auto') return value
      const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
      if (number >= specification.minimum && number <= specification.maximum) return String(number)
      return refuse(`${specification.auto ? 'auto, or ' : ''}a whole number from ${specification.minimum} to ${specification.maximum}`)
    }
  }
}

class Reader {
  constructor(private readonly values: ReadonlyMap<string, string>) {}

  text(name: string): string {
    const value = this.values.get(name)
    if (value === undefined) throw new Error(`\`${name}\` is not in the table of inputs`)
    return value
  }

  optional(name: string): string | null {
    return this.text(name) === '' ? null : this.text(name)
  }

  list(name: string): readonly string[] {
    return this.text(name)
      .split(/[\s,]+/)
      .filter((word) => word !== '')
  }

  flag(name: string): boolean {
    return this.text(name) === 'true'
  }

  count(name: string): number {
    return Number(this.text(name))
  }

  countOrAuto(name: string): number | 'auto' {
    return this.text(name) === 'auto' ? 'auto' : this.count(name)
  }
}

/** Inputs that are right alone and wrong together. */
function contradictions(reader: Reader): readonly string[] {
  const problems: string[] = []
  if (reader.optional('bundle') !== null && reader.optional('flake') !== null)
    problems.push('`bundle` and `flake` are both given; choose one.')
  const named = reader.optional('flake') ?? reader.optional('bundle') ?? 'offline'
  if (reader.text('architecture') !== 'auto' && named !== 'offline')
    problems.push(`\`architecture\` is given beside \`${named}\`, which says its own; it is for \`bundle: offline\`.`)
  const tree = reader.optional('kernel-tree')
  if (tree !== null && tree !== 'none' && reader.optional('kernel') !== null)
    problems.push('`kernel-tree` and `kernel` are both given; choose one.')
  if (tree === 'none' && reader.list('kconfig').length > 0) problems.push('`kconfig` is given, but `kernel-tree` is `none`.')
  if (reader.optional('kernel') !== null && reader.list('kconfig').length > 0)
    problems.push('`kconfig` is given, but `kernel` is built already.')
  for (const name of ['modules', 'vmlinux'])
    if (reader.optional(name) !== null && reader.optional('kernel') === null) problems.push(`\`${name}\` is given without \`kernel\`.`)
  const chosen = reader.list('suite')
  for (const name of Object.keys(treesOf(reader)))
    if (chosen.length > 0 && !chosen.includes(name)) problems.push(`\`${name}\` is given, but \`suite\` is \`${chosen.join(' ')}\`.`)
  const shard = reader.optional('shard')
  if (shard !== null && parseShardNumber(shard) === null)
    problems.push(`\`shard\` is \`${shard}\`; allowed: a number and how many there are, such as 3/8.`)
  if (shard === null && reader.optional('shard-plan') !== null) problems.push('`shard-plan` is given without `shard`.')
  if (reader.flag('dump-always') && reader.text('dump') === 'never')
    problems.push('`--dump` and `--dump-when never` are both given; choose one.')
  const sha256 = reader.optional('nix-tarball-sha256')
  if (reader.optional('nix-tarball-url') !== null && sha256 === null)
    problems.push('`nix-tarball-url` is given without `nix-tarball-sha256`.')
  if (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)) problems.push('`nix-tarball-sha256` is not 64 hexadecimal digits.')
  return problems
}

function assemble(face: Inputs['face'], reader: Reader): Inputs {
  return {
    face,
    bundle: bundleSource(reader),
    kernel: kernelOverride(reader),
    kernelTree: kernelTreeChoice(reader),
    kernelConfig: reader.optional('kernel-config'),
    kconfig: reader.list('kconfig'),
    trees: treesOf(reader),
    kselftestTargets: reader.list('kselftest-targets'),
    suites: [...new Set(reader.list('suite'))],
    localConfig: reader.optional('local-config'),
    selection: {
      sections: reader.list('sections'),
      groups: reader.list('groups'),
      excludeGroups: reader.list('exclude-groups'),
      tests: reader.list('tests'),
      excludeFiles: reader.list('exclude-files'),
      expectationFiles: reader.list('expectations'),
    },
    shard: parseShardNumber(reader.text('shard')),
    shardPlan: reader.optional('shard-plan'),
    accelerator: acceleratorRequestSchema.parse(reader.text('accelerator')),
    vms: reader.countOrAuto('vms'),
    memoryMiB: reader.countOrAuto('memory'),
    diskSizeMiB: reader.countOrAuto('disk-size'),
    cpusPerVm: reader.countOrAuto('cpus'),
    timeoutMinutes: reader.count('timeout-minutes'),
    testTimeoutSeconds: reader.countOrAuto('test-timeout-seconds'),
    rerunFailed: reader.count('rerun-failed'),
    // Checked against the table above; the table and the type are held together by a test.
    failOn: reader.text('fail-on') as FailOn,
    lostTests: reader.text('lost-tests') as LostTests,
    acceptFailures: reader.flag('accept-failures'),
    matrix: reader.text('matrix'),
    baseline: reader.optional('baseline'),
    abProof: reader.flag('ab-proof'),
    baseBundle: reader.optional('base-bundle'),
    emulationTuning: reader.flag('emulation-tuning'),
    keep: reader.flag('keep'),
    dumpWhen: reader.flag('dump-always') ? 'always' : (reader.text('dump') as DumpWhen),
    // Who asks for a dump at the terminal wants to look at it.
    dumpArtifact: reader.flag('dump-artifact') || reader.flag('dump-always'),
    coverage: coverageRequest(reader),
    changedTests: null,
    keepGoing: reader.flag('keep-going'),
    outputDirectory: reader.text('output'),
    cache: reader.text('cache') !== 'false',
    cacheWrites: reader.text('cache') !== 'read',
    retentionDays: reader.count('retention-days'),
    upload: reader.text('upload') as UploadPolicy,
    artifactName: reader.text('artifact-name'),
    nix: {
      version: reader.optional('nix-version'),
      tarballUrl: reader.optional('nix-tarball-url'),
      tarballSha256: reader.optional('nix-tarball-sha256'),
      extraConf: reader.text('nix-extra-conf'),
      substituters: reader.list('substituters'),
      trustedPublicKeys: reader.list('trusted-public-keys'),
      ccache: reader.text('ccache') as NixInputs['ccache'],
      ccacheMaxMiB: reader.count('ccache-max-mib'),
    },
  }
}

/** Null: nothing is counted. */
function coverageRequest(reader: Reader): CoverageRequest | null {
  const ofChange = reader.text('coverage') === 'change' || reader.flag('coverage-change')
  const directories = reader.list('coverage-of').map((name) => withoutTrailing(name.replace(/^(?:\.\/+)+/, ''), '/'))
  return ofChange || directories.length > 0 ? { ofChange, directories: [...new Set(directories)], upstream: null } : null
}

/** The trees that are given, each in the input of its suite's name. */
function treesOf(reader: Reader): Readonly<Record<SuiteName, string>> {
  const named = Object.values(suites).filter(({ tree }) => tree !== null)
  return Object.fromEntries(named.flatMap(({ name }) => (reader.optional(name) === null ? [] : [[name, reader.text(name)]])))
}

function bundleSource(reader: Reader): BundleSource {
  const bundle = reader.optional('bundle')
  const asked = reader.text('architecture')
  const architecture = asked === 'auto' ? {} : { architecture: asked as Architecture }
  if (bundle === 'offline' || (asked !== 'auto' && bundle === null)) return { kind: 'offline', ...architecture }
  if (bundle !== null) return { kind: 'path', path: bundle }
  return { kind: 'flake', flake: reader.text('flake'), attribute: reader.text('attribute'), impure: reader.flag('impure') }
}

function kernelTreeChoice(reader: Reader): KernelTreeChoice {
  const directory = reader.optional('kernel-tree')
  if (directory === null) return { kind: 'auto' }
  return directory === 'none' ? { kind: 'none' } : { kind: 'tree', directory }
}

function kernelOverride(reader: Reader): KernelOverride | null {
  const image = reader.optional('kernel')
  if (image === null) return null
  const [modules, vmlinux, config] = [reader.optional('modules'), reader.optional('vmlinux'), reader.optional('kernel-config')]
  return { image, ...(modules && { modules }), ...(vmlinux && { vmlinux }), ...(config && { config }) }
}
