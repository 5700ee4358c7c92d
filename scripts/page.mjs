// Bundles the report page's script and style, and the style of the index of runs, into src/report/html/page.generated.ts, with the hashes its policy names.
// The file is committed like dist/, so that tests and type checks need no build; `--check` of build.mjs compares it.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname
const generated = join(root, 'src/report/html/page.generated.ts')

const options = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  write: false,
  target: ['es2022', 'chrome115', 'firefox115', 'safari16.4'],
  legalComments: 'none',
  logLevel: 'warning',
}

async function bundled(extra) {
  const { outputFiles } = await build({ ...options, ...extra })
  return outputFiles[0].text.trim()
}

const hash = (text) => `sha256-${createHash('sha256').update(text).digest('base64')}`

/** The generated module's text. */
export async function pageModule() {
  // Ends an HTML script element nowhere: esbuild writes `<\/script` itself.
  const script = await bundled({
    entryPoints: ['src/report/html/page/main.tsx'],
    format: 'iife',
    platform: 'browser',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    charset: 'ascii',
    tsconfigRaw: '{}',
  })
  const style = await bundled({ entryPoints: ['src/report/html/page/style.css'], loader: { '.css': 'css' } })
  const indexStyle = await bundled({ entryPoints: ['src/report/runs-index/style/index.css'], loader: { '.css': 'css' } })
  const constant = (name, value) => `export const ${name} =\n  ${JSON.stringify(value)}\n`
  return [
    '// Made by scripts/page.mjs from src/report/html/page: do not edit, run `npm run build`.\n',
    constant('scriptHash', hash(script)),
    constant('styleHash', hash(style)),
    constant('pageScript', script),
    constant('pageStyle', style),
    constant('indexStyleHash', hash(indexStyle)),
    constant('indexStyle', indexStyle),
  ].join('\n')
}

export async function writePage() {
  writeFileSync(generated, await pageModule())
}

export async function pageIsCurrent() {
  return readFileSync(generated, 'utf8') === (await pageModule())
}

if (process.argv[1] === new URL(import.meta.url).pathname) await writePage()
