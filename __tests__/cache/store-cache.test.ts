import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { storeName } from '../../src/bundle/nix-log.js'
import { type RestoredStore, restoreBundle, restoreStore, saveStore } from '../../src/cache/index.js'
import { formatIndex, type StoreIndex } from '../../src/cache/store-index.js'
import { NIX, NixSandbox } from './nix-sandbox.js'

let sandbox: NixSandbox
beforeEach(async () => {
  sandbox = await NixSandbox.create()
})
afterEach(() => sandbox.remove())

const restore = (plan = sandbox.plan()) => restoreStore({ plan, nix: sandbox.nix }, sandbox.ports)
const save = (restored: RestoredStore, bundlePath: string, buildTimes = sandbox.times) =>
  saveStore({ restored, bundlePath, buildTimes }, sandbox.ports)
/** The last build's derivations, as if each had taken this long. */
const eachTaking = (seconds: number) => new Map([...sandbox.times.keys()].map((derivation) => [derivation, seconds]))
const outcomes = (ledger: RestoredStore['ledger']) => Object.fromEntries(ledger.map((entry) => [entry.layer, entry.outcome]))

const readIndexFile = async (file: string) => JSON.parse((await readFile(file, 'utf8')).split('\n')[0] ?? '') as Record<string, unknown>

/** A first run: nothing in the cache, all built, all saved. */
async function firstRun(): Promise<string> {
  const restored = await restore()
  const bundle = await sandbox.build()
  await save(restored, bundle)
  return bundle
}

const described = NIX === null ? describe.skip : describe
if (NIX === null) process.stderr.write('store cache: skipped, there is no nix on this machine\n')

