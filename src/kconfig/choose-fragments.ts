import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Section } from '../domain/section.js'
import type { Ports } from '../ports/index.js'
import { type ConfigFragment, mergeFragments } from './fragments.js'

/** What there is to choose from. */
export interface FragmentShelf {
  readonly fragments: readonly ConfigFragment[]
  readonly sections: readonly Section[]
  /** As a fragment's name: `x86_64`, `aarch64`. */
  readonly architecture: string
}

const SUFFIX = '.config'

/** The fragments of a directory, by name. @throws when it is absent */
export async function readFragmentShelf(
  directory: string,
  rest: Omit<FragmentShelf, 'fragments'>,
  { files }: Pick<Ports, 'files'>,
): Promise<FragmentShelf> {
  const names = (await files.list(directory)).filter((file) => file.endsWith(SUFFIX))
  const fragments = await Promise.all(
    names.map(async (file) => ({ name: file.slice(0, -SUFFIX.length), text: await files.readText(join(directory, file)) })),
  )
  return { ...rest, fragments }
}

/** Names of what any guest needs, whatever runs in it: all that tests of the kernel's own (KUnit) are built with, beside their own fragments. */
export function guestFragments({ architecture }: Pick<FragmentShelf, 'architecture'>): readonly string[] {
  return ['base', architecture, 'hang-detection']
}

/**
 * The fragments for a list of sections and purposes, each once, the guest's own first. A section (`xfs_quota`) brings what a guest
 * and fstests need, its file system's fragment and whichever fragments set the options it names; a fragment's name (`kasan`) brings
 * that fragment alone on top. Without names: what a bundle's kernel is built with (nix/lib/kconfig.nix, `base`).
 * @throws UserError naming what is unknown and what there is
 */
export function chooseFragments(names: readonly string[], shelf: FragmentShelf): readonly ConfigFragment[] {
  const known = new Set(shelf.fragments.map(({ name }) => name))
  const common = [...guestFragments(shelf), 'fstests']
  const chosen = new Set<string>(names.length === 0 ? [...common, 'xfs', 'ext4'] : [])
  const unknown: string[] = []
  for (const name of names) {
    const section = shelf.sections.find((candidate) => candidate.name === name)
    // `xfs` is both: as a section it brings the guest too, which is what boots.
    if (section !== undefined) for (const fragment of [...common, ...sectionFragments(section, shelf)]) chosen.add(fragment)
    else if (known.has(name)) chosen.add(name)
    else unknown.push(name)
  }
  if (unknown.length > 0) {
    throw new UserError(
      `There is no section or kconfig fragment ${unknown.map((name) => `\`${name}\``).join(', ')}.`,
      `Sections: ${shelf.sections.map(({ name }) => name).join(', ')}. Fragments: ${[...known].join(', ')}.`,
    )
  }
  const order = [...common, ...known]
  return [...new Set(order)].flatMap((name) => (chosen.has(name) ? shelf.fragments.filter((fragment) => fragment.name === name) : []))
}

function sectionFragments(section: Section, { fragments }: FragmentShelf): readonly string[] {
  const own = fragments.filter(({ name }) => name === section.settings.fstyp)
  const options = mergeFragments(own).options
  const rest = section.kernelOptions.filter((option) => !options.has(option))
  // The first that sets an option is enough: two fragments that set one agree on it.
  const providers = rest.flatMap((option) => fragments.find((fragment) => mergeFragments([fragment]).options.has(option)) ?? [])
  return [...own, ...providers].map(({ name }) => name)
}
