"""The release manifest: everything exact about a release (ARCHITECTURE 4). It stays in the vault.

Exact counts of people at each step, schema with forms, key ids, risk figures, the membership root
and the hash of every file. The counts must add up, or the manifest does not exist. Rows with
pseudonyms are always "de-personalised": there is no field that could say more (P4).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from commonweal.papers.base import (
    ColumnName,
    Count,
    Day,
    Identifier,
    Line,
    Moment,
    Paper,
    Sha256,
    Share,
    named_twice,
)
from commonweal.papers.forms import read_form, shows_less
from commonweal.papers.missing import MissingExact
from commonweal.papers.permit import RiskLimits
from commonweal.papers.signed import SignedPaper
from commonweal.papers.trust import SigningRole
from commonweal.papers.vocabulary import (
    CodeSystem,
    DeterminationCode,
    PersonKind,
    Role,
    VariableType,
)

ChoiceKind = Literal[
    "national",
    "local_objection",
    "no_ai_training",
    "no_companies",
    "no_research_here",
    "project_objection",
    "project_consent",
    "withdrawal",
    "type1",
]
"""The kinds of choice that the rules of a release looked at."""

MEMBERSHIP_FLOOR = 4096


def _path(text: str) -> str:
    parts = text.split("/")
    if text.startswith("/") or "\\" in text or any(part in ("", ".", "..") for part in parts):
        raise ValueError("a path lies inside the release")
    return text


def _form(text: str) -> str:
    if read_form(text).text != text:
        raise ValueError("a form is written in its one spelling")
    return text


RelativePath = Annotated[Line, AfterValidator(_path)]
"""A path inside the release folder, with forward slashes."""
FormText = Annotated[str, AfterValidator(_form)]
PowerOfTwo = Annotated[int, Field(ge=MEMBERSHIP_FLOOR, le=2**40)]


class Engine(Paper):
    """What computed the tables."""

    name: Literal["duckdb", "spark"]
    version: Line


Keyed = Annotated[str, StringConstraints(pattern=r"^hmac-sha256:[0-9a-f]{64}$")]


class SourceSnapshot(Paper):
    """Where the rows came from, and a fingerprint of exactly those rows.

    `place`: HMAC of where the source lies under a key of the project, so that a refresh can see
    that it is the same and nobody else can read or try out where. None in older manifests.
    """

    kind: Literal["folder", "duckdb", "postgresql"]
    fingerprint: Sha256
    place: Keyed | None = None


class NationalCheck(Paper):
    """The national list of allowed numbers that was used, or the determination that it need not be.

    `checked_at`, `requested` and `returned` are as the service answered; they are there if and only
    if `applied`.
    """

    applied: bool
    checked_at: Moment | None = None
    requested: Count | None = None
    returned: Count | None = None
    list_hash: Sha256 | None = None
    determination: DeterminationCode | None = None

    @model_validator(mode="after")
    def _complete(self) -> NationalCheck:
        answer = (self.checked_at, self.requested, self.returned, self.list_hash)
        if self.applied and (None in answer or self.determination is not None):
            raise ValueError("an applied list has its date, counts and hash, and no determination")
        if not self.applied and answer != (None,) * 4:
            raise ValueError("a list that was not applied has no date, counts or hash")
        if (self.returned or 0) > (self.requested or 0):
            raise ValueError("more numbers came back than were asked for")
        return self


class AppliedChoices(Paper):
    """Which choices were honoured. `applied` follows from the rules, not from what people chose:
    a kind is listed whether or not anybody had made that choice."""

    applied: tuple[ChoiceKind, ...]
    national: NationalCheck
    objections_hash: Sha256
    objections_rows: Count
    asserted_by: Line | None = None
    """Who made the folder of choices by hand, where no service did."""
    journal: Count | None = None
    """How many choices the home had recorded itself; absent where there were none."""
    journal_hash: Sha256 | None = None
    counted_on: Day | None = None
    """The day in London on which choices counted for it; absent where there was no journal."""

    @model_validator(mode="after")
    def _once(self) -> AppliedChoices:
        if len(self.applied) != len(set(self.applied)):
            raise ValueError("a kind of choice is named twice")
        if (self.journal is None) is not (self.journal_hash is None):
            raise ValueError("the journal of choices has a number and a hash, or neither")
        if ("national" in self.applied) != self.national.applied:
            raise ValueError("the national choice is listed if and only if it was applied")
        return self


class Removed(Paper):
    """People removed before anything else, each counted once, under the first reason that held."""

    not_allowed_nationally: Count = 0
    local_objection: Count = 0
    by_kind: Count = 0
    project_objection: Count = 0
    withdrawal: Count = 0
    no_project_consent: Count = 0
    type1: Count = 0
    no_valid_identifier: Count = 0

    @property
    def total(self) -> int:
        """Everybody who was removed."""
        single = (
            self.not_allowed_nationally,
            self.local_objection,
            self.project_objection,
            self.withdrawal,
            self.no_project_consent,
            self.by_kind,
            self.type1,
            self.no_valid_identifier,
        )
        return sum(single)


class PeopleCounts(Paper):
    """Exact counts of people at each step. Everybody in the cohort has one place.

    `left_empty`: people of whom no row was left after restricted codes and the edges of the
    period were taken out. `suppressed`: left out so that the risk limits hold.
    """

    considered: Count
    in_cohort: Count
    removed: Removed
    left_empty: Count = 0
    suppressed: Count = 0
    held_out: Count = 0
    released: Count

    @model_validator(mode="after")
    def _adds_up(self) -> PeopleCounts:
        if self.in_cohort > self.considered:
            raise ValueError("more people are in the cohort than were considered")
        placed = self.left_out + self.held_out + self.released
        if placed != self.in_cohort:
            raise ValueError("the people do not add up")
        return self

    @property
    def left_out(self) -> int:
        """Everybody of the cohort who is neither released nor held out, for whatever reason."""
        return self.removed.total + self.left_empty + self.suppressed


class ReleasedColumn(Paper):
    """One released column. `type` is that of the released values; `codes` says of which code system
    they are codes, where the catalogue does."""

    name: ColumnName
    type: VariableType | Literal["code"]
    form: FormText
    role: Role
    codes: CodeSystem | None = None


class ReleasedFile(Paper):
    """One data file: `content_hash` before sealing, `sealed_hash` and `bytes` after."""

    path: RelativePath
    rows: Count
    content_hash: Sha256
    sealed_hash: Sha256
    bytes: Count


class ReleasedTable(Paper):
    """One table. `trimmed`: rows beyond the edges of the period (S16); `restricted_rows`: rows with
    legally restricted codes (P10); `rare_values`: values rolled up or left out as rare."""

    rows: Count
    columns: Annotated[tuple[ReleasedColumn, ...], Field(min_length=1)]
    files: Annotated[tuple[ReleasedFile, ...], Field(min_length=1)]
    trimmed: Count = 0
    restricted_rows: Count = 0
    rare_values: Count = 0

    @model_validator(mode="after")
    def _adds_up(self) -> ReleasedTable:
        if sum(file.rows for file in self.files) != self.rows:
            raise ValueError("the rows of the files are not the rows of the table")
        if named_twice([column.name for column in self.columns]) is not None:
            raise ValueError("a column is named twice")
        return self


class ReleasedLink(Paper):
    """Rows of `table` belong to rows of `to_table`: the two columns hold codes of one key, so
    whoever has the release can lay the rows together."""

    table: ColumnName
    column: ColumnName
    to_table: ColumnName
    to_column: ColumnName


class Exposure(Paper):
    """Chance of being re-identified: the worst person's, the mean, and the share over the limit."""

    max: Share
    mean: Share
    at_risk: Share | None = None


