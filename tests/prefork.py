"""Commands of Commonweal without a new interpreter for each: one has imported, and forks.

A command of a page costs 0.3 to 1.2 seconds of CPU before it begins, all of it for imports. Here
one process a pytest worker, started when the first command is asked for, has imported what commands
import, has opened nothing and has one thread; every command is a child of it with the arguments,
folder, environment, umask, ignored signals and three descriptors of whoever asked
(`tests/prefork_client.py`). A child is the leader of a session of its own.

What stays different from a new interpreter: all modules are there already, OpenBLAS works in one
thread, Arrow frees memory in none of its own, and text hashes alike in all children of one server.
So these keep new interpreters: the tutorial (`test_tutorial.py`), `test_cli_process.py`, the
walk-through of the demonstration, and commands that stay (`serve`, `worker`, `demo`). The client
leaves to one also what has settings of Python's own, another language than C.UTF-8, or a terminal.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import functools
import gc
import importlib
import io
import marshal
import os
import pkgutil
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tests.disk import wait_for_none
from tests.prefork_client import FORWARDED

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCE = REPOSITORY / "src"
CLIENT = REPOSITORY / "tests" / "prefork_client.py"
ROOMS = ("foundation", "papers", "ledger", "vault", "enclave", "airlock", "governance", "wiring",
         "cli")  # fmt: skip
"""Rooms that commands import. Not the service's: Django is set up by each command that needs it."""
ALSO = ("ibis.backends.duckdb", "pyarrow.csv", "pyarrow.dataset", "pyarrow.parquet", "scipy.stats")
COMMONWEAL = "prefork.serve(sys.argv[1], prefork.prepare)"
_START = f"""
import sys
sys.path.append({str(REPOSITORY)!r})
from tests import prefork
sys.path.pop()
"""
_READY = b"ready\n"


# --- on the side of the tests -----------------------------------------------------------------
def command() -> tuple[str, ...]:
    """What stands before the arguments of a `commonweal` command; starts the server if need be."""
    return _command(os.getpid())


@functools.cache
def _command(worker: int) -> tuple[str, ...]:
    server, folder = start(COMMONWEAL)
    # The child of a test that forks has our list of what to do at the end, and not our server.
    atexit.register(lambda: end(server, folder) if os.getpid() == worker else None)
    return client(folder)


def client(folder: Path) -> tuple[str, ...]:
    """What stands before the arguments of a command of the server of this folder."""
    return (sys.executable, "-I", "-S", str(CLIENT), str(folder / "socket"), str(SOURCE))


def start(program: str) -> tuple[subprocess.Popen[bytes], Path]:
    """A server that is ready, and its folder, in which it listens at `socket`.

    program: code that calls `prefork.serve`. Raises RuntimeError if the server does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="prefork-"))
    server = subprocess.Popen(
        [sys.executable, "-c", _START + program, str(folder)],
        cwd="/",
        env={
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCE),
            "LC_ALL": "C.UTF-8",
            # Threads of theirs would be there before the fork, and lost in it.
            "OPENBLAS_NUM_THREADS": "1",
            "JE_ARROW_MALLOC_CONF": "background_thread:false",
        },
        stdin=subprocess.PIPE,  # its end is ours
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert server.stdout is not None
    if server.stdout.readline() != _READY:
        end(server, folder)
        raise RuntimeError("the prefork server did not start; it says why on standard error")
    return server, folder


def end(server: subprocess.Popen[bytes], folder: Path) -> None:
    """End a server and what still runs in it."""
    for pipe in (server.stdin, server.stdout):
        if pipe is not None:
            pipe.close()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(folder, ignore_errors=True)


# --- the server -------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Running:
    """A command that runs: who asked for it, its process, and what tells that it has ended."""

    asked: socket.socket
    process: int
    ended: int


def serve(folder: str, prepared: Callable[[], Callable[[], int]]) -> None:
    """Run commands until standard input ends or the process that started us has gone.

    prepared: imports what commands need and gives what each child runs.
    """
    parent = os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    running: dict[int, _Running] = {}
    try:
        run = prepared()
        _check()
        with socket.socket(socket.AF_UNIX) as listener, selectors.PollSelector() as waiting:
            listener.bind(str(Path(folder) / "socket"))
            listener.listen(64)
            waiting.register(listener, selectors.EVENT_READ, functools.partial(
                _begin, run, listener, waiting, running))  # fmt: skip
            waiting.register(0, selectors.EVENT_READ, sys.exit)
            os.write(1, _READY)
            while os.getppid() == parent:
                for key, _ in waiting.select(timeout=1):
                    # What an earlier one of the same round has ended is no longer waited for.
                    if waiting.get_map().get(key.fd) is key:
                        key.data()
    finally:
        for one in running.values():
            for kill in (os.kill, os.killpg):
                with contextlib.suppress(ProcessLookupError):
                    kill(one.process, signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


def prepare() -> Callable[[], int]:
    """Import what commands import; gives what runs one. They do not wait for the disk."""
    wait_for_none()
    for room in ROOMS:
        package = importlib.import_module(f"commonweal.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    for name in ALSO:
        importlib.import_module(name)
    # DuckDB opens a database in memory, with a thread, to name its types; it does so anew if asked.
    importlib.import_module("duckdb").close()
    run: Callable[[], int] = importlib.import_module("commonweal.cli.main").run
    return run


def _check() -> None:
    """Raises RuntimeError if there is more than modules: children would share or lose it."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1 or threading.active_count() != 1:
        raise RuntimeError(f"{threads} threads after the imports: they would be lost in a fork")
    django = sys.modules.get("django.conf")
    if django is not None and django.settings.configured:
        raise RuntimeError("the imports configured Django")
    # What is there now stays, and a child that never looks through it never copies it.
    gc.collect()
    gc.freeze()


