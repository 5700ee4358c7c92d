import { join } from 'node:path'
import * as z from 'zod'
import type { Ports } from '../ports/index.js'

/** The process of a run, as long as it is at work: its number can be another's later, its start not. */
const processSchema = z.object({ pid: z.number().int().positive(), start: z.string() })
export type RunProcess = z.infer<typeof processSchema>

/** In the run's directory. */
const PROCESS_FILE = 'process.json'

/** Our own process. */
export async function thisProcess(files: Pick<Ports['files'], 'readText'>): Promise<RunProcess> {
  return { pid: process.pid, start: (await startOf(process.pid, files)) ?? '' }
}

/** Notes in a run's directory that this process is at work on it. */
export async function noteRunning(directory: string, files: Ports['files']): Promise<void> {
  await files.write(join(directory, PROCESS_FILE), JSON.stringify(await thisProcess(files)))
}

/** The run is over. */
export async function noteEnded(directory: string, files: Ports['files']): Promise<void> {
  await files.remove(join(directory, PROCESS_FILE))
}

/** True while the process that works on a run lives: not of one that ended, was killed, or of another machine. */
export async function isRunning(directory: string, files: Ports['files']): Promise<boolean> {
  const text = await files.readText(join(directory, PROCESS_FILE)).catch(() => '')
  const noted = parseProcess(text)
  return noted !== null && (await isAlive(noted, files))
}

/** A note of a process; null where the text is none. */
export function parseProcess(text: string): RunProcess | null {
  try {
    return processSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

export async function isAlive({ pid, start }: RunProcess, files: Pick<Ports['files'], 'readText'>): Promise<boolean> {
  const now = await startOf(pid, files)
  return now !== null && (start === '' || now === start)
}

/** When it began, in ticks since boot: field 22 of proc_pid_stat(5), counted after the name, which can hold anything. */
async function startOf(pid: number, files: Pick<Ports['files'], 'readText'>): Promise<string | null> {
  const text = await files.readText(`/proc/${pid}/stat`).catch(() => null)
  if (text === null) return null
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
