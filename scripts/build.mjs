// Bundles src/ into dist/: eight entries (action main and post, the sub-actions plan, merge and bisect, command, the process services are asked from, the thread that reads) sharing lazily loaded chunks.
// `--check` builds beside dist/ and fails where the committed files are not what the source gives.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, ENTRIES, root } from './bundle.mjs'
import { pageIsCurrent, writePage } from './page.mjs'

const bundleTo = (outdir) =>
  bundle({
    entryPoints: ENTRIES,
    outdir,
    splitting: true,
    minify: true,
    keepNames: true,
    legalComments: 'none',
  })

const contents = (dir) =>
  new Map(
    readdirSync(dir)
      .sort()
      .map((name) => [name, readFileSync(join(dir, name))]),
  )

function differences(expected, actual) {
  const names = new Set([...expected.keys(), ...actual.keys()])
  return [...names].filter((name) => !(expected.get(name) && actual.get(name) && expected.get(name).equals(actual.get(name))))
}

const dist = join(root, 'dist')
if (process.argv.includes('--check')) {
  if (!(await pageIsCurrent())) {
    console.error('src/report/html/page.generated.ts is not what src/report/html/page builds. Run `npm run build` and commit it.')
    process.exit(1)
  }
  const fresh = mkdtempSync(join(tmpdir(), 'vmtest-dist-'))
  await bundleTo(fresh)
  const changed = differences(contents(fresh), contents(dist))
  rmSync(fresh, { recursive: true })
  if (changed.length > 0) {
    console.error(`dist/ is not what src/ builds (${changed.join(', ')}). Run \`npm run build\` and commit dist/.`)
    process.exit(1)
  }
} else {
  await writePage()
  rmSync(dist, { recursive: true, force: true })
  await bundleTo(dist)
}
