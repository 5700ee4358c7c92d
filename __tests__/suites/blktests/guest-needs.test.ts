import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

// What the guest adds to check's configuration, in bash as check reads it, with a PATH of next to nothing: a guest that lacks all.
const guest = new URL('../../../nix/suites/blktests/guest', import.meta.url).pathname
const toolOf = (name: string) => spawnSync('bash', ['-c', `type -P ${name}`], { encoding: 'utf8' }).stdout.trim()
let place = ''

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'vmtest-blktests-needs-'))
  mkdirSync(join(place, 'bin'))
  for (const tool of ['bash', 'sed', 'cat', 'tail', 'mkdir', 'chmod']) symlinkSync(toolOf(tool), join(place, 'bin', tool))
  writeFileSync(join(place, 'bin/uname'), '#!/bin/sh\necho 6.12.117+deb12-cloud-amd64\n', { mode: 0o755 })
  mkdirSync(join(place, 'tests/block'), { recursive: true })
  mkdirSync(join(place, 'boot'))
  writeFileSync(join(place, 'meminfo'), 'MemTotal: 1572864 kB\n')
  // This machine's own configuration is none of the guest's.
  for (const name of ['check-config', 'emulated-config']) {
    const text = readFileSync(`${guest}/${name}`, 'utf8')
      .replaceAll('/proc/config.gz', `${place}/config.gz`)
      .replaceAll('/proc/meminfo', `${place}/meminfo`)
      .replaceAll('/tmp/vmtest-udev', `${place}/vmtest-udev`)
      .replaceAll('-d /proc/scsi ', `-d ${place}/proc-scsi `)
    writeFileSync(join(place, name), text.replaceAll('/boot/config-$(', `${place}/boot/config-$(`))
  }
})
afterAll(() => rmSync(place, { recursive: true }))

/** @param mounts lines of /proc/mounts, which grep is asked for */
function bash(script: string, files: readonly string[], mounts = ''): string {
  const grep = `grep() { [[ "$*" == *"/proc/mounts" ]] && command -p grep -q ' /sys/kernel/config configfs ' <<<${JSON.stringify(mounts)}; }`
  const sources = files.map((file) => `. ${place}/${file}`).join('\n')
  const run = spawnSync(join(place, 'bin/bash'), ['--norc', '-c', `${grep}\n${sources}\n${script}`], {
    ...{ cwd: place, encoding: 'utf8' },
    env: { PATH: join(place, 'bin'), TEST_DEV: '/dev/vdb', TEST_DEVS: '/dev/vdc', OUTPUT: place },
  })
  expect(run.stderr).toBe('')
  return run.stdout
}

function lacks(text: string, { files = ['check-config'], name = 'block/001', mounts = '' } = {}): string {
  mkdirSync(join(place, 'tests', name, '..'), { recursive: true })
  writeFileSync(join(place, 'tests', name), text)
  return bash(`SKIP_REASONS=(); _vmtest_lacks ${name}; printf '%s\\n' "\${SKIP_REASONS[@]}"`, files, mounts).trim()
}

