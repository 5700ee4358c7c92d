export { readRecordApart } from './read-apart.js'
