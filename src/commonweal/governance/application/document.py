"""An application as one document, for the university's office, a printer or an archive.

Markdown or one HTML page that needs nothing else. Everything that people typed is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from commonweal.governance.application.answers import FormAnswers
from commonweal.governance.application.diff import Change, sentences
from commonweal.governance.application.listing import Answered, answers
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.printing import (
    Block,
    Grid,
    Heading,
    Items,
    Paragraph,
    as_html,
    as_markdown,
)
from commonweal.governance.application.questions import questions
from commonweal.governance.application.version import ApplicationVersion

DRAFT = "This is a draft. It was not sent, and nothing was decided about it."


def draft_blocks(content: ApplicationContent) -> list[Block]:
    """A draft, with how many answers could not be read."""
    shown: list[Block] = [Paragraph(DRAFT)]
    if content.kept:
        count = len(content.kept)
        words = "answer" if count == 1 else "answers"
        shown.append(Paragraph(f"{count} {words} could not be read and do not stand here."))
    return [*shown, *section_blocks(content)]


@dataclass(frozen=True)
class FormShown:
    """A form as its definition shows it: its title, and each question with its answer in words."""

    form: str
    title: str
    lines: tuple[tuple[str, str], ...]


def version_blocks(
    version: ApplicationVersion,
    changed: Iterable[Change] = (),
    forms: Iterable[FormShown] = (),
) -> list[Block]:
    """A version as it was sent. `changed`: what changed since the one before, told first.

    `forms`: its forms in their own words; a form that is not among them is shown by its questions'
    ids, so that nothing is left out.
    """
    sent = f"{version.sent_at.day} {version.sent_at:%B %Y}"
    shown: list[Block] = [
        Paragraph(
            f"Application {version.application}, version {version.number}. Sent on {sent} by "
            f"{version.sent_by}."
        ),
        Paragraph(f"Fingerprint of this version: {version.digest()}"),
    ]
    told = sentences(changed)
    if told:
        shown += [Heading(2, "What changed since the version before"), Items(told)]
    shown += section_blocks(version.content)
    worded = {each.form: each for each in forms}
    for answered in version.answers:
        shown += form_blocks(worded.get(answered.form) or _by_id(answered))
    listed = tuple((a.form, str(a.form_version), a.digest()) for a in version.answers)
    if listed:
        shown += [
            Heading(2, "Fingerprints of the forms"),
            Grid(("Form", "Version", "Fingerprint of its answers"), listed),
        ]
    return shown


def form_blocks(form: FormShown) -> list[Block]:
    """One form: its title, and a table of its questions and answers."""
    return [Heading(2, form.title), Grid(("Question", "Answer"), form.lines)]


def _by_id(answered: FormAnswers) -> FormShown:
    lines = tuple((name, plain_words(value)) for name, value in answered.values.items())
    return FormShown(answered.form, f"Form {answered.form}", lines)


def plain_words(value: Any) -> str:
    """A plain value as a reader finds it, whatever it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "; ".join(plain_words(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {plain_words(each)}" for name, each in value.items())
    return str(value)


def title_of(content: ApplicationContent) -> str:
    """The document's title."""
    return f"Application: {content.project.title or 'without a title yet'}"


def version_markdown(
    version: ApplicationVersion,
    changed: Iterable[Change] = (),
    forms: Iterable[FormShown] = (),
) -> str:
    """A version as Markdown."""
    return as_markdown(title_of(version.content), version_blocks(version, changed, forms))


def version_html(
    version: ApplicationVersion,
    changed: Iterable[Change] = (),
    forms: Iterable[FormShown] = (),
) -> str:
    """A version as one HTML page."""
    return as_html(title_of(version.content), version_blocks(version, changed, forms))


def draft_markdown(content: ApplicationContent) -> str:
    """A draft as Markdown."""
    return as_markdown(title_of(content), draft_blocks(content))


def draft_html(content: ApplicationContent) -> str:
    """A draft as one HTML page."""
    return as_html(title_of(content), draft_blocks(content))


def section_blocks(content: ApplicationContent) -> Iterator[Block]:
    """Every answer of the typed sections, section by section."""
    titles = questions().sections
    for section, listed in groupby(answers(content), key=lambda each: each.section):
        yield Heading(2, titles[section])
        for item, lines in groupby(listed, key=lambda each: each.item):
            if item:
                yield Heading(3, item)
            yield _grid(lines)


def _grid(lines: Iterable[Answered]) -> Grid:
    return Grid(("Question", "Answer"), tuple((each.label, each.words) for each in lines))
