"""A page of text is read strictly: each fault is refused and named, and nothing is cleaned."""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.demo.walkthrough.papers import REACHED
from commonweal.foundation.errors import Fault
from commonweal.web.publicpages import library as shelves
from commonweal.web.publicpages.formats import FORMATS, formats_of, open_format
from commonweal.web.publicpages.head import GROUPS
from commonweal.web.publicpages.library import library, standing
from commonweal.web.publicpages.marking import INLINE, marked, own_links, text_token
from commonweal.web.publicpages.reading import (
    MOST_BYTES,
    built_in,
    contacts,
    is_name,
    read_page,
)
from tests.web.publicpages.texts import CONTACTS, PDF, page_of, put

VALUES = {name: [text_token(f"[{name}]")] for name in INLINE}


def refused(content: bytes) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(Fault) as caught:
        read_page("x", content, "The page public/pages/x.md", "hospital")
    assert caught.value.code == "CW-PAGES-FILE"
    assert "public/pages/x.md" in caught.value.sentence.lower()
    return caught.value.sentence


def html(body: str, leads: bool = True) -> str:
    """What a text becomes."""
    page = read_page("x", page_of(body), "The page", "hospital")
    parts = marked(page.body, VALUES, lambda href: href if leads else None)
    return "".join(str(one.html) if one.html else f"({one.block})" for one in parts)


# --- what a page may be -------------------------------------------------------------------------


def test_marks_become_what_pages_look_like() -> None:
    made = html("## A\n\n### B\n\nSome **bold** *words*,\nand a [link](/projects/).\n\n- x\n\n1. y")
    assert made == (
        '<h2 class="nhsuk-heading-m">A</h2>\n<h3 class="nhsuk-heading-s">B</h3>\n'
        "<p>Some <strong>bold</strong> <em>words</em>,\n"
        'and a <a href="/projects/">link</a>.</p>\n'
        '<ul class="nhsuk-list nhsuk-list--bullet">\n<li>x</li>\n</ul>\n'
        '<ol class="nhsuk-list nhsuk-list--number">\n<li>y</li>\n</ol>\n'
    )


@pytest.mark.parametrize(
    ("body", "made"),
    [
        ("From {hospital}, {phone}.", "<p>From [hospital], [phone].</p>\n"),
        ("- {email}", '<ul class="nhsuk-list nhsuk-list--bullet">\n<li>[email]</li>\n</ul>\n'),
        ("One\n\n{contact}\n\nTwo", "<p>One</p>\n(contact)<p>Two</p>\n"),
        ("{contact}\n\n{officer}", "(contact)(officer)"),
        ("[call](tel:01632 960)", "<p>[call](tel:01632 960)</p>\n"),  # no link: it has a space
        ("[call](tel:+441632960123)", '<p><a href="tel:+441632960123">call</a></p>\n'),
        ("[mail](mailto:a@b.uk)", '<p><a href="mailto:a@b.uk">mail</a></p>\n'),
        ("[out](https://www.nhs.uk/a-b/?c=d#e)",
         '<p><a href="https://www.nhs.uk/a-b/?c=d#e">out</a></p>\n'),
        ("Less < more & \"this\" > that",
         "<p>Less &lt; more &amp; &quot;this&quot; &gt; that</p>\n"),
    ],
)  # fmt: skip
def test_what_is_filled_in(body: str, made: str) -> None:
    assert html(body) == made


def test_a_link_to_what_is_not_there_leaves_its_words() -> None:
    body = "See [the log](/log/) and [the NHS](https://www.nhs.uk)."
    assert html(body, leads=False) == (
        '<p>See the log and <a href="https://www.nhs.uk">the NHS</a>.</p>\n'
    )
    assert own_links(body) == ["/log/"]
    assert own_links("[x](/a/#b) [y](/c)") == ["/a/", "/c"]


def test_no_value_can_mark_anything_and_a_link_holds_no_link() -> None:
    page = read_page("x", page_of("{hospital} [{hospital}](/)"), "The page", "hospital")
    hostile = {"hospital": [text_token("**A** <b>[x](javascript:y)</b>")]}
    (part,) = marked(page.body, hostile, lambda href: href)
    escaped = "**A** &lt;b&gt;[x](javascript:y)&lt;/b&gt;"
    assert str(part.html) == f'<p>{escaped} <a href="/">{escaped}</a></p>\n'


