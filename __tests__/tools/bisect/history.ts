import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A real git repository of a few commits, in a temporary directory. */
export class History {
  readonly root = mkdtempSync(join(tmpdir(), 'vmtest-bisect-'))
  readonly tree = join(this.root, 'linux')
  /** Oldest first. */
  readonly commits: string[] = []

  constructor() {
    mkdirSync(this.tree)
    this.git('init', '--quiet', '--initial-branch', 'main')
  }

  git(...argv: string[]): string {
    return execFileSync('git', ['-C', this.tree, ...argv], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.tree, path)), { recursive: true })
    writeFileSync(join(this.tree, path), text)
  }

  /** Commits on top of each other, by one process; the working tree follows. */
  commit(commits: readonly { readonly subject: string; readonly files: Readonly<Record<string, string>> }[]): void {
    const blob = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
    const from = this.commits.at(-1)
    const stream = commits.map(({ subject, files }, index) => {
      const parent = index === 0 && from !== undefined ? `from ${from}\n` : ''
      const changes = Object.entries(files).map(([path, text]) => `M 100644 inline ${path}\n${blob(text)}`)
      return `commit refs/heads/main\ncommitter A <a@example.org> ${index} +0000\n${blob(subject)}${parent}${changes.join('')}\n`
    })
    execFileSync('git', ['-C', this.tree, 'fast-import', '--quiet'], { input: stream.join('') })
    this.git('reset', '--quiet', '--hard')
    this.commits.splice(0, Number.POSITIVE_INFINITY, ...this.git('log', '--reverse', '--format=%H').trim().split('\n'))
  }

  /** Everything of the user's that a bisection must leave as it was. */
  state(): string {
    return ['status --porcelain', 'for-each-ref', 'worktree list', 'rev-parse HEAD', 'stash list', 'symbolic-ref HEAD']
      .map((command) => this.git(...command.split(' ')))
      .join('\n')
  }

  remove(): void {
    rmSync(this.root, { recursive: true })
  }
}
