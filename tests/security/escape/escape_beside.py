"""Attempts on what runs beside it: processes, and the runs of other projects.

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

from escape_table import MAY, MUST, TOLD, attempt, call, libc, reached

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
    vector = ctypes.c_uint64 * 2
    near, far = vector(ctypes.addressof(into), 6), vector(ctypes.addressof(room), 6)
    return call("process_vm_readv", os.getpid(), near, 1, far, 1, 0) == 6


@attempt("processes: write the memory of another", MUST)
def write_memory():
    room = ctypes.create_string_buffer(6)
    source = ctypes.create_string_buffer(b"memory")
    vector = ctypes.c_uint64 * 2
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


# --- talking to the run of another project ----------------------------------------------------


def _shared():
    """A file that every run may read."""
    return os.open("/usr/bin/env", os.O_RDONLY)


@attempt("between projects: a lock on a file that both may read", MUST)
def lock_shared():
    fcntl.flock(_shared(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


@attempt("between projects: ask for a lock of another", MUST)
def ask_lock():
    # struct flock: type, whence, start, length, process
    fcntl.fcntl(_shared(), fcntl.F_GETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 1, 0))
    return True


@attempt("between projects: ask for an open lock of another", MUST)
def ask_open_lock():
    fcntl.fcntl(_shared(), 36, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 1, 0))
    return True


@attempt("between projects: a lease", MUST)
def lease():
    path = f"{TOLD['own']}/lease"
    number = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
    try:
        fcntl.fcntl(number, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        return True
    finally:
        os.close(number)
        os.unlink(path)


@attempt("between projects: be told of what happens in a folder", MUST)
def notify():
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    fcntl.fcntl(os.open("/usr", os.O_RDONLY), 1026, 1)
    return True


@attempt("between projects: watch a folder", MUST)
def watch():
    os.close(call("inotify_init1", 0))
    return True


@attempt("between projects: drop what the machine keeps of a file", MUST)
def drop_pages():
    os.posix_fadvise(_shared(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


@attempt("between projects: see which pages of a file are kept", MUST)
def kept_pages():
    own = mmap.mmap(-1, 4096)
    place = ctypes.addressof(ctypes.c_char.from_buffer(own))
    return libc.mincore(ctypes.c_void_p(place), ctypes.c_size_t(4096), (ctypes.c_char * 8)()) == 0


@attempt("between projects: what others do on the machine now", MUST)
def others_now():
    for name in ("vmstat", "interrupts", "diskstats", "schedstat", "loadavg", "softirqs"):
        try:
            with open(f"/proc/{name}", "rb") as stream:
                if stream.read(1):
                    return True
        except OSError:
            continue
    return False
