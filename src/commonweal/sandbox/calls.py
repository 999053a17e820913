"""The system calls that a run may make: a list of what is allowed; everything else is refused.

The list was made for CPython, NumPy, DuckDB, Arrow, scikit-learn and PyTorch on processors. It is
compiled by libseccomp to a BPF program for this machine's architecture; calls made under another
architecture (32 bit on 64 bit, x32) kill the process. Some calls are allowed for some arguments:

- `socket` for AF_UNIX only: AF_VSOCK is not held back by a network namespace;
- `clone` without any new namespace; `clone3`, whose arguments a filter cannot read, says that it
  does not exist, and libraries fall back to `clone`;
- `ioctl` for a few requests on terminals and pipes; with a device all but those that type into a
  terminal (TIOCSTI, TIOCLINUX);
- making a file, or changing its mode, without the set-user-id and set-group-id bits.

- `fcntl` without asking for locks of others, leases and owners, and `fadvise64` without dropping
  what the machine keeps of a file: both, like `flock` and `mincore`, which are not on the list,
  would let runs of two projects that collude talk to each other through a file that both may read.

Memory that no limit counts cannot be had: no `memfd_create`, no System V shared memory, no queues.
"""

from __future__ import annotations

import errno
import functools
import os
import platform
from types import ModuleType
from typing import Any

from commonweal.foundation.errors import Unavailable

ARCHITECTURES = ("x86_64", "aarch64")

FILES = """
access faccessat faccessat2 chdir fchdir getcwd close close_range dup dup2 dup3
fstat fstatfs statfs stat lstat newfstatat statx fsync fdatasync sync_file_range ftruncate truncate
fallocate getdents64 getdents lseek link linkat symlink symlinkat readlink readlinkat
mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 read readv pread64 preadv preadv2
write writev pwrite64 pwritev pwritev2 sendfile copy_file_range pipe pipe2 umask utime utimes
utimensat futimesat getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
"""
MEMORY = """
brk mmap mprotect mremap munmap madvise msync get_mempolicy membarrier mlock munlock
"""
PROCESSES = """
execve exit exit_group wait4 waitid vfork fork getpid getppid gettid getpgid getpgrp getsid setpgid
setsid getuid geteuid getgid getegid getresuid getresgid getgroups getrusage getrlimit setrlimit
prlimit64 getpriority capget times kill tkill tgkill pidfd_open pidfd_send_signal
set_tid_address set_robust_list get_robust_list rseq restart_syscall sched_yield
sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler sched_get_priority_max
sched_get_priority_min getcpu arch_prctl
"""
SIGNALS = """
rt_sigaction rt_sigprocmask rt_sigpending rt_sigreturn rt_sigsuspend rt_sigtimedwait
rt_sigqueueinfo rt_tgsigqueueinfo sigaltstack signalfd4 signalfd alarm pause getitimer setitimer
"""
WAITING = """
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2
eventfd eventfd2 futex futex_waitv nanosleep clock_nanosleep timerfd_create timerfd_settime
timerfd_gettime timer_create timer_settime timer_gettime timer_getoverrun timer_delete
"""
LOCAL_SOCKETS = """
bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt shutdown
sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg
"""
MACHINE = "clock_gettime clock_getres gettimeofday time uname sysinfo getrandom"

ALLOWED = tuple(
    f"{FILES} {MEMORY} {PROCESSES} {SIGNALS} {WAITING} {LOCAL_SOCKETS} {MACHINE}".split()
)
"""Calls that are allowed whatever their arguments. A name that an architecture lacks is skipped."""

NOT_THERE = {"clone3": 435, "openat2": 437, "fchmodat2": 452}
"""Calls that answer "not implemented", so that libraries take the older one. With their numbers,
which are the same everywhere, as libseccomp may be older than the call."""

