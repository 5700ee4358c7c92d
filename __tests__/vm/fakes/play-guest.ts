/** One channel, from the guest's side. */
export interface GuestChannel {
  /** What the host has written so far. */
  readonly written: readonly string[]
  say(text: string): void
}

/** A QEMU, from the guest's side. */
export interface GuestSide {
  readonly console: GuestChannel
  readonly control: GuestChannel
  readonly results: GuestChannel
  readonly output: GuestChannel
  die(exit: { code: number | null; signal: string | null }): void
}

/** What `check` prints of a test, or null where the kernel panics under it. */
export type Fate = string | null

export const fates = {
  pass: (name: string): Fate => `${name}        1s\n`,
  fail: (name: string): Fate => `${name}       - output mismatch (see /results/1/${name}.out.bad)\n    -yes\n    +no\n`,
  notrun: (name: string): Fate => `${name}       [not run] this file system cannot\n`,
}

/** Boots and plays the guest's side until there is no more work, or a test kills it. */
export async function playGuest(qemu: GuestSide, fateOf: (name: string) => Fate): Promise<void> {
  qemu.console.say('[    0.000000] Linux version 6.1.0\nvmtest: init\n')
  for (let batch = 1; ; batch++) {
    const heard = qemu.control.written.length
    qemu.control.say('ready 6.1.0\n')
    const words = () => qemu.control.written.slice(heard).join('')
    await until(() => words().includes('go\n') || words().includes('finish\n'))
    if (words().includes('finish\n')) break
    const names = [...words().matchAll(/^a (\w+\/\d+)$/gm)].map((match) => match[1] ?? '')
    for (const name of names) {
      const acknowledged = qemu.control.written.length
      qemu.results.say(`M start ${name}\n`)
      await until(() => qemu.control.written.slice(acknowledged).join('').includes('ack\n'))
      qemu.console.say(`[    5.0] run fstests ${name} at 2026-01-01 00:00:00\n`)
      const fate = fateOf(name)
      if (fate === null) {
        qemu.output.say(`${name}       `)
        qemu.console.say('[    6.0] Kernel panic - not syncing: sysrq triggered crash\n')
        qemu.die({ code: 0, signal: null })
        return
      }
      qemu.output.say(fate)
    }
    const acknowledged = qemu.control.written.length
    const failed = names.filter((name) => fateOf(name)?.includes('output mismatch'))
    qemu.output.say(`Ran: ${names.join(' ')}\n`)
    if (failed.length > 0) qemu.output.say(`Failures: ${failed.join(' ')}\nFailed ${failed.length} of ${names.length} tests\n`)
    else qemu.output.say(`Passed all ${names.length} tests\n`)
    qemu.output.say(`\0vmtest-end ${batch}\0`)
    qemu.results.say(`M end ${failed.length > 0 ? 1 : 0}\n`)
    await until(() => qemu.control.written.slice(acknowledged).join('').includes('ack\n'))
  }
  qemu.control.say('bye\n')
  qemu.die({ code: 0, signal: null })
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
