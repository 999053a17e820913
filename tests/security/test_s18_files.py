"""S18: a file of a study that takes its parser over gets nothing, and hands nothing on.

The naive twin parses beside the secrets and hands on the file itself, or what the parser gives it.
Ours parses in the sandbox and writes what leaves from values, so that a parser which is the
attacker's can only lie about figures and pixels, in front of two people.
"""

from __future__ import annotations

import ast
import importlib.util
import io
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import commonweal
from commonweal.airlock.files.looking import FileLook, look
from commonweal.airlock.files.parsers import common
from commonweal.cli.main import run
from commonweal.sandbox import parsing
from commonweal.sandbox.box import Sandbox
from commonweal.sandbox.orders import Mount, Runtime
from commonweal.sandbox.runtimes import CODE, python_runtime
from tests.files_house import COUNTS_FILE, SACRO, plot, png_of, zip_of
from tests.unit.choices.helpers import nhs_numbers

SOURCE = Path(commonweal.__file__).parent
PARSERS = SOURCE / "airlock" / "files" / "parsers"
SECRET = "key of the custodian"

TAKEN_OVER = """
import base64, json, os

def parse(stream, options):
    how = stream.read().decode().split()[0]
    return globals()[how]()

def plain(detected, body=None, sheets=(), notes=None):
    return {"detected": detected, "notes": notes or {}, "sheets": list(sheets), "body": body or {}}

def steals():
    with open("SECRET_PLACE") as f:
        return plain("png", {"width": 1, "height": 1, "rgb": f.read()})

def remembers():
    return plain("csv", sheets=[{"name": "t", "form": "table", "rows": 1, "columns": [
        {"name": "n", "values": [" ".join(os.environ)]}]}])

def a_file():
    return plain("png", {"png": base64.b64encode(b"PK" * 99).decode()})

def more_pixels():
    return plain("png", {"width": 1, "height": 1, "rgb": base64.b64encode(b"PK" * 99).decode()})

def other_kind():
    return plain("svg", {"width": 1, "height": 1, "rgb": base64.b64encode(b"abc").decode()})

def new_field():
    return {**plain("png"), "content": "UEsDBA=="}

def new_note():
    return plain("png", {"width": 1, "height": 1, "rgb": "YWJj"}, notes={"943 476 5919": 1})

def a_script():
    return plain("svg", {"events": [["open", "svg", []], ["open", "script", []], ["text", "x()"],
                                    ["close", "script"], ["close", "svg"]]})

def a_handler():
    return plain("svg", {"events": [["open", "svg", [["onload", "x()"]]], ["close", "svg"]]})

def a_tag_in_a_tag():
    return plain("svg", {"events": [["open", "g><script", []], ["close", "g><script"]]})

def a_name_in_a_name():
    return plain("svg", {"events": [["open", "svg", [["x onload=x() y", "1"]]], ["close", "svg"]]})

def a_style():
    return plain("svg", {"events": [["open", "svg", []], ["open", "style", []],
                                    ["text", "@import url(//x)"], ["close", "style"],
                                    ["close", "svg"]]})

def not_closed():
    return plain("svg", {"events": [["open", "svg", []]]})

def more_rows():
    return plain("csv", sheets=[{"name": "t", "form": "table", "rows": 3, "columns": [
        {"name": "n", "values": ["1"] * 6000}]}])

def fewer_rows():
    return plain("csv", sheets=[{"name": "t", "form": "table", "rows": 300, "columns": [
        {"name": "n", "values": ["1"]}]}])

HARMLESS = [{"name": "t", "form": "table", "rows": 1, "columns": [{"name": "n", "values": ["50"]}]}]

def beside_json():
    return plain("json", {"value": {"x": ["NUMBER_ONE", "NUMBER_TWO"]}}, HARMLESS)

def beside_ipynb():
    return plain("ipynb", {"cells": [{"type": "raw", "source": "NUMBER_ONE and NUMBER_TWO"}]},
                 HARMLESS)

def beside_svg():
    return plain("svg", {"events": [["open", "svg", [["class", "NUMBER_ONE NUMBER_TWO"]]],
                                    ["close", "svg"]]}, HARMLESS)

def beside_html():
    return plain("html", {"events": [["open", "p", []], ["text", "NUMBER_ONE"], ["close", "p"],
                                     ["open", "p", [["class", "NUMBER_TWO"]]], ["close", "p"],
                                     ["text", "NUMBER_TWO NUMBER_ONE"]]}, HARMLESS)

def text():
    return plain("csv", sheets=[{"name": "t", "form": "table", "rows": 1, "columns": [
        {"name": "n", "values": ["<script>x()</script>\\u202e\\x1b[2J=1+1"]}]}])
"""

