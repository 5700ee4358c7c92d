import { describeEvent, NixLogReader } from '../../src/bundle/nix-log.js'
import { compilerAnnotations, formatMessage, readCompilerMessages } from '../../src/kernel/compiler-messages.js'
import { mustHold, type Target, textOf } from '../target.js'

export const nixLog: Target = {
  name: 'nix-log',
  words: [
    ...[
      '@nix ',
      '{"action":"start","id":1,"level":3,"type":105,"fields":["/nix/store/a.drv","",1,1]}',
      '{"action":"stop","id":1}',
      '\u001b[31m',
    ],
    ...[
      '{"action":"result","id":1,"type":101,"fields":["x"]}',
      '{"action":"msg","level":0,"msg":"error: x"}',
      '"type":104',
      '\u001b]0;',
      '\n',
    ],
    ...['"fields":', '"id":', '1e999', '-1', 'null', '\\u0000', '\\ud800', 'error: ', '"__proto__":'],
  ],
  run(input) {
    const keptLines = 3
    const reader = new NixLogReader(keptLines)
    for (const [index, line] of textOf(input).split('\n').entries()) {
      for (const event of reader.feed(line, index)) {
        describeEvent(event)
        if (event.kind === 'message') mustHold(!event.text.includes('\u001b['), 'a message has no colours left')
      }
    }
    mustHold(
      reader.logs.every((log) => log.lines.length <= keptLines),
      'no more lines of a builder are kept than asked',
    )
  },
}

export const compilerMessages: Target = {
  name: 'compiler',
  words: [
    ...[
      'fs/xfs/a.c:12:3: error: ',
      'warning: ',
      'note: ',
      'fatal error: ',
      "fs/a.c: In function 'f':",
      'fs/a.c: At top level:',
      '/build/linux/',
    ],
    ...[
      'ERROR: modpost: "a" [fs/a.ko] undefined!',
      'ld: fs/a.c:1: undefined reference to `b',
      'Kconfig:1: syntax error',
      '../',
      './',
      ':',
      '::error::',
    ],
  ],
  run(input) {
    const lines = textOf(input).split('\n')
    const messages = readCompilerMessages(lines)
    mustHold(messages.length <= lines.length * 2, 'no more messages than lines can hold')
    for (const message of messages) mustHold(!formatMessage(message).includes('\n'), 'a message is one line')
    for (const annotation of compilerAnnotations(messages, (path) => path.startsWith('fs/'))) {
      mustHold(annotation.file === undefined || annotation.file.startsWith('fs/'), 'an annotation is on a file of the tree')
    }
  },
}
