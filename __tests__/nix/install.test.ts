import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { missingRequiredPrograms } from '../../src/bundle/host-tree.js'
import { probeSandbox } from '../../src/nix/sandbox.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { canBeNobody, canInstall, InstallLab, NOBODY } from './install-lab.js'

const root = new URL('../..', import.meta.url).pathname
if (!canInstall) console.log('skipped: installing Nix needs root, mount namespaces and a Nix of the distribution to make a release of')
if (canInstall && !canBeNobody) console.log('skipped: an unprivileged user cannot run this Node')

const lacking = canInstall ? await missingRequiredPrograms({ exec: createExec(), files: createFiles() }) : []
if (lacking.length > 0) console.log(`skipped: the offline bundle needs programs this machine does not have: ${lacking.join(', ')}`)
/** What a daemon of root does in a sandbox: a container may forbid it. */
const canSandbox = canInstall && (await probeSandbox({ userNamespace: false }, { exec: createExec() })).sandbox
const hasSudo = existsSync('/usr/bin/sudo')
if (canBeNobody && !hasSudo) console.log('skipped: there is no sudo on this machine')

const TEN_MINUTES = 600_000
let lab: InstallLab

beforeAll(async () => {
  if (canInstall) lab = await InstallLab.create()
}, TEN_MINUTES)
afterAll(() => lab?.remove())

;(canInstall ? describe : describe.skip)('installing Nix', () => {
  test(
    'unpacks, registers and builds; the second run installs nothing',
    async () => {
      lab.hits.length = 0
      const outcome = await lab.install(lab.tarball)
      expect(outcome.error).toBeUndefined()
      expect(outcome.first).toMatchObject({ origin: 'tarball', program: expect.stringMatching(/^\/nix\/store\/.*-nix-[\d.]+\/bin\/nix$/) })
      expect(outcome.second?.origin).toBe('found')
      expect(outcome.built).toBe('hello\n')
      expect(outcome.verified).toBe(0)
      expect(lab.hits).toEqual(['/release.tar.xz'])
      expect(outcome.left).toEqual(['store', 'var'])
    },
    TEN_MINUTES,
  )

  ;(lacking.length === 0 ? test : test.skip)(
    'what it installs builds the offline bundle',
    async () => {
      const outcome = await lab.install(lab.tarball, { checkout: root })
      expect(outcome.error).toBeUndefined()
      expect(outcome.first?.origin).toBe('tarball')
      expect(outcome.kernel).toMatch(/^\d+\.\d+/)
      expect(outcome.bundle).toBe(outcome.kernel)
      expect(outcome.verified).toBe(0)
    },
    TEN_MINUTES,
  )

  test(
    'HOME and USER may be unset',
    async () => {
      const outcome = await lab.install(lab.tarball, { home: null })
      expect(outcome).toMatchObject({ built: 'hello\n', verified: 0 })
    },
    TEN_MINUTES,
  )

  const failures = [
    { name: 'a wrong hash', path: '/release.tar.xz', hash: '0'.repeat(64), message: /is not the expected one: its sha256 is [0-9a-f]{64}/ },
    { name: 'a cut download', path: '/cut.tar.xz', hash: null, message: /could not be downloaded: the connection ended early/ },
    { name: 'a 404', path: '/none.tar.xz', hash: null, message: /could not be downloaded: the server answered 404/ },
  ]
  for (const { name, path, hash, message } of failures) {
    test(
      `${name} is one clear error and leaves nothing`,
      async () => {
        const outcome = await lab.install({ ...lab.tarball, tarballUrl: lab.at(path), ...(hash === null ? {} : { tarballSha256: hash }) })
        expect(outcome.first).toBeUndefined()
        expect(outcome.error?.kind).toBe('could-not-test')
        expect(outcome.error?.message).toMatch(message)
        expect(outcome.error?.nextStep).not.toBe('')
        expect(outcome.left).toEqual([])
      },
      TEN_MINUTES,
    )
  }

  test(
    'bytes with the right hash that are no release leave nothing',
    async () => {
      const hash = createHash('sha256').update('not a tarball').digest('hex')
      const outcome = await lab.install({ tarballUrl: lab.at('/text.tar.xz'), tarballSha256: hash })
      expect(outcome.error?.message).toMatch(/cannot be unpacked/)
      expect(outcome.left).toEqual([])
    },
    TEN_MINUTES,
  )

  test(
    'a full disk is told with numbers and leaves nothing',
    async () => {
      const outcome = await lab.install(lab.tarball, { script: 'umount /nix; mount -t tmpfs -o size=60m none /nix' })
      expect(outcome.error?.message).toMatch(/\/nix has \d+ MiB free; unpacking Nix needs about \d+ MiB/)
      expect(outcome.left).toEqual([])
    },
    TEN_MINUTES,
  )

  test(
    'a disk that fills while Nix is unpacked is one clear error and leaves nothing',
    async () => {
      // Bytes enough for the look ahead, but no room for the files.
      const outcome = await lab.install(lab.tarball, { script: 'umount /nix; mount -t tmpfs -o size=4g,nr_inodes=8 none /nix' })
      expect(outcome.first).toBeUndefined()
      expect(outcome.error?.kind).toBe('could-not-test')
      expect(outcome.error?.message).toMatch(/No space left on device/)
      expect(outcome.error?.nextStep).toMatch(/space/)
      expect(outcome.left).toEqual([])
    },
    TEN_MINUTES,
  )

  test(
    'what a killed installation left is taken away by the next',
    async () => {
      const outcome = await lab.install(lab.tarball, {
        script: 'mkdir -p /nix/.kernel-vmtest-old/store/x; chmod 0555 /nix/.kernel-vmtest-old/store/x',
      })
      expect(outcome).toMatchObject({ built: 'hello\n', left: ['store', 'var'] })
    },
    TEN_MINUTES,
  )

  test(
    'a version without a pin is refused before anything is downloaded',
    async () => {
      lab.hits.length = 0
      const outcome = await lab.install({ version: '2.99.0', tarballUrl: lab.at('/release.tar.xz') })
      expect(outcome.error).toMatchObject({ kind: 'usage', message: expect.stringContaining('Nix 2.99.0 is not pinned here') })
      expect(lab.hits).toEqual([])
    },
    TEN_MINUTES,
  )
})

