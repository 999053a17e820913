"""Who is in a release: considered, in the cohort, allowed by their choices, held out.

One row a person, from the person table; people without a key stand in it with a missing person,
so that they are counted and never silently dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from commonweal.foundation.errors import Fault, Refused
from commonweal.vault.choices import (
    ChoiceResult,
    ChoicesFolder,
    Decision,
    PersonKeys,
    apply_choices,
)
from commonweal.vault.custody import Lineage
from commonweal.vault.keys import Secret
from commonweal.vault.keys.codes import code_column, codes_of, numbers_from, order_of
from commonweal.vault.release.cohort import cohort_people
from commonweal.vault.release.lawful import Lawful
from commonweal.vault.release.loading import PERSON, Loaded, LoadedTables
from commonweal.vault.release.numbers import check_people, check_tables
from commonweal.vault.release.project_keys import ProjectKeys
from commonweal.vault.tables import ops

_NATIONAL = "cw__national"
_DRAW_BITS = 28
_DRAWN = {
    "person": "text", "code": "code", "weeks": "integer", "held_out": "boolean",
    "number": "integer",
}  # fmt: skip


@dataclass(frozen=True)
class Considered:
    """Everybody in the source: `people` as `apply_choices` takes them (until `choose` is done with
    them), and counts."""

    people: ops.Table
    total: int
    valid_national: int


def consider(loaded: LoadedTables, decision: Decision, *, demo: bool) -> Considered:
    """The people of the source, one row each.

    `demo`: a demonstration home takes synthetic NHS numbers only, any other takes none (S21).
    Raises `Fault` CW-RELEASE-DUPLICATE-PEOPLE or CW-RELEASE-UNREADABLE and `Refused`
    CW-HOME-DEMO-REAL.
    """
    check_tables(loaded, demo=demo)
    rows = person_rows(loaded, decision, demo=demo)
    people = loaded.engine.keep("people", rows)
    keyed = ops.keep_where(people, ops.negate(ops.is_missing(people["person"])))
    measures = {
        "total": ops.count_rows(people),
        "keyed": ops.count_rows_where_present(people, "person"),
        "distinct": ops.count_distinct(people["person"]),
        "unreadable": ops.count_where(people, people["unreadable"]),
    }
    by_number = loaded.recipe.dataset.person.kind == "nhs_number"
    if not by_number:
        measures["national"] = ops.count_distinct(people["national"])
    counts = loaded.engine.one(ops.group(people, [], measures))
    check_people(loaded, people, counts["unreadable"], demo=demo)
    if counts["keyed"] != counts["distinct"]:
        doubled = ops.group(keyed, ["person"], {"n": ops.count_rows(keyed)})
        doubled = ops.keep_where(
            doubled, ops.compare(doubled["n"], "gt", ops.constant(1, "integer"))
        )
        number = loaded.engine.one(ops.group(doubled, [], {"n": ops.count_rows(doubled)}))["n"]
        raise Fault(
            "CW-RELEASE-DUPLICATE-PEOPLE",
            f"Table {loaded.recipe.person_table}: {number:,} people have more than one row.",
        )
    # Where people are known by their NHS numbers, keys and numbers are the same.
    national = counts["distinct" if by_number else "national"]
    return Considered(people, counts["total"], national)


def person_rows(
    loaded: LoadedTables, decision: Decision, *, demo: bool, carry: Sequence[str] = ()
) -> ops.Table:
    """One row a person: `person` and `national` (missing where there is none), `has_identifier`,
    `unreadable`, and the columns `carry` of the person table as they are."""
    recipe = loaded.recipe
    if recipe.row_is_person:
        tables = []
        for name in recipe.names:
            rows = loaded.linked(name)
            tables.append(
                ops.project(
                    rows,
                    {
                        "person": rows[PERSON],
                        "national": ops.missing("text"),
                        "has_identifier": ops.constant(False, "boolean"),
                        "unreadable": ops.constant(False, "boolean"),
                    },
                )
            )
        return ops.union(*tables)
    person = recipe.dataset.person
    assert person.table is not None  # noqa: S101 (the catalogue checked it)
    rows = loaded.linked(person.table)
    national: ops.Value = ops.missing("text")
    unreadable: ops.Value = ops.constant(False, "boolean")
    if recipe.dataset.national_variable is not None:
        rows = _with_national(loaded, rows, recipe.dataset.national_variable, demo=demo)
        national = rows[_NATIONAL]
        blank = ops.is_blank(rows[recipe.dataset.national_variable])
        no = ops.constant(False, "boolean")
        unreadable = ops.choose(ops.is_missing(national), ops.negate(blank), no)
    key = national if person.kind == "nhs_number" else _nameable(rows[PERSON])
    # An identifier is valid if the choices that apply can be looked up with it.
    identifier = national if decision.national else ops.first_of(national, key)
    return ops.project(
        rows,
        {
            "person": key,
            "national": national,
            "has_identifier": ops.negate(ops.is_missing(identifier)),
            "unreadable": unreadable,
            **{name: rows[name] for name in carry},
        },
    )


def _nameable(key: ops.Value) -> ops.Value:
    """The key, unless nobody could ever name it: without a letter or digit it is no key."""
    return ops.choose(ops.matches(key, r"[\p{L}\p{N}]"), key, ops.missing("text"))


def _with_national(loaded: LoadedTables, rows: ops.Table, column: str, *, demo: bool) -> ops.Table:
    """`rows` with the valid NHS number, in steps with a view after each (see `ops.nhs_shaped`)."""
    engine = loaded.engine
    for before in ("nhs_numbered", "nhs_shaped"):
        engine.forget(before)
    shaped = ops.derive(rows, {"cw__digits": ops.nhs_shaped(rows[column])})
    rows = engine.view("nhs_shaped", shaped)
    rows = engine.view(
        "nhs_numbered", ops.derive(rows, {"cw__number": ops.as_number(rows["cw__digits"])})
    )
    good = ops.nhs_checked(rows["cw__number"], synthetic=demo)
    checked = ops.choose(good, rows["cw__digits"], ops.missing("text"))
    return ops.derive(rows, {_NATIONAL: checked})


def keys_of(loaded: LoadedTables) -> PersonKeys:
    """By what people are known in the dataset, as choices are matched."""
    dataset = loaded.recipe.dataset
    person = dataset.person
    if person.table is None or person.variable is None:
        return PersonKeys(person.kind)
    variable = dataset.table(person.table).variable(person.variable)
    return PersonKeys(person.kind, variable.type, dataset.national_variable is not None)


@dataclass(frozen=True)
class Chosen:
    """The people of a release before the risk gate, and exact counts for the manifest.

    `people`: person, code, `number` (1 to n, in order of the codes), and what was drawn: `weeks`,
    `held_out`.
    """

    people: ops.Table
    choices: ChoiceResult
    in_cohort: int
    held_out: int
    allowed: int


def choose(
    loaded: Loaded,
    lawful: Lawful,
    considered: Considered,
    decision: Decision,
    folder: ChoicesFolder,
    keys: ProjectKeys,
    at: date,
    lineage: Lineage,
) -> Chosen:
    """Apply cohort and choices, make the persons' codes, draw shift and hold-out.

    `lineage`: under which other names the permit may stand among the objections.

    Raises the refusals of `choices`, and `Refused` CW-RELEASE-NOBODY if no one is left.
    """
    engine, permit = loaded.engine, loaded.recipe.permit
    people = considered.people
    in_cohort = people if permit.cohort.everyone else _in_cohort(loaded, lawful, people)
    result = apply_choices(
        engine,
        in_cohort,
        decision,
        folder,
        project_ids=(permit.project.id, permit.id),
        replaced=lineage.refusable,
        known=lineage.known,
        at=at,
        keys=keys_of(loaded),
        everyone=people,
    )
    drawn = _drawn(loaded, result.allowed, keys)
    coded = engine.load("coded", drawn, _DRAWN)
    for done in ("in_cohort", result.allowed.get_name(), people.get_name()):
        engine.forget(done)
    allowed, held_out = drawn.num_rows, drawn.column("held_out").to_numpy().sum()
    if allowed == held_out:
        raise Refused("CW-RELEASE-NOBODY", "After people's choices nobody is left to release.")
    return Chosen(coded, result, result.considered, int(held_out), allowed)


def _in_cohort(loaded: Loaded, lawful: Lawful, people: ops.Table) -> ops.Table:
    """The people who meet the cohort, and those without a key, who are counted on."""
    keyed = ops.keep_where(people, ops.negate(ops.is_missing(people["person"])))
    cohort = loaded.recipe.permit.cohort
    inside = cohort_people(cohort, lawful, ops.select(keyed, ["person"]))
    mine = ops.semi_join(keyed, inside, {"person": "person"})
    nameless = ops.keep_where(people, ops.is_missing(people["person"]))
    return loaded.engine.keep("in_cohort", ops.union(mine, nameless))


def _drawn(loaded: Loaded, allowed: ops.Table, keys: ProjectKeys) -> pa.Table:
    """The columns `_DRAWN` of the people `allowed`, in ascending order of their codes.

    So a person's number is the place of their code, and rows that are put in order by number are
    in order by code, which tells nothing of the source.
    """
    permit = loaded.recipe.permit
    people = loaded.engine.arrow(ops.select(allowed, ["person"])).column("person")
    codes = codes_of(keys.pseudonym(), people)
    count = len(codes)
    weeks, held_out = np.zeros(count, np.int32), np.zeros(count, np.bool_)
    if any(recipe.shifted for recipe in loaded.recipe.tables):
        weeks = weeks_of(keys.shift(), people, permit.shift_weeks)
    if "train" in permit.processing:
        held_out = held_out_of(keys.stable(), people, permit.holdout_share)
    data = pa.table(
        {"person": people, "code": code_column(codes), "weeks": weeks, "held_out": held_out}
    ).take(pa.array(order_of(codes)))
    return data.append_column("number", pa.array(np.arange(1, count + 1, dtype=np.int32)))


def weeks_of(key: Secret, people: pa.ChunkedArray, most: int) -> npt.NDArray[np.int32]:
    """By how many weeks each person's dates are moved: evenly drawn from -`most` to `most`."""
    drawn = numbers_from(codes_of(key, people)) % np.uint64(2 * most + 1)
    return drawn.astype(np.int32) - np.int32(most)


def held_out_of(key: Secret, people: pa.ChunkedArray, share: float) -> npt.NDArray[np.bool_]:
    """Who is kept back for testing models: each with the chance `share`."""
    drawn = numbers_from(codes_of(key, people)) >> np.uint64(64 - _DRAW_BITS)
    return drawn < np.uint64(int(share * 2**_DRAW_BITS))
