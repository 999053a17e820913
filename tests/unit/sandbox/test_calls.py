"""The filter of system calls, run by an interpreter of its own: which call gets which answer.

The interpreter is the slow and obvious twin of the kernel's (`struct sock_filter` as in
linux/filter.h): so the filter for the other architecture is tried as well, on any machine.
"""

from __future__ import annotations

import errno
import struct
from typing import Any

import pyseccomp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Unavailable
from commonweal.sandbox import calls

AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "i386": 0x40000003}
ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
AF_UNIX, AF_INET = 1, 2
HIGH = 1 << 32


def interpreted(program: bytes, arch: int, number: int, arguments: tuple[int, ...]) -> int:
    """What the kernel would answer (BPF of seccomp: 32 bits, loads from `struct seccomp_data`)."""
    padded = tuple(a & (2**64 - 1) for a in (*arguments, *(0,) * (6 - len(arguments))))
    data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, arch, 0, *padded)
    lines = [struct.unpack_from("=HBBI", program, at) for at in range(0, len(program), 8)]
    accumulator = place = 0
    while True:
        code, yes, no, value = lines[place]
        place += 1
        if code == 0x20:  # ld [k]
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code == 0x54:  # and #k
            accumulator &= value
        elif code == 0x05:  # ja
            place += value
        elif code in (0x15, 0x25, 0x35, 0x45):  # jeq, jgt, jge, jset
            true = {0x15: accumulator == value, 0x25: accumulator > value,
                    0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]  # fmt: skip
            place += yes if true else no
        elif code == 0x06:  # ret #k
            return int(value)
        else:
            raise AssertionError(f"the interpreter does not know {code:#x}")


def answer(architecture: str, name: str, *arguments: int, devices: bool = False) -> int:
    number = calls.NOT_THERE.get(name)
    if number is None:
        number = pyseccomp.resolve_syscall(getattr(pyseccomp.Arch, architecture.upper()), name)
        assert number >= 0, name
    found = [
        interpreted(one, AUDIT[architecture], number, arguments)
        for one in calls.programs(devices=devices, architecture=architecture)
    ]
    # The kernel takes the strictest: killing, then errors, then allowing.
    return max(found, key=lambda one: (one == KILL, one != ALLOW))


both = pytest.mark.parametrize("architecture", calls.ARCHITECTURES)


@both
@pytest.mark.parametrize(
    "name",
    "read write mmap munmap exit_group execve futex getrandom clock_gettime openat newfstatat "
    "pipe2 wait4 kill tgkill rt_sigaction unlinkat renameat2 statx prlimit64".split(),
)
def test_calls_that_are_allowed(architecture: str, name: str) -> None:
    assert answer(architecture, name) == ALLOW


@both
@pytest.mark.parametrize(
    "name",
    "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd unshare setns mount umount2 "
    "pivot_root chroot open_tree move_mount fsopen fsmount fsconfig fspick mount_setattr keyctl "
    "add_key request_key bpf perf_event_open userfaultfd io_uring_setup io_uring_enter "
    "io_uring_register personality init_module finit_module delete_module kexec_load "
    "reboot swapon swapoff acct quotactl settimeofday clock_settime adjtimex clock_adjtime "
    "sethostname setdomainname syslog setuid setgid setreuid setregid setresuid setresgid "
    "setgroups setfsuid setfsgid capset mknodat name_to_handle_at open_by_handle_at fanotify_init "
    "fanotify_mark memfd_create memfd_secret shmget shmat msgget semget mq_open setxattr "
    "lsetxattr fsetxattr fchown fchownat vmsplice tee splice migrate_pages move_pages mbind "
    "set_mempolicy vhangup lookup_dcookie seccomp sched_setscheduler sched_setattr setpriority "
    "ioprio_set flock mincore process_madvise pkey_alloc mlockall".split(),
)
def test_calls_that_are_refused(architecture: str, name: str) -> None:
    assert answer(architecture, name) == EPERM
    assert answer(architecture, name, devices=True) == EPERM


@both
@pytest.mark.parametrize("name", list(calls.NOT_THERE))
def test_calls_that_say_they_are_not_there(architecture: str, name: str) -> None:
    assert answer(architecture, name, 1, 2, 3) == ENOSYS


