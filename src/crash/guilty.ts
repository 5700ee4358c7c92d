// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
import { assertNever } from '../domain/errors.js'
import { LIBRARY, MACHINERY } from './dull-functions.js'
import type { GuiltyPlan, GuiltySource } from './opener.js'
import { DISPATCHERS, SHARED_STALLS, SHARED_WAITS, WAITING } from './stall-points.js'
import { readTraceLine, sourceName, type TraceLine } from './trace-line.js'

/** Where lockdep names the lock a report is about, and, nearby, `at: function+0x…`. */
const LOCK_IN_QUESTION =
  /is trying to acquire|just changed the state|takes|is trying to release|is freeing memory|locks? held by|leaving the kernel with locks|is trying to lock|is trying to contend/
/** The second lock follows this soon. */
const LOCK_LINES = 8
const PAGE_ORIGIN = /page last allocated/
const IRQ_SAFE = /which became \S+-irq-safe at:/
const LOCK_PLACE = /(?:\bat: (?:\[<[0-9a-f]+>\] )?|^\s*\[<[0-9a-f]+>\] )([A-Za-z_$][\w.$]*)\+0x/
const TICK_ENTRY = /^(?:\w*apic_timer_interrupt|asm_sysvec_\w+|el1_irq|el1h_64_irq|__irq_svc|timer_interrupt|handle_\w*irq\w*)$/

/**
 * Cut off in this order, each at most once: a system call is called alike on every architecture and in every kernel.
 * `__x64_sys_fsync` is `sys_fsync`, `__do_sys_fsync` and `ksys_fsync` are `fsync`: syzkaller's titles have it so.
 */
const CALL_PREFIXES = [
  'SYSC_',
  'SyS_',
  'sys_',
  '__x64_',
  '__ia32_',
  '__arm64_',
  '__riscv_',
  '__s390x_',
  '____sys_',
  '___sys_',
  '__sys_',
  '__se_',
  '__do_sys_',
  'compat_SYSC_',
  'compat_SyS_',
  'ksys_',
]

/** The function a report is charged to, or null when its lines name none that could be guilty. */
export function guiltyFunction(plan: GuiltyPlan, lines: readonly string[], headerFunction: string | undefined): string | null {
  const items = lines.map(readTraceLine)
  const skipped = plan.skip ?? []
  const named = (all: readonly string[]) => all.filter((name) => !MACHINERY.test(name) && !matchesAny(skipped, name))
  let names: readonly string[] = []
  // The stack that the report begins with; all its stacks where that one names nobody.
  for (const reach of lines.length === 0 ? (['all'] as const) : (['first', 'all'] as const)) {
    const all = candidates(plan.from, { lines, items, headerFunction }, reach)
    names = plan.anyFunction === true ? all : named(all)
    const telling = plan.anyFunction === true ? all : names.filter((name) => !LIBRARY.test(name))
    const chosen = choose(plan, telling, all)
    if (chosen !== undefined) return publicName(chosen)
    if (telling[0] !== undefined && reach === 'all') return publicName(telling[0])
  }
  return names[0] === undefined ? null : publicName(names[0])
}

const matchesAny = (patterns: readonly RegExp[], name: string): boolean => patterns.some((pattern) => pattern.test(name))

function choose(plan: GuiltyPlan, telling: readonly string[], all: readonly string[]): string | undefined {
  switch (plan.choose) {
    case 'dispatched':
      return dispatched(all, telling)
    case 'waiting':
      return sharedWait(telling) ?? telling.find((name) => !matchesAny(WAITING, name))
    default:
      return telling[0]
  }
}

function sharedWait(names: readonly string[]): string | undefined {
  for (const name of names) {
    const bucket = SHARED_WAITS.find(([pattern]) => pattern.test(name))
    if (bucket !== undefined) return bucket[1] ?? name
  }
  return undefined
}

const publicName = (name: string): string =>
  CALL_PREFIXES.reduce((rest, prefix) => (rest.startsWith(prefix) ? rest.slice(prefix.length) : rest), name)

/** The last telling function before the kernel's dispatch point, walking outwards. */
function dispatched(all: readonly string[], telling: readonly string[]): string | undefined {
  let previous: string | undefined
  for (const name of all) {
    const isTelling = telling.includes(name)
    const bucket = SHARED_STALLS.find(([pattern]) => pattern.test(name))
    if (bucket !== undefined) return bucket[1]
    // A stall within the dispatch itself is charged to it.
    if (DISPATCHERS.test(publicName(name)) && (isTelling || previous !== undefined)) return previous ?? name
    if (isTelling) previous = name
  }
  return undefined
}

/** How far a stack is followed: to the heading of the next, or through all. */
type Reach = 'first' | 'all'
interface Body {
  readonly lines: readonly string[]
  readonly items: readonly (TraceLine | null)[]
  readonly headerFunction: string | undefined
}

function candidates(sources: readonly GuiltySource[], body: Body, reach: Reach): string[] {
  return sources.flatMap((source) => namesFrom(source, sources, body, reach))
}

function namesFrom(source: GuiltySource, sources: readonly GuiltySource[], body: Body, reach: Reach): string[] {
  const { lines, items, headerFunction } = body
  switch (source) {
    case 'header':
      return headerFunction === undefined || headerFunction === '' ? [] : [sourceName(headerFunction)]
    case 'irq-safe':
      return afterLine(items, below(lines, IRQ_SAFE))
    case 'lock':
      return atLock(lines)
    case 'release':
      return atLock(lines).slice(0, 1)
    case 'chain':
      return framesFrom(items, secondLock(lines), reach)
    case 'page-origin':
      return framesFrom(items, below(lines, PAGE_ORIGIN), 'first')
    case 'interrupted':
      return interrupted(items, reach)
    case 'ip': {
      // The line that opens a warning says where it is, for want of a pointer.
      const instead =
        sources.includes('header') && !items.some((item) => item?.kind === 'ip') ? namesFrom('header', sources, body, reach) : []
      return [...instead, ...fromPointer(items, sources.includes('trace'), reach)]
    }
    case 'trace':
      return sources.includes('ip') ? [] : framesFrom(items, headingAfter(items, 0), reach)
    case 'frames':
      return leadingFrames(items)
    default:
      return assertNever(source, 'source of names')
  }
}

