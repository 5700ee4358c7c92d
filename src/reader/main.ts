import { randomUUID } from 'node:crypto'
import { handOver } from '../domain/kept-aside.js'
import { answerAsThread, createFiles, ScratchFile } from '../ports/real/index.js'
import { buildRecord } from '../results/index.js'
import type { ReaderAnswer, ReaderJob } from './job.js'

// dist/reader.js: what a thread of its own reads foreign text with. Bodies of evidence stay in the file that it was given.
await answerAsThread(async ({ textsDescriptor, ...input }: ReaderJob): Promise<ReaderAnswer> => {
  const texts = textsDescriptor === null ? null : new ScratchFile(textsDescriptor)
  const { list, stat, readBytes } = createFiles()
  const record = await buildRecord({ list, stat, readBytes, ...(texts === null ? {} : { openTexts: () => texts }) }, input)
  const mark = randomUUID()
  try {
    texts?.flush()
    return { record: handOver(record, mark), mark }
  } catch {
    // A full disk: all of it goes through memory.
    return { record, mark }
  }
})