# --- what a page may not be ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "does not begin with a head"),
        (b"# Title\n\nText", "does not begin with a head"),
        (b"---\ntitle: x\n", "does not begin with a head"),
        (page_of().replace(b"---\n", b"----\n", 1), "does not begin with a head"),
        (b"\xff\xfe" + page_of(), "is not UTF-8"),
        (page_of().decode().encode("utf-16"), "is not UTF-8"),
        (b"\xef\xbb\xbf" + page_of(), "cannot be seen"),
        (page_of("a\u202eb"), "line 10 holds a character that cannot be seen"),
        (page_of("a\x00b"), "cannot be seen"),
        (page_of("a\u200bb"), "cannot be seen"),
        (page_of("x" * MOST_BYTES), "is larger than"),
        (page_of(title="&a x"), "not valid YAML (line 1: anchors are not allowed)"),
        (page_of(title="!!python/object:os.system x"), "tags are not allowed"),
        (page_of(title="[a"), "is not valid YAML"),
        (page_of(title="x\ntitle: y"), "a key is named twice"),
        (page_of(title=None), "field title is missing"),
        (page_of(title="''"), "field title must not be empty"),
        (page_of(title="x" * 81), "field title is longer than 80 characters"),
        (page_of(title="[a, b]"), "field title must be text"),
        (page_of(title="About {hospital}"), "field title has braces"),
        (page_of(owner=None), "field owner is missing"),
        (page_of(owner="' '"), "field owner must not be blank"),
        (page_of(reviewed="last week"), "field reviewed is wrong: a date is written YYYY-MM-DD"),
        (page_of(reviewed="2026-02-30"), "field reviewed is wrong: there is no such date"),
        (page_of(review_by="2026-11-02"), "review_by is a day in the two years after reviewed"),
        (page_of(review_by="2029-11-02"), "review_by is a day in the two years after reviewed"),
        (page_of(order="first"), "field order must be a whole number"),
        (page_of(order="-1"), "field order is too small"),
        (page_of(order="true"), "field order must be a whole number"),
        (page_of(group="news"), "field group must be one of"),
        (page_of(group="cases"), "a page of the group cases names its project"),
        (page_of(project="permit-0"), "no other page does"),
        (page_of(group="cases", project="../x"), "field project does not have the right form"),
        (page_of(template="x"), "field template is not a known field"),
        (b"---\n- a\n---\ntext\n", "is not a set of named fields"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_field(content: bytes, words: str) -> None:
    assert words in refused(content)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "the text is empty"),
        ("   \n\n", "the text is empty"),
        ("a <script>alert(1)</script>", "line 1 of its text holds HTML"),
        ("ok\n\n<b>x</b>", "line 3 of its text holds HTML"),
        ("</p>", "holds HTML"),
        ("<!-- x -->", "holds HTML"),
        ("<?php ?>", "holds HTML"),
        ("<https://evil.example>", "holds HTML"),
        ("&#106;avascript", "holds HTML"),
        ("&lt;b&gt;", "holds HTML"),
        ("# Title", "heading of the first level"),
        ("#### Deep", "heading below the third level"),
        ("- # In a list", "heading inside a list"),
        ("1. ### In a list", "heading inside a list"),
        ("- x\n\n  ## In a list", "heading inside a list"),
        ("![x](/x.png)", "holds a picture"),
        ("`x`", "holds code"),
        ("```\nx\n```", "holds code"),
        ("> x", "holds a quotation"),
        ("| a | b |", "holds a quotation, a table"),
        ("x\n\n---\n\ny", "or a rule"),
        ("[x](javascript:alert(1))", "has a link"),
        ("[x](JavaScript:x)", "has a link"),
        ("[x](java\\script:x)", "has a link"),
        ("[x](data:text/html,x)", "has a link"),
        ("[x](vbscript:x)", "has a link"),
        ("[x](file:///etc/passwd)", "has a link"),
        ("[x](http://example.org)", "has a link"),
        ("[x](//evil.example/)", "has a link"),
        ("[x](/\\evil.example/)", "has a link"),
        ("[x](https://user:word@evil.example/)", "has a link"),
        ("[x](https:evil.example)", "has a link"),
        ("[x](https://evil.example\\@nhs.uk)", "has a link"),
        ("[x](mailto:a@b.uk?subject=x)", "has a link"),
        ("[x](mailto:a)", "has a link"),
        ("[x](tel:x)", "has a link"),
        ("[x](/a/../b)", "has a link"),
        ("[x](page)", "has a link"),
        ("[x](#y)", "has a link"),
        ("[x]()", "has a link"),
        ("[x](/a?next=//evil.example)", "has a link"),
        ("{unknown}", "something in braces"),
        ("{{ 7 * 7 }}", "something in braces"),
        ("{% include 'x' %}", "something in braces"),
        ("{hospital", "something in braces"),
        ("here {contact} there", "something in braces"),
        ("- {contact}", "something in braces"),
        ("## {contact}", "something in braces"),
        ("{Hospital}", "something in braces"),
    ],
)
def test_what_could_do_harm_is_refused(body: str, words: str) -> None:
    assert words in refused(page_of(body))


