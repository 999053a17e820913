"""The public log over HTTP: in words, as files, and checked by the program that the page shows."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from commonweal.foundation.clock import SystemClock
from commonweal.ledger.check_proof import check, tile_path
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.events import TYPES
from commonweal.ledger.note import Note
from commonweal.vault.custody import open_custody, settle
from commonweal.web.config.trusting import LEDGER
from tests.web.conftest import Page

Get = Callable[..., Page]
REPOSITORY = Path(__file__).resolve().parents[2]
FILES = ("checkpoint", "tile/entries/000", "tile/0/000")


@pytest.fixture(scope="module")
def key(web_home: Path) -> Iterator[str]:
    """The log's key, which the signer has published."""
    from commonweal.web.publiclog.trusted import FILE
    from commonweal.web.publiclog.workers import publish_keys

    with open_custody(web_home, SystemClock(), root_store=web_home.with_name("stores")) as custody:
        settle(custody)
        publish_keys(custody)
        assert publish_keys(custody) == 0
        yield str(custody.ledger_keys_in_use[-1])
    (web_home / FILE).unlink()


def fetch(client: Any, place: str, status: int = 200) -> bytes:
    answer = client.get(f"/log/{place}")
    assert answer.status_code == status, (place, answer.status_code, answer.content[:300])
    return bytes(answer.content)


def size_of(client: Any) -> int:
    return Checkpoint.parse(Note.parse(fetch(client, "checkpoint")).text).size


@pytest.fixture
def served(client: Any, key: str, tmp_path: Path) -> Path:
    """Everything of the log that is served, in a folder, with the checker beside it."""
    size = size_of(client)
    assert 0 < size < 256
    for name in ("checkpoint", tile_path(-1, 0, size), tile_path(0, 0, size)):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(fetch(client, name))
    for name in ("check_proof.py", "check_log.py"):
        (tmp_path / name).write_bytes(fetch(client, name))
    return tmp_path


def run(folder: Path, key: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-c",
               f"import sys, runpy; sys.path.insert(0, {str(folder)!r}); "
               f"sys.argv = ['check_log.py', {str(folder)!r}, {key!r}]; "
               "runpy.run_path(sys.path[0] + '/check_log.py', run_name='__main__')"]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=False)


# --- checked from outside -----------------------------------------------------------------------


def test_the_ten_lines_prove_what_is_served(served: Path, key: str) -> None:
    done = run(served, key)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PROVED: all ")
    assert len((served / "check_log.py").read_text().splitlines()) == 10


