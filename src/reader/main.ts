import { answerAsThread, createFiles } from '../ports/real/index.js'
import { buildRecord, type RecordInput } from '../results/index.js'

// dist/reader.js: what a thread of its own reads foreign text with.
await answerAsThread((input: RecordInput) => buildRecord(createFiles(), input))
