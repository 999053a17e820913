"""The public pages as they are shown: whose they are, where they lead, what staff see."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.governance.readability import AIM_AGE, LONG_SENTENCE, measure, words
from tests.web.conftest import Page, new_client
from tests.web.public_words import PageWords, page_words
from tests.web.publicpages.texts import CONTACTS, PDF, page_of, put

Get = Callable[..., Page]
HARD_AGE = 14
"""Over this age a sentence is named, so that somebody looks at it again."""
KNOWN_HARD = {
    "In law this is the personal representative.",
    "I have parental responsibility for a child under 13",
    "It must be somebody with parental responsibility.",
    (
        "The Confidentiality Advisory Group gives advice when people could be known and were not "
        "asked."
    ),
    "You can also complain to the Information Commissioner.",
}
"""Sentences over that age that were looked at: each holds a name that people need to know."""


@pytest.fixture
def home(web_home: Path) -> Iterator[Path]:
    """The home, from which the hospital's own pages and contacts are taken away again."""
    folder, file = web_home / "public" / "pages", web_home / "public" / "contacts.yaml"
    assert not folder.exists()
    assert not file.exists()
    yield web_home
    shutil.rmtree(folder, ignore_errors=True)
    file.unlink(missing_ok=True)


def every_address() -> list[str]:
    from commonweal.web.publicpages.library import address_of
    from commonweal.web.publicpages.reading import built_in

    pages = [address_of(name) for name in built_in()]
    return [*pages, "/pages/", "/your-choices/form/", "/notice/"]


def html_of(client: Any) -> dict[str, str]:
    found = {}
    for address in every_address():
        answer = client.get(address)
        assert answer.status_code == 200, address
        found[address] = answer.content.decode()
    return found


def test_every_page_says_whose_it_is_leads_somewhere_and_reads_well(client: Any) -> None:
    """One walk over all pages: owner and dates, links, and how hard they are to read."""
    shown = html_of(client)
    for address, html in shown.items():
        if address != "/pages/":
            assert re.search(r"Who looks after this page: \w", html), address
            assert "1 December 2026" in html, address
            assert "Next review due: 1 December 2027" in html, address
        assert html.count("<h1") == 1, address
        assert "{" not in re.sub(r"<[^>]*>", "", html.partition("<main")[2]), address
        assert not re.search(r'href="(tel:|mailto:|https?:)?"', html), address
    # Every link leads to a page that is there, or to where one signs in.
    links = {
        (href.partition("#")[0], address)
        for address, html in shown.items()
        for href in re.findall(r'href="([^"]*)"', html)
        if href.startswith("/") and not href.startswith("/static/")
    }
    assert len({href for href, _ in links}) > 35
    asked = {href: new_client().get(href).status_code for href in {one for one, _ in links}}
    assert {href: status for href, status in asked.items() if status != 200} == {}
    assert {href for href in asked if href.startswith("/pages/")} >= {
        address for address in shown if address.startswith("/pages/")
    }
    texts = {address: html for address, html in shown.items() if address != "/pages/"}
    reads_well([page_words(address, html) for address, html in texts.items()])


def reads_well(pages: list[PageWords]) -> None:
    """Each page keeps to a reading age of about eleven; its hardest sentences are known ones."""
    ages = {one.address: one.age for one in pages}
    assert {address: age for address, age in ages.items() if age > AIM_AGE} == {}
    assert sum(ages.values()) / len(ages) < 9
    # The name of this hospital is long by itself.
    every = [said for one in pages for _, said in one.hardest if "Trust" not in said]
    assert [one for one in every if len(words(one)) > LONG_SENTENCE] == []
    hard = {one for one in every if measure(one).reading_age > HARD_AGE}
    assert hard == KNOWN_HARD
    assert {word for one in every for word, _ in measure(one).hard} == set()


def test_the_first_page_begins_with_questions(page: Get) -> None:
    home = page("/")
    assert home.every("a", href="/your-choices/", **{"class": "nhsuk-card__link"})
    for words_of in ("Who uses data, and why?", "Who decided?", "Can I stop it?",
                     "Who makes money from it?"):  # fmt: skip
        assert words_of in home.text
    # Parts that are not there are not offered.
    from commonweal.web.publicpages.places import place

    for words_of, where in (("Was my record used?", "/my-data/"),
                            ("What went wrong?", "/what-went-wrong/"),
                            ("What happened then?", "/projects/what-came-of-it/")):  # fmt: skip
        assert (words_of in home.text) is (place(where) is not None)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("register:index", "/projects/"), ("publicpages:notice", "/notice/"),
        ("/projects/refused/", "/projects/refused/"), ("/about", "/about"),
        ("nothing:index", None), ("register:nothing", None), ("register:project", None),
        ("/no-such-part/", None), ("/projects/permit-0/", None), ("/pages/risks/", None),
        ("//evil.example/", None), ("", None), ("/\x00", None), ("/projects", None),
    ],
)  # fmt: skip
def test_a_place_is_there_or_not(web_home: Path, name: str, where: str | None) -> None:
    from commonweal.web.publicpages.places import place

    assert place(name) == where


