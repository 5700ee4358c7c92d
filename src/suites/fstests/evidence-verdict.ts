import type { TestName } from '../../domain/test.js'
import type { ResultFile } from './result-files.js'
import type { EvidenceStatus } from './weigh.js'

/** One time a test ran, as the evidence has it. */
export interface EvidenceAttempt {
  readonly status: EvidenceStatus
  readonly seconds: number | null
  /** A failure's reasons, or the reason of a notrun or notreached. */
  readonly message: string | null
  readonly diff: string | null
  /** False where the diff is only the first lines, as check prints them. */
  readonly isDiffWhole: boolean
  /** The attempt's own files. */
  readonly files: readonly ResultFile[]
  /** True where check ran the test again because it had failed (`-L`): a pass then says that it is flaky. */
  readonly isRerun: boolean
}

export interface EvidenceVerdict {
  readonly section: string | null
  readonly name: TestName
  /** In order; more than one where check ran the test again (`-L`, `-i`). */
  readonly attempts: readonly EvidenceAttempt[]
}
