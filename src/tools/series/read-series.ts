import { join } from 'node:path'
import { UserError } from '../../domain/errors.js'
import type { Ports } from '../../ports/index.js'

/** One mail of a mailbox, as far as a series depends on it. */
export interface PatchMail {
  readonly path: string
  /** Without its bracketed prefix. */
  readonly subject: string
  readonly from: string
  /** Without its angle brackets. */
  readonly messageId: string | null
  /** `2` and `3` of `[PATCH v4 2/3]`; null where the prefix has no numbers. */
  readonly number: number | null
  readonly total: number | null
  /** `4` of `[PATCH v4 2/3]`; 1 where there is none. */
  readonly version: number
  readonly isReply: boolean
  /** It has a difference of its own, not a quoted one. */
  readonly hasPatch: boolean
  /** What `git format-patch --base` wrote. */
  readonly baseCommit: string | null
}

/** A series as it is to be applied. */
export interface MailedSeries {
  readonly subject: string
  readonly from: string
  readonly messageId: string | null
  /** In order. */
  readonly patches: readonly PatchMail[]
  readonly baseCommit: string | null
}

/** A mailbox of more is no series. */
const MOST_BYTES = 64 * 1024 * 1024

/**
 * Reads a mailbox, or one mail. Replies and mails without a patch are left out; of several versions the newest is taken.
 * @param directory where the mails go, one a file
 * @throws UserError where there is no patch in it, or one of the series is missing
 */
export async function readSeries(
  mailbox: string,
  directory: string,
  { exec, files }: Pick<Ports, 'exec' | 'files'>,
): Promise<MailedSeries> {
  const entry = await files.stat(await files.realPath(mailbox).catch(() => mailbox))
  if (entry?.kind === 'directory')
    throw new UserError(
      `${mailbox} is a directory.`,
      `Name an mbox file; of what \`git format-patch -o\` wrote there, \`cat ${mailbox}/*.patch >series.mbx\` makes one.`,
    )
  if (entry?.kind !== 'file')
    throw new UserError(
      `There is no mailbox at ${mailbox}.`,
      'Name an mbox file: `b4 mbox MSGID` and `git format-patch --stdout` write one.',
    )
  if (entry.sizeBytes === 0) throw new UserError(`${mailbox} is empty.`, 'Get the thread once more: `b4 mbox MSGID`.')
  if (entry.sizeBytes > MOST_BYTES)
    throw new UserError(
      `${mailbox} is no series: it has ${Math.round(entry.sizeBytes / 1024 / 1024)} MiB.`,
      'Name the mailbox of one thread.',
    )
  await files.makeDirectory(directory)
  const split = await exec.run(['git', 'mailsplit', '-b', `-o${directory}`, '--', mailbox])
  if (split.code !== 0)
    throw new UserError(
      `${mailbox} cannot be read as a mailbox: ${split.stderr.trim()}`,
      'Name an mbox file, or a patch of `git format-patch`.',
    )
  const mails = await Promise.all(
    (await files.list(directory)).map(async (name) => parseMail(join(directory, name), await files.readText(join(directory, name)))),
  )
  return chooseSeries(mails, mailbox)
}

/** The newest version's patches in order. @throws UserError */
export function chooseSeries(mails: readonly PatchMail[], mailbox: string): MailedSeries {
  const own = mails.filter(({ isReply }) => !isReply)
  const patched = own.filter(({ hasPatch, number }) => hasPatch && number !== 0)
  const version = Math.max(...patched.map((mail) => mail.version))
  const patches = inOrder(patched.filter((mail) => mail.version === version))
  const [first] = patches
  if (first === undefined)
    throw new UserError(`There is no patch in ${mailbox}.`, 'Name the mailbox of a patch series, replies and all: `b4 mbox MSGID`.')
  const missing = missingNumbers(patches)
  if (missing.length > 0) {
    const which = missing.length === 1 ? `patch ${missing[0]} is` : `patches ${missing.join(', ')} are`
    throw new UserError(`Of the ${first.total} patches in ${mailbox}, ${which} missing.`, 'Get the whole thread: `b4 mbox MSGID`.')
  }
  const cover = own.find((mail) => mail.number === 0 && mail.version === version)
  const head = cover ?? first
  return {
    subject: head.subject,
    from: head.from,
    messageId: head.messageId,
    patches,
    baseCommit: cover?.baseCommit ?? patches.find(({ baseCommit }) => baseCommit !== null)?.baseCommit ?? null,
  }
}

