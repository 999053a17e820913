"""An application as a document to print or to keep: one page of HTML, or a Word file.

The page needs nothing else and runs nothing: its own style is named by its hash. Both are made from
the same blocks, so neither can say what the other does not.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.http import HttpResponse

from commonweal.governance.application.document import FormShown
from commonweal.governance.application.office import draft_document, version_document
from commonweal.governance.application.printing import STYLE, Printed, as_html
from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.schema import FormDefinition
from commonweal.governance.forms.showing import shown_sections
from commonweal.web.applications.contents import held
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.presenters import answers_of_version
from commonweal.web.applications.services import paper_of
from commonweal.web.config.jinja import moment

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
Document = tuple[str, Sequence[Printed], datetime, str]
"""Title, blocks, the moment that it is of, and what the file is called."""


def of_draft(application: Application) -> Document:
    """The draft as it is saved now."""
    draft = application.draft
    read = held(draft)
    forms = shown_forms((form, read.answers_of(form)) for form in read.forms.values()
                        if form.id in read.answers)  # fmt: skip
    title, blocks = draft_document(read.content, forms, moment(draft.saved_at))
    return title, blocks, draft.saved_at, f"{application.reference}-draft"


def of_version(version: Version) -> Document:
    """A version as it was sent."""
    paper = paper_of(version)
    title, blocks = version_document(paper, shown_forms(answers_of_version(paper)))
    return title, blocks, version.sent_at, f"{paper.application}-version-{paper.number}"


def shown_forms(forms: Iterable[tuple[FormDefinition, Answers]]) -> list[FormShown]:
    """Filled-in forms in their own words; a table of rows is told row by row."""
    made = []
    for form, answers in forms:
        lines = []
        for section in shown_sections(form, answers):
            for each in section.answers:
                rows = ("\n".join(f"{name}: {cell}" for name, cell in
                                  zip(each.columns, row, strict=True) if cell)
                        for row in each.rows)  # fmt: skip
                text = each.text or "\n\n".join(rows)
                if text:
                    lines.append((each.ask, text))
        made.append(FormShown(form.id, form.title, tuple(lines)))
    return made


def as_page(made: Document) -> HttpResponse:
    """One page that prints well and needs nothing else."""
    title, blocks, _, _ = made
    answer = HttpResponse(as_html(title, blocks))
    answer["Content-Security-Policy"] = POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def as_word(made: Document) -> HttpResponse:
    """A Word file to keep: never shown by the browser itself."""
    # Word files are made seldom, and reading the library takes longer than a page should.
    from commonweal.governance.application.word import MEDIA_TYPE, as_docx

    title, blocks, at, name = made
    answer = HttpResponse(as_docx(title, blocks, at), content_type=MEDIA_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="{name}.docx"'
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
