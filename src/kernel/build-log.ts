import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'

/** A log that grows while a build goes on. */
export interface BuildLog {
  /** Appends in order, and makes nobody wait. */
  readonly append: (text: string) => void
  /** Waits for the last of it. @throws UserError (`could-not-test`) where it could not be written: a full disk */
  readonly close: () => Promise<void>
}

/** Opens the log at once, so that it is there from the first line; without a path nothing is kept. */
export async function openBuildLog(path: string | undefined, files: Pick<Ports['files'], 'openAppend'>): Promise<BuildLog> {
  if (path === undefined) return { append: () => undefined, close: async () => undefined }
  const file = await files.openAppend(path)
  let tail = Promise.resolve()
  let failure: unknown
  return {
    append: (text) => {
      tail = tail
        .then(() => file.append(text))
        .catch((error: unknown) => {
          failure = error
        })
    },
    close: async () => {
      await tail
      await file.close()
      if (failure !== undefined)
        throw new UserError(`The build log ${path} cannot be written.`, 'Free disk space.', { cause: failure, kind: 'could-not-test' })
    },
  }
}
