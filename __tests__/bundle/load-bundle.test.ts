import { describe, expect, test } from '@jest/globals'
import { loadBundle } from '../../src/bundle/load-bundle.js'
import { UserError } from '../../src/domain/errors.js'
import { FakeFiles } from './fake-files.js'

const manifest = {
  version: 2,
  architecture: 'x86_64',
  kernel: { image: '/store/linux/image', release: '6.18.0', config: '/store/linux/config' },
  initrd: 'initrd',
  rootImage: '/store/root.erofs',
  guestPath: ['/usr/bin'],
  suites: [{ name: 'smoke', guestPath: '/vmtest/suites/smoke', catalogue: 'smoke.json' }],
  sections: [{ suite: 'smoke', name: 'xfs', disks: [{ role: 'test', sizeMiB: 512 }], settings: { fstyp: 'xfs' } }],
}

function bundleFiles(changes: Record<string, unknown> = {}, ...more: readonly string[]): FakeFiles {
  return new FakeFiles({
    '/bundle/vmtest.json': JSON.stringify({ ...manifest, ...changes }),
    '/bundle/initrd': 'cpio',
    '/bundle/smoke.json': '{}',
    '/store/linux/image': 'MZ',
    '/store/linux/config': 'CONFIG_XFS_FS=y',
    '/store/root.erofs': 'erofs',
    ...Object.fromEntries(more.map((path) => [path, ''])),
  })
}

async function refusal(files: FakeFiles, path = '/bundle'): Promise<UserError> {
  try {
    await loadBundle(path, { files: files.port })
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
  throw new Error('the bundle was accepted')
}

describe('loading a bundle', () => {
  test('makes every path absolute and fills in defaults', async () => {
    const { directory, bundle } = await loadBundle('/bundle', { files: bundleFiles().port })
    expect(directory).toBe('/bundle')
    expect(bundle.initrd).toBe('/bundle/initrd')
    expect(bundle.kernel).toEqual({ image: '/store/linux/image', release: '6.18.0', config: '/store/linux/config' })
    expect(bundle.suites[0]?.catalogue).toBe('/bundle/smoke.json')
    expect(bundle.kind).toBe('minimal')
    expect(bundle.sections[0]).toMatchObject({ environment: {}, kernelOptions: [] })
  })

  test('the notes of a kernel that counts are a path of the bundle, its gcov may be a name', async () => {
    const counters = { directories: ['fs/xfs'], notes: 'notes', gcov: 'gcov' }
    const files = bundleFiles({ kernel: { ...manifest.kernel, counters } })
    expect((await refusal(files)).message).toBe('/bundle/vmtest.json: kernel.counters.notes is /bundle/notes, which does not exist.')
    const { bundle } = await loadBundle('/bundle', {
      files: bundleFiles({ kernel: { ...manifest.kernel, counters } }, '/bundle/notes').port,
    })
    expect(bundle.kernel.counters).toEqual({ ...counters, notes: '/bundle/notes' })
  })

  test('takes the file itself, and a link to the directory', async () => {
    const files = bundleFiles()
    files.links.set('/result', '/bundle')
    expect((await loadBundle('/bundle/vmtest.json', { files: files.port })).directory).toBe('/bundle')
    expect((await loadBundle('/result', { files: files.port })).bundle.initrd).toBe('/bundle/initrd')
  })

  test.each([
    [3, 'version 3; this vmtest reads version 2', 'Update vmtest'],
    [0, 'version 0; this vmtest reads version 2', 'Build the bundle again'],
    [undefined, 'version none', 'Build the bundle again'],
    ['1', 'version "1"', 'Build the bundle again'],
  ])('refuses version %p by name', async (version, message, nextStep) => {
    const error = await refusal(bundleFiles({ version, kernel: 'whatever it means there' }))
    expect(error.message).toContain(message)
    expect(error.nextStep).toContain(nextStep)
  })

  test('names the path that is missing', async () => {
    const files = bundleFiles()
    files.files.delete('/store/linux/config')
    const error = await refusal(files)
    expect(error.message).toBe('/bundle/vmtest.json: kernel.config is /store/linux/config, which does not exist.')
  })

  test('names every field that is wrong', async () => {
    const error = await refusal(bundleFiles({ architecture: 'vax', sections: [] }))
    expect(error.message).toContain('architecture: ')
    expect(error.message).toContain('sections: ')
  })

  test('tells no bundle, no directory and no JSON apart', async () => {
    expect((await refusal(bundleFiles(), '/nowhere')).message).toBe('There is no VM bundle at /nowhere.')
    expect((await refusal(new FakeFiles({ '/bundle/flake.nix': '{}' }))).message).toContain('it has no vmtest.json')
    expect((await refusal(new FakeFiles({ '/bundle/vmtest.json': '{' }))).message).toBe('/bundle/vmtest.json is not JSON.')
  })
})
