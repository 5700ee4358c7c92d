export { type Classifier, type ClassifierOptions, createClassifier } from './classifier.js'
export { type ClassifiedReport, classifyChunks } from './classify-command.js'
export { isProvoked, PROVOCATIONS, type Provocation } from './provoked.js'
