import { spawnSync } from 'node:child_process'
import { test } from '@jest/globals'

/** Runs a program that may be absent: its exit status and output, or null. */
export function runTool(program: string, args: readonly string[], input?: string): { status: number | null; output: string } | null {
  const run = spawnSync(program, args, { encoding: 'utf8', ...(input === undefined ? {} : { input }), maxBuffer: 256 * 1024 * 1024 })
  if (run.error !== undefined) return null
  return { status: run.status, output: `${run.stdout}${run.stderr}` }
}

/** A test that needs a program; where it is absent the test is skipped under a name that says so. */
export function testWith(isThere: boolean, what: string): typeof test | typeof test.skip {
  if (!isThere) console.warn(`skipped: ${what} is not on this machine`)
  return isThere ? test : test.skip
}
