"""S18: a file that takes its parser over gets nothing; its answer is believed by its shape only.

The parsers here are what a parser becomes when a file has taken it over. The naive twin calls the
parser where the secrets are, and gives it what it asks for.
"""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import commonweal
from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage
from commonweal.sandbox import parsing
from commonweal.sandbox.orders import MIB, Mount, Runtime
from commonweal.sandbox.parsing import Parsed, Parsing, parse_in_sandbox, with_limits
from commonweal.sandbox.runtimes import CODE, python_runtime
from tests.security.escape import world as worlds

PARSERS = '''
import json, os, sys, time

class Invalid(Exception):
    parse_kind = "invalid"

class TooLarge(Exception):
    parse_kind = "limit"

def parse(stream, options):
    return globals()[options["how"]](stream, options)

def honest(stream, options):
    data = stream.read()
    stream.seek(0)
    return {"bytes": len(data), "again": len(stream.read()), "option": options["how"]}

def thief(stream, options):
    with open(options["path"]) as f:
        return {"bytes": len(f.read()), "again": 0, "option": "stolen"}

def sees(stream, options):
    return {"bytes": len(os.listdir("/proc")) if os.path.exists("/proc") else 0,
            "again": len([k for k in os.environ if "SECRET" in k]), "option": ""}

def descriptors(stream, options):
    found = []
    for number in range(3, 256):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return {"bytes": len(found), "again": 0, "option": ""}

def changes(stream, options):
    got = 0
    for how in (lambda: os.fchmod(0, 0o777), lambda: os.ftruncate(0, 0), lambda: os.write(0, b"x"),
                lambda: os.pwrite(0, b"x", 0), lambda: os.posix_fallocate(0, 0, 10_000_000)):
        try:
            how()
            got += 1
        except OSError:
            pass
    return {"bytes": got, "again": len(stream.read()), "option": ""}

def refuses(stream, options):
    raise Invalid("patient 943 476 5919")

def says_too_large(stream, options):
    raise TooLarge()

def raises(stream, options):
    raise ValueError(stream.read().decode())

def exits(stream, options):
    os._exit(0)

def dies(stream, options):
    os.kill(os.getpid(), 11)

def sleeps(stream, options):
    time.sleep(600)

def eats(stream, options):
    return {"bytes": len(bytearray(1 << 40)), "again": 0, "option": ""}

def prints(stream, options):
    print("943 476 5919")
    sys.stderr.write("943 476 5919")
    return honest(stream, options)

def floods(stream, options):
    return {"bytes": 1, "again": 1, "option": "x" * 50_000_000}

def deep(stream, options):
    value = []
    for _ in range(900):
        value = [value]
    return value

def not_json(stream, options):
    return {1, 2}

def nan(stream, options):
    return float("nan")

def list_(stream, options):
    return [1, 2]

def more(stream, options):
    return {"bytes": 1, "again": 1, "option": "", "more": "943 476 5919"}

def text(stream, options):
    return {"bytes": "943 476 5919", "again": 1, "option": ""}

def _direct(data):
    # Behind the back of the one that called: straight to where the answer goes.
    for number in range(3, 64):
        try:
            os.write(number, data)
        except OSError:
            pass
    os._exit(0)

def two(stream, options):
    _direct(b'{"answer":{"bytes":1,"again":1,"option":""}}{"answer":2}')

def doubled(stream, options):
    _direct(b'{"answer":1,"answer":{"bytes":1,"again":1,"option":""}}')

def both(stream, options):
    _direct(b'{"answer":{"bytes":1,"again":1,"option":""},"failed":"invalid"}')

def rubbish(stream, options):
    _direct(bytes(range(256)))

def quotes(stream, options):
    _direct(b'{"answer": 943 476 5919}')
'''  # fmt: skip

CODES = {
    "refuses": "FAILED", "says_too_large": "LIMIT", "raises": "FAILED", "exits": "ANSWER",
    "dies": "FAILED", "sleeps": "LIMIT", "eats": "LIMIT", "floods": "ANSWER", "deep": "ANSWER",
    "not_json": "FAILED", "nan": "FAILED", "list_": "ANSWER", "more": "ANSWER", "text": "ANSWER",
    "two": "ANSWER", "doubled": "ANSWER", "both": "ANSWER", "rubbish": "ANSWER",
    "quotes": "ANSWER", "thief": "FAILED", "unknown": "FAILED",
}  # fmt: skip
SECRET = "943 476 5919"


def shape(value: Any) -> tuple[int, int, str]:
    if not isinstance(value, dict) or set(value) != {"bytes", "again", "option"}:
        raise ValueError(f"not the shape: {value}")
    if not isinstance(value["bytes"], int) or not isinstance(value["again"], int):
        raise TypeError(f"not a number: {value}")
    return value["bytes"], value["again"], value["option"]


