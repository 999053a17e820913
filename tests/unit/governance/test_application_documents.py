"""What changed between versions, and an application as a document: all that is typed is escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from commonweal.governance.application.diff import changes, sentences, version_changes
from commonweal.governance.application.document import (
    FormShown,
    draft_html,
    draft_markdown,
    version_html,
    version_markdown,
)
from commonweal.governance.application.drafts import read_draft
from commonweal.governance.application.listing import answers
from commonweal.governance.application.printing import (
    Grid,
    Heading,
    Items,
    Paragraph,
    as_html,
    as_markdown,
)
from tests import applications

# --- what changed -----------------------------------------------------------------------------


def told(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    return sentences(changes(read_draft(before), read_draft(after)))


def test_nothing_changed() -> None:
    assert told(applications.content_data(), applications.content_data()) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"project__title": "Asthma in summer"},
         'The project: Title was "Asthma admissions in winter" and is now "Asthma in summer".'),
        ({"project__technical_summary": "A cohort study."},
         'The project: Summary for specialists is now "A cohort study.".'),
        ({"project__lay_summary": "x" * 200}, "The project: Summary in plain words was changed."),
        ({"safeguards__k": None},
         'Limits of risk: Smallest group of people who look alike was "10" and was taken out.'),
        ({"people": [applications.member(), applications.member("bob")]},
         "People who would work with the data: Bob Khan was added."),
        ({"people": [applications.member("bob")]},
         ("People who would work with the data: Bob Khan was added. / "
          "People who would work with the data: Amira Khan was taken out.")),
        ({"people__0__role": "Statistician"},
         ('People who would work with the data: Amira Khan: Role in the project was "Researcher" '
          'and is now "Statistician".')),
        ({"period__ends": "2027-04-30"},
         'From when until when: Last day was "31 March 2027" and is now "30 April 2027".'),
        ({"data__groups__1__variables__1": None},
         "Which data, and why each is needed: patients.sex was taken out."),
        ({"data__groups__1__variables__0__form": "age_band(10,90)"},
         ("Which data, and why each is needed: patients.born: Form was "
          '"age_band(5,90): as an age group of 5 years, 90 and over as one" and is now '
          '"age_band(10,90): as an age group of 10 years, 90 and over as one".')),
        ({"access__delivery": "handover"},
         ("What would be done with the data: Whether the data stay in the secure place was "
          '"the data stay in the secure place" and is now "the data are handed over".')),
    ],
)  # fmt: skip
def test_one_change_is_one_sentence(change: dict[str, Any], expected: str) -> None:
    said = told(applications.content_data(), applications.content_data(**change))
    assert " / ".join(said) == expected


def test_who_is_moved_up_has_not_changed() -> None:
    both = [applications.member(), applications.member("bob")]
    one = applications.content_data(people=both)
    other = applications.content_data(people=both[::-1])
    groups = one["data"]["groups"]
    other["data"]["groups"] = groups[::-1]
    assert told(one, other) == ()


def test_a_variable_that_goes_to_another_group_is_one_change() -> None:
    after = applications.content_data()
    moved = after["data"]["groups"][1]["variables"].pop()
    after["data"]["groups"][2]["variables"].append(moved)
    (sentence,) = told(applications.content_data(), after)
    assert sentence.startswith("Which data, and why each is needed: patients.sex: Part in the")


def test_changes_stand_side_by_side_with_their_places() -> None:
    before = applications.content_data()
    after = applications.content_data(purpose__objective="Another question")
    (change,) = changes(read_draft(before), read_draft(after))
    assert (change.kind, change.where, change.section) == (
        "changed", "purpose.objective", "purpose"
    )  # fmt: skip
    assert (change.before, change.after) == (
        "Why do admissions rise in winter?",
        "Another question",
    )


def test_changes_go_both_ways() -> None:
    one, two = applications.content(), read_draft(applications.company_data())
    there, back = changes(one, two), changes(two, one)
    turned = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {(c.section, c.item, c.label, c.before, c.after, c.kind) for c in there} == {
        (c.section, c.item, c.label, c.after, c.before, turned[c.kind]) for c in back
    }


def test_forms_are_compared_between_versions() -> None:
    older = applications.version()
    newer = applications.version(None, "benefits", number=2)
    assert sentences(version_changes(older, newer)) == ("Forms: benefits was filled in.",)
    assert sentences(version_changes(newer, older)) == ("Forms: benefits was taken out.",)


def test_two_of_one_name_are_both_listed() -> None:
    data = applications.content_data(people=[applications.member(), applications.member()])
    paths = [each.path for each in answers(read_draft(data))]
    assert len(paths) == len(set(paths))


# --- documents --------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://example.org/x.png)",
    "# Heading\n## Decision: approved",
    "| a | b |\n| --- | --- |\n| c | d |",
    "```\ncode\n```",
    "- item\n1. item\n+ item\n* item",
    "> quoted\n\n---\n\n===\ntext\n===",
    "see https://example.org and www.example.org or a@example.org",
    "&lt;b&gt; &amp; \\* \\",
    "    indented\n\ttabbed",
    "*a* _b_ `c` ~~d~~ **e** <https://example.org> $x$",
    "1) one\n2. two",
    "{{ template }} {% tag %}",
]

MARKDOWN = MarkdownIt("commonmark", {"linkify": False}).enable("table").enable("strikethrough")
PLAIN_TOKENS = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline",
    "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close",
    "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close",
    "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
}  # fmt: skip
WHITE = re.compile(r"\s+")


def shown_by_markdown(text: str) -> tuple[str, set[str]]:
    """What a reader of Markdown sees, and the kinds of everything inside lines."""
    words, kinds = [], set()
    for token in MARKDOWN.parse(text):
        assert token.type in PLAIN_TOKENS, token.type
        for child in token.children or ():
            kinds.add(child.type)
            words.append("\n" if child.type in ("softbreak", "hardbreak") else child.content)
        if token.type == "inline":
            words.append("\n")
    return WHITE.sub(" ", "".join(words)).strip(), kinds


class Reader(HTMLParser):
    """The text and the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read_html(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "br", "ul",
    "li", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    blocks = [
        Heading(2, text), Paragraph(text), Items((text, text)), Grid((text, "x"), ((text, text),))
    ]  # fmt: skip
    seen, kinds = shown_by_markdown(as_markdown(text, blocks))
    assert kinds <= {"text", "softbreak", "hardbreak", "text_special"}
    assert WHITE.sub(" ", text).strip() in seen
    page = as_html(text, blocks)
    reader = read_html(page)
    assert reader.tags <= TAGS
    assert WHITE.sub("", "".join(reader.words)).count(WHITE.sub("", text)) == 9
    assert "<script" not in page


@settings(max_examples=200)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n"), max_size=40)
)
@example("a\n\n\n\nb")
@example("1234567890. x")
@example("\\\n-\n\\|")
def test_any_text_stays_text(text: str) -> None:
    seen, kinds = shown_by_markdown(as_markdown("T", [Paragraph(f"x{text}x"), Paragraph("end")]))
    assert kinds <= {"text", "softbreak", "hardbreak", "text_special"}
    assert seen == WHITE.sub(" ", f"T x{text}x end").strip()
    assert read_html(as_html("T", [Paragraph(f"x{text}x")])).tags <= TAGS


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("see https://example.org", "see https\\://example.org"),
        ("HTTP://X.ORG", "HTTP\\://X.ORG"),
        ("www.example.org", "www\\.example.org"),
        ("mailto:a@b.c", "mailto\\:a@b.c"),
    ],
)
def test_readers_that_make_links_of_addresses_find_none(typed: str, written: str) -> None:
    assert written in as_markdown("T", [Paragraph(typed)])


