"""The custodian's lists: YAML files beside this module, each with a version and a source.

What the law or national bodies may change, or a custodian may see otherwise, stands in them and not
in code. They are read strictly, once, and a frozen version of an application names their versions.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib import resources
from typing import Annotated, Literal, TypeVar, cast

from pydantic import Field, model_validator

from commonweal.foundation.documents import parse_yaml
from commonweal.governance.application.basis import RouteAnswers
from commonweal.governance.application.parts import Code
from commonweal.governance.application.people import Applicant
from commonweal.governance.application.terms import Safeguards
from commonweal.papers.base import Identifier, Line, Number, Paper, Text, named_twice
from commonweal.papers.vocabulary import (
    CommonLawRoute,
    DeterminationCode,
    OrganisationKind,
    Purpose,
)

Version = Annotated[int, Field(ge=1, le=10_000)]


class Seed(Paper):
    """A list of the custodian's, its version and where it comes from."""

    version: Version
    source: Text


class Titled(Paper):
    """A word of a list, and what people read for it."""

    code: Code
    title: Line
    expires: bool = False


class OrganisationNeed(Paper):
    """A field that a kind of organisation must answer, and the sentence where it did not."""

    field: Identifier
    says: Line


class KindRules(Paper):
    """What one kind of organisation may ask for, must show and is bound to."""

    kind: OrganisationKind
    title: Line
    may: Line
    needs: tuple[OrganisationNeed, ...] = ()
    documents: tuple[Code, ...] = ()
    bound_to: tuple[Text, ...] = ()


class Organisations(Seed):
    """`organisations.yaml`."""

    kinds: tuple[KindRules, ...]

    @model_validator(mode="after")
    def _fields_exist(self) -> Organisations:
        known = set(Applicant.model_fields)
        if any(need.field not in known for kind in self.kinds for need in kind.needs):
            raise ValueError("a need names a field that an organisation does not have")
        _once([kind.kind for kind in self.kinds])
        return self

    def of(self, kind: str | None) -> KindRules | None:
        """The rules of a kind, or None where no kind was answered."""
        return next((each for each in self.kinds if each.kind == kind), None)


class YearEnd(Paper):
    """The last day of a toolkit year."""

    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]

    @model_validator(mode="after")
    def _is_a_day(self) -> YearEnd:
        try:
            date(2025, self.month, self.day)  # a year without a leap day
        except ValueError:
            raise ValueError("there is no such day in every year") from None
        return self


class DsptStatus(Paper):
    """A published status, and whether it will do."""

    code: Code
    title: Line
    accepted: Literal["always", "signed_off", "never"]


class Security(Seed):
    """`security.yaml`."""

    year_ends: YearEnd
    holds_months: Annotated[int, Field(ge=0, le=24)]
    statuses: tuple[DsptStatus, ...]
    alternative: Line
    territory: Annotated[tuple[Line, ...], Field(min_length=1)]

    def status(self, code: str | None) -> DsptStatus | None:
        """The status of a code, or None."""
        return next((each for each in self.statuses if each.code == code), None)


class TrainingKinds(Seed):
    """`training.yaml`."""

    kinds: tuple[Titled, ...]


class Exemption(Paper):
    """One reason to set the national opt-out aside, and what it needs."""

    code: DeterminationCode
    title: Line
    asks: Line
    routes: Annotated[tuple[CommonLawRoute, ...], Field(min_length=1)]
    purposes: tuple[Purpose, ...] = ()
    reference: bool = False
    expires: bool = False
    document: Code | None = None


class OptOutRules(Seed):
    """`opt_out.yaml`."""

    exemptions: tuple[Exemption, ...]

    @model_validator(mode="after")
    def _codes_once(self) -> OptOutRules:
        _once([each.code for each in self.exemptions])
        return self

    def of(self, code: str | None) -> Exemption | None:
        """The exemption of a code, or None."""
        return next((each for each in self.exemptions if each.code == code), None)


class DocumentKinds(Seed):
    """`documents.yaml`."""

    kinds: tuple[Titled, ...]


class AnalysisRoles(Seed):
    """`analysis_roles.yaml`."""

    roles: tuple[Titled, ...]


