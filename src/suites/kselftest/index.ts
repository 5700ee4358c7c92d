import { programSuite } from '../programs/program-suite.js'
import { readKselftest } from './catalogue.js'
import { readForeignKselftest, readForeignKselftestLog } from './foreign.js'
import { SUMMONS_OOM_KILLER } from './known.js'
import { isKselftestName } from './list.js'

/** The kernel's word for an architecture. */
const KERNEL_NAMES = { x86_64: 'x86_64', aarch64: 'arm64' }

/** The kernel's own selftests, installed. */
export const kselftest = programSuite({
  name: 'kselftest',
  title: 'the kernel’s selftests (tools/testing/selftests)',
  tree: 'An installed kselftest (a directory with `kselftest-list.txt`), or a kernel tree to build it from. Empty: with `kernel-tree`, that tree.',
  description: 'The guest as it is, without disks',
  enumerate: async (files, directory) => ({ suite: 'kselftest', tests: [...(await readKselftest(files, directory))] }),
  isName: isKselftestName,
  normalize: (word) => word,
  collectionOf: (name) => name.slice(0, Math.max(0, name.lastIndexOf(':'))),
  fileOf: (name) => name.replace(/:(?=[^:]*$)/, '/'),
  buildFor: (architecture) =>
    `Install it for ${architecture}: \`make ARCH=${KERNEL_NAMES[architecture]} CROSS_COMPILE=${architecture}-linux-gnu- -C tools/testing/selftests clean install\`.`,
  readForeignDirectory: readForeignKselftest,
  readForeignLog: readForeignKselftestLog,
  provocations: [
    {
      isOf: (test) => SUMMONS_OOM_KILLER.includes(test),
      kinds: ['oom'],
      why: 'lets a cgroup run out of memory on purpose',
    },
  ],
})
