"""Pictures and texts of an output that waits: shown as the file that would leave, and as nothing
else, to those who judge it, while they judge it (S18, S6).
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Fault
from tests.web.conftest import Page
from tests.web.outputs.review_house import (
    OUT,
    chart,
    drawn,
    furnish,
    heard,
    signed_in,
    told_code,
    vote,
    with_code,
    with_file,
)

pytestmark = pytest.mark.usefixtures("db")
FILES = f"/outputs/review/{OUT}/files"
PICTURE = f"{FILES}/4/picture"
TEXTS = {"born.csv": f"{FILES}/1/text", "map.svg": f"{FILES}/5/text",
         "work.ipynb": f"{FILES}/6/text"}  # fmt: skip
PNG = chart()


def status(who: str, address: str) -> int:
    return int(signed_in(who).get(address).status_code)


def test_a_picture_is_the_frozen_file_and_can_do_nothing() -> None:
    furnish(made=drawn())
    answer = signed_in("tara").get(PICTURE)
    assert answer.status_code == 200
    assert answer.content == PNG
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"] == 'inline; filename="picture-4.png"'
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    page = Page(signed_in("tara").get(f"{FILES}/4"))
    assert f'src="{PICTURE}"' in page.html


def test_texts_are_plain_text_on_a_page() -> None:
    furnish(made=drawn())
    tara = signed_in("tara")
    drawing, notebook = (tara.get(TEXTS[name]) for name in ("map.svg", "work.ipynb"))
    for answer in (drawing, notebook):
        assert answer["Content-Type"].startswith("text/html")
        assert answer["Cache-Control"] == "no-store"
    assert b"<svg xmlns" not in drawing.content.split(b"<main")[1]
    assert b"&lt;svg xmlns=" in drawing.content
    assert "[markdown] # Stays [code] print('<b>1</b>')" in " ".join(Page(notebook).text.split())
    assert b"<b>1</b>" not in notebook.content
    assert "ward,sex,people" in Page(tara.get(TEXTS["born.csv"])).text


def test_whoever_may_not_look_finds_nothing_and_all_alike() -> None:
    """The author, people of the project, everybody else of the hospital, and nobody signed in."""
    furnish(made=drawn())
    said = set()
    for who in ("amara", "bethan", "edward", "farah", "owen", "priya", "rosa", "kate", "mary"):
        for address in (PICTURE, *TEXTS.values(), f"{FILES}/99/picture",
                        "/outputs/review/no-such/files/1/picture"):  # fmt: skip
            answer = signed_in(who).get(address)
            assert answer.status_code == 404, (who, address)
            assert PNG[:40] not in answer.content
            said.add(Page(answer).html.split("<h1")[1].split("</h1>")[0])
    assert len(said) == 1


def test_nobody_who_is_not_signed_in_is_shown_anything(client: Any) -> None:
    furnish(made=drawn())
    for address in (PICTURE, *TEXTS.values()):
        answer = client.get(address)
        assert answer.status_code in (302, 404)
        assert answer.get("Content-Type", "") != "image/png"


@pytest.mark.parametrize(
    "state", ["approved", "releasing", "released", "recalled", "returned", "rejected", "withdrawn",
              "expired", "draft"],
)  # fmt: skip
def test_nothing_is_shown_once_nobody_judges(state: str) -> None:
    row = furnish(made=drawn())
    row.state = state
    row.save()
    assert {status("tara", one) for one in (PICTURE, *TEXTS.values())} == {404}


def test_nothing_is_shown_after_its_time_or_to_somebody_with_an_interest() -> None:
    from commonweal.web.config import clock

    row = furnish(made=drawn(), votes=[vote("tara", "conflicted", 1)])
    heard("tara", "conflicted", 1)
    assert status("tara", PICTURE) == 404
    assert status("umar", PICTURE) == 200
    row.expires_at = clock.now() - timedelta(seconds=1)
    row.save()
    assert status("umar", PICTURE) == 404


@pytest.mark.parametrize("address", [f"{FILES}/1/picture", f"{FILES}/5/picture",
                                     f"{FILES}/6/picture", f"{FILES}/4/text"])  # fmt: skip
def test_a_file_is_shown_as_what_it_is_and_not_as_another(address: str) -> None:
    furnish(made=drawn())
    assert status("tara", address) == 404


def test_bytes_that_were_changed_in_the_database_are_not_shown() -> None:
    from commonweal.web.outputs.contents import as_kept
    from commonweal.web.outputs.models import ReviewFile

    furnish(made=drawn())
    for path, content in (("chart.png", PNG[:-1]), ("born.csv", b"ward\nsecret\n")):
        row = ReviewFile.objects.get(path=path)
        row.content = as_kept(content)
        row.save()
    assert {status("tara", one) for one in (PICTURE, TEXTS["born.csv"])} == {404}
    text = Page(signed_in("tara").get(f"{FILES}/4")).text
    assert "This picture is not shown." in text
    assert "is not the file that would leave" in text


def test_a_file_of_another_output_or_turn_is_not_shown_in_its_place() -> None:
    from commonweal.web.outputs.models import ReviewFile

    furnish(made=drawn())
    furnish(name="out-2", made=drawn())
    ReviewFile.objects.filter(papers__output__reference=OUT).delete()
    assert status("tara", PICTURE) == 404
    assert status("tara", PICTURE.replace(OUT, "out-2")) == 200
    assert "too large to be shown here" in Page(signed_in("tara").get(f"{FILES}/4")).text


def test_files_go_with_the_papers() -> None:
    from commonweal.web.outputs.models import ReviewFile

    row = furnish(made=drawn())
    assert ReviewFile.objects.count() == 6
    row.papers.delete()
    assert ReviewFile.objects.count() == 0


def test_long_texts_are_in_pages_and_long_lines_are_broken() -> None:
    found = drawn()
    content = ("x" * 2_500 + "\n" + "line\n" * 500).encode()
    furnish(made=with_file(found, "born.csv", content))
    tara = signed_in("tara")
    first, last = (Page(tara.get(f"{TEXTS['born.csv']}?page={one}")) for one in (1, 3))
    assert "Lines 1 to 200 of 503" in first.text
    assert "Lines 401 to 503 of 503" in last.text
    assert "x" * 1_000 in first.html
    assert "x" * 1_001 not in first.html
    for wrong in ("0", "-1", "99", "x", "1e9", "٣"):
        assert tara.get(f"{TEXTS['born.csv']}?page={wrong}").status_code == 200


# --- pictures that are more than a picture ------------------------------------------------------


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


HEADER, PIXELS, END = PNG[8:33], PNG[33:-12], PNG[-12:]
SIGN = PNG[:8]
SCRIPT = b"<script>alert(1)</script>"
HOSTILE = {
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a page": b"<!doctype html><script>alert(1)</script>",
    "nothing": b"",
    "only the sign": SIGN,
    "an archive behind it": PNG + b"PK\x03\x04" + b"\0" * 40,
    "a page behind it": PNG + SCRIPT,
    "a page before it": SCRIPT + PNG,
    "text in it": SIGN + HEADER + chunk(b"tEXt", b"Comment\0" + SCRIPT) + PIXELS + END,
    "another kind of chunk": SIGN + HEADER + PIXELS + chunk(b"prVt", b"x") + END,
    "something in its end": SIGN + HEADER + PIXELS + chunk(b"IEND", SCRIPT),
    "two runs of pixels": SIGN + HEADER + PIXELS + PIXELS + END,
    "no end": SIGN + HEADER + PIXELS,
    "a wrong sum": SIGN + HEADER + PIXELS[:-1] + bytes([PIXELS[-1] ^ 1]) + END,
    "a length beyond its end": SIGN + HEADER + b"\xff\xff\xff\xff" + PIXELS[4:] + END,
    "colours from a list": SIGN + chunk(b"IHDR", HEADER[8:16] + b"\x08\x03\0\0\0") + PIXELS + END,
    "a jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 60 + b"\xff\xd9",
}


@pytest.mark.parametrize("what", sorted(HOSTILE))
def test_what_is_more_than_a_plain_picture_is_never_sent_as_one(what: str) -> None:
    """Even if it was frozen and signed: as an airlock would have it that copies what came."""
    from commonweal.web.outputs.contents import is_plain_png

    content = HOSTILE[what]
    assert not is_plain_png(content)
    furnish(made=with_file(drawn(), "chart.png", content))
    answer = signed_in("tara").get(PICTURE)
    assert answer.status_code == 404
    assert SCRIPT not in answer.content
    page = signed_in("tara").get(f"{FILES}/4")
    assert SCRIPT not in page.content
    assert b"review-picture" not in page.content


def test_what_the_airlock_writes_is_plain() -> None:
    from commonweal.web.outputs.contents import is_plain_png

    assert is_plain_png(PNG)


# --- the worker ---------------------------------------------------------------------------------


def test_the_worker_tells_what_was_frozen_and_nothing_too_large(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from commonweal.web.outputs.models import ReviewFile
    from commonweal.web.outputs.workers import contents

    found = drawn()
    row = furnish(made=replace(found, contents={}))
    for name, content in found.contents.items():
        (tmp_path / name).write_bytes(content)

    def content_of(file: Any) -> bytes:
        content = (tmp_path / file.path).read_bytes()
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != file.sha256:
            raise Fault("CW-LEAVING-FILE", "It is another.")
        return content

    turn: Any = SimpleNamespace(manifest=found.manifest, content=content_of)
    contents.tell_contents(row.papers, turn)
    told = {one.path: base64.b64decode(one.content) for one in ReviewFile.objects.all()}
    assert told == found.contents
    (tmp_path / "map.svg").unlink()
    (tmp_path / "map.svg").symlink_to(tmp_path / "chart.png")
    monkeypatch.setattr(contents, "MOST_TEXT", 200)
    contents.tell_contents(row.papers, turn)
    told = {one.path: base64.b64decode(one.content) for one in ReviewFile.objects.all()}
    assert "map.svg" not in told, "another file is not shown in its place"
    assert told["chart.png"] == PNG
    assert all(len(one) <= 200 for path, one in told.items() if path != "chart.png")
    monkeypatch.setattr(contents, "MOST_ALL", 10)
    contents.tell_contents(row.papers, turn)
    assert ReviewFile.objects.count() == 0


# What a browser shows of it by itself: a comment that ends at the line's end.
TURNED = (
    "keep = 1 \u202e# \u2066 leave out who said no\u2069 \u2066\nsend\u200b_all = 2\t# caf\u00e9\n"
)


def test_code_hides_nothing_from_who_judges_it() -> None:
    """The attack: signs that turn the direction of text let code read as a comment."""
    furnish(made=with_code(drawn(), told_code({"main.py": TURNED})))
    page = signed_in("tara").get(f"/outputs/review/{OUT}/code").content.decode()
    assert not any(sign in page for sign in "\u202e\u2066\u2069\u200b")
    assert "keep = 1 [U+202E]# [U+2066] leave out who said no[U+2069] [U+2066]" in page
    assert "send[U+200B]_all = 2\t# caf\u00e9" in page


def test_texts_hide_nothing_either() -> None:
    from commonweal.web.outputs.contents import visible

    assert visible("plain text, 5") == "plain text, 5"
    assert visible("caf\u00e9\t\u4e2d\n") == "caf\u00e9\t\u4e2d\n"
    assert visible("a\ufeffb\x08c\u2028d\xad") == "a[U+FEFF]b[U+0008]c[U+2028]d[U+00AD]"
