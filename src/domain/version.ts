/** The version of kernel-vmtest; the same as in package.json (a test holds them together). */
export const TOOL_VERSION = '0.1.0'

/** Where the project is published, `OWNER/NAME` at github.com: package.json's `repository`, which a release fills (CONTRIBUTING.md). */
export const PROJECT = 'kernel-vmtest/kernel-vmtest'
