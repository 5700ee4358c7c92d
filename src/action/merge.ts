import { runMerge } from './run-merge.js'
import { carryOutStep } from './step.js'

await carryOutStep(runMerge)
