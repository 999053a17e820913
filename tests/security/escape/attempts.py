"""Attempts to get out of the sandbox: a script that runs inside it, and bare as a positive control.

Standard library only, and no import of ours: it must be able to run where none of ours can be
seen. Each attempt returns True when it got what a run must not get. Each is made in a process of
its own, so that one that is killed does not end the others. Prints one JSON object
{name: "got" | "stopped" | why it could not be tried}.

`control` says what must come of an attempt that an ordinary user makes without the sandbox:
MUST it gets what it wants; MAY that depends on the kernel; NEVER it is not made, as it could harm
the machine (host settings, devices) or needs privileges that nobody should run it with.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import resource
import signal
import socket
import struct
import sys
import termios
import threading
import time

MUST, MAY, NEVER = "must", "may", "never"
TABLE: dict[str, tuple[str, object]] = {}
TOLD: dict[str, str] = {}
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

X86 = platform.machine() == "x86_64"
# name: (x86_64, aarch64)
NUMBERS = {
    "ptrace": (101, 117), "unshare": (272, 97), "mount": (165, 40), "umount2": (166, 39),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "setns": (308, 268),
    "personality": (135, 92), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "bpf": (321, 280), "perf_event_open": (298, 241), "memfd_create": (319, 279),
    "shmget": (29, 194), "msgget": (68, 186), "semget": (64, 190), "mq_open": (240, 180),
    "userfaultfd": (323, 282), "chroot": (161, 51), "pivot_root": (155, 41), "kcmp": (312, 272),
    "syslog": (103, 116), "sethostname": (170, 161), "setdomainname": (171, 162),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "swapon": (167, 224), "acct": (163, 89), "quotactl": (179, 60), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "reboot": (169, 142), "setuid": (105, 146), "setgid": (106, 144), "setgroups": (116, 159),
    "capset": (126, 91), "setpriority": (141, 140), "sched_setscheduler": (144, 119),
    "ioprio_set": (251, 30), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262), "inotify_init1": (294, 26), "mknodat": (259, 33),
    "vmsplice": (278, 75), "tee": (276, 77), "splice": (275, 76), "setxattr": (188, 5),
    "fchmodat": (268, 53), "fchmod": (91, 52), "openat": (257, 56), "socket": (41, 198),
    "ioctl": (16, 29), "clone": (56, 220), "seccomp": (317, 277), "migrate_pages": (256, 238),
    "move_pages": (279, 239), "mbind": (237, 235), "lookup_dcookie": (212, 18),
    "vhangup": (153, 58), "process_madvise": (440, 440), "io_uring_setup": (425, 425),
    "pidfd_getfd": (438, 438), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fspick": (433, 433), "mount_setattr": (442, 442), "clone3": (435, 435),
    "openat2": (437, 437), "memfd_secret": (447, 447), "landlock_create_ruleset": (444, 444),
    "pkey_alloc": (330, 289), "fchmodat2": (452, 452),
}  # fmt: skip


def attempt(name, control):
    def keep(function):
        assert name not in TABLE, name
        TABLE[name] = (control, function)
        return function

    return keep


def call(name, *arguments):
    """Make a system call by number. Raises OSError with what the kernel, or the filter, said."""
    number = NUMBERS[name][0 if X86 else 1]
    answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(_word(a)) for a in arguments])
    if answer == -1:
        raise OSError(ctypes.get_errno(), name)
    return answer


def _word(value):
    if isinstance(value, ctypes.Array | ctypes.Structure):
        return ctypes.addressof(value)
    return value


def reached(name, *arguments):
    """Whether a call with rubbish for arguments got past the filter (any other error says so)."""
    try:
        call(name, *arguments)
    except OSError as error:
        return error.errno not in (errno.EPERM, errno.ENOSYS)
    return True


# --- network ----------------------------------------------------------------------------------

FAMILIES = {name: int(getattr(socket, name)) for name in
            ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_VSOCK", "AF_ALG")}  # fmt: skip


def _family(name):
    kind = {"AF_NETLINK": socket.SOCK_RAW, "AF_ALG": socket.SOCK_SEQPACKET, "AF_VSOCK":
            socket.SOCK_STREAM}.get(name, socket.SOCK_DGRAM)  # fmt: skip

    def tried():
        socket.socket(FAMILIES[name], kind).close()
        return True

    return tried


for _name in FAMILIES:
    _kernel = _name in ("AF_VSOCK", "AF_ALG", "AF_INET6")  # modules that a kernel may lack
    attempt(f"network: a socket of {_name}", MAY if _kernel else MUST)(_family(_name))


@attempt("network: any family but local sockets, any kind", MUST)
def any_family():
    for family in range(2, 64):
        for kind in (1, 2, 3, 4, 5):
            try:
                socket.socket(family, kind).close()
            except OSError:
                continue
            return True
    return False


@attempt("network: a family hidden above 32 bits", MUST)
def family_above():
    os.close(call("socket", (1 << 32) | socket.AF_INET, socket.SOCK_STREAM, 0))
    return True


@attempt("network: TCP to the machine's loopback", MUST)
def loopback():
    socket.create_connection(("127.0.0.1", int(TOLD["port"])), 5).close()
    return True


@attempt("network: a datagram to the machine's loopback", MUST)
def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"out", ("127.0.0.1", int(TOLD["port"])))
    return True


@attempt("network: an abstract socket of the machine", MUST)
def abstract():
    with socket.socket(socket.AF_UNIX) as tried:
        tried.connect("\0" + TOLD["abstract"])
    return True


@attempt("network: a socket file of the machine", MUST)
def socket_file():
    with socket.socket(socket.AF_UNIX) as tried:
        tried.connect(TOLD["socket_file"])
    return True


@attempt("network: raw sockets", NEVER)
def raw():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close()
    return True


@attempt("network: packets of the wire", NEVER)
def packets():
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    return True


@attempt("network: names of interfaces", MUST)
def interfaces():
    return bool(socket.if_nameindex())


@attempt("network: sockets by io_uring", MAY)
def uring():
    room = ctypes.create_string_buffer(512)
    os.close(call("io_uring_setup", 4, room))
    return True


@attempt("network: name service of the machine", MUST)
def resolver():
    # Whether there is any way at all: the machine's own resolver file or a socket to ask with.
    return os.path.exists("/etc/resolv.conf") or os.path.exists("/etc/nsswitch.conf")


# --- files ------------------------------------------------------------------------------------


def _read(path):
    with open(path, "rb") as stream:
        return stream.read(16) == b"a canary of ours"


def _reading(name, path):
    @attempt(f"files: read a file of the machine {name}", MUST)
    def read():
        return _read(path())


_reading("by its path", lambda: TOLD["canary"])
_reading("through /proc/self/root", lambda: "/proc/self/root" + TOLD["canary"])
_reading("through the folder it was started in", lambda: "/proc/self/cwd/../../../../.."
         + TOLD["canary"])  # fmt: skip
_reading("through a parent of its own folder", lambda: f"{TOLD['own']}/../../../../../..{TOLD['canary']}")


@attempt("files: read a file of the machine through a link", MUST)
def through_link():
    link = f"{TOLD['own']}/link"
    os.symlink(TOLD["canary"], link)
    try:
        return _read(link)
    finally:
        os.unlink(link)


@attempt("files: give a file of the machine a second name", MUST)
def second_name():
    place = TOLD["beside"] + "/second"
    os.link(TOLD["canary"], place)
    os.unlink(place)
    return True


@attempt("files: read it through process 1", NEVER)
def process_one():
    return _read("/proc/1/root" + TOLD["canary"])


@attempt("files: an open file of the one that started it", MUST)
def inherited():
    return os.pread(int(TOLD["descriptor"]), 16, 0) == b"a canary of ours"


@attempt("files: write to a folder of the machine that all may write to", MUST)
def write_beside():
    with open(TOLD["beside"] + "/written", "w") as stream:
        stream.write("x")
    os.unlink(TOLD["beside"] + "/written")
    return True


@attempt("files: write where the system or our code lies", NEVER)
def write_system():
    for folder in ("/", "/usr", "/usr/bin", "/etc", "/dev", "/app", "/app/commonweal", "/packages",
                   "/python", "/proc", "/sys", "/run", "/var", "/home", "/root"):  # fmt: skip
        try:
            os.close(os.open(f"{folder}/written", os.O_WRONLY | os.O_CREAT, 0o644))
        except OSError:
            continue
        return True
    return False


@attempt("files: change a program of the system", NEVER)
def change_program():
    for path in ("/usr/bin/env", "/etc/passwd", "/etc/group", sys.executable, __file__):
        for how in (lambda p: os.close(os.open(p, os.O_WRONLY)), lambda p: os.chmod(p, 0o777),
                    os.unlink, lambda p: os.utime(p), lambda p: os.truncate(p, 0)):  # fmt: skip
            try:
                how(path)
            except OSError:
                continue
            return True
    return False


@attempt("files: people of the machine", MUST)
def people():
    with open("/etc/passwd") as lines:
        return len(lines.readlines()) > 1


for _path in ("/home", "/root", "/var/lib", "/var/log", "/sys/kernel", "/sys/fs/cgroup", "/boot",
              "/run", "/srv", "/opt", "/etc/ssl", "/media"):  # fmt: skip
    _there = MUST if _path in ("/var/lib", "/sys/kernel", "/run", "/var/log") else MAY

    def _look(path=_path):
        os.listdir(path)
        return True

    attempt(f"files: look into {_path}", _there)(_look)


@attempt("files: a kernel setting that starts programs on the machine", NEVER)
def core_pattern():
    for name in ("core_pattern", "modprobe", "hotplug", "usermodehelper/bset"):
        try:
            os.close(os.open(f"/proc/sys/kernel/{name}", os.O_WRONLY))
        except OSError:
            continue
        return True
    return False


@attempt("files: other settings of the kernel", NEVER)
def settings():
    for name in ("sys/vm/drop_caches", "sys/kernel/panic", "sysrq-trigger", "sys/fs/binfmt_misc",
                 "self/oom_score_adj_", "irq/default_smp_affinity", "sys/kernel/hostname"):  # fmt: skip
        try:
            os.close(os.open(f"/proc/{name}", os.O_WRONLY))
        except OSError:
            continue
        return True
    return False


@attempt("files: memory and symbols of the kernel", NEVER)
def kernel_memory():
    for path in ("/proc/kcore", "/proc/kallsyms", "/dev/mem", "/dev/kmem", "/dev/port",
                 "/proc/config.gz", "/proc/keys"):  # fmt: skip
        try:
            with open(path, "rb") as stream:
                stream.read(1)
        except OSError:
            continue
        return True
    return False


@attempt("files: file handles instead of paths", NEVER)
def handles():
    room = ctypes.create_string_buffer(256)
    mount = ctypes.c_int()
    path = ctypes.create_string_buffer(b"/usr")
    return reached("name_to_handle_at", -100, path, room, ctypes.addressof(mount), 0) or reached(
        "open_by_handle_at", -100, room, 0
    )


@attempt("files: the command line that started it", NEVER)
def command_line():
    with open("/proc/1/cmdline", "rb") as stream:
        text = stream.read()
    # What was told here stands there too; what bubblewrap was told must not.
    return b"-bind" in text or b"--uid" in text or b"--tmpfs" in text


@attempt("files: the environment of the one that started it", NEVER)
def environment():
    with open("/proc/1/environ", "rb") as stream:
        first = stream.read()
    return TOLD["secret"].encode() in first or TOLD["secret"] in "".join(os.environ.values())


@attempt("files: our environment", MUST)
def own_environment():
    return "ESCAPE_SECRET" in os.environ


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


# --- processes --------------------------------------------------------------------------------


@attempt("processes: signal one of the same user", MUST)
def signal_other():
    os.kill(int(TOLD["process"]), 0)
    return True


@attempt("processes: see one of the same user", MUST)
def see_other():
    return os.path.exists(f"/proc/{TOLD['process']}/status")


@attempt("processes: limits of one of the same user", MUST)
def limits_other():
    resource.prlimit(int(TOLD["process"]), resource.RLIMIT_NOFILE)
    return True


@attempt("processes: hold one of the same user by a descriptor", MUST)
def hold_other():
    os.close(os.pidfd_open(int(TOLD["process"])))
    return True


@attempt("processes: more than its own", MUST)
def count_processes():
    return len([name for name in os.listdir("/proc") if name.isdecimal()]) > 6


@attempt("processes: trace a child", MUST)
def trace():
    call("ptrace", 0, 0, 0, 0)  # PTRACE_TRACEME
    return True


@attempt("processes: read the memory of another", MUST)
def read_memory():
    room = ctypes.create_string_buffer(b"memory")
    into = ctypes.create_string_buffer(6)
    vector = (ctypes.c_uint64 * 2)
    near, far = vector(ctypes.addressof(into), 6), vector(ctypes.addressof(room), 6)
    return call("process_vm_readv", os.getpid(), near, 1, far, 1, 0) == 6


@attempt("processes: write the memory of another", MUST)
def write_memory():
    room = ctypes.create_string_buffer(6)
    source = ctypes.create_string_buffer(b"memory")
    vector = (ctypes.c_uint64 * 2)
    near, far = vector(ctypes.addressof(source), 6), vector(ctypes.addressof(room), 6)
    return call("process_vm_writev", os.getpid(), near, 1, far, 1, 0) == 6


@attempt("processes: take a descriptor of another", MUST)
def take_descriptor():
    own = os.pidfd_open(os.getpid())
    os.close(call("pidfd_getfd", own, 1, 0))
    return True


@attempt("processes: shared memory of System V", MUST)
def shared_memory():
    libc.shmctl(call("shmget", 0, 4096, 0o1600), 0, None)
    return True


@attempt("processes: a queue of System V", MUST)
def queue():
    libc.msgctl(call("msgget", 0, 0o1600), 0, None)
    return True


@attempt("processes: semaphores of System V", MUST)
def semaphores():
    libc.semctl(call("semget", 0, 1, 0o1600), 0, 0)
    return True


@attempt("processes: a POSIX queue", MAY)
def posix_queue():
    return reached("mq_open", ctypes.create_string_buffer(b"escape"), 0o102, 0o600, 0)


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
        if number != RESULT:
            return True
    return False


# --- devices and terminals --------------------------------------------------------------------


@attempt("devices: any but the harmless ones", NEVER)
def devices():
    return bool(set(os.listdir("/dev")) - {"null", "zero", "full", "random", "urandom", "shm",
                                           "fd", "stdin", "stdout", "stderr"})  # fmt: skip


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
        lambda bits=_bits: _special(
            lambda path, number: call("fchmod", number, (1 << 32) | bits)
        )
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


# --- running them -----------------------------------------------------------------------------

RESULT = -1
SECONDS = 20


def one(name):
    """Make one attempt in a process of its own; what came of it."""
    global RESULT
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        RESULT = writing
        signal.alarm(SECONDS)
        try:
            said = "got" if TABLE[name][1]() else "stopped"
        except (OSError, MemoryError):
            said = "stopped"
        except BaseException as error:
            said = f"not tried: {type(error).__name__}: {error}"
        os.write(writing, said.encode()[:4000])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        # SIGSYS: the filter ends calls of another architecture; SIGSEGV: they do not exist.
        return "stopped" if number in (signal.SIGSYS, signal.SIGSEGV) else f"signal {number}"
    return said


def main(told, bare):
    TOLD.update(told)
    names = [name for name, (control, _) in TABLE.items() if not (bare and control == NEVER)]
    started = time.monotonic()
    found = {name: one(name) for name in names}
    print(json.dumps({"found": found, "seconds": time.monotonic() - started}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2] == "bare")
