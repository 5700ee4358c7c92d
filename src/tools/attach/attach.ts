import { join } from 'node:path'
import * as z from 'zod'
import { UserError } from '../../domain/errors.js'
import { isRunning } from '../../pipeline/run-process.js'
import type { ByteChannel, Ports } from '../../ports/index.js'
import { ATTACH_FILE, TAKEN } from '../../vm/index.js'

/** A guest with a terminal that can be attached to. */
export interface AttachableGuest {
  readonly run: string
  readonly id: number
  /** The suite and section it serves: `xfs_4k`. */
  readonly section: string
  readonly socket: string
}

const attachSchema = z.object({ socket: z.string() })
const guestSchema = z.looseObject({ section: z.string() })

/** The guests of a run that are up. */
export async function attachableGuests(run: string, { files }: Pick<Ports, 'files'>): Promise<readonly AttachableGuest[]> {
  const guests: AttachableGuest[] = []
  for (const name of await files.list(join(run, 'guests')).catch(() => [])) {
    const read = (file: string) => files.readText(join(run, 'guests', name, file)).catch(() => 'null')
    const point = attachSchema.safeParse(JSON.parse(await read(ATTACH_FILE)))
    const guest = guestSchema.safeParse(JSON.parse(await read('guest.json')))
    if (point.success) guests.push({ run, id: Number(name), section: guest.success ? guest.data.section : '', socket: point.data.socket })
  }
  return guests.sort((a, b) => a.id - b.id)
}

/**
 * The guest a person means: the one named, or the only one that is up.
 * @param runs directories of runs, the last one first
 * @throws UserError naming those there are
 */
export async function chooseGuest(runs: readonly string[], vm: number | null, ports: Pick<Ports, 'files'>): Promise<AttachableGuest> {
  const guests: AttachableGuest[] = []
  for (const run of runs) if (await isRunning(run, ports.files)) guests.push(...(await attachableGuests(run, ports)))
  if (guests.length === 0) {
    throw new UserError(
      'No guest is up that could be attached to.',
      'Start tests (`vmtest run …`) and attach from another terminal while they run; `vmtest shell` boots a guest without tests.',
    )
  }
  const meant = vm === null ? guests : guests.filter(({ id }) => id === vm)
  const [guest] = meant
  if (guest !== undefined && meant.length === 1) return guest
  const names = guests.map(({ id, section, run }) => `${id} (${section}, ${run})`).join(', ')
  throw new UserError(
    guest === undefined ? `There is no VM ${vm}.` : `${meant.length} guests are up.`,
    `Name one with \`--vm NUMBER\` (and its run with \`--run\`): ${names}.`,
  )
}

export interface TerminalOptions {
  readonly input: AsyncIterable<Uint8Array>
  readonly write: (bytes: Uint8Array) => void
  readonly hello: { readonly rows: number; readonly columns: number; readonly term: string }
  readonly signal: AbortSignal
}

/** Ctrl-]: leaves, as telnet has it. */
const LEAVE = 0x1d
/** How long the guest may take to say what it has to, after what is to be typed has come to its end, in seconds. */
const LINGER_SECONDS = 3

/**
 * Connects a terminal with a guest's until either ends, or the person leaves.
 * @throws UserError where another person is there
 */
export async function converse(
  channel: ByteChannel,
  { input, write, hello, signal }: TerminalOptions,
  { clock }: Pick<Ports, 'clock'>,
): Promise<void> {
  const over = new AbortController()
  const end = () => channel.close()
  signal.addEventListener('abort', end, { once: true })
  // Where it is taken the other end may have left already; why is there to be read.
  await channel.write(`attach ${hello.rows} ${hello.columns} ${hello.term}\n`).catch(() => undefined)
  void forward(input, channel, over.signal)
    // Of a terminal that is let go while it is waited for.
    .catch(() => true)
    .then(async (left) => {
      if (!left) await clock.sleep(LINGER_SECONDS, over.signal)
      channel.close()
    })
  try {
    for await (const chunk of channel) {
      if (Buffer.from(chunk).toString('latin1').startsWith(TAKEN)) {
        throw new UserError('Somebody is attached to this guest already.', 'They leave with Ctrl-]; another guest is chosen with `--vm`.', {
          kind: 'could-not-test',
        })
      }
      write(chunk)
    }
  } finally {
    over.abort()
    channel.close()
    signal.removeEventListener('abort', end)
  }
}

/** @returns true where the person left; false where there is no more to type: the shell is then told to end */
async function forward(input: AsyncIterable<Uint8Array>, channel: ByteChannel, over: AbortSignal): Promise<boolean> {
  for await (const chunk of input) {
    if (over.aborted) return true
    const at = chunk.indexOf(LEAVE)
    await channel.write(at < 0 ? chunk : chunk.subarray(0, at)).catch(() => undefined)
    if (at >= 0) return true
  }
  // A terminal's end of file.
  await channel.write('\u0004').catch(() => undefined)
  return false
}
