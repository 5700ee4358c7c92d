import { READY_ID, type ServiceCall, type ServiceLibrary, type ServiceReply } from './service-process.js'

/**
 * The process the workflow's services are asked from (`startServiceProcess`): it loads the client its argument names, says so, and carries out
 * calls. It ends with whoever started it.
 */
type Methods = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>

const LIBRARIES: Readonly<Record<ServiceLibrary, () => Promise<Methods>>> = {
  cache: async () => {
    const { restoreCache, saveCache } = await import('@actions/cache')
    return { restoreCache, saveCache }
  },
  artifact: async () => {
    const { DefaultArtifactClient } = await import('@actions/artifact')
    const client = new DefaultArtifactClient()
    return {
      uploadArtifact: client.uploadArtifact.bind(client),
      getArtifact: client.getArtifact.bind(client),
      listArtifacts: client.listArtifacts.bind(client),
      downloadArtifact: client.downloadArtifact.bind(client),
    }
  },
}

function send(reply: ServiceReply): void {
  // What was printed goes first: a secret is masked before anybody can say it.
  process.stdout.write('', () => process.send?.(reply))
}

async function answer(methods: Methods, { id, method, args }: ServiceCall): Promise<ServiceReply> {
  try {
    return { id, value: await methods[method]?.(...(args as never[])) }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { id, error: { name, message } }
  }
}

process.on('disconnect', () => process.exit(0))
const methods = await LIBRARIES[process.argv[2] as ServiceLibrary]()
process.on('message', (call: ServiceCall) => {
  answer(methods, call).then(send, () => process.exit(1))
})
send({ id: READY_ID, value: null })
