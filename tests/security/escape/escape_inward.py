"""Attempts on what it was given: privileges, processes, memory, terminals, outputs.

Run by `attempts.py`.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import resource
import signal
import struct
import termios
import threading

from escape_table import MAY, MUST, NEVER, RESULT, TOLD, X86, attempt, call, libc, reached

# --- mounts, namespaces, privileges -----------------------------------------------------------


@attempt("namespaces: a new user namespace", MUST)
def user_namespace():
    call("unshare", 0x1000_0000)
    return True


@attempt("namespaces: a new user namespace by clone", MUST)
def clone_namespace():
    child = call("clone", 0x1000_0000 | signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True


@attempt("namespaces: a new user namespace by clone3", MUST)
def clone3_namespace():
    room = (ctypes.c_uint64 * 11)(0x1000_0000, 0, 0, 0, signal.SIGCHLD)
    child = call("clone3", room, ctypes.sizeof(room))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return True


@attempt("namespaces: those of another process", NEVER)
def enter():
    for name in ("net", "mnt", "user", "pid", "uts", "ipc"):
        number = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
        try:
            if reached("setns", number, 0):
                return True
        finally:
            os.close(number)
    return False


def _rubbish(group, names, control):
    for name in names:
        attempt(f"{group}: {name}", control)(lambda name=name: reached(name, 0, 0, 0, 0, 0))


_rubbish("mounts", ("mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen",
                    "fspick", "mount_setattr"), NEVER)  # fmt: skip
_rubbish("privileges", ("setgroups", "capset", "init_module", "finit_module", "delete_module",
                        "kexec_load", "reboot", "swapon", "acct", "quotactl", "settimeofday",
                        "clock_settime", "sethostname", "setdomainname", "vhangup",
                        "lookup_dcookie", "adjtimex"), NEVER)  # fmt: skip
_rubbish("kernel", ("bpf", "perf_event_open", "userfaultfd", "fanotify_init", "syslog",
                    "migrate_pages", "move_pages", "memfd_secret", "kcmp", "pkey_alloc",
                    "process_madvise", "request_key", "vmsplice", "tee"), MAY)  # fmt: skip


@attempt("privileges: become root", NEVER)
def become_root():
    return reached("setuid", 0) or reached("setgid", 0)


@attempt("privileges: a program with the set-user-id bit", NEVER)
def set_user_id_program():
    for path in ("/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount", "/usr/bin/newgrp"):
        if not os.path.exists(path):
            continue
        child = os.fork()
        if child == 0:
            quiet = os.open("/dev/null", os.O_RDWR)
            for number in (0, 1, 2):
                os.dup2(quiet, number)
            os.execv(path, [path, "--version"])
        os.waitpid(child, 0)
    with open("/proc/self/status") as lines:
        status = lines.read()
    return "NoNewPrivs:\t1" not in status or "CapBnd:\t0000000000000000" not in status


@attempt("privileges: keys of the kernel", MUST)
def keys():
    call("keyctl", 0, -3, 1)  # KEYCTL_GET_KEYRING_ID of the session
    return True


@attempt("privileges: a new key", MUST)
def new_key():
    kind, name, value = (ctypes.create_string_buffer(x) for x in (b"user", b"escape", b"x"))
    call("add_key", kind, name, value, 1, -2)
    return True


@attempt("privileges: another personality (no random addresses)", MUST)
def personality():
    call("personality", 0x0040000)
    return True


@attempt("privileges: a real-time schedule", NEVER)
def real_time():
    return reached("sched_setscheduler", 0, 1, (ctypes.c_int * 1)(1))


@attempt("privileges: a better place in the queue", NEVER)
def nicer():
    os.setpriority(os.PRIO_PROCESS, 0, -5)
    return True


@attempt("privileges: a higher limit", NEVER)
def higher():
    for what in (resource.RLIMIT_NPROC, resource.RLIMIT_AS, resource.RLIMIT_FSIZE,
                 resource.RLIMIT_NOFILE):  # fmt: skip
        hard = resource.getrlimit(what)[1]
        try:
            resource.setrlimit(what, (hard + 1, hard + 1))
        except (OSError, ValueError):
            continue
        return True
    return False


@attempt("privileges: system calls of 32 bits", MAY)
def int80():
    if not X86:
        raise NotImplementedError("only x86 has them")
    # mov eax, 20 (getpid); int 0x80; ret
    room = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    room.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(room))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)() == os.getpid()


@attempt("privileges: system calls of x32", MAY)
def x32():
    if not X86:
        raise NotImplementedError("only x86 has them")
    return libc.syscall(ctypes.c_long(0x4000_0000 | 39)) == os.getpid()


# --- memory, forks, disk, descriptors ---------------------------------------------------------


@attempt("memory: more than one process may have", MUST)
def much_memory():
    mmap.mmap(-1, int(TOLD["address"]) + (64 << 20)).close()
    return True


@attempt("memory: memory without an address (memfd)", MUST)
def memfd():
    os.close(call("memfd_create", ctypes.create_string_buffer(b"x"), 0))
    return True


@attempt("memory: locked in place", MAY)
def locked():
    room = mmap.mmap(-1, 1 << 20)
    address = ctypes.addressof(ctypes.c_char.from_buffer(room))
    return libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(1 << 20)) == 0


@attempt("forks: more processes than it may have", MUST)
def forks():
    reading, writing = os.pipe()
    made = []
    try:
        for _ in range(int(TOLD["processes"]) + 8):
            child = os.fork()
            if child == 0:
                os.close(writing)
                os.read(reading, 1)
                os._exit(0)
            made.append(child)
        return True
    finally:
        os.close(writing)
        for child in made:
            os.waitpid(child, 0)


@attempt("forks: more threads than it may have", MUST)
def threads():
    threading.stack_size(65_536)
    end = threading.Event()
    made = []
    try:
        for _ in range(int(TOLD["processes"]) + 8):
            one = threading.Thread(target=end.wait)
            one.start()
            made.append(one)
        return True
    except RuntimeError:
        return False
    finally:
        end.set()
        for one in made:
            one.join()


def _fill(folder, size, files=1):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    names = [f"{folder}/fill-{os.getpid()}-{n}" for n in range(files)]
    try:
        for name in names:
            with open(name, "wb", buffering=0) as stream:
                left = size // files + 1
                while left > 0:
                    left -= stream.write(b"x" * min(left, 1 << 20))
        return True
    finally:
        for name in names:
            if os.path.exists(name):
                os.unlink(name)


@attempt("disk: a file larger than a file may be", MUST)
def large_file():
    return _fill(TOLD["own"], int(TOLD["file"]) + 1)


@attempt("disk: a hole larger than a file may be", MUST)
def hole():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    path = f"{TOLD['own']}/hole"
    number = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.ftruncate(number, 1 << 40)
        return True
    finally:
        os.close(number)
        os.unlink(path)


@attempt("disk: fill the folder for outputs", MUST)
def fill_outputs():
    return _fill(TOLD["own"], int(TOLD["output"]) + (1 << 20), 8)


@attempt("disk: fill the temporary folder", MUST)
def fill_tmp():
    return _fill(TOLD["tmp"], int(TOLD["tmp_size"]) + (1 << 20), 8)


@attempt("disk: fill shared memory", MUST)
def fill_shm():
    return _fill("/dev/shm", int(TOLD["shm"]) + (1 << 20), 4)


@attempt("disk: fill the folder for checkpoints", MUST)
def fill_kept():
    return _fill(TOLD["kept"], int(TOLD["kept_size"]) + (1 << 20), 8)


@attempt("checkpoints: read that of another job", MUST)
def read_other_kept():
    with open(TOLD["other_kept"], "rb") as stream:
        return bool(stream.read(1))


@attempt("checkpoints: put another in its place", MUST)
def change_other_kept():
    with open(TOLD["other_kept"], "r+b") as stream:
        return stream.write(b"w") == 1


@attempt("checkpoints: by the folder above", NEVER)
def above_kept():
    os.chdir(TOLD["kept"])
    return "job-other.0" in os.listdir("..") or os.path.exists("../checkpoints/job-other.0")


@attempt("checkpoints: a second name for what it was given", MUST)
def link_into_kept():
    source = TOLD["own"] + "/of-outputs"
    with open(source, "w"):
        pass
    place = TOLD["kept"] + "/of-outputs-2"
    os.link(source, place)
    os.unlink(place)
    return True


@attempt("descriptors: more than it may have", MUST)
def many_descriptors():
    opened = []
    try:
        for _ in range(int(TOLD["open_files"]) + 1):
            opened.append(os.open("/dev/null", os.O_RDONLY))
        return True
    finally:
        for number in opened:
            os.close(number)


@attempt("descriptors: any beside the standard ones", MUST)
def other_descriptors():
    for number in range(3, 1024):
        try:
            os.fstat(number)
        except OSError:
            continue
        if number != RESULT[0]:
            return True
    return False


# --- devices and terminals --------------------------------------------------------------------


@attempt("devices: any but the harmless ones", NEVER)
def devices():
    return bool(set(os.listdir("/dev")) - {"null", "zero", "full", "random", "urandom", "shm",
                                           "fd", "stdin", "stdout", "stderr",
                                           TOLD.get("device", "null")})  # fmt: skip


@attempt("devices: make one", NEVER)
def make_device():
    for path, kind in (("/outputs/d", 0o060600), ("/tmp/d", 0o020600)):
        if reached("mknodat", -100, ctypes.create_string_buffer(path.encode()), kind, 0x100):
            return True
    return False


@attempt("terminals: a terminal of its own making", MUST)
def own_terminal():
    import pty

    os.close(pty.openpty()[0])
    return True


@attempt("terminals: the one it was started from", MUST)
def controlling():
    os.close(os.open("/dev/tty", os.O_RDWR))
    return True


@attempt("terminals: type into it", MAY)
def typing():
    for number in (0, 1, 2):
        try:
            fcntl.ioctl(number, termios.TIOCSTI, struct.pack("c", b" "))
        except OSError:
            continue
        return True
    return False


@attempt("terminals: type into it with a number above 32 bits", MAY)
def typing_above():
    room = ctypes.create_string_buffer(b" ")
    for number in (0, 1, 2):
        try:
            call("ioctl", number, (1 << 32) | termios.TIOCSTI, room)
        except OSError:
            continue
        return True
    return False


@attempt("terminals: its settings", MUST)
def terminal_settings():
    return os.isatty(0) and bool(termios.tcgetattr(0))


# --- what it may leave ------------------------------------------------------------------------


def _special(how):
    path = f"{TOLD['own']}/special"
    number = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        how(path, number)
        return bool(os.stat(path).st_mode & 0o6000)
    finally:
        os.close(number)
        os.unlink(path)


for _bits in (0o4755, 0o2755):
    attempt(f"outputs: {_bits:o} by chmod", MUST)(
        lambda bits=_bits: _special(lambda path, number: os.chmod(path, bits))
    )
    attempt(f"outputs: {_bits:o} by fchmod", MUST)(
        lambda bits=_bits: _special(lambda path, number: os.fchmod(number, bits))
    )
    attempt(f"outputs: {_bits:o} by fchmodat2", MAY)(
        lambda bits=_bits: _special(
            lambda path, number: call(
                "fchmodat2", -100, ctypes.create_string_buffer(path.encode()), bits, 0
            )
        )
    )
    attempt(f"outputs: {_bits:o} by a number above 32 bits", MUST)(
        lambda bits=_bits: _special(lambda path, number: call("fchmod", number, (1 << 32) | bits))
    )


@attempt("outputs: a set-user-id file from the beginning", MUST)
def made_special():
    path = f"{TOLD['own']}/made"
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o4755)
    try:
        return bool(os.fstat(number).st_mode & 0o6000)
    finally:
        os.close(number)
        os.unlink(path)


@attempt("outputs: a set-user-id file by openat2", MAY)
def made_special_2():
    path = f"{TOLD['own']}/made2"
    how = (ctypes.c_uint64 * 3)(os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o4755, 0)
    number = call("openat2", -100, ctypes.create_string_buffer(path.encode()), how, 24)
    try:
        return bool(os.fstat(number).st_mode & 0o6000)
    finally:
        os.close(number)
        os.unlink(path)


@attempt("outputs: a pipe", MUST)
def pipe():
    path = f"{TOLD['own']}/pipe"
    os.mkfifo(path)
    os.unlink(path)
    return True


@attempt("outputs: an attribute beside the content", MAY)
def attribute():
    path = f"{TOLD['own']}/attribute"
    open(path, "w").close()
    try:
        os.setxattr(path, "user.hidden", b"bits")
        return True
    finally:
        os.unlink(path)
