/** The version of kernel-vmtest; the same as in package.json (a test holds them together). */
export const TOOL_VERSION = '1.0.0'

/** Where the project is published, `ACCOUNT/NAME` at github.com: package.json's `repository`, which a release fills (CONTRIBUTING.md). */
export const PROJECT = 'kernel-vmtest/kernel-vmtest'