class Diversity(Paper):
    """Diversity of one sensitive column: fewest distinct values, least entropy, of any class."""

    distinct: Annotated[int, Field(ge=0, le=10**12)]
    entropy: Annotated[float, Field(ge=0.0, le=1e12)] | None = None


class Closeness(Paper):
    """Largest distance of a class from the whole, for one sensitive column."""

    equal: Share
    ordered: Share | None = None


class RiskFigures(Paper):
    """Re-identification figures by patient, with the names of `risk measure`."""

    patients: Count
    classes: Count
    k: Count
    l: dict[ColumnName, Diversity] = Field(default_factory=dict)  # noqa: E741
    t: dict[ColumnName, Closeness] = Field(default_factory=dict)
    prosecutor: Exposure
    journalist: Exposure | None = None
    marketer: Share
    sample_uniques: Count
    shift_candidates: Count | None = None
    quasi_identifiers: tuple[ColumnName, ...] = ()

    @property
    def least_distinct(self) -> int | None:
        """The smallest distinct l of any sensitive column, or None without one."""
        return min((one.distinct for one in self.l.values()), default=None)


class ChosenForm(Paper):
    """The form that the permit names for a variable, and the one that is released."""

    permitted: FormText
    released: FormText

    @model_validator(mode="after")
    def _never_finer(self) -> ChosenForm:
        if self.permitted != self.released:
            agreed, shown = read_form(self.permitted), read_form(self.released)
            if not shows_less(shown, agreed):
                raise ValueError("a variable is released in a finer form than was permitted")
        return self


