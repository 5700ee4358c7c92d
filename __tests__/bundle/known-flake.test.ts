import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type FlakePlace, type KnownFlake, knownBuild, knownFlake, noteBuild, noteReading } from '../../src/bundle/known-flake.js'
import type { Files } from '../../src/ports/index.js'
import { createFiles } from '../../src/ports/real/files.js'

/** As if everything had been changed long before: a note is not kept of what changed just now. */
const files: Files = {
  ...createFiles(),
  marks: async (paths) => {
    const marks = await createFiles().marks?.(paths)
    return (marks ?? []).map((mark, at) => (mark === null || paths[at]?.includes('/known-flakes/') ? mark : { ...mark, changedMs: 0 }))
  },
}
let root: string
let place: FlakePlace
let flake: KnownFlake

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'known-flake-'))
  const cacheDirectory = join(root, 'cache')
  mkdirSync(join(cacheDirectory, 'offline-flake-1'), { recursive: true })
  mkdirSync(join(root, 'checkout/dist'), { recursive: true })
  writeFileSync(join(root, 'checkout/dist/cli.js'), '1')
  mkdirSync(join(root, 'bin'))
  writeFileSync(join(root, 'bin/mkfs.xfs'), '6.1')
  place = { checkout: join(root, 'checkout'), cacheDirectory, environment: { PATH: join(root, 'bin') } }
  flake = {
    directory: join(cacheDirectory, 'offline-flake-1'),
    kernel: { release: '6.1', version: '6.1-1', archives: [{ path: '/kernel.deb', sha256: 'ab', request: 'linux=6.1-1' }] },
  }
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

async function stage(): Promise<void> {
  const noting = await noteReading(place, files)
  await noting.files.readText(join(root, 'bin/mkfs.xfs'))
  await noting.keep(flake)
}

describe('the staged flake', () => {
  it('is known while what was read for it is as it was', async () => {
    expect(await knownFlake(place, files)).toBeNull()
    await stage()
    expect(await knownFlake(place, files)).toEqual(flake)
  })

  const changes: Readonly<Record<string, () => void>> = {
    'a program that was read': () => writeFileSync(join(root, 'bin/mkfs.xfs'), '6.2'),
    'a program more on PATH': () => writeFileSync(join(root, 'bin/fio'), ''),
    'this project’s own program': () => writeFileSync(join(root, 'checkout/dist/cli.js'), '2'),
    'another file of this project': () => writeFileSync(join(root, 'checkout/dist/chunk.js'), ''),
    'the flake itself, which is gone': () => rmSync(flake.directory, { recursive: true }),
  }
  it.each(Object.entries(changes))('is staged anew after a change of %s', async (_, change) => {
    await stage()
    change()
    expect(await knownFlake(place, files)).toBeNull()
  })

  it('is staged anew with another PATH, and remembered for none that is not known', async () => {
    await stage()
    expect(await knownFlake({ ...place, environment: { PATH: '/elsewhere' } }, files)).toBeNull()
    expect(await knownFlake({ ...place, environment: undefined }, files)).toBeNull()
  })

  it('is not known from a note that was cut', async () => {
    await stage()
    const [name] = await files.list(join(place.cacheDirectory, 'known-flakes'))
    const path = join(place.cacheDirectory, 'known-flakes', name ?? '')
    await files.write(path, (await files.readText(path)).slice(0, -20))
    expect(await knownFlake(place, files)).toBeNull()
  })

  it('is not remembered where something changed while it was staged', async () => {
    const noting = await noteReading(place, createFiles())
    await noting.files.readText(join(root, 'bin/mkfs.xfs'))
    utimesSync(join(root, 'bin/mkfs.xfs'), 1, 1)
    await noting.keep(flake)
    expect(await knownFlake(place, createFiles())).toBeNull()
  })
})

describe('what it was built as', () => {
  it('is known where it is there and kept, by the same Nix', async () => {
    const bundle = join(root, 'bundle')
    const of = { flake: flake.directory, cacheDirectory: place.cacheDirectory, outLink: join(root, 'link'), by: ['nix', '2.8'] }
    mkdirSync(bundle)
    writeFileSync(join(bundle, 'vmtest.json'), '{}')
    await noteBuild(of, bundle, files)
    expect(await knownBuild(of, files)).toBeNull()
    symlinkSync(bundle, of.outLink)
    expect(await knownBuild(of, files)).toBe(bundle)
    expect(await knownBuild({ ...of, by: ['nix', '2.9'] }, files)).toBeNull()
    expect(await knownBuild({ ...of, flake: '/another' }, files)).toBeNull()
    rmSync(join(bundle, 'vmtest.json'))
    expect(await knownBuild(of, files)).toBeNull()
  })
})
