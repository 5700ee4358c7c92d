// Writes schemas/*.schema.json: the published JSON schemas of the bundle, the plan, the selection and the record, made from the
// types in src/domain. `--check` fails where the committed files are not what the types give.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { load, root } from './bundle.mjs'

const directory = join(root, 'schemas')

const published = {
  bundle: { module: 'bundle', schema: 'bundleSchema', title: 'vmtest.json: a VM bundle, as the flake builds it', io: 'input' },
  plan: { module: 'plan', schema: 'planSchema', title: 'plan.json: what a run will do', io: 'output' },
  selection: { module: 'plan', schema: 'selectionSchema', title: 'selection.json: the planned tests', io: 'output' },
  record: { module: 'record', schema: 'runRecordSchema', title: 'run.json: the record of a run', io: 'output' },
}

/** Readers take a file of a later version of the same number: what is added is not refused. */
function allowMore({ jsonSchema }) {
  if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
}

async function render() {
  const domain = await load(...new Set(Object.values(published).map(({ module }) => `src/domain/${module}.ts`)))
  return new Map(
    Object.entries(published).map(([name, { schema, title, io }]) => {
      const { $schema, ...rest } = z.toJSONSchema(domain[schema], { io, override: allowMore })
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
