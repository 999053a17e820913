"""The reference page of forms (`docs/reference/application-forms.md`), written from the library.

`python -m commonweal.governance.forms.reference FOLDER` writes it; a test compares it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import write_atomic
from commonweal.governance.forms.conditions import Condition, in_words
from commonweal.governance.forms.library import our_library
from commonweal.governance.forms.publishing import WHY_WORDS
from commonweal.governance.forms.schema import (
    ATTRIBUTES,
    DEFAULT_LENGTH,
    DEFAULT_ROWS,
    DEFAULT_WORDS,
    KINDS,
    NEEDED,
    Column,
    FormDefinition,
    Given,
    Question,
    Section,
)
from commonweal.governance.forms.values import MAX_CHARACTERS
from commonweal.governance.roles import ROLE_WORDS

PAGE = "application-forms.md"
KIND_WORDS: dict[str, str] = {
    "short_text": f"one line of text, up to {DEFAULT_LENGTH} characters unless it says else",
    "long_text": f"text, up to {DEFAULT_WORDS} words unless it says else, and "
    f"{MAX_CHARACTERS:,} characters",
    "yes_no": "yes or no",
    "one_of": "one option of a list",
    "several_of": "one or more options of a list",
    "date": "a day",
    "whole_number": "a whole number",
    "money": "pounds and pence, from 0 unless it says else",
    "reference": "a reference that is written in a fixed way: in a pattern `#` is a digit, `@` a "
    "letter, `*` a letter or digit, and any other character stands for itself",
    "table": f"rows of cells, up to {DEFAULT_ROWS} unless it says else; a cell is of any kind but "
    "table and declaration",
    "declaration": "a statement that the person agrees to, or not",
}
GIVEN_WORDS: dict[Given, str] = {
    "uses_ai": "a purpose of the application is one of `ai_research`, `ai_train`, `ai_test`, or "
    "models are to be trained, at several sites too",
    "is_research": "a purpose of the application is research",
    "without_consent": "people outside the care team see who patients are, without their consent",
    "with_company": "a company takes part",
}
_HEAD = """\
# The forms that people fill in

This page is generated from the forms in `src/commonweal/governance/forms/library/`; a test keeps it
so. How a hospital changes a form is on [change a form](../how-to/change-a-form.md).

What a permit is made of (people, purposes, variables, dates, places) is not in these forms: it is
typed in parts of the application that have their own pages. These forms hold what is told in words.

## How a form is written

A form is a YAML file: `form: 1`, `id`, `version`, `title`, `intro`, `source`, `note` (what is new
in this version), `filled_by` (roles), `sections` and `retired`. A section has `id`, `title`,
`intro`, `shown_when` and `questions`. Ids are small letters, digits and underscores, once in a
form; the id of a form has dashes.

| field of a question | says |
|---|---|
| `id` | its name for ever: an answer is kept under it |
| `kind` | what kind of answer it asks for, from the list below |
| `ask` | the question |
| `help`, `example` | a line under it, and an answer that somebody could give |
| `required` | `false` where it may be left empty; else it must be answered |
| `required_when` | a condition under which it must be answered, in place of `required` |
| `shown_when` | a condition under which it is shown |
| `public` | `true`: the answer is published, and so are the columns of a table but for those with \
`public: false` |
| `locked`, `basis` | `true`: a core legal question, with the rule that it comes from |
| `given` | the application answers it, nobody types it |
| `options` | a list of `code` and `label`; `retired: true` is no longer offered, and \
`exclusive: true` is chosen alone |

