import { describe, expect, test } from '@jest/globals'
import { compilerAnnotations, readCompilerMessages, treePath } from '../../src/kernel/compiler-messages.js'

const read = (text: string) => readCompilerMessages(text.split('\n'))

describe('compiler messages', () => {
  test('gcc: function, error, note and warning', () => {
    const messages = read(`  CC      fs/xfs/xfs_inode.o
../fs/xfs/xfs_inode.c: In function ‘xfs_iget’:
../fs/xfs/xfs_inode.c:42:9: error: ‘foo’ undeclared (first use in this function)
   42 |         foo = 1;
      |         ^~~
../fs/xfs/xfs_inode.c:42:9: note: each undeclared identifier is reported only once for each function it appears in
../fs/xfs/xfs_inode.c:57:13: warning: unused variable ‘bar’ [-Wunused-variable]
make[4]: *** [../scripts/Makefile.build:250: fs/xfs/xfs_inode.o] Error 1`)
    expect(messages).toEqual([
      {
        level: 'error',
        file: 'fs/xfs/xfs_inode.c',
        line: 42,
        column: 9,
        excerpt: ['   42 |         foo = 1;', '      |         ^~~'],
        text: '‘foo’ undeclared (first use in this function)',
        context: [
          'In function ‘xfs_iget’',
          'fs/xfs/xfs_inode.c:42: each undeclared identifier is reported only once for each function it appears in',
        ],
      },
      {
        level: 'warning',
        file: 'fs/xfs/xfs_inode.c',
        line: 57,
        column: 13,
        excerpt: [],
        text: 'unused variable ‘bar’ [-Wunused-variable]',
        context: ['In function ‘xfs_iget’'],
      },
    ])
  })

  test('clang, with a note in another file', () => {
    const [error, ...others] = read(`drivers/block/loop.c:10:2: fatal error: 'linux/nope.h' file not found
#include <linux/nope.h>
./include/linux/blkdev.h:99:5: note: declared here
1 error generated.`)
    expect(others).toEqual([])
    expect(error).toMatchObject({
      level: 'error',
      file: 'drivers/block/loop.c',
      line: 10,
      context: ['include/linux/blkdev.h:99: declared here'],
    })
  })

  test('linker, modpost and Kconfig', () => {
    expect(
      read(`ld: fs/ext4/inode.o: in function \`ext4_x':
/build/source/fs/ext4/inode.c:77: undefined reference to \`nope'
ERROR: modpost: "xfs_nope" [fs/xfs/xfs.ko] undefined!
fs/xfs/Kconfig:12: syntax error`).map(({ file, line, text }) => ({ file, line, text })),
    ).toEqual([
      { file: 'fs/ext4/inode.c', line: 77, text: "undefined reference to `nope'" },
      { file: null, line: null, text: '"xfs_nope" [fs/xfs/xfs.ko] undefined!' },
      { file: 'fs/xfs/Kconfig', line: 12, text: 'syntax error' },
    ])
  })

  test('the same message of a header is told once', () => {
    const line = './include/linux/fs.h:5:1: warning: shadowed'
    expect(read(`${line}\n${line}\n./include/linux/fs.h:6:1: warning: shadowed`)).toHaveLength(2)
  })

  test('takes no other line with colons for one', () => {
    expect(
      read(`12:30:01: error: of a clock
http://host:80: error
  CC      a.o
make: *** [Makefile:240: __sub-make] Error 2
checking for error: none
kernel: fs: error: nothing here`),
    ).toEqual([])
  })

  test.each([
    ['/build/source/fs/xfs/a.c', 'fs/xfs/a.c'],
    ['/build/linux-6.18/fs/xfs/a.c', 'fs/xfs/a.c'],
    ['/tmp/nix-build-linux-6.18.drv-0/source/fs/a.c', 'fs/a.c'],
    ['/nix/var/nix/builds/nix-build-linux.drv-12/source/fs/a.c', 'fs/a.c'],
    ['/nix/var/nix/builds/nix-23336-3848491351/source/fs/a.c', 'fs/a.c'],
    ['/home/runner/work/_temp/nix-build-linux.drv-0/linux-6.18/fs/a.c', 'fs/a.c'],
    ['/home/someone/nix-notes/linux/fs/a.c', '/home/someone/nix-notes/linux/fs/a.c'],
    ['/nix/store/00000000000000000000000000000000-source/fs/a.c', 'fs/a.c'],
    ['./include/linux/fs.h', 'include/linux/fs.h'],
    ['../fs/xfs/a.c', 'fs/xfs/a.c'],
    ['../../fs/xfs/a.c', 'fs/xfs/a.c'],
  ])('%s is %s in the tree', (path, expected) => {
    expect(treePath(path)).toBe(expected)
  })

  test('annotations: errors first, on lines of the repository only', () => {
    const messages = read('fs/a.c:1: warning: w\nlibxfs/b.c:2: error: e')
    expect(compilerAnnotations(messages, (path) => path === 'fs/a.c')).toEqual([
      { level: 'error', title: 'Does not build', message: 'libxfs/b.c:2: error: e' },
      { level: 'warning', title: 'Compiler warning', message: 'w', file: 'fs/a.c', line: 1 },
    ])
  })
})