described('the store cache on a real Nix store', () => {
  test('a first run misses and saves three layers and an index', async () => {
    const restored = await restore()
    expect(outcomes(restored.ledger)).toEqual({ index: 'miss' })
    const ledger = await save(restored, await sandbox.build())
    expect(outcomes(ledger)).toEqual({ kernel: 'saved', suite: 'saved', tools: 'saved', index: 'saved' })
    expect(ledger.find((entry) => entry.layer === 'kernel')).toMatchObject({ bytes: expect.any(Number), saveSeconds: expect.any(Number) })
    const names = sandbox.cache.entries.map((entry) => /-(kernel|suite|tools|index)-/.exec(entry.key)?.[1])
    expect(names).toEqual(['kernel', 'suite', 'tools', 'index'])
  })

  test('an exact hit gives the bundle, verified, registered, kept; nothing is saved again', async () => {
    const bundle = await firstRun()
    await sandbox.forgetStore()
    const restored = await restore()
    expect(restored.bundlePath).toBe(bundle)
    expect(outcomes(restored.ledger)).toEqual({ index: 'hit', kernel: 'hit', suite: 'hit', tools: 'hit' })
    expect(sandbox.nixCommand('nix-store', '--verify', '--check-contents')).toBe('')
    expect(sandbox.nixCommand('nix-store', '--gc', '--print-dead')).toBe('')
    expect(await sandbox.build()).toBe(bundle)
    expect(await save(restored, bundle)).toEqual([])
  })

  test('two jobs that restore into one store at once both have the bundle, and the store is whole', async () => {
    const bundle = await firstRun()
    await sandbox.forgetStore()
    const both = await Promise.all([restore(), restore()])
    expect(both.map((restored) => restored.bundlePath)).toEqual([bundle, bundle])
    for (const { ledger } of both) expect(new Set(Object.values(outcomes(ledger)))).toEqual(new Set(['hit']))
    expect(sandbox.nixCommand('nix-store', '--verify', '--check-contents')).toBe('')
  })

  test('a kernel edit moves the kernel alone', async () => {
    await firstRun()
    await sandbox.commit({ 'kernel.txt': 'kernel 2' })
    await sandbox.forgetStore()
    const restored = await restore()
    expect(restored.bundlePath).toBeNull()
    expect(outcomes(restored.ledger)).toEqual({ index: 'partial', suite: 'hit', tools: 'hit' })
    const ledger = await save(restored, await sandbox.build())
    expect(outcomes(ledger)).toEqual({ kernel: 'saved', suite: 'hit', tools: 'hit', index: 'saved' })
    await sandbox.forgetStore()
    expect((await restore()).bundlePath).not.toBeNull()
  })

  test('the bundle of the base can be had beside the one at hand, by the key its run noted', async () => {
    const saved = await save(await restore(), await sandbox.build())
    const base = await sandbox.build()
    const indexKey = saved.find(({ layer }) => layer === 'index')?.key ?? ''
    await sandbox.commit({ 'kernel.txt': 'kernel 2' })
    await sandbox.forgetStore()
    const restored = await restore()
    const head = await sandbox.build()
    await save(restored, head)
    expect(head).not.toBe(base)
    await sandbox.forgetStore()
    const { session } = await restore()
    expect(await restoreBundle({ session, indexKey, bundlePath: head }, sandbox.ports)).toBe(true)
    expect(await restoreBundle({ session, indexKey, bundlePath: base }, sandbox.ports)).toBe(true)
    expect(sandbox.nixCommand('nix-store', '--verify', '--check-contents')).toBe('')
    await sandbox.forgetStore()
    const again = (await restore()).session
    expect(await restoreBundle({ session: again, indexKey: `${indexKey}0`, bundlePath: base }, sandbox.ports)).toBe(false)
    expect(await restoreBundle({ session: null, indexKey, bundlePath: base }, sandbox.ports)).toBe(false)
  })

  test('a rebase and an empty commit hit exactly; a changed Nix file does not', async () => {
    const bundle = await firstRun()
    await sandbox.commit({})
    await sandbox.forgetStore()
    expect((await restore()).bundlePath).toBe(bundle)
    await sandbox.commit({ 'flake.nix': '{ outputs = _: { }; }' })
    await sandbox.forgetStore()
    const restored = await restore()
    expect([restored.bundlePath, outcomes(restored.ledger).index]).toEqual([null, 'partial'])
  })

  test('uncommitted changes never hit exactly and never save a kernel', async () => {
    await firstRun()
    await sandbox.forgetStore()
    await writeFile(join(sandbox.repository, 'kernel.txt'), 'kernel dirty')
    const restored = await restore()
    expect(restored.bundlePath).toBeNull()
    expect(restored.ledger[0]?.detail).toContain('not committed')
    expect(outcomes(await save(restored, await sandbox.build())).kernel).toBe('not-saved')
  })

  test('an impure evaluation gets its store back, but Nix is asked', async () => {
    const plan = sandbox.plan({ bundle: { kind: 'flake', flake: '.', attribute: 'vmtest', impure: true } })
    const first = await restore(plan)
    const bundle = await sandbox.build()
    await save(first, bundle)
    await sandbox.forgetStore()
    const restored = await restore(plan)
    expect([restored.bundlePath, sandbox.valid(bundle)]).toEqual([null, true])
    expect(outcomes(await save(restored, bundle))).toEqual({ kernel: 'hit', suite: 'hit', tools: 'hit' })
  })

  test('the offline flake is known by what was staged: the same programs hit exactly, another program does not', async () => {
    const flakeDirectory = join(sandbox.directory, 'offline-flake')
    const stage = async (hash: string) => {
      await mkdir(join(flakeDirectory, 'host'), { recursive: true })
      await writeFile(join(flakeDirectory, 'flake.nix'), '{ }')
      await writeFile(join(flakeDirectory, 'host/host-files.sha256'), `${hash}  /usr/bin/bash\n`)
    }
    const plan = sandbox.plan({ bundle: { kind: 'offline' } })
    const restoreStaged = () => restoreStore({ plan, nix: sandbox.nix, flakeDirectory }, sandbox.ports)
    await stage('0'.repeat(64))
    const bundle = await sandbox.build()
    await save(await restoreStaged(), bundle)
    await sandbox.forgetStore()
    await rm(flakeDirectory, { recursive: true })
    await stage('0'.repeat(64))
    expect((await restoreStaged()).bundlePath).toBe(bundle)
    await sandbox.forgetStore()
    await stage('1'.repeat(64))
    const other = await restoreStaged()
    expect([other.bundlePath, outcomes(other.ledger).index, outcomes(other.ledger).tools]).toEqual([null, 'partial', 'hit'])
    expect(outcomes((await restoreStore({ plan, nix: sandbox.nix }, sandbox.ports)).ledger)).toEqual({ store: 'disabled' })
  })

  test('the guest built for a kernel tree is never taken for the whole bundle', async () => {
    const forTree = sandbox.plan({ kernelTree: { directory: '/linux', config: null, kconfig: [] } })
    const bundle = await sandbox.build()
    await save(await restore(forTree), bundle)
    await sandbox.forgetStore()
    expect((await restore()).bundlePath).toBeNull()
    await sandbox.forgetStore()
    expect((await restore(forTree)).bundlePath).toBe(bundle)
  })

  test('a bundle whose kernel counts is never taken for the plain one, nor for one that counts elsewhere', async () => {
    const plan = sandbox.plan()
    const restoreCounted = (...counted: string[]) => restoreStore({ plan, nix: sandbox.nix, counted }, sandbox.ports)
    const bundle = await sandbox.build()
    await save(await restoreCounted('fs/xfs'), bundle)
    await sandbox.forgetStore()
    const plain = await restore()
    expect([plain.bundlePath, outcomes(plain.ledger).index]).toEqual([null, 'partial'])
    await sandbox.forgetStore()
    expect(outcomes((await restoreCounted('fs/ext4')).ledger).index).toBe('partial')
    await sandbox.forgetStore()
    // Its sources are compared with the tree's each time: Nix is asked, and has nothing to build.
    const again = await restoreCounted('fs/xfs')
    expect([again.bundlePath, outcomes(again.ledger).index, sandbox.valid(bundle)]).toEqual([null, 'hit', true])
  })

  test('a store that is half there gets what it lacks; what is there is not touched', async () => {
    const bundle = await firstRun()
    sandbox.nixCommand('nix-store', '--delete', '--ignore-liveness', bundle)
    expect(sandbox.valid(bundle)).toBe(false)
    sandbox.run++
    const restored = await restore()
    expect(restored.bundlePath).toBe(bundle)
    expect(restored.ledger.find((entry) => entry.layer === 'tools')?.detail).toBe('in the store already')
    expect(restored.ledger.find((entry) => entry.layer === 'kernel')?.detail).toMatch(/^1 of 3 paths/)
    expect(sandbox.nixCommand('nix-store', '--verify', '--check-contents')).toBe('')
  })

  test('what a layer spares is what its own builders took, as Nix logged them', async () => {
    const restored = await restore()
    const bundle = await sandbox.build()
    expect([...sandbox.times.keys()].map(storeName).sort()).toEqual(['kernel', 'lib', 'modules', 'qemu', 'suite', 'vmtest'])
    const took: Readonly<Record<string, number>> = { kernel: 100, modules: 10, vmtest: 1, suite: 20, lib: 5, qemu: 3 }
    const times = new Map([...sandbox.times.keys()].map((path) => [path, took[storeName(path)] ?? 0]))
    const saved = await save(restored, bundle, times)
    expect(saved.map(({ savedSeconds }) => savedSeconds)).toEqual([null, null, null, null])
    await sandbox.forgetStore()
    const spared = ({ ledger }: RestoredStore) => Object.fromEntries(ledger.map((entry) => [entry.layer, entry.savedSeconds]))
    expect(spared(await restore())).toEqual({ index: null, kernel: 111, suite: 20, tools: 8 })
    // What was here already was not spared by the cache.
    sandbox.nixCommand('nix-store', '--delete', '--ignore-liveness', bundle)
    sandbox.run++
    expect(spared(await restore())).toEqual({ index: null, kernel: 1, suite: null, tools: null })
  })

  test('a layer built in another run keeps that run’s times; one nobody timed is kept and spares nothing known', async () => {
    await firstRun()
    const [kernel] = [...sandbox.times].filter(([path]) => path.endsWith('-kernel.drv')).map(([, seconds]) => seconds)
    await sandbox.commit({ 'suite.txt': 'suite 2' })
    sandbox.run++
    const second = await restore()
    const bundle = await sandbox.build()
    expect([...sandbox.times.keys()].some((path) => path.endsWith('-kernel.drv'))).toBe(false)
    await save(second, bundle)
    await sandbox.forgetStore()
    const restored = (await restore()).ledger.find(({ layer }) => layer === 'kernel')
    expect(restored?.savedSeconds).toBeGreaterThanOrEqual(kernel ?? Number.POSITIVE_INFINITY)
    await sandbox.commit({ 'suite.txt': 'suite 3' })
    sandbox.run++
    const third = await restore()
    const untimed = await save(third, await sandbox.build(), new Map())
    expect(outcomes(untimed)).toMatchObject({ suite: 'saved' })
    await sandbox.forgetStore()
    expect((await restore()).ledger.find(({ layer }) => layer === 'suite')?.savedSeconds).toBeNull()
  })

  test('leftovers the database does not know are replaced', async () => {
    const bundle = await firstRun()
    await sandbox.forgetStore()
    sandbox.nixCommand('nix-store', '--check-validity')
    await writeFile(bundle, 'half a file of an interrupted build')
    expect((await restore()).bundlePath).toBe(bundle)
    expect(sandbox.nixCommand('nix-store', '--verify', '--check-contents')).toBe('')
  })
})

