"""The shapes of answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

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
    """A form in which a variable can be had. `code` is how permits write it.

    `band`: how much it tells about who somebody is (low, medium, high); null: not counted yet.
    """

    code: str
    name: str
    sentence: str
    built: bool
    band: str | None
    band_sentence: str


class CodeShape(Schema):
    """A value that at least ten people have. `people`: rounded to tens."""

    code: str
    people: int


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
    complete: str
    percent: int | None
    range: str
    codes: list[CodeShape]
    codes_hidden: bool


class VariablesShape(Schema):
    """A page of variables. `total`: how many fit in all."""

    total: int
    page: int
    variables: list[VariableShape]


class DatasetShape(Schema):
    """A dataset. `people`: rounded to tens; null: fewer than 10, or not `counted`."""

    id: str
    title: str
    tables: list[str]
    people: int | None
    counted: bool


class TableShape(Schema):
    """A table of a dataset. `variables`: how many it has."""

    name: str
    title: str
    about_people: bool
    rows: int | None
    people: int | None
    variables: int


class DatasetFullShape(DatasetShape):
    """A dataset with its tables, and which figures were made of it when."""

    figures: str | None
    measured_at: datetime | None
    table_list: list[TableShape]


class CatalogueShape(Schema):
    """A page of the datasets of a custodian."""

    custodian: str
    total: int
    page: int
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


class LeftFilesShape(Schema):
    """Files of one kind that left. `grade`: how far a figure in them can be relied on."""

    kind: str
    grade: str
    number: int


class LeftOverrideShape(Schema):
    """A check that failed, and why two people let it leave. `says`: the reason in words."""

    verdict: str
    reason: str
    says: str


class LeftRecallShape(Schema):
    """That an output should not have left. `entry`: of the public log; `hash`: what it holds.

    `given_to`: in how many people's names files had been given out by then; null where not known.
    """

    at: datetime
    entry: int
    hash: str
    reasons: str | None
    given_to: int | None


class LeftShape(Schema):
    """An output that left a project. `at`: to the hour; `hash`: what entry `entry` of the public
    log holds of it. `title`, `profile`, `files` and `overrides` are null where the words are gone.
    """

    id: str
    title: str | None
    release: str
    at: datetime
    entry: int
    hash: str
    profile: str | None
    files: list[LeftFilesShape] | None
    overrides: list[LeftOverrideShape] | None
    overridden: int
    recalled: LeftRecallShape | None


class LeftPageShape(Schema):
    """A page of what has left a project, oldest first."""

    total: int
    page: int
    outputs: list[LeftShape]


class RegisterShape(Schema):
    """A page of the register as of `made_at`."""

    made_at: datetime
    total: int
    page: int
    projects: list[ProjectShape]


class ProjectRoleShape(Schema):
    """A role that counts for one project only."""

    role: str
    project: str


class MeShape(Schema):
    """Whose key it is. `roles`: those for all projects."""

    person: str
    name: str
    roles: list[str]
    project_roles: list[ProjectRoleShape]
    scopes: list[str]


class CheckpointShape(Schema):
    """A checkpoint of the public log. `note`: as it was signed (C2SP signed-note)."""

    origin: str
    size: int
    root: str
    note: str


class EntryShape(Schema):
    """An entry of the public log at its place."""

    index: int
    entry: dict[str, Any]


class EntriesShape(Schema):
    """A page of the public log."""

    total: int
    page: int
    entries: list[EntryShape]


class ProofShape(Schema):
    """The proof of an entry (C2SP tlog-proof)."""

    index: int
    proof: str


class VersionLineShape(Schema):
    """A version that was sent."""

    number: int
    digest: str
    sent_at: datetime


class VersionShape(VersionLineShape):
    """A version that was sent, whole."""

    reference: str
    content: dict[str, Any]


class ApplicationShape(Schema):
    """An application and where it stands."""

    reference: str
    organisation: str
    state: str
    state_sentence: str
    begun_at: datetime
    versions: list[VersionLineShape]


class ApplicationsShape(Schema):
    """A page of applications."""

    total: int
    page: int
    applications: list[ApplicationShape]


class PermitShape(Schema):
    """A permit. Of others only `public`, what the register says, is there.

    `state`: where it stands at this moment. `paper`: the signed permit, for the people whom it
    names and for staff.
    """

    id: str
    own: bool
    application: str | None = None
    state: str | None = None
    issued_at: datetime | None = None
    digest: str | None = None
    paper: str | None = None
    public: dict[str, Any] | None = None


class PermitsShape(Schema):
    """A page of permits."""

    total: int
    page: int
    permits: list[PermitShape]


class DeclaredShape(Schema):
    """A file that a study declares."""

    file: str
    kind: str
    about: str


class JobShape(Schema):
    """A study that was sent, as far as its author may know.

    `state`: waiting, at_work, cancelled, or one of the four ends of `report`: finished, failed,
    over_limit, refused. It changes on full quarters of an hour only.
    """

    id: str
    permit: str
    title: str
    study: str
    submitted_by: str
    submitted_at: datetime
    state: str
    state_sentence: str
    report: dict[str, Any] | None = None
    outputs: list[DeclaredShape]


class JobsShape(Schema):
    """A page of studies."""

    total: int
    page: int
    studies: list[JobShape]


class StudyOrderShape(Schema):
    """Something that was asked. `study`: the id of the study that came of it, or that is meant."""

    order: str
    kind: str
    permit: str
    state: str
    study: str | None = None
    asked_at: datetime
    code: str | None = None
    sentence: str | None = None
