"""People's choices applied to the people of a release: whole records stay out.

The most specific choice wins: project, then kind, then local, then national (DECISIONS P5).
Choices outlive the person. Only the people who may be in are ever written down, in the engine's
temporary memory; who stays out is counted and nowhere kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from commonweal.foundation.errors import Failure, Fault, Unavailable
from commonweal.vault.choices.decision import Decision
from commonweal.vault.choices.folder import ChoicesFolder
from commonweal.vault.choices.naming import (
    TEMPORARY,
    PersonKeys,
    folded_name,
    names_nobody,
    read_lines,
    said_about,
)
from commonweal.vault.choices.objections import OBJECTIONS_FILE
from commonweal.vault.choices.rules import BY_KIND, KINDS, REASONS
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_IN_FORCE = "choices_in_force"
_LISTED = "choices_listed"
_MATCHED = "choices_matched"
_TEMPORARY = (_MATCHED, _LISTED, _IN_FORCE, *TEMPORARY)
_CONSENT = "project_consent"
_NUMBER = "cw__number"
_FLAGS = ("withdrawal", "project_objection", _CONSENT, "by_kind", "type1", "local")


@dataclass(frozen=True)
class ChoiceResult:
    """Who may be in. Exact figures: they stay in the vault (S14).

    `allowed`: kept engine table with one text column `person`. `removed`: people by reason, every
    reason of `rules.REASONS` present. `considered` = `kept` + all of `removed`. `name_nobody`:
    lines of objections.csv in force under this permit that name nobody of the dataset.
    `name_no_project`: lines in force that name a project or permit that the home never had.
    """

    allowed: ops.Table
    considered: int
    kept: int
    removed: dict[str, int]
    name_nobody: int
    name_no_project: int = 0

    def counts(self) -> dict[str, int]:
        """The counts of lines to look at, with the names of INTERFACES `release build`."""
        return {
            "lines_naming_nobody": self.name_nobody,
            "lines_naming_no_project": self.name_no_project,
        }

    def sentences(self) -> tuple[str, ...]:
        """What a data manager should look at, in words."""
        said = []
        if self.name_nobody:
            said.append(
                f"{self.name_nobody:,} line(s) of {OBJECTIONS_FILE} that apply here name nobody "
                "of this dataset: see that no identifier is misspelt."
            )
        if self.name_no_project:
            said.append(
                f"{self.name_no_project:,} line(s) of {OBJECTIONS_FILE} name a project or permit "
                "that this home never had: see that no project is misspelt."
            )
        return tuple(said)


def apply_choices(
    engine: Engine,
    people: ops.Table,
    decision: Decision,
    choices: ChoicesFolder,
    *,
    project_ids: Sequence[str],
    at: date,
    keys: PersonKeys,
    replaced: Sequence[str] = (),
    known: Collection[str] | None = None,
    everyone: ops.Table | None = None,
    name: str = "choices_allowed",
) -> ChoiceResult:
    """The people of the cohort whose choices let them be in, on the day `at`.

    `people`: one row a person, with `person` (text key of the dataset, or missing), `national`
    (ten digits of a valid NHS number, or missing), `has_identifier` and `unreadable` (booleans;
    unreadable: something stands where the NHS number belongs that is not one, so that choices made
    under the true number cannot be found: where choices count, such people stay out). A row
    without `person` is never let in: it cannot be found again. `project_ids`: the names under
    which the project may stand in objections.csv (project id, permit id). `replaced`: the ids of
    the project's other permits, before this one or beside it: who said no to them said no to this
    one, but a yes to them is none to it. A no counts in any letter case, a yes as the name is
    written. `known`: the names that the home knows; lines with other names are counted, where it is
    given. `keys`: what `person` is. `everyone`: the people of the dataset (columns `person`,
    `national`), by whom the national list is judged and identifiers are understood; default
    `people`. `name`: under which the allowed people are kept.

    Raises `Unavailable` CW-CHOICES-LIST-MISSING, -LIST-INCOMPLETE, -LIST-OTHER-PEOPLE, and
    `Fault` CW-CHOICES-IDENTIFIER or CW-CHOICES-PEOPLE.
    """
    # First of all, so that a refusal never leaves an earlier answer under the name.
    for temporary in (*_TEMPORARY, name):
        engine.forget(temporary)
    if decision.national and choices.national is None:
        raise Unavailable("CW-CHOICES-LIST-MISSING", "This permit needs the national list.")
    whole = people if everyone is None else everyone
    try:
        _check_people(engine, people)
        lines = read_lines(engine, choices.objections, whole, keys, choices.recorded)
        if decision.national:
            listed = _load_listed(engine, choices)
            _check_list(engine, people, whole, listed, choices)
            people = ops.left_join(
                _numbered(people), listed, {_NUMBER: "number"}, {"listed_number": "number"}
            )
        names = _Names(tuple(project_ids), tuple(replaced))
        in_force = engine.keep(_IN_FORCE, _in_force(lines.rows, decision, names, at))
        said = said_about(whole, lines.named, in_force, _FLAGS, _CONSENT)
        judged = _with_reason(_flagged(people, engine.keep(_MATCHED, said)), decision)
        nobody = names_nobody(engine, in_force, lines.named, whole)
        unknown = _naming_no_project(engine, lines.rows, names, known, at)
        return _split(engine, judged, name, (nobody, unknown))
    finally:
        for temporary in _TEMPORARY:
            engine.forget(temporary)


# --- what must be so before anything is applied ----------------------------------------------


def _check_people(engine: Engine, people: ops.Table) -> None:
    found = engine.one(
        ops.group(
            people,
            [],
            {
                "keys": ops.count_where(people, ops.negate(ops.is_missing(people["person"]))),
                "people": ops.count_distinct(people["person"]),
            },
        )
    )
    doubled = int(found["keys"]) - int(found["people"])
    if doubled:
        raise Fault(
            "CW-CHOICES-PEOPLE",
            f"{doubled:,} rows of people repeat a person who is already there.",
        )


def _check_list(
    engine: Engine,
    people: ops.Table,
    everyone: ops.Table,
    listed: ops.Table,
    choices: ChoicesFolder,
) -> None:
    """Refuse a list that is about other people, or was asked for before some people came."""
    requested = choices.requested or 0
    asked = _distinct_numbers(engine, people)
    if requested < asked:
        raise Unavailable(
            "CW-CHOICES-LIST-INCOMPLETE",
            f"The national list was asked for {requested:,} numbers, but there are {asked:,} "
            "people to ask about: some were never asked about.",
            remedy="Check all the people against the national opt-out.",
        )
    there = asked if everyone is people else _distinct_numbers(engine, everyone)
    met = ops.semi_join(_numbered(everyone), listed, {_NUMBER: "number"})
    found = _distinct_numbers(engine, met)
    if 2 * found < min(requested, there):
        raise Unavailable(
            "CW-CHOICES-LIST-OTHER-PEOPLE",
            "Fewer than half of the people are on the national list: it looks like a list about "
            "other people.",
            remedy="Check the people of this dataset against the national opt-out.",
        )


def _distinct_numbers(engine: Engine, people: ops.Table) -> int:
    numbers = ops.as_number(people["national"])
    counted = ops.group(people, [], {"people": ops.count_distinct(numbers)})
    return int(engine.one(counted)["people"])


# --- tables of choices -----------------------------------------------------------------------


def _load_listed(engine: Engine, choices: ChoicesFolder) -> ops.Table:
    if choices.national is None:
        raise Unavailable("CW-CHOICES-LIST-MISSING", "This permit needs the national list.")
    data = pa.table({"number": pa.array(choices.national.numbers)})
    return engine.load(_LISTED, data, {"number": "integer"})


def _numbered(people: ops.Table) -> ops.Table:
    """`people` with their NHS numbers as numbers: ten digits, of which the first is not 0."""
    return ops.derive(people, {_NUMBER: ops.as_number(people["national"])})


@dataclass(frozen=True)
class _Names:
    """Under which names the project may stand: its own, and those of permits now replaced."""

    own: tuple[str, ...]
    replaced: tuple[str, ...]

    @property
    def refusable(self) -> list[str]:
        """The names under which a no counts, folded."""
        return sorted({folded_name(name) for name in (*self.own, *self.replaced)})


def _on_day(objections: ops.Table, at: date) -> ops.Value:
    day = ops.constant(at, "date")
    ends = objections["effective_to"]
    begun = ops.compare(objections["effective_from"], "le", day)
    return ops.both(begun, ops.either(ops.is_missing(ends), ops.compare(ends, "ge", day)))


def _in_force(objections: ops.Table, decision: Decision, names: _Names, at: date) -> ops.Table:
    """The rows that count: in force on the day, of a kind that applies, of this project."""
    applies = ops.is_in(objections["kind"], sorted(decision.kinds))
    # A kind either names a project or cannot (`objections.py`), so the column decides alone.
    project = objections["project"]
    consent = ops.is_in(objections["kind"], [rule.kind for rule in KINDS if rule.says_yes])
    named = ops.choose(
        consent,
        ops.is_in(project, list(names.own)),
        ops.is_in(objections["project_folded"], names.refusable),
    )
    ours = ops.either(ops.is_missing(project), named)
    kept = ops.keep_where(objections, ops.both(_on_day(objections, at), applies, ours))
    flags = {flag: _one_if(kept["kind"], kinds) for flag, kinds in _flag_kinds().items()}
    carried = {name: kept[name] for name in ("identifier", "spelled", "number", "line")}
    return ops.project(kept, {**carried, **flags})


def _naming_no_project(
    engine: Engine, rows: ops.Table, names: _Names, known: Collection[str] | None, at: date
) -> int:
    """How many lines in force name a project that nobody knows. Exact: stays in the vault."""
    if known is None:
        return 0
    folded = sorted({folded_name(name) for name in known} | set(names.refusable))
    unknown = ops.negate(ops.is_in(rows["project_folded"], folded))
    there = ops.negate(ops.is_missing(rows["project"]))
    # What the home recorded itself was chosen from a list of its projects.
    typed = ops.negate(ops.is_missing(rows["line"]))
    lost = ops.keep_where(rows, ops.both(_on_day(rows, at), there, typed, unknown))
    return int(engine.one(ops.group(lost, [], {"lines": ops.count_rows(lost)}))["lines"])


def _flag_kinds() -> dict[str, list[str]]:
    own = {"local_objection": "local"}
    kinds: dict[str, list[str]] = {flag: [] for flag in _FLAGS}
    for rule in KINDS:
        flag = "by_kind" if rule.kind in BY_KIND else own.get(rule.kind, rule.kind)
        kinds[flag].append(rule.kind)
    return kinds


def _one_if(kind: ops.Value, kinds: list[str]) -> ops.Value:
    yes, no = ops.constant(1, "integer"), ops.constant(0, "integer")
    return ops.choose(ops.is_in(kind, kinds), yes, no)


# --- the judgement ---------------------------------------------------------------------------


def _flagged(people: ops.Table, matched: ops.Table) -> ops.Table:
    joined = ops.left_join(people, matched, {"person": "person"}, {flag: flag for flag in _FLAGS})
    one = ops.constant(1, "integer")
    no = ops.constant(False, "boolean")
    return ops.derive(
        joined, {flag: ops.first_of(ops.compare(joined[flag], "eq", one), no) for flag in _FLAGS}
    )


def _with_reason(people: ops.Table, decision: Decision) -> ops.Table:
    """`person` and `reason` (missing: may be in): the first reason of `REASONS` that holds."""
    no = ops.constant(False, "boolean")
    not_consented = ops.negate(people["project_consent"])
    identified = ops.first_of(people["has_identifier"], no)
    unknown = ops.negate(identified)
    not_listed = no
    if decision.national:
        numbered = ops.negate(ops.is_missing(people["national"]))
        missed = ops.is_missing(people["listed_number"])
        not_listed = ops.both(not_consented, numbered, missed)
        unknown = ops.either(unknown, ops.both(not_consented, ops.negate(numbered)))
    if decision.include_without_identifier:
        unknown = no
    if decision.national or decision.objections:
        # What was recorded is about people without a number, not about numbers nobody can read.
        unknown = ops.either(unknown, ops.first_of(people["unreadable"], no))
    holds = {
        "withdrawal": people["withdrawal"],
        "project_objection": people["project_objection"],
        "no_project_consent": not_consented if decision.consent_needed else no,
        "by_kind": ops.both(not_consented, people["by_kind"]),
        "type1": ops.both(not_consented, people["type1"]),
        "local_objection": ops.both(not_consented, people["local"]),
        "not_allowed_nationally": not_listed,
        "no_valid_identifier": ops.either(unknown, ops.is_missing(people["person"])),
    }
    reason = ops.missing("text")
    for name in reversed(REASONS):
        reason = ops.choose(holds[name], ops.constant(name, "text"), reason)
    return ops.project(people, {"person": people["person"], "reason": reason})


def _split(engine: Engine, judged: ops.Table, name: str, lost: tuple[int, int]) -> ChoiceResult:
    # Worked out twice rather than kept: a table of who stays out is never made.
    counted = ops.group(judged, ["reason"], {"people": ops.count_rows(judged)})
    found = {row["reason"]: int(row["people"]) for row in engine.rows(counted, len(REASONS) + 1)}
    kept = found.pop(None, 0)
    free = ops.keep_where(judged, ops.is_missing(judged["reason"]))
    allowed = engine.keep(name, ops.select(free, ["person"]))
    there = int(engine.one(ops.group(allowed, [], {"n": ops.count_rows(allowed)}))["n"])
    if there != kept:
        engine.forget(name)
        raise Failure("CW-ENGINE-FAILED", "The people who may be in were counted differently.")
    removed = {reason: found.get(reason, 0) for reason in REASONS}
    return ChoiceResult(allowed, kept + sum(removed.values()), kept, removed, *lost)
