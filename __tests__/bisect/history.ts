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
    const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false']
    return execFileSync('git', ['-C', this.tree, ...identity, ...argv], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.tree, path)), { recursive: true })
    writeFileSync(join(this.tree, path), text)
  }

  commit(subject: string, files: Readonly<Record<string, string>>): string {
    for (const [path, text] of Object.entries(files)) this.write(path, text)
    this.git('add', '--all')
    this.git('commit', '--quiet', '--message', subject)
    const hash = this.git('rev-parse', 'HEAD').trim()
    this.commits.push(hash)
    return hash
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
