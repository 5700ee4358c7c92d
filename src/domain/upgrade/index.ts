export { upgradeBundle } from './bundle.js'
export { upgradeHistory } from './history.js'
export { upgradePlan, upgradeSelection } from './plan.js'
export { upgradeRecord } from './record.js'
