import { expect, test } from '@jest/globals'
import { createTerminalRunner } from '../../src/ports/real/terminal-runner.js'

test('a compiler’s warning has its place in front, as compilers write it; its errors are on the screen already', () => {
  const said: string[] = []
  const stream = { write: (text: string) => said.push(text) }
  const runner = createTerminalRunner({ out: stream, err: stream, env: {} }, { verbose: false })
  const annotation = { title: 'Compiler warning', message: "unused variable 'bogus'" }
  runner.annotate({ ...annotation, level: 'error', file: 'fs/xfs/xfs_inode.c', line: 12 })
  runner.annotate({ ...annotation, level: 'warning', file: 'fs/xfs/xfs_inode.c', line: 12 })
  runner.annotate({ ...annotation, level: 'warning' })
  expect(said).toEqual(["fs/xfs/xfs_inode.c:12: warning: unused variable 'bogus'\n", "warning: unused variable 'bogus'\n"])
})
