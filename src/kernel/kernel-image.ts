import { Readable } from 'node:stream'
import { createGunzip, gunzipSync, constants as zlib } from 'node:zlib'
import type { Architecture } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'

export type KernelImageKind = 'bzImage' | 'arm64 Image' | 'arm64 Image.gz' | 'arm64 EFI zboot' | 'ELF vmlinux'

/** A kernel image, as its first bytes describe it. */
export interface KernelForm {
  readonly kind: KernelImageKind
  /** What it runs on; null where its first bytes do not say. */
  readonly architecture: Architecture | null
}

/** The same with its version string. */
export interface KernelImage extends KernelForm {
  /** As `uname -r` prints it. */
  readonly release: string
}

const latin1 = new TextDecoder('latin1')

/** x86's setup header: "HdrS" at 0x202, at 0x20e the offset (from 0x200) of the version string (Documentation/arch/x86/boot.rst). */
const X86_MAGIC_OFFSET = 0x202
const X86_VERSION_POINTER = 0x20e
/** arm64's header: "ARM\x64" at 0x38 (Documentation/arch/arm64/booting.rst). */
const ARM64_MAGIC_OFFSET = 0x38
/** gzip's magic, and zstd's. */
const GZIP = '\x1f\x8b'
const ZSTD = '\x28\xb5\x2f\xfd'
/**
 * EFI zboot (drivers/firmware/efi/libstub/zboot-header.S): "MZ", at 4 "zimg", then offset and size of what is packed, at 24 how.
 */
const ZBOOT_MAGIC_OFFSET = 4
const ZBOOT_PAYLOAD_POINTER = 8
const ZBOOT_COMPRESSION_OFFSET = 24
/** No kernel is longer; a file that unpacks to more is none. */
const LONGEST_IMAGE_BYTES = 512 * 1024 * 1024
/** e_machine of an ELF file. */
const ELF_MACHINES: Readonly<Record<number, Architecture>> = { 62: 'x86_64', 183: 'aarch64' }
/** What `linux_banner` begins with in an uncompressed image. */
const BANNER = 'Linux version '
const LONGEST_RELEASE = 65

function imageKind(start: Uint8Array): KernelImageKind | null {
  const at = (offset: number, length: number) => latin1.decode(start.subarray(offset, offset + length))
  if (at(X86_MAGIC_OFFSET, 4) === 'HdrS') return 'bzImage'
  if (at(ARM64_MAGIC_OFFSET, 4) === 'ARMd') return 'arm64 Image'
  if (at(0, 4) === '\x7fELF') return 'ELF vmlinux'
  if (at(0, 2) === 'MZ' && at(ZBOOT_MAGIC_OFFSET, 4) === 'zimg') return 'arm64 EFI zboot'
  if (at(0, 2) === GZIP && imageKind(unpackedStart(start)) === 'arm64 Image') return 'arm64 Image.gz'
  return null
}

/** The first bytes of what is packed; empty where it cannot be unpacked. */
function unpackedStart(packed: Uint8Array): Uint8Array {
  try {
    return gunzipSync(packed, { finishFlush: zlib.Z_SYNC_FLUSH })
  } catch {
    return new Uint8Array()
  }
}

function architectureOf(kind: KernelImageKind, start: Uint8Array): Architecture | null {
  if (kind === 'bzImage') return 'x86_64'
  if (kind !== 'ELF vmlinux') return 'aarch64'
  if (start.length < 20) return null
  return ELF_MACHINES[new DataView(start.buffer, start.byteOffset).getUint16(18, true)] ?? null
}

/** Why a kernel no QEMU takes is not taken, in words: QEMU would wait for ever without one. Null for any other. */
function refusedForm(start: Uint8Array): string | null {
  const text = (offset: number, length: number) => latin1.decode(start.subarray(offset, offset + length))
  if (text(0, 4) === ZSTD) return 'it is packed by zstd (Image.zst), which QEMU does not unpack'
  if (text(0, 2) !== 'MZ' || text(ZBOOT_MAGIC_OFFSET, 4) !== 'zimg') return null
  const compression = text(ZBOOT_COMPRESSION_OFFSET, 8).split('\0')[0]
  return compression === 'gzip' ? null : `it is an EFI zboot image packed by ${compression}, which QEMU does not unpack`
}

