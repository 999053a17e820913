"""The table of attempts, and how a system call is made by number. Standard library only."""

from __future__ import annotations

import ctypes
import errno
import platform

MUST, MAY, NEVER = "must", "may", "never"
TABLE: dict[str, tuple[str, object]] = {}
TOLD: dict[str, str] = {}
RESULT = [-1]
"""The descriptor by which an attempt says what came of it: the only one it may hold."""
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
