/** Runtest files whose tests stop the machine or take parts of it away: they run where they are named themselves. */
const BY_NAME_ALONE: Readonly<Record<string, string>> = {
  cpuhotplug: 'it takes CPUs away from the machine',
  crashme: 'it runs random code',
  power_management_tests: 'it suspends the machine',
}

/** Why a test of a runtest file runs only where it is named itself; null for any other. */
export function onlyByName(file: string): string | null {
  return (Object.hasOwn(BY_NAME_ALONE, file) ? BY_NAME_ALONE[file] : undefined) ?? null
}

/** Programs that measure how exactly they are woken (tst_timer_test.h of LTP 20260529): no emulated processor keeps their bounds. */
export const TIMED_PROGRAMS: ReadonlySet<string> = new Set([
  ...['clock_nanosleep02', 'epoll_pwait03', 'epoll_wait02', 'epoll_wait04', 'futex_wait05', 'nanosleep01'],
  ...['poll02', 'prctl09', 'pselect01', 'pselect01_64', 'select02'],
])

/** Programs that fill memory until the kernel kills. */
export function summonsOomKiller(program: string): boolean {
  return /^oom\d/.test(program)
}
