// A run of the lab in a process of its own: `one-run.mjs [--kvm] TEST…` prints the lab's directory, then each progress, and at its
// end what it came to. With --kvm as if a probe had found that KVM works.
import { openLab } from '../lab/vm-lab.js'

const words = process.argv.slice(2)
const lab = await openLab()
console.log(lab.directory)
const { vmRun, record } = await lab.run({
  tests: words.filter((word) => word !== '--kvm'),
  vms: 2,
  ...(words.includes('--kvm') ? { accelerator: 'kvm' as const } : {}),
  onProgress: (progress) => console.log(JSON.stringify(progress)),
})
const statuses = record.tests.map(({ status }) => status)
console.log(JSON.stringify({ kind: 'end', guests: vmRun.guests.length, stopped: vmRun.stopped, conclusion: record.conclusion, statuses }))
lab.close()
