import { runAction } from './run-action.js'
import { carryOutStep } from './step.js'

await carryOutStep(runAction)
