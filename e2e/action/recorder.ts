import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Programs a run must be seen to call, or not: all of Nix, and what fetches or builds. */
const WATCHED = ['nix', 'nix-build', 'nix-env', 'nix-hash', 'nix-instantiate', 'nix-shell', 'nix-store', 'apt-get', 'gcc', 'make']

const DIRECTORIES = ['/usr/local/bin', '/usr/bin', '/bin']

/** A directory for the front of PATH whose programs write down how they were called and become the real ones. */
export class Recorder {
  readonly #log: string

  constructor(private readonly directory: string) {
    this.#log = join(directory, 'calls')
    mkdirSync(directory, { recursive: true })
    for (const name of WATCHED) {
      const script = join(directory, name)
      const found = DIRECTORIES.map((bin) => `[ -x ${bin}/${name} ] && exec ${bin}/${name} "$@"`).join('\n')
      writeFileSync(script, `#!/bin/sh\necho "${name} $*" >>'${this.#log}'\n${found}\nexit 127\n`)
      chmodSync(script, 0o755)
    }
    this.forget()
  }

  /** `env` with this directory in front. */
  get command(): readonly string[] {
    return ['env', `PATH=${[this.directory, process.env.PATH ?? '/usr/bin:/bin'].join(delimiter)}`]
  }

  /** Command lines since the last `forget`, in order. */
  get calls(): readonly string[] {
    return readFileSync(this.#log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  }

  forget(): void {
    writeFileSync(this.#log, '')
  }
}
