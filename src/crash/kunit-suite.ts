import type { KernelReportKind } from '../domain/kernel-report.js'

/** A suite's heading, one level deep (kunit_print_subtest_start of lib/kunit/test.c); those of parameterised cases are deeper. */
const STARTS = /^ {4}# Subtest: ([A-Za-z0-9_][A-Za-z0-9_.:+@ -]{0,254})$/
const HEADING = '    # Subtest: '
/** A suite's own result, behind those of its cases. */
const ENDS = /^(?:not )?ok \d{1,9} /

/** Which KUnit suite runs, by the kernel's log: at boot what is built in, later what a module brings when it is loaded. */
export class KunitSuite {
  /** Null where none runs. */
  name: string | null = null

  /** @param text of a line without its stamp, its leading blanks kept */
  line(text: string): void {
    if (text.startsWith(HEADING)) this.name = STARTS.exec(text)?.[1] ?? this.name
    else if (this.name !== null && ENDS.test(text)) this.name = null
  }
}

/**
 * Suites whose cases make the detector of their name report on purpose, and look whether it did (mm/kasan/kasan_test_c.c, mm/kfence/kfence_test.c,
 * mm/kmsan/kmsan_test.c, kernel/kcsan/kcsan_test.c of 6.12).
 */
const OF_DETECTORS: readonly KernelReportKind[] = ['kasan', 'kfence', 'kmsan', 'kcsan']

/** Whether a KUnit suite is known to provoke reports of this kind. */
export function isProvokedByKunit(suite: string | undefined, kind: KernelReportKind): boolean {
  return suite === kind && OF_DETECTORS.includes(kind)
}