class DeclarationText(Paper):
    """A sentence that somebody declares."""

    id: Identifier
    wording: Version
    when: Literal["ai", "train", "company"] | None = None
    text: Text


class Declarations(Seed):
    """`declarations.yaml`."""

    items: tuple[DeclarationText, ...]


class Limit(Paper):
    """The standard of one safeguard, and how far an application may go the weaker way."""

    field: Identifier
    standard: Number | bool | Identifier | None = None
    limit: Number | None = None
    weaker: Literal["lower", "higher", "any"]


class SafeguardLimits(Seed):
    """`safeguards.yaml`."""

    limits: tuple[Limit, ...]

    @model_validator(mode="after")
    def _all_fields(self) -> SafeguardLimits:
        if [limit.field for limit in self.limits] != list(Safeguards.model_fields):
            raise ValueError("every safeguard has its line, in order")
        return self


Answer = bool | Literal["care_team", "custodian", "others", "results", "records"]
When = dict[Identifier, tuple[Answer, ...]]


class Choice(Paper):
    """One answer to a question of the route finder."""

    value: Answer
    says: Line


class Question(Paper):
    """A question of the route finder."""

    id: Identifier
    asks: Line
    hint: Text | None = None
    choices: Annotated[tuple[Choice, ...], Field(min_length=2)]


class Need(Paper):
    """Something that will be asked for on a route. `blocks`: nothing is sent without it."""

    id: Identifier
    says: Line
    document: Code | None = None
    answers: tuple[Line, ...] = ()
    form: Identifier | None = None
    blocks: bool = False


class AlsoNeeded(Need):
    """Something that is asked for on every route where the answers are these."""

    when: When


class LawNeed(Need):
    """Something that these routes under the duty of confidentiality ask for."""

    common_law: Annotated[tuple[CommonLawRoute, ...], Field(min_length=1)]


class Route(Paper):
    """Where answers lead."""

    id: Identifier
    title: Line
    says: Text
    when: When
    common_law: Annotated[tuple[CommonLawRoute, ...], Field(min_length=1)]
    decision_maker: Literal["hra", "secretary_of_state"] | None = None
    needs: tuple[Need, ...] = ()


class Routes(Seed):
    """`routes.yaml`."""

    questions: tuple[Question, ...]
    routes: tuple[Route, ...]
    by_law: tuple[LawNeed, ...]
    also: tuple[AlsoNeeded, ...]

    @model_validator(mode="after")
    def _questions_are_known(self) -> Routes:
        if [question.id for question in self.questions] != list(RouteAnswers.model_fields):
            raise ValueError("the questions are those of the section route, in order")
        values = {q.id: {choice.value for choice in q.choices} for q in self.questions}
        for when in (*(r.when for r in self.routes), *(a.when for a in self.also)):
            for question, answers in when.items():
                if not set(answers) <= values.get(question, set()):
                    raise ValueError("a route names a question or an answer that is not asked")
        return self


def _once(names: list[str]) -> None:
    if named_twice(names) is not None:
        raise ValueError("a line stands twice")


SEEDS: dict[type[Seed], str] = {
    AnalysisRoles: "analysis_roles",
    Declarations: "declarations",
    DocumentKinds: "documents",
    OptOutRules: "opt_out",
    Organisations: "organisations",
    Routes: "routes",
    SafeguardLimits: "safeguards",
    Security: "security",
    TrainingKinds: "training",
}
"""The rules of an application, and the name of the file (without `.yaml`) that holds each."""

_S = TypeVar("_S", bound=Seed)


def read_seed(kind: type[_S], name: str | None = None) -> _S:
    """The list that ships of this kind. Raises `PaperInvalid` where it is broken."""
    return cast("_S", _read(kind, name or SEEDS[kind]))


@cache
def _read(kind: type[Seed], name: str) -> Seed:
    file = resources.files("commonweal.governance.application") / f"{name}.yaml"
    what = f"The list {name}.yaml"
    return kind.read(parse_yaml(file.read_bytes(), what), what)


def seed_versions() -> dict[str, int]:
    """The version of every list, by name: what a frozen application was held against."""
    return {name: read_seed(kind).version for kind, name in SEEDS.items()}
