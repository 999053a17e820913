"""Documents: what they really are, what is refused with a sentence, and who checks them."""

from __future__ import annotations

import hashlib
import io
import socketserver
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Refused, Unavailable
from tests.applications import content_data
from tests.web.applications.conftest import begin, fill
from tests.web.conftest import Page
from tests.web.desk.conftest import PDF, came_in, entries, in_state, send_again, sent

HASH = "sha256:" + hashlib.sha256(PDF).hexdigest()


def package(parts: dict[str, bytes], *, stored: str = "") -> bytes:
    """A package of parts; `stored`: the one that comes as it is."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            way = zipfile.ZIP_STORED if name == stored else zipfile.ZIP_DEFLATED
            made.writestr(zipfile.ZipInfo(name), content, way)
    return out.getvalue()


def docx(**more: bytes) -> bytes:
    parts = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>"}
    return package(parts | {name.replace("__", "/"): content for name, content in more.items()})


def odt() -> bytes:
    kind = b"application/vnd.oasis.opendocument.text"
    return package({"mimetype": kind, "content.xml": b"<o/>"}, stored="mimetype")


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data)
        )  # fmt: skip

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )


def locked() -> bytes:
    made = bytearray(docx())
    made[6] |= 1
    at = made.index(b"PK\x01\x02")
    made[at + 8] |= 1
    return bytes(made)


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 20 + b"\xff\xd9"
BOMB = package(
    {"[Content_Types].xml": b"<T/>", "word/document.xml": b"\0" * 60_000_000}
)  # fmt: skip
GOOD = [
    ("a.pdf", PDF, "pdf"), ("a.PDF", PDF, "pdf"), ("letter.docx", docx(), "docx"),
    ("letter.odt", odt(), "odt"), ("scan.png", png(), "png"), ("scan.jpeg", JPEG, "jpg"),
    ("a.docx", package({"[Content_Types].xml": b"", "word/document.xml": b"",
                        "word/printerSettings/printerSettings1.bin": b""}), "docx"),
    ("notes.txt", "Grüße, naïve café".encode(), "txt"), ("Brief (2).pdf", PDF, "pdf"),
]  # fmt: skip
BAD = [
    ("a.pdf", b"", "is empty"),
    ("a.exe", b"MZ", "must end in one of these"),
    ("a", PDF, "must end in one of these"),
    ("a.png", PDF, "not what its name says"),
    ("a.pdf", png(), "not what its name says"),
    ("a.pdf", b"MZ\x90\0", "not what its name says"),
    ("a.txt", b"a\x00b", "not what its name says"),
    ("a.txt", b"\xff\xfea\x00", "not what its name says"),
    ("a.txt", b"<!DOCTYPE html><script>alert(1)</script>", "is a web page"),
    ("a.txt", PDF, "not what its name says"),
    ("a.pdf", PDF + docx(), "behind its end"),
    ("a.pdf", PDF[:-8] + docx() + b"%%EOF", "two different things"),
    ("a.pdf", PDF.replace(b"/Catalog", b"/JavaScript (x)"), "holds a program"),
    ("a.pdf", PDF[:-8], "not whole"),
    ("a.png", png() + b"<script>", "behind its end"),
    ("a.png", png()[:-4], "behind its end"),
    ("a.jpg", JPEG + docx(), "behind its end"),
    ("a.docx", package({"a.txt": b"x"}), "not what its name says"),
    ("a.docx", docx() + b"MZ", "two different things"),
    ("a.docx", docx(word__vbaProject_bin=b"x").replace(b"vbaProject_bin", b"vbaProject.bin"),
     "holds a program"),
    ("a.docx", package({"word/document.xml": b"x"}), "not a whole Word document"),
    ("a.docx", docx().replace(b"word/document.xml", b"../d/document.xml"), "not what its name"),
    ("a.docx", package({"[Content_Types].xml": b"", "word/document.xml": b"", "../x": b""}),
     "path of a folder"),
    ("a.docx", package({"[Content_Types].xml": b"", "word/document.xml": b"", "b.zip": b""}),
     "another document inside"),
    ("a.docx", package({"[Content_Types].xml": b"", "word/document.xml": b"",
                        **{f"p{n}": b"" for n in range(2_001)}}), "too many parts"),
    ("a.docx", BOMB, "far too large"),
    ("a.docx", locked(), "locked with a password"),
    ("a.docx", docx()[:-10], "two different things|damaged"),
    ("a.docx", odt(), "not what its name says"),
    ("../../a.pdf", PDF, "path of a folder"),
    ("c:\\a.pdf", PDF, "path of a folder"),
    (".a.pdf", PDF, "path of a folder"),
    ("a\x00.pdf", PDF, "cannot be seen"),
    ("a\u202efdp.exe.pdf", PDF, "cannot be seen"),
    ("a\u200b.pdf", PDF, "cannot be seen"),
    ("a\n.pdf", PDF, "cannot be seen"),
    ("a" * 130 + ".pdf", PDF, "1 to 120 characters"),
    ("a.pdf", PDF.replace(b"/Catalog", b"/A<</S/JavaScript>>"), "holds a program"),
    ("a.pdf", PDF.replace(b"/Catalog", b"/A<</S/J#61v#61Script/J#53(x)>>"), "holds a program"),
    ("a.pdf", PDF.replace(b"/Catalog", b"/S/#4caunch%\n/F(x)"), "holds a program"),
    ("a.pdf", PDF.replace(b"/Catalog", b"/EmbeddedFiles 3 0 R"), "holds a program"),
    ("a.docx", package({"[Content_Types].xml": b"", "word/document.xml": b"",
                        "word/notes.bin": b""}), "holds a program"),
    ("a.docx", package({"[Content_Types].xml": b"", "word/document.xml": b"",
                        "word/activeX/activeX1.xml": b""}), "holds a program"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "kind"), GOOD)
def test_six_kinds_are_taken(name: str, content: bytes, kind: str) -> None:
    from commonweal.web.desk.sniffing import kind_of

    assert kind_of(name, content) == kind


@pytest.mark.parametrize(("name", "content", "said"), BAD, ids=range(len(BAD)))
def test_everything_else_is_refused_with_a_sentence(name: str, content: bytes, said: str) -> None:
    from commonweal.web.desk.sniffing import kind_of

    with pytest.raises(Refused, match=said) as caught:
        kind_of(name, content)
    assert caught.value.code == "CW-DESK-FILE"


def hand_in(client: Any, reference: str, name: str, content: bytes, shown: str = "a.pdf") -> Any:
    file = io.BytesIO(content)
    file.name = shown
    return client.post(f"/applications/{reference}/documents/{name}/file/", {"file": file})


def folder(home: Path) -> set[str]:
    place = home / "web" / "evidence"
    return {one.name for one in place.iterdir()} if place.exists() else set()


def test_a_document_is_handed_in_checked_and_kept_out_of_reach(
    amara: Any, edward: Any, web_home: Path
) -> None:
    reference = begin(amara)
    row = fill(reference)
    before = folder(web_home)
    assert hand_in(amara, reference, "protocol", PDF, "My protocol.pdf").status_code == 302
    (place,) = folder(web_home) - before
    assert "protocol" not in place
    path = web_home / "web" / "evidence" / place
    assert path.read_bytes() == PDF
    assert path.stat().st_mode & 0o777 == 0o600
    row.draft.refresh_from_db()
    assert row.draft.content["documents"][0]["sha256"] == HASH
    text = Page(amara.get(f"/applications/{reference}/documents/")).text
    assert "Not scanned for viruses" in text
    row = in_state(send_again(row), "screening")
    desk = f"/desk/{reference}/documents/protocol/"
    page = Page(edward.get(desk))
    assert "It is the file that the application names." in page.text
    (link,) = [a["href"] for a in page.every("a") if "/files/" in str(a["href"])]
    answer = edward.get(link)
    assert answer.content == PDF
    assert answer["Content-Disposition"].startswith('attachment; filename="document-')
    assert "filename*=UTF-8''My%20protocol.pdf" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert edward.post(desk, {"action": "accept", "seen": HASH}).status_code == 302
    assert row.documents.get(name="protocol").state == "checked"
    handed, checked = entries(row)
    assert (handed["type"], handed["role"]) == ("evidence.handed_in", "applicant")
    assert (checked["type"], checked["result"]) == ("evidence.checked", "accepted")
    assert handed["document"] == checked["document"]
    assert "rotocol" not in str(handed)
    path.write_bytes(PDF.replace(b"Catalog", b"Catalox"))
    answer = edward.get(link)
    assert answer.status_code == 500
    assert "changed on the disk" in Page(answer).text


@pytest.mark.parametrize(("shown", "content", "said"), [BAD[0], BAD[3], BAD[25], BAD[36]])
def test_a_refused_file_is_said_on_the_page_and_nothing_is_kept(
    amara: Any, web_home: Path, shown: str, content: bytes, said: str
) -> None:
    from commonweal.web.desk.models import File

    reference = begin(amara)
    fill(reference)
    before, rows = folder(web_home), File.objects.count()
    page = Page(hand_in(amara, reference, "protocol", content, shown))
    assert said in page.text
    assert page.text.startswith("Error: ")
    assert (folder(web_home), File.objects.count()) == (before, rows)


def test_a_name_that_hides_what_it_is_is_never_kept_as_it_came(amara: Any) -> None:
    """Paths and characters that cannot be seen fall away on the way in, or are refused."""
    from commonweal.web.desk.models import File

    reference = begin(amara)
    fill(reference)
    for shown in ("../../etc/a\u202efdp.exe.pdf", "..\\..\\b\u200b.pdf", "c\u2066\x01.pdf"):
        hand_in(amara, reference, "protocol", PDF, shown)
    kept = set(File.objects.filter(document__name="protocol").values_list("shown", flat=True))
    assert kept <= {"afdp.exe.pdf", "b.pdf", "c.pdf"}
    assert kept


def test_what_is_too_large_is_cut_off_and_said(amara: Any, web_home: Path) -> None:
    reference = begin(amara)
    fill(reference)
    before = folder(web_home)
    said = {"kind": "other", "title": "A long one", "version": "1", "dated_day": "1",
            "dated_month": "2", "dated_year": "2026"}  # fmt: skip
    file = io.BytesIO(b"%PDF-" + b"a" * (21 * 1024 * 1024))
    file.name = "a.pdf"
    page = Page(amara.post(f"/applications/{reference}/documents/new/", {**said, "file": file}))
    assert "larger than 20 MB" in page.text
    assert page.every("input", name="title")[0]["value"] == "A long one"
    assert folder(web_home) == before


def test_a_thousand_files_at_once_are_refused(amara: Any, web_home: Path) -> None:
    reference = begin(amara)
    fill(reference)
    before = folder(web_home)

    def many(count: int) -> Any:
        files = []
        for n in range(count):
            file = io.BytesIO(PDF)
            file.name = f"{n}.pdf"
            files.append(file)
        return amara.post(f"/applications/{reference}/documents/protocol/file/", {"file": files})

    assert "Choose one file at a time." in Page(many(2)).text
    assert many(1_000).status_code == 413
    assert folder(web_home) == before


def test_a_new_document_goes_into_the_draft(amara: Any) -> None:
    reference = begin(amara)
    row = fill(reference, content_data(documents=[]))
    file = io.BytesIO(PDF)
    file.name = "letter.pdf"
    said = {"kind": "funding_letter", "title": "Grant", "version": "2", "dated_day": "1",
            "dated_month": "2", "dated_year": "2026", "file": file}  # fmt: skip
    path = f"/applications/{reference}/documents/new/"
    assert amara.post(path, said).status_code == 302
    row.draft.refresh_from_db()
    (made,) = row.draft.content["documents"]
    assert (made["id"], made["kind"], made["sha256"]) == ("funding-letter", "funding_letter", HASH)
    page = Page(amara.post(path, {"kind": "nothing"}))
    for sentence in ("Enter a title.", "Choose a file."):
        assert sentence in page.text


def test_another_file_than_the_one_that_is_named_needs_a_reason(amara: Any, edward: Any) -> None:
    row = in_state(sent(amara), "queried")
    assert hand_in(amara, row.reference, "rec", PDF).status_code == 302
    row = in_state(row, "screening")
    assert hand_in(amara, row.reference, "rec", PDF).status_code == 403
    path = f"/desk/{row.reference}/documents/rec/"
    assert "not the file that the application names" in Page(edward.get(path)).text
    page = Page(edward.post(path, {"action": "accept", "seen": HASH}))
    assert "Say why you accept it all the same." in page.text
    page = Page(edward.post(path, {"action": "accept", "note": "Newer.", "seen": "sha256:old"}))
    assert "Another file was handed in while you looked" in page.text
    assert "Newer." in page.text
    page = Page(edward.post(path, {"action": "refuse", "seen": HASH}))
    assert "Say why" in page.text
    sent_in = {"action": "refuse", "note": "It is not signed.", "seen": HASH}
    assert edward.post(path, sent_in).status_code == 302
    row = in_state(row, "queried")
    assert "It is not signed." in Page(amara.get(f"/applications/{row.reference}/documents/")).text
    assert hand_in(amara, row.reference, "rec", PDF + b"\n").status_code == 302
    assert row.documents.get(name="rec").state == "to_check"


@pytest.mark.parametrize("who", ["divya", "bethan", "grace", "leon", "tara"])
def test_nobody_else_gets_a_document(amara: Any, browser_of: Any, who: str) -> None:
    from commonweal.web.desk.models import File

    reference = begin(amara)
    row = fill(reference)
    hand_in(amara, reference, "protocol", PDF)
    in_state(send_again(row), "screening")
    number = File.objects.get(document__application=row).pk
    other = browser_of(who)
    for place in ("applications", "desk"):
        assert other.get(f"/{place}/{reference}/files/{number}/").status_code in (403, 404)
    assert hand_in(other, reference, "protocol", PDF).status_code == 404
    # A file of one application is not got under the name of another.
    second = begin(amara)
    assert amara.get(f"/applications/{second}/files/{number}/").status_code == 404


# --- scanning -----------------------------------------------------------------------------------


@contextmanager
def daemon(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A stand-in for clamd that speaks its protocol; its port, and what it was sent."""
    got: list[bytes] = []

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            assert self.rfile.read(10) == b"zINSTREAM\0"
            whole = b""
            while size := struct.unpack(">I", self.rfile.read(4))[0]:
                whole += self.rfile.read(size)
            got.append(whole)
            self.wfile.write(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Talk) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.server_address[1]), got
        server.shutdown()


