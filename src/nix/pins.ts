import type { Architecture } from '../domain/bundle.js'

/** The version installed where none is asked for. Newest when it was looked up: NIX_PINS_SEEN. */
export const DEFAULT_NIX_VERSION = '2.35.2'

/**
 * sha256 of the official release tarballs, `nix-VERSION-SYSTEM.tar.xz`. The source of each is the `install` script of
 * that release (releases.nixos.org/nix/nix-VERSION/install), which carries the hashes of its tarballs. A version
 * that is not here needs `nix-tarball-sha256`.
 */
export const NIX_PINS: Readonly<Record<string, Readonly<Record<Architecture, string>>>> = {
  '2.35.2': {
    x86_64: '0c3960a9792331a22081c3c7a5d8465db9b17c50b3acdf18587fa4c6f2cb1158',
    aarch64: '4d0302a2910f5eec1c33b8deef634f04899a75737e7001ec49908d003ae5efda',
  },
}

/** When the pins were last held against the published releases and advisories. A test says when that is long ago. */
export const NIX_PINS_SEEN = '2026-11-30'

/** The oldest Nix whose commands we use: `nix build --json` of a flake, `nix-store --load-db`. */
export const OLDEST_NIX = [2, 8] as const
/** The oldest that today's nixpkgs evaluates with (its lib/minver.nix, 26.11): what is proposed is never older. */
export const OLDEST_NIX_FOR_NIXPKGS = [2, 18] as const

export function officialTarballUrl(version: string, architecture: Architecture): string {
  return `https://releases.nixos.org/nix/nix-${version}/nix-${version}-${architecture}-linux.tar.xz`
}