@given(st.text(max_size=200))
def test_no_text_becomes_a_tag_that_pages_do_not_have(body: str) -> None:
    """Whatever is written: it is refused, or becomes the few tags of pages, with safe links."""
    try:
        made = html(body)
    except Fault:
        return
    known = {"p", "h2", "h3", "ul", "ol", "li", "strong", "em", "a"}
    assert set(re.findall(r"<\s*/?\s*([a-zA-Z0-9!?]+)", made)) <= known
    for attributes in re.findall(r"<\w+ ([^>]*)>", made):
        assert re.fullmatch(r'(class="nhsuk-[a-z -]+"|href="(/|https://|tel:|mailto:)[^"]*"|'
                            r'start="[0-9]+")', attributes)  # fmt: skip


# --- contacts -----------------------------------------------------------------------------------


def contacts_in(home: Path, text: str) -> Path:
    (home / "public").mkdir(exist_ok=True)
    (home / "public" / "contacts.yaml").write_text(text)
    return home


def test_without_contacts_nothing_is_made_up(tmp_path: Path) -> None:
    assert contacts(tmp_path).plain() == {}
    known = contacts(contacts_in(tmp_path, CONTACTS))
    assert (known.phone, known.post) == (
        "01632 960 123", ("Patient data team", "Freepost HOSPITAL DATA"),
    )  # fmt: skip