@pytest.mark.parametrize(
    ("answer", "result"),
    [(b"stream: OK\0", "clean"), (b"stream: Eicar-Signature FOUND\0", "found")],
)
def test_a_scanner_that_is_set_up_is_asked(answer: bytes, result: str) -> None:
    from commonweal.web.desk.scanning import Clamd

    content = PDF * 3_000
    with daemon(answer) as (port, got):
        assert Clamd("127.0.0.1", port).scan(content) == result
    assert got == [content]


@pytest.mark.parametrize("answer", [b"", b"INSTREAM size limit exceeded. ERROR\0", b"stream: \0"])
def test_a_scanner_that_says_nothing_clear_is_not_believed(answer: bytes) -> None:
    from commonweal.web.desk.scanning import Clamd

    with daemon(answer) as (port, _), pytest.raises(Unavailable) as caught:
        Clamd("127.0.0.1", port).scan(PDF)
    assert caught.value.code == "CW-DESK-SCANNER"
    with pytest.raises(Unavailable):
        Clamd("127.0.0.1", port).scan(PDF)


def test_what_the_scanner_found_is_unsafe_and_opened_by_nobody(
    amara: Any, edward: Any, monkeypatch: pytest.MonkeyPatch, web_home: Path
) -> None:
    from commonweal.web.desk import evidence
    from commonweal.web.desk.models import File
    from commonweal.web.desk.scanning import Clamd

    reference = begin(amara)
    row = fill(reference)
    with daemon(b"stream: Eicar-Signature FOUND\0") as (port, _):
        monkeypatch.setattr(evidence, "scanner", lambda: Clamd("127.0.0.1", port))
        assert hand_in(amara, reference, "protocol", PDF).status_code == 302
    assert row.documents.get().state == "unsafe"
    text = Page(amara.get(f"/applications/{reference}/documents/")).text
    assert "A virus was found." in text
    row = in_state(send_again(row), "screening")
    file = File.objects.get(document__application=row)
    assert edward.get(f"/desk/{reference}/files/{file.pk}/").status_code == 403
    before = folder(web_home)
    in_state(row, "queried")
    answer = hand_in(amara, reference, "protocol", PDF)
    assert answer.status_code == 503
    assert folder(web_home) == before