"""


def reference_page() -> str:
    """The whole page, in Markdown."""
    parts = [_HEAD, *_kinds(), *_conditions(), *_given(), *_public()]
    parts.append("## The forms\n\n")
    parts.append(_overview())
    parts += [_form(form) for form in our_library()]
    return "".join(parts).rstrip("\n") + "\n"


def _kinds() -> Iterator[str]:
    yield "### Kinds of question\n\n"
    rows = []
    for kind in KINDS:
        needed = NEEDED.get(kind, frozenset())
        fields = ", ".join(
            f"`{name}`{' (needed)' if name in needed else ''}" for name in sorted(ATTRIBUTES[kind])
        )
        rows.append((f"`{kind}`", KIND_WORDS[kind], fields or "none"))
    yield _table(("kind", "the answer is", "fields of its own"), rows)


def _conditions() -> Iterator[str]:
    yield (
        "### Conditions\n\n"
        "`{question: ID, is: VALUE}` for yes_no (`true`, `false`), one_of (a code) and "
        "whole_number; `has: CODE` for several_of; `at_least: N` and `at_most: N` for "
        "whole_number; `answered: true` or `false` for every kind. `all` and `any` hold a list of "
        "conditions, `not` one. A condition looks at earlier questions of the same form. A "
        "question that is not shown counts as not answered.\n\n"
    )


def _given() -> Iterator[str]:
    yield "### Answers that the application gives\n\n"
    rows = [(f"`{name}`", GIVEN_WORDS[name]) for name in get_args(Given)]
    yield _table(("given", "is yes when"), rows)


def _public() -> Iterator[str]:
    yield "### Reasons for keeping a public answer back\n\n"
    yield _table(
        ("why", "what readers see"), [(f"`{why}`", said) for why, said in WHY_WORDS.items()]
    )


def _overview() -> str:
    rows = [
        (
            f"[{form.title}](#{form.id})",
            ", ".join(ROLE_WORDS[role] for role in form.filled_by),
            f"{len(form.questions())}",
            f"{sum(question.locked for question in form.questions())}",
            f"{sum(question.public for question in form.questions())}",
        )
        for form in our_library()
    ]
    return _table(("form", "filled in by", "questions", "locked", "published"), rows)


def _form(form: FormDefinition) -> str:
    intro = " ".join(form.intro.split())
    lines = [
        f"## {form.id}\n",
        f"**{form.title}**, version {form.version}. {intro}\n",
        f"Source: {form.source}\n",
    ]
    said = _Words(form)
    for section in form.sections:
        lines += _section(section, said)
    return "\n".join(lines) + "\n"


class _Words:
    """The words of a form for its conditions."""

    def __init__(self, form: FormDefinition) -> None:
        self.names = {question.id: f'"{question.ask}"' for question in form.questions()}
        self.labels = {
            (question.id, option.code): f'"{option.label}"'
            for question in form.questions()
            for option in question.options or ()
        }

    def shown_only_if(self, condition: Condition) -> str:
        """When something is shown, as a sentence."""
        return f"Shown only if {in_words(condition, self.names, self.labels)}."


def _section(section: Section, said: _Words) -> Iterator[str]:
    yield f"### {section.title}: `{section.id}`\n"
    if section.shown_when is not None:
        yield f"{said.shown_only_if(section.shown_when)}\n"
    rows = []
    for question in section.questions:
        asked = question.ask
        if question.shown_when is not None:
            asked += f" *{said.shown_only_if(question.shown_when)}*"
        rows.append((f"`{question.id}`", asked, _answer(question), _marks(question)))
        for column in question.columns or ():
            marks = _column_marks(question, column)
            rows.append((f"`{question.id}.{column.id}`", column.ask, _answer(column), marks))
    yield _table(("id", "question", "answer", "marks"), rows).rstrip("\n") + "\n"


def _answer(asked: Question | Column) -> str:
    if asked.options is not None:
        offered = "; ".join(option.label for option in asked.options if not option.retired)
        return f"{'one of' if asked.kind == 'one_of' else 'any of'}: {offered}"
    if asked.kind == "long_text":
        return f"up to {asked.max_words or DEFAULT_WORDS} words"
    if asked.patterns is not None:
        return f"reference {' or '.join(f'`{pattern}`' for pattern in asked.patterns)}"
    if isinstance(asked, Question) and asked.columns is not None:
        least = max(asked.min_rows or 0, 0 if asked.required is False else 1)
        return f"table, {least} to {asked.row_limit} rows"
    return {"yes_no": "yes or no"}.get(asked.kind, asked.kind.replace("_", " "))


def _marks(question: Question) -> str:
    marks = []
    if question.given is not None:
        marks.append("given by the application")
    if question.required_when is not None:
        marks.append("needed at times")
    elif question.required is False:
        marks.append("may be left empty")
    if question.public:
        marks.append("published")
    if question.locked:
        marks.append(f"locked: {question.basis}")
    return "; ".join(marks)


def _column_marks(question: Question, column: Column) -> str:
    marks = []
    if column.required is False:
        marks.append("may be left empty")
    if question.public and not column.public:
        marks.append("not published")
    return "; ".join(marks)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n\n"


def main(arguments: Sequence[str]) -> int:
    """Write the page into a folder. Returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m commonweal.governance.forms.reference FOLDER\n")
        return 2
    try:
        write_atomic(Path(arguments[0]) / PAGE, reference_page().encode(), mode=0o644)
    except CommonwealError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
