import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'

export type KernelImageKind = 'bzImage' | 'arm64 Image' | 'ELF vmlinux'

/** A kernel image, as its first bytes and its version string describe it. */
export interface KernelImage {
  readonly kind: KernelImageKind
  /** As `uname -r` prints it. */
  readonly release: string
}

const latin1 = new TextDecoder('latin1')

/** x86's setup header: "HdrS" at 0x202, at 0x20e the offset (from 0x200) of the version string (Documentation/arch/x86/boot.rst). */
const X86_MAGIC_OFFSET = 0x202
const X86_VERSION_POINTER = 0x20e
/** arm64's header: "ARM\x64" at 0x38 (Documentation/arch/arm64/booting.rst). */
const ARM64_MAGIC_OFFSET = 0x38
/** What `linux_banner` begins with in an uncompressed image. */
const BANNER = 'Linux version '
const LONGEST_RELEASE = 65

function imageKind(start: Uint8Array): KernelImageKind | null {
  const at = (offset: number, length: number) => latin1.decode(start.subarray(offset, offset + length))
  if (at(X86_MAGIC_OFFSET, 4) === 'HdrS') return 'bzImage'
  if (at(ARM64_MAGIC_OFFSET, 4) === 'ARMd') return 'arm64 Image'
  if (at(0, 4) === '\x7fELF') return 'ELF vmlinux'
  return null
}

function firstWord(text: string): string | null {
  return /^[!-~]{1,64}(?=[\s\0])/.exec(text)?.[0] ?? null
}

/** The release after the first `Linux version` that is followed by one (the format string `%s` is not). */
async function releaseFromBanner(path: string, files: Pick<Ports['files'], 'stream'>): Promise<string | null> {
  let carried = ''
  for await (const chunk of files.stream(path)) {
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
 * What a kernel image is and the release it prints.
 * @throws UserError where the file is no kernel QEMU boots, or hides its version
 */
export async function readKernelImage(path: string, ports: Pick<Ports, 'files'>): Promise<KernelImage> {
  const start = await ports.files.readBytes(path, { offset: 0, length: 0x10000 }).catch((cause: unknown) => {
    throw new UserError(`The kernel ${path} cannot be read.`, 'Build it (`make bzImage`), or give the image that exists.', { cause })
  })
  const kind = imageKind(start)
  if (kind === null) {
    throw new UserError(
      `${path} is not a kernel image: it is neither a bzImage, an arm64 Image nor an ELF vmlinux.`,
      'Give arch/x86/boot/bzImage (x86_64), arch/arm64/boot/Image (aarch64) or vmlinux.',
    )
  }
  let release: string | null
  if (kind === 'bzImage') {
    const pointer = 0x200 + new DataView(start.buffer, start.byteOffset).getUint16(X86_VERSION_POINTER, true)
    release = firstWord(latin1.decode(start.subarray(pointer, pointer + LONGEST_RELEASE)))
  } else {
    release = await releaseFromBanner(path, ports.files)
  }
  if (release === null)
    throw new UserError(`${path} (${kind}) does not say which release it is.`, 'Give the image as the kernel build leaves it.')
  return { kind, release }
}
