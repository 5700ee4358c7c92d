import { join } from 'node:path'

/** The environment of a Nix whose store, database and cache lie in a directory, and that asks no cache. */
export function ownStore(directory: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    XDG_CACHE_HOME: join(directory, 'cache'),
    NIX_STORE_DIR: join(directory, 'store'),
    NIX_STATE_DIR: join(directory, 'state'),
    NIX_LOG_DIR: join(directory, 'log'),
    NIX_CONFIG: 'experimental-features = nix-command flakes\nbuild-users-group =\nsubstituters =',
  }
}
