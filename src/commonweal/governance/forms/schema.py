"""Forms as data: a small schema of ours, in which a custodian writes questions without code.

A form has sections, a section has questions. Ids of questions are for ever: an answer is kept
under the id of its question, so an id never gets another meaning (`change.py` holds two versions
against each other). A condition looks at earlier questions only, so there can be no circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from commonweal.governance.forms.conditions import MAX_WHOLE, ONLY_ANSWERED, TESTS, Condition, Name
from commonweal.governance.roles import RoleName
from commonweal.papers.base import Day, Line, Paper, Text, named_twice

CellKind = Literal[
    "short_text",
    "long_text",
    "yes_no",
    "one_of",
    "several_of",
    "date",
    "whole_number",
    "money",
    "reference",
]
Kind = Literal[
    "short_text",
    "long_text",
    "yes_no",
    "one_of",
    "several_of",
    "date",
    "whole_number",
    "money",
    "reference",
    "table",
    "declaration",
]
CELL_KINDS: tuple[str, ...] = get_args(CellKind)
KINDS: tuple[str, ...] = get_args(Kind)

ATTRIBUTES: dict[str, frozenset[str]] = {
    "short_text": frozenset({"max_length"}),
    "long_text": frozenset({"max_words"}),
    "yes_no": frozenset(),
    "one_of": frozenset({"options"}),
    "several_of": frozenset({"options"}),
    "date": frozenset({"earliest", "latest"}),
    "whole_number": frozenset({"smallest", "largest"}),
    "money": frozenset({"smallest", "largest"}),
    "reference": frozenset({"patterns"}),
    "table": frozenset({"columns", "min_rows", "max_rows"}),
    "declaration": frozenset({"statement"}),
}
"""What a question of each kind can say beside its wording."""
NEEDED: dict[str, frozenset[str]] = {
    "one_of": frozenset({"options"}),
    "several_of": frozenset({"options"}),
    "reference": frozenset({"patterns"}),
    "table": frozenset({"columns"}),
    "declaration": frozenset({"statement"}),
}
_SPECIAL = frozenset().union(*ATTRIBUTES.values())

DEFAULT_LENGTH = 200
DEFAULT_WORDS = 500
DEFAULT_ROWS = 50
MAX_ROWS = 200
MAX_QUESTIONS = 300
MAX_POUNDS = 99_999_999_999

Given = Literal["uses_ai", "is_research", "without_consent", "with_company"]
"""What the application itself knows: such a question is answered by it, and nobody types it."""

FormId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,39}$", max_length=40)]
Version = Annotated[int, Field(ge=1, le=9999)]
Pattern = Annotated[str, StringConstraints(pattern=r"^[#@*A-Za-z0-9 /._:-]{1,40}$", max_length=40)]
"""How a reference is written: `#` is a digit, `@` a letter, `*` a letter or digit; any other
character stands for itself."""


class FormFaults(ValueError):
    """Faults between parts of a form that are sound one by one: (where, code, sentence)."""

    def __init__(self, found: Sequence[tuple[str, str, str]]) -> None:
        self.found = tuple(found)
        where, _, sentence = self.found[0]
        super().__init__(f"must be right at {where or 'the top'}: {sentence}")


class Option(Paper):
    """One answer that can be chosen. A `retired` one is no longer offered; its code stays. An
    `exclusive` one ("none of these") is chosen alone."""

    code: Name
    label: Line
    retired: bool = False
    exclusive: bool = False


class _Asked(Paper):
    """What a question and a column of a table have in common."""

    id: Name
    ask: Line
    help: Text | None = None
    example: Text | None = None
    required: bool | None = None
    options: Annotated[tuple[Option, ...], Field(min_length=1, max_length=60)] | None = None
    max_length: Annotated[int, Field(ge=1, le=500)] | None = None
    max_words: Annotated[int, Field(ge=1, le=3000)] | None = None
    patterns: Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=10)] | None = None
    smallest: Annotated[int, Field(ge=-MAX_POUNDS, le=MAX_POUNDS)] | None = None
    largest: Annotated[int, Field(ge=-MAX_POUNDS, le=MAX_POUNDS)] | None = None
    earliest: Day | None = None
    latest: Day | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> _Asked:
        kind = str(getattr(self, "kind", ""))
        said = {name for name in _SPECIAL if getattr(self, name, None) is not None}
        extra = sorted(said - ATTRIBUTES[kind])
        if extra:
            raise ValueError(f"must not have {extra[0]}: a question of kind {kind} has none")
        missing = sorted(NEEDED.get(kind, frozenset()) - said)
        if missing:
            raise ValueError(f"must have {missing[0]}: a question of kind {kind} needs it")
        if self.options is not None:
            _once([option.code for option in self.options], "code")
            _once([option.label for option in self.options], "label")
            if all(option.retired for option in self.options):
                raise ValueError("must offer at least one option that is not retired")
            if kind == "one_of" and any(option.exclusive for option in self.options):
                raise ValueError("must not have an exclusive option: only one is chosen anyway")
        if kind == "whole_number":
            for limit in (self.smallest, self.largest):
                if limit is not None and abs(limit) > MAX_WHOLE:
                    raise ValueError(f"must keep whole numbers within {MAX_WHOLE:,}")
        _ordered(self.smallest, self.largest, "smallest", "largest")
        _ordered(self.earliest, self.latest, "earliest", "latest")
        return self

    def option(self, code: str) -> Option | None:
        """The option with that code, retired ones too, or None."""
        return next((one for one in self.options or () if one.code == code), None)


class Column(_Asked):
    """One column of a table. What is not `public` is left out of the public version."""

    kind: CellKind
    public: bool = True


class Question(_Asked):
    """One question.

    `required` is true unless it says false, or unless `required_when` says when. `public`: whether
    the public version shows the answer. `locked`: a core legal question, whose change needs two
    people and a note; `basis` says which law or rule it comes from.
    """

    kind: Kind
    public: bool = False
    locked: bool = False
    basis: Line | None = None
    given: Given | None = None
    shown_when: Condition | None = None
    required_when: Condition | None = None
    statement: Text | None = None
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=16)] | None = None
    min_rows: Annotated[int, Field(ge=0, le=MAX_ROWS)] | None = None
    max_rows: Annotated[int, Field(ge=1, le=MAX_ROWS)] | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Question:
        if self.required is not None and self.required_when is not None:
            raise ValueError("must say required or required_when, not both")
        if self.given is not None and self.kind != "yes_no":
            raise ValueError("must be of kind yes_no: only such a question can be given")
        if self.given is not None and (self.required is False or self.required_when is not None):
            raise ValueError("must be required: the application always gives this answer")
        if self.locked and self.basis is None:
            raise ValueError("must have a basis: a locked question says which rule it comes from")
        if self.columns is not None:
            _once([column.id for column in self.columns], "id")
            if self.public and not any(column.public for column in self.columns):
                raise ValueError("must have a public column: the table is public")
        _ordered(self.min_rows, self.max_rows or DEFAULT_ROWS, "min_rows", "max_rows")
        return self

    @property
    def row_limit(self) -> int:
        """The most rows that a table can have."""
        return self.max_rows if self.max_rows is not None else DEFAULT_ROWS


class Section(Paper):
    """Questions that belong together. `shown_when` looks at questions of earlier sections."""

    id: Name
    title: Line
    intro: Text | None = None
    shown_when: Condition | None = None
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=60)]


class Retired(Paper):
    """A question that an earlier version asked. Its id is never used again."""

    id: Name
    ask: Line


class FormDefinition(Paper):
    """A form, version by version (schema version 1).

    `filled_by`: roles that may fill it in. `source`: where its questions come from. `note`: what
    is new in this version, for whoever filled in the one before.
    """

    form: Literal[1]
    id: FormId
    version: Version
    title: Line
    intro: Text
    source: Line
    note: Text | None = None
    filled_by: Annotated[tuple[RoleName, ...], Field(min_length=1, max_length=12)] = ("applicant",)
    sections: Annotated[tuple[Section, ...], Field(min_length=1, max_length=40)]
    retired: Annotated[tuple[Retired, ...], Field(max_length=500)] = ()

    @model_validator(mode="after")
    def _parts_fit_together(self) -> FormDefinition:
        found = [*_id_faults(self), *_condition_faults(self)]
        if len(self.questions()) > MAX_QUESTIONS:
            found.append(("", "CW-QUESTION-INVALID", f"more than {MAX_QUESTIONS} questions."))
        if len(set(self.filled_by)) != len(self.filled_by):
            found.append(("", "CW-QUESTION-INVALID", "a role in filled_by is named twice."))
        if found:
            raise FormFaults(found)
        return self

    def questions(self) -> tuple[Question, ...]:
        """Every question, in order."""
        return tuple(question for section in self.sections for question in section.questions)

    def placed(self) -> Iterator[tuple[Section, Question]]:
        """Every question with its section, in order."""
        for section in self.sections:
            for question in section.questions:
                yield section, question

    def find(self, question_id: str) -> tuple[Section, Question] | None:
        """The question with that id and its section, or None."""
        return next((pair for pair in self.placed() if pair[1].id == question_id), None)


def where(section: Section, question: Question, row: int | None = None, column: str = "") -> str:
    """The dotted path of a question, or of a cell of it (rows count from 1)."""
    cell = f".{row}" if row is not None else ""
    return f"{section.id}.{question.id}{cell}{f'.{column}' if column else ''}"


def _id_faults(form: FormDefinition) -> Iterator[tuple[str, str, str]]:
    retired = {old.id for old in form.retired}
    if len(retired) != len(form.retired):
        yield "", "CW-QUESTION-INVALID", "a retired id is listed twice."
    seen: set[str] = set()
    for section in form.sections:
        for place, id_ in (
            (section.id, section.id),
            *((where(section, question), question.id) for question in section.questions),
        ):
            if id_ in seen:
                yield place, "CW-QUESTION-INVALID", f"the id {id_} is used twice."
            seen.add(id_)
            if id_ in retired:
                said = f"the id {id_} is retired; a new question needs a new id."
                yield place, "CW-QUESTION-REUSED", said


def _condition_faults(form: FormDefinition) -> Iterator[tuple[str, str, str]]:
    every = {question.id: question for question in form.questions()}
    earlier: dict[str, Question] = {}
    for section in form.sections:
        if section.shown_when is not None:
            yield from _leaf_faults(section.id, section.shown_when, every, earlier)
        for question in section.questions:
            for condition in (question.shown_when, question.required_when):
                if condition is not None:
                    yield from _leaf_faults(where(section, question), condition, every, earlier)
            earlier[question.id] = question


def _leaf_faults(
    place: str, condition: Condition, every: dict[str, Question], earlier: dict[str, Question]
) -> Iterator[tuple[str, str, str]]:
    for leaf in condition.leaves():
        name = leaf.question or ""
        if name not in every:
            said = f"a condition looks at {name}, which is no question of this form."
        elif name not in earlier:
            said = f"a condition looks at {name}, which is not asked earlier."
        else:
            said = _test_fault(leaf, earlier[name])
        if said:
            yield place, "CW-QUESTION-CONDITION", said


def _test_fault(leaf: Condition, question: Question) -> str:
    test, wanted = leaf.test
    can = TESTS.get(question.kind, ONLY_ANSWERED)
    if test not in can:
        return (
            f"a condition asks {test} of {question.id}, which is a {question.kind}; "
            f"it can ask {' or '.join(sorted(can))}."
        )
    fits = {
        "yes_no": isinstance(wanted, bool),
        "whole_number": isinstance(wanted, int) and not isinstance(wanted, bool),
        "one_of": isinstance(wanted, str) and question.option(wanted) is not None,
        "several_of": isinstance(wanted, str) and question.option(wanted) is not None,
    }
    if test != "answered" and not fits.get(question.kind, False):
        need = {
            "yes_no": "true or false",
            "whole_number": "a whole number",
        }.get(question.kind, "the code of one of its options")
        return f"a condition on {question.id} needs {need}."
    return ""


def _once(names: list[str], what: str) -> None:
    twin = named_twice(names)
    if twin is not None:
        raise ValueError(f"must not have the {what} {twin} twice, or two that look alike")


def _ordered(low: object, high: object, low_name: str, high_name: str) -> None:
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        raise ValueError(f"must have {low_name} no larger than {high_name}")
