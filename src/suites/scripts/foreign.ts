import { basename } from 'node:path'
import { judgeProgram, readKtap } from '../ktap/index.js'
import { foreignPrograms, readLog } from '../programs/foreign-log.js'
import type { ForeignResults, TreeReader } from '../suite.js'
import { isScriptName } from './catalogue.js'

/**
 * What one program printed, or a kernel log with KUnit's results in it: any text with KTAP or TAP. It is one test of the file's name, its results the
 * sub-tests. How the program ended is not there, so that only a plan can tell that nothing is missing. Null where the file has no KTAP.
 */
export async function readForeignKtap(files: TreeReader, path: string): Promise<ForeignResults | null> {
  const log = await readLog(files, path)
  if (log === null) return null
  const { planned, hasVersion, counts } = readKtap(log.text)
  const results = counts.pass + counts.fail + counts.notrun
  if (!hasVersion && (!planned || results === 0)) return null
  const name = basename(path)
  if (!isScriptName(name)) return null
  const doubts = planned ? [] : [`${path} has no plan (1..N): whether a result is missing cannot be told.`]
  const verdict = judgeProgram({ kind: 'exit', code: 0 }, log.text)
  return foreignPrograms('scripts', [{ name, ...verdict, path, file: name }], {
    description: path,
    doubts: [...doubts, ...(log.cut === null ? [] : [log.cut])],
  })
}
