import { type NixLogEvent, storeName } from './nix-log.js'

const MIB = 1024 ** 2

/** What a `nix build` makes its caller wait for, from its events: the evaluation until something is built or fetched, another Nix's lock, downloads. */
export class NixWaiting {
  readonly #installable: string
  readonly #fetches = new Set<string>()
  readonly #builds = new Set<string>()
  readonly #locks = new Set<string>()
  #transfer: { readonly address: string; readonly doneBytes: number; readonly totalBytes: number } | null = null
  #evaluated = false

  constructor(installable: string) {
    this.#installable = installable
  }

  feed(event: NixLogEvent): void {
    switch (event.kind) {
      case 'build-start':
        this.#builds.add(event.derivation)
        this.#evaluated = true
        break
      case 'build-end':
        this.#builds.delete(event.derivation)
        break
      case 'fetch-start':
        this.#fetches.add(event.path)
        this.#evaluated = true
        break
      case 'fetch-end':
        this.#fetches.delete(event.path)
        break
      case 'wait-start':
        this.#locks.add(event.text)
        break
      case 'wait-end':
        this.#locks.delete(event.text)
        break
      case 'transfer':
        this.#transfer = event
        break
      case 'transfer-end':
        if (this.#transfer?.address === event.address) this.#transfer = null
        break
      case 'phase':
      case 'log':
      case 'message':
        break
    }
  }

  /** After `waiting`; null where there is nothing to wait for but the building itself, which says more. */
  get message(): string | null {
    const [lock] = this.#locks
    if (lock !== undefined) return lock.replace(/^waiting /, '').replace(/^for lock on/, 'for another Nix to let go of')
    const transfer = this.#transfer
    if (transfer !== null) {
      const total = transfer.totalBytes === 0 ? '' : ` of ${(transfer.totalBytes / MIB).toFixed(1)}`
      const amount = `(${(transfer.doneBytes / MIB).toFixed(1)}${total} MiB)`
      // Nix says of a file of this machine, too, that it is downloaded.
      const file = /^file:\/\/.*\/([^/]+)$/.exec(transfer.address)?.[1]
      return file === undefined ? `for a download: ${transfer.address} ${amount}` : `for Nix to take ${file} into its store ${amount}`
    }
    const [fetched] = this.#fetches
    const more = this.#fetches.size > 1 ? ` and ${this.#fetches.size - 1} more` : ''
    if (fetched !== undefined) return `for a download: ${storeName(fetched)}${more}`
    const [built] = this.#builds
    const others = this.#builds.size > 1 ? ` and ${this.#builds.size - 1} more` : ''
    if (built !== undefined) return `for Nix to build ${storeName(built)}${others}`
    return this.#evaluated ? null : `for Nix to evaluate ${this.#installable}`
  }
}
