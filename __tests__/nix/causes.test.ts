// What is no fault of what is tested, provoked: a loopback server, made trees, a real Nix and git. Exit status, last line, run.json.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type BuiltCommand, buildCommand } from '../cli/command.js'
import { ownStore } from './own-store.js'

const MINUTES = 60_000
const canRun = spawnSync('nix', ['--version']).status === 0
if (!canRun) console.log('skipped: causes are provoked only where there is a Nix')
const isRoot = process.getuid?.() === 0
const reports = new URL('../../../shared/cases/reports/', import.meta.url).pathname

const derivation = (attributes: string) =>
  `{ outputs = { self }: { packages.x86_64-linux.vmtest = derivation { name = "b"; system = "x86_64-linux"; ${attributes} }; }; }`
const fetching = (url: string) =>
  `{ inputs.it.url = "${url}"; inputs.it.flake = false; outputs = { self, it }: { packages.x86_64-linux.vmtest = import it; }; }`

let work: string
let command: BuiltCommand
let server: Server
let number = 0
/** By path: status and body. */
const answers: Readonly<Record<string, readonly [number, string]>> = {
  '/limited.tar.gz': [403, '{"message":"API rate limit exceeded for 192.0.2.7."}'],
  '/forbidden.tar.gz': [403, 'no'],
  '/many.tar.gz': [429, 'later'],
  '/private.tar.gz': [404, '{"message":"Not Found"}'],
  '/broken.tar.gz': [500, 'oops'],
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'vmtest-causes-'))
  mkdirSync(join(work, 'home'))
  command = await buildCommand()
  server = createServer((request, response) => {
    const [status, body] = answers[request.url ?? ''] ?? [404, '']
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}, MINUTES)

afterAll(() => {
  server.close()
  command.remove()
  spawnSync('chmod', ['-R', 'u+w', work])
  rmSync(work, { recursive: true, force: true })
})

const address = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], {
    cwd,
    stdio: 'pipe',
    env: { ...process.env, HOME: work },
  })

function flakeIn(text: string): string {
  const directory = join(work, `flake-${++number}`)
  mkdirSync(directory)
  writeFileSync(join(directory, 'flake.nix'), text)
  return directory
}

interface Ending {
  readonly status: number | null
  readonly lastLine: string
  readonly conclusion: { readonly kind: string; readonly reason: string }
}