;(canBeNobody ? describe : describe.skip)('installing Nix without root', () => {
  const withSudo = hasSudo ? test : test.skip

  test(
    'in a /nix of one’s own, without sudo and with HOME and USER unset: works like root’s, and says how builds run',
    async () => {
      const outcome = await lab.install(lab.tarball, { nobody: 'no sudo', home: null, script: 'chown nobody /nix' })
      expect(outcome).toMatchObject({ first: { origin: 'tarball' }, second: { origin: 'found' }, built: 'hello\n', verified: 0 })
      expect(outcome.first?.notes.some((note) => note.startsWith('Builds run without a sandbox'))).toBe(outcome.first?.sandbox === false)
    },
    TEN_MINUTES,
  )

  withSudo(
    'with sudo: /nix is made theirs, nothing else is done as root',
    async () => {
      const outcome = await lab.install(lab.tarball, { nobody: 'sudo', home: null })
      expect(outcome).toMatchObject({ first: { origin: 'tarball' }, second: { origin: 'found' }, built: 'hello\n', verified: 0 })
      expect(outcome.owners).toEqual([NOBODY.uid])
    },
    TEN_MINUTES,
  )

  test.each([
    { sandbox: 'true', said: null },
    { sandbox: 'false', said: "Builds run without a sandbox: the daemon's nix.conf says so." },
  ])(
    'a daemon that is there is used as it is, and what it does is said: sandbox = $sandbox',
    async ({ sandbox, said }) => {
      const daemon = `sandbox = ${sandbox}\nsandbox-fallback = false\nsandbox-paths = /bin /usr /lib /lib64`
      const outcome = await lab.install({}, { nobody: 'no sudo', daemon })
      expect(outcome.error).toBeUndefined()
      expect(outcome).toMatchObject({ first: { origin: 'found', sandbox: said === null }, owners: [0] })
      expect(outcome.first?.notes.filter((note) => note.includes('sandbox'))).toEqual(said === null ? [] : [said])
      if (said !== null || canSandbox) expect(outcome.built).toBe('hello\n')
    },
    TEN_MINUTES,
  )

  const refusals = [
    { name: 'without sudo', nobody: 'no sudo', script: '', message: /^There is no usable Nix, and \/nix belongs to another user/ },
    { name: 'with a sudo that asks for a password', nobody: 'sudo asks', script: '', message: /and \/nix belongs to another user/ },
    {
      name: 'where /nix holds another user’s files',
      nobody: 'sudo',
      script: 'mkdir /nix/store',
      message: /\/nix holds another user's files/,
    },
  ] as const
  for (const { name, nobody, script, message } of refusals) {
    ;(nobody === 'no sudo' ? test : withSudo)(
      `${name}: one clear error before anything is downloaded`,
      async () => {
        lab.hits.length = 0
        const outcome = await lab.install(lab.tarball, { nobody, script })
        expect(outcome.error).toMatchObject({ kind: 'could-not-test', message: expect.stringMatching(message) })
        expect(outcome.error?.nextStep).toMatch(/sudo without a password|remove \/nix/)
        expect(lab.hits).toEqual([])
        expect(outcome.left).toEqual(script === '' ? [] : ['store'])
      },
      TEN_MINUTES,
    )
  }
})
