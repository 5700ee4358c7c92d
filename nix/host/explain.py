"""Says what the memory of a stopped Linux guest tells of its end: `python3 explain.py JSON`, with drgn installed for that Python.

JSON: {"memory": FD, "vmlinux": FD, "modules": {NAME: FD}, "user": UID, "cpuSeconds": N, "addressMiB": N, "outputBytes": N}. All files are open already and are
somebody else's work: before any is read this process gives up everything but reading them (confine.py). Prints plain text.
"""

import json
import os
import sys

# A script that comes by an open file has /proc/self/fd for its first directory.
sys.path[0] = os.path.dirname(os.path.realpath(__file__))

import confine  # noqa: E402

try:
    import drgn
    import drgn.helpers.linux  # noqa: F401  All of it now: later no file can be opened.
    import explanation
except ImportError as error:
    print(f"drgn cannot be loaded: {error}", file=sys.stderr)
    sys.exit(3)

TOO_OLD = 4


def main():
    wanted = json.loads(sys.argv[1])
    if not hasattr(drgn.Module, "try_file"):
        print("this drgn cannot be given an open file: 0.0.31 is the first that can", file=sys.stderr)
        return TOO_OLD
    # What Python and drgn would read later on.
    for encoding in ("utf-8", "ascii", "latin-1"):
        b"".decode(encoding)
    confine.confine(wanted["cpuSeconds"], wanted["addressMiB"] << 20, wanted["user"])
    program = drgn.Program()
    program.set_enabled_debug_info_finders([])
    program.set_core_dump(wanted["memory"])
    for module, _ in program.loaded_modules():
        if isinstance(module, drgn.MainModule):
            module.try_file("vmlinux", fd=wanted["vmlinux"])
            if module.wants_debug_file():
                print("vmlinux is not of the kernel that ran (another build id)", file=sys.stderr)
                return 5
        elif module.name in wanted["modules"]:
            module.try_file(module.name, fd=wanted["modules"][module.name])
    explanation.Explanation(program, wanted["outputBytes"]).write(sys.stdout)
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # No time, and no rights, for a tidy end.
    os._exit(status)
