export { type Classifier, type ClassifierOptions, createClassifier } from './classifier.js'
export { type ClassifiedReport, classifyChunks } from './classify-command.js'
export { type DebugImages, type DecodeOutcome, decodeReport, framesInChangedFilesFirst } from './decode.js'
export { isProvoked, PROVOCATIONS, type Provocation } from './provoked.js'