@both
@pytest.mark.parametrize(
    ("name", "arguments", "allowed"),
    [
        ("socket", (AF_UNIX, 1, 0), True),
        ("socket", (HIGH | AF_UNIX, 1, 0), True),  # the kernel looks at 32 bits: a local one
        ("socket", (AF_INET, 1, 0), False),
        ("socket", (HIGH | AF_INET, 1, 0), False),
        ("socket", (16, 3, 0), False),
        ("socket", (40, 1, 0), False),
        ("socket", (0, 1, 0), False),
        ("socketpair", (AF_UNIX, 1, 0), True),
        ("socketpair", (AF_INET, 1, 0), False),
        ("clone", (0x0120_0011,), True),  # fork
        ("clone", (0x003D_0F00,), True),  # a thread
        ("clone", (0x1000_0011,), False),
        ("clone", (0x2000_0011,), False),
        ("clone", (0x4000_0011,), False),
        ("clone", (0x0002_0011,), False),
        ("clone", (0x0200_0011,), False),
        ("clone", (0x0400_0011,), False),
        ("clone", (0x0800_0011,), False),
        ("clone", (HIGH | 0x1000_0011,), False),
        ("ioctl", (0, 0x5401), True),
        ("ioctl", (0, 0x5412), False),
        ("ioctl", (0, HIGH | 0x5412), False),
        ("ioctl", (0, 0x541C), False),
        ("ioctl", (0, 0xC0084600), False),
        ("fcntl", (3, 1, 0), True),
        ("fcntl", (3, 6, 0), True),  # F_SETLK
        ("fcntl", (3, 1030, 0), True),
        ("fcntl", (3, 5, 0), False),  # F_GETLK
        ("fcntl", (3, 36, 0), False),  # F_OFD_GETLK
        ("fcntl", (3, 8, 1), False),  # F_SETOWN
        ("fcntl", (3, 10, 9), False),  # F_SETSIG
        ("fcntl", (3, 1024, 0), False),  # F_SETLEASE
        ("fcntl", (3, 1026, 0), False),  # F_NOTIFY
        ("fcntl", (3, HIGH | 1024, 0), False),
        ("fadvise64", (3, 0, 0, 3), True),
        ("fadvise64", (3, 0, 0, 4), False),  # POSIX_FADV_DONTNEED
        ("fadvise64", (3, 0, 0, HIGH | 4), False),
        ("prctl", (15,), True),
        ("prctl", (22,), False),  # PR_SET_SECCOMP
        ("prctl", (24,), False),  # PR_CAPBSET_DROP
        ("prctl", (8,), False),  # PR_SET_KEEPCAPS
        ("prctl", (HIGH | 22,), False),
        ("fchmod", (3, 0o755), True),
        ("fchmod", (3, 0o4755), False),
        ("fchmod", (3, 0o2755), False),
        ("fchmod", (3, HIGH | 0o4755), False),
        ("fchmod", (3, HIGH | 0o755), True),
        ("fchmodat", (-100, 0, 0o644), True),
        ("fchmodat", (-100, 0, 0o4644), False),
        ("openat", (-100, 0, 0, 0), True),
        ("openat", (-100, 0, 0o101, 0o644), True),
        ("openat", (-100, 0, 0o101, 0o4755), False),
        ("openat", (-100, 0, 0o101, 0o2755), False),
        ("openat", (-100, 0, 0o20200001, 0o4755), False),  # O_TMPFILE
        ("openat", (-100, 0, 0o1, 0o4755), True),  # no new file: the mode means nothing
        ("openat", (-100, 0, HIGH | 0o101, 0o4755), False),
    ],
)
def test_calls_that_are_allowed_for_some_arguments(
    architecture: str, name: str, arguments: tuple[int, ...], allowed: bool
) -> None:
    assert answer(architecture, name, *arguments) == (ALLOW if allowed else EPERM)


@pytest.mark.parametrize("name", ["open", "creat", "chmod"])
def test_the_old_forms_of_x86(name: str) -> None:
    before = {"open": (0, 0o101), "creat": (0,), "chmod": (0,)}[name]
    assert answer("x86_64", name, *before, 0o644) == ALLOW
    assert answer("x86_64", name, *before, 0o4755) == EPERM


@both
def test_with_a_device_all_requests_but_two(architecture: str) -> None:
    for request in (0xC0084600, 0x5401, 0x5411, 0x541D, 1):
        assert answer(architecture, "ioctl", 0, request, devices=True) == ALLOW
    for request in (0x5412, 0x541C, HIGH | 0x5412, HIGH | 0x541C, (7 << 32) | 0x5412):
        assert answer(architecture, "ioctl", 0, request, devices=True) == EPERM


@both
@pytest.mark.parametrize("other", sorted(AUDIT))
def test_calls_of_another_architecture_kill(architecture: str, other: str) -> None:
    if other == architecture:
        return
    for program in calls.programs(devices=True, architecture=architecture):
        for number in (0, 1, 20, 39, 59, 0x4000_0027):
            assert interpreted(program, AUDIT[other], number, ()) == KILL


def test_calls_of_x32_kill() -> None:
    (program,) = calls.programs(devices=False, architecture="x86_64")
    for number in (0x4000_0000, 0x4000_0027, 0x4000_0208):
        assert interpreted(program, AUDIT["x86_64"], number, ()) != ALLOW


@both
@given(data=st.data())
def test_no_number_out_of_the_list_is_allowed(architecture: str, data: Any) -> None:
    """Of all numbers there are, only those of the list are allowed, whatever the arguments."""
    number = data.draw(st.integers(0, 2**32 - 1) | st.integers(0, 600))
    arguments = tuple(data.draw(st.lists(st.integers(0, 2**64 - 1), max_size=6)))
    arch = getattr(pyseccomp.Arch, architecture.upper())
    some = "fcntl fadvise64 clone socket socketpair ioctl prctl "
    some += "chmod fchmod fchmodat open openat creat"
    names = {*calls.ALLOWED, *some.split()}
    known = {pyseccomp.resolve_syscall(arch, name) for name in names}
    (program,) = calls.programs(devices=False, architecture=architecture)
    if interpreted(program, AUDIT[architecture], number, arguments) == ALLOW:
        assert number in known


def test_another_architecture_has_no_filter() -> None:
    for name in ("riscv64", "i686", "", "X86_64"):
        with pytest.raises(Unavailable, match="CW-SANDBOX-MISSING"):
            calls.programs(devices=False, architecture=name or "mips")


def test_every_name_of_the_list_is_a_call_somewhere() -> None:
    for name in calls.ALLOWED:
        assert pyseccomp.resolve_syscall(pyseccomp.Arch.X86_64, name) >= 0, name
    assert len(set(calls.ALLOWED)) == len(calls.ALLOWED)
