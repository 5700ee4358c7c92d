import { DISPATCHERS, DULL_FUNCTION, SHARED_WAITS, WAITING } from './dull-functions.js'
import type { GuiltyPlan, GuiltySource } from './opener.js'
import { readTraceLine, sourceName, type TraceLine } from './trace-line.js'

/** Where lockdep names the lock a report is about, and, nearby, `at: function+0x…`. */
const LOCK_IN_QUESTION =
  /is trying to acquire|just changed the state|takes|is trying to release|is freeing memory|locks? held by|leaving the kernel with locks|is trying to lock|is trying to contend/
const LOCK_PLACE = /(?:\bat: (?:\[<[0-9a-f]+>\] )?|^\s*\[<[0-9a-f]+>\] )([A-Za-z_$][\w.$]*)\+0x/
/** Frames of the timer tick in which RCU and the watchdogs notice. */
const NOTICED_BY_TICK = /^(?:rcu_|print_\w*stall|check_cpu_stall|update_process_times|tick_|_*hrtimer_)/
const TICK_ENTRY = /^(?:\w*apic_timer_interrupt|asm_sysvec_\w+|el1_irq|el1h_64_irq|__irq_svc|timer_interrupt|handle_\w*irq\w*)$/
const SYSCALL = /^_*(?:(?:compat_)?SyS_|(?:compat_)?SYSC_|(?:do|se|x64|ia32|arm64|riscv|s390x?|powerpc)_(?:compat_)?sys_)/

/** The function a report is charged to, or null when its lines name none that could be guilty. */
export function guiltyFunction(plan: GuiltyPlan, lines: readonly string[], headerFunction: string | undefined): string | null {
  const names = candidates(plan.from, lines, headerFunction)
  const skipped = (name: string): boolean => DULL_FUNCTION.test(name) || (plan.skip?.some((pattern) => pattern.test(name)) ?? false)
  switch (plan.choose) {
    case 'dispatched':
      return dispatched(names, skipped)
    case 'waiting':
      return waiting(names, skipped)
    default:
      return publicName(names.find((name) => !skipped(name)))
  }
}

/** One name for a system call whatever the architecture's wrapper is called. */
function publicName(name: string | undefined): string | null {
  if (name === undefined) return null
  if (/^smp_call_function/.test(name)) return 'smp_call_function'
  return name.replace(SYSCALL, 'sys_')
}

function dispatched(names: readonly string[], skipped: (name: string) => boolean): string | null {
  let previous: string | undefined
  for (const name of names) {
    if (DISPATCHERS.test(name) && previous !== undefined) return publicName(previous)
    if (!skipped(name)) previous = name
  }
  return publicName(names.find((name) => !skipped(name)))
}

function waiting(names: readonly string[], skipped: (name: string) => boolean): string | null {
  for (const name of names) {
    for (const [pattern, shared] of SHARED_WAITS) if (pattern.test(name)) return shared
  }
  return publicName(names.find((name) => !skipped(name) && !WAITING.some((pattern) => pattern.test(name))))
}

function candidates(sources: readonly GuiltySource[], lines: readonly string[], headerFunction: string | undefined): string[] {
  const items = lines.map(readTraceLine)
  const names: string[] = []
  const stackSources = sources.filter((source) => source === 'ip' || source === 'trace')
  if (sources.includes('header') && headerFunction !== undefined) names.push(sourceName(headerFunction))
  if (sources.includes('lock')) names.push(...atLock(lines))
  if (sources.includes('interrupted')) names.push(...interrupted(items))
  if (stackSources.length > 0) names.push(...stack(items, sources.includes('ip') ? 'with-ip' : 'trace-only', sources.includes('trace')))
  if (sources.includes('frames')) names.push(...leadingFrames(items))
  return names
}

function atLock(lines: readonly string[]): string[] {
  const start = lines.findIndex((line) => LOCK_IN_QUESTION.test(line))
  if (start === -1) return []
  for (const line of lines.slice(start, start + 6)) {
    const place = LOCK_PLACE.exec(line)?.[1]
    if (place !== undefined) return [sourceName(place)]
  }
  return []
}

const isNamed = (item: TraceLine | null): item is Extract<TraceLine, { name: string }> =>
  item !== null && (item.kind === 'ip' || (item.kind === 'frame' && item.reliable))

function stack(items: readonly (TraceLine | null)[], pointer: 'with-ip' | 'trace-only', withTrace: boolean): string[] {
  const names: string[] = []
  let inStack = false
  for (const item of items) {
    if (item?.kind === 'heading') inStack = item.of === 'stack'
    else if (isNamed(item) && ((inStack && withTrace) || (item.kind === 'ip' && pointer === 'with-ip'))) names.push(item.name)
  }
  return names
}

/** Frames printed without a heading, up to the first stack of another time. */
function leadingFrames(items: readonly (TraceLine | null)[]): string[] {
  const names: string[] = []
  for (const item of items) {
    if (item?.kind === 'heading' && item.of === 'elsewhere') break
    if (isNamed(item)) names.push(item.name)
  }
  return names
}

/** What ran when the tick came; the whole stack where another CPU noticed and the stack shows no tick. */
function interrupted(items: readonly (TraceLine | null)[]): string[] {
  const entry = items.findIndex(
    (item) => item !== null && ((item.kind === 'frame' && (item.interruptEnd || TICK_ENTRY.test(item.name))) || item.kind === 'interrupt-end'),
  )
  const before = entry === -1 ? [] : items.slice(0, entry)
  const noticed = before.some((item) => item?.kind === 'frame' && item.reliable && NOTICED_BY_TICK.test(item.name))
  return (noticed ? items.slice(entry) : items).filter(isNamed).map((item) => item.name)
}