/** By their numbers; the later of two with one number, which is how a single patch is sent again. */
function inOrder(patches: readonly PatchMail[]): readonly PatchMail[] {
  if (patches.some(({ number }) => number === null)) return patches
  const byNumber = new Map(patches.map((patch) => [patch.number, patch]))
  return [...byNumber.values()].sort((left, right) => (left.number ?? 0) - (right.number ?? 0))
}

function missingNumbers(patches: readonly PatchMail[]): readonly number[] {
  const total = patches[0]?.total ?? null
  if (total === null || total > 1000) return []
  const numbers = new Set(patches.map(({ number }) => number))
  return Array.from({ length: total }, (_, index) => index + 1).filter((number) => !numbers.has(number))
}

const PREFIX = /^\s*\[([^\]]*)\]\s*/

/** What a mail says of itself. Its text is anyone's: it is only looked at. */
export function parseMail(path: string, text: string): PatchMail {
  const end = text.search(/\r?\n\r?\n/)
  const header = (end < 0 ? text : text.slice(0, end)).replace(/\r?\n[ \t]+/g, ' ')
  const body = end < 0 ? '' : text.slice(end)
  // regexp: a name of ours, at a line’s start; what follows always fits
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(header)?.[1]?.trim() ?? ''
  const whole = decodeWords(field('Subject'))
  const isReply = /^(?:re|aw|fwd?):/i.test(whole)
  const prefix = PREFIX.exec(whole)?.[1] ?? ''
  const numbers = /(\d{1,4})\/(\d{1,4})/.exec(prefix)
  return {
    path,
    subject: whole.replace(PREFIX, '').slice(0, 500),
    from: decodeWords(field('From'))
      .replace(/^"([^"]*)" *</, '$1 <')
      .slice(0, 300),
    messageId: /<([^<>\s]+)>/.exec(field('Message-ID'))?.[1] ?? null,
    number: numbers === null ? null : Number(numbers[1]),
    total: numbers === null ? null : Number(numbers[2]),
    version: Number(/\bv(\d{1,3})\b/i.exec(prefix)?.[1] ?? '1'),
    isReply,
    hasPatch: /^(?:diff --git |--- (?:a\/|\/dev\/null))/m.test(body) || isEncoded(header),
    baseCommit: /^base-commit: ([0-9a-f]{40,64})\s*$/m.exec(body)?.[1] ?? null,
  }
}

/** A body that has to be decoded to be looked at: git can. */
const isEncoded = (header: string): boolean => /^Content-Transfer-Encoding:\s*base64/im.test(header)

/** Words of a header that are more than ASCII (RFC 2047). */
function decodeWords(text: string): string {
  return text
    .replace(/(\?=)\s+(?==\?)/g, '$1')
    .replace(/=\?([\w-]+)\?([bq])\?([^?\s]*)\?=/gi, (word, charset: string, encoding: string, encoded: string) => {
      try {
        const bytes = encoding.toLowerCase() === 'b' ? Buffer.from(encoded, 'base64') : quotedBytes(encoded)
        return new TextDecoder(charset).decode(bytes)
      } catch {
        return word
      }
    })
}

function quotedBytes(text: string): Uint8Array {
  const plain = text.replaceAll('_', ' ').replace(/=([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return Buffer.from(plain, 'latin1')
}
