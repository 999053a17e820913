"""What every check of an application is given, and how it says what is wrong.

A problem names its place and never what was typed. Its word is one of `WORDS`; rules of the law of
forms, which the permit obeys as well, keep their own code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from commonweal.foundation.errors import Fault
from commonweal.governance.application.answers import Forms
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.parts import Part
from commonweal.governance.application.people import Assurance
from commonweal.governance.application.questions import questions
from commonweal.governance.application.seeds import DocumentKinds, read_seed
from commonweal.governance.application.terms import Evidence
from commonweal.governance.application.wanted import Asked
from commonweal.governance.problems import Problem
from commonweal.papers.base import named_twice
from commonweal.papers.catalogue import Catalogue, Dataset, Variable

Problems = Iterator[Problem]

WORDS: dict[str, str] = {
    "missing": "A question that must be answered is not.",
    "kept": "An answer could not be read; it is kept as it was typed.",
    "refused-purpose": "The purpose is one for which patient data are never used.",
    "unknown-word": "A word is not in its list.",
    "twice": "Something is named twice.",
    "organisation": "A condition for this kind of organisation is not met.",
    "route": "An answer does not fit the plain questions at the start.",
    "cag": "Section 251 support is not complete.",
    "ethics": "The ethics committee's opinion is not complete.",
    "opt-out": "The decision about the national opt-out does not stand.",
    "place": "A place cannot be used.",
    "security": "The security of a place is not shown.",
    "people": "Somebody cannot work with the data yet.",
    "expires": "Something runs out before or during the project.",
    "not-yet": "Something is dated in the future.",
    "necessity": "The reason for a variable is missing.",
    "coarser": "The catalogue offers a coarser form, and no reason says why it would not do.",
    "catalogue": "The catalogue does not have what is asked for.",
    "aia": "The algorithmic impact assessment is missing.",
    "dpia": "The data protection impact assessment or the advice on it is missing.",
    "unchecked": "The custodian's people have not looked at something yet.",
    "document": "A document is missing, or does not say enough about itself.",
    "period": "The dates do not fit together.",
    "safeguard": "A limit of risk is weaker than the custodian allows.",
    "models": "What is said of models that may leave does not fit the rest.",
    "declaration": "A declaration was not made, or in an older wording.",
    "form": "A form is not finished.",
}
"""The words of problems. A word keeps its meaning: pages and translations rely on it."""


@dataclass(frozen=True)
class Setting:
    """An application beside all that it is held against. `today` is the day of the check."""

    content: ApplicationContent
    forms: Forms
    catalogue: Catalogue
    today: date

    @property
    def first_day(self) -> date:
        """The first day of the project; today where it is not answered or lies behind us."""
        return max(self.content.period.starts or self.today, self.today)

    @property
    def last_day(self) -> date:
        """The last day of the project; its first where it is not answered."""
        return max(self.content.period.ends or self.first_day, self.first_day)

    @cached_property
    def dataset(self) -> Dataset | None:
        """The dataset that is asked for, where the catalogue has it."""
        try:
            return self.catalogue.dataset(self.content.data.dataset or "")
        except Fault:
            return None

    @cached_property
    def _variables(self) -> dict[tuple[str, str], Variable]:
        tables = self.dataset.tables if self.dataset is not None else ()
        return {(table.name, each.name): each for table in tables for each in table.variables}

    def variable(self, item: Asked) -> Variable | None:
        """What the catalogue says of a variable that is asked for, where it has it."""
        return None if item.place is None else self._variables.get(item.place)


def stops(where: str, word: str, sentence: str) -> Problem:
    """A problem that keeps the application from being sent."""
    return Problem(where, word, sentence, "stops")


def warns(where: str, word: str, sentence: str) -> Problem:
    """A problem that is only said."""
    return Problem(where, word, sentence, "warns")


def missing(part: Part, where: str, *fields: str) -> Problems:
    """A problem for each of `fields` that has no answer."""
    for field in fields:
        if getattr(part, field) in (None, ()):
            label = questions().label(part, field)
            yield stops(f"{where}.{field}", "missing", f"{label}: this is not answered yet.")


def said_twice(where: str, what: str, names: list[str | None]) -> Problems:
    """A problem where two of `names` look the same to a reader."""
    if named_twice([name for name in names if name is not None]) is not None:
        yield stops(where, "twice", f"Two of these look like the same {what}.")


def day(value: date) -> str:
    """A date in words."""
    return f"{value.day} {value:%B %Y}"


def runs_out(where: str, what: str, last: date | None, setting: Setting) -> Problems:
    """Stop where something ends before the project begins; warn where it ends during it."""
    if last is None:
        return
    if last < setting.first_day:
        yield stops(where, "expires", f"{what} runs out on {day(last)}, before the project begins.")
    elif last < setting.last_day:
        yield warns(
            where,
            "expires",
            f"{what} runs out on {day(last)}, during the project: it must be renewed by then, or "
            "work stops.",
        )


def unchecked(where: str, what: str, part: Assurance | Evidence) -> Problems:
    """Said where the custodian's people have not looked at something yet.

    It never stops sending: their time to look is counted, and it begins then. Screening waits for
    it (`complete.unchecked_problems`).
    """
    if part.checked_by is None or part.checked_on is None:
        yield warns(where, "unchecked", f"The custodian has not looked at {what} yet.")


def in_the_future(where: str, what: str, at: date | None, setting: Setting) -> Problems:
    """A problem where something that must have happened is dated after today."""
    if at is not None and at > setting.today:
        yield stops(where, "not-yet", f"{what} is dated in the future.")


def needs_document(where: str, kind: str, setting: Setting) -> Problems:
    """A problem where no document of this kind is there."""
    if not any(each.kind == kind for each in setting.content.documents):
        titles = {each.code: each.title for each in read_seed(DocumentKinds).kinds}
        yield stops(where, "document", f"A document is missing: {titles[kind]}.")
