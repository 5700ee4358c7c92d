// A QEMU without a machine: a program that speaks the guest's side over the sockets it inherits, and ends each test as the kernel
// says, or `fates.json` beside it. Bundled to one file by branch-world.ts.
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { fates, type GuestChannel, type GuestSide, playGuest } from '../../__tests__/vm/fakes/play-guest.js'

const MEBIBYTE = 1024 * 1024
/** What a test prints that is more than anybody should read twice (e2e/bounded). */
const huge: Readonly<Record<string, (name: string) => string>> = {
  blanks: (name) => `${name}       ${' '.repeat(2 * MEBIBYTE)}x\n`,
  flood: (name) => `${name}       ${`${' '.repeat(2000)}x\n`.repeat(32 * 1024)}`,
}

if (process.argv.includes('--version')) {
  process.stdout.write('QEMU emulator version 9.0.0\n')
  process.exit(0)
}

function channel(id: string): GuestChannel & { readonly socket: Socket } {
  const descriptor = process.argv
    .map((word) => new RegExp(`^socket,id=${id},fd=(\\d+)$`).exec(word)?.[1])
    .find((found) => found !== undefined)
  if (descriptor === undefined) throw new Error(`no channel ${id} in ${process.argv.join(' ')}`)
  const socket = new Socket({ fd: Number(descriptor), readable: true, writable: true })
  const written: string[] = []
  socket.on('data', (bytes) => void written.push(bytes.toString('utf8')))
  socket.on('error', () => undefined)
  return { written, socket, say: (text) => void socket.write(text) }
}

/** A kernel may say at its end what becomes of tests under it: `fates {"generic/001":"fail"}`. */
function ofKernel(): Record<string, string> {
  const image = process.argv[process.argv.indexOf('-kernel') + 1] ?? ''
  return JSON.parse(/\nfates (\{.*\})\n$/.exec(readFileSync(image, 'latin1'))?.[1] ?? '{}')
}

const beside = JSON.parse(readFileSync(join(dirname(process.argv[1] ?? ''), 'fates.json'), 'utf8')) as Record<string, string>
const kernel = ofKernel()
const channels = { console: channel('console'), control: channel('control'), results: channel('results'), output: channel('output') }
const guest: GuestSide = {
  ...channels,
  die: ({ code }) => {
    const ended = Object.values(channels).map(({ socket }) => new Promise<void>((resolve) => socket.end(() => resolve())))
    void Promise.all(ended).then(() => process.exit(code ?? 1))
  },
}
/** Said once: what becomes of a test is asked for again at the batch's end. */
const sent = new Set<string>()
await playGuest(guest, (name) => {
  const fate = kernel[name] ?? beside[name] ?? 'pass'
  if (fate === 'open-cdata' && !sent.has(name)) guest.results.say(openCdata(name))
  sent.add(name)
  return fate in fates ? fates[fate as keyof typeof fates](name) : (huge[fate]?.(name) ?? fates.pass(name))
})

/** A result.xml as the guest sends files: base64, 76 characters a line. */
function openCdata(name: string): string {
  const xml = `<?xml version="1.0"?>\n<testsuite section="xfs"><testcase name="${name}" time="1"><system-out><![CDATA[${'a]]'.repeat(1.5 * MEBIBYTE)}`
  const lines =
    Buffer.from(xml)
      .toString('base64')
      .match(/.{1,76}/g) ?? []
  return `F xfs/result.xml\n${lines.join('\n')}\n.\n`
}
