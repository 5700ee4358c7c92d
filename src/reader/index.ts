export { isUnread, readRecordApart, readSince } from './read-apart.js'
