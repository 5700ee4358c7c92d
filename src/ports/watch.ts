/** Changes of files. */
export interface FileWatcher {
  /**
   * Tells of each file in these directories (not below them) that is written, created, replaced or removed, by its path.
   * Directories that are gone are left out.
   * @throws UserError where the system watches no more of them
   */
  watch(directories: readonly string[], onChange: (path: string) => void): { close(): void }
}