def test_the_ten_lines_find_a_changed_byte_of_each_file(
    served: Path, key: str, client: Any
) -> None:
    from commonweal.ledger.check_proof import NotProved, check_log

    files = [one for one in served.rglob("*") if one.is_file() and one.suffix != ".py"]
    assert len(files) == 3

    def read(name: str) -> bytes:
        return (served / name).read_bytes()

    for file in files:
        content = file.read_bytes()
        for at in {0, 1, 2, 7, len(content) // 2, len(content) - 2, len(content) - 1}:
            file.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            with pytest.raises(NotProved):
                check_log(read, [key])
        for other in (content[:-1], content + b"\n", b""):
            file.write_bytes(other)
            with pytest.raises(NotProved):
                check_log(read, [key])
        if file.name != "checkpoint":
            file.write_bytes(content[:9] + bytes([content[9] ^ 1]) + content[10:])
            done = run(served, key)
            assert done.returncode == 1
            assert done.stderr.startswith("NOT PROVED. ")
        file.write_bytes(content)
    check_log(read, [key])


def test_the_program_and_the_checker_are_those_of_the_package_and_the_docs(client: Any) -> None:
    own = REPOSITORY / "src" / "commonweal"
    assert fetch(client, "check_proof.py") == (own / "ledger" / "check_proof.py").read_bytes()
    program = fetch(client, "check_log.py")
    assert program == (own / "web" / "publiclog" / "check_log.txt").read_bytes()
    how_to = REPOSITORY / "docs" / "how-to" / "check-the-public-log.md"
    assert program.decode() in how_to.read_text()


def test_each_proof_is_proved_and_no_other_entry_by_it(client: Any, key: str) -> None:
    size = size_of(client)
    for index in (0, size // 2, size - 1):
        found = check(fetch(client, f"proof/{index}.tlog-proof"), [key])
        assert (found["index"], found["log"], found["size"]) == (index, "public", size)
    fetch(client, f"proof/{size}.tlog-proof", 404)


# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    ["tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/x000/000",
     "tile/00/000", "tile/8/000", "tile/-1/000", "tile/entries/001", "tile/0/000", "tile/1/000",
     "tile/0/000.p/1/", "tile/../checkpoint", "tile/0/%2e%2e/000", "tile/0/x999/x999/x999/999",
     "tile/0/\u0660\u0660\u0660", "tile/sealed/000", "tile/", "tile/0/000.p/255",
     "proof/00.tlog-proof", "proof/-1.tlog-proof", "proof/1", "proof/sealed.tlog-proof",
     "proof/9999999999999999.tlog-proof", "proof/99999999999999999999.tlog-proof",
     "entries/00/", "entries/-1/", "entries/x/", "entries/9999999999999999/", "entries/1e3/",
     "entries/\u0663/"],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_plain_words(client: Any, key: str, place: str) -> None:
    answer = client.get(f"/log/{place}")
    assert answer.status_code == 404
    assert "Page not found" in answer.content.decode()


def test_files_say_what_they_are_and_how_long_they_keep(client: Any, key: str) -> None:
    kinds = {
        "checkpoint": ("text/plain; charset=utf-8", "no-cache"),
        "tile/0/000.p/1": ("application/octet-stream", "no-cache"),
        "tile/entries/000.p/1": ("application/octet-stream", "no-cache"),
        "epochs/1/checkpoint": ("text/plain; charset=utf-8", "no-cache"),
        "epochs/1/tile/0/000.p/1": ("application/octet-stream", "public, max-age=10"),
        "entries.csv": ("text/csv; charset=utf-8", "public, max-age=10"),
        "proof/0.tlog-proof": ("text/plain; charset=utf-8", "public, max-age=10"),
        "keys.json": ("application/json", "public, max-age=10"),
    }
    for place, kind in kinds.items():
        answer = client.get(f"/log/{place}")
        assert (answer["Content-Type"], answer["Cache-Control"]) == kind, place
        assert "Set-Cookie" not in answer
        assert client.post(f"/log/{place}").status_code == 405


# --- in words -----------------------------------------------------------------------------------


def test_the_page_says_how_many_and_that_nobody_outside_signed(page: Get, key: str) -> None:
    shown = page("/log/")
    assert "and anybody can check that nothing was changed or taken out." in shown.text
    assert "s key signed the log" in shown.text
    assert "Nobody outside the hospital has signed this newest state" in shown.text


def test_without_the_key_the_page_claims_nothing(page: Get, web_home: Path) -> None:
    from commonweal.web.publiclog.trusted import FILE

    held = (web_home / FILE).with_suffix(".held")
    there = (web_home / FILE).is_file()
    if there:
        (web_home / FILE).rename(held)
    try:
        shown = page("/log/")
        assert "This page could not check the signature just now." in shown.text
        assert "s key signed" not in shown.text
        assert "could not prove it just now" in page("/log/entries/0/").text
        page("/log/keys.json", status=404)
    finally:
        if there:
            held.rename(web_home / FILE)


@pytest.mark.parametrize("broken", [b"", b"{}", b"[]", b"\xff", b'{"format":"x"}'])
def test_a_broken_file_of_keys_claims_nothing(
    page: Get, key: str, web_home: Path, broken: bytes
) -> None:
    from commonweal.web.publiclog.trusted import FILE

    content = (web_home / FILE).read_bytes()
    (web_home / FILE).write_bytes(broken)
    try:
        assert "could not check the signature just now" in page("/log/").text
    finally:
        (web_home / FILE).write_bytes(content)


def test_entries_are_found_by_number_permit_and_release(client: Any, page: Get, key: str) -> None:
    answer = client.get("/log/", {"q": "0"})
    assert (answer.status_code, answer["Location"]) == (302, "/log/entries/0/")
    found = page("/log/?q=permit-1")
    assert "A project was paused. It may start no new work." in found.text
    assert "Permit: permit-0" not in found.text
    for nothing in ("permit-9", "permit-1.r1", "<script>", "' OR 1=1", "x" * 500, "999999999"):
        assert "No entry was found." in Page(client.get("/log/", {"q": nothing})).text
    one = page("/log/entries/0/")
    assert "Yes. This page worked it out just now" in one.text


def test_every_kind_of_public_entry_has_its_words() -> None:
    from commonweal.web.publiclog.words import LABELS, WORDS

    public = {name for name, row in TYPES.items() if row.log == "public"}
    assert WORDS.keys() == public
    fields = {name for kind in public for name in TYPES[kind].fields}
    assert LABELS.keys() <= fields
    for sentence in WORDS.values():
        assert not {"custodian", "Merkle", "cohort", "proxy"} & set(sentence.split())


def test_lines_come_in_pages_of_bounded_size(
    client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.publiclog import files

    monkeypatch.setattr(files, "PAGE", 3)
    size, found, place = size_of(client), [], "/log/entries.jsonl?from=0"
    while place:
        answer = client.get(place)
        lines = [json.loads(line) for line in answer.content.splitlines()]
        assert 0 < len(lines) <= 3
        found += lines
        link = answer.headers.get("Link", "")
        place = link[1:].partition(">")[0].partition("8000")[2] if link else ""
    assert [one["index"] for one in found] == list(range(size))
    for wrong in ("-1", "x", "01", "1.5", "9" * 30):
        assert client.get("/log/entries.jsonl", {"from": wrong}).status_code == 400
    assert client.get("/log/entries.jsonl", {"from": "9" * 15}).content == b""


def test_the_table_has_what_the_lines_have_and_no_formula(
    client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.publiclog import files

    lines = [json.loads(one) for one in fetch(client, "entries.jsonl").splitlines()]
    table = list(csv.DictReader(io.StringIO(fetch(client, "entries.csv").decode())))
    assert [json.loads(one["entry"]) for one in table] == [one["entry"] for one in lines]
    for row, line in zip(table, lines, strict=True):
        assert (row["number"], row["type"]) == (str(line["index"]), line["entry"]["type"])
        assert row["permit"] == line["entry"].get("permit", "")
        assert row["what it means"].endswith(".")
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())
    monkeypatch.setattr(files, "PAGE", 2)
    answer = client.get("/log/entries.csv", {"from": "1"})
    assert len(list(csv.DictReader(io.StringIO(answer.content.decode())))) == 2
    assert answer["Link"] == '<http://localhost:8000/log/entries.csv?from=3>; rel="next"'
    for wrong in ("-1", "x", "01", "=1"):
        assert client.get("/log/entries.csv", {"from": wrong}).status_code == 400


def test_the_feed_is_atom_with_the_newest_first(client: Any, key: str) -> None:
    root = ElementTree.fromstring(fetch(client, "log.atom"))
    space = "{http://www.w3.org/2005/Atom}"
    ids = [one.findtext(f"{space}id") or "" for one in root.findall(f"{space}entry")]
    assert ids[0].endswith(f":{size_of(client) - 1}")
    assert len(set(ids)) == len(ids) == min(50, size_of(client))


# --- load ---------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow(
    client: Any, key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """At 300 and at 3,000 entries, and each by an index."""
    from benchmarks.publiclog import PLACES, counted, fill
    from commonweal.web.publiclog import signed

    counts = []
    for size in (300, 3_000):
        path = tmp_path / f"{size}.sqlite"
        fill(path, size)
        monkeypatch.setattr(signed, "LEDGER", path)
        counts.append({name: counted(client, place(size)) for name, place in PLACES.items()})
    few, many = counts
    for name in few:
        # Proofs and roots read a node for each level of the tree, of which there are 9 and 12.
        assert many[name] <= few[name] + 4 * (12 - 9), (name, few[name], many[name])


def test_the_ledger_is_the_homes(web_home: Path) -> None:
    from commonweal.web.publiclog import signed

    assert signed.LEDGER == LEDGER
