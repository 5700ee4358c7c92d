// Runs in a private mount namespace with an empty /nix: installs Nix as the action does, twice, and builds with it.
// argv: NixInputs as JSON, a work directory, and perhaps a checkout whose offline bundle is built too. Prints one JSON line.
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { loadBundle } from '../../src/bundle/load-bundle.js'
import { nixBuild } from '../../src/bundle/nix-build.js'
import { prepareOfflineFlake } from '../../src/bundle/offline.js'
import { describeError, UserError } from '../../src/domain/errors.js'
import { ensureNix } from '../../src/nix/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { createHttp } from '../../src/ports/real/http.js'
import { createTerminalRunner } from '../../src/ports/real/terminal-runner.js'

const [inputs = '{}', work = '/tmp', checkout] = process.argv.slice(2)
const runner = createTerminalRunner({ out: process.stdout, err: process.stderr, env: process.env }, { verbose: false })
const ports = { runner, exec: createExec(), files: createFiles(), http: createHttp(), clock: createClock() }

const FLAKE = `{
  outputs = { self }: {
    hello = derivation {
      name = "hello";
      system = "x86_64-linux";
      builder = "/bin/sh";
      args = [ "-c" "echo hello > $out" ];
    };
  };
}`

const left = () => {
  try {
    return readdirSync('/nix')
  } catch {
    return []
  }
}

const result: Record<string, unknown> = {}
try {
  const nix = await ensureNix(JSON.parse(inputs), { face: 'action' }, ports)
  result.first = nix
  result.second = await ensureNix(JSON.parse(inputs), { face: 'action' }, ports)
  mkdirSync(`${work}/flake`, { recursive: true })
  writeFileSync(`${work}/flake/flake.nix`, FLAKE)
  const settings = [
    ['substituters', ''],
    ['sandbox-paths', '/bin /usr /lib /lib64'],
  ] as const
  const built = await nixBuild({ nix, installable: `path:${work}/flake#hello`, impure: false, cwd: work, settings }, ports)
  result.built = built.kind === 'built' ? await ports.files.readText(built.outPath) : built.error.message
  if (checkout !== undefined) {
    const flake = await prepareOfflineFlake({ checkout, cacheDirectory: `${work}/cache` }, ports)
    const bundle = await nixBuild({ nix, installable: `path:${flake}#vmtest`, impure: false, cwd: work, settings }, ports)
    result.bundle = bundle.kind === 'built' ? (await loadBundle(bundle.outPath, ports)).bundle.kernel.release : bundle.error.message
    result.kernel = JSON.parse(await ports.files.readText(`${flake}/host/host.json`)).kernel.release
  }
  const verified = await ports.exec.run([nix.program.replace(/nix$/, 'nix-store'), '--verify', '--check-contents'], {
    env: { PATH: '/usr/bin:/bin', HOME: work, NIX_CONFIG: nix.config },
  })
  result.verified = verified.code
} catch (error) {
  result.error = error instanceof UserError ? { kind: error.kind, message: error.message, nextStep: error.nextStep } : describeError(error)
}
result.left = left()
result.owners = [...new Set(['/nix', ...left().map((name) => `/nix/${name}`)].map((path) => lstatSync(path).uid))]
console.log(JSON.stringify(result))
