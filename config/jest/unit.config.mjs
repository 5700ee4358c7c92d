export default {
  rootDir: '../..',
  // The bundler that some tests use keeps a helper process; jest would wait for it for ever.
  forceExit: true,
  setupFiles: ['<rootDir>/config/jest/fast-check.mjs'],
  globalSetup: '<rootDir>/config/jest/directory.mjs',
  globalTeardown: '<rootDir>/config/jest/directory-removal.mjs',
  // A shared machine can be ten times slower than a quiet one, and stand still for a minute while it is moved.
  testTimeout: 240_000,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
}