_NEW_NAMESPACES = 0x7E02_0000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET} of sched.h
_SET_ID_BITS = 0o6000
_AF_UNIX = 1
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
# TCGETS, TCSETS, TCSETSW, TCSETSF, TIOCGPGRP, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
_IOCTLS = (0x5401, 0x5402, 0x5403, 0x5404, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# DUPFD, GETFD, SETFD, GETFL, SETFL, SETLK, SETLKW, OFD_SETLK, OFD_SETLKW, DUPFD_CLOEXEC,
# SETPIPE_SZ, GETPIPE_SZ, GET_SEALS. A lock to write needs a file that is open for writing.
_FCNTLS = (0, 1, 2, 3, 4, 6, 7, 37, 38, 1030, 1031, 1032, 1034)
_ADVICE = (0, 1, 2, 3, 5)  # NORMAL, RANDOM, SEQUENTIAL, WILLNEED, NOREUSE
# PDEATHSIG set/get, GET_DUMPABLE, NAME set/get, CAPBSET_READ, TIMERSLACK set/get,
# NO_NEW_PRIVS set/get, THP_DISABLE set/get, SET_VMA
_PRCTLS = (1, 2, 3, 15, 16, 23, 29, 30, 38, 39, 41, 42, 0x53564D41)


def _library() -> ModuleType:
    """pyseccomp over the system's libseccomp. Raises `Unavailable` CW-SANDBOX-MISSING."""
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        raise Unavailable(
            "CW-SANDBOX-MISSING",
            "libseccomp, which makes the filter of system calls, is not installed.",
            remedy="Install libseccomp2 (apt-get install libseccomp2).",
        ) from error
    found: ModuleType = pyseccomp
    return found


@functools.lru_cache(maxsize=4)
def programs(*, devices: bool, architecture: str | None = None) -> tuple[bytes, ...]:
    """The filters for a machine, each a BPF program (an array of `struct sock_filter`).

    All are laid over each other and the strictest answer counts.
    devices: whether the run is given a device, whose requests cannot be listed.
    architecture: one of `ARCHITECTURES`; this machine's by default.
    Raises `Unavailable` CW-SANDBOX-MISSING without libseccomp, or for another architecture.
    """
    name = architecture or platform.machine()
    if name not in ARCHITECTURES:
        raise Unavailable(
            "CW-SANDBOX-MISSING",
            f"There is no filter of system calls for the architecture {name}.",
            remedy=f"Use a machine with one of: {', '.join(ARCHITECTURES)}.",
        )
    library = _library()
    made = _empty(library, library.ERRNO(errno.EPERM), name)
    for call in ALLOWED:
        _add(library, made, library.ALLOW, call)
    for call, number in NOT_THERE.items():
        made.add_rule(library.ERRNO(errno.ENOSYS), _number(library, call, number))
    _add_conditional(library, made, devices=devices)
    if not devices:
        return (_exported(made),)
    # Laid on in this order: the list refuses any filter that would come after it.
    return _exported(_no_typing(library, name)), _exported(made)


def _empty(library: ModuleType, otherwise: int, architecture: str) -> Any:
    """A filter without rules: calls of `architecture` are answered with `otherwise`."""
    made = library.SyscallFilter(otherwise)
    made.set_attr(library.Attr.ACT_BADARCH, library.KILL_PROCESS)
    if architecture != platform.machine():
        made.add_arch(getattr(library.Arch, architecture.upper()))
        made.remove_arch(library.Arch.NATIVE)
    return made


def _no_typing(library: ModuleType, architecture: str) -> Any:
    """A second filter that refuses the two requests that type into a terminal, whatever else.

    One filter cannot say "all but these": its rules are joined by "or", and comparing for larger
    and smaller looks at 64 bits where the kernel looks at 32, so a caller could get round it.
    """
    made = _empty(library, library.ALLOW, architecture)
    for request in (_TIOCSTI, _TIOCLINUX):
        narrowed = library.Arg(1, library.MASKED_EQ, 0xFFFF_FFFF, request)
        made.add_rule(library.ERRNO(errno.EPERM), "ioctl", narrowed)
    return made


def _number(library: ModuleType, name: str, number: int) -> int:
    found = library.resolve_syscall(library.Arch.NATIVE, name)
    return number if found < 0 else int(found)


def _add(library: ModuleType, made: Any, action: int, name: str, *conditions: Any) -> None:
    # A negative number means that this architecture has no such call (aarch64 has no `open`).
    if library.resolve_syscall(library.Arch.NATIVE, name) >= 0:
        made.add_rule(action, name, *conditions)


def _add_conditional(library: ModuleType, made: Any, *, devices: bool) -> None:
    def masked(place: int, mask: int) -> Any:
        return library.Arg(place, library.MASKED_EQ, mask, 0)

    def equal(place: int, value: int) -> Any:
        # 32 bits are compared: the kernel looks at no more of these arguments, and a caller may
        # leave rubbish above them.
        return library.Arg(place, library.MASKED_EQ, 0xFFFF_FFFF, value)

    _add(library, made, library.ALLOW, "clone", masked(0, _NEW_NAMESPACES))
    for name in ("socket", "socketpair"):
        _add(library, made, library.ALLOW, name, equal(0, _AF_UNIX))
    for name, place in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("creat", 1), ("open", 2),
                        ("openat", 3)):  # fmt: skip
        _add(library, made, library.ALLOW, name, masked(place, _SET_ID_BITS))
    # Without O_CREAT (0o100) and O_TMPFILE (0o20000000) the mode is rubbish and means nothing.
    for name, flags in (("open", 1), ("openat", 2)):
        _add(library, made, library.ALLOW, name, masked(flags, 0o20000100))
    for what in _FCNTLS:
        _add(library, made, library.ALLOW, "fcntl", equal(1, what))
    for advice in _ADVICE:
        _add(library, made, library.ALLOW, "fadvise64", equal(3, advice))
    for option in _PRCTLS:
        _add(library, made, library.ALLOW, "prctl", equal(0, option))
    if devices:
        _add(library, made, library.ALLOW, "ioctl")
        return
    for request in _IOCTLS:
        _add(library, made, library.ALLOW, "ioctl", equal(1, request))


def _exported(made: Any) -> bytes:
    descriptor = os.memfd_create("filter", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "r+b") as stream:
        made.export_bpf(stream)
        stream.seek(0)
        return stream.read()
