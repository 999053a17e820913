"""Gives one `commonweal` command to the server of `tests/prefork.py`, and ends as the command does.

    python -I -S tests/prefork_client.py SOCKET PYTHONPATH ARGUMENTS...

It is started for every command of a page, so it imports nothing but what is built into Python. What
the server could not give a command as a new interpreter would (see `alike`) it leaves to one.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _socket
import marshal
import posix
import sys

ENTRY = "import sys; from commonweal.cli.main import run; sys.exit(run())"
FORWARDED = (1, 2, 3, 10, 12, 15)  # HUP, INT, QUIT, USR1, USR2, TERM
# What goes on until it is ended, starts processes of its own, and is watched by its number.
STAYING = frozenset({"serve", "worker", "demo"})
LOST = 125
LONG = 1_000_000  # seconds; a socket that never gives up may not be written to by a signal


def main(address: str, path: str, given: list[str]) -> None:
    """Have the command run; does not return."""
    if not alike(given, posix.environ, path):
        posix.execv(sys.executable, [sys.executable, "-c", ENTRY, *given])
    _signal.pthread_sigmask(_signal.SIG_BLOCK, FORWARDED)
    ignored = [one for one in FORWARDED if _signal.getsignal(one) == _signal.SIG_IGN]
    umask = posix.umask(0o77)
    posix.umask(umask)
    request = marshal.dumps((given, posix.environ, umask, ignored))
    here = posix.open(".", posix.O_PATH | posix.O_DIRECTORY)
    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    passed = b"".join(one.to_bytes(4, sys.byteorder) for one in (0, 1, 2, here))
    try:
        server.connect(address)
        rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, passed)]
        server.sendmsg([len(request).to_bytes(8, "big")], rights)
        server.sendall(request)
    except OSError as error:
        lost(f"cannot be asked: {error}")
    # The interpreter writes the number of a signal there by itself, in the moment it comes: for one
    # that comes just before the wait for the answer begins no handler in Python would run in time.
    server.settimeout(LONG)
    _signal.set_wakeup_fd(server.fileno(), warn_on_full_buffer=False)
    for one in FORWARDED:
        if one not in ignored:
            _signal.signal(one, lambda *_: None)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, FORWARDED)
    try:
        answer = server.recv(4)
    except OSError as error:
        lost(f"does not answer: {error}")
    if len(answer) != 4:
        lost("has gone before the command ended")
    end(int.from_bytes(answer, "big", signed=True))


def alike(given: list[str], environment: dict[bytes, bytes], path: str) -> bool:
    """True if the server can run the command as a new interpreter would.

    It has read its own search path, and no other setting of Python's; its text is UTF-8. Terminals
    need its own session, and a closed descriptor cannot be passed.
    """
    if STAYING.intersection(given) or environment.get(b"PYTHONPATH") != path.encode():
        return False
    if any(one.startswith(b"PYTHON") and one != b"PYTHONPATH" for one in environment):
        return False
    names = (b"LC_ALL", b"LC_CTYPE", b"LANG")
    if next(filter(None, map(environment.get, names)), b"C.UTF-8") != b"C.UTF-8":
        return False
    try:
        for number in range(3):
            posix.fstat(number)
    except OSError:
        return False
    return not any(map(posix.isatty, range(3)))


def end(code: int) -> None:
    """End with an exit code, or by the signal `-code`."""
    if code >= 0:
        posix._exit(code)
    if -code not in {_signal.SIGKILL, _signal.SIGSTOP}:
        _signal.signal(-code, _signal.SIG_DFL)
    posix.kill(posix.getpid(), -code)
    posix._exit(128 - code)


def lost(what: str) -> None:
    """Say that there is no server; does not return."""
    posix.write(2, f"The server of tests/prefork.py {what}.\n".encode())
    posix._exit(LOST)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