/** The line below the first that fits, or -1. */
function below(lines: readonly string[], pattern: RegExp): number {
  const index = lines.findIndex((line) => pattern.test(line))
  return index === -1 ? -1 : index + 1
}

const placesOfLocks = (lines: readonly string[]): readonly { readonly place: string; readonly line: number }[] => {
  const start = lines.findIndex((line) => LOCK_IN_QUESTION.test(line))
  if (start === -1) return []
  return lines.slice(start, start + LOCK_LINES).flatMap((text, index) => {
    const place = LOCK_PLACE.exec(text)?.[1]
    return place === undefined ? [] : [{ place: sourceName(place), line: start + index }]
  })
}

/** The lock in question, then the locks held: where each was taken. */
const atLock = (lines: readonly string[]): string[] => placesOfLocks(lines).map(({ place }) => place)
/** Below the second lock: how the chain of locks came about. -1 where there is none. */
const secondLock = (lines: readonly string[]): number => {
  const second = placesOfLocks(lines)[1]
  return second === undefined ? -1 : second.line + 1
}

/** The stack that a line of lockdep's announces: frames up to the first line that is none. */
function afterLine(items: readonly (TraceLine | null)[], line: number): string[] {
  if (line === -1) return []
  const rest = items.slice(line)
  const end = rest.findIndex((item) => item?.kind !== 'frame')
  return (end === -1 ? rest : rest.slice(0, end)).filter(isNamed).flatMap(namesOf)
}

const isNamed = (item: TraceLine | null): item is Extract<TraceLine, { name: string }> =>
  item !== null && (item.kind === 'ip' || (item.kind === 'frame' && item.reliable && item.frame.inlined !== true))

/** Not an instruction pointer: one in the middle of a stack is of what an interrupt found, or of a program. Nor a frame on the line of a marker. */
const isFrame = (item: TraceLine | null): item is Extract<TraceLine, { kind: 'frame' }> =>
  isNamed(item) && item.kind === 'frame' && !item.marked

const namesOf = (item: Extract<TraceLine, { name: string }>): string[] =>
  item.kind === 'frame' && item.callee !== undefined ? [item.callee, item.name] : [item.name]

/** The line below the next heading of a stack, or -1. */
function headingAfter(items: readonly (TraceLine | null)[], line: number): number {
  const index = items.findIndex((item, at) => at >= line && item?.kind === 'heading' && item.of === 'stack')
  return index === -1 ? -1 : index + 1
}

/** Frames from a line on, to the next heading or, past stacks of another time, to the end. */
function framesFrom(items: readonly (TraceLine | null)[], line: number, reach: Reach): string[] {
  if (line === -1) return []
  const names: string[] = []
  let own = true
  for (const item of items.slice(line)) {
    if (item?.kind === 'heading') {
      if (reach === 'first') break
      own = item.of === 'stack'
    } else if (own && isFrame(item)) names.push(...namesOf(item))
  }
  return names
}

/** What the instruction pointer stood in, then the stack it is on, or that follows. */
function fromPointer(items: readonly (TraceLine | null)[], withTrace: boolean, reach: Reach): string[] {
  const stack = headingAfter(items, 0)
  // A jump into the void is told by who jumped: the stack's first.
  const pointer = items.findIndex((item, at) => item?.kind === 'ip' || (item?.kind === 'void' && (stack === -1 || at < stack)))
  if (pointer === -1) return withTrace ? framesFrom(items, stack, reach) : []
  const item = items[pointer]
  const names = item?.kind === 'ip' ? [item.name] : []
  if (!withTrace) return names
  const inStack = stack !== -1 && stack <= pointer
  names.push(...framesFrom(items, inStack ? pointer + 1 : headingAfter(items, pointer), reach))
  // A pointer that came late, out of a library: the stack before it knows who called.
  if (inStack && reach === 'all') names.push(...framesFrom(items, stack, 'first'))
  return names
}

/** Frames printed without a heading, up to the first stack of another time. */
function leadingFrames(items: readonly (TraceLine | null)[]): string[] {
  const names: string[] = []
  for (const item of items) {
    if (item?.kind === 'heading' && item.of === 'elsewhere') break
    if (isNamed(item)) names.push(...namesOf(item))
  }
  return names
}

/** What ran when the tick came; the whole stack where another CPU noticed and the stack shows no tick. */
function interrupted(items: readonly (TraceLine | null)[], reach: Reach): string[] {
  const entry = items.findIndex(
    (item) =>
      item !== null && ((item.kind === 'frame' && (item.interruptEnd || TICK_ENTRY.test(item.name))) || item.kind === 'interrupt-end'),
  )
  if (entry === -1) {
    const frames = framesFrom(items, 0, 'all')
    const pointer = items.find((item) => item?.kind === 'ip')
    return frames.length > 0 || pointer?.kind !== 'ip' ? frames : [pointer.name]
  }
  const ip = items.findIndex((item, at) => at >= entry && item?.kind === 'ip')
  const item = items[ip]
  return item?.kind === 'ip' ? [item.name, ...framesFrom(items, ip + 1, reach)] : framesFrom(items, entry, reach)
}
