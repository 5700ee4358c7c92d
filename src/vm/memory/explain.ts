import { join } from 'node:path'
import { lastLine } from '../../domain/errors.js'
import type { Exec } from '../../ports/index.js'
import { GUEST_USER } from '../qemu/rights.js'
import { EXPLAIN_ENVIRONMENT } from './find-drgn.js'

/** What is kept of an explanation, in bytes. */
export const EXPLANATION_BYTES = 10 * 1024
/** It takes under one processor second; a memory made to be endless costs no more than this. */
const CPU_SECONDS = 30
const WALL_SECONDS = 120
/** The memory and vmlinux are mapped; drgn's index of a distribution's kernel takes a third of a gigabyte. */
const ADDRESS_MIB = 4096

export interface ExplainRequest {
  /** A Python that has drgn. */
  readonly python: string
  /** This project's own checkout: the script is in nix/host. */
  readonly checkout: string
  /** The dumped memory. */
  readonly memory: string
  readonly memoryMiB: number
  readonly vmlinux: string
  /** Files of modules with debug information, by name (`xfs`). */
  readonly modules?: ReadonlyMap<string, string>
  readonly signal?: AbortSignal
}

/** The text, or why there is none. Both are others' words. */
export type Explanation = { readonly kind: 'explained'; readonly text: string } | { readonly kind: 'failed'; readonly reason: string }

/**
 * Lets drgn say what a dumped memory tells. Memory and vmlinux are the pull request's: they are handed over open, to a process that gives
 * up files, programs, network and rights before it reads them (nix/host/confine.py), with limits of time, memory and output.
 */
export async function explainMemory(request: ExplainRequest, { exec }: { readonly exec: Pick<Exec, 'run'> }): Promise<Explanation> {
  const modules = [...(request.modules ?? [])]
  const words = {
    memory: 3,
    vmlinux: 4,
    modules: Object.fromEntries(modules.map(([name], index) => [name, 5 + index])),
    user: GUEST_USER,
    cpuSeconds: CPU_SECONDS,
    addressMiB: ADDRESS_MIB + 2 * request.memoryMiB,
    outputBytes: EXPLANATION_BYTES,
  }
  const script = join(request.checkout, 'nix/host/explain.py')
  const ended = await exec
    .run([request.python, '-B', script, JSON.stringify(words)], {
      env: EXPLAIN_ENVIRONMENT,
      cwd: '/',
      dieWithParent: 'SIGKILL',
      timeoutSeconds: WALL_SECONDS,
      maxBufferBytes: 8 * EXPLANATION_BYTES,
      files: [
        { path: request.memory, access: 'read' },
        { path: request.vmlinux, access: 'read' },
        ...modules.map(([, path]) => ({ path, access: 'read' }) as const),
      ],
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    })
    .catch((error: unknown) => String(error))
  if (typeof ended === 'string') return { kind: 'failed', reason: ended }
  if (ended.code === 0 && ended.stdout.trim() !== '') return { kind: 'explained', text: ended.stdout.slice(0, EXPLANATION_BYTES).trimEnd() }
  if (ended.timedOut) return { kind: 'failed', reason: `drgn did not end within ${WALL_SECONDS} s` }
  const how = ended.signal === null ? `status ${ended.code}` : ended.signal
  return { kind: 'failed', reason: `drgn ended with ${how}: ${lastLine(ended.stderr).slice(0, 300)}` }
}
