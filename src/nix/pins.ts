import type { Architecture } from '../domain/bundle.js'

/** The version installed where none is asked for. */
export const DEFAULT_NIX_VERSION = '2.31.2'

/**
 * sha256 of the official release tarballs, `nix-VERSION-SYSTEM.tar.xz`. The source of each is the `install` script of
 * that release (releases.nixos.org/nix/nix-VERSION/install), which carries the hashes of its tarballs. A version
 * that is not here needs `nix-tarball-sha256`.
 */
export const NIX_PINS: Readonly<Record<string, Readonly<Record<Architecture, string>>>> = {
  '2.31.2': {
    x86_64: 'd1f67c86eed016214864ba08bfb9529c307aea7e8fafb74853f96fcc3bfd8a60',
    aarch64: '64db528412096d718b4bf8f78f85e5ac2b714b774e5005500dee37d23f560456',
  },
}

/** The oldest Nix whose commands we use: `nix build --json` of a flake, `nix-store --load-db`. */
export const OLDEST_NIX = [2, 8] as const

export function officialTarballUrl(version: string, architecture: Architecture): string {
  return `https://releases.nixos.org/nix/nix-${version}/nix-${version}-${architecture}-linux.tar.xz`
}
