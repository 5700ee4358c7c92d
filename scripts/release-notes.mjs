// Prints what CHANGELOG.md says of a version: node scripts/release-notes.mjs VERSION. Fails where it says nothing.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './bundle.mjs'

const [version = ''] = process.argv.slice(2)
const sections = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').split(/^## /m)
const section = sections.find((text) => text.startsWith(`${version} `) || text.startsWith(`${version}\n`))
if (section === undefined || section.split('\n').slice(1).join('').trim() === '') {
  console.error(`CHANGELOG.md has no section for ${version}`)
  process.exit(1)
}
console.log(section.split('\n').slice(1).join('\n').trim())