/** A kernel's own bytes: unpacked where it is packed. */
async function* unpacked(
  path: string,
  kind: KernelImageKind,
  start: Uint8Array,
  files: Pick<Ports['files'], 'stream'>,
): AsyncIterable<Uint8Array> {
  if (kind !== 'arm64 Image.gz' && kind !== 'arm64 EFI zboot') return yield* files.stream(path)
  const offset = kind === 'arm64 EFI zboot' ? new DataView(start.buffer, start.byteOffset).getUint32(ZBOOT_PAYLOAD_POINTER, true) : 0
  const gunzip = createGunzip()
  Readable.from(from(files.stream(path), offset))
    .on('error', (error) => gunzip.destroy(error))
    .pipe(gunzip)
  let seen = 0
  try {
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
      seen += chunk.length
      if (seen > LONGEST_IMAGE_BYTES) return
      yield chunk
    }
  } catch {
    // Cut, or followed by something else: what came before counts.
  }
}

async function* from(stream: AsyncIterable<Uint8Array>, offset: number): AsyncIterable<Uint8Array> {
  let left = offset
  for await (const chunk of stream) {
    if (left >= chunk.length) left -= chunk.length
    else {
      yield chunk.subarray(left)
      left = 0
    }
  }
}

function firstWord(text: string): string | null {
  return /^[!-~]{1,64}(?=[\s\0])/.exec(text)?.[0] ?? null
}

/** The release after the first `Linux version` that is followed by one (the format string `%s` is not). */
async function releaseFromBanner(bytes: AsyncIterable<Uint8Array>): Promise<string | null> {
  let carried = ''
  for await (const chunk of bytes) {
    const text = carried + latin1.decode(chunk)
    for (let at = text.indexOf(BANNER); at >= 0; at = text.indexOf(BANNER, at + 1)) {
      const release = firstWord(text.slice(at + BANNER.length, at + BANNER.length + LONGEST_RELEASE))
      if (release !== null && /^\d+\.\d+/.test(release)) return release
    }
    carried = text.slice(-(BANNER.length + LONGEST_RELEASE))
  }
  return null
}

/**
 * What a kernel image is, by its first bytes alone.
 * @throws UserError where the file is no kernel QEMU boots
 */
export async function readKernelForm(path: string, ports: Pick<Ports, 'files'>): Promise<KernelForm> {
  const { kind, start } = await readStart(path, ports)
  return { kind, architecture: architectureOf(kind, start) }
}

/**
 * What a kernel image is and the release it prints; all of one that is no bzImage may have to be read for it.
 * @throws UserError where the file is no kernel QEMU boots, or hides its version
 */
export async function readKernelImage(path: string, ports: Pick<Ports, 'files'>): Promise<KernelImage> {
  const { kind, start } = await readStart(path, ports)
  const release = await releaseOf(path, { kind, start }, ports)
  if (release === null)
    throw new UserError(`${path} (${kind}) does not say which release it is.`, 'Give the image as the kernel build leaves it.')
  return { kind, release, architecture: architectureOf(kind, start) }
}

interface ImageStart {
  readonly kind: KernelImageKind
  readonly start: Uint8Array
}

async function readStart(path: string, ports: Pick<Ports, 'files'>): Promise<ImageStart> {
  const start = await ports.files.readBytes(path, { offset: 0, length: 0x10000 }).catch((cause: unknown) => {
    throw new UserError(`The kernel ${path} cannot be read.`, 'Build it (`make bzImage`), or give the image that exists.', { cause })
  })
  const refused = refusedForm(start)
  if (refused !== null) throw new UserError(`${path} cannot be booted: ${refused}.`, 'Give arch/arm64/boot/Image, or Image.gz.')
  const kind = imageKind(start)
  if (kind === null) {
    throw new UserError(
      `${path} is not a kernel image: it is neither a bzImage, an arm64 Image or Image.gz, nor an ELF vmlinux.`,
      'Give arch/x86/boot/bzImage (x86_64), arch/arm64/boot/Image (aarch64) or vmlinux.',
    )
  }
  return { kind, start }
}

async function releaseOf(path: string, { kind, start }: ImageStart, { files }: Pick<Ports, 'files'>): Promise<string | null> {
  if (kind !== 'bzImage') return releaseFromBanner(unpacked(path, kind, start, files))
  const pointer = 0x200 + new DataView(start.buffer, start.byteOffset).getUint16(X86_VERSION_POINTER, true)
  return firstWord(latin1.decode(start.subarray(pointer, pointer + LONGEST_RELEASE)))
}
