"""The library of clauses (`clauses.yaml`): which there are, and which of them hold where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.foundation.documents import parse_yaml
from commonweal.papers.base import Identifier, Line, Paper, Text, named_twice
from commonweal.papers.vocabulary import (
    CommonLawRoute,
    Delivery,
    OrganisationKind,
    Processing,
    Purpose,
)

Scope = Literal["framework", "project", "internal"]

BLANKS = frozenset(
    {
        *("custodian", "organisation", "title", "starts", "ends", "destroyed_by"),
        *("minimum_people", "territory"),
    }
)
"""The words in brackets that a clause may hold."""
_BLANK = re.compile(r"\{([^{}]*)\}")

HEADINGS = (
    "Parties and roles",
    "Purpose, and no other",
    "Data and fields",
    "Nobody is to be recognised",
    "No joining with other data",
    "Named people, and their training",
    "Where the data may be",
    "Security",
    "Nothing is passed on",
    "Results",
    "Publication",
    "Right to look",
    "Incidents",
    "People who say no",
    "The end of the data",
    "Pause, suspension and end",
    "From when until when",
)
"""What every project has agreed on, by contract or by internal terms (domain reference 6.1)."""


class Conditions(Paper):
    """When a clause holds: every line that is given must fit, by any of its words."""

    kinds: tuple[OrganisationKind, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    processing: tuple[Processing, ...] = ()
    delivery: tuple[Delivery, ...] = ()
    common_law: tuple[CommonLawRoute, ...] = ()

    def limits(self) -> dict[str, frozenset[str]]:
        """The lines that are given."""
        return {name: frozenset(words) for name, words in self.plain().items() if words}


@dataclass(frozen=True)
class Circumstances:
    """What a project or an organisation is, for choosing clauses."""

    kinds: frozenset[str]
    purposes: frozenset[str] = frozenset()
    processing: frozenset[str] = frozenset()
    delivery: frozenset[str] = frozenset()
    common_law: frozenset[str] = frozenset()


class Clause(Paper):
    """One clause. `in_`: the kinds of papers that it stands in."""

    id: Identifier
    version: Annotated[int, Field(ge=1, le=10_000)]
    heading: Line
    in_: Annotated[tuple[Scope, ...], Field(min_length=1, alias="in")]
    when: Conditions = Conditions()
    text: Text

    model_config = Paper.model_config | {"populate_by_name": True, "serialize_by_alias": True}

    @model_validator(mode="after")
    def _blanks_known(self) -> Clause:
        if set(_BLANK.findall(self.text)) - BLANKS or re.sub(_BLANK, "", self.text).count("{"):
            raise ValueError("a clause holds a word in brackets that nobody fills in")
        return self

    def holds(self, scope: Scope, there: Circumstances) -> bool:
        """Whether the clause belongs into a paper of this scope, for this project."""
        return scope in self.in_ and all(
            words & getattr(there, name) for name, words in self.when.limits().items()
        )

    def filled(self, words: Mapping[str, str]) -> str:
        """The text with its blanks filled in. What is filled in is never read again."""
        return _BLANK.sub(lambda match: words[match[1]], self.text)


class ClauseLibrary(Paper):
    """`clauses.yaml`."""

    version: Annotated[int, Field(ge=1, le=10_000)]
    source: Text
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> ClauseLibrary:
        if named_twice([clause.id for clause in self.clauses]) is not None:
            raise ValueError("a clause is named twice")
        for scopes in ({"framework", "project"}, {"internal"}):
            there = {c.heading for c in self.clauses if scopes & set(c.in_) and not c.when.limits()}
            if set(HEADINGS) - there:
                raise ValueError(
                    "a heading that every project needs has no clause that always holds"
                )
        return self

    def chosen(self, scope: Scope, there: Circumstances) -> tuple[Clause, ...]:
        """The clauses of a paper, in order."""
        return tuple(clause for clause in self.clauses if clause.holds(scope, there))


def clause_library() -> ClauseLibrary:
    """The library that ships. Raises `PaperInvalid` CW-PAPER-INVALID where it is broken."""
    return _read()


@cache
def _read() -> ClauseLibrary:
    file = resources.files("commonweal.governance.agreement") / "clauses.yaml"
    what = "The list clauses.yaml"
    return ClauseLibrary.read(parse_yaml(file.read_bytes(), what), what)