def test_a_place_takes_what_its_address_takes(web_home: Path) -> None:
    from commonweal.web.publicpages.places import answers, place

    assert place("register:project", "permit-0") == "/projects/permit-0/"
    assert place("register:project", "a", "b") is None
    assert (answers("/projects/x/"), answers("/no-such-part/")) == (True, False)


# --- contacts -----------------------------------------------------------------------------------


def test_what_is_not_given_is_said_not_to_be_given(page: Get, home: Path) -> None:
    bare = page("/your-choices/")
    assert "The hospital has not put a phone number or an address here yet." in bare.text
    assert "No phone number is given yet." in page("/notice/").text
    assert "This form has no postal address yet." in page("/your-choices/form/").text
    assert (
        "does not say yet how to reach the data protection officer"
        in page("/pages/your-rights/").text
    )
    (home / "public" / "contacts.yaml").write_text("phone: 01632 960 123\n")
    some = page("/your-choices/")
    assert some.every("a", href="tel:01632960123")
    assert "This page has no postal address yet." in some.text
    assert not some.every("a", href="mailto:")


def test_what_is_given_is_shown_everywhere(page: Get, home: Path) -> None:
    (home / "public" / "contacts.yaml").write_text(CONTACTS)
    for address in ("/", "/your-choices/", "/pages/get-involved/", "/accessibility"):
        shown = page(address)
        assert shown.every("a", href="tel:01632960123"), address
        assert shown.every("a", href="mailto:your-data@example.nhs.uk"), address
        assert "Freepost HOSPITAL DATA" in shown.text, address
    rights = page("/pages/your-rights/")
    assert rights.every("a", href="mailto:dpo@example.nhs.uk")
    assert rights.every("a", href="https://www.example.nhs.uk/privacy")
    assert "01632 960 123" in page("/notice/").text


def test_wrong_contacts_close_the_pages_and_say_why(client: Any, home: Path) -> None:
    (home / "public" / "contacts.yaml").write_text("phone: ask around\n")
    for address in ("/", "/your-choices/", "/notice/", "/pages/risks/"):
        answer = client.get(address)
        shown = Page(answer)
        assert answer.status_code == 503, address
        assert "public/contacts.yaml): field phone must be a phone number" in shown.text
        assert "CW-PAGES-CONTACTS" in shown.text
    assert client.get("/account/login/").status_code == 200
    assert client.get("/projects/").status_code == 200


# --- the hospital's own -------------------------------------------------------------------------


def test_a_page_of_the_hospital_is_shown_as_its_own(
    page: Get, sign_in: Callable[[str], Any], home: Path
) -> None:
    put(home, "risks.md", page_of("From {hospital}. [Log](/log/) [x](/none/) {email}"))
    shown = page("/pages/risks/")
    assert "Our own page" in shown.text
    assert "Last reviewed: 2 November 2026." in shown.text
    assert "came with the software" not in shown.text
    assert "an email address, which this page does not have yet" in shown.text
    assert not shown.every("a", href="/none/")
    content = sign_in("edward").get("/pages/risks/text.md").content
    assert content == page_of("From {hospital}. [Log](/log/) [x](/none/) {email}")


def test_a_broken_page_is_named_and_ours_is_not_shown_instead(
    page: Get, sign_in: Callable[[str], Any], home: Path
) -> None:
    put(home, "risks.md", page_of(owner=None))
    shown = page("/pages/risks/", 503)
    assert "The page public/pages/risks.md: field owner is missing." in shown.text
    assert "Harm from a medicine" not in shown.text
    first = page("/")
    assert "These pages cannot be shown right now." in first.text
    assert first.every("a", href="/pages/risks/")
    assert sign_in("edward").get("/pages/risks/text.md").status_code == 503
    put(home, "home.md", page_of("<b>"))
    assert "home.md: line 1 of its text holds HTML" in page("/", 503).text


@pytest.mark.parametrize(
    "name", ["none", "..%2f..%2ftrust", "RISKS", "risks.md", "%00", "a" * 300, "home%2e"]
)
def test_no_other_name_opens_anything(sign_in: Callable[[str], Any], home: Path, name: str) -> None:
    client = sign_in("edward")
    for address in (f"/pages/{name}/", f"/pages/{name}/text.md", f"/pages/{name}/easy-read.pdf"):
        answer = client.get(address)
        assert answer.status_code in (400, 404), address
        assert "trust" not in Page(answer).text.lower().replace("foundation trust", "")


