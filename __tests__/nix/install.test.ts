import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { missingRequiredPrograms } from '../../src/build/host-tree.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'

/** The real installer against a loopback server, in mount namespaces with an empty tmpfs on /nix and the host's Nix masked. */
const root = new URL('../..', import.meta.url).pathname
const canRun =
  process.getuid?.() === 0 &&
  ['/usr/bin/nix', '/usr/bin/unshare'].every((path) => existsSync(path)) &&
  spawnSync('unshare', ['-m', 'true']).status === 0
if (!canRun) console.log('skipped: installing Nix needs root, mount namespaces and a Nix of the distribution to make a release of')

const lacking = canRun ? await missingRequiredPrograms({ exec: createExec(), files: createFiles() }) : []
if (lacking.length > 0) console.log(`skipped: the offline bundle needs programs this machine does not have: ${lacking.join(', ')}`)
/** Kernel packages downloaded before: kept by every use of the offline bundle. */
const KERNELS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest/kernels')

const TEN_MINUTES = 600_000
let work: string
let server: Server
let release: Buffer
const hits: string[] = []

const namespace = (script: string, mask: boolean) =>
  ['unshare', ['-m', '--propagation', 'private', 'sh', '-euc', `mount -t tmpfs none /nix\n${mask ? MASK : ''}${script}`]] as const
const MASK = `for program in /usr/bin/nix*; do mount --bind /dev/null "$program"; done\n`

function answer(url: string): { status: number; body: Buffer; cut?: boolean } {
  if (url === '/release.tar.xz') return { status: 200, body: release }
  if (url === '/cut.tar.xz') return { status: 200, body: release, cut: true }
  if (url === '/text.tar.xz') return { status: 200, body: Buffer.from('not a tarball') }
  return { status: 404, body: Buffer.from('no such file') }
}

