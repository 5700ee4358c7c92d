/** Runtest files whose tests stop the machine or take parts of it away: they run where they are named themselves. */
const BY_NAME_ALONE: Readonly<Record<string, string>> = {
  cpuhotplug: 'it takes CPUs away from the machine',
  crashme: 'it runs random code',
  power_management_tests: 'it suspends the machine',
}

/** Why a test of a runtest file runs only where it is named itself; null for any other. */
export function onlyByName(file: string): string | null {
  return (Object.hasOwn(BY_NAME_ALONE, file) ? BY_NAME_ALONE[file] : undefined) ?? null
}

/** Programs that measure how exactly they are woken (tst_timer_test.h of LTP 20260529): no emulated processor keeps their bounds. */
export const TIMED_PROGRAMS: ReadonlySet<string> = new Set([
  ...['clock_nanosleep02', 'epoll_pwait03', 'epoll_wait02', 'epoll_wait04', 'futex_wait05', 'nanosleep01'],
  ...['poll02', 'prctl09', 'pselect01', 'pselect01_64', 'select02'],
])

/** Programs that fill memory until the kernel kills. */
export function summonsOomKiller(program: string): boolean {
  return /^oom\d/.test(program)
}

/** Utilities of POSIX, and others that a Linux system has, which runtest files call between LTP's own programs. */
const UTILITIES: ReadonlySet<string> = new Set([
  ...[
    'awk',
    'basename',
    'bash',
    'bc',
    'bunzip2',
    'bzip2',
    'cat',
    'chgrp',
    'chmod',
    'chown',
    'chroot',
    'cksum',
    'clear',
    'cmp',
    'comm',
    'cp',
  ],
  ...['cpio', 'csplit', 'cut', 'dash', 'date', 'dd', 'df', 'diff', 'dirname', 'dmesg', 'du', 'ed', 'egrep', 'env', 'ex', 'expand', 'expr'],
  ...['factor', 'fgrep', 'file', 'find', 'flock', 'fold', 'free', 'fuser', 'getconf', 'getent', 'grep', 'groups', 'gunzip', 'gzip', 'head'],
  ...['hexdump', 'hostname', 'iconv', 'id', 'insmod', 'install', 'ionice', 'ip', 'ipcrm', 'ipcs', 'join', 'kill', 'killall', 'ldd', 'less'],
  ...['ln', 'logger', 'logname', 'losetup', 'ls', 'lsmod', 'lsof', 'md5sum', 'mkdir', 'mkfifo', 'mkfs', 'mknod', 'mkswap', 'mktemp'],
  ...['modprobe', 'more', 'mount', 'mountpoint', 'mv', 'nice', 'nl', 'nohup', 'nproc', 'od', 'paste', 'patch', 'perl', 'pgrep', 'pidof'],
  ...['ping', 'pkill', 'pr', 'ps', 'python3', 'readlink', 'realpath', 'renice', 'rm', 'rmdir', 'rmmod', 'sed', 'seq', 'setsid', 'sh'],
  ...['sha1sum', 'sha256sum', 'shuf', 'sleep', 'sort', 'split', 'stat', 'stdbuf', 'strings', 'stty', 'su', 'sum', 'swapoff', 'swapon'],
  ...['sync', 'sysctl', 'tac', 'tail', 'tar', 'taskset', 'tee', 'time', 'timeout', 'top', 'touch', 'tr', 'truncate', 'tsort', 'tty'],
  ...['umount', 'uname', 'unexpand', 'uniq', 'unshare', 'uptime', 'vmstat', 'wc', 'which', 'who', 'whoami', 'xargs', 'xz', 'yes', 'zcat'],
])

/** Whether a program that LTP has not installed is one of the guest itself, rather than one of LTP's that was not built. */
export function isOfTheGuest(program: string): boolean {
  return program.includes('/') || program.startsWith('mkfs.') || UTILITIES.has(program)
}