class Generalisation(Paper):
    """Which forms were chosen where the permit lets coarser ones be chosen (P3).

    `score`: mean share of their information that the quasi-identifiers lose. `optimal`: proved that
    no other of `nodes` choices loses less and keeps the limits; else none loses less than `bound`.
    `fixed_by`: the linked release whose forms were kept (S13). `tested`: in how many choices an
    intruder was tried; those before the last lose less and gave too many away. `levels`: by
    `table.column`.
    """

    metric: Literal["entropy"]
    score: Share
    optimal: bool
    bound: Share
    nodes: Annotated[int, Field(ge=1, le=10**12)]
    nodes_checked: Count
    fixed_by: Identifier | None = None
    tested: Count = 0
    levels: dict[Line, ChosenForm]


class IntruderOutcome(Paper):
    """What the most successful attacker of an intruder test found, in totals.

    `upper`: the upper end of the 95 % interval of the share of right matches; `limit`: what the
    permit allows.
    """

    view: Identifier
    method: Identifier
    tries: Count
    right: Count
    wrong: Count
    upper: Share
    limit: Share

    @model_validator(mode="after")
    def _adds_up(self) -> IntruderOutcome:
        if self.right + self.wrong > self.tries:
            raise ValueError("there are more matches than tries")
        if self.upper > self.limit:
            raise ValueError("a release whose test is over the limit does not exist")
        return self


class PopulationTable(Paper):
    """The table of the population that journalist risk was measured against: SHA-256 of the file,
    the columns that were read, the one that counts people, and how many it counts."""

    hash: Sha256
    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    count: ColumnName | None = None
    people: Count


class MeasuredRisk(Paper):
    """Risk of the data as they were and as they are released, and the permit's limits.

    `generalisation` is there where the permit lets coarser forms be chosen; `population` where a
    table of the population was given.
    """

    before: RiskFigures
    after: RiskFigures
    limits: RiskLimits
    generalisation: Generalisation | None = None
    intruder: IntruderOutcome | None = None
    population: PopulationTable | None = None


class MembershipTree(Paper):
    """The root of the blinded membership leaves (S7). `leaves` is padded to a power of two."""

    root: Sha256
    leaves: PowerOfTwo
    scheme: Identifier
    list_hash: Sha256 | None = None
    """Hash of the sealed list that is kept beside the release."""
    index_hash: Sha256 | None = None
    """Hash of the list's sealed index; releases made before there was one have none."""

    @model_validator(mode="after")
    def _padded(self) -> MembershipTree:
        if self.leaves & (self.leaves - 1):
            raise ValueError("the number of leaves is a power of two")
        return self


