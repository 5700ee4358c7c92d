import * as z from 'zod'
import { type Section, sectionSchema } from '../../domain/section.js'
import type { SuiteName } from '../../domain/test.js'
import type { Files } from '../../ports/index.js'
import { fstestsSettingsSchema } from './settings.js'

/** A section as nix/sections/sections.json and a flake's `sections` have it: fstests' settings stand beside the rest. */
const writtenSchema = z.object({
  ...sectionSchema.omit({ suite: true, settings: true }).shape,
  ...fstestsSettingsSchema.shape,
})

/** The sections of nix/sections, as those of a suite in fstests' shape. */
export async function readBuiltInSections(files: Pick<Files, 'readText'>, checkout: string, suite: SuiteName): Promise<readonly Section[]> {
  const text = await files.readText(`${checkout}/nix/sections/sections.json`)
  const { sections } = z.object({ sections: z.array(writtenSchema) }).parse(JSON.parse(text))
  return sections.map(({ fstyp, mkfsOptions, mountOptions, proof, ...shared }) => ({
    suite,
    ...shared,
    settings: { fstyp, mkfsOptions, mountOptions, ...(proof === undefined ? {} : { proof }) },
  }))
}
