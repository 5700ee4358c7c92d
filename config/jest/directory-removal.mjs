/** After all tests, when no worker is left. */
export default async function removeDirectory() {
  await globalThis.removeJestDirectory()
}
