// Builds the offline VM bundle as `vmtest demo` does and prints its store path: `node scripts/nix-offline-bundle.mjs [CACHE]`.
// For working on the guest without the rest of the command. Needs Nix, QEMU and the host's programs.
import { spawnSync } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { load, root } from './bundle.mjs'

const cache = process.argv[2] ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest')
const { prepareOfflineFlake, createExec, createFiles } = await load(
  'src/bundle/offline.ts',
  'src/ports/real/exec.ts',
  'src/ports/real/files.ts',
)
const flake = await prepareOfflineFlake({ checkout: root, cacheDirectory: cache }, { exec: createExec(), files: createFiles() })
const NIX_CONFIG = [
  'experimental-features = nix-command flakes',
  'build-users-group =',
  'substituters =',
  'sandbox = true',
  'sandbox-paths = /bin /usr /lib /lib64',
  'sandbox-fallback = false',
].join('\n')
const built = spawnSync('nix', ['build', `path:${flake}#vmtest`, '--json', '--no-link', '-L'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, NIX_CONFIG },
})
if (built.status !== 0) process.exit(built.status ?? 1)
console.log(JSON.parse(built.stdout)[0].outputs.out)
