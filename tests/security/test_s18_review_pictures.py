"""S18 on reviewers' pages: a picture that is more than a picture reaches no reviewer's browser.

The attack: a file that every decoder draws as a picture carries a page with a script besides, or
an archive. A service that asks a decoder whether it is a picture, as many do, sends it on whole; a
browser or a person who saves it then has the rest. Ours sends only what has the one form in which
the airlock writes pictures, and only the bytes that were signed. The worker's way in is tried as
well: it tells what was frozen, so that a study's own bytes never come near a page.
"""

from __future__ import annotations

import io
import struct
import zlib

import PIL.Image
import pytest

from tests.web.conftest import at, db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.review_house import OUT, chart, drawn, furnish, signed_in, with_file

PAGE = b"<html><script>alert(document.cookie)</script></html>"
ADDRESS = f"/outputs/review/{OUT}/files/4/picture"


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def carriers() -> dict[str, bytes]:
    """Pictures that carry a page: behind their end, as a comment, as a chunk that nobody knows."""
    whole = chart()
    head, rest = whole[:33], whole[33:]
    return {
        "behind its end": whole + PAGE,
        "as a comment": head + chunk(b"tEXt", b"Comment\0" + PAGE) + rest,
        "as compressed text": head + chunk(b"zTXt", b"c\0\0" + zlib.compress(PAGE)) + rest,
        "as a private chunk": head + chunk(b"prVt", PAGE) + rest,
        "as a picture that moves": head + chunk(b"acTL", b"\0\0\0\1\0\0\0\0") + rest,
    }


def naive(content: bytes) -> bytes | None:
    """The twin: whatever a decoder draws is sent as it is."""
    try:
        with PIL.Image.open(io.BytesIO(content)) as picture:
            picture.load()
    except OSError:
        return None
    return content


@pytest.mark.parametrize("where", sorted(carriers()))
@pytest.mark.usefixtures("db")
def test_the_twin_sends_what_is_hidden_and_ours_sends_nothing(where: str) -> None:
    content = carriers()[where]
    assert naive(content) == content, "the attack works on the twin"
    furnish(made=with_file(drawn(), "chart.png", content))
    answer = signed_in("tara").get(ADDRESS)
    assert answer.status_code == 404
    assert PAGE not in answer.content
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.usefixtures("db")
def test_whoever_owns_the_database_shows_no_other_picture() -> None:
    """A plain picture, drawn by the airlock as well, which is not the one that was signed."""
    from commonweal.web.outputs.contents import as_kept
    from commonweal.web.outputs.models import ReviewFile

    furnish(made=drawn())
    tara = signed_in("tara")
    assert tara.get(ADDRESS).status_code == 200
    other = chart(bars=(66, 66, 65, 65, 65, 65, 60, 60))
    assert naive(other) == other
    row = ReviewFile.objects.get(path="chart.png")
    row.content = as_kept(other)
    row.save()
    assert tara.get(ADDRESS).status_code == 404
    page = tara.get(ADDRESS.removesuffix("/picture"))
    assert b"review-picture" not in page.content
    assert b"This picture is not shown." in page.content
    first = tara.get(f"/outputs/review/{OUT}/")
    assert b"This picture is not shown." in first.content
