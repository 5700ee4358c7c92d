import type { Section } from '../domain/section.js'
import { isEnabled, type KernelConfig } from './dot-config.js'

/** The options a section cannot do without that a kernel has neither built in nor as a module. */
export function missingOptions(section: Section, config: KernelConfig): readonly string[] {
  return section.kernelOptions.filter((name) => !isEnabled(config, name))
}

/** What is known of a kernel before it boots. */
export interface KnownKernel {
  /** As `uname -r` prints it. */
  readonly release: string
  /** Null where the kernel came without its configuration: options cannot be checked then. */
  readonly config: KernelConfig | null
  /** True where its modules came with it. */
  readonly hasModules: boolean
}

/** Why a section cannot run on a kernel, one phrase a reason; empty where nothing is known to stand in the way. */
export function sectionObstacles(section: Section, kernel: KnownKernel): readonly string[] {
  const reasons: string[] = []
  const { minimumKernel } = section
  if (minimumKernel !== undefined && isOlder(kernel.release, minimumKernel)) {
    reasons.push(`it needs Linux ${minimumKernel} or newer, and the kernel is ${kernel.release}`)
  }
  const missing = kernel.config === null ? [] : missingOptions(section, kernel.config)
  if (missing.length > 0) reasons.push(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not set in this kernel`)
  const modules = kernel.hasModules ? [] : section.kernelOptions.filter((name) => kernel.config?.get(name) === 'm')
  if (modules.length > 0)
    reasons.push(`${modules.join(', ')} ${modules.length === 1 ? 'is' : 'are'} built as modules, which the kernel came without`)
  return reasons
}

/** Compares major and minor numbers; a release without them (never seen) is not older. */
function isOlder(release: string, minimum: string): boolean {
  const [major, minor] = numbersOf(release)
  const [wantedMajor, wantedMinor] = numbersOf(minimum)
  if (major === null || wantedMajor === null) return false
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor)
}

function numbersOf(release: string): readonly [number, number] | readonly [null, 0] {
  const match = /^(\d+)\.(\d+)/.exec(release)
  return match === null ? [null, 0] : [Number(match[1]), Number(match[2])]
}
