import type { CatalogueTest } from '../../domain/test.js'

/** A test that is one program. */
export interface ProgramTest extends CatalogueTest {
  /** What its suite gives it on a fast machine, in seconds; 0: no limit. */
  readonly limitSeconds: number
  readonly needs?: { readonly kernelOptions: string[] }
}
