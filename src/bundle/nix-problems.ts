import { UserError } from '../domain/errors.js'

/** What was asked of Nix, and what the flake has in its place where that is known. */
export interface Asked {
  readonly installable: string
  readonly available?: readonly string[] | null
}

interface KnownProblem {
  readonly pattern: RegExp
  readonly explain: (match: RegExpExecArray, failure: Asked) => UserError
}

/** Nothing is wrong with what is tested: the machine, the network or Nix is in the way. */
function outside(what: string, nextStep: string): UserError {
  return new UserError(what, nextStep, { kind: 'could-not-test' })
}

function having(available: readonly string[] | null | undefined): string {
  if (available === null || available === undefined) return ''
  return available.length === 0 ? '; it has no packages' : `; it has: ${available.join(', ')}`
}

/** The directory a message or a flake reference names, for a command that is copied. */
function directoryIn(quoted: string | undefined, failure: Asked): string {
  const path =
    /^(?:path:|git\+file:(?:\/\/)?)?(\/[^?#]*)/.exec(quoted ?? '')?.[1] ??
    /^(?:path:|git\+file:(?:\/\/)?)?(\/[^?#]*)/.exec(failure.installable)?.[1]
  return path?.replace(/\/\.git\/?$/, '') ?? '"$PWD"'
}

const TOKENS =
  'Give Nix a token: `access-tokens = github.com=TOKEN` in nix.conf (a workflow: input `nix-extra-conf`, with `secrets.GITHUB_TOKEN`), or wait until the limit is lifted.'

/** A server's answer to a download; the address it was asked for; its words, where it had some. */
const DOWNLOAD = /unable to download '([^']*)': HTTP error (\d+)([\s\S]{0,2000})/

function httpProblem(match: RegExpExecArray, failure: Asked): UserError {
  const [, url = '', status = '', rest = ''] = match
  const limited = status === '429' || /rate.?limit/i.test(rest)
  const what = `Nix could not download what \`${failure.installable}\` needs: ${url} answered HTTP ${status}${limited ? ' (a rate limit)' : ''}.`
  if (limited || status === '403') return outside(what, TOKENS)
  if (status === '401' || status === '404') {
    return outside(
      what,
      'Correct the address in the flake. A repository that is not public needs a token: `access-tokens = github.com=TOKEN` in nix.conf.',
    )
  }
  return outside(what, 'Check the network and the substituters, and try again.')
}

/** A bundle's attribute for `--coverage` (nix/lib/coverage.nix). */
const COUNTED = /\.counted$/
const BY_MAKE = 'have the tree’s own make build the kernel: `--kernel-tree DIRECTORY` (input `kernel-tree`)'

/** The bundle that was to count and has no such attribute; null where it was another that is missing. */
function withoutCounters({ installable, available }: Asked): string | null {
  const bundle = installable.replace(COUNTED, '')
  if (bundle === installable) return null
  const [, attribute = ''] = bundle.split('#')
  return (available ?? [attribute]).includes(attribute) ? bundle : null
}

/**
 * Messages of `nix`, and of the git it runs, that have a better name and a cure. The first that fits is used. Wordings are those of Nix 2.8 to 2.35
 * (libfetchers/git.cc, libfetchers/git-utils.cc, libstore/filetransfer.cc, libstore/build/derivation-building-goal.cc), libgit2 and git.
 */
const KNOWN_PROBLEMS: readonly KnownProblem[] = [
  {
    pattern: /flake '([^']*)' does not provide attribute ([^\n]*)/,
    explain: (match, failure) => {
      const counted = withoutCounters(failure)
      if (counted !== null) {
        return new UserError(
          `\`${counted}\` cannot be built with counters: its kernel-vmtest is older than that, or it is none of \`mkVmTest\` and \`mkNixosVmTest\`.`,
          `Update that input of the flake (\`nix flake update\`), or ${BY_MAKE}.`,
        )
      }
      return new UserError(
        `\`${failure.installable}\` does not exist: the flake ${match[1]} has no such attribute${having(failure.available)}.`,
        'Name one the flake has with `--attribute` (input `attribute`); `nix flake show` lists them.',
      )
    },
  },
  {
    // nix/lib; a line of its source, which Nix may show too, has no `error: ` before it.
    pattern: /error: kernel-vmtest: coverage: ([^\n]*)/,
    explain: (match, failure) =>
      new UserError(
        `\`${failure.installable.replace(COUNTED, '')}\` cannot be built with counters: ${match[1]}`,
        `Let the flake build the tree (\`root\`, without \`kernel\` and \`kernel-src\`, by gcc), or ${BY_MAKE}.`,
      ),
  },
  {
    // libgit2; git itself before and since 2.35.3.
    pattern: /repository path '([^']*)' is not owned by current user|(?:unsafe repository \(|dubious ownership in repository at )'([^']*)'/,
    explain: (match, failure) =>
      outside(
        `git refuses \`${failure.installable}\`: the tree belongs to another user.`,
        `Say that it is yours to use: \`git config --global --add safe.directory ${directoryIn(match[1] ?? match[2], failure)}\`.`,
      ),
  },
  {
    pattern: /(?:^|[\s'])([^'\s]*)'? is a shallow Git repository, (?:but|and)/,
    explain: (match, failure) =>
      outside(
        `\`${failure.installable}\` is a shallow clone (or a worktree of one), of which Nix makes no flake.`,
        `Fetch the rest, \`git fetch --unshallow\` (a workflow: \`fetch-depth: 0\`), or name it as shallow: \`--flake 'git+file://${directoryIn(match[1], failure)}?shallow=1'\`.`,
      ),
  },
  {
    // nixpkgs' lib/minver.nix and default.nix.
    pattern: /This version of Nixpkgs requires (?:Nix >= ([\d.]+)|an implementation of Nix(?:[\s\S]{0,300}?at least ([\d.]+))?)/,
    explain: (match, failure) =>
      outside(
        `\`${failure.installable}\` needs a newer Nix: its nixpkgs refuses this one${(match[1] ?? match[2]) ? ` (it wants ${match[1] ?? match[2]})` : ''}.`,
        'Install a current Nix (https://nixos.org/download; a workflow: take the old one off PATH, so that the action installs its own). `--bundle offline` works with this one.',
      ),
  },
  {
    // regexp: each part ends at the first quote or brace behind it
    pattern: /a '([^']*)' with features \{([^{}]*)\} is required to build|[Rr]equired system: '([^']*)' with features \{([^{}]*)\}/,
    explain: (match, failure) => {
      const [system, features = ''] = match[1] === undefined ? [match[3], match[4]] : [match[1], match[2]]
      if (/\bkvm\b/.test(features)) {
        return outside(
          `\`${failure.installable}\` has a builder that needs KVM (system feature \`kvm\`), and this Nix offers it none.`,
          'Let builders open /dev/kvm (group `kvm` for the build users) and set `extra-system-features = kvm` in nix.conf, or leave that derivation out: kernel-vmtest needs no KVM to build.',
        )
      }
      return outside(
        `\`${failure.installable}\` has a builder for ${system}${features.trim() === '' ? '' : ` with features {${features.trim()}}`}, which this machine is not.`,
        'Build on such a machine, or tell Nix of one (`builders` in nix.conf), or emulate it (`extra-platforms`, with binfmt).',
      )
    },
  },
  {
    // A git flake whose flake.nix git does not know: 2.8 stats the copied source, newer Nix says it outright.
    pattern:
      // regexp: 300 characters are looked at behind each `does not contain a`
      /(?:source'? ?does not contain a '?[^\n]{0,300}flake\.nix|\/flake\.nix' (?:is not tracked by Git|does not exist)|-source\/flake\.nix': No such file|not tracked by Git)/,
    explain: (_match, failure) =>
      new UserError(
        `Nix finds no flake.nix for \`${failure.installable}\`. In a git tree it sees only files git knows.`,
        'Write one of your own with `vmtest init`, which git need not know; one that is there and meant for everybody is added with `git add -f flake.nix`.',
      ),
  },
  {
    pattern:
      /(?:could not find a flake\.nix file|is not a flake|is not part of a flake|getting status of '[^']*': No such file|does not contain a '?flake\.nix|path '([^']*)' does not exist)/,
    explain: (_match, failure) =>
      new UserError(`There is no flake at \`${failure.installable}\`.`, 'Write one with `vmtest init`, or name another with `--flake`.'),
  },
  {
    pattern: /No space left on device|database or disk is full/,
    explain: (_match, failure) =>
      outside(
        `The disk is full while building \`${failure.installable}\`.`,
        'Free space (`nix-collect-garbage`), or move /nix to a larger disk.',
      ),
  },
  { pattern: DOWNLOAD, explain: httpProblem },
  {
    pattern: /API rate limit exceeded|rate limit/i,
    explain: (_match, failure) =>
      outside(`Nix could not download what \`${failure.installable}\` needs: a rate limit of the server.`, TOKENS),
  },
  {
    pattern:
      /(?:unable to download '([^']*)'|Could(?:n't| not) resolve host[^\n]*|Failed to connect to [^\n]*|[Ff]ailed to resolve address[^\n]*)/,
    explain: (match, failure) =>
      outside(
        `Nix could not download what \`${failure.installable}\` needs: ${match[0]}.`,
        'Check the network and the substituters, and try again. `--bundle offline` (with `--kernel-tree .` in a kernel tree) downloads next to nothing.',
      ),
  },
  {
    pattern: /cannot connect to (?:daemon|socket) at '?([^':\n]*)'?[^\n]*|opening lock file '([^']*)': Permission denied/,
    explain: (match) =>
      outside(
        `Nix cannot be used by this user: ${match[0]}.`,
        'Start its daemon (`systemctl start nix-daemon`), or add the user to `allowed-users` in its nix.conf.',
      ),
  },
  {
    pattern: /unable to start any build; [^\n]*/,
    explain: (match) =>
      outside(`Nix builds nothing here: ${match[0]}.`, 'Set `max-jobs = auto` in nix.conf, or see to its remote builders.'),
  },
  {
    pattern: /fatal: [^\n]*|program 'git' failed with exit code \d+|executing 'git': No such file or directory/,
    explain: (match, failure) =>
      outside(
        `git cannot give Nix \`${failure.installable}\`: ${match[0]}.`,
        'See that git works there: `git -C DIRECTORY status` and `git -C DIRECTORY log -1`.',
      ),
  },
]

/** A problem that is known by its wording, with its cure; null for any other. */
export function knownProblem(text: string, failure: Asked): UserError | null {
  for (const { pattern, explain } of KNOWN_PROBLEMS) {
    const match = pattern.exec(text)
    if (match !== null) return explain(match, failure)
  }
  return null
}
