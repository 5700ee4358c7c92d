import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { mutate, seededRandom } from '../../fuzz/mutate.js'
import { TARGETS } from '../../fuzz/targets/index.js'

const corpusDirectory = join(import.meta.dirname ?? __dirname, '../../fuzz/corpus')

function corpusOf(name: string): readonly { readonly file: string; readonly bytes: Uint8Array }[] {
  const directory = join(corpusDirectory, name)
  return readdirSync(directory).map((file) => ({ file, bytes: readFileSync(join(directory, file)) }))
}

describe('parsers of foreign bytes', () => {
  it('each target has a corpus, and each corpus a target', () => {
    expect(readdirSync(corpusDirectory).sort()).toEqual(TARGETS.map((target) => target.name).sort())
  })

  describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (name, target) => {
    const corpus = corpusOf(name)

    it('keeps its promises on its corpus', async () => {
      expect(corpus.length).toBeGreaterThan(0)
      for (const { bytes } of corpus) await target.run(bytes)
    })

    it('keeps them on 300 mutations, the same ones each time', async () => {
      const inputs = corpus.map((one) => one.bytes)
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...inputs), fc.integer(), async (input, seed) => {
          await target.run(mutate(input, { words: target.words, corpus: inputs, random: seededRandom(seed) }))
        }),
        { numRuns: 300, seed: 20261124 },
      )
    })
  })
})
