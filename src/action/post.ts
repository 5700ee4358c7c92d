import { createGitHubRunner, createPorts } from '../ports/real/index.js'
import { runPost } from '../post/index.js'
import { recoverReport } from './recover-report.js'

const ports = createPorts(createGitHubRunner())
await runPost(ports, (runDirectory) => recoverReport(runDirectory, ports))
process.exit(process.exitCode ?? 0)