@pytest.mark.parametrize(
    "url", ["http://a", "clamd://", "clamd://h/x", "clamd://u@h", "clamd://h:x"]
)
def test_a_scanner_setting_that_cannot_be_used_stops_the_service(url: str, tmp_path: Path) -> None:
    from commonweal.web.config.environment import Environment

    said = {"COMMONWEAL_HOME": str(tmp_path), "COMMONWEAL_WEB_SCANNER": url}
    with pytest.raises(CommonwealError) as caught:
        Environment.read(said)
    assert caught.value.code == "CW-WEB-SETTING"
    good = Environment.read(said | {"COMMONWEAL_WEB_SCANNER": "clamd://scan.example"})
    assert good.scanner == ("scan.example", 3310)


def test_what_is_handed_in_for_the_next_version_is_the_writers_until_they_send_it(
    amara: Any, edward: Any
) -> None:
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write

    row = in_state(sent(amara), "queried")
    reference = row.reference
    before = came_in(row, "protocol")
    with governed_write():
        # The clock of the tests may stand still.
        row.versions.update(sent_at=clock.now() - timedelta(hours=2))
        type(before).objects.filter(pk=before.pk).update(
            handed_in_at=clock.now() - timedelta(hours=3)
        )

    def desk(number: int) -> int:
        return int(edward.get(f"/desk/{reference}/files/{number}/").status_code)

    assert hand_in(amara, reference, "protocol", PDF + b"\n").status_code == 302
    answer = row.documents.get(name="protocol").files.last()
    page = f"/desk/{reference}/documents/"
    for state in ("queried", "screening"):
        row = in_state(row, state)
        assert (desk(before.pk), desk(answer.pk)) == (200, 200), state
        assert answer.sha256 in edward.get(f"{page}protocol/").content.decode()

    row = in_state(row, "to_be_revised")
    for state in ("to_be_revised", "withdrawn"):
        row = in_state(row, state)
        assert (desk(before.pk), desk(answer.pk)) == (200, 404), state
        assert answer.sha256 not in edward.get(f"{page}protocol/").content.decode()
    row = in_state(row, "to_be_revised")
    assert amara.get(f"/applications/{reference}/files/{answer.pk}/").status_code == 200
    send_again(row)
    assert desk(answer.pk) == 200
