// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
import type { Frame } from '../domain/kernel-report.js'
import { demangle } from './demangle.js'

/** What one line of a report says about where the kernel was. */
export type TraceLine =
  | {
      readonly kind: 'frame'
      readonly frame: Frame
      readonly name: string
      readonly reliable: boolean
      readonly interruptEnd: boolean
      /** Old kernels print `<IRQ>` and `<EOI>` before a frame. */
      readonly marked: boolean
      /** 32-bit ARM names both ends of a call in one line. */
      readonly callee?: string
    }
  | { readonly kind: 'ip'; readonly frame: Frame; readonly name: string }
  /** The kernel's instruction pointer stood in no function. */
  | { readonly kind: 'void' }
  /** `stack` opens the report's own stack; `elsewhere` one of another time: where memory was allocated or freed, say. */
  | { readonly kind: 'heading'; readonly of: 'stack' | 'elsewhere' }
  /** The end of an interrupt's part of the stack: what follows is what was interrupted. */
  | { readonly kind: 'interrupt-end' }

/** A function as the compiler names it, or as a tool that demangles does: `<tank::Pump as tank::Drain>::run`. */
const NAME = "(?:[A-Za-z_$.][\\w.$]*|(?=[^+]{0,300}::)[A-Za-z_<][\\w<>:,&*' ()[\\]{}#~$.;=-]{0,300})"
const SYMBOL = `(${NAME})\\+0x([0-9a-f]+)/0x([0-9a-f]+)`
const ADDRESSES = '(?:\\(?\\[<?(?:0x)?[0-9a-f]+>?\\]\\s{0,8}){0,2}'
const MARKER = '(<EOI>|</?[A-Z#]+>)?\\s{0,8}'
// No two neighbours that both take white space: a guest could print a line that takes its cube in time.
const FRAME = new RegExp(`^${MARKER}${ADDRESSES}(\\? )?(?:Caller\\[[0-9a-f]+\\]: )?(?:\\d+:)?${SYMBOL}(.*)$`)
/** 32-bit ARM: `[<80114ee4>] (foo) from [<8010f000>] (bar+0x10/0x14)`, later ` foo from bar+0x10/0x14`. */
const ARM_FRAME = new RegExp(
  `^\\s*(?:\\[<[0-9a-f]+>\\] )?\\(?([A-Za-z_$.][\\w.$]*)(?:\\+0x[0-9a-f]+/0x[0-9a-f]+)?\\)? from (?:\\[<[0-9a-f]+>\\] )?\\(?${SYMBOL}`,
)
const INLINE_FRAME = /^\s*(?:\[<\s*inline\s*>\]\s*)?(\? )?([A-Za-z_$][\w.$]*) ([\w./-]+\.(?:c|h|S|rs)):(\d+)( \[inline\])?$/
/** The words before the instruction pointer, on whatever machine: x86, arm, arm64, riscv, powerpc, sparc, parisc, loongarch, mips. */
const POINTER = '(?:[RE]?IP|NIP|TPC|ERA|PC|IAOQ\\[0\\]|(?:EIP|PC|pc|ip) is at)(?:\\s{0,3}:)?\\s{1,8}'
const INSTRUCTION_POINTERS = [
  new RegExp(`(?:^|\\s)${POINTER}(?:[0-9a-f]{4}:)?\\s{0,8}(?:\\[<?[0-9a-f]+>?\\]\\s{0,8}){0,2}(?:[0-9a-f]{8,16} {1,8})?<?${SYMBOL}(.*)$`),
  new RegExp(`^\\s*(?:pc|epc)\\s{0,8}: {1,8}(?:[0-9a-f]{1,16} {1,8})?${SYMBOL}(.*)$`),
  new RegExp(`^--- interrupt: [0-9a-f]+ at ${SYMBOL}(.*)$`),
  new RegExp(`^Krnl PSW : .*\\(${SYMBOL}(.*)$`),
]
const VOID_POINTER =
  /(?:^|\s)(?:R?IP|NIP|EIP|PC is at|pc ): ?(?:0010:)?(?:0x[0-9a-f]+$|(?:\[<[0-9a-f]+>\] +)?\[< *\(null\)>\] +\(null\)|[0-9a-f]{4}: +\(null\))/
/*
 * What scripts/decode_stacktrace.sh makes of a frame: the function, then the places, the innermost inlined one first, then
 * the module: `veth_xmit (drivers/net/veth.c:312 drivers/net/veth.c:379) veth`, `RIP: 0010:netif_rx (net/core/dev.c:5116) `.
 */
