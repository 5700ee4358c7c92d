// A run of the lab in a process of its own, to be killed: `one-run.mjs TEST…` prints the lab's directory, then each progress.
import { openLab } from '../lab/vm-lab.js'

const lab = await openLab()
console.log(lab.directory)
await lab.run({ tests: process.argv.slice(2), vms: 2, onProgress: (progress) => console.log(JSON.stringify(progress)) })
lab.close()
