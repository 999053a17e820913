"""S4, S18: what a hostile run leaves harms nobody who collects it.

Each story is a script that runs in the sandbox and leaves something. Our collection refuses it; the
naive twin copies a folder as one copies folders, and reads what it should not, waits for ever, or
takes what was not declared.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from commonweal.foundation.errors import Fault
from commonweal.sandbox.collecting import Collected, Declaration, Declared, collect
from commonweal.sandbox.orders import MIB
from commonweal.sandbox.running import running
from tests.security.escape import world as worlds

RESULT = Declaration((Declared("result.csv", MIB), Declared("more/deep.csv", MIB, False)), MIB)
GOOD = "open('/outputs/result.csv', 'w').write('a,b\\n1,2\\n')\n"

STORIES: list[tuple[str, str, str]] = [
    ("a link to the machine's passwords", "os.symlink('/etc/passwd', 'result.csv')", "KIND"),
    ("a link to a file of its own", GOOD + "os.symlink('result.csv', 'x')", "KIND"),
    ("a link that leads nowhere", GOOD + "os.symlink('nowhere', 'x')", "KIND"),
    ("a link instead of a folder", GOOD + "os.symlink('/usr', 'more')", "KIND"),
    ("a link to the folder above", GOOD + "os.symlink('..', 'more')", "KIND"),
    ("a second name for a file", GOOD + "os.link('result.csv', 'x.csv')", "KIND"),
    ("a declared file with a second name elsewhere",
     GOOD + "os.mkdir('more'); os.link('result.csv', 'more/deep.csv')", "KIND"),
    ("a socket", "import socket; s = socket.socket(socket.AF_UNIX); s.bind('result.csv')", "KIND"),
    ("a sticky file", GOOD + "os.chmod('result.csv', 0o1644)", "KIND"),
    ("a sticky folder", GOOD + "os.mkdir('more'); os.chmod('more', 0o1755)", "KIND"),
    ("a folder with the name of a file", "os.mkdir('result.csv')", "NAME"),
    ("a file with the name of a folder", GOOD + "open('more', 'w')", "NAME"),
    ("a file that was not declared", GOOD + "open('other.csv', 'w')", "NAME"),
    ("a hidden file", GOOD + "open('.hidden', 'w')", "NAME"),
    ("a name with a line break and colours", GOOD + "open('a\\n\\x1b[31m', 'w')", "NAME"),
    ("a name that is no text", GOOD + "open(b'\\xff\\xfe', 'w')", "NAME"),
    ("a name from right to left", GOOD + "open('\\u202egnp.csv', 'w')", "NAME"),
    ("a name that looks the same", "open('/outputs/r\\u0435sult.csv', 'w').write('a')", "NAME"),
    ("a name in other letters", "open('/outputs/RESULT.csv', 'w').write('a')", "NAME"),
    ("a name with a space behind it", GOOD + "open('result.csv ', 'w')", "NAME"),
    ("an empty folder that tells one bit", GOOD + "os.mkdir('yes')", "NAME"),
    ("a folder in a folder", GOOD + "os.makedirs('more/and/more/and/more')", "NAME"),
    ("more files than declared", GOOD + "[open(f'f{n}', 'w').close() for n in range(900)]", "NAME"),
    ("a file that is too large", "open('result.csv', 'w').write('x' * (1 << 20) + 'x')", "LIMIT"),
    ("files that are too large together",
     "os.mkdir('more')\nfor n in ('result.csv', 'more/deep.csv'): open(n, 'w').write('x' * 600000)",
     "LIMIT"),
    ("a file with a hole", "f = open('result.csv', 'w'); f.truncate(900000)", "KIND"),
    ("a file with a hole in the middle",
     "f = open('result.csv', 'w'); f.write('x'); f.seek(900000); f.write('x')", "KIND"),
    ("nothing", "pass", "MISSING"),
    ("nothing that was asked for", "os.mkdir('more'); open('more/deep.csv', 'w')", "MISSING"),
]  # fmt: skip


def left_by(script: str, into: Path, declaration: Declaration = RESULT) -> tuple[Collected, ...]:
    with running(worlds.script_run(f"import os\nos.chdir('/outputs')\n{script}"),
                 worlds.job_user()) as job:  # fmt: skip
        outcome = job.wait()
        assert outcome.state == "finished", outcome.errors
        return collect(job.outputs, declaration, into, owner=worlds.job_uid())


@pytest.mark.parametrize(("script", "code"), [(s, c) for _, s, c in STORIES],
                         ids=[name for name, _, _ in STORIES])  # fmt: skip
def test_what_is_left_is_refused(script: str, code: str, tmp_path: Path) -> None:
    into = tmp_path / "taken"
    with pytest.raises(Fault) as refused:
        left_by(script, into)
    assert refused.value.code == f"CW-COLLECT-{code}"
    assert list(tmp_path.iterdir()) == []
    # A name that was not declared could tell what is in the data: no message repeats it.
    for word in ("hidden", "other", "x1b", "gnp", "yes", "and", "passwd", "nowhere"):
        assert word not in refused.value.sentence.split()


def test_what_was_declared_is_taken(tmp_path: Path) -> None:
    into = tmp_path / "taken"
    script = GOOD + "os.mkdir('more'); open('more/deep.csv', 'w').write('x')"
    taken = left_by(script, into)
    assert [one.path for one in taken] == ["more/deep.csv", "result.csv"]
    assert [one.size for one in taken] == [1, 8]
    assert taken[1].sha256 == "sha256:" + hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert (into / "result.csv").read_text() == "a,b\n1,2\n"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in into.rglob("*") if path.is_file()}
    assert modes == {0o440}
    assert stat.S_IMODE(into.stat().st_mode) == 0o550
    assert {path.stat().st_uid for path in into.rglob("*")} == {os.geteuid()}


# --- the naive twin, and files that are swapped while they are read -----------------------------


def naive(folder: Path, into: Path) -> None:
    """Copy a folder as one copies folders: by path, and through links."""
    shutil.copytree(folder, into)


def opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def ours(folder: Path, into: Path, while_reading: Callable[[str], None] = lambda _: None) -> None:
    descriptor = opened(folder)
    try:
        declaration = Declaration((Declared("result.csv", 8 * MIB),), 8 * MIB)
        collect(descriptor, declaration, into, owner=os.geteuid(), while_reading=while_reading)
    finally:
        os.close(descriptor)


def test_the_naive_twin_follows_a_link(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the machine")
    folder = tmp_path / "left"
    folder.mkdir()
    (folder / "result.csv").symlink_to(secret)
    naive(folder, tmp_path / "naive")
    assert (tmp_path / "naive" / "result.csv").read_text() == "of the machine"
    with pytest.raises(Fault, match="CW-COLLECT-KIND"):
        ours(folder, tmp_path / "ours")


def test_the_naive_twin_waits_for_ever_at_a_pipe(tmp_path: Path) -> None:
    folder = tmp_path / "left"
    folder.mkdir()
    os.mkfifo(folder / "result.csv")

    def read_it() -> None:
        (folder / "result.csv").read_bytes()

    stuck = threading.Thread(target=read_it, daemon=True)
    stuck.start()
    stuck.join(0.5)
    assert stuck.is_alive()
    with pytest.raises(Fault, match="CW-COLLECT-KIND"):
        ours(folder, tmp_path / "ours")
    os.close(os.open(folder / "result.csv", os.O_WRONLY))  # let the other go
    stuck.join()


def test_a_set_user_id_file_and_a_socket_are_refused(tmp_path: Path) -> None:
    for number, make in enumerate((_set_user_id, _socket)):
        folder = tmp_path / f"left-{number}"
        folder.mkdir()
        make(folder / "result.csv")
        with pytest.raises(Fault, match="CW-COLLECT-KIND"):
            ours(folder, tmp_path / "ours")


def _set_user_id(path: Path) -> None:
    path.write_text("x")
    path.chmod(0o4755)


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, 1)


def rewrite(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(b"B")


def swap(path: Path) -> None:
    other = path.with_name("result.new")
    other.write_bytes(b"b" * 5_000_000)
    other.replace(path)


def swap_for_a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def take_away(path: Path) -> None:
    path.unlink()


def second_name(path: Path) -> None:
    path.with_name("x").hardlink_to(path)


def change_mode(path: Path) -> None:
    path.chmod(0o4755)


CHANGES = (grow, shrink, rewrite, swap, swap_for_a_link, take_away, second_name, change_mode)


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_read(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = tmp_path / "left"
    folder.mkdir()
    path = folder / "result.csv"
    path.write_bytes(b"a" * 5_000_000)
    with pytest.raises(Fault, match="CW-COLLECT-CHANGED"):
        ours(folder, tmp_path / "ours", lambda _: change(path))
    assert not (tmp_path / "ours").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["left"]


def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "left"
    folder.mkdir()
    (folder / "result.csv").write_text("x")
    descriptor = opened(folder)
    declaration = Declaration((Declared("result.csv", MIB),), MIB)
    with pytest.raises(Fault, match="CW-COLLECT-KIND"):
        collect(descriptor, declaration, tmp_path / "ours", owner=os.geteuid() + 1)
    os.close(descriptor)
