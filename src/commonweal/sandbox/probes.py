"""What the probe tries inside the sandbox. Standard library only; runs as a script, not imported.

Each attempt returns True when it got what it must not get, False when it was stopped, and text when
it could not even be tried. The answer is one JSON object {name: true | false | text} on standard
output; facts that only the outside can judge stand under "facts". A failure to try is never taken
as a guard that holds: `guards.py` refuses anything but false.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import functools
import json
import mmap
import os
import platform
import resource
import signal
import socket
import stat
import struct
import sys
from collections.abc import Callable

MIB = 1 << 20
_STOPPED = frozenset(
    {
        *(errno.EPERM, errno.EACCES, errno.ENOENT, errno.EROFS, errno.ENOSPC, errno.ESRCH),
        *(errno.EAGAIN, errno.EFBIG, errno.ENXIO, errno.EAFNOSUPPORT, errno.ENOSYS, errno.EMFILE),
        *(errno.ECONNREFUSED, errno.ENOMEM, errno.ENOTTY, errno.ENETUNREACH, errno.ENOTDIR),
    }
)
# Numbers of system calls by architecture; those above 424 are the same everywhere.
_CALLS = {
    "x86_64": {"ptrace": 101, "unshare": 272, "mount": 165, "keyctl": 250, "personality": 135,
               "process_vm_readv": 310, "bpf": 321, "perf_event_open": 298, "add_key": 248,
               "memfd_create": 319, "shmget": 29, "userfaultfd": 323, "setns": 308, "chroot": 161},
    "aarch64": {"ptrace": 117, "unshare": 97, "mount": 40, "keyctl": 219, "personality": 92,
                "process_vm_readv": 270, "bpf": 280, "perf_event_open": 241, "add_key": 217,
                "memfd_create": 279, "shmget": 194, "userfaultfd": 282, "setns": 268, "chroot": 51},
}  # fmt: skip
_EVERYWHERE = {"io_uring_setup": 425, "pidfd_getfd": 438, "open_tree": 428, "fsopen": 430}


def main(told: dict[str, str]) -> None:
    """Try everything and print what came of it."""
    answer: dict[str, object] = {}
    with open("/outputs/left", "x", encoding="ascii") as left:
        left.write("left")
    for name, attempt in attempts(told).items():
        try:
            answer[name] = bool(attempt())
        except OSError as error:
            known = error.errno in _STOPPED
            answer[name] = False if known else f"OSError {error.errno}"
        except MemoryError:
            answer[name] = False
        except Exception as error:  # noqa: BLE001 (told to the one who judges)
            answer[name] = type(error).__name__
    answer["facts"] = facts()
    print(json.dumps(answer))  # noqa: T201 (the answer is read from standard output)


def facts() -> dict[str, object]:
    """What the outside compares with what it knows."""
    status = {}
    with open("/proc/self/status", encoding="ascii", errors="replace") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            status[name] = value.split()
    kinds = ("user", "pid", "net", "mnt", "ipc", "uts", "cgroup")
    return {
        "status": {name: status.get(name) for name in ("Uid", "Gid", "CapEff", "CapBnd", "CapPrm",
                                                       "NoNewPrivs", "Seccomp")},
        "namespaces": {kind: os.readlink(f"/proc/self/ns/{kind}") for kind in kinds},
        "environment": dict(os.environ),
        "descriptors": [number for number in range(1024) if _is_open(number)],
        "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()),
        "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
    }  # fmt: skip


def attempts(told: dict[str, str]) -> dict[str, Callable[[], bool]]:
    """All attempts by name. The part of a name before the dot is the guard that it tries."""
    found: dict[str, Callable[[], bool]] = {}
    for family in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG"):
        found[f"network.{family.lower()}"] = functools.partial(_socket, family)
    found["network.loopback"] = lambda: _connect(("127.0.0.1", int(told["port"])), socket.AF_INET)
    found["network.abstract"] = lambda: _connect("\0" + told["abstract"], socket.AF_UNIX)
    found["files.read"] = lambda: _reads(told["canary"])
    for path in ("/", "/usr", "/etc", "/dev", "/app/commonweal", "/proc/sys/kernel"):
        found[f"files.write {path}"] = functools.partial(_writes, path)
    found["files.core_pattern"] = lambda: _opens_to_write("/proc/sys/kernel/core_pattern")
    found["files.other device"] = _other_device
    found["files.new device"] = _new_device
    found["files.shadow"] = lambda: _reads("/etc/shadow")
    found["processes.signal"] = lambda: _signals(int(told["process"]))
    found["processes.seen"] = lambda: os.path.exists(f"/proc/{told['process']}")
    calls = {**_CALLS.get(platform.machine(), {}), **_EVERYWHERE}
    for name, number in calls.items():
        found[f"system_calls.{name}"] = functools.partial(_call, number)
    found["limits.processes"] = lambda: _forks(int(told["processes"]) + 8)
    found["limits.address"] = lambda: _maps(int(told["address"]) + 64 * MIB)
    found["limits.file"] = lambda: _fills("/outputs", int(told["file"]) + 1, 1)
    found["limits.outputs"] = lambda: _fills("/outputs", int(told["output"]) + MIB, 8)
    found["limits.tmp"] = lambda: _fills("/tmp", int(told["tmp"]) + MIB, 8)  # noqa: S108
    found["limits.shm"] = lambda: _fills("/dev/shm", int(told["shm"]) + MIB, 8)  # noqa: S108
    found["limits.open_files"] = lambda: _opens_many(int(told["open_files"]) + 1)
    found["terminal.tty"] = lambda: _opens_to_write("/dev/tty")
    found["terminal.typing"] = _types
    found["outputs.set_user_id"] = lambda: _set_id(0o4755)
    found["outputs.pipe"] = _makes_pipe
    return found


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _socket(family: str) -> bool:
    number = getattr(socket, family)
    socket.socket(number, socket.SOCK_RAW if family == "AF_PACKET" else socket.SOCK_DGRAM
                  if family != "AF_ALG" else socket.SOCK_SEQPACKET).close()  # fmt: skip
    return True


def _connect(address: object, family: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.settimeout(2)
        tried.connect(address)  # type: ignore[arg-type]
        return True


def _reads(path: str) -> bool:
    with open(path, "rb") as stream:
        return len(stream.read(1)) == 1


def _other_device() -> bool:
    known = {"null", "zero", "full", "random", "urandom"}
    found = [os.path.join(at, name) for at, _, names in os.walk("/dev") for name in names]
    return any(stat.S_ISCHR(os.lstat(path).st_mode) or stat.S_ISBLK(os.lstat(path).st_mode)
               for path in found if path[5:] not in known)  # fmt: skip


def _new_device() -> bool:
    os.mknod("/outputs/device", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    return True


def _writes(folder: str) -> bool:
    with open(folder + "/written-by-the-probe", "wb"):
        return True


def _opens_to_write(path: str) -> bool:
    os.close(os.open(path, os.O_WRONLY))
    return True


def _signals(process: int) -> bool:
    os.kill(process, 0)
    return True


def _call(number: int) -> bool:
    """Whether the kernel looked at a call's arguments (rubbish) instead of refusing it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(0)] * 5)
    return not (answer == -1 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS))


