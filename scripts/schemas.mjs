// Writes schemas/*.schema.json: the published JSON schemas of the bundle, the plan, the selection and the record, made from the
// types in src/domain. `--check` fails where the committed files are not what the types give.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import * as z from 'zod'

const root = new URL('..', import.meta.url).pathname
const directory = join(root, 'schemas')

const published = {
  bundle: { module: 'bundle', schema: 'bundleSchema', title: 'vmtest.json: a VM bundle, as the flake builds it', io: 'input' },
  plan: { module: 'plan', schema: 'planSchema', title: 'plan.json: what a run will do', io: 'output' },
  selection: { module: 'plan', schema: 'selectionSchema', title: 'selection.json: the planned tests', io: 'output' },
  record: { module: 'record', schema: 'runRecordSchema', title: 'run.json: the record of a run', io: 'output' },
}

/** The domain's modules, loadable by node. They share one zod with us, so it stays outside the bundle. */
async function loadDomain() {
  // Below the repository, so that the bundled modules find zod.
  const outdir = mkdtempSync(join(root, 'node_modules/.schemas-'))
  try {
    const modules = [...new Set(Object.values(published).map(({ module }) => module))]
    const entryPoints = modules.map((module) => `src/domain/${module}.ts`)
    await build({
      absWorkingDir: root,
      entryPoints,
      outdir,
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      outExtension: { '.js': '.mjs' },
      logLevel: 'warning',
    })
    return Object.fromEntries(
      await Promise.all(modules.map(async (module) => [module, await import(pathToFileURL(join(outdir, `${module}.mjs`)).href)])),
    )
  } finally {
    rmSync(outdir, { recursive: true })
  }
}

/** Readers take a file of a later version of the same number: what is added is not refused. */
function allowMore({ jsonSchema }) {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
}

async function render() {
  const domain = await loadDomain()
  return new Map(
    Object.entries(published).map(([name, { module, schema, title, io }]) => {
      const { $schema, ...rest } = z.toJSONSchema(domain[module][schema], { io, override: allowMore })
      return [`${name}.schema.json`, `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`]
    }),
  )
}

function committed() {
  try {
    return new Map(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]))
  } catch {
    return new Map()
  }
}

const fresh = await render()
if (process.argv.includes('--check')) {
  const present = committed()
  const names = new Set([...fresh.keys(), ...present.keys()])
  const stale = [...names].filter((name) => fresh.get(name) !== present.get(name))
  if (stale.length > 0) {
    console.error(`schemas/ is not what src/domain gives (${stale.join(', ')}). Run \`node scripts/schemas.mjs\` and commit schemas/.`)
    process.exit(1)
  }
} else {
  mkdirSync(directory, { recursive: true })
  for (const [name, text] of fresh) writeFileSync(join(directory, name), text)
}
