/** The version of kernel-vmtest; the same as in package.json (a test holds them together). */
export const TOOL_VERSION = '0.1.0'
