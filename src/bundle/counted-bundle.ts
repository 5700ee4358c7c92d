import { join } from 'node:path'
import { compiledInSchema } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { BuiltCounters } from '../domain/stages.js'
import { requirePlainDirectory } from '../kernel/index.js'
import type { Ports } from '../ports/index.js'
import type { LoadedBundle } from './load-bundle.js'
import type { NixBuildRequest } from './nix-build.js'

/** What of a flake's kernel is to count. */
export interface Counting {
  /** Directories of its source, relative to it. */
  readonly directories: readonly string[]
  /** Files of the tree the directories were chosen in, and their SHA-256: the kernel's source must have them so. */
  readonly sources: Readonly<Record<string, string>>
}

/** The variable nix/lib/coverage.nix reads. One string of the environment is at most 128 KiB (execve(2), MAX_ARG_STRLEN). */
const VARIABLE = 'KERNEL_VMTEST_COVERAGE'
const MOST_SOURCES = 500

/**
 * The build of a flake's bundle whose kernel counts: its attribute `counted` (nix/lib/vm-test.nix), which is told by a variable what. An installable
 * names a value and calls no function; and by `--expr` a relative reference would be another flake than on the command line (builtins.getFlake).
 * @throws UserError for a name that is no directory's
 */
export function countedBuild(request: NixBuildRequest, { directories, sources }: Counting): NixBuildRequest {
  for (const directory of directories) requirePlainDirectory(directory)
  const compared = Object.fromEntries(Object.entries(sources).slice(0, MOST_SOURCES))
  return {
    ...request,
    installable: `${request.installable}.counted`,
    impure: true,
    variables: { [VARIABLE]: JSON.stringify({ directories, files: compared }) },
    // The link to the bundle as it is stays.
    ...(request.outLink === undefined ? {} : { outLink: `${request.outLink}-counted` }),
  }
}

/**
 * What the counters of such a bundle's kernel are read with.
 * @throws UserError (`could-not-test`) where the bundle does not say it
 */
export async function countersOf(
  { bundle, directory }: LoadedBundle,
  directories: readonly string[],
  { files }: Pick<Ports, 'files'>,
): Promise<BuiltCounters> {
  const { counters } = bundle.kernel
  const text = counters === undefined ? '' : await files.readText(join(counters.notes, 'compiled-in.json')).catch(() => '')
  const compiledIn = compiledInSchema.safeParse(parsed(text))
  if (counters === undefined || !compiledIn.success) {
    throw new UserError(`The kernel of the bundle ${directory} does not say how its counters are read.`, 'Build the bundle again.', {
      kind: 'could-not-test',
    })
  }
  return { ...compiledIn.data, notes: counters.notes, directories, gcov: counters.gcov }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
