"""What a kernel's memory says, as text. Every part stands alone: what cannot be read is said and costs no other part."""

import re

import drgn
from drgn import FaultError, Object, TypeKind, cast
from drgn.helpers.linux.fs import for_each_file, for_each_mount, mount_dst, mount_fstype, mount_src
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import totalram_pages
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.printk import get_dmesg
from drgn.helpers.linux.sched import task_state_to_char
from drgn.helpers.linux.slab import for_each_slab_cache, slab_cache_usage

# What is said at most: a reader wants the cause, and the memory has the rest.
MOST_FRAMES = 14
MOST_LOCALS = 6
MOST_VALUE = 60
MOST_BLOCKED = 16
MOST_CACHES = 6
MOST_LOG_LINES = 15
MOST_HOLDERS = 4
MOST_MOUNTS = 12
# What a broken list may cost.
MOST_TASKS = 4096
MOST_FILES = 256

# Frames that say only that a task sleeps.
SLEEP = {"__schedule", "schedule", "context_switch", "schedule_preempt_disabled", "schedule_timeout", "io_schedule", "io_schedule_timeout"}
# Frames of every stack's beginning.
ENTRY = {"entry_SYSCALL_64", "do_syscall_64", "do_syscall_x64", "el0t_64_sync", "el0t_64_sync_handler", "el0_svc", "do_el0_svc", "el0_svc_common",
         "invoke_syscall", "__invoke_syscall", "ret_from_fork", "ret_from_fork_asm", "__arm64_sys_ioctl"}
# How a panic reports itself, which is not where it came from.
REPORTING = {"panic", "vpanic", "oops_end", "__die", "die", "die_addr", "exc_general_protection", "asm_exc_general_protection",
             "page_fault_oops", "kernelmode_fixup_or_oops", "crash_kexec", "__crash_kexec", "nmi_panic", "check_panic_on_warn"}
LEVELS = {0: "thawed", 1: "writers stopped", 2: "page faults stopped", 3: "file system's own writes stopped", 4: "frozen"}
REGISTERS = re.compile(rb"\] (?:[A-Z0-9_]{2,}: [0-9a-fx]{4}|Code: |</?TASK>| *\\? |x\d+ ?:| ? ?</?(?:TASK|IRQ)>)")
TREE = re.compile(r"^(?:.*?/)?((?:arch|block|certs|crypto|drivers|fs|include|init|io_uring|ipc|kernel|lib|mm|net|rust|security|sound|virt)/.*)$")


def text(value, most=MOST_VALUE):
    """A byte string of the guest on one line."""
    line = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    line = "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in line)
    return line if len(line) <= most else line[: most - 3] + "..."


def comm(task):
    return f"{text(task.comm.string_(), 20)} (pid {task.pid.value_()})"


class Stop(Exception):
    """The room is used up."""


