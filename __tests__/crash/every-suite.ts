import { createClassifier as createUnbound } from '../../src/crash/classifier.js'
import { type Classifier, type ClassifierOptions, classifyChunks as classifyUnbound } from '../../src/crash/index.js'
import { suites } from '../../src/suites/index.js'

/** The classifier as `vmtest classify` uses it: it knows the tests of every suite. */
export function createClassifier(options: ClassifierOptions = {}): Classifier {
  return createUnbound({ suites: Object.values(suites), ...options })
}

export const classifyChunks: typeof classifyUnbound = (chunks, options = {}) =>
  classifyUnbound(chunks, { suites: Object.values(suites), ...options })
