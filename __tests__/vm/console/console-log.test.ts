import { describe, expect, test } from '@jest/globals'
import { ConsoleLog } from '../../../src/vm/console/console-log.js'
import { fakeClock } from '../fakes/fake-qemu.js'
import { MemoryFiles } from '../fakes/memory-files.js'

function log(files: MemoryFiles, caps: { capBytes?: number; lineCapBytes?: number } = {}) {
  const lines: string[] = []
  const console = new ConsoleLog({ directory: '/g', files, clock: fakeClock(), onLine: (text) => lines.push(text), ...caps })
  return { console, lines }
}

describe('console.log', () => {
  test('has the host time before each line; the watcher gets the line alone', async () => {
    const files = new MemoryFiles()
    const { console, lines } = log(files)
    await console.feed(Buffer.from('[ 0.1] one\r\n[ 0.2] t'))
    await console.feed(Buffer.from('wo\n\n[ 0.3] no end'))
    await console.close()
    expect(files.text('/g/console.log')).toBe(
      '12:00:00.000| [ 0.1] one\n12:00:00.000| [ 0.2] two\n12:00:00.000| \n12:00:00.000| [ 0.3] no end\n',
    )
    expect(lines).toEqual(['[ 0.1] one', '[ 0.2] two', '', '[ 0.3] no end'])
    expect(console.lastLine).toBe('[ 0.3] no end')
    expect(console.gaveUp).toBeNull()
  })

  test('keeps why init or agent gave up, whatever the kernel prints while the guest powers off', async () => {
    const { console } = log(new MemoryFiles())
    await console.feed(Buffer.from('vmtest: agent failed: no /results\n[ 1.0] reboot: Power down\n'))
    await console.close()
    expect(console.gaveUp).toBe('vmtest: agent failed: no /results')
    expect(console.lastLine).toBe('[ 1.0] reboot: Power down')
  })

  test('a line without end is cut and says so', async () => {
    const files = new MemoryFiles()
    const { console, lines } = log(files, { lineCapBytes: 10 })
    await console.feed(Buffer.from(`${'x'.repeat(5000)}\nnext\n`))
    await console.close()
    expect(lines).toEqual(['xxxxxxxxxx', 'next'])
    expect(files.text('/g/console.log')).toContain('xxxxxxxxxx [vmtest: 4990 more bytes in this line]\n')
  })

  test('of endless output head and tail are kept, with the number of lines between them', async () => {
    const files = new MemoryFiles()
    const { console, lines } = log(files, { capBytes: 4000 })
    for (let i = 0; i < 10_000; i++) await console.feed(Buffer.from(`line ${i}\n`))
    await console.close()
    expect(lines).toHaveLength(10_000)
    const text = files.text('/g/console.log')
    expect(text.length).toBeLessThan(4200)
    const kept = text.split('\n').filter((line) => line.includes('| line '))
    const dropped = Number(/\[vmtest: (\d+) lines dropped here/.exec(text)?.[1])
    expect(kept.length + dropped).toBe(10_000)
    expect(text.startsWith('12:00:00.000| line 0\n')).toBe(true)
    expect(text.endsWith('| line 9999\n')).toBe(true)
    expect([...files.contents.keys()]).toEqual(['/g/console.log'])
  })

  test('a full disk does not stop the reading', async () => {
    const files = new MemoryFiles()
    files.capacityBytes = 30
    const { console, lines } = log(files)
    for (let i = 0; i < 10; i++) await console.feed(Buffer.from(`line ${i}\n`))
    await console.close()
    expect(lines).toHaveLength(10)
    expect(String(console.writeError)).toContain('ENOSPC')
  })
})