/** `vmtest run` of a flake. @param config further lines of nix.conf */
async function run(flake: string, cwd: string, config = ''): Promise<Ending> {
  const output = join(work, `out-${++number}`)
  const env: NodeJS.ProcessEnv = { ...ownStore(join(work, 'store')), HOME: join(work, 'home'), XDG_CACHE_HOME: join(work, 'cache') }
  env.NIX_CONFIG += `\ndownload-attempts = 1\n${config}`
  const argv = ['run', '--flake', flake, '--kernel-tree', 'none', '-o', output]
  const child = spawn(join(command.directory, 'vmtest'), argv, { cwd, env, stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const status = await new Promise<number | null>((resolve) => child.on('exit', resolve))
  const record = JSON.parse(readFileSync(join(output, 'run.json'), 'utf8'))
  return { status, lastLine: text.trimEnd().split('\n').at(-1) ?? '', conclusion: record.conclusion }
}

const describeWithNix = canRun ? describe : describe.skip
describeWithNix('what is in the way is said with its cure, and is no failure of the build', () => {
  /** Exit status 69, and one sentence with the cure: in the record, and as the last line. */
  function expectCause({ status, lastLine, conclusion }: Ending, what: RegExp, cure: RegExp): void {
    expect(conclusion.reason).toMatch(what)
    expect(conclusion.reason).toMatch(cure)
    expect({ status, kind: conclusion.kind }).toEqual({ status: 69, kind: 'could-not-test' })
    expect(lastLine).toBe(conclusion.reason)
  }

  test.each([
    ['/limited.tar.gz', /answered HTTP 403 \(a rate limit\)/, /access-tokens/],
    ['/forbidden.tar.gz', /answered HTTP 403\./, /access-tokens/],
    ['/many.tar.gz', /answered HTTP 429 \(a rate limit\)/, /access-tokens/],
    ['/private.tar.gz', /answered HTTP 404\./, /not public needs a token/],
    ['/broken.tar.gz', /answered HTTP 500\./, /try again/],
  ])(
    '%s',
    async (path, what, cure) => {
      expectCause(await run(`path:${flakeIn(fetching(address(path)))}`, work), what, cure)
    },
    MINUTES,
  )

  const asRoot = isRoot ? test : test.skip
  asRoot(
    'a tree of another user',
    async () => {
      const tree = flakeIn(derivation('builder = "/bin/sh";'))
      git(tree, 'init', '-q')
      git(tree, 'add', '-A')
      git(tree, 'commit', '-qm', 'one')
      execFileSync('chown', ['-R', '1234:1234', tree])
      expectCause(await run('.', tree), /the tree belongs to another user/, /git config --global --add safe\.directory/)
    },
    MINUTES,
  )

  test(
    'a worktree of a shallow clone',
    async () => {
      const origin = flakeIn(derivation('builder = "/bin/sh";'))
      git(origin, 'init', '-q')
      git(origin, 'add', '-A')
      git(origin, 'commit', '-qm', 'one')
      git(origin, 'commit', '-qm', 'two', '--allow-empty')
      git(work, 'clone', '-q', '--depth', '1', `file://${origin}`, 'shallow')
      git(join(work, 'shallow'), 'worktree', 'add', '-q', '../wt', 'HEAD')
      const ending = await run('.', join(work, 'wt'))
      // Newer Nix takes shallow repositories; then the derivation is what fails.
      if (/is a shallow clone/.test(ending.conclusion.reason)) {
        expectCause(ending, /shallow clone/, /git fetch --unshallow.*'git\+file:\/\/\S+\/wt\?shallow=1'/)
      } else expect(ending.conclusion.reason).not.toMatch(/shallow/)
    },
    MINUTES,
  )

  asRoot(
    'a builder that the sandbox does not have',
    async () => {
      const flake = flakeIn(derivation('builder = "/bin/sh"; args = [ "-c" "echo > $out" ];'))
      const ending = await run(`path:${flake}`, work, 'sandbox-paths =')
      expectCause(ending, /its builder is \/bin\/sh, which the sandbox of this Nix does not have/, /sandbox-paths/)
      expect(ending.conclusion.reason).not.toMatch(/daemon|--bundle offline/)
    },
    MINUTES,
  )

  test.each([
    ['requiredSystemFeatures = [ "kvm" ];', 'system-features = benchmark', /needs KVM/, /extra-system-features = kvm/],
    ['requiredSystemFeatures = [ "huge" ];', '', /a builder for x86_64-linux with features \{huge\}/, /builders/],
  ])(
    'a machine without %s',
    async (attributes, config, what, cure) => {
      expectCause(await run(`path:${flakeIn(derivation(`builder = "/bin/sh"; ${attributes}`))}`, work, config), what, cure)
    },
    MINUTES,
  )

  test(
    'a nixpkgs that refuses this Nix',
    async () => {
      // As lib/minver.nix of 26.11 says it.
      const words =
        'This version of Nixpkgs requires an implementation of Nix with the following features:\\n- `builtins.nixVersion` reports at least 2.99'
      const flake = flakeIn(`{ outputs = { self }: { packages.x86_64-linux.vmtest = abort "${words}"; }; }`)
      const ending = await run(`path:${flake}`, work)
      expectCause(ending, /needs a newer Nix: .*it wants 2\.99/, /nixos\.org\/download/)
      expect(ending.conclusion.reason).not.toMatch(/apt/)
    },
    MINUTES,
  )

  test(
    'what is wrong with the flake itself stays a failed build',
    async () => {
      const { status, conclusion } = await run(
        `path:${flakeIn('{ outputs = { self }: { packages.x86_64-linux.vmtest = nosuch; }; }')}`,
        work,
      )
      expect({ status, kind: conclusion.kind }).toEqual({ status: 65, kind: 'build-failed' })
    },
    MINUTES,
  )

  test(
    'the cases of public reports',
    async () => {
      if (!existsSync(reports)) return console.log('skipped: the cases are not beside this checkout')
      const flake = join(work, 'report')
      cpSync(join(reports, 'nix-shell-not-in-sandbox'), flake, { recursive: true })
      expect(await run(`path:${flake}`, work, 'sandbox-paths =')).toMatchObject({ status: 69 })
    },
    MINUTES,
  )
})
