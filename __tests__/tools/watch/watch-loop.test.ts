import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { createExec } from '../../../src/ports/real/exec.js'
import { createFileWatcher } from '../../../src/ports/real/watch.js'
import type { FileWatcher } from '../../../src/ports/watch.js'
import { directoriesOf, listSources } from '../../../src/tools/watch/sources.js'
import { watchLoop } from '../../../src/tools/watch/watch-loop.js'

/** Watches nothing by itself: a test saves files. Counts what is open. */
class FakeWatcher implements FileWatcher {
  readonly open = new Set<(path: string) => void>()
  readonly directories: (readonly string[])[] = []

  watch(directories: readonly string[], onChange: (path: string) => void) {
    this.directories.push(directories)
    this.open.add(onChange)
    return { close: () => void this.open.delete(onChange) }
  }

  save(path: string): void {
    for (const tell of this.open) tell(path)
  }
}

/** A loop whose runs and sleeps are scripted; the last script ends it. */
async function loop(
  scripts: readonly ((watcher: FakeWatcher) => void)[],
  sleep: (watcher: FakeWatcher) => void = () => undefined,
  added?: readonly string[],
) {
  const watcher = new FakeWatcher()
  const over = new AbortController()
  const said: string[] = []
  let runs = 0
  const exitCode = await watchLoop({
    ...{ watcher, signal: over.signal, say: (line) => said.push(line), duringRun: 'wait', shortly: (path) => path.replace('/t/', '') },
    sources: async () => ['/t/fs/a.c', '/t/fs/b.c', '/t/mm/c.c', ...(added ?? [])],
    mayBeSource: (path) => path.endsWith('.c'),
    clock: { sleep: async () => sleep(watcher) },
    run: async () => {
      const script = scripts[runs++]
      if (script === undefined) over.abort()
      // After the run, as a person does, or during it: the script says.
      script?.(watcher)
      return runs
    },
  })
  expect(watcher.open.size).toBe(0)
  return { runs, said, watcher, exitCode }
}

test('a save of a source starts the next run, a save of anything else does not', async () => {
  const { runs, said, watcher, exitCode } = await loop([
    (watcher) =>
      void setImmediate(() => {
        for (const path of ['/t/fs/.a.c.swp', '/t/fs/a.o', '/t/fs/a.c']) watcher.save(path)
      }),
  ])
  expect([runs, exitCode]).toEqual([2, 2])
  expect(said).toEqual(['watching 3 files; Ctrl-C ends', 'changed: fs/a.c'])
  expect(watcher.directories[0]).toEqual(['/t/fs', '/t/mm'])
})

test('a save during a run is not lost', async () => {
  expect((await loop([(watcher) => watcher.save('/t/mm/c.c')])).said).toContain('changed: mm/c.c')
})

test('what is saved in quick succession is one run', async () => {
  const rest = ['/t/fs/b.c', '/t/mm/c.c']
  const { runs, said } = await loop([(watcher) => watcher.save('/t/fs/a.c')], (watcher) => {
    const next = rest.shift()
    if (next !== undefined) watcher.save(next)
  })
  expect(runs).toBe(2)
  expect(said).toContain('changed: fs/a.c, fs/b.c, mm/c.c')
})

test('a source that is new starts a run, by its own name or in a directory that is new; what only looks like one does not', async () => {
  const added: string[] = []
  const save =
    (...paths: string[]) =>
    (watcher: FakeWatcher) =>
      void setImmediate(() => {
        added.push(...paths.filter((path) => !path.includes('scratch')))
        for (const path of paths) watcher.save(path)
        // A file that is gone again when the sources are asked for.
        watcher.save('/t/fs/4913.c')
      })
  const { runs, said } = await loop([save('/t/fs/new.c'), save('/t/fs/scratch.c', '/t/mm/c.c')], undefined, added)
  expect(runs).toBe(3)
  expect(said.filter((line) => line.startsWith('changed'))).toEqual(['changed: fs/new.c', 'changed: mm/c.c'])
  const below = ['/t/fs/sub/x.c']
  const inDirectory = await loop(
    [
      (watcher) =>
        void setImmediate(() => {
          added.push(...below)
          watcher.save('/t/fs/sub.c')
        }),
    ],
    undefined,
    added,
  )
  expect(inDirectory.said).toContain('changed: fs/sub/x.c')
})

