export { isUnread, readRecordApart } from './read-apart.js'
