import { isAbsolute, join } from 'node:path'
import type { Ports } from '../ports/index.js'
import type { BundleRoots } from './partition.js'

/** The store paths a bundle names, by role, read from its vmtest.json. What cannot be read has no role. */
export async function bundleRoots(bundlePath: string, storeDirectory: string, { files }: Pick<Ports, 'files'>): Promise<BundleRoots> {
  const raw: unknown = await files
    .readText(join(bundlePath, 'vmtest.json'))
    .then((text): unknown => JSON.parse(text))
    .catch(() => null)
  const bundle = asObject(raw)
  const kernel = asObject(bundle.kernel)
  const counters = asObject(kernel.counters)
  const suites = Array.isArray(bundle.suites) ? bundle.suites.map(asObject) : []
  const at = async (values: readonly unknown[]) => {
    const paths = await Promise.all(values.map((value) => storePathOf(value, bundlePath, storeDirectory, files)))
    return [...new Set(paths.filter((path): path is string => path !== null && path !== bundlePath))]
  }
  return {
    bundle: bundlePath,
    kernel: await at([kernel.image, kernel.config, kernel.vmlinux, kernel.modules, counters.notes]),
    suite: await at([bundle.rootImage, ...suites.flatMap((suite) => [suite.catalogue, suite.source])]),
    tools: await at([bundle.initrd, bundle.qemu, counters.gcov]),
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {}
}

/** The store path a file of the bundle really lies in: a bundle may be a directory of links. */
async function storePathOf(value: unknown, bundlePath: string, storeDirectory: string, files: Ports['files']): Promise<string | null> {
  if (typeof value !== 'string') return null
  const real = await files.realPath(isAbsolute(value) ? value : join(bundlePath, value)).catch(() => null)
  if (real === null || !real.startsWith(`${storeDirectory}/`)) return null
  return join(storeDirectory, real.slice(storeDirectory.length + 1).split('/')[0] ?? '')
}