described('entries that are not what they should be', () => {
  async function afterSpoiling(spoil: () => Promise<void>) {
    const bundle = await firstRun()
    await sandbox.forgetStore()
    await spoil()
    const restored = await restore()
    return { bundle, restored }
  }

  /** Whatever was in the cache: the run goes on, what is registered is right, and nothing is left lying about. */
  async function expectHarmless(bundle: string) {
    expect(sandbox.nixCommand('nix-store', '--verify', '--check-contents')).toBe('')
    expect(await sandbox.build()).toBe(bundle)
    expect(await sandbox.onDisk(join(sandbox.storeDirectory, '.kernel-vmtest-layer-kernel'))).toBe(false)
  }

  test.each([
    ['truncated', 500],
    ['empty', 0],
  ])('a %s archive', async (_, size) => {
    const { bundle, restored } = await afterSpoiling(() => truncate(sandbox.cache.file('-kernel-', 'store-0.tar.zst'), size))
    expect(restored.bundlePath).toBeNull()
    expect(outcomes(restored.ledger)).toMatchObject({ kernel: 'miss', suite: 'hit' })
    await expectHarmless(bundle)
  })

  test('a flipped byte', async () => {
    const { bundle, restored } = await afterSpoiling(async () => {
      const file = sandbox.cache.file('-tools-', 'store-0.tar.zst')
      const bytes = await readFile(file)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff
      await writeFile(file, bytes)
    })
    expect(restored.bundlePath).toBeNull()
    expect(outcomes(restored.ledger).tools).toBe('miss')
    expect(sandbox.valid(bundle)).toBe(false)
    await expectHarmless(bundle)
  })

  test('other contents under the right names', async () => {
    const { bundle, restored } = await afterSpoiling(async () => {
      // Well-formed in every respect, and of the same size: only the hash can tell.
      const file = sandbox.cache.file('-kernel-', 'store-0.tar.zst')
      const { size } = await stat(file)
      const other = join(sandbox.directory, 'other')
      await mkdir(other)
      execFileSync('tar', ['--extract', `--file=${file}`, '--use-compress-program=zstd', `--directory=${other}`])
      execFileSync('sh', ['-c', 'chmod -R u+w "$0"; cd "$0"/*-kernel; echo other > bzImage', other])
      execFileSync('tar', ['--create', `--file=${file}`, '--use-compress-program=zstd -19', `--directory=${other}`, '.'])
      await truncate(file, size)
    })
    expect(restored.ledger.find((entry) => entry.layer === 'kernel')).toMatchObject({
      outcome: 'miss',
      detail: expect.stringContaining('its hash differs'),
    })
    await expectHarmless(bundle)
  })

  test('an index in which one hash was changed', async () => {
    const { restored } = await afterSpoiling(async () => {
      const file = sandbox.cache.file('index', 'index.json')
      const text = await readFile(file, 'utf8')
      await writeFile(
        file,
        text.replace(/("narHash":")(.)/, (_, before: string, digit: string) => before + (digit === '0' ? '1' : '0')),
      )
    })
    expect(restored.ledger).toEqual([
      expect.objectContaining({ layer: 'index', outcome: 'miss', detail: expect.stringContaining('damaged') }),
    ])
    expect(restored.bundlePath).toBeNull()
  })

  test('an archive that reaches out of its directory', async () => {
    const { bundle, restored } = await afterSpoiling(async () => {
      const file = sandbox.cache.file('-kernel-', 'store-0.tar.zst')
      const evil = join(sandbox.directory, 'evil')
      await writeFile(evil, 'evil')
      // A link that leads out, and a member whose name does.
      await symlink(sandbox.directory, join(sandbox.directory, 'out'))
      const how = ['--create', `--file=${file}`, '--use-compress-program=zstd', `--directory=${sandbox.directory}`, '--absolute-names']
      execFileSync('tar', [...how, '--transform=s,^evil$,../../escaped,', 'out', 'evil'])
    })
    expect(outcomes(restored.ledger).kernel).toBe('miss')
    expect(await sandbox.onDisk(join(sandbox.directory, 'nix', 'escaped'))).toBe(false)
    expect(await sandbox.onDisk(join(sandbox.directory, 'escaped'))).toBe(false)
    await expectHarmless(bundle)
  })

  test.each([
    ['of another format', (index: Record<string, unknown>) => ({ ...index, version: 99 }), 'format is 99'],
    ['malformed', (index: Record<string, unknown>) => ({ ...index, layers: 'none' }), 'malformed at layers'],
    ['of another store', (index: Record<string, unknown>) => ({ ...index, storeDirectory: '/elsewhere' }), 'store at /elsewhere'],
    ['that names a path outside the store', (index: Record<string, unknown>) => ({ ...index, bundlePath: '/etc/passwd' }), 'no store path'],
  ])('an index %s is a miss with one line', async (_, change, reason) => {
    const { restored } = await afterSpoiling(async () => {
      const file = sandbox.cache.file('index', 'index.json')
      await writeFile(file, formatIndex(change(await readIndexFile(file)) as unknown as StoreIndex))
    })
    expect(restored.ledger).toEqual([expect.objectContaining({ layer: 'index', outcome: 'miss', detail: expect.stringContaining(reason) })])
    expect(restored.bundlePath).toBeNull()
  })

  test('a layer that was evicted is a miss, the others still serve, and the next save mends it', async () => {
    const { bundle, restored } = await afterSpoiling(async () => {
      const at = sandbox.cache.entries.findIndex((entry) => entry.key.includes('-suite-'))
      sandbox.cache.entries.splice(at, 1)
    })
    expect(outcomes(restored.ledger)).toMatchObject({ suite: 'miss', tools: 'hit' })
    expect(restored.bundlePath).toBeNull()
    expect(await sandbox.build()).toBe(bundle)
    expect(outcomes(await save(restored, bundle))).toMatchObject({ suite: 'saved', tools: 'hit', index: 'saved' })
    await sandbox.forgetStore()
    expect((await restore()).bundlePath).toBe(bundle)
  })

  test('a service that is down is one line', async () => {
    sandbox.cache.refuse = 'the service is down'
    const restored = await restore()
    expect(restored.ledger).toEqual([expect.objectContaining({ outcome: 'failed', detail: 'the service is down' })])
  })
})

described('what is not saved', () => {
  test('what was altered in the store since Nix registered it', async () => {
    const restored = await restore()
    const bundle = await sandbox.build()
    const kernel = sandbox
      .nixCommand('nix-store', '--query', '--requisites', bundle)
      .split('\n')
      .find((path) => path.endsWith('-kernel'))
    execFileSync('sh', ['-c', 'chmod u+w "$0"/bzImage; echo other > "$0"/bzImage', kernel ?? ''])
    const ledger = await save(restored, bundle)
    expect(ledger.find(({ layer }) => layer === 'kernel')).toMatchObject({
      outcome: 'not-saved',
      detail: expect.stringContaining('is not what Nix registered'),
    })
  })

  test('nothing is packed where nothing can be written', async () => {
    sandbox.cache.canWrite = false
    const restored = await restore()
    const bundle = await sandbox.build()
    expect(await save(restored, bundle)).toEqual([expect.objectContaining({ outcome: 'not-saved' })])
    expect(await sandbox.onDisk(join(sandbox.directory, 'temp'))).toBe(false)
  })

  test('a layer that costs more than it saves', async () => {
    const restored = await restore()
    const bundle = await sandbox.build()
    await save(restored, bundle, eachTaking(0.0001))
    await sandbox.commit({ 'suite.txt': 'suite 2', 'kernel.txt': 'kernel 2' })
    await sandbox.forgetStore()
    const second = await restore()
    const again = await sandbox.build()
    const ledger = await save(second, again, eachTaking(0.0001))
    expect(ledger.find((entry) => entry.layer === 'suite')).toMatchObject({
      outcome: 'not-saved',
      detail: expect.stringContaining('does not pay'),
    })
  })

  test('what an upstream cache signs is left to it', async () => {
    const restored = await restore()
    const bundle = await sandbox.build()
    const key = join(sandbox.directory, 'key')
    await writeFile(key, sandbox.nixCommand('nix', 'key', 'generate-secret', '--key-name', 'upstream-1'))
    const [lib] = sandbox
      .nixCommand('nix-store', '-qR', bundle)
      .split('\n')
      .filter((path) => path.endsWith('-lib'))
    sandbox.nixCommand('nix', 'store', 'sign', '--key-file', key, lib ?? '')
    expect(outcomes(await save(restored, bundle))).toEqual({ kernel: 'saved', suite: 'saved', tools: 'saved', index: 'saved' })
    const index = (await readIndexFile(sandbox.cache.file('index', 'index.json'))) as { upstream: string[] }
    expect(index.upstream).toEqual([lib])
    // Without the upstream cache nothing can be had whole: a miss, and nothing half-registered.
    await sandbox.forgetStore()
    const again = await restore()
    expect(again.bundlePath).toBeNull()
    expect(outcomes(again.ledger)).toEqual({ index: 'hit', kernel: 'miss', suite: 'miss', tools: 'miss' })
    expect(sandbox.nixCommand('nix-store', '--verify', '--check-contents')).toBe('')
    expect(await sandbox.build()).toBe(bundle)
  })

  test('a given bundle, a remote flake and a switched-off cache say so', async () => {
    for (const plan of [
      sandbox.plan({ cache: false }),
      sandbox.plan({ bundle: { kind: 'path', path: '/x' } }),
      sandbox.plan({ bundle: { kind: 'flake', flake: 'github:someone/linux', attribute: 'vmtest', impure: false } }),
    ]) {
      const restored = await restore(plan)
      expect(restored.ledger).toEqual([expect.objectContaining({ outcome: 'disabled' })])
      expect(await save(restored, '/x')).toEqual([])
    }
    expect(sandbox.cache.asked).toEqual([])
  })
})
