export type { CachePorts, CacheSession, RestoredStore, RestoreRequest } from './restore.js'
export { restoreStore } from './restore.js'
export type { SaveRequest } from './save.js'
export { saveStore } from './save.js'
