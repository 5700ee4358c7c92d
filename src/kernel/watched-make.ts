import { join } from 'node:path'
import type { Progress } from '../domain/stages.js'
import type { Ports } from '../ports/index.js'
import { openBuildLog } from './build-log.js'
import { ErrorScreen } from './error-screen.js'
import { type MakeOutcome, type MakeSetting, make, makeCommand } from './make.js'
import { noteObjects, ObjectCount, objectsNoted, objectsToMake } from './object-count.js'

type MakePorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

/** How a build is watched. */
export interface Watching {
  /** For people: `the kernel in ~/linux`. */
  readonly what: string
  /** Where make's whole output goes, line by line. */
  readonly logPath?: string
  /** False: what make does elsewhere is ended when a program has failed and its errors are shown. */
  readonly keepGoing: boolean
  /** Where it is noted how many objects a build from nothing made. Absent: nothing is learned from. */
  readonly notePath?: string
  readonly onProgress: (progress: Progress) => void
}

export interface WatchedOutcome extends MakeOutcome {
  /** True where the rest of make was ended because a program had failed. */
  readonly ended: boolean
}

/** Selftests are built by other makefiles, which name no objects: `make -n` would tell nothing of them. */
const COUNTED = /Image$|^vmlinux$/

/** A build that is over before this, in seconds, needs no count of what is left; make takes some time to say it. */
const ASK_AFTER_SECONDS = 3
/** A message whose further lines do not come for this long, in seconds, is shown as it is. */
const REST_SECONDS = 0.5
/** Progress is told this often at most, in seconds. */
const EVERY_SECONDS = 0.2
/** In the object directory: a build was made to its end there. */
const COMPLETE = 'vmtest-complete'

/**
 * `make` that a person watches: the log grows from its first line, objects are counted, the first error is shown when the compiler says it, and
 * then the rest of make is ended.
 */
export async function watchedMake(
  setting: MakeSetting,
  targets: readonly string[],
  watching: Watching,
  ports: MakePorts,
): Promise<WatchedOutcome> {
  const { clock, files, runner } = ports
  const log = await openBuildLog(watching.logPath, files)
  const fromNothing = (await files.stat(join(setting.objects, COMPLETE))) === null
  const count = new ObjectCount(fromNothing ? await objectsNoted(watching.notePath, files) : null)
  const screen = new ErrorScreen((lines) => runner.untrusted(lines.join('\n')))
  const failed = new AbortController()
  const over = new AbortController()
  const signal = setting.signal === undefined ? failed.signal : AbortSignal.any([setting.signal, failed.signal])
  const tell = tellNowAndThen(count, watching, clock)
  tell()
  let asked = false
  const onLine = (line: string) => {
    log.append(`make> ${line}\n`)
    screen.feed(line)
    if (screen.failed && !watching.keepGoing) failed.abort()
    if (screen.pending) void clock.sleep(REST_SECONDS, over.signal).then(() => screen.flush())
    if (!count.feed(line, clock.monotonicSeconds())) return
    tell()
    if (asked || count.done === 0 || !targets.some((target) => COUNTED.test(target))) return
    asked = true
    void askWhatIsLeft({ ...setting, signal: over.signal }, targets, count, ports).catch(() => undefined)
  }
  try {
    const goOn = watching.keepGoing ? ['--keep-going'] : []
    const outcome = await make({ ...setting, signal }, [...goOn, ...targets], ports, onLine)
    screen.flush()
    if (outcome.succeeded) await learn(fromNothing, count, { setting, watching }, files)
    return { ...outcome, ended: failed.signal.aborted }
  } finally {
    over.abort()
    watching.onProgress({ kind: 'build', what: watching.what, counted: null })
    await log.close()
  }
}

function tellNowAndThen(count: ObjectCount, { what, onProgress }: Watching, clock: Ports['clock']): () => void {
  let told = Number.NEGATIVE_INFINITY
  return () => {
    const now = clock.monotonicSeconds()
    if (now - told < EVERY_SECONDS) return
    told = now
    onProgress({ kind: 'build', what, counted: count.counted })
  }
}

/** `make -n` beside the build, as the last to get a processor: how many objects it would make from here on. */
async function askWhatIsLeft(setting: MakeSetting, targets: readonly string[], count: ObjectCount, ports: MakePorts): Promise<void> {
  await ports.clock.sleep(ASK_AFTER_SECONDS, setting.signal)
  const [setpriv, nice] = [await ports.exec.which('setpriv'), await ports.exec.which('nice')]
  const prefix = [...(nice === null ? [] : [nice, '-n', '19']), ...(setpriv === null ? [] : [setpriv, '--pdeathsig', 'TERM'])]
  if (setting.signal?.aborted === true) return
  const begun = count.done
  // The lock is not taken: the build itself holds it, and nothing is written.
  const { stdout, signal } = await ports.exec.run([...makeCommand({ ...setting, prefix, jobs: 1 }, ['-n', ...targets])], {
    env: { ...definedOnly(ports.runner.env), ...setting.environment, LC_ALL: 'C' },
    timeoutSeconds: 300,
    ...(setting.signal === undefined ? {} : { signal: setting.signal }),
  })
  const left = objectsToMake(stdout)
  // It reads directory after directory, while the build goes on: of what was made meanwhile it saw about half.
  if (signal === null && left > 0) count.expect(Math.max(0, left - Math.round((count.done - begun) / 2)))
}

function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

async function learn(
  fromNothing: boolean,
  count: ObjectCount,
  { setting, watching }: { readonly setting: MakeSetting; readonly watching: Watching },
  files: Ports['files'],
): Promise<void> {
  if (!fromNothing) return
  await files.write(join(setting.objects, COMPLETE), '')
  await noteObjects(watching.notePath, count.done, files)
}
