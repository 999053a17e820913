"""The columns in which NHS numbers stand: whether they read, and whether they could be real.

A column of which nothing reads would lose everybody without a word, and a demonstration home must
not hold one number of a real person, wherever in the tables it stands (S21).
"""

from __future__ import annotations

from collections.abc import Mapping

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.identifiers import SYNTHETIC
from commonweal.vault.release.loading import LoadedTables
from commonweal.vault.tables import ops


def check_people(loaded: LoadedTables, people: ops.Table, unreadable: int, *, demo: bool) -> None:
    """Look at the NHS numbers and keys of the person table, once they have been read.

    `people`: as `people.consider` makes them; `unreadable`: how many have an NHS number that does
    not read. Raises as `check_tables` does.
    """
    person = loaded.recipe.dataset.person
    national = loaded.recipe.dataset.national_variable
    if demo and person.table is not None:
        columns = {"person": str(person.variable)}
        if person.national is not None:
            columns["national"] = person.national
        _check(loaded, person.table, people, columns, set(), demo=True)
    if national is not None and unreadable:
        read = ops.count_rows_where_present(people, "national")
        if not loaded.engine.one(ops.group(people, [], {"read": read}))["read"]:
            raise _not_numbers(str(person.table), national, unreadable)


def check_tables(loaded: LoadedTables, *, demo: bool) -> None:
    """Look at the columns of NHS numbers of every table that is read, but the person table's own.

    Raises `Refused` CW-HOME-DEMO-REAL where a demonstration home is given a number that could be
    real, and `Fault` CW-RELEASE-UNREADABLE where a table is linked by NHS numbers and none reads.
    Names table, column and counts only.
    """
    dataset = loaded.recipe.dataset
    own = {dataset.person.variable, dataset.person.national}
    for name, view in loaded.views.items():
        table = dataset.table(name)
        people = name == dataset.person.table
        direct = [table.person_link] if isinstance(table.person_link, str) else []
        links = set(direct) if dataset.person.kind == "nhs_number" and not people else set()
        wanted = set(links)
        if demo:
            wanted |= {one.name for one in table.variables if one.identifies == "nhs_number"}
            wanted |= set(direct)
        if people:
            wanted -= {name for name in own if name is not None}
        columns = {column: column for column in ops.columns(view) if column in wanted}
        if columns:
            _check(loaded, name, view, columns, links, demo=demo)


def _check(
    loaded: LoadedTables,
    table: str,
    rows: ops.Table,
    columns: Mapping[str, str],
    links: set[str],
    *,
    demo: bool,
) -> None:
    """Count in one pass. `columns`: of `rows`, each with the name it has in the catalogue."""
    engine, numbered = loaded.engine, dict(enumerate(columns))
    # A view after each step, so that a value is read once (see `ops.nhs_shaped`).
    steps: dict[str, ops.Value] = {}
    for n, column in numbered.items():
        steps[f"value_{n}"] = rows[column]
        steps[f"digits_{n}"] = ops.nhs_shaped(rows[column])
    shaped = engine.view("numbers_shaped", ops.project(rows, steps))
    steps = {f"number_{n}": ops.as_number(shaped[f"digits_{n}"]) for n in numbered}
    for n in numbered:
        # Looked at closely only where no digits were read.
        there = ops.negate(ops.is_blank(shaped[f"value_{n}"]))
        read_it = ops.negate(ops.is_missing(shaped[f"digits_{n}"]))
        steps[f"there_{n}"] = ops.choose(read_it, ops.constant(True, "boolean"), there)
    read = engine.view("numbers_read", ops.project(shaped, steps))
    measures = {}
    for n in numbered:
        number = read[f"number_{n}"]
        measures[f"there_{n}"] = ops.count_where(read, read[f"there_{n}"])
        measures[f"read_{n}"] = ops.count_rows_where_present(read, f"number_{n}")
        if demo:
            # Nearly all are synthetic: the check digit is worked out for the others only.
            low = ops.compare(number, "lt", ops.constant(SYNTHETIC[0], "integer"))
            good = ops.nhs_checked(number, synthetic=False)
            real = ops.choose(low, good, ops.constant(False, "boolean"))
            measures[f"real_{n}"] = ops.count_where(read, real)
    found = engine.one(ops.group(read, [], measures))
    engine.forget("numbers_read")
    engine.forget("numbers_shaped")
    for n, column in numbered.items():
        if found.get(f"real_{n}"):
            raise _could_be_real(table, columns[column], found[f"real_{n}"])
        if column in links and found[f"there_{n}"] and not found[f"read_{n}"]:
            raise _not_numbers(table, columns[column], found[f"there_{n}"])


def _could_be_real(table: str, column: str, numbers: int) -> Refused:
    return Refused(
        "CW-HOME-DEMO-REAL",
        f"Table {table}, column {column}: {numbers:,} NHS number(s) could belong to real people; "
        "a demonstration home takes synthetic numbers only.",
    )


def _not_numbers(table: str, column: str, values: int) -> Fault:
    return Fault(
        "CW-RELEASE-UNREADABLE",
        f"Table {table}, column {column}: none of the {values:,} value(s) that are there is an NHS "
        "number that this home takes.",
        remedy="See in the catalogue which column holds NHS numbers. Numbers that begin with 9 are "
        "synthetic: only a demonstration home takes them.",
    )
