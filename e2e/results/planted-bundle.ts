import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { loadBundle } from '../../src/bundle/index.js'
import { createFiles } from '../../src/ports/real/files.js'
import { suiteOf } from '../../src/suites/index.js'
import { buildOfflineBundle, type ExtraTest } from '../lab/vm-lab.js'

/** Makes bundles that are alike but for the bugs planted in them: kernels with the same tests and different faults. */
export interface Nursery {
  readonly directory: string
  /** The bundle the others are made of, without any planted test. */
  readonly original: string
  /**
   * A whole bundle. A test asks `planted NAME` for a bug of the bundle it runs in.
   * @param revision what the bundle calls its kernel
   */
  plant(revision: string, bugs: readonly string[]): string
  close(): void
}

/** @param tests added to the smoke suite of every bundle */
export async function openNursery(tests: readonly ExtraTest[]): Promise<Nursery> {
  const { bundle, directory: original } = await loadBundle(process.env.VMTEST_BUNDLE ?? buildOfflineBundle(), { files: createFiles() })
  const suite = bundle.suites.find(({ name }) => name === 'smoke')
  if (suite === undefined) throw new Error('the bundle has no smoke suite')
  // Not the temporary directory: images belong on a real file system.
  const directory = mkdtempSync('/var/tmp/vmtest-nursery-')
  const root = join(directory, 'root')
  run('fsck.erofs', `--extract=${root}`, bundle.rootImage)
  for (const test of tests) writeTest(join(root, suite.guestPath, 'tests'), test)
  const catalogue = await suiteOf('smoke').enumerate(createFiles(), suite.source ?? '')
  const added = tests.map(({ name }) => ({ name, groups: ['planted'], file: `tests/${name}`, line: 3 }))
  writeFileSync(join(directory, 'catalogue.json'), JSON.stringify({ ...catalogue, tests: [...catalogue.tests, ...added] }))
  return {
    directory,
    original,
    plant: (revision, bugs) => {
      const path = mkdtempSync(join(directory, 'bundle-'))
      mkdirSync(join(root, 'vmtest/planted'))
      for (const bug of bugs) writeFileSync(join(root, 'vmtest/planted', bug), '')
      run('mkfs.erofs', '--quiet', '-T1', '--all-root', join(path, 'root.erofs'), root)
      rmSync(join(root, 'vmtest/planted'), { recursive: true })
      const planted = {
        ...bundle,
        rootImage: 'root.erofs',
        revisions: { ...bundle.revisions, kernel: revision },
        suites: [{ name: 'smoke', guestPath: suite.guestPath, catalogue: '../catalogue.json' }],
      }
      writeFileSync(join(path, 'vmtest.json'), JSON.stringify(planted))
      return path
    },
    close: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function writeTest(directory: string, { name, script, output }: ExtraTest): void {
  const path = join(directory, name)
  const planted = 'planted() { [[ -e /vmtest/planted/$1 ]]; }'
  writeFileSync(path, `#!/bin/bash\n. ./common/preamble\n_begin_fstest planted\n${planted}\n\n${script}\n`, { mode: 0o755 })
  writeFileSync(`${path}.out`, `QA output created by ${basename(name)}\n${output}\n`)
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`)
}
