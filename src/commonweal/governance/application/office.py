"""An application as the document that an office keeps: contents, short tables, then every answer.

A draft says on its first line that it was not sent; a version carries its fingerprint. Forms that
are data come in their own words.
"""

from __future__ import annotations

from collections.abc import Iterable

from commonweal.governance.application.document import (
    DRAFT,
    FormShown,
    form_blocks,
    plain_words,
    section_blocks,
    title_of,
    version_blocks,
)
from commonweal.governance.application.drafts import where
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.people import Member, Place
from commonweal.governance.application.printing import (
    Contents,
    Grid,
    Heading,
    Paragraph,
    Printed,
)
from commonweal.governance.application.questions import in_words
from commonweal.governance.application.version import ApplicationVersion

NOT_SENT = "Draft, not sent"


def draft_document(
    content: ApplicationContent, forms: Iterable[FormShown], as_of: str
) -> tuple[str, list[Printed]]:
    """Title and blocks of a draft. `as_of`: the day of its last saving, in words."""
    shown: list[Printed] = [Paragraph(f"{NOT_SENT}. As it was saved on {as_of}."), Paragraph(DRAFT)]
    shown += _front(content)
    shown += section_blocks(content)
    for form in forms:
        shown += form_blocks(form)
    if content.kept:
        typed = tuple((where(each.path), plain_words(each.value)) for each in content.kept)
        shown += [Heading(2, "Answers that could not be read yet"),
                  Grid(("Where", "As it was typed"), typed)]  # fmt: skip
    return f"{NOT_SENT}: {title_of(content)}", shown


def version_document(
    version: ApplicationVersion, forms: Iterable[FormShown]
) -> tuple[str, list[Printed]]:
    """Title and blocks of a version that was sent."""
    sent, fingerprint, *answers = version_blocks(version, forms=forms)
    front = [sent, fingerprint, *_front(version.content)]
    return title_of(version.content), [*front, *answers]


def _front(content: ApplicationContent) -> list[Printed]:
    """The contents, and the tables that an office looks for first; each answer follows below."""
    shown: list[Printed] = [Heading(2, "Contents"), Contents()]
    for title, grid in (
        ("People at a glance", _people(content)),
        ("Places at a glance", _places(content)),
        ("Variables at a glance", _variables(content)),
    ):
        if grid.rows:
            shown += [Heading(2, title), grid]
    return shown


def _people(content: ApplicationContent) -> Grid:
    rows = (
        (one.name or one.account or "", one.employer or "", one.role or "", _trained(one))
        for one in content.people
    )
    return Grid(("Name", "Employer", "Role in the project", "Training"), tuple(rows))


def _trained(member: Member) -> str:
    each = (
        in_words(one, "kind", one.kind or "training")
        + (f", until {in_words(one, 'expires', one.expires)}" if one.expires else "")
        for one in member.training
    )
    return "\n".join(each)


def _places(content: ApplicationContent) -> Grid:
    rows = (
        (one.name or "", one.organisation or "", one.country or "", _secure(one))
        for one in content.places
    )
    return Grid(("Place", "Organisation", "Country", "What shows that it is secure"), tuple(rows))


def _secure(place: Place) -> str:
    shown = place.assurance
    if shown is None or shown.by is None:
        return ""
    parts = [in_words(shown, "by", shown.by)]
    for field in ("year", "status", "iso_expires", "cyber_expires"):
        value = getattr(shown, field)
        if value is not None:
            parts.append(in_words(shown, field, value))
    return ", ".join(parts)


def _variables(content: ApplicationContent) -> Grid:
    rows = []
    for _, group, one in content.data.asked():
        name = ".".join(part for part in (one.table, one.variable) if part)
        part = in_words(group, "analysis_role", group.analysis_role or "")
        form = in_words(one, "form", one.form) if one.form else ""
        rows.append((name, form, part, one.why or group.reason or ""))
    head = ("Variable", "Form", "Part in the analysis", "Why it is needed")
    return Grid(head, tuple(rows))
