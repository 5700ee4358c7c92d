import type { Section } from '../domain/section.js'
import type { NamedSections } from '../suites/suite.js'

/** Where sections are looked up by name. */
export interface SectionTable {
  /** Every name there is. */
  readonly names: readonly string[]
  /** Those that the flake or the file of sections has of its own. */
  readonly own: readonly string[]
  /** What runs when no section is asked for. */
  readonly defaults: readonly string[]
  /** Where the names come from, for messages: `the bundle`, a path. */
  readonly origin: string
  /**
   * The sections of some known names, each once, in running order.
   * Problems are whole sentences; they concern only what was asked for.
   */
  resolve(names: readonly string[]): { readonly sections: readonly Section[]; readonly problems: readonly string[] }
}

/**
 * Sections of the bundle, and behind them the built-in ones (nix/sections/sections.json, as the bundle's builder read it), which are
 * only found by name. Without a request all of the bundle's run; only the first where the
 * bundle holds every built-in section, because its flake chose none; the first built-in one where the bundle has none of the suite's.
 */
export function bundleSections(bundle: readonly Section[], builtIn: readonly Section[] = []): SectionTable {
  const table = new Map<string, Section>()
  for (const section of [...bundle, ...builtIn]) if (!table.has(section.name)) table.set(section.name, section)
  const own = bundle.map((section) => section.name)
  const isUnchosen = builtIn.length > 0 && builtIn.every((section) => own.includes(section.name))
  return {
    names: [...table.keys()],
    own,
    defaults: own.length === 0 ? builtIn.slice(0, 1).map((section) => section.name) : isUnchosen ? own.slice(0, 1) : own,
    origin: 'the bundle',
    resolve: (names) => ({ sections: [...new Set(names)].flatMap((name) => table.get(name) ?? []), problems: [] }),
  }
}

/**
 * Sections of a file of the suite's own; it replaces the bundle's as a whole.
 * @param path as the user gave it
 */
export function localConfigTable(config: NamedSections, path: string): SectionTable {
  return { names: config.names, own: config.names, defaults: config.names, origin: path, resolve: config.resolve }
}
