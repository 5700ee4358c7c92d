import base from './unit.config.mjs'

// The whole product on emulated services: minutes, QEMU and root (for a mount namespace), so not part of `npm test`.
export default { ...base, testMatch: ['<rootDir>/e2e/**/*.test.ts'], maxWorkers: 1, testTimeout: 300_000 }
