import type { Report } from '../domain/stages.js'
export async function recoverReport(_d: string, _p: unknown): Promise<Report | null> {
  return null
}