STOPPED = {
    "steals": "a.png", "a_file": "b.png", "more_pixels": "c.png", "new_field": "d.png",
    "new_note": "e.png", "a_script": "f.svg", "a_handler": "g.svg", "a_tag_in_a_tag": "h.svg",
    "a_name_in_a_name": "i.svg", "a_style": "j.svg", "not_closed": "k.svg", "more_rows": "l.csv",
    "fewer_rows": "m.csv",
}  # fmt: skip


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A secret that the test, and so the naive twin, may read."""
    path = tmp_path / "secret"
    path.write_text(SECRET)
    return path


@pytest.fixture
def taken_over(tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our code, with another parser in the place of ours."""
    folder = tmp_path / "code" / "commonweal"
    shutil.copytree(SOURCE / "sandbox", folder / "sandbox")
    shutil.copytree(SOURCE / "airlock" / "files", folder / "airlock" / "files")
    for name in ("__init__.py", "airlock/__init__.py"):
        shutil.copy(SOURCE / name, folder / name)
    module = folder / "airlock" / "files" / "parsers" / "reading.py"
    one, two = nhs_numbers(2)
    hostile = TAKEN_OVER.replace("SECRET_PLACE", str(secret))
    module.write_text(hostile.replace("NUMBER_ONE", one).replace("NUMBER_TWO", two))

    def runtime() -> tuple[Runtime, str]:
        made, program = python_runtime()
        mounts = [m for m in made.mounts if m.target != f"{CODE}/commonweal"]
        mounts.append(Mount(folder, f"{CODE}/commonweal"))
        return Runtime(tuple(mounts), made.links, made.system_files), program

    monkeypatch.setattr(parsing, "python_runtime", runtime)
    monkeypatch.setenv("CUSTODIANS_SECRET", SECRET)
    return module


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    record = tmp_path_factory.mktemp("sandbox") / "users.json"
    return Sandbox.open(record, demo=True, cgroup=None)


def seen(sandbox: Sandbox, folder: Path, name: str, content: bytes) -> FileLook:
    (folder / name).write_bytes(content)
    kind = "figure" if name.endswith((".png", ".svg")) else "file"
    return look(folder / name, kind, sandbox, "p", SACRO)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", sorted(STOPPED))
