// Says where the project is published, in the one place (package.json's `repository`) and wherever people copy it from:
//   npm run home -- ACCOUNT/NAME
// The release does it with the repository it runs in; a fork does it once. A test holds every mention to that place.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './bundle.mjs'

const [home = ''] = process.argv.slice(2)
if (!/^[\w.-]+\/[\w.-]+$/.test(home)) {
  console.error('usage: npm run home -- ACCOUNT/NAME')
  process.exit(2)
}
const before = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).repository.replace(/^github:/, '')
const places = execFileSync('git', ['grep', '-lFI', before, '--', '.', ':!dist', ':!CHANGELOG.md'], { cwd: root, encoding: 'utf8' })
for (const path of places.split('\n').filter(Boolean)) {
  const file = join(root, path)
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(before, home))
}
console.log(`${before} is ${home} now; \`npm run build\` takes it into dist/`)