def test_the_demonstrations_contacts_can_be_read(tmp_path: Path) -> None:
    known = contacts(contacts_in(tmp_path, REACHED))
    assert known.officer is not None
    assert str(known.phone).startswith("01632 960 ")  # numbers that are kept for stories
    assert all(str(one).endswith(".example") for one in (known.email, known.officer.email))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("phone: '12'", "field phone must be a phone number"),
        ("phone: 1632960123", "field phone must be text"),
        ("phone: 'javascript:x'", "field phone must be a phone number"),
        ("phone: '<b>0113</b>'", "field phone must be a phone number"),
        ("phone: ''", "field phone must not be empty"),
        ("email: nobody", "field email must be an address for mail"),
        ("email: 'a@b.uk?bcc=c@d.uk'", "field email must be an address for mail"),
        ("post: []", "field post has too few entries"),
        ("post: one line", "field post must be a list"),
        ("post: [a, b, c, d, e, f, g]", "field post has too many entries"),
        (f"desk: {'x' * 121}", "field desk is longer than 120 characters"),
        ("phone_hours: always", "must have phone where it has phone_hours"),
        ("officer: {}", "must have email or phone"),
        ("officer: {mail: a@b.uk}", "field officer.mail is not a known field"),
        ("full_notice: http://x.example", "field full_notice must be an address that begins"),
        ("full_notice: 'https://x.example/\" onclick=\"y'", "field full_notice must be"),
        ("telephone: 01632 960 123", "field telephone is not a known field"),
        ("hospital: Another Hospital", "field hospital is not a known field"),
        ("- a", "is not a set of named fields"),
        ("phone: &a 1", "not valid YAML"),
        ("{", "not valid YAML"),
        ("", "is not a set of named fields"),
    ],
)
def test_wrong_contacts_are_refused_with_file_and_field(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(Fault) as caught:
        contacts(contacts_in(tmp_path, text))
    assert caught.value.code == "CW-PAGES-CONTACTS"
    assert "public/contacts.yaml" in caught.value.sentence
    assert words in caught.value.sentence


def test_contacts_are_a_plain_small_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(CONTACTS)
    (tmp_path / "public").mkdir()
    path = tmp_path / "public" / "contacts.yaml"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Fault, match="is not a plain file"):
        contacts(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(Fault, match="is not a plain file"):
        contacts(tmp_path)
    path.rmdir()
    path.write_bytes(b"desk: " + b"x" * MOST_BYTES)
    with pytest.raises(Fault, match="is larger than"):
        contacts(tmp_path)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    assert contacts(contacts_in(tmp_path, "phone: 01632 960 001")).phone == "01632 960 001"
    contacts_in(tmp_path, "phone: 01632 960 002")
    assert contacts(tmp_path).phone == "01632 960 002"
    put(tmp_path, "risks.md", page_of("First."))
    assert "First." in library(tmp_path).page("risks").body
    put(tmp_path, "risks.md", page_of("Again."))
    assert "Again." in library(tmp_path).page("risks").body


# --- the hospital's pages in place of ours ------------------------------------------------------


def test_a_page_of_the_hospital_takes_the_place_of_ours_or_is_new(tmp_path: Path) -> None:
    put(tmp_path, "risks.md", page_of("Ours."))
    put(tmp_path, "our-own.md", page_of())
    found = library(tmp_path)
    assert (found.page("risks").origin, found.page("our-own").origin) == ("hospital", "hospital")
    assert found.page("companies").origin == "software"
    assert "our-own" in [one.name for one in found.group("part")]
    assert library(tmp_path / "nothing").pages == built_in()


def test_a_broken_page_is_refused_and_ours_is_not_shown_instead(tmp_path: Path) -> None:
    put(tmp_path, "risks.md", page_of("<script>"))
    put(tmp_path, "our-own.md", b"nothing")
    found = library(tmp_path)
    for name, words in (("risks", "holds HTML"), ("our-own", "does not begin with a head")):
        with pytest.raises(Fault, match=words) as caught:
            found.page(name)
        assert f"public/pages/{name}.md" in caught.value.sentence
        assert name not in found.pages
    assert found.page("companies").origin == "software"
    with pytest.raises(Fault) as caught:
        found.page("none")
    assert caught.value.code == "CW-WEB-NOT-FOUND"


def test_links_pipes_and_folders_are_no_pages(tmp_path: Path) -> None:
    outside = tmp_path / "secret.md"
    outside.write_bytes(page_of("A secret."))
    folder = put(tmp_path, "good.md", page_of()).parent
    (folder / "risks.md").symlink_to(outside)
    (folder / "companies.md").mkdir()
    os.mkfifo(folder / "cookies.md")
    found = library(tmp_path)
    assert set(found.broken) == {"risks", "companies", "cookies"}
    assert all("is not a plain file" in one.sentence for one in found.broken.values())


@pytest.mark.parametrize(
    "name",
    ["Risks.md", "a_b.md", "-a.md", "a-.md", "a--b.md", ".md", "..md", "a.html", "a.md.bak",
     "a b.md", "\u00e9.md", "a.easy-read.html", "a.xx.pdf", "a.svg", "a.js", "%2e%2e.md",
     "A.easy-read.pdf"],
)  # fmt: skip
def test_a_file_of_another_name_is_no_page_and_staff_are_told(tmp_path: Path, name: str) -> None:
    put(tmp_path, name, page_of())
    found = library(tmp_path)
    assert found.unused == (name,)
    assert found.pages == built_in()
    assert not found.broken


@pytest.mark.parametrize(
    "name", ["..", "../x", "a/b", "", "a\x00b", "A", "a.", "a_b", "x" * 61, "a\n", "\uff41"]
)
def test_what_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_a_folder_that_cannot_be_listed_breaks_every_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: Path) -> list[Path]:
        raise PermissionError(13, "no")

    monkeypatch.setattr(shelves.Path, "iterdir", denied)
    with pytest.raises(Fault, match="public/pages of this home cannot be read"):
        library(tmp_path)


@pytest.mark.parametrize(
    ("day", "said"),
    [("2026-11-01", "early"), ("2026-11-02", "good"), ("2027-09-01", "good"),
     ("2027-09-02", "soon"), ("2027-11-01", "soon"), ("2027-11-02", "over")],
)  # fmt: skip
def test_how_a_page_stands_with_its_review(day: str, said: str) -> None:
    page = read_page("x", page_of(), "The page", "hospital")
    assert standing(page, date.fromisoformat(day)) == said


