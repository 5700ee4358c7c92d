import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../domain/errors.js'
import type { FileWatcher } from '../watch.js'

/** inotify, one watch a directory: node's recursive mode takes one a file, and a kernel has eighty thousand. */
export function createFileWatcher(): FileWatcher {
  return {
    watch: (directories, onChange) => {
      const watchers: FSWatcher[] = []
      const close = () => {
        for (const one of watchers) one.close()
      }
      for (const directory of directories) {
        try {
          const one = watch(directory, (_event, name) => name !== null && onChange(join(directory, name)))
          // The directory is gone: its files are no longer sources.
          one.on('error', () => one.close())
          watchers.push(one)
        } catch (cause) {
          const code = (cause as NodeJS.ErrnoException).code
          if (code === 'ENOENT' || code === 'ENOTDIR') continue
          close()
          throw new UserError(
            `${directory} cannot be watched, after ${watchers.length} others.`,
            'Raise the limit (`sysctl fs.inotify.max_user_watches=524288`, `fs.inotify.max_user_instances=1024`).',
            { cause, kind: 'could-not-test' },
          )
        }
      }
      return { close }
    },
  }
}