const PLACE = '[^\\s():]+:(?:\\d+|\\?)(?: \\(discriminator \\d+\\))?'
const DECODED = new RegExp(`^${MARKER}${ADDRESSES}(\\? )?(${NAME}) \\((${PLACE}(?: ${PLACE}){0,40})\\)(?: \\[?([\\w-]+)\\]?)?\\s*$`)
const DECODED_POINTER = new RegExp(
  `(?:^|\\s)(?:${POINTER}|e?pc\\s{0,8}: +)(?:[0-9a-f]{4}:)?(${NAME}) \\((${PLACE}(?: ${PLACE}){0,40})\\)(?: \\[?([\\w-]+)\\]?)?\\s*$`,
)
const DECODED_HINT = /\.(?:c|h|S|rs):\d|\?\?:/
const STACK_HEADING = /Call [Tt]race|^\s*(?:stack )?[Bb]acktrace(?: \(crc [0-9a-f]+\))?:/
const OTHER_HEADING =
  /^(?:(?:Allocated|Freed|Uninit was|Last potentially related|Second to last|The buggy address|Local variable|kfence-#\d+ |freed by task|allocated by task)|INFO: (?:Allocated|Freed) in )/
const MODULE = /\[([\w-]+)(?: [0-9a-f(E)]+)?\]/
// A path begins after white space or a bracket: trying at every letter of a long word would take its square in time.
const SOURCE = /[\s(]((?:[\w+-]+\/|\.{1,2}\/)*[\w+-]+\.(?:c|h|S|rs)):(\d+)/

/** A function's name as the source has it: demangled; the compiler's `.isra.0`, `.constprop.3`, `.part.1`, `.cold` cut off. */
export function sourceName(symbol: string): string {
  if (symbol.includes('::')) return withoutParameters(symbol)
  const dot = symbol.indexOf('.', 1)
  return demangle(dot === -1 ? symbol : symbol.slice(0, dot))
}

/** `tank::Pump::run(int, char const*)` is `tank::Pump::run`. */
function withoutParameters(name: string): string {
  let depth = 0
  for (let at = 0; at < name.length; at += 1) {
    const char = name[at]
    if (char === '<') depth += 1
    else if (char === '>') depth -= 1
    else if (char === '(' && depth === 0 && at > 0) return name.slice(0, at)
  }
  return name
}

/** Reads one cleaned line of a report; null when it says nothing about a stack. */
export function readTraceLine(text: string): TraceLine | null {
  if (text.includes('+0x')) {
    const found = readIp(text) ?? readFrame(text) ?? readArmFrame(text)
    if (found !== null) return found
  }
  if (text.includes(':') && DECODED_HINT.test(text)) {
    const decoded = readDecodedIp(text) ?? readDecodedFrame(text) ?? readInlineFrame(text)
    if (decoded !== null) return decoded
  }
  if (VOID_POINTER.test(text)) return { kind: 'void' }
  if (STACK_HEADING.test(text)) return { kind: 'heading', of: 'stack' }
  if (OTHER_HEADING.test(text)) return { kind: 'heading', of: 'elsewhere' }
  return text.includes('</IRQ>') || text.includes('<EOI>') ? { kind: 'interrupt-end' } : null
}

function readIp(text: string): TraceLine | null {
  for (const pattern of INSTRUCTION_POINTERS) {
    const match = pattern.exec(text)
    if (match === null) continue
    const [, symbol = '', offset = '', size = '', rest = ''] = match
    return { kind: 'ip', name: sourceName(symbol), frame: toFrame(`${symbol}+0x${offset}/0x${size}`, rest) }
  }
  return null
}

function readFrame(text: string): TraceLine | null {
  const match = FRAME.exec(text.trimStart())
  if (match === null) return null
  const [, marker, doubt, symbol = '', offset = '', size = '', rest = ''] = match
  const frame = toFrame(`${symbol}+0x${offset}/0x${size}`, rest)
  const reliable = doubt === undefined && !rest.includes('(unreliable)')
  return {
    kind: 'frame',
    name: sourceName(symbol),
    frame,
    reliable,
    interruptEnd: marker === '<EOI>' || marker === '</IRQ>',
    marked: marker !== undefined,
  }
}

function readArmFrame(text: string): TraceLine | null {
  const match = ARM_FRAME.exec(text)
  if (match === null) return null
  const [, callee = '', symbol = '', offset = '', size = ''] = match
  const frame = toFrame(`${symbol}+0x${offset}/0x${size}`, '')
  return { kind: 'frame', name: sourceName(symbol), frame, reliable: true, interruptEnd: false, marked: false, callee: sourceName(callee) }
}

function readDecodedIp(text: string): TraceLine | null {
  const match = DECODED_POINTER.exec(text)
  if (match === null) return null
  const [, symbol = '', places = '', module] = match
  return { kind: 'ip', name: sourceName(symbol), frame: decodedFrame(symbol, places, module) }
}

function readDecodedFrame(text: string): TraceLine | null {
  const match = DECODED.exec(text.trimStart())
  if (match === null) return null
  const [, marker, doubt, symbol = '', places = '', module] = match
  return {
    kind: 'frame',
    name: sourceName(symbol),
    frame: decodedFrame(symbol, places, module),
    reliable: doubt === undefined,
    interruptEnd: marker === '<EOI>' || marker === '</IRQ>',
    marked: marker !== undefined,
  }
}

/** The last place is the function's own; those before it are of what was inlined into it. */
function decodedFrame(symbol: string, places: string, module: string | undefined): Frame {
  const own = /([^\s()]+):(\d+)(?: \(discriminator \d+\))?$/.exec(places)
  return {
    symbol: module === undefined ? symbol : `${symbol} [${module}]`,
    ...(module === undefined ? {} : { module }),
    ...(own?.[1] === undefined || own[2] === '0' ? {} : { function: sourceName(symbol), file: own[1], line: Number(own[2]) }),
  }
}

function readInlineFrame(text: string): TraceLine | null {
  if (!text.includes('inline')) return null
  const match = INLINE_FRAME.exec(text)
  if (match === null) return null
  const [, doubt, symbol = '', file = '', line = '0'] = match
  const frame = { symbol, function: symbol, file, line: Number(line), inlined: true }
  return { kind: 'frame', name: sourceName(symbol), frame, reliable: doubt === undefined, interruptEnd: false, marked: false }
}

function toFrame(symbol: string, rest: string): Frame {
  const module = MODULE.exec(rest)?.[1]
  const source = SOURCE.exec(rest)
  const line = Number(source?.[2] ?? 0)
  return {
    symbol: module === undefined ? symbol : `${symbol} [${module}]`,
    ...(module === undefined || module === 'inline' ? {} : { module }),
    ...(source?.[1] === undefined || line === 0 ? {} : { function: sourceName(symbol.split('+')[0] ?? symbol), file: source[1], line }),
  }
}