beforeAll(async () => {
  if (!canRun) return
  mkdirSync('/nix', { recursive: true })
  work = mkdtempSync(join(tmpdir(), 'vmtest-install-'))
  const made = spawnSync(...namespace(`sh ${root}__tests__/nix/release/make.sh ${work}/release.tar.xz`, false), { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  release = readFileSync(join(work, 'release.tar.xz'))
  await build({
    entryPoints: [join(root, '__tests__/nix/driver.ts')],
    outfile: join(work, 'driver.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  server = createServer((request, response) => {
    hits.push(request.url ?? '')
    const { status, body, cut } = answer(request.url ?? '')
    response.writeHead(status, { 'content-length': body.length })
    if (cut === true) response.write(body.subarray(0, body.length / 2), () => response.destroy())
    else response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}, TEN_MINUTES)

afterAll(() => {
  if (!canRun) return
  server.close()
  rmSync(work, { recursive: true, force: true })
})

interface Outcome {
  readonly first?: { readonly origin: string; readonly program: string; readonly version: string; readonly notes: readonly string[] }
  readonly second?: { readonly origin: string; readonly program: string }
  readonly built?: string
  /** The kernel's release in the offline bundle that was built, and in the flake it was built from. */
  readonly bundle?: string
  readonly kernel?: string
  readonly verified?: number
  readonly error?: { readonly kind: string; readonly message: string; readonly nextStep: string }
  readonly left: readonly string[]
}

interface InstallOptions {
  readonly env?: Record<string, string>
  /** Run in the namespace before the installation. */
  readonly script?: string
  /** Whose offline bundle is built afterwards. */
  readonly checkout?: string
}

async function install(inputs: Record<string, unknown>, options: InstallOptions = {}): Promise<Outcome> {
  const all = { version: null, tarballUrl: null, tarballSha256: null, extraConf: '', substituters: [], trustedPublicKeys: [], ...inputs }
  const home = mkdtempSync(join(work, 'home-'))
  const command = `${options.script ?? ''}\nexec ${process.execPath} ${work}/driver.mjs '${JSON.stringify(all)}' ${home} ${options.checkout ?? ''}`
  if (options.checkout !== undefined && existsSync(KERNELS)) cpSync(KERNELS, join(home, 'cache/kernels'), { recursive: true })
  const child = spawn(...namespace(command, true), {
    env: options.env ?? { PATH: process.env.PATH ?? '', HOME: home, XDG_CACHE_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  await new Promise((resolve) => child.on('close', resolve))
  const last = stdout.trim().split('\n').at(-1) ?? ''
  if (!last.startsWith('{')) throw new Error(`the driver said nothing: ${stderr}`)
  return JSON.parse(last) as Outcome
}

const at = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
const sha256 = () => createHash('sha256').update(release).digest('hex')

;(canRun ? describe : describe.skip)('installing Nix', () => {
  test(
    'unpacks, registers and builds; the second run installs nothing',
    async () => {
      hits.length = 0
      const outcome = await install({ tarballUrl: at('/release.tar.xz'), tarballSha256: sha256() })
      expect(outcome.error).toBeUndefined()
      expect(outcome.first).toMatchObject({ origin: 'tarball', program: expect.stringMatching(/^\/nix\/store\/.*-nix-[\d.]+\/bin\/nix$/) })
      expect(outcome.second?.origin).toBe('found')
      expect(outcome.built).toBe('hello\n')
      expect(outcome.verified).toBe(0)
      expect(hits).toEqual(['/release.tar.xz'])
      expect(outcome.left).toEqual(['store', 'var'])
    },
    TEN_MINUTES,
  )

  ;(lacking.length === 0 ? test : test.skip)(
    'what it installs builds the offline bundle',
    async () => {
      const outcome = await install({ tarballUrl: at('/release.tar.xz'), tarballSha256: sha256() }, { checkout: root })
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
      const outcome = await install(
        { tarballUrl: at('/release.tar.xz'), tarballSha256: sha256() },
        { env: { PATH: process.env.PATH ?? '' } },
      )
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
        const outcome = await install({ tarballUrl: at(path), tarballSha256: hash ?? sha256() })
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
      const outcome = await install({ tarballUrl: at('/text.tar.xz'), tarballSha256: hash })
      expect(outcome.error?.message).toMatch(/cannot be unpacked/)
      expect(outcome.left).toEqual([])
    },
    TEN_MINUTES,
  )

  test(
    'a full disk is told with numbers and leaves nothing',
    async () => {
      const outcome = await install(
        { tarballUrl: at('/release.tar.xz'), tarballSha256: sha256() },
        { script: 'umount /nix; mount -t tmpfs -o size=60m none /nix' },
      )
      expect(outcome.error?.message).toMatch(/\/nix has \d+ MiB free; unpacking Nix needs about \d+ MiB/)
      expect(outcome.left).toEqual([])
    },
    TEN_MINUTES,
  )

  test(
    'a disk that fills while Nix is unpacked is one clear error and leaves nothing',
    async () => {
      // Bytes enough for the look ahead, but no room for the files.
      const outcome = await install(
        { tarballUrl: at('/release.tar.xz'), tarballSha256: sha256() },
        { script: 'umount /nix; mount -t tmpfs -o size=4g,nr_inodes=8 none /nix' },
      )
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
      const outcome = await install(
        { tarballUrl: at('/release.tar.xz'), tarballSha256: sha256() },
        { script: 'mkdir -p /nix/.kernel-vmtest-old/store/x; chmod 0555 /nix/.kernel-vmtest-old/store/x' },
      )
      expect(outcome).toMatchObject({ built: 'hello\n', left: ['store', 'var'] })
    },
    TEN_MINUTES,
  )

  test(
    'a version without a pin is refused before anything is downloaded',
    async () => {
      hits.length = 0
      const outcome = await install({ version: '2.99.0', tarballUrl: at('/release.tar.xz') })
      expect(outcome.error).toMatchObject({ kind: 'usage', message: expect.stringContaining('Nix 2.99.0 is not pinned here') })
      expect(hits).toEqual([])
    },
    TEN_MINUTES,
  )
})
