"""The server that pages' commands are children of: a child is as a new interpreter would be.

Most tests ask a server that has imported nothing and runs the code that it is given, so what is
held against `python -c` is what a process is: its streams, signals, folder, environment and end.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import prefork
from tests.prefork_client import ENTRY, FORWARDED, LOST, alike

CODE = """
def run():
    exec(sys.argv[1], {})
    return 0
prefork.serve(sys.argv[1], lambda: run)
"""
GIVEN = {"PATH": os.environ["PATH"], "PYTHONPATH": str(prefork.SOURCE), "LC_ALL": "C.UTF-8"}
STATE = """
import json, locale, os, random, resource, signal, sys, tempfile, threading, time
umask = os.umask(0); os.umask(umask)
text = lambda one: [one.name, one.mode, one.encoding, one.errors, one.line_buffering, one.closed,
                    one.isatty(), one.write_through, one.buffer.raw.name, type(one.buffer).__name__]
print(json.dumps({
    "arguments": sys.argv, "folder": os.getcwd(), "environment": dict(os.environ), "umask": umask,
    "signals": {str(n): str(signal.getsignal(n)) for n in range(1, 32)}, "path": sys.path,
    "mask": len(signal.pthread_sigmask(signal.SIG_BLOCK, ())), "seen": sys.stdin.read(),
    "streams": [text(one) for one in (sys.stdin, sys.stdout, sys.stderr)],
    "same": [getattr(sys, n) is getattr(sys, f"__{n}__") for n in ("stdin", "stdout", "stderr")],
    "open": [n for n in range(200) if os.path.exists(f"/proc/self/fd/{n}")],
    "limits": [resource.getrlimit(n) for n in range(16)],
    "text": [locale.getpreferredencoding(), sys.getfilesystemencoding(), locale.getlocale()],
    "zone": time.tzname, "temporary": tempfile.gettempdir(), "nice": os.nice(0),
    "threads": threading.active_count(), "main": threading.current_thread().name,
    "inherited": [os.get_inheritable(n) for n in range(3)],
}))
"""


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[str, ...]]:
    server, folder = prefork.start(CODE)
    yield prefork.client(folder)
    prefork.end(server, folder)


def give(asked: tuple[str, ...], *given: str, **more: Any) -> subprocess.CompletedProcess[str]:
    usual = {"env": GIVEN, "capture_output": True, "text": True, "check": False, "timeout": 60}
    return subprocess.run([*asked, *given], **{**usual, **more})


def waited(true: Callable[[], bool]) -> bool:
    for _ in range(600):
        if true():
            return True
        time.sleep(0.05)
    return False


def runs(process: int) -> bool:
    """True if there is such a process that has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_command_finds_what_a_new_interpreter_finds(
    asked: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "a folder é"
    folder.mkdir()
    settings = {**GIVEN, "TZ": "Asia/Tokyo", "TMPDIR": str(folder), "EMPTY": "", "ODD": "a\nb=é"}
    given = (STATE, "--flag", "", "é", "a b'\"", "\udcff")
    found, expected = (
        give(start, *given, cwd=folder, env=settings, umask=0o27, input="one\r\ntwo\n")
        for start in (asked, (sys.executable, "-c", "import sys; exec(sys.argv[1], {})"))
    )
    assert (found.returncode, found.stderr) == (expected.returncode, expected.stderr) == (0, "")
    state = json.loads(found.stdout)
    assert state == json.loads(expected.stdout)
    assert (state["umask"], state["folder"], state["seen"]) == (0o27, str(folder), "one\r\ntwo\n")


@pytest.mark.parametrize("by_bash", [False, True])
@pytest.mark.parametrize(
    "ending",
    [
        "pass", "raise SystemExit", "raise SystemExit(3)", "raise SystemExit(255)",
        "raise SystemExit(256)", "raise SystemExit('why')", "1 / 0", "import os; os._exit(9)",
        "import os; os.abort()", "import os; os.kill(os.getpid(), 9)",
        "import os; os.kill(os.getpid(), 15)", "import os; os.kill(os.getpid(), 11)",
        "import os, sys; sys.stdout.close(); os.close(1)", "raise SystemExit(-1)",
        "import atexit; atexit.register(print, 'last'); raise SystemExit(4)",
        "import threading as t, time; t.Thread(target=lambda: (time.sleep(.2), print(1))).start()",
        "import sys; sys.stdout = open('/dev/full', 'w'); print(1)",
    ],
)  # fmt: skip
def test_a_command_ends_as_in_a_new_interpreter(
    asked: tuple[str, ...], ending: str, by_bash: bool
) -> None:
    shell = ("bash", "-c", '"$@"; exit $?', "-") if by_bash else ()
    fresh = (sys.executable, "-c", "import sys; exec(sys.argv[1], {})")
    found, expected = (give((*shell, *start), ending) for start in (asked, fresh))
    assert (found.returncode, found.stdout) == (expected.returncode, expected.stdout)
    if not by_bash:  # which names the process that a signal ended
        assert found.stderr.splitlines()[-1:] == expected.stderr.splitlines()[-1:]


SIGNALLED = r"""
import os, signal, sys, time
def heard(number, _):
    os.write(1, b"heard %d\n" % number)
    sys.exit(40 + number)
signal.signal(signal.SIGTERM, heard)
try:
    os.write(1, b"ready\n")
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
    raise SystemExit(42) from None
"""


@pytest.fixture
def hears_all() -> Iterator[None]:
    """A caller that hears what it was started without (`nohup`, a job in the background)."""
    deaf = [one for one in FORWARDED if signal.getsignal(one) == signal.SIG_IGN]
    for one in deaf:
        signal.signal(one, signal.SIG_DFL)
    yield
    for one in deaf:
        signal.signal(one, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGTERM, 55, "heard 15\n"),
        (signal.SIGINT, 42, "interrupted\n"),
        (signal.SIGHUP, -signal.SIGHUP, ""),
        (signal.SIGUSR1, -signal.SIGUSR1, ""),
    ],
)
def test_signals_reach_the_command(
    asked: tuple[str, ...], hears_all: None, number: int, code: int, said: str
) -> None:
    with subprocess.Popen(
        [*asked, SIGNALLED], env=GIVEN, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.read() == said
        assert process.wait(60) == code


def test_a_signal_that_the_caller_does_not_hear_is_not_heard(asked: tuple[str, ...]) -> None:
    look = "import signal; print(signal.getsignal(2) == signal.SIG_IGN, signal.getsignal(15) == 0)"
    found = give(("bash", "-c", "trap '' INT; \"$@\"", "-", *asked), look)
    assert found.stdout == "True True\n"


def test_a_command_whose_caller_is_killed_is_killed(asked: tuple[str, ...]) -> None:
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with subprocess.Popen([*asked, code], env=GIVEN, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert runs(child)
        process.kill()
        assert waited(lambda: not runs(child))
    assert give(asked, "print(1)").stdout == "1\n"  # the server goes on


def test_commands_run_at_the_same_time(asked: tuple[str, ...], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(
        [*asked, f"print(open({str(pipe)!r}).read())"], env=GIVEN, stdout=subprocess.PIPE, text=True
    ) as first:
        second = give(asked, f"open({str(pipe)!r}, 'w').write('from the second')")
        assert second.returncode == 0
        assert first.communicate(timeout=60)[0] == "from the second\n"


def test_output_goes_on_where_the_file_ends(asked: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("w") as file:
        for word in ("one", "two"):
            give(asked, f"print({word!r})", capture_output=False, stdout=file)
    assert out.read_text() == "one\ntwo\n"


def test_children_share_no_chance_and_no_state(asked: tuple[str, ...]) -> None:
    code = "import random, tempfile; print(random.random(), tempfile.mktemp()); tempfile.was = 1"
    seen = [give(asked, f"import tempfile; assert not hasattr(tempfile, 'was')\n{code}").stdout
            for _ in range(3)]  # fmt: skip
    assert len({part for one in seen for part in one.split()}) == 6


def test_a_server_that_has_threads_does_not_start() -> None:
    busy = "import threading, time\nrun = lambda: threading.Thread(target=time.sleep, args=(5,), "
    with pytest.raises(RuntimeError, match="did not start"):
        prefork.start(f"{busy}daemon=True).start()\nprefork.serve(sys.argv[1], run)")


def test_nothing_stays_when_the_server_ends() -> None:
    server, folder = prefork.start(CODE)
    assert folder.stat().st_mode & 0o777 == 0o700
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with subprocess.Popen(
        [*prefork.client(folder), code], env=GIVEN, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        prefork.end(server, folder)
        assert server.returncode == 0
        assert not folder.exists()
        assert waited(lambda: not runs(child))
        assert b"has gone before" in process.communicate(timeout=60)[1]
        assert process.returncode == LOST


def test_nothing_stays_when_the_tests_are_killed(tmp_path: Path) -> None:
    code = (
        f"import os; from tests import prefork; server, folder = prefork.start({CODE!r}); "
        "print(server.pid, folder, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=prefork.REPOSITORY,
        env={**GIVEN, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    process, folder = done.stdout.split()
    assert waited(lambda: not runs(int(process)) and not Path(folder).exists())


def test_without_a_server_a_command_is_refused(tmp_path: Path) -> None:
    found = give(prefork.client(tmp_path), "print(1)")
    assert (found.returncode, found.stdout) == (LOST, "")
    assert "cannot be asked" in found.stderr


@pytest.mark.parametrize(
    ("given", "changed", "same"),
    [
        ([], {}, True),
        (["home", "show"], {b"PYTHONPATH": b"/src", b"LC_ALL": b"C.UTF-8"}, True),
        (["home"], {b"LANG": b"C.UTF-8"}, True),
        (["home"], {b"LC_ALL": b"", b"LANG": b"en_GB.ISO-8859-1"}, False),
        (["home"], {b"LC_ALL": b"C"}, False),
        (["home"], {b"PYTHONPATH": b"/other"}, False),
        (["home"], {b"PYTHONIOENCODING": b"ascii"}, False),
        (["ledger", "witness", "serve", "x"], {}, False),
        (["worker", "--room", "vault"], {}, False),
        (["--home", "x", "demo"], {}, False),
    ],
)
def test_what_a_child_could_not_be_is_left_to_a_new_interpreter(
    given: list[str], changed: dict[bytes, bytes], same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("posix.isatty", lambda _: False)
    monkeypatch.setattr("posix.fstat", lambda _: None)
    assert alike(given, {b"PYTHONPATH": b"/src", **changed}, "/src") is same


@pytest.mark.parametrize("ends", [0, 1, 2])
def test_terminals_and_closed_descriptors_get_a_new_interpreter(
    ends: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(number: int) -> None:
        if number == ends:
            raise OSError

    monkeypatch.setattr("posix.isatty", lambda number: number == ends)
    assert not alike([], {b"PYTHONPATH": b"/src"}, "/src")
    monkeypatch.setattr("posix.isatty", lambda _: False)
    monkeypatch.setattr("posix.fstat", closed)
    assert not alike([], {b"PYTHONPATH": b"/src"}, "/src")


def test_a_new_interpreter_runs_the_command_itself(asked: tuple[str, ...]) -> None:
    found = give(asked, "--version", env={**GIVEN, "PYTHONHASHSEED": "1"})
    assert found.stdout.startswith("commonweal ")


@pytest.mark.parametrize(
    "given",
    [
        ["--help"],
        ["nonsense"],
        ["home", "show", "--json"],
        ["home", "create", "--name", "W", "--demo"],
    ],
    ids=" ".join,
)
def test_commands_of_commonweal_say_the_same(given: list[str], tmp_path: Path) -> None:
    seen = []
    for place, start in enumerate((prefork.command(), (sys.executable, "-c", ENTRY))):
        home, store = tmp_path / str(place) / "home", tmp_path / str(place) / "store"
        home.parent.mkdir()
        settings = {"COMMONWEAL_HOME": str(home), "COMMONWEAL_ROOT_STORE": str(store)}
        found = give(start, *given, env={**GIVEN, **settings})
        words = [one.replace(str(home.parent), "") for one in (found.stdout, found.stderr)]
        words = [re.sub(r"[0-9a-f]{32}\S*", "the key", one) for one in words]
        seen.append((found.returncode, *words, sorted(p.name for p in home.parent.iterdir())))
    assert seen[0] == seen[1]
