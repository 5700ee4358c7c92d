import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { canary } from './canaries.js'

/** Variables a step may find secrets in: the runner's own, a job's, and those of tools that read theirs from the environment. */
const VARIABLES = [
  'GITHUB_TOKEN',
  'GH_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'MY_SECRET',
  'DEPLOY_PASSWORD',
  'AWS_SECRET_ACCESS_KEY',
  'CACHIX_AUTH_TOKEN',
  'NPM_TOKEN',
]

/** Files of a home directory that hold secrets. */
const FILES = ['.netrc', '.git-credentials', '.ssh/id_ed25519', '.docker/config.json', '.config/gh/hosts.yml', '.config/nix/netrc']

export interface Planted {
  /** Variables with a canary each; NIX_CONFIG among them. */
  readonly env: Readonly<Record<string, string>>
  /** Files that hold one, and are not to be searched. */
  readonly files: readonly string[]
}

/** What an action alone is given: no other process of a step may see it. */
export const OF_THE_ACTION = /^(?:GITHUB_TOKEN|GH_TOKEN|ACTIONS_|INPUT_)/

/** Plants a canary wherever a step may have a secret: in its environment, in Nix's configuration, in the home directory. */
export function plantSecrets(home: string): Planted {
  const files = FILES.map((name) => join(home, name))
  for (const path of files) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `machine example.org login x password ${canary('netrc')}\n`, { mode: 0o600 })
  }
  const nixConf = join(home, '.config/nix/nix.conf')
  writeFileSync(nixConf, `access-tokens = example.org=${canary('conf')}\nnetrc-file = ${join(home, '.config/nix/netrc')}\n`)
  return {
    env: {
      ...Object.fromEntries(VARIABLES.map((name) => [name, canary(name.toLowerCase())])),
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:9/${canary('url')}`,
      NIX_CONFIG: `access-tokens = github.com=${canary('ghp_')} example.net=${canary('glpat')}`,
    },
    files: [...files, nixConf],
  }
}

/** A runtime token whose signature is a canary: no service of the tests checks it. */
export const withCanary = (token: string) => token.replace(/[^.]+$/, canary('signature'))