def test_a_parser_that_was_taken_over_hands_nothing_on(
    how: str, taken_over: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    found = seen(sandbox, tmp_path, STOPPED[how], f"{how} ".encode())
    assert found.renderings == ()
    assert found.verdict == "fail"
    assert SECRET not in str(found)
    assert "943" not in str(found)


def test_it_cannot_say_that_a_file_is_of_another_kind(
    taken_over: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    found = seen(sandbox, tmp_path, "x.png", b"other_kind ")
    assert found.renderings == ()
    assert "type" in {one.rule for one in found.findings} or found.kind == "unreadable"
    assert found.verdict == "fail"


def test_it_sees_nothing_of_the_custodian(
    taken_over: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    (told,) = seen(sandbox, tmp_path, "x.csv", b"remembers ").renderings
    assert b"CUSTODIANS_SECRET" not in told.content


def test_what_it_says_in_cells_stays_text(
    taken_over: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    (told,) = seen(sandbox, tmp_path, "x.csv", b"text ").renderings
    assert told.content == b"n\r\n<script>x()</script>[2J=1+1\r\n"
    assert told.media == "text/csv"


@pytest.mark.parametrize("kind", ["json", "ipynb", "svg", "html"])
def test_it_cannot_tell_other_cells_than_leave(
    kind: str, taken_over: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It says that the file is a table with a harmless count; what would leave is judged."""
    found = seen(sandbox, tmp_path, f"x.{kind}", f"beside_{kind} ".encode())
    assert "identifier" in {one.rule for one in found.findings}
    assert found.verdict == "fail"


def test_the_naive_twin_gives_the_secret_and_the_file(taken_over: Path) -> None:
    spec = importlib.util.spec_from_file_location("taken_over", taken_over)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.parse(io.BytesIO(b"steals "), {})["body"]["rgb"] == SECRET
    environment = module.parse(io.BytesIO(b"remembers "), {})["sheets"][0]["columns"][0]["values"]
    assert "CUSTODIANS_SECRET" in environment[0]


def test_the_command_reads_files_in_the_sandbox_only(
    taken_over: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """`airlock check` on a machine without a home: the parser finds no secret where it runs."""
    monkeypatch.delenv("COMMONWEAL_HOME", raising=False)
    (tmp_path / "x.png").write_bytes(b"steals ")
    assert run(["airlock", "check", str(tmp_path / "x.png"), "--json"]) == 3
    told = capsys.readouterr().out
    assert SECRET not in told
    (file,) = json.loads(told)["files"]
    codes = {one["where"].get("code") for one in file["findings"]}
    assert (file["type"], codes) == ("unreadable", {None, "CW-PARSE-FAILED"})


# --- what leaves ------------------------------------------------------------------------------


def test_an_archive_behind_a_picture_leaves_with_the_naive_twin_only(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    polyglot = png_of(plot()) + zip_of({"patients.csv": COUNTS_FILE})
    # The naive twin looks at the first bytes, sees a picture and hands the file on.
    assert polyglot.startswith(b"\x89PNG")
    with zipfile.ZipFile(io.BytesIO(polyglot)) as handed_on:
        assert handed_on.namelist() == ["patients.csv"]
    found = seen(sandbox, tmp_path, "x.png", polyglot)
    assert found.verdict == "fail"
    (picture,) = found.renderings
    assert not zipfile.is_zipfile(io.BytesIO(picture.content))


def test_low_bits_do_not_leave(sandbox: Sandbox, tmp_path: Path) -> None:
    from PIL import Image

    bits = np.unpackbits(np.frombuffer(SECRET.encode() * 20, np.uint8))
    pixels = plot().reshape(-1)
    pixels[: len(bits)] = (pixels[: len(bits)] & 0xFE) | bits
    pixels = pixels.reshape(60, 90, 3)

    def read_bits(content: bytes) -> bytes:
        low = np.asarray(Image.open(io.BytesIO(content))).reshape(-1)[: len(bits)] & 1
        return np.packbits(low).tobytes()

    # The naive twin writes the picture anew, as it is.
    again = io.BytesIO()
    Image.open(io.BytesIO(png_of(pixels))).save(again, "PNG")
    assert SECRET.encode() in read_bits(again.getvalue())
    (picture,) = seen(sandbox, tmp_path, "x.png", png_of(pixels)).renderings
    assert SECRET.encode() not in read_bits(picture.content)
    shown = np.asarray(Image.open(io.BytesIO(picture.content))).astype(int)
    assert np.abs(shown - pixels).max() <= 3


# --- where parsers are ------------------------------------------------------------------------


def test_the_room_loads_no_parser_of_foreign_files() -> None:
    script = (
        "import sys, commonweal.airlock.files.looking\n"
        "print(' '.join(sorted({'PIL', 'openpyxl', 'defusedxml', 'nbformat', 'html.parser', "
        "'zipfile', 'xml.etree'} & set(sys.modules))))"
    )
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert set(said.stdout.split()) <= {"zipfile"}  # importlib.resources brings that one


def test_parsers_import_nothing_of_ours_but_themselves() -> None:
    for path in PARSERS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            ours = [name for name in names if name.startswith("commonweal")]
            assert all(name.startswith("commonweal.airlock.files.parsers") for name in ours), path


def test_only_parsers_read_foreign_bytes() -> None:
    """Outside of `parsers/`, nothing in the folder opens a file of a study."""
    reading: dict[str, Any] = {}
    for path in PARSERS.parent.glob("*.py"):
        text = path.read_text("utf-8")
        reading[path.name] = [
            word for word in ("read_bytes", ".open(", "read_text", "loads(") if word in text
        ]
    assert {name for name, words in reading.items() if words} == set()
    assert common.MOST_BYTES == 16 << 20