# --- other forms --------------------------------------------------------------------------------


GOOD = {"pdf": PDF, "mp3": b"ID3\x04" + bytes(20), "mp4": bytes(4) + b"ftypisom" + bytes(8)}


@pytest.mark.parametrize(
    "key", ["easy-read.pdf", "large-print.pdf", "audio.mp3", "bsl.mp4", "cy.pdf"]
)
def test_a_form_is_served_as_its_kind(tmp_path: Path, key: str) -> None:
    content = GOOD[key[-3:]]
    put(tmp_path, f"risks.{key}", content)
    (form,) = formats_of(tmp_path, "risks")
    assert (form.key, form.fault, form.size) == (key, "", len(content))
    stream, kind, size = open_format(tmp_path, "risks", key)
    with stream:
        assert stream.read() == content
    assert (kind.partition("/")[0] in {"application", "audio", "video"}, size) == (
        True, len(content),
    )  # fmt: skip
    assert library(tmp_path).unused == ()


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("easy-read.pdf", b"<html><script>alert(1)</script>"),
        ("easy-read.pdf", b""),
        ("easy-read.pdf", b"\n%PDF-1.7"),
        ("cy.pdf", GOOD["mp4"]),
        ("audio.mp3", b"RIFF" + bytes(20)),
        ("audio.mp3", PDF),
        ("audio.mp3", b"\xff\xfe<\x00h\x00"),
        ("bsl.mp4", b"<svg xmlns='x'/>"),
        ("bsl.mp4", GOOD["mp3"]),
    ],
)
def test_a_file_that_is_no_such_thing_is_not_served(
    tmp_path: Path, key: str, content: bytes
) -> None:
    put(tmp_path, f"risks.{key}", content)
    (form,) = formats_of(tmp_path, "risks")
    assert f"risks.{key}" in form.fault
    with pytest.raises(Fault) as caught:
        open_format(tmp_path, "risks", key)
    assert caught.value.code == "CW-PAGES-FILE"


def test_a_form_is_never_what_a_link_points_to_nor_too_large(tmp_path: Path) -> None:
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(PDF)
    folder = put(tmp_path, "x.md", page_of()).parent
    (folder / "risks.cy.pdf").symlink_to(secret)
    huge = folder / "risks.pl.pdf"
    huge.write_bytes(PDF)
    os.truncate(huge, 21 * 1024 * 1024)
    assert [bool(one.fault) for one in formats_of(tmp_path, "risks")] == [True, True]
    for key in ("cy.pdf", "pl.pdf"):
        with pytest.raises(Fault, match=r"plain file|larger than"):
            open_format(tmp_path, "risks", key)


@pytest.mark.parametrize(
    "key", ["html", "easy-read.html", "svg", "../../trust.json", "", "md", "xx.pdf"]
)
def test_no_other_kind_is_there(tmp_path: Path, key: str) -> None:
    assert key not in FORMATS
    with pytest.raises(Fault) as caught:
        open_format(tmp_path, "risks", key)
    assert caught.value.code == "CW-WEB-NOT-FOUND"


# --- the texts that ship ------------------------------------------------------------------------


def test_the_texts_that_ship_are_whole() -> None:
    found = built_in()
    assert {one.head.group for one in found.values()} == GROUPS.keys() - {"cases"}
    assert {
        "your-choices", "four-protections", "who-can-use-data", "can-i-be-identified", "risks",
        "who-decides-here", "how-we-decide", "companies", "case-studies", "your-rights",
        "how-data-are-kept-secure", "when-your-choice-does-not-apply", "after-you-say-no",
        "under-18", "if-you-look-after-someone", "if-someone-has-died", "no-smartphone",
        "questions-and-answers", "get-involved", "ai-in-your-care", "what-we-must-tell-you",
        "other-formats", "home", "about", "accessibility", "cookies",
    } == found.keys()  # fmt: skip
    orders = [(one.head.group, one.head.order) for one in found.values()]
    assert len(orders) == len(set(orders))
    assert all(one.head.reviewed <= date(2026, 12, 1) for one in found.values())
