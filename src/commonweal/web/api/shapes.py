"""The shapes of answers."""

from __future__ import annotations

from datetime import date, datetime

from ninja import Schema


class ErrorText(Schema):
    """What went wrong: a stable code, one sentence, what to do, and the request's reference."""

    code: str
    sentence: str
    remedy: str | None = None
    reference: str


class ErrorShape(Schema):
    """The one shape of an error."""

    error: ErrorText


class FormShape(Schema):
    """A form in which a variable can be had. `code` is how permits write it."""

    code: str
    name: str
    sentence: str
    built: bool


class VariableShape(Schema):
    """A variable of the catalogue."""

    dataset: str
    table: str
    name: str
    type: str
    role: str
    role_sentence: str
    offered: bool
    forms: list[FormShape]


class VariablesShape(Schema):
    """A page of variables. `total`: how many fit in all."""

    total: int
    page: int
    variables: list[VariableShape]


class DatasetShape(Schema):
    """A dataset."""

    id: str
    title: str
    tables: list[str]


class CatalogueShape(Schema):
    """All datasets of a custodian."""

    custodian: str
    datasets: list[DatasetShape]


class ProjectShape(Schema):
    """A project of the register. `hash`: what the public log holds of its permit."""

    id: str
    title: str
    summary: str
    organisation: str
    stage: str
    begins: date
    ends: date
    purposes: list[str]
    direct: bool
    hash: str


class RegisterShape(Schema):
    """The register as of `made_at`."""

    made_at: datetime
    projects: list[ProjectShape]


class MeShape(Schema):
    """Whose key it is."""

    person: str
    name: str
    roles: list[str]
    scopes: list[str]
