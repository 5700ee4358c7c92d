"""Takes from this process what reading a hostile file needs none of: rights, files, programs, network. See docs/threat-model.md."""

import ctypes
import os
import platform
import resource
import struct

PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
SECCOMP_MODE_FILTER = 2

ALLOW = 0x7FFF0000
KILL = 0x80000000
EPERM = 0x00050000 | 1

# include/uapi/linux/audit.h
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000

# The few calls a computation on open files needs: all else fails with EPERM. Numbers: arch/x86/entry/syscalls/syscall_64.tbl, and
# include/uapi/asm-generic/unistd.h for aarch64.
ALLOWED = {
    "x86_64": {
        "read": 0, "write": 1, "close": 3, "fstat": 5, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
        "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "readv": 19, "writev": 20, "sched_yield": 24,
        "mremap": 25, "madvise": 28, "dup": 32, "getpid": 39, "exit": 60, "uname": 63, "fcntl": 72,
        "getrlimit": 97, "getuid": 102, "gettid": 186, "futex": 202, "sched_getaffinity": 204, "clock_gettime": 228,
        "exit_group": 231, "tgkill": 234, "set_robust_list": 273, "preadv": 295, "prlimit64": 302, "getrandom": 318,
        "membarrier": 324, "rseq": 334, "sigaltstack": 131, "set_tid_address": 218, "getcpu": 309,
    },
    "aarch64": {
        "read": 63, "write": 64, "close": 57, "fstat": 80, "lseek": 62, "mmap": 222, "mprotect": 226, "munmap": 215, "brk": 214,
        "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "pread64": 67, "readv": 65, "writev": 66, "sched_yield": 124,
        "mremap": 216, "madvise": 233, "dup": 23, "getpid": 172, "exit": 93, "uname": 160, "fcntl": 25,
        "getrlimit": 163, "getuid": 174, "gettid": 178, "futex": 98, "sched_getaffinity": 123, "clock_gettime": 113,
        "exit_group": 94, "tgkill": 131, "set_robust_list": 99, "preadv": 69, "prlimit64": 261, "getrandom": 278,
        "membarrier": 283, "rseq": 293, "sigaltstack": 132, "set_tid_address": 96, "getcpu": 168,
    },
}


def statement(code, k, yes=0, no=0):
    """One instruction of classic BPF (struct sock_filter)."""
    return struct.pack("HBBI", code, yes, no, k)


def seccomp_filter(machine):
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    numbers = sorted(ALLOWED[machine].values())
    lines = [
        statement(load, 4),
        statement(equal, AUDIT_ARCH[machine], 1, 0),
        statement(give, KILL),
        statement(load, 0),
        statement(at_least, X32_BIT, 0, 1),
        statement(give, KILL),
    ]
    for number in numbers:
        lines += [statement(equal, number, 0, 1), statement(give, ALLOW)]
    lines.append(statement(give, EPERM))
    return b"".join(lines), len(lines)


def limit_resources(cpu_seconds, address_bytes):
    for what, most in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, address_bytes),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        # Of processor time the second limit kills without a name.
        resource.setrlimit(what, (most, most + 2 if what == resource.RLIMIT_CPU else most))


def confine(cpu_seconds, address_bytes, user):
    """From here on: no file is opened, no program started, no socket made, no right kept. Raises OSError where this cannot be had."""
    machine = platform.machine()
    if machine not in ALLOWED:
        raise OSError(f"there is no filter of system calls for {machine}")
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    program, length = seccomp_filter(machine)
    buffer = ctypes.create_string_buffer(program)
    fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", length, ctypes.addressof(buffer)))
    limit_resources(cpu_seconds, address_bytes)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    for words in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_DUMPABLE, 0, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(fprog), 0, 0),
    ):
        if library.prctl(*words) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"prctl({words[0]}): {os.strerror(error)}")
