import { expect, test } from '@jest/globals'
import { BASE_SETTINGS, formatSettings } from '../../src/nix/configuration.js'
import { nixVariables } from '../../src/nix/index.js'

const nix = { config: 'max-jobs = 2' } as Parameters<typeof nixVariables>[0]

test('Nix, and with it the flake and its builders, sees nothing that only an action has', () => {
  const ofTheAction = {
    ACTIONS_RUNTIME_TOKEN: 'canary',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'canary',
    ACTIONS_RESULTS_URL: 'canary',
    GITHUB_TOKEN: 'canary',
    GH_TOKEN: 'canary',
    GITHUB_ENV: 'canary',
    GITHUB_OUTPUT: 'canary',
    GITHUB_PATH: 'canary',
    GITHUB_STATE: 'canary',
    GITHUB_STEP_SUMMARY: 'canary',
    'INPUT_FAIL-ON': 'canary',
    STATE_receipt: 'canary',
  }
  const kept = { PATH: '/bin', HOME: '/home/x', GITHUB_SHA: 'abc', NIX_CONFIG: 'cores = 1' }
  expect(nixVariables(nix, { ...ofTheAction, ...kept })).toEqual({ ...kept, NIX_CONFIG: 'cores = 1\nmax-jobs = 2' })
})

test('a flake cannot name caches or keys of its own', () => {
  // A later line of the same name wins; the user's own configuration comes first.
  const { NIX_CONFIG = '' } = nixVariables({ ...nix, config: formatSettings(BASE_SETTINGS) }, { NIX_CONFIG: 'accept-flake-config = true' })
  const said = NIX_CONFIG.split('\n').filter((line) => line.startsWith('accept-flake-config'))
  expect(said.at(-1)).toBe('accept-flake-config = false')
})