@pytest.fixture(autouse=True)
def hostile_code(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our code with one module more, mounted where our code is mounted."""
    folder = tmp_path_factory.mktemp("code") / "commonweal"
    real = Path(commonweal.__file__).parent
    (folder / "sandbox").mkdir(parents=True)
    for name in ("__init__.py", "sandbox/__init__.py", "sandbox/inside.py"):
        shutil.copy(real / name, folder / name)
    (folder / "hostile.py").write_text(PARSERS)

    def runtime() -> tuple[Runtime, str]:
        made, program = python_runtime()
        mounts = [m for m in made.mounts if m.target != f"{CODE}/commonweal"]
        mounts.append(Mount(folder, f"{CODE}/commonweal"))
        return Runtime(tuple(mounts), made.links, made.system_files), program

    monkeypatch.setattr(parsing, "python_runtime", runtime)
    monkeypatch.setenv("ESCAPE_SECRET", "x")
    return folder / "hostile.py"


PARSING = with_limits(
    Parsing(worlds.job_user(), None, cgroup=False, most_bytes=8 * MIB), wall_seconds=5.0
)


IMPATIENT = with_limits(PARSING, wall_seconds=1.0)


def parsed(how: str, file: Path, **options: str) -> Parsed[tuple[int, int, str]]:
    limits = IMPATIENT if how == "sleeps" else PARSING
    return parse_in_sandbox("commonweal.hostile", file, shape, limits, {"how": how, **options})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "foreign"
    path.write_text(f"name,number\nx,{SECRET}\n")
    return path


def test_an_honest_parser(file: Path) -> None:
    found = parsed("honest", file)
    size = file.stat().st_size
    assert found.answer == (size, size, "honest")
    assert found.size == size
    assert found.sha256.startswith("sha256:")


@pytest.mark.parametrize("how", sorted(CODES))
def test_a_parser_that_was_taken_over(how: str, file: Path) -> None:
    with pytest.raises(Fault) as refused:
        parsed(how, file, path=str(file))
    assert refused.value.code == f"CW-PARSE-{CODES[how]}"
    told = f"{refused.value}{refused.value.__cause__}{refused.value.as_dict()}"
    assert SECRET not in told
    assert "foreign" not in told


def test_it_sees_no_process_no_secret_and_no_descriptor(file: Path) -> None:
    assert parsed("sees", file).answer == (0, 0, "")
    # One: the copy of standard output on which it answers.
    assert parsed("descriptors", file).answer[0] == 1


def test_it_cannot_change_what_it_reads(file: Path) -> None:
    before = (file.read_bytes(), file.stat().st_mode, file.stat().st_mtime_ns)
    changed, left, _ = parsed("changes", file).answer
    assert left == len(before[0])
    # The mode of the copy in memory may change; its bytes may not.
    assert changed <= 1
    assert (file.read_bytes(), file.stat().st_mode, file.stat().st_mtime_ns) == before


def test_what_it_prints_is_dropped(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert parsed("prints", file).answer[2] == "prints"
    assert SECRET not in "".join(capfd.readouterr())


def naive(module: Path, file: Path, **options: str) -> Any:
    """Call the parser where one is."""
    spec = importlib.util.spec_from_file_location("hostile", module)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made.parse(io.BytesIO(file.read_bytes()), options)


def test_the_naive_twin_gives_everything(hostile_code: Path, file: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the custodian")
    assert naive(hostile_code, file, how="thief", path=str(secret))["bytes"] == 16
    assert naive(hostile_code, file, how="sees")["bytes"] > 10
    assert naive(hostile_code, file, how="sees")["again"] == 1
    assert SECRET in str(naive(hostile_code, file, how="more"))
    with pytest.raises(ValueError, match=SECRET):
        naive(hostile_code, file, how="raises")


@pytest.mark.parametrize(
    "module",
    ["os", "commonweal", "commonweal.", "commonweal.X", "a.b", "commonweal..x", "commonweal.x;y",
     "commonweal.x\n"],
)  # fmt: skip
def test_only_our_modules_parse(module: str, file: Path) -> None:
    with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
        parse_in_sandbox(module, file, shape, PARSING)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as stream:
        stream.truncate(8 * MIB + 1)
    with pytest.raises(Fault, match="CW-PARSE-LIMIT"):
        parsed("honest", path)


def test_what_is_no_plain_file(tmp_path: Path, file: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(file)
    for name in ("pipe", "link", ".", "nothing"):
        with pytest.raises(CommonwealError):
            parsed("honest", tmp_path / name)