class HoldOut(Paper):
    """People kept back by the custodian, whom no job sees (S2)."""

    people: Count
    files: Annotated[tuple[ReleasedFile, ...], Field(min_length=1)]


class ReleaseManifest(SignedPaper):
    """Everything exact about a release. Stays inside the vault."""

    paper_type: ClassVar[str] = "commonweal-release-manifest+json"
    signing_role: ClassVar[SigningRole] = "manifest"
    called: ClassVar[str] = "The release manifest"

    manifest: Literal[1]
    release: Identifier
    sequence: Annotated[int, Field(ge=1, le=1_000_000)]
    permit_id: Identifier
    permit_hash: Sha256
    catalogue_digest: Sha256
    supersedes: Identifier | None = None
    built_at: Moment
    engine: Engine
    commonweal: Line
    source: SourceSnapshot
    person_kind: PersonKind | None = None
    """By what people are told apart, and so by what one can be looked for in the lists."""
    choices: AppliedChoices
    patients: PeopleCounts
    missing: MissingExact | None = None
    """Who of the source cannot be found, by group (P9); none where a row is a person."""
    tables: Annotated[dict[ColumnName, ReleasedTable], Field(min_length=1)]
    links: tuple[ReleasedLink, ...] | None = None
    """How rows of tables hang together; a manifest made before this was written down has none."""
    risk: MeasuredRisk
    key_ids: dict[Identifier, Identifier]
    """Which key was used for what: purpose and key id. Never a key."""
    pseudonym_scope: Literal["release", "linked"]
    membership: MembershipTree
    holdout: HoldOut | None = None
    audit_map: Sha256
    sieve: Sha256 | None = None
    """Hash of the sealed sieve; None where the source has no identifiers of people."""
    papers: dict[Line, Sha256] = Field(default_factory=dict)
    """Hashes of the unsealed papers beside the manifest (`risk.json`, `report.html`)."""
    data_level: Literal["de-personalised"] = "de-personalised"

    @model_validator(mode="after")
    def _hangs_together(self) -> ReleaseManifest:
        held = self.holdout.people if self.holdout is not None else 0
        if held != self.patients.held_out:
            raise ValueError("the people held out do not add up")
        self._forms_as_chosen()
        self._links_of_codes()
        if self.patients.released > self.membership.leaves:
            raise ValueError("there are fewer membership leaves than people")
        if self.supersedes == self.release:
            raise ValueError("a release cannot replace itself")
        if (self.supersedes is None) != (self.sequence == 1):
            raise ValueError("the first release replaces none, each later one the one before it")
        if named_twice(list(self.tables)) is not None:
            raise ValueError("a table is named twice")
        paths = [file.path for file in self.data_files()]
        if len(paths) != len(set(paths)):
            raise ValueError("a file is named twice")
        return self

    def _forms_as_chosen(self) -> None:
        chosen = self.risk.generalisation
        shown = {
            f"{name}.{column.name}": column.form
            for name, table in self.tables.items()
            for column in table.columns
        }
        for name, form in ({} if chosen is None else chosen.levels).items():
            if shown.get(name) != form.released:
                raise ValueError("a column is not in the form that was chosen for it")

    def _links_of_codes(self) -> None:
        codes = {
            (name, column.name)
            for name, table in self.tables.items()
            if any(column.form == "pseudonym" for column in table.columns)
            for column in table.columns
            if column.form == "record_code"
        }
        for link in self.links or ():
            ends = {(link.table, link.column), (link.to_table, link.to_column)}
            if not ends <= codes or link.table == link.to_table:
                raise ValueError("a link is not between record codes of two tables about people")
        if len(set(self.links or ())) != len(self.links or ()):
            raise ValueError("a link is named twice")

    @property
    def made_at(self) -> datetime:
        """When the release was built."""
        return self.built_at

    def data_files(self) -> Iterable[ReleasedFile]:
        """Every data file: of the tables, then of the hold-out."""
        for table in self.tables.values():
            yield from table.files
        if self.holdout is not None:
            yield from self.holdout.files
