import type { Section } from '../../domain/section.js'

const MOST_WORDS = 400

/**
 * Why a guest cannot run a section, and what to do about it. The agent says `program NAME…`, `option NAME…` or `because SENTENCE`;
 * the guest is not trusted, so names count only where the section has them.
 */
export function describeRefusal(words: string, section: Section): string {
  const [kind, ...names] = words.split(' ')
  if (kind === 'program') {
    const programs = Object.keys(section.programs ?? {}).filter((name) => names.includes(name))
    if (programs.length > 0) return missingPrograms(programs, section.programs ?? {})
  }
  if (kind === 'option') {
    const options = section.kernelOptions.filter((name) => names.includes(name))
    if (options.length > 0) return missingOptions(options, section.name)
  }
  return `${printable(kind === 'because' ? names.join(' ') : words)}.`
}

function missingPrograms(missing: readonly string[], known: Readonly<Record<string, string>>): string {
  const packages = [...new Set(missing.map((name) => known[name]))]
  const install = `On Debian and Ubuntu, \`apt-get install ${packages.join(' ')}\` where the bundle is made adds them`
  return `the guest has no ${missing.join(', ')}. ${install}; in a flake, \`packages\` does.`
}

function missingOptions(names: readonly string[], section: string): string {
  const [verb, pronoun] = names.length === 1 ? ['is', 'it'] : ['are', 'them']
  return `${names.join(', ')} ${verb} not set in this kernel. \`vmtest config merge .config ${section}\` sets ${pronoun}.`
}

function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, ' ').slice(0, MOST_WORDS)
}
