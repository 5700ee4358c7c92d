import { UserError } from '../../domain/errors.js'

/** Seconds a kselftest program gets where nobody says otherwise (kselftest_default_timeout in kselftest/runner.sh). */
export const DEFAULT_LIMIT_SECONDS = 45

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 }

/**
 * The limit that a `settings` file gives each program beside it: seconds, 0 for none. Other settings are not for us. As
 * kselftest's runner reads them: the last line counts; a number as timeout(1) takes it, with a unit or without.
 * @param path for the message
 * @throws UserError for a value that is no duration: kselftest would then run without any limit
 */
export function limitOfSettings(text: string, path: string): number {
  let limit = DEFAULT_LIMIT_SECONDS
  for (const line of text.split('\n')) {
    const value = /^\s*timeout=["']?([^"']*)(?:["']\s*)?$/.exec(line)?.[1]?.trim()
    if (value === undefined) continue
    const match = /^(\d{1,9}(?:\.\d{1,9})?)([smhd]?)$/.exec(value)
    if (match === null) {
      throw new UserError(`${path} has \`timeout=${value}\`, which is no duration.`, 'Write seconds, such as `timeout=120`; 0 is no limit.')
    }
    limit = Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1)
  }
  return limit
}