/** A loop whose first run goes on until it is cut. */
async function restarted(saves: readonly string[]) {
  const watcher = new FakeWatcher()
  const over = new AbortController()
  const said: string[] = []
  let runs = 0
  await watchLoop({
    ...{ watcher, signal: over.signal, say: (line) => said.push(line), duringRun: 'restart', shortly: (path) => path },
    sources: async () => ['/t/a.c'],
    mayBeSource: () => true,
    clock: { sleep: async () => undefined },
    run: async (signal) => {
      if (++runs === 2) over.abort()
      if (runs === 1) {
        setImmediate(() => {
          for (const path of saves) watcher.save(path)
        })
        await new Promise<void>((resolve) => {
          // It takes its time to end, as a guest does.
          signal.addEventListener('abort', () => setTimeout(resolve, 20), { once: true })
          if (!saves.includes('/t/a.c')) setTimeout(() => over.abort(), 50)
        })
      }
      return runs
    },
  })
  expect(watcher.open.size).toBe(0)
  return { runs, said }
}

test('with restart a save ends the run that goes on, a note does not', async () => {
  const { runs, said } = await restarted(['/t/note', '/t/a.c'])
  expect(runs).toBe(2)
  expect(said[0]).toBe('saved: this run ends, and the next one starts')
  expect(said).toContain('changed: /t/a.c')
  expect(await restarted(['/t/note'])).toEqual({ runs: 1, said: [] })
})

const tree = mkdtempSync(join(tmpdir(), 'vmtest-watch-'))
afterAll(() => rmSync(tree, { recursive: true }))
for (const path of ['fs/xfs/inode.c', 'fs/xfs/inode.o', 'fs/Kconfig', 'Documentation/x.c', 'README.md', 'Makefile']) {
  mkdirSync(join(tree, path, '..'), { recursive: true })
  writeFileSync(join(tree, path), '')
}
const relative = async () =>
  (await listSources({ tree, kind: 'kernel' }, { exec: createExec() })).map((path) => path.slice(tree.length + 1)).sort()

test('sources are what is compiled by name, and what git tracks where there is git', async () => {
  expect(await relative()).toEqual(['Makefile', 'fs/Kconfig', 'fs/xfs/inode.c'])
  const exec = createExec()
  for (const words of [
    ['init', '-q'],
    ['add', 'fs/xfs/inode.c', 'README.md'],
  ])
    await exec.run(['git', '-C', tree, ...words])
  // New ones too, but for what compilers, editors and merges leave.
  for (const left of ['fs/xfs/inode.c~', 'fs/xfs/.inode.c.swp', 'fs/xfs/inode.c.orig', '.vmtest/runs/1/plan.json', 'mine.patch']) {
    mkdirSync(join(tree, left, '..'), { recursive: true })
    writeFileSync(join(tree, left), '')
  }
  expect(await relative()).toEqual(['Makefile', 'fs/Kconfig', 'fs/xfs/inode.c'])
  await expect(listSources({ tree: join(tree, 'Documentation'), kind: 'kernel' }, { exec })).resolves.toHaveLength(1)
  mkdirSync(join(tree, 'empty'))
  await expect(listSources({ tree: join(tree, 'empty'), kind: 'kernel' }, { exec })).rejects.toThrow('has no source files to watch')
})

test('of a suite every file is watched, whatever it is called, but for leftovers', async () => {
  const own = mkdtempSync(join(tmpdir(), 'vmtest-watch-own-'))
  try {
    for (const name of ['reproducer', 'settings', 'deep test', 'x.sh', 'x.sh~', 'x.o', 'README.md']) writeFileSync(join(own, name), '')
    const found = await listSources({ tree: own, kind: 'suite' }, { exec: createExec() })
    expect(found.map((path) => path.slice(own.length + 1)).sort()).toEqual(['deep test', 'reproducer', 'settings', 'x.sh'])
  } finally {
    rmSync(own, { recursive: true })
  }
})

test('the real watcher sees a write and an editor’s rename, and stops', async () => {
  const seen = new Set<string>()
  let wake: () => void = () => undefined
  const directories = [...directoriesOf([join(tree, 'fs/xfs/inode.c')]), join(tree, 'gone')]
  const watching = createFileWatcher().watch(directories, (path) => {
    seen.add(path)
    wake()
  })
  const until = async (path: string) => {
    while (!seen.has(path)) await new Promise<void>((resolve) => (wake = resolve))
  }
  writeFileSync(join(tree, 'fs/xfs/inode.c'), 'edited')
  await until(join(tree, 'fs/xfs/inode.c'))
  seen.clear()
  writeFileSync(join(tree, 'new'), 'saved')
  renameSync(join(tree, 'new'), join(tree, 'fs/xfs/inode.c'))
  await until(join(tree, 'fs/xfs/inode.c'))
  watching.close()
})
