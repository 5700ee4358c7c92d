import { programSuite } from '../programs/program-suite.js'
import { isScriptName, readScripts } from './catalogue.js'
import { readForeignKtap } from './foreign.js'

/** A directory of executables of one's own, with kselftest's conventions. */
export const scripts = programSuite({
  name: 'scripts',
  title: 'a directory of programs of your own',
  tree: 'A directory of executables of your own, each a test (docs/howto/own-scripts.md).',
  description: 'The guest as it is, without disks',
  enumerate: async (files, directory) => ({ suite: 'scripts', tests: [...(await readScripts(files, directory))] }),
  isName: isScriptName,
  normalize: (word) => word.replace(/^(?:\.\/)+/, ''),
  collectionOf: (name) => name.slice(0, Math.max(0, name.lastIndexOf('/'))),
  fileOf: (name) => name,
  buildFor: (architecture) => `Build its programs for ${architecture}.`,
  readForeignLog: readForeignKtap,
  provocations: [],
})
