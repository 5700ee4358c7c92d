import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface FakeBundle {
  /** The bundled fake-qemu.ts. */
  readonly fakeQemu: string
  readonly tests: readonly string[]
  /** What becomes of tests (`fates.json`); those not named pass. */
  readonly fates: Readonly<Record<string, string>>
  /** The kernel image's bytes: by them one kernel is told from another. */
  readonly image: string
  /** Of the manifest's version. */
  readonly version: 1 | 2
  readonly sections: readonly object[]
}

/** A bundle whose QEMU is a program that only says what became of a test. */
export function writeFakeBundle(path: string, { fakeQemu, tests, fates, image, version, sections }: FakeBundle): void {
  mkdirSync(path)
  for (const name of ['initrd', 'root.erofs']) writeFileSync(join(path, name), name)
  writeFileSync(join(path, 'image'), image)
  writeFileSync(join(path, 'fates.json'), JSON.stringify(fates))
  copyFileSync(fakeQemu, join(path, 'qemu.mjs'))
  writeFileSync(join(path, 'qemu'), `#!/bin/sh\nexec '${process.execPath}' '${join(path, 'qemu.mjs')}' "$@"\n`, { mode: 0o755 })
  const listed = tests.map((name) => ({ name, groups: ['auto', 'quick'], file: `tests/${name}`, line: 1 }))
  writeFileSync(join(path, 'catalogue.json'), JSON.stringify({ suite: 'fstests', tests: listed }))
  writeFileSync(
    join(path, 'vmtest.json'),
    JSON.stringify({
      version,
      architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
      kernel: { image: 'image', release: '6.1.0' },
      initrd: 'initrd',
      rootImage: 'root.erofs',
      guestPath: ['/bin'],
      suites: [{ name: 'fstests', guestPath: '/fstests', catalogue: 'catalogue.json' }],
      sections,
      qemu: join(path, 'qemu'),
      revisions: { kernel: '6.1.0' },
    }),
  )
}