describe('what a guest lacks is said before the test, which would fail or decline falsely', () => {
  test.each([
    ['null_blk without configfs', '_configure_null_blk nullb1', 'this guest has no configfs at /sys/kernel/config'],
    ['a path of configfs', 'mkdir /sys/kernel/config/nullb/x', 'this guest has no configfs at /sys/kernel/config'],
    ['sfdisk', '  echo | sfdisk "$dev"', 'this guest has no sfdisk, which the test calls'],
    ['mkfs.vfat', '  mkfs.vfat "$dev" >/dev/null', 'this guest has no mkfs.vfat, which the test calls'],
    ['udevd', 'udevadm monitor', 'no udevd runs in this guest'],
  ])('%s', (_what, text, reason) => {
    expect(lacks(text)).toBe(`vmtest: ${reason}`)
  })

  // Linux 6.12.117, one processor: `echo: write error: Invalid argument`, 175 times of block/038.
  test('processors, where null_blk is asked for more queues than there are', () => {
    const queues = (count: number) => `echo ${count} > "/sys/kernel/config/nullb/\${nullb}/submit_queues"`
    const mounts = 'configfs /sys/kernel/config configfs rw 0 0'
    expect(lacks(`${queues(1)}\n${queues(5000)}\n${queues(6000)}`, { mounts })).toBe(
      'vmtest: it asks null_blk for 5000 queues, and this guest has too few processors (--cpus)',
    )
    expect(lacks(queues(1), { mounts })).toBe('')
  })

  // Linux 6.12.117, 1536 MiB: `Kernel panic - not syncing: System is deadlocked on memory` in throtl/006.
  test('memory, where a file system is made on null_blk of its own size', () => {
    const text = '_set_up_throtl memory_backed=1; mkfs.ext4 -E lazy_itable_init=0 "/dev/${THROTL_DEV}"'
    const memory = (kib: number, of = text) => {
      writeFileSync(join(place, 'meminfo'), `MemTotal: ${kib} kB\n`)
      return lacks(of)
        .replace(/.*no mkfs[.]ext4.*\n?/, '')
        .trim()
    }
    expect(memory(1536 * 1024)).toContain('this guest has less than 6 GiB (--memory)')
    expect(memory(8 * 1024 * 1024)).toBe('')
    expect(memory(1536 * 1024, 'memory_backed=1 size=64; mkfs.ext4 x')).toBe('')
  })

  // Linux 6.12.117 of Debian: `grep: /proc/scsi/scsi_debug/0: No such file or directory`, scsi/004.
  test('/proc/scsi', () => {
    expect(lacks('grep -q BUSY "/proc/scsi/scsi_debug/0"')).toBe('vmtest: this kernel has no /proc/scsi (CONFIG_SCSI_PROC_FS)')
  })

  test('the kernel’s configuration', () => {
    const text = 'requires() { _have_kernel_option BLK_DEV_ZONED; }'
    expect(lacks(text)).toBe('vmtest: this guest has no kernel configuration at /boot/config-RELEASE')
    for (const path of ['config.gz', 'boot/config-6.12.117+deb12-cloud-amd64']) {
      writeFileSync(join(place, path), '')
      expect(lacks(text)).toBe('')
      rmSync(join(place, path))
    }
  })

  test('what is there, or only in a comment, is no need', () => {
    expect(lacks('_configure_null_blk x', { mounts: 'none /sys/kernel/config configfs rw 0 0' })).toBe('')
    expect(lacks('# sfdisk would be nice\n  my-sfdisk-like x\n')).toBe('')
  })

  test('an expected output that says how long it took, in an emulated guest alone', () => {
    expect(lacks('true', { name: 'loop/003' })).toBe('')
    expect(lacks('true', { name: 'loop/003', files: ['emulated-config', 'check-config'] })).toBe(
      'vmtest: its expected output says how long it takes, and this guest is emulated',
    )
    expect(lacks('true', { files: ['emulated-config', 'check-config'] })).toBe('')
  })
})

test('fstests’ TEST_DEV labels no test with a device, and the devices of blktests stay', () => {
  expect(bash(`printf '%s %s' "\${TEST_DEV-none}" "$TEST_DEVS"`, ['check-config'])).toBe('none /dev/vdc')
})

test('a kernel name with letters is read as its numbers where a test compares it, and nowhere else', () => {
  const script = '_have_kver() { uname -r; }; _have_kver; uname -r; uname -r | cat'
  expect(bash(script, ['check-config']).trim().split('\n')).toEqual([
    '6.12.117',
    '6.12.117+deb12-cloud-amd64',
    '6.12.117+deb12-cloud-amd64',
  ])
})

test('without udev the driver of SCSI disks is loaded, and settling waits until it took them up', () => {
  const text = readFileSync(`${guest}/check-config`, 'utf8')
    .replaceAll('/sys/', `${place}/sys/`)
    .replaceAll('/run/udev/', `${place}/udev/`)
    .replaceAll('/tmp/vmtest-udev', `${place}/vmtest-udev`)
  const config = join(place, 'moved-config')
  writeFileSync(config, text)
  const device = join(place, 'sys/class/scsi_device/0:0:0:0/device')
  for (const directory of [device, join(place, 'sys/bus/scsi/drivers/sd')]) mkdirSync(directory, { recursive: true })
  writeFileSync(join(device, 'type'), '0\n')
  const script = `modprobe() { echo "modprobe $*"; }; sleep() { (( ++slept < 3 )) || command -p mkdir -p ${device}/block; }
    . ${config}; udevadm settle && echo "settled $slept"; udevadm settle --timeout=30 && echo "again $slept"; udevadm monitor || echo declined`
  const env = { PATH: join(place, 'bin'), OUTPUT: place }
  const run = spawnSync(join(place, 'bin/bash'), ['--norc', '-c', script], { cwd: place, encoding: 'utf8', env })
  expect(run.stderr).toBe('')
  expect(run.stdout.trim().split('\n')).toEqual(['modprobe -q sd_mod', 'settled 3', 'again 3', 'declined'])
})

