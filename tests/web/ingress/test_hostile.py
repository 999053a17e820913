"""Hostile and mistaken uploads: each comes to nothing, in words that its sender can use."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.web.conftest import Page
from tests.web.ingress.room import TABLE, Room
from tests.web.ingress.test_journey import form
from tests.web.own_permits import OWN
from tests.web.releases.room import LIVE


def rows() -> int:
    from commonweal.web.ingress.models import Offering

    return int(Offering.objects.count())


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no file": ({"file": ""}, "Choose a file"),
    "an empty file": ({"content": b""}, "empty"),
    "another ending": ({"name_": "a.pkl"}, "The name must end with"),
    "a name without an ending": ({"name": "csv"}, "The name must end with"),
    "a way out": ({"name": "../../x.csv"}, "does not have the right form"),
    "a way out with dots": ({"name": "a..csv"}, "is wrong"),
    "a long name": ({"name": f"{'a' * 70}.csv"}, "too long"),
    "a name with a space": ({"name": "a b.csv"}, "does not have the right form"),
    "a licence of one's own making": ({"licence": "Free"}, "Select a valid choice"),
    "another licence without a name": ({"licence": "own"}, "Write LicenseRef-"),
    "another licence that is a way out": (
        {"licence": "own", "own_licence": "LicenseRef-../x"}, "does not have the right form"
    ),
    "no licence": ({"licence": ""}, "Choose the licence"),
    "nothing said": ({"about": " "}, "Say in a line what it is"),
    "too much said": ({"about": "a" * 501}, "at most 500"),
    "another project": ({"permit": LIVE}, "Select a valid choice"),
    "all projects": ({"permit": "all"}, "Select a valid choice"),
    "no project": ({"permit": ""}, "Say for which project"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_taken(what: str, bare: Room, browser_of: Callable[[str], Any]) -> None:
    changes, words = REFUSED[what]
    changes = dict(changes)
    sent = form(changes.pop("content", TABLE), changes.pop("name_", "imd.csv")) | changes
    answer = browser_of("amara").post("/ingress/bring", sent)
    assert answer.status_code == 200
    assert words in Page(answer).text, Page(answer).text[:3000]
    assert rows() == 0


def test_hidden_characters_are_refused_at_the_door(
    bare: Room, browser_of: Callable[[str], Any]
) -> None:
    amara = browser_of("amara")
    for changes in ({"name": "i\u202emd.csv"}, {"about": "a\u0000b"}, {"about": "a\u202eb"}):
        answer = amara.post("/ingress/bring", form() | changes)
        assert answer.status_code in (200, 400, 403), changes
        assert rows() == 0


def test_too_large_and_two_at_once(bare: Room, browser_of: Callable[[str], Any]) -> None:
    from commonweal.web.ingress.models import MOST_BYTES

    amara = browser_of("amara")
    answer = amara.post("/ingress/bring", form(b"a" * (MOST_BYTES + 200_000)))
    assert "larger than 20 MB" in Page(answer).text
    answer = amara.post("/ingress/bring", form(b"a" * (MOST_BYTES + 1)))
    assert "larger than 20 MB" in Page(answer).text
    two = [SimpleUploadedFile("a.csv", TABLE), SimpleUploadedFile("b.csv", TABLE)]
    answer = amara.post("/ingress/bring", form() | {"file": two})
    assert "one file at a time" in Page(answer).text
    assert rows() == 0


def bomb() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/a.py", b"\0" * (200 * 1024 * 1024))
        archive.writestr("x-1.dist-info/RECORD", "x/a.py,,\n")
    return sink.getvalue()


def tensors(name: str) -> bytes:
    head = json.dumps({name: {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode()
    return len(head).to_bytes(8, "little") + head + b"\0"


SCANNED: dict[str, tuple[str, bytes]] = {
    "a pickle": ("a.safetensors", b"\x80\x04\x95\x00\x00cos\nsystem\n(S'id'\ntR."),
    "a program": ("a.csv", b"\x7fELF" + b"\0" * 100),
    "a zip as a table": ("a.parquet", bomb()[:1000]),
    "a package of zeros": ("a.whl", bomb()),
    "a package with a way out": ("b.whl", b"PK\x03\x04../x"),
    "no name of a part": ("b.safetensors", tensors("")),
    "a table that is cut off": ("b.parquet", b"PAR1" + b"\xff" * 50 + b"PAR1"),
    "a column of NHS numbers": ("b.csv", b"NHS Number,x\n1,2\n"),
}


@pytest.mark.parametrize("what", SCANNED)
def test_what_the_sandbox_finds(what: str, room: Room, browser_of: Callable[[str], Any]) -> None:
    name, content = SCANNED[what]
    row = room.scanned(content=content, name=name)
    assert (row.state, row.code) == ("unfit", "CW-INGRESS-SCAN"), row.sentence
    assert room.nothing_in()
    page = browser_of("amara").get(f"/ingress/{row.reference}/")
    assert "Something in it does not fit" in Page(page).text


def test_names_inside_are_shown_and_never_run(room: Room, browser_of: Callable[[str], Any]) -> None:
    """Markup, lines, directions and length in a column's name."""
    head = '<script>alert(1)</script>,"a\nb",\u202egnp,' + "c" * 5000
    row = room.scanned(content=f"{head}\n1,2,3,4\n".encode())
    assert row.state == "scanned", (row.code, row.sentence)
    page = Page(browser_of("amara").get(f"/ingress/{row.reference}/"))
    assert "<script>alert" not in page.html
    assert "a?b" in page.text
    assert "\u202e" not in page.html
    assert "c" * 200 not in page.html
    assert max(len(one) for one in row.names) <= 120


def test_a_file_is_never_given_back(room: Room, browser_of: Callable[[str], Any]) -> None:
    """No page has the bytes: nobody can use this to hand a file to somebody else."""
    row = room.offered(content=b"secret_cell\nneedle\n")
    for who in ("amara", "bethan", "farah"):
        client = browser_of(who)
        for path in ("", "offered", f"{row.reference}/"):
            assert "needle" not in client.get(f"/ingress/{path}").content.decode()
    assert OWN in Page(browser_of("farah").get(f"/ingress/{row.reference}/")).text
