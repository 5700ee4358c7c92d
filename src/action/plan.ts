import { runPlan } from './run-plan.js'
import { carryOutStep } from './step.js'

await carryOutStep(runPlan)