def _forks(count: int) -> bool:
    """Start `count` processes that wait; True when nothing stopped it."""
    reading, writing = os.pipe()
    made = []
    try:
        for _ in range(count):
            child = os.fork()
            if child == 0:
                os.close(writing)
                os.read(reading, 1)
                os._exit(0)
            made.append(child)
        return True
    finally:
        os.close(writing)
        os.close(reading)
        for child in made:
            os.waitpid(child, 0)


def _maps(size: int) -> bool:
    mmap.mmap(-1, size).close()
    return True


def _fills(folder: str, total: int, files: int) -> bool:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    names = [f"{folder}/fill-{n}" for n in range(files)]
    try:
        for name in names:
            with open(name, "wb", buffering=0) as stream:
                left = total // files + 1
                while left > 0:
                    left -= stream.write(b"x" * min(left, MIB))
        return True
    finally:
        for name in names:
            if os.path.exists(name):
                os.unlink(name)


def _opens_many(count: int) -> bool:
    opened = []
    try:
        for _ in range(count):  # one by one, so that those before the refusal are closed
            opened.append(os.open("/dev/null", os.O_RDONLY))  # noqa: PERF401
        return True
    finally:
        for number in opened:
            os.close(number)


def _types() -> bool:
    fcntl.ioctl(0, 0x5412, struct.pack("c", b"x"))  # TIOCSTI
    return True


def _set_id(mode: int) -> bool:
    path = "/outputs/with-set-id"
    number = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.fchmod(number, mode)
        return bool(os.fstat(number).st_mode & 0o6000)
    finally:
        os.close(number)
        os.unlink(path)


def _makes_pipe() -> bool:
    os.mkfifo("/outputs/pipe")
    return True


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
