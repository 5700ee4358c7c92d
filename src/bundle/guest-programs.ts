import table from '../../nix/suites/fstests/programs.json' with { type: 'json' }

/**
 * What a guest is made of, by name: only what fstests and its helpers call (fstests' README, and the `*_PROG` variables of
 * its common/config). The table (nix/suites/fstests/programs.json) names for each program the packages of Debian and of
 * nixpkgs; a guest needs no package manager and no service manager.
 */
interface TablePackage {
  /** Debian's package, and Ubuntu's; null where there is none. */
  readonly debian: string | null
  /** Attribute path in nixpkgs, and the outputs to take; null where there is none or another serves. */
  readonly nixpkgs: string | null
  readonly outputs?: readonly string[]
  /** Why a set has it not. */
  readonly why?: string
  /** Words: without these no suite can run. */
  readonly required?: string
  /** Words: taken where they are; a test that needs a missing one declines by name. */
  readonly optional?: string
}

const packages: readonly TablePackage[] = table.packages

/** Without these no suite can run; their absence is an error that names the Debian package. */
export const REQUIRED_PROGRAMS: readonly string[] = packages.flatMap(({ required }) => words(required))

/** Taken where the host has them; a test that needs a missing one declines (`notrun`) by name. */
export const OPTIONAL_PROGRAMS: readonly string[] = packages.flatMap(({ optional }) => words(optional))

/** Programs fstests knows that no guest of ours has, and why. */
export const ABSENT_PROGRAMS: ReadonlyMap<string, string> = new Map(table.absent.map(({ program, why }) => [program, why]))

/** Debian's packages of the table: those without which no suite runs, or all. */
export function debianPackages(which: 'required' | 'all'): readonly string[] {
  const wanted = packages.filter(({ required }) => which === 'all' || words(required).length > 0)
  return wanted.flatMap(({ debian }) => debian ?? [])
}

/** The Debian package with a program; null where Debian has none, or the table does not know it. */
export function debianPackageOf(program: string): string | null {
  const holds = ({ required, optional }: TablePackage) => [...words(required), ...words(optional)].includes(program)
  return packages.find(holds)?.debian ?? null
}

/** Libraries no program names but fstests' own compiled helpers, or the C library at run time, open. */
export const EXTRA_LIBRARIES: readonly string[] = [
  // pthread_exit and pthread_cancel load it by name.
  'libgcc_s.so.1',
  'libnss_files.so.2',
  ...words('libaio.so.1 libaio.so.1t64 libacl.so.1 libattr.so.1 libuuid.so.1 libcap.so.2 libgdbm.so.6 libgdbm_compat.so.4'),
  ...words('libcrypto.so.3 libssl.so.3 liburing.so.2 libhandle.so.1 libbtrfs.so.0 libbtrfsutil.so.1 libdl.so.2 librt.so.1'),
  ...words('libpthread.so.0 libm.so.6 libblkid.so.1'),
]

/** Files and trees beside the programs. Missing ones are skipped. */
export const DATA_PATHS: readonly string[] = [
  '/etc/mke2fs.conf',
  // `stdbuf` preloads it.
  '/usr/libexec/coreutils/libstdbuf.so',
  '/etc/xattr.conf',
  '/usr/share/xfsprogs',
  '/usr/share/awk',
  '/usr/lib/locale/C.utf8',
  // What `man` reads, and the pages tests look at: those of the programs under test.
  ...words('/etc/manpath.config /usr/lib/man-db /usr/libexec/man-db /usr/share/groff /etc/groff /usr/lib/groff'),
]

/** Manual pages: directories, and the names taken out of them. */
export const MANUAL_PAGES = { directories: words('/usr/share/man/man5 /usr/share/man/man8'), name: /^(xfs|mkfs\.xfs|fsck\.xfs)/ }

/** Of a Perl library directory: documentation, headers and the large tables of East Asian encodings and collation. */
export const PERL_SKIPPED = /(^|\/)(pod|CORE|Unicode\/Collate|Encode\/(CN|JP|KR|TW))(\/|$)|\.(pod|a|h|ld)$/

/** Of glibc's conversions (gconv), which are eight megabytes: all but its index and the DOS code page that mkfs.vfat names files by. */
export const CONVERSIONS_SKIPPED = /\/(?!IBM850\.so$)[^/]*\.so$/ // regexp: a path of this machine

/** Of Python's library directory: what is for building, testing and drawing, and packages of the distribution. */
export const PYTHON_SKIPPED =
  /(^|\/)(test|tests|idlelib|tkinter|turtledemo|lib2to3|ensurepip|pydoc_data|distutils|dist-packages|site-packages|__pycache__|config-[^/]*)(\/|$)|\.(a|h|pyc)$/

function words(text = ''): readonly string[] {
  return text === '' ? [] : text.split(' ')
}
