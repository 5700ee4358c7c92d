import { isAbsolute, join } from 'node:path'
import { BUNDLE_VERSION, bundleSchema, type VmBundle } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import { upgradeBundle } from '../domain/upgrade/index.js'
import type { Ports } from '../ports/index.js'

/** A bundle read from disk: every path absolute and there. */
export interface LoadedBundle {
  readonly directory: string
  readonly bundle: VmBundle
}

const REBUILD = 'Build the bundle again with the flake this version of vmtest goes with (`nix flake update`).'

function parseManifest(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${path} is not JSON.`, REBUILD, { cause })
  }
}

/** A version this engine does not know is refused before anything else of the file is believed. */
function checkVersion(manifest: unknown, path: string): void {
  const version: unknown = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined
  if (version === BUNDLE_VERSION) return
  const newer = typeof version === 'number' && version > BUNDLE_VERSION
  throw new UserError(
    `${path} is a bundle of version ${JSON.stringify(version) ?? 'none'}; this vmtest reads version ${BUNDLE_VERSION}.`,
    newer ? 'Update vmtest (the action, or the checkout it runs from) to the version the flake is of.' : REBUILD,
  )
}

function validate(manifest: unknown, path: string): VmBundle {
  const parsed = bundleSchema.safeParse(manifest)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`)
  throw new UserError(`${path} does not describe a VM bundle: ${problems.join('; ')}.`, REBUILD)
}

function makeAbsolute(bundle: VmBundle, directory: string): VmBundle {
  const at = (path: string) => (isAbsolute(path) ? path : join(directory, path))
  const { config, vmlinux, modules, counters } = bundle.kernel
  return {
    ...bundle,
    kernel: {
      release: bundle.kernel.release,
      image: at(bundle.kernel.image),
      ...(config === undefined ? {} : { config: at(config) }),
      ...(vmlinux === undefined ? {} : { vmlinux: at(vmlinux) }),
      ...(modules === undefined ? {} : { modules: at(modules) }),
      ...(counters === undefined ? {} : { counters: { ...counters, notes: at(counters.notes) } }),
    },
    initrd: at(bundle.initrd),
    rootImage: at(bundle.rootImage),
    suites: bundle.suites.map(({ source, catalogue, ...suite }) => ({
      ...suite,
      ...(catalogue === undefined ? {} : { catalogue: at(catalogue) }),
      ...(source === undefined ? {} : { source: at(source) }),
    })),
  }
}

interface NamedPath {
  readonly name: string
  readonly path: string | undefined
}

/** Every path a bundle names, under the name it has in vmtest.json. QEMU is looked for apart: the host's may serve. */
function namedPaths(bundle: VmBundle): readonly NamedPath[] {
  const { kernel } = bundle
  return [
    { name: 'kernel.image', path: kernel.image },
    { name: 'kernel.config', path: kernel.config },
    { name: 'kernel.vmlinux', path: kernel.vmlinux },
    { name: 'kernel.modules', path: kernel.modules },
    { name: 'kernel.counters.notes', path: kernel.counters?.notes },
    { name: 'initrd', path: bundle.initrd },
    { name: 'rootImage', path: bundle.rootImage },
    ...bundle.suites.map((suite) => ({ name: `suites.${suite.name}.catalogue`, path: suite.catalogue })),
    ...bundle.suites.map((suite) => ({ name: `suites.${suite.name}.source`, path: suite.source })),
  ]
}

/**
 * Reads a VM bundle: a directory with vmtest.json, or that file itself.
 * @throws UserError naming the file, and the version, field or missing path at fault
 */
export async function loadBundle(path: string, ports: Pick<Ports, 'files'>): Promise<LoadedBundle> {
  const given = await ports.files.realPath(path).catch((cause: unknown) => {
    throw new UserError(`There is no VM bundle at ${path}.`, 'Give the directory that holds vmtest.json.', { cause })
  })
  const directory = given.endsWith('/vmtest.json') ? given.slice(0, -'/vmtest.json'.length) : given
  const file = join(directory, 'vmtest.json')
  const text = await ports.files.readText(file).catch((cause: unknown) => {
    throw new UserError(`${directory} is not a VM bundle: it has no vmtest.json.`, 'Give the directory that holds vmtest.json.', { cause })
  })
  const manifest = upgradeBundle(parseManifest(text, file))
  checkVersion(manifest, file)
  const bundle = makeAbsolute(validate(manifest, file), directory)
  for (const { name, path: named } of namedPaths(bundle)) {
    if (named !== undefined && (await ports.files.stat(named)) === null) {
      throw new UserError(
        `${file}: ${name} is ${named}, which does not exist.`,
        'Build the bundle again, or copy it with its whole closure.',
      )
    }
  }
  return { directory, bundle }
}
