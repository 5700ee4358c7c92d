import { describeError } from '../domain/errors.js'
import type { Receipt, Report } from '../domain/stages.js'
import type { Ports } from '../ports/index.js'
import { showReport, uploadResults } from '../publish/index.js'
import { undoPermissions } from '../vm/index.js'

/** Under this name the receipt waits in the step's state. */
export const RECEIPT_STATE = 'receipt'

type PostPorts = Pick<Ports, 'runner' | 'files' | 'artifactStore' | 'exec'>

/**
 * What remains after main, however main ended: results it could not publish, and changes to the machine to undo.
 * Never fails the step; each part is tried although another failed.
 * @param recover makes a report of what main left, where main did not live to make one
 */
export async function runPost(ports: PostPorts, recover: (runDirectory: string) => Promise<Report | null>): Promise<void> {
  const { runner } = ports
  const receipt = readReceipt(runner.getState(RECEIPT_STATE))
  if (receipt === null) {
    runner.info('post: nothing to do, main left no receipt')
    return
  }
  runner.info(`post: main reached stage ${receipt.stage}`)
  await attempt(runner, 'publishing what main left', () => publishLeftovers(receipt, ports, recover))
  await attempt(runner, 'undoing changes to the machine', async () => {
    for (const failure of await undoPermissions(ports, receipt.cleanups)) runner.warning(`post: ${failure}`)
  })
}

/** The receipt, or null for none and for anything that is not one. */
function readReceipt(text: string): Receipt | null {
  try {
    const value = JSON.parse(text) as Receipt
    return value.version === 1 ? value : null
  } catch {
    return null
  }
}

async function publishLeftovers(
  receipt: Receipt,
  ports: PostPorts,
  recover: (runDirectory: string) => Promise<Report | null>,
): Promise<void> {
  const { runDirectory } = receipt
  if (runDirectory === null || receipt.artifactUploaded || (await ports.files.stat(runDirectory)) === null) return
  if (receipt.stage !== 'publish') {
    const report = await recover(runDirectory)
    if (report !== null) await showReport(report, ports)
  }
  await uploadResults(
    {
      policy: receipt.upload,
      failed: true,
      name: receipt.artifactName,
      runDirectory,
      ...(receipt.retentionDays === undefined ? {} : { retentionDays: receipt.retentionDays }),
    },
    ports,
  )
}

async function attempt(runner: PostPorts['runner'], what: string, body: () => Promise<void>): Promise<void> {
  try {
    await body()
  } catch (error) {
    runner.warning(`post: ${what}: ${describeError(error)}`)
  }
}
