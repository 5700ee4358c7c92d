import { expect, test } from '@jest/globals'
import { createTerminalRunner } from '../../src/ports/real/terminal-runner.js'

test('an annotation has its place in front, as compilers write it', () => {
  const said: string[] = []
  const stream = { write: (text: string) => said.push(text) }
  const runner = createTerminalRunner({ out: stream, err: stream, env: {} }, { verbose: false })
  const annotation = { level: 'error' as const, title: 'Does not build', message: "expected ';'" }
  runner.annotate({ ...annotation, file: 'fs/xfs/xfs_inode.c', line: 12 })
  runner.annotate(annotation)
  expect(said).toEqual(["fs/xfs/xfs_inode.c:12: error: Does not build: expected ';'\n", "error: Does not build: expected ';'\n"])
})
