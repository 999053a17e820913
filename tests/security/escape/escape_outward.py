"""Attempts on what lies outside: network, files of the machine. Run by `attempts.py`."""

from __future__ import annotations

import ctypes
import os
import socket
import sys

from escape_table import MAY, MUST, NEVER, TOLD, attempt, call, reached

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
_reading(
    "through a parent of its own folder", lambda: f"{TOLD['own']}/../../../../../..{TOLD['canary']}"
)


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
        # What it was given lies at its own path, so folders on the way to that may be there.
        given = [target + "/" for target in TOLD["given"].split(":")]
        seen = [f"{path}/{name}/" for name in os.listdir(path)]
        return any(not any(target.startswith(one) for target in given) for one in seen)

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
    for name in (
        "sys/vm/drop_caches",
        "sys/vm/overcommit_memory",
        "sys/kernel/panic",
        "sys/kernel/hostname",
        "sysrq-trigger",
        "irq/default_smp_affinity",
    ):
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
