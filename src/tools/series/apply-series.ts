import { join } from 'node:path'
import { UserError } from '../../domain/errors.js'
import type { Ports } from '../../ports/index.js'
import { git } from '../bisect/worktree.js'
import type { MailedSeries } from './read-series.js'

export interface Applying {
  readonly mailbox: string
  readonly series: MailedSeries
  /** The worktree, at the series' base. */
  readonly worktree: string
  /** For files of ours. */
  readonly scratch: string
}

/** Whose commits they are: nobody's who could be asked, and gone with the worktree. */
const IDENTITY = ['-c', 'user.name=kernel-vmtest', '-c', 'user.email=kernel-vmtest@localhost', '-c', 'commit.gpgSign=false'] as const

/**
 * Applies a series: as b4 puts it together where that is there (it knows replies, trailers and partial rerolls), else mail by mail.
 * @returns how it was applied, and the subjects of the commits
 * @throws UserError where a patch does not apply; the worktree is then at the base again
 */
export async function applySeries(
  { mailbox, series, worktree, scratch }: Applying,
  ports: Pick<Ports, 'exec' | 'files'>,
): Promise<{ readonly by: 'b4' | 'git am'; readonly subjects: readonly string[] }> {
  const base = (await git(worktree, ['rev-parse', 'HEAD'], ports)).stdout.trim()
  const prepared = await preparedByB4(mailbox, scratch, ports)
  const mails = prepared === null ? series.patches.map(({ path }) => path) : [prepared]
  const { code, stderr, stdout } = await git(worktree, [...IDENTITY, 'am', '--3way', '--', ...mails], ports)
  if (code !== 0) {
    await git(worktree, ['am', '--abort'], ports)
    await git(worktree, ['reset', '--quiet', '--hard', base], ports)
    throw new UserError(
      `The series does not apply to ${base.slice(0, 12)}: ${whatFailed(`${stdout}\n${stderr}`)}`,
      series.baseCommit === null
        ? 'Name the commit it is made for with `--base`; its cover letter may say.'
        : `It says that it is made for ${series.baseCommit.slice(0, 12)}: fetch that, or name another commit with \`--base\`.`,
      { kind: 'could-not-test' },
    )
  }
  const subjects = (await git(worktree, ['log', '--reverse', '--format=%s', `${base}..HEAD`], ports)).stdout
    .split('\n')
    .filter((line) => line !== '')
  return { by: prepared === null ? 'git am' : 'b4', subjects }
}

/** What `git am` says failed, on one line. */
function whatFailed(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  const failed = lines.find((line) => /^Patch failed at /.test(line)) ?? ''
  const reason = lines.find((line) => /^error: |^CONFLICT /.test(line)) ?? lines.find((line) => line.startsWith('fatal: ')) ?? ''
  return [failed, reason].filter((line) => line !== '').join('; ') || 'git am does not say why'
}

/** The mailbox that b4 makes of the thread; null where there is no b4, or where it cannot: `git am` is then asked by itself. */
async function preparedByB4(mailbox: string, scratch: string, { exec, files }: Pick<Ports, 'exec' | 'files'>): Promise<string | null> {
  const b4 = await exec.which('b4')
  if (b4 === null) return null
  const directory = join(scratch, 'b4')
  await files.makeDirectory(directory)
  const { code } = await exec.run([b4, '--offline-mode', 'am', '--no-cover', '-o', directory, '-n', 'series', '-m', mailbox], {
    timeoutSeconds: 300,
  })
  const made = join(directory, 'series.mbx')
  return code === 0 && (await files.stat(made))?.kind === 'file' ? made : null
}
