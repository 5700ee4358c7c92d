// Builds the offline VM bundle as `vmtest demo` does and prints its store path: `node scripts/nix-offline-bundle.mjs [CACHE]`.
// For working on the guest without the rest of the command. Needs Nix, QEMU and the host's programs.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname
const cache = process.argv[2] ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest')
const directory = mkdtempSync(join(tmpdir(), 'vmtest-offline-'))
try {
  const outfile = join(directory, 'stage.mjs')
  await build({
    absWorkingDir: root,
    stdin: {
      contents: `
        import { prepareOfflineFlake } from './src/build/offline.js'
        import { createExec } from './src/ports/real/exec.js'
        import { createFiles } from './src/ports/real/files.js'
        const options = ${JSON.stringify({ checkout: root, cacheDirectory: cache })}
        console.log(await prepareOfflineFlake(options, { exec: createExec(), files: createFiles() }))
      `,
      resolveDir: root,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  const staged = spawnSync(process.execPath, [outfile], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (staged.status !== 0) process.exit(staged.status ?? 1)
  const NIX_CONFIG = [
    'experimental-features = nix-command flakes',
    'build-users-group =',
    'substituters =',
    'sandbox = true',
    'sandbox-paths = /bin /usr /lib /lib64',
    'sandbox-fallback = false',
  ].join('\n')
  const built = spawnSync('nix', ['build', `path:${staged.stdout.trim()}#vmtest`, '--json', '--no-link', '-L'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NIX_CONFIG },
  })
  if (built.status !== 0) process.exit(built.status ?? 1)
  console.log(JSON.parse(built.stdout)[0].outputs.out)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
