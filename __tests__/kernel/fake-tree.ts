import type { Annotation } from '../../src/domain/stages.js'
import type { CommandOptions, Ports } from '../../src/ports/index.js'
import { FakeFiles } from '../bundle/fake-files.js'

export const TREE = '/work/linux'

function bzImage(version: string): Uint8Array {
  const image = new Uint8Array(0x4000)
  image.set(new TextEncoder().encode('HdrS'), 0x202)
  new DataView(image.buffer).setUint16(0x20e, 0x3000 - 0x200, true)
  image.set(new TextEncoder().encode(version), 0x3000)
  return image
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

/** A kernel tree, and a machine whose `make` configures and compiles it: `#error` in a source breaks the build, and kconfig knows a few options. */
export class FakeTree {
  readonly files = new FakeFiles({
    [`${TREE}/Kbuild`]: '',
    [`${TREE}/MAINTAINERS`]: '',
    [`${TREE}/scripts/kconfig/merge_config.sh`]: '',
    [`${TREE}/fs/xfs/Kconfig`]: 'config XFS_DEBUG\n\tbool "XFS Debugging"\n\tdepends on XFS_FS && EXPERT\n',
    [`${TREE}/fs/xfs/xfs_inode.c`]: 'int good;\n',
    '/checkout/nix/kconfig/base.config': 'CONFIG_SMP=y\n',
    ...Object.fromEntries(
      ['x86_64', 'fstests', 'hang-detection', 'debug-info', 'ext4', 'btrfs', 'f2fs', 'overlay', 'nfs', 'kasan'].map((name) => [
        `/checkout/nix/kconfig/${name}.config`,
        `CONFIG_${name.toUpperCase().replace('-', '_')}=y\n`,
      ]),
    ),
    '/checkout/nix/kconfig/xfs.config': 'CONFIG_XFS_FS=y\n',
  })
  readonly programs = new Set(['make', 'gcc', 'gcc-13', 'clang', 'flex', 'bison', 'bc'])
  readonly env: Record<string, string> = {}
  /** Every command line, as words. */
  readonly commands: string[] = []
  readonly annotations: Annotation[] = []
  readonly said: string[] = []
  compilerVersion = 'gcc (Debian 12.2.0) 12.2.0'
  /** Options kconfig drops, whatever is asked. */
  lacksLibelf = false
  readonly unmet = new Set(['CONFIG_XFS_DEBUG'])

  get ports(): Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'> {
    let seconds = 0
    return {
      files: this.files.port,
      clock: { now: () => new Date(0), monotonicSeconds: () => ++seconds, sleep: async () => undefined },
      exec: {
        which: async (program: string) => (this.programs.has(program) ? `/bin/${program}` : null),
        // A lock that is had at once.
        spawn: async () => ({
          stdin: { write: async () => undefined, end: () => undefined },
          stdout: one(new Uint8Array([10])),
          exit: Promise.resolve({ code: 0, signal: null }),
          kill: () => undefined,
        }),
        run: async (argv: readonly string[], options: CommandOptions = {}) => this.#run(argv, options),
      } as unknown as Ports['exec'],
      runner: {
        env: this.env,
        info: (text: string) => void this.said.push(text),
        warning: (text: string) => void this.said.push(`warning: ${text}`),
        debug: () => undefined,
        untrusted: (text: string) => void this.said.push(text),
        annotate: (annotation: Annotation) => void this.annotations.push(annotation),
      } as unknown as Ports['runner'],
    }
  }

  /** What `make` was asked for, in order. */
  get targets(): readonly string[] {
    return this.commands.flatMap((one) => /\bmake -C .* --output-sync=target (?:CC=.*gcc )?(.*)$/.exec(one)?.[1] ?? [])
  }

  async #run(argv: readonly string[], { onStderrLine: stderr, signal }: CommandOptions) {
    this.commands.push(argv.join(' '))
    const answer = (code: number, stdout = '') => ({ code, signal: null, stdout, stderr: '', timedOut: false })
    const words = argv.slice(Math.max(0, argv.indexOf('make')))
    switch (words[0]) {
      case 'uname':
        return answer(0, 'x86_64\n')
      case 'gcc':
        return answer(0, `${this.compilerVersion}\n`)
      case 'nproc':
        return answer(0, '4\n')
      case 'grep':
        return answer(0, `${TREE}/fs/xfs/Kconfig\n`)
      case 'sh': {
        const [output = '', , ...fragments] = words.slice(4)
        const config = `${output}/.config`
        for (const path of fragments) this.files.set(config, `${this.files.text(config) ?? ''}${this.files.text(path) ?? ''}`)
        return answer(0)
      }
      case 'make':
        if (signal?.aborted === true) return { ...answer(0), code: null, signal: 'SIGTERM' }
        return answer(this.#make(words.find((word) => word.startsWith('O='))?.slice(2) ?? '', words, stderr))
      default:
        throw new Error(`unexpected command: ${argv.join(' ')}`)
    }
  }

  #make(objects: string, words: readonly string[], stderr: ((line: string) => void) | undefined): number {
    const config = `${objects}/.config`
    if (words.includes('tinyconfig') || words.includes('defconfig')) this.files.set(config, '')
    else if (words.includes('olddefconfig')) {
      const kept = (this.files.text(config) ?? '').split('\n').filter((line) => !this.unmet.has(line.split('=')[0] ?? ''))
      this.files.set(config, kept.join('\n'))
    } else if (words.includes('modules_install')) {
      const root = words.find((word) => word.startsWith('INSTALL_MOD_PATH='))?.slice('INSTALL_MOD_PATH='.length)
      this.files.set(`${root}/lib/modules/6.18.0/modules.dep`, '')
    } else return this.#compile(objects, stderr)
    return 0
  }

  #compile(objects: string, stderr: ((line: string) => void) | undefined): number {
    if (this.lacksLibelf) {
      stderr?.(`${TREE}/tools/objtool/include/objtool/elf.h:10:10: fatal error: gelf.h: No such file or directory`)
      return 2
    }
    if ((this.files.text(`${TREE}/fs/xfs/xfs_inode.c`) ?? '').includes('#error')) {
      stderr?.(`${TREE}/fs/xfs/xfs_inode.c: In function 'xfs_iget':`)
      stderr?.(`${TREE}/fs/xfs/xfs_inode.c:1:2: error: #error broken`)
      stderr?.('    1 | #error broken')
      stderr?.('      |  ^~~~~')
      stderr?.('make[3]: *** [scripts/Makefile.build:250: fs/xfs/xfs_inode.o] Error 1')
      return 2
    }
    this.files.set(`${objects}/arch/x86/boot/bzImage`, bzImage('6.18.0 (me@host) #1'))
    this.files.set(`${objects}/include/config/kernel.release`, '6.18.0\n')
    this.files.set(`${objects}/vmlinux`, `\x7fELF${'.'.repeat(60)}Linux version 6.18.0 (me@host)`)
    if ((this.files.text(`${objects}/.config`) ?? '').includes('CONFIG_MODULES=y')) this.files.set(`${objects}/modules.order`, 'fs/x.ko\n')
    return 0
  }
}
