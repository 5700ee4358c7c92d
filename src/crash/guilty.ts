import { LIBRARY, MACHINERY } from './dull-functions.js'
import type { GuiltyPlan, GuiltySource } from './opener.js'
import { DISPATCHERS, FAULT_DISPATCHERS, SHARED_STALLS, SHARED_WAITS, WAITING } from './stall-points.js'
import { readTraceLine, sourceName, type TraceLine } from './trace-line.js'

/** Where lockdep names the lock a report is about, and, nearby, `at: function+0x…`. */
const LOCK_IN_QUESTION =
  /is trying to acquire|just changed the state|takes|is trying to release|is freeing memory|locks? held by|leaving the kernel with locks|is trying to lock|is trying to contend/
/** The second lock follows this soon. */
const LOCK_LINES = 8
const IRQ_SAFE = /which became \S+-irq-safe at:/
const LOCK_PLACE = /(?:\bat: (?:\[<[0-9a-f]+>\] )?|^\s*\[<[0-9a-f]+>\] )([A-Za-z_$][\w.$]*)\+0x/
const TICK_ENTRY = /^(?:\w*apic_timer_interrupt|asm_sysvec_\w+|el1_irq|el1h_64_irq|__irq_svc|timer_interrupt|handle_\w*irq\w*)$/
const OLD_SYSCALL = /^(?:compat_)?(?:SyS|SYSC)_/
const SYSCALL = /^_*(?:(?:do|se|x64|ia32|arm64|riscv|s390x?|powerpc)_(?:compat_)?sys_)/

/** The function a report is charged to, or null when its lines name none that could be guilty. */
export function guiltyFunction(plan: GuiltyPlan, lines: readonly string[], headerFunction: string | undefined): string | null {
  const all = candidates(plan.from, lines, headerFunction)
  const names = all.filter((name) => !MACHINERY.test(name) && !matchesAny(plan.skip ?? [], name))
  const telling = names.filter((name) => !LIBRARY.test(name))
  const chosen = choose(plan, all, telling) ?? telling[0] ?? names[0]
  return chosen === undefined ? null : publicName(chosen)
}

const matchesAny = (patterns: readonly RegExp[], name: string): boolean => patterns.some((pattern) => pattern.test(name))
const shared = (buckets: typeof SHARED_WAITS, names: readonly string[]): string | undefined => {
  for (const name of names) {
    const bucket = buckets.find(([pattern]) => pattern.test(name))
    if (bucket !== undefined) return bucket[1]
  }
  return undefined
}

function choose(plan: GuiltyPlan, all: readonly string[], telling: readonly string[]): string | undefined {
  switch (plan.choose) {
    case 'dispatched':
      return shared(SHARED_STALLS, all) ?? dispatched(all, telling, DISPATCHERS) ?? dispatched(all, telling, FAULT_DISPATCHERS)
    case 'waiting':
      return shared(SHARED_WAITS, all) ?? telling.find((name) => !matchesAny(WAITING, name))
    default:
      return telling[0]
  }
}

/** One name for a system call whatever the architecture's wrapper is called; before 4.17 syzkaller's names have no prefix. */
const publicName = (name: string): string => name.replace(OLD_SYSCALL, '').replace(SYSCALL, 'sys_')

/** The last telling function before the kernel's dispatch point, walking outwards. */
function dispatched(all: readonly string[], telling: readonly string[], dispatchers: RegExp): string | undefined {
  let previous: string | undefined
  for (const name of all) {
    if (dispatchers.test(name) && previous !== undefined) return previous
    if (telling.includes(name)) previous = name
  }
  return undefined
}

function candidates(sources: readonly GuiltySource[], lines: readonly string[], headerFunction: string | undefined): string[] {
  const items = lines.map(readTraceLine)
  const names: string[] = []
  const stackSources = sources.filter((source) => source === 'ip' || source === 'trace')
  if (sources.includes('header') && headerFunction !== undefined && headerFunction !== '') names.push(sourceName(headerFunction))
  if (sources.includes('irq-safe'))
    names.push(
      ...afterLine(
        items,
        lines.findIndex((line) => IRQ_SAFE.test(line)),
      ),
    )
  if (sources.includes('lock')) names.push(...atLock(lines))
  if (sources.includes('interrupted')) names.push(...interrupted(items))
  if (stackSources.length > 0) names.push(...stack(items, sources.includes('ip') ? 'with-ip' : 'trace-only', sources.includes('trace')))
  if (sources.includes('frames')) names.push(...leadingFrames(items))
  return names
}

/** The lock in question, then the locks held: where each was taken. */
function atLock(lines: readonly string[]): string[] {
  const start = lines.findIndex((line) => LOCK_IN_QUESTION.test(line))
  if (start === -1) return []
  const places = lines.slice(start, start + LOCK_LINES).map((line) => LOCK_PLACE.exec(line)?.[1])
  return places.filter((place) => place !== undefined).map(sourceName)
}

/** The stack that a line of lockdep's announces: frames up to the first line that is none. */
function afterLine(items: readonly (TraceLine | null)[], line: number): string[] {
  if (line === -1) return []
  const rest = items.slice(line + 1)
  const end = rest.findIndex((item) => item?.kind !== 'frame')
  return (end === -1 ? rest : rest.slice(0, end)).filter(isNamed).map(({ name }) => name)
}

const isNamed = (item: TraceLine | null): item is Extract<TraceLine, { name: string }> =>
  item !== null && (item.kind === 'ip' || (item.kind === 'frame' && item.reliable))

const namesOf = (item: Extract<TraceLine, { name: string }>): string[] =>
  item.kind === 'frame' && item.callee !== undefined ? [item.callee, item.name] : [item.name]

function stack(items: readonly (TraceLine | null)[], pointer: 'with-ip' | 'trace-only', withTrace: boolean): string[] {
  const names: string[] = []
  let inStack = false
  for (const item of items) {
    if (item?.kind === 'heading') inStack = item.of === 'stack'
    else if (isNamed(item) && ((inStack && withTrace) || (item.kind === 'ip' && pointer === 'with-ip'))) names.push(...namesOf(item))
  }
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
function interrupted(items: readonly (TraceLine | null)[]): string[] {
  const entry = items.findIndex(
    (item) =>
      item !== null && ((item.kind === 'frame' && (item.interruptEnd || TICK_ENTRY.test(item.name))) || item.kind === 'interrupt-end'),
  )
  return (entry === -1 ? items : items.slice(entry)).filter(isNamed).flatMap(namesOf)
}