def test_a_page_with_an_address_of_its_own_has_one_only(client: Any) -> None:
    answer = client.get("/pages/your-choices/")
    assert (answer.status_code, answer["Location"]) == (302, "/your-choices/")


def test_a_case_study_cites_a_project_of_the_register(page: Get, home: Path) -> None:
    assert "There are no case studies yet." in page("/pages/case-studies/").text
    put(home, "case-asthma.md", page_of(group="cases", project="permit-0", title="Asthma"))
    put(home, "case-made-up.md", page_of(group="cases", project="permit-99", title="Made up"))
    listed = page("/pages/case-studies/")
    assert listed.every("a", href="/pages/case-asthma/")
    assert "Made up" not in listed.text
    assert page("/pages/case-asthma/").every("a", href="/projects/permit-0/")
    refused = page("/pages/case-made-up/", 503)
    assert "field project names no project in the public list" in refused.text


def test_a_page_in_other_forms(page: Get, client: Any, home: Path) -> None:
    put(home, "risks.easy-read.pdf", PDF)
    put(home, "risks.cy.pdf", b"<html>")
    shown = page("/pages/risks/")
    assert "Easy read (PDF), 1 KB" in shown.text
    assert "Welsh" not in shown.text
    answer = client.get("/pages/risks/easy-read.pdf")
    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="risks.easy-read.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert client.get("/pages/risks/cy.pdf").status_code == 503
    assert client.get("/pages/risks/large-print.pdf").status_code == 404
    assert client.get("/pages/none/easy-read.pdf").status_code == 404
    assert "Ask us for it" in page("/pages/companies/").text


def test_a_page_past_its_review_says_so(page: Get, at: Callable[[Any], None]) -> None:
    assert "It may be out of date." not in page("/pages/risks/").text
    at(FixedClock(datetime(2027, 12, 2, 12, tzinfo=UTC)))
    for address in ("/pages/risks/", "/", "/about"):
        said = page(address).text
        assert "should have been read again by 1 December 2027. It may be out of date." in said


# --- for staff ----------------------------------------------------------------------------------


def test_staff_see_what_waits_and_what_is_wrong(
    sign_in: Callable[[str], Any], home: Path, at: Callable[[Any], None]
) -> None:
    put(home, "risks.md", page_of(owner=None))
    put(home, "companies.md", page_of("[x](/none/)", title="Firms", review_by="2026-11-20"))
    put(home, "companies.cy.pdf", b"<html>")
    put(home, "Notes.txt", b"x")
    shown = Page(sign_in("edward").get("/public-pages/"))
    for said in (
        "risks.md: field owner is missing", "Notes.txt", "A link leads nowhere",
        "companies.cy.pdf does not begin as a file of the kind pdf does",
        "phone, email, post, desk, officer, full notice",
        "Firms", "Review overdue", "The hospital's", "Came with the software",
    ):  # fmt: skip
        assert said in shown.text, said
    (home / "public" / "contacts.yaml").write_text("phone: x\n")
    again = Page(sign_in("edward").get("/public-pages/"))
    assert "No public page that shows contacts opens." in again.text
    assert 'href="/public-pages/"' in again.html


@pytest.mark.parametrize(("who", "status"), [("amara", 404), ("mary", 404), ("quentin", 200)])
def test_who_looks_after_the_pages(sign_in: Callable[[str], Any], who: str, status: int) -> None:
    client = sign_in(who)
    assert client.get("/public-pages/").status_code == status
    assert client.get("/pages/risks/text.md").status_code == status
    assert ('href="/public-pages/"' in client.get("/about").content.decode()) is (status == 200)


# --- the code on the notice ---------------------------------------------------------------------


def test_the_code_on_the_notice_leads_to_the_first_page(page: Get) -> None:
    """The modules drawn are those of an encoder for this very address, with a quiet border."""
    import qrcode

    from commonweal.web.publicpages.notice import QUIET, code_of

    address = "https://data.example.nhs.uk/"
    size, path = code_of(address)
    drawn = {
        (int(x) + step, int(y))
        for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", path)
        for step in range(int(width))
    }
    made = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=QUIET)
    made.add_data(address)
    rows = made.get_matrix()
    assert drawn == {(x, y) for y, row in enumerate(rows) for x, dark in enumerate(row) if dark}
    assert min(min(one) for one in drawn) == QUIET
    assert max(max(one) for one in drawn) == size - QUIET - 1
    notice = page("/notice/")
    assert "leads to http://localhost" in notice.html
    assert code_of("http://localhost:8000/")[1] in notice.html