def _begin(
    run: Callable[[], int],
    listener: socket.socket,
    waiting: selectors.PollSelector,
    running: dict[int, _Running],
) -> None:
    asked, _ = listener.accept()
    try:
        asked.settimeout(30)
        request, descriptors = _received(asked)
    except (OSError, EOFError, ValueError, TypeError):
        traceback.print_exc()  # it closes, and the client says that there was no answer
        asked.close()
        return
    # A signal waits until the child is who it is for.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED)
    process = os.fork()
    if process == 0:
        _become(run, request, descriptors, before)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    for one in descriptors:
        os.close(one)
    asked.settimeout(None)
    new = _Running(asked, process, os.pidfd_open(process))
    running[process] = new
    waiting.register(asked, selectors.EVENT_READ, functools.partial(_forward, new, waiting))
    waiting.register(
        new.ended, selectors.EVENT_READ, functools.partial(_answer, new, waiting, running)
    )


def _received(asked: socket.socket) -> tuple[tuple[Any, ...], array.array[int]]:
    descriptors = array.array("i")
    room = socket.CMSG_SPACE(4 * descriptors.itemsize)
    length, rights, _, _ = asked.recvmsg(8, room)
    for _, _, passed in rights:
        descriptors.frombytes(passed)
    if len(length) != 8 or len(descriptors) != 4:
        raise EOFError("no request")
    left, parts = int.from_bytes(length, "big"), []
    while left:
        parts.append(asked.recv(min(left, 1 << 16)))
        if not parts[-1]:
            raise EOFError("half a request")
        left -= len(parts[-1])
    return marshal.loads(b"".join(parts)), descriptors


def _forward(one: _Running, waiting: selectors.PollSelector) -> None:
    numbers = b""
    with contextlib.suppress(ConnectionResetError):
        numbers = one.asked.recv(64)
    if not numbers:  # whoever asked was killed: so is what it stands for
        waiting.unregister(one.asked)
    for number in numbers or (signal.SIGKILL,):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.process, number)


def _answer(one: _Running, waiting: selectors.PollSelector, running: dict[int, _Running]) -> None:
    _, status = os.waitpid(one.process, 0)
    del running[one.process]
    waiting.unregister(one.ended)
    os.close(one.ended)
    if one.asked in waiting.get_map():
        waiting.unregister(one.asked)
    code = os.waitstatus_to_exitcode(status)
    with one.asked, contextlib.suppress(OSError):
        one.asked.sendall(code.to_bytes(4, "big", signed=True))


# --- the command ------------------------------------------------------------------------------
def _become(
    run: Callable[[], int],
    request: tuple[Any, ...],
    descriptors: array.array[int],
    mask: set[int],
) -> NoReturn:
    """Be as a new interpreter that was given this command, run it, and end."""
    code = 1
    try:
        os.setsid()
        given, environment, umask, ignored = request
        for number in range(3):
            os.dup2(descriptors[number], number)
        os.fchdir(descriptors[3])
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.umask(umask)
        for number in FORWARDED:
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, signal.SIG_IGN if number in ignored else usual)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.environb.clear()
        os.environb.update(environment)
        time.tzset()
        sys.argv = ["-c", *given]
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            stream = _text(number, "w" if number else "r", f"<{name}>")
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        tempfile.tempdir = None
        code = _run(run)
    except BaseException:  # noqa: BLE001 (it must not come back as a second server)
        traceback.print_exc()
    finally:
        os._exit(code)


def _text(number: int, mode: str, name: str) -> Any:
    # As Python makes them of a pipe or a file; the client asks for nothing else.
    raw: Any = io.FileIO(number, mode, closefd=False)
    raw.name = name
    text: Any = io.TextIOWrapper(
        io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw),
        encoding="utf-8",
        errors="backslashreplace" if number == 2 else "surrogateescape",
        newline="\n",
        line_buffering=number == 2,
    )
    text.mode = mode
    return text


def _run(run: Callable[[], int]) -> int:
    """Run the command as `python -c ENTRY` does, to the end of an interpreter. Its exit code."""
    code = _ended_with(run)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        if not sys.stdout.closed:
            sys.stdout.flush()
    except OSError:
        traceback.print_exc()
        code = 120
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    return code & 0xFF


def _ended_with(run: Callable[[], int]) -> int:
    """The exit code of a program that is `sys.exit(run())`."""
    try:
        sys.exit(run())
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            return stop.code or 0
        print(stop.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 (as an interpreter does)
        sys.excepthook(*sys.exc_info())
        return 1