class Explanation:
    def __init__(self, program, most_bytes):
        self.program = program
        self.most_bytes = most_bytes
        self.written = 0
        self.lines = []
        self.root = None

    # --- text within a bound

    def say(self, line=""):
        size = len(line) + 1
        if self.written + size > self.most_bytes - 100:
            self.lines.append("[cut: the memory itself has the rest]")
            raise Stop
        self.written += size
        self.lines.append(line)

    def write(self, out):
        parts = (
            ("crashed thread", self.crashed),
            ("file systems", self.file_systems),
            ("tasks that wait and cannot be killed", self.blocked),
            ("XFS", self.xfs),
            ("ext4", self.ext4),
            ("btrfs", self.btrfs),
            ("memory", self.memory),
            ("the last of the kernel log", self.log),
        )
        try:
            for title, part in parts:
                before = len(self.lines)
                try:
                    part()
                except Stop:
                    raise
                except Exception as error:  # Whatever the guest left there.
                    self.say(f"{title}: not to be had: {text(error, 160)}")
                if len(self.lines) > before:
                    self.say()
        except Stop:
            pass
        out.write("\n".join(self.lines).rstrip() + "\n")

    # --- stacks

    def place(self, frame):
        try:
            name, line, _ = frame.source()
        except LookupError:
            return ""
        found = TREE.match(self.relative(name))
        return f" at {text(found.group(1) if found else name, 120)}:{line}"

    def relative(self, name):
        """A source's path in the tree: where the kernel was built is told by a file that is always at one place."""
        if self.root is None:
            self.root = ""
            try:
                self.root = self.program["init_task"].prog_.symbol and self.build_directory()
            except (LookupError, FaultError):
                pass
        return name[len(self.root):] if self.root and name.startswith(self.root) else name

    def build_directory(self):
        for stack_name in ("start_kernel", "schedule", "panic"):
            try:
                path = self.program.function(stack_name)
                _ = path.address_
            except LookupError:
                continue
            try:
                location = self.program.source_location(path.address_)
                name = location[0].filename if hasattr(location[0], "filename") else location[0][0]
            except Exception:
                continue
            for known in ("init/main.c", "kernel/sched/core.c", "kernel/panic.c"):
                if name.endswith("/" + known):
                    return name[: -len(known)]
        return ""

    def values(self, frame):
        found = []
        for name in frame.locals():
            if len(found) == MOST_LOCALS:
                break
            try:
                value = frame[name]
                shown = None if value.absent_ else self.value(value)
            except (FaultError, LookupError, ValueError, TypeError, drgn.ObjectAbsentError, OverflowError):
                continue
            if shown is not None:
                found.append(f"{name} = {shown}")
        return found

    def value(self, value):
        """A local on a line; None for what says nothing there."""
        kind = underlying(value.type_)
        if kind.kind == TypeKind.POINTER:
            target = underlying(kind.type)
            address = value.value_()
            if target.kind == TypeKind.INT and target.size == 1 and address != 0:
                try:
                    return f'"{text(value.string_())}"'
                except FaultError:
                    pass
            return f"({text(value.type_.type_name(), 40)})0x{address:x}"
        if kind.kind in (TypeKind.INT, TypeKind.BOOL):
            return str(value.value_())
        if kind.kind == TypeKind.ENUM:
            return text(value.format_(type_name=False))
        return None

    def stack(self, trace, skip, indent="  ", with_locals=True):
        shown = 0
        for frame in trace:
            if not frame.pc >> 63:
                # User space: its symbols are not ours.
                break
            name = frame.name
            if name in skip and shown == 0 or name in ENTRY:
                continue
            if shown == MOST_FRAMES:
                self.say(f"{indent}...")
                return
            shown += 1
            inlined = " (inlined)" if frame.is_inline else ""
            self.say(f"{indent}{text(name, 60)}{self.place(frame)}{inlined}")
            values = self.values(frame) if with_locals else []
            if values:
                self.say(f"{indent}    {', '.join(values)}")

    def crashed(self):
        try:
            thread = self.program.crashed_thread()
        except Exception as error:
            if "panic_cpu" in str(error):
                # Stopped from outside: no thread crashed, and what each CPU does is on the console.
                return
            raise
        self.say(f"crashed: {comm(thread.object) if thread.object is not None else f'thread {thread.tid}'}")
        trace = list(thread.stack_trace())
        interrupted = [at for at, frame in enumerate(trace) if frame.interrupted and frame.pc >> 63]
        reporting = [at + 1 for at, frame in enumerate(trace) if frame.name in REPORTING]
        # Below the exception is what went wrong; above it how that was reported.
        self.stack(trace[max(interrupted + reporting, default=0):], REPORTING)

    # --- what tasks wait for

    def tasks(self):
        for number, task in enumerate(for_each_task(self.program)):
            if number == MOST_TASKS:
                return
            yield task

    def blocked(self):
        waiting = [task for task in self.tasks() if task_state_to_char(task) == "D"]
        if not waiting:
            return
        self.say(f"{len(waiting)} task{'' if len(waiting) == 1 else 's'} in D (waiting, not to be killed):")
        seen = {}
        for task in waiting[:MOST_BLOCKED]:
            trace = list(self.program.stack_trace(task))
            self.say(f"- {comm(task)}{self.waits_for(trace)}")
            same = tuple(frame.pc for frame in trace)
            if same in seen:
                self.say(f"    the stack of pid {seen[same]}")
            else:
                seen[same] = task.pid.value_()
                self.stack(trace, SLEEP, indent="    ")
        if len(waiting) > MOST_BLOCKED:
            self.say(f"- and {len(waiting) - MOST_BLOCKED} more")

    def waits_for(self, trace):
        """The innermost lock a stack names, who holds it, and the super block it is about."""
        lock = ""
        for frame in trace:
            for name, describe in (("sem", self.describe_sem), ("lock", self.describe_mutex), ("sb", self.describe_super)):
                if name not in frame.locals():
                    continue
                try:
                    value = frame[name]
                    said = None if value.absent_ else describe(value)
                except (FaultError, LookupError, ValueError, TypeError, drgn.ObjectAbsentError):
                    continue
                if said is None:
                    continue
                if name == "sb":
                    return f"{lock}, {'on' if lock else 'waits on'} {said}"
                if lock == "":
                    lock = f" waits for {said}"
                if "super block" in said:
                    return lock
        return lock

    def describe_sem(self, sem):
        kind = sem.type_.type_name()
        if kind == "struct percpu_rw_semaphore *":
            owner = self.super_of_writers(sem)
            return None if owner is None else f"the freeze protection of {owner}"
        if kind != "struct rw_semaphore *":
            return None
        owner = sem.owner.counter.value_()
        if owner & ~7 == 0:
            return f"rwsem 0x{sem.value_():x}"
        if owner & 1:
            return f"rwsem 0x{sem.value_():x}, held by a reader, last by {self.task_at(owner & ~7)}"
        return f"rwsem 0x{sem.value_():x}, held by {self.task_at(owner & ~7)}"

    def describe_mutex(self, lock):
        if lock.type_.type_name() != "struct mutex *":
            return None
        owner = lock.owner.counter.value_() & ~7
        return f"mutex 0x{lock.value_():x}" + (f", held by {self.task_at(owner)}" if owner else "")

    def describe_super(self, sb):
        if sb.type_.type_name() != "struct super_block *":
            return None
        return self.super_name(sb)

    def task_at(self, address):
        return comm(Object(self.program, "struct task_struct *", address))

    def super_blocks(self):
        return list_for_each_entry("struct super_block", self.program["super_blocks"].address_of_(), "s_list")

    def super_name(self, sb):
        return f"super block 0x{sb.value_():x} ({text(sb.s_type.name.string_(), 20)} on {text(sb.s_id.string_(), 32)})"

    def super_of_writers(self, sem):
        """The super block whose s_writers a per-CPU semaphore is part of; None where it is of something else."""
        address = sem.value_()
        for sb in self.super_blocks():
            start = sb.s_writers.address_of_().value_()
            if start <= address < start + sb.s_writers.type_.size:
                return self.super_name(sb)
        return None

    # --- file systems

    def file_systems(self):
        mounts = [m for m in for_each_mount(self.program)]
        disks = [m for m in mounts if m.mnt.mnt_sb.s_bdev.value_() != 0]
        for mount in disks[:MOST_MOUNTS]:
            sb = mount.mnt.mnt_sb
            frozen = sb.s_writers.frozen.value_()
            state = "" if frozen == 0 else f": FROZEN, level {frozen} ({LEVELS.get(frozen, 'unknown')})"
            what = f"{text(mount_src(mount))} on {text(mount_dst(mount))}, {text(mount_fstype(mount))}"
            self.say(f"mounted: {what}, super block 0x{sb.value_():x}{state}")
            if frozen:
                self.freezers(sb, mount)

    def freezers(self, sb, mount):
        writers = sb.s_writers
        counts = [f"{who} {getattr(writers, name).value_()}" for name, who in (("freeze_ucount", "user space"), ("freeze_kcount", "kernel"))
                  if has_member(writers, name)]
        if counts:
            self.say(f"  frozen by: {', '.join(counts)} time(s)")
        inside, holding = [], []
        for task in self.tasks():
            state = self.freezing(task, sb)
            if state is not None:
                inside.append(f"{comm(task)} in {state}")
            elif self.holds_root(task, mount):
                holding.append(comm(task))
        for who in inside[:MOST_HOLDERS]:
            self.say(f"  freezing task: {who}")
        if not inside and holding:
            self.say(f"  freezing task: none is in freeze_super or thaw_super; {', '.join(holding[:MOST_HOLDERS])} has the file system's root open, "
                     "as who froze it and is to thaw it")
        elif not inside:
            self.say("  freezing task: gone: none is in freeze_super or thaw_super, none has the file system's root open")

    def freezing(self, task, sb):
        """The function a task freezes or thaws this super block in; None where it does not."""
        if task.mm.value_() == 0 or task_state_to_char(task) == "R":
            return None
        for frame in self.program.stack_trace(task):
            if frame.name not in ("freeze_super", "thaw_super", "thaw_super_locked"):
                continue
            try:
                value = frame["sb"]
                if value.absent_ or value.value_() == sb.value_():
                    return f"{frame.name}{self.place(frame)}"
            except (LookupError, drgn.ObjectAbsentError):
                return f"{frame.name}{self.place(frame)}"
        return None

    def holds_root(self, task, mount):
        root = mount.mnt.mnt_root.value_()
        if task.files.value_() == 0:
            return False
        for number, found in enumerate(for_each_file(task)):
            if number == MOST_FILES:
                return False
            if found[1].f_path.dentry.value_() == root:
                return True
        return False

    def of_type(self, name):
        return [sb for sb in self.super_blocks() if sb.s_type.name.string_() == name and sb.s_bdev.value_() != 0]

    def xfs(self):
        for sb in self.of_type(b"xfs"):
            mount = cast("struct xfs_mount *", sb.s_fs_info)
            log = mount.m_log
            self.say(f"XFS on {text(sb.s_id.string_())}: log of {log.l_logsize.value_() >> 10} KiB, head in cycle {log.l_curr_cycle.value_()} "
                     f"at block {log.l_curr_block.value_()}, tail lsn {lsn(log.l_tail_lsn.counter.value_())}"
                     f"{', shut down' if log.l_opstate.value_() & 8 else ''}")
            waiters = [name for name in ("l_reserve_head", "l_write_head") if not empty(getattr(log, name).waiters)]
            ail = mount.m_ail
            items = sum(1 for _, _ in zip(list_for_each_entry("struct xfs_log_item", ail.ail_head.address_of_(), "li_ail"), range(10000)))
            self.say(f"  AIL: {items} item(s), pushed to {lsn(ail.ail_target.value_())}; "
                     f"waiting for log space: {', '.join(waiters) or 'nobody'}")

    def ext4(self):
        for sb in self.of_type(b"ext4"):
            journal = cast("struct ext4_sb_info *", sb.s_fs_info).s_journal
            if journal.value_() == 0:
                continue
            self.say(f"ext4 on {text(sb.s_id.string_())}: journal {transaction(journal.j_running_transaction, 'running')}, "
                     f"{transaction(journal.j_committing_transaction, 'committing')}, {journal.j_free.value_()} blocks free, "
                     f"flags 0x{journal.j_flags.value_():x}, errno {journal.j_errno.value_()}")

    def btrfs(self):
        for sb in self.of_type(b"btrfs"):
            info = cast("struct btrfs_fs_info *", sb.s_fs_info)
            running = info.running_transaction
            state = "none" if running.value_() == 0 else f"{running.transid.value_()}, {text(running.state.format_(type_name=False))}"
            self.say(f"btrfs on {text(sb.s_id.string_())}: running transaction {state}, generation {info.generation.value_()}")

    # --- memory and log

    def memory(self):
        page = self.program["PAGE_SIZE"].value_()
        self.say(f"memory: {int(totalram_pages(self.program)) * page >> 20} MiB; largest slab caches:")
        caches = []
        for cache in for_each_slab_cache(self.program):
            usage = slab_cache_usage(cache)
            caches.append((usage.num_slabs * usage_pages(cache, page), usage.active_objs, usage.num_objs, text(cache.name.string_())))
        for size, active, total, name in sorted(caches, reverse=True)[:MOST_CACHES]:
            self.say(f"  {name}: {size >> 10} KiB, {active} of {total} objects in use")

    def log(self):
        lines = [line for line in get_dmesg(self.program).split(b"\n") if line and not REGISTERS.search(line)]
        self.say("the last of the kernel log, without registers and guesses:")
        for line in lines[-MOST_LOG_LINES:]:
            self.say(f"  {text(line, 160)}")


def underlying(kind):
    while kind.kind == TypeKind.TYPEDEF:
        kind = kind.type
    return kind


def has_member(value, name):
    return any(member.name == name for member in underlying(value.type_).members or ())


def empty(head):
    return head.next.value_() == head.address_of_().value_()


def lsn(value):
    return f"{value >> 32}:{value & 0xFFFFFFFF}"


def transaction(pointer, word):
    return f"no {word} transaction" if pointer.value_() == 0 else f"{word} transaction {pointer.t_tid.value_()}"


def usage_pages(cache, page):
    """Bytes of one slab: the order is the upper half of `oo` (mm/slub.c)."""
    return page << (cache.oo.x.value_() >> 16)

