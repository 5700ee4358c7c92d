import { runBisect } from './run-bisect.js'
import { carryOutStep } from './step.js'

await carryOutStep(runBisect)
