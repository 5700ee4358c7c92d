import { expect, test } from '@jest/globals'
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
