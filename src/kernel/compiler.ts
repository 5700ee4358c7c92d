import type { Ports } from '../ports/index.js'

export interface Compiler {
  /** Variables for make's command line. */
  readonly variables: readonly string[]
  /** What has to be on the path: `gcc`. */
  readonly program: string
  /** For people: `ccache gcc`. */
  readonly description: string
}

/**
 * The compiler the environment asks for, as the kernel's own Makefile reads it (Documentation/kbuild/llvm.rst), behind ccache
 * where there is one. Only a variable on make's command line wins over the Makefile, so `CC` of the environment goes there.
 */
export async function chooseCompiler(ports: Pick<Ports, 'exec' | 'runner'>): Promise<Compiler> {
  const { env } = ports.runner
  const own = env.CC ?? ''
  const program = own !== '' ? own : compilerOfMakefile(env.LLVM ?? '', env.CROSS_COMPILE ?? '')
  const cached = !/\bs?ccache\b/.test(program) && (await ports.exec.which('ccache')) !== null
  const command = cached ? `ccache ${program}` : program
  const given = own !== '' || cached
  const [named = 'gcc'] = program.split(/\s+/).filter((word) => word !== '' && !/\bs?ccache$/.test(word))
  return { variables: given ? [`CC=${command}`] : [], program: named, description: command }
}

function compilerOfMakefile(llvm: string, prefix: string): string {
  // LLVM=1, LLVM=-14 (a suffix), LLVM=/path/ (a prefix).
  if (llvm.endsWith('/')) return `${llvm}clang`
  if (llvm.startsWith('-')) return `clang${llvm}`
  return llvm === '' ? `${prefix}gcc` : 'clang'
}
