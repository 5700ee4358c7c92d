/** What is known of a test that is not as harmless as its target's name sounds. */
export interface KnownTest {
  /** `COLLECTION:TEST`, or `COLLECTION:*`. */
  readonly name: string
  readonly why: string
}

/**
 * Tests that leave the machine other than they found it, or stop it: they run where they are named themselves, not by their collection or a
 * group. Read off tools/testing/selftests of Linux 6.12.
 */
export const ONLY_BY_NAME: readonly KnownTest[] = [
  { name: 'breakpoints:step_after_suspend_test', why: 'it suspends the machine' },
  { name: 'cpu-hotplug:*', why: 'it takes CPUs away from the machine' },
  { name: 'memory-hotplug:*', why: 'it takes memory away from the machine' },
  { name: 'kexec:*', why: 'it loads a kernel to boot into' },
  { name: 'lkdtm:*', why: 'it crashes the kernel on purpose' },
  { name: 'livepatch:*', why: 'it changes the running kernel' },
  { name: 'watchdog:*', why: 'it resets the machine when it ends early' },
]

/** Why a test runs only where it is named itself; null for any other. */
export function onlyByName(name: string): string | null {
  const collection = name.slice(0, name.indexOf(':'))
  return ONLY_BY_NAME.find((known) => known.name === name || known.name === `${collection}:*`)?.why ?? null
}

/**
 * Tests that bring a kernel report about on purpose: while they run, it is no surprise.
 * test_memcontrol: `test_memcg_oom_group_*` and `test_memcg_oom_events` let a cgroup run out of memory; test_zswap and test_hugetlb_memcg
 * reach their limits too.
 */
export const SUMMONS_OOM_KILLER: readonly string[] = ['cgroup:test_memcontrol', 'cgroup:test_zswap', 'cgroup:test_hugetlb_memcg']
