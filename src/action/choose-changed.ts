import type { Inputs } from '../domain/inputs.js'
import { applyChanged } from '../pipeline/changed.js'
import type { Directories } from '../pipeline/directories.js'
import { planOnly } from '../pipeline/open-run.js'
import { gitIn, readCheckout, readSituation } from '../pipeline/situation.js'
import type { Ports } from '../ports/index.js'

/** How tests are chosen by what a pull request changes: the input `changed`. */
export type Changed = 'no' | 'rules' | 'first' | 'only'

/**
 * The inputs with what `changed` asks for, against the commit that the run is compared with. Where the event is about no change, or the history
 * does not tell that commit, everything that was asked for runs, and the log says so: too much is tested rather than too little.
 * @throws UserError where no test of the suites runs what changed
 */
export async function withChanged(inputs: Inputs, changed: Changed, places: Directories, ports: Ports): Promise<Inputs> {
  if (changed === 'no') return inputs
  const { runner, files } = ports
  const { kernelTree, suites } = await planOnly({ inputs, places }, ports)
  const tree = kernelTree?.directory ?? places.workingDirectory
  const git = gitIn(tree, ports)
  const situation = await readSituation(runner.env, await readCheckout(git), git, files)
  if (situation.kind !== 'change') {
    runner.info(
      `changed: ${runner.env.GITHUB_EVENT_NAME ?? 'this event'} is about no change on its way into a branch: everything that was asked for runs`,
    )
    return inputs
  }
  const { base } = situation
  if (base === null || (await git('cat-file', '-e', `${base}^{commit}`)).code !== 0) {
    const which = base === null ? 'which commit the change is based on' : `the commit ${base.slice(0, 12)} that the change is based on`
    runner.warning(`The checkout does not have ${which} (\`fetch-depth: 0\` brings it): everything that was asked for runs.`)
    return inputs
  }
  if (changed !== 'rules') return { ...inputs, changedTests: { mode: changed, upstream: base } }
  const chosen = await applyChanged({ inputs, suites, upstream: base, tree, places }, ports)
  runner.info(chosen.note)
  return chosen.inputs
}