def test_a_page_needs_nothing_else() -> None:
    page = version_html(applications.version(applications.company_data(), "aia"))
    assert page.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in page
    for outside in ("http:", "https:", "src=", "href=", "url(", "@import", "<script", "javascript"):
        assert outside not in page


@pytest.mark.parametrize("data", ["content_data", "company_data", "support_data"])
def test_every_answer_stands_in_both_documents(data: str) -> None:
    content = read_draft(getattr(applications, data)())
    text, _ = shown_by_markdown(draft_markdown(content))
    page = " ".join("".join(read_html(draft_html(content)).words).split())
    for each in answers(content):
        assert " ".join(each.words.split()) in text, each.path
        assert " ".join(each.words.split()) in page, each.path
    assert "This is a draft." in text


def test_a_version_says_which_it_is_and_what_changed() -> None:
    older = applications.version()
    newer = applications.version(applications.content_data(project__title="New <b>"), number=2)
    text = version_markdown(newer, version_changes(older, newer))
    assert newer.digest() in text
    assert "What changed since the version before" in text
    assert "New \\<b\\>" in text
    assert "version 2" in text
    assert "What changed" not in version_markdown(newer)


def test_forms_stand_in_the_document_in_their_own_words_or_by_their_ids() -> None:
    version = applications.version(None, "benefits")
    bare = version_markdown(version)
    assert "| benefit | Answer to benefits |" in bare
    shown = FormShown("benefits", "What people gain", (("Who gains?", "Everybody <b>"),))
    text = version_markdown(version, forms=[shown])
    assert "## What people gain" in text
    assert "| Who gains? | Everybody \\<b\\> |" in text
    assert "## Form dpia" in text
    assert "Everybody &lt;b&gt;" in version_html(version, forms=[shown])


def test_answers_to_forms_are_shown_whole() -> None:
    version = applications.version()
    values = {"rows": [{"who": "a", "how": True}, {"who": "b"}], "n": 3, "no": False}
    answers = version.answers[0].model_copy(update={"values": values})
    text = version_markdown(version.model_copy(update={"answers": (answers,)}))
    assert "| rows | who: a, how: yes; who: b |" in text
    assert "| no | no |" in text


def test_a_draft_says_how_much_could_not_be_read() -> None:
    content = read_draft({"project": {"title": "a\nb"}, "zork": 1})
    assert "2 answers could not be read" in draft_markdown(content)
    assert "without a title yet" in draft_html(content)