// Linux 6.12.117: the whole group nvme ran on null_blk, though it had declined it, and block/012 read zeros in place of what it wrote.
test('a driver’s device is loaded before each test, with memory behind it and its place looked up, but for a group that declined it', () => {
  const text = readFileSync(`${guest}/check-config`, 'utf8')
    .replaceAll('/dev/nullb0', `${place}/nullb0`)
    .replaceAll('/tmp/vmtest-udev', `${place}/vmtest-udev`)
  const config = join(place, 'null-config')
  writeFileSync(config, text)
  const script = `modprobe() { echo "modprobe $*"; }; vmtest-mark() { :; }; _find_sysfs_dirs() { echo "found \${1##*/}"; }
    _run_test() { echo "$1 on \${TEST_DEVS[*]##*/}"; }; _call_test() { :; }
    . ${config}; _run_test block/001; TEST_DEVS=(); _run_test nvme/033`
  const env = { PATH: join(place, 'bin'), OUTPUT: place, TEST_DEVS: 'null_blk' }
  const run = spawnSync(join(place, 'bin/bash'), ['--norc', '-c', script], { cwd: place, encoding: 'utf8', env })
  expect(run.stderr).toBe('')
  const load = 'modprobe -q null_blk nr_devices=1 gb=1 memory_backed=1'
  expect(
    run.stdout
      .trim()
      .split('\n')
      .filter((line) => line !== 'modprobe -q sd_mod'),
  ).toEqual([...[load, load, 'found nullb0', 'block/001 on nullb0', 'nvme/033 on']])
})

test('of a group that declines as a whole the host hears test by test, of a device it declines nothing', () => {
  const script = `vmtest-mark() { echo "$*"; }; _output_notrun() { echo "notrun $1"; }; _run_test() { :; }; _call_test() { :; }
    _run_group() { local tests=("$@"); _output_notrun "nbd/***"; _output_notrun 'nbd/*** => nullb0'; }
    . ${join(place, 'check-config')}; _run_group nbd/001 nbd/002`
  const env = { PATH: join(place, 'bin'), OUTPUT: place }
  const run = spawnSync(join(place, 'bin/bash'), ['--norc', '-c', `modprobe() { :; }; ${script}`], { cwd: place, encoding: 'utf8', env })
  expect(run.stderr).toBe('')
  expect(run.stdout.trim().split('\n')).toEqual(['notrun nbd/***', 'start nbd/001', 'start nbd/002', 'notrun nbd/*** => nullb0'])
})

// Linux 6.12.117: `/sys/block/zbd_011-crypt/queue/zoned: No such file or directory`, zbd/011.
test('without udev our dmsetup makes links of what cryptsetup maps, whose exit status stays', () => {
  const text = readFileSync(`${guest}/check-config`, 'utf8')
    .replaceAll('/run/udev/', `${place}/udev/`)
    .replaceAll('/tmp/vmtest-udev', `${place}/vmtest-udev`)
  const config = join(place, 'crypt-config')
  writeFileSync(config, text)
  mkdirSync(join(place, 'crypt'))
  for (const [name, words] of [
    ['cryptsetup', 'echo "cryptsetup $*"; exit 3'],
    ['dmsetup', 'echo "dmsetup $*" >>"$OUTPUT/dmsetup-calls"'],
  ] as const)
    writeFileSync(join(place, 'crypt', name), `#!${toolOf('bash')}\n${words}\n`, { mode: 0o755 })
  const env = { PATH: `${join(place, 'crypt')}:${join(place, 'bin')}`, OUTPUT: place }
  const script = `modprobe() { :; }; . ${config}; cryptsetup open --type plain x y; echo "status $?"`
  const run = spawnSync(join(place, 'bin/bash'), ['--norc', '-c', script], { cwd: place, encoding: 'utf8', env })
  expect([run.stderr, run.stdout]).toEqual(['', 'cryptsetup open --type plain x y\nstatus 3\n'])
  expect(readFileSync(join(place, 'dmsetup-calls'), 'utf8')).toBe('dmsetup version\n')
})

// Linux 6.12.117, parted 3.5: `sh: 1: udevadm: not found`, four times in loop/001, loop/008 and loop/010.
test('without udev programs that tests call find one that settles, and does nothing else', () => {
  const text = readFileSync(`${guest}/check-config`, 'utf8')
    .replaceAll('/run/udev/', `${place}/udev/`)
    .replaceAll('/tmp/vmtest-udev', `${place}/vmtest-udev`)
  const config = join(place, 'udev-config')
  writeFileSync(config, text)
  const script = `modprobe() { :; }; . ${config}; ${toolOf('sh')} -c 'udevadm settle; echo $?; udevadm control --ping; echo $?'`
  const env = { PATH: join(place, 'bin'), OUTPUT: place }
  const run = spawnSync(join(place, 'bin/bash'), ['--norc', '-c', script], { cwd: place, encoding: 'utf8', env })
  expect([run.stderr, run.stdout]).toEqual(['', '0\n1\n'])
})
