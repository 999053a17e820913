"""An application as a document: every answer, what it is of, and files that anybody can read."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from typing import Any

from docx import Document
from docx.oxml.ns import qn

from commonweal.governance.application.printing import STYLE
from tests.applications import content_data
from tests.web.applications.conftest import begin, fill
from tests.web.conftest import Page
from tests.web.desk.conftest import in_state, sent

HOSTILE = "</style><script>alert(1)</script>&<b>x"


def words_of(content: bytes) -> str:
    """All text of a Word file, cells too."""
    body = Document(io.BytesIO(content)).element.body
    return " ".join("".join(one.itertext()) for one in body.iter(qn("w:p")))


def test_a_draft_says_that_it_was_not_sent(amara: Any) -> None:
    reference = begin(amara)
    fill(reference)
    page = amara.get(f"/applications/{reference}/print/")
    text = Page(page).text
    assert text.startswith("Draft, not sent: Application: Asthma admissions in winter")
    word = amara.get(f"/applications/{reference}/word/")
    assert word["Content-Disposition"] == f'attachment; filename="{reference}-draft.docx"'
    assert "Draft, not sent" in words_of(word.content)
    for said in ("Amira Khan", "Wharfedale secure place", "patients.born", "Variables at a glance",
                 "We want to learn why more people with asthma come in winter.",
                 "An answer in plain words."):  # fmt: skip
        assert said in text
        assert said in words_of(word.content)


def test_a_version_carries_its_fingerprint_for_everybody_who_reads_it(
    amara: Any, browser_of: Any
) -> None:
    row = sent(amara)
    digest = row.versions.get().digest
    edward = browser_of("edward")
    for client, base in ((amara, "/applications"), (edward, "/desk")):
        at = f"{base}/{row.reference}/versions/1/"
        text = Page(client.get(f"{at}print/")).text
        assert f"Fingerprint of this version: {digest}" in text
        assert "Draft, not sent" not in text
        assert digest in words_of(client.get(f"{at}word/").content)
        for name in ("print", "word"):
            assert f"versions/1/{name}/" in client.get(at).content.decode()
            assert client.get(f"{base}/{row.reference}/versions/2/{name}/").status_code == 404
    # It was sent: there is no draft to print.
    assert amara.get(f"/applications/{row.reference}/print/").status_code == 403


def test_every_answer_of_every_form_is_in_it(amara: Any) -> None:
    from commonweal.governance.application.listing import answers
    from commonweal.web.applications.services import paper_of

    row = sent(amara)
    paper = paper_of(row.versions.get())
    page = Page(amara.get(f"/applications/{row.reference}/versions/1/print/")).text
    word = words_of(amara.get(f"/applications/{row.reference}/versions/1/word/").content)
    flat_page, flat_word = (re.sub(r"\s+", " ", text) for text in (page, word))
    listed = list(answers(paper.content))
    assert len(listed) > 100
    for each in listed:
        for said in (each.label, each.words):
            assert re.sub(r"\s+", " ", said) in flat_page
            assert re.sub(r"\s+", " ", said) in flat_word


def test_the_page_needs_nothing_and_runs_nothing(amara: Any) -> None:
    reference = begin(amara)
    fill(reference, content_data(project__title=HOSTILE))
    answer = amara.get(f"/applications/{reference}/print/")
    text = answer.content.decode()
    found = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert answer["Content-Security-Policy"].startswith(
        f"default-src 'none'; style-src 'sha256-{found}'"
    )
    assert f"<style>{STYLE}</style>" in text
    assert "<script" not in text
    assert not re.findall(r'(?:src|href)="(?!#part-)', text)
    page = Page(answer)
    places = {str(one["id"]) for one in page.every("h2") if one.get("id")}
    links = [str(one["href"]) for one in page.every("a")]
    assert links
    assert {link.removeprefix("#") for link in links} == places


def test_a_word_file_is_one_that_a_screen_reader_can_use(amara: Any) -> None:
    reference = begin(amara)
    fill(reference, content_data(project__title=HOSTILE, project__lay_summary="a\x0bb\ufffe" * 3))
    content = amara.get(f"/applications/{reference}/word/").content
    made = Document(io.BytesIO(content))
    assert made.core_properties.language == "en-GB"
    assert made.core_properties.title.startswith("Draft, not sent")
    languages = {one.get(qn("w:val")) for one in made.styles.element.iter(qn("w:lang"))}
    assert languages == {"en-GB"}
    styles = [one.style.name for one in made.paragraphs]
    assert styles[0] == "Title"
    assert styles.count("Heading 1") > 15
    again = amara.get(f"/applications/{reference}/word/").content
    assert again == content
    tables = made.element.body.findall(qn("w:tbl"))
    assert len(tables) > 15
    for table in tables:
        first, *others = table.findall(qn("w:tr"))
        assert first.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        columns = len(first.findall(qn("w:tc")))
        assert {len(one.findall(qn("w:tc"))) for one in others} <= {columns}
    anchors = {one.get(qn("w:anchor")) for one in made.element.body.iter(qn("w:hyperlink"))}
    marks = {one.get(qn("w:name")) for one in made.element.body.iter(qn("w:bookmarkStart"))}
    assert anchors == marks
    assert HOSTILE in words_of(content)
    with zipfile.ZipFile(io.BytesIO(content)) as held:
        assert held.testzip() is None
        names = held.namelist()
        assert not [name for name in names if "vba" in name.lower() or "embed" in name.lower()]
        relations = held.read("word/_rels/document.xml.rels")
        assert b'TargetMode="External"' not in relations
        footer = held.read("word/footer1.xml").decode()
        assert " PAGE " in footer
        assert "&lt;script&gt;" in footer


def test_a_draft_with_what_could_not_be_read_and_an_empty_one(amara: Any) -> None:
    from commonweal.web.applications.models import Draft

    reference = begin(amara)
    unread = {"people": [{"name": ["typed so"]}]}
    for content in ({}, unread, {"period": {"starts": "soon"}}, {"people": "x"}):
        Draft.objects.filter(application__reference=reference).update(content=content)
        page = Page(amara.get(f"/applications/{reference}/print/")).text
        word = words_of(amara.get(f"/applications/{reference}/word/").content)
        for text in (page, word):
            assert "Draft, not sent" in text
            # What cannot be read stands there as it was typed.
            assert ("typed so" in text) is (content is unread)


def test_a_version_that_was_changed_in_the_database_is_no_document(
    amara: Any, browser_of: Any
) -> None:
    from commonweal.web.applications.models import Version
    from commonweal.web.ledgerlink.models import governed_write

    row = in_state(sent(amara), "screening")
    with governed_write():
        Version.objects.filter(application=row).update(digest="sha256:" + "0" * 64)
    for client, base in ((amara, "applications"), (browser_of("edward"), "desk")):
        for name in ("print", "word"):
            answer = client.get(f"/{base}/{row.reference}/versions/1/{name}/")
            assert answer.status_code == 500
            assert "was changed in the database" in Page(answer).text
