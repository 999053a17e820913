"""Whom the lines of objections.csv name: by NHS number or by person key, in any spelling.

What cannot be right is refused before anything is applied. A line that names nobody of this
dataset may be right, because whoever objected need not be in every dataset; such lines are
counted, so that a person can look.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.foundation.errors import Fault
from commonweal.papers.vocabulary import PersonKind, VariableType
from commonweal.vault.choices.objections import OBJECTIONS_FILE, Objections
from commonweal.vault.choices.spelling import ODD_KEYS, SPELLED, composed, spelled, with_spelling
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_LOADED = "choices_loaded"
_LINES = "choices_objections"
_NAMED = "choices_named"
TEMPORARY = (_NAMED, ODD_KEYS, _LINES, _LOADED)
"""The engine tables that are to be forgotten afterwards."""

_KINDS = {
    "identifier": "text",
    "kind": "text",
    "project": "text",
    "project_folded": "text",
    "effective_from": "date",
    "effective_to": "date",
    "written": "text",
    "spelled": "text",
    "line": "integer",
}
# Ten digits, or digits and letters in groups of three, three and about four.
_LIKE_A_NUMBER = "^[0-9]{10}$"
_GROUPED_LIKE_A_NUMBER = r"^[0-9]{3}[^0-9\p{L}]+[0-9]{3}[^0-9\p{L}]+[0-9\p{L}]{3,5}$"


@dataclass(frozen=True)
class PersonKeys:
    """What the person keys of a dataset are: `kind`, the declared `type`, and whether the dataset
    has NHS numbers (`numbered`)."""

    kind: PersonKind
    type: VariableType = "text"
    numbered: bool = True


@dataclass(frozen=True)
class Lines:
    """The lines of objections.csv and the people of the dataset whom they name by key.

    `rows`: `identifier`, `spelled`, `number` (ten digits or missing), kind, project (as written,
    and `project_folded`), dates, `line`.
    `named`: `person`, `national`, `spelled` of people whose key a line spells.
    """

    rows: ops.Table
    named: ops.Table


def read_lines(
    engine: Engine,
    objections: Objections,
    everyone: ops.Table,
    keys: PersonKeys,
    recorded: pa.Table | None = None,
) -> Lines:
    """Load the lines and find whom they name. Raises `Fault` CW-CHOICES-IDENTIFIER.

    `recorded`: choices of the home's journal, with the columns of `objections.rows`. Each was
    checked when it was recorded, and need not be about anybody of this dataset: they have no
    `line`, and none of them is refused.
    """
    rows = _load(engine, objections, recorded)
    if keys.kind == "other_identifier":
        people = with_spelling(engine, everyone)
    else:
        people = ops.derive(everyone, {SPELLED: everyone["person"]})
    people = ops.select(people, ["person", "national", SPELLED])
    named = engine.keep(_NAMED, ops.semi_join(people, rows, {SPELLED: SPELLED}))
    lines = Lines(rows, named)
    _refuse_unreadable(engine, lines, keys)
    return lines


def folded_name(name: str) -> str:
    """The name of a project or permit in one spelling, as `_load` spells those of the lines."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _load(engine: Engine, objections: Objections, recorded: pa.Table | None) -> ops.Table:
    lines = pa.array(np.arange(2, objections.rows.num_rows + 2, dtype=np.int64))
    rows = objections.rows.append_column("line", lines)
    if recorded is not None:
        none = pa.nulls(recorded.num_rows, pa.int64())
        rows = pa.concat_tables([rows, recorded.append_column("line", none)])
    identifier = rows["identifier"]
    data = rows.append_column("written", composed(identifier))
    data = data.append_column("spelled", spelled(identifier))
    # `objections.py` takes visible ASCII alone for the name of a project.
    project = pc.utf8_lower(pc.utf8_trim_whitespace(composed(rows["project"])))
    data = data.append_column("project_folded", project)
    loaded = engine.load(_LOADED, data, _KINDS)
    number = ops.nhs_number(loaded["written"], synthetic=True)
    return engine.keep(_LINES, ops.derive(loaded, {"number": number}))


def _refuse_unreadable(engine: Engine, lines: Lines, keys: PersonKeys) -> None:
    """Refuse identifiers that cannot be right: their choices would be passed over."""
    rows = ops.keep_where(lines.rows, ops.negate(ops.is_missing(lines.rows["line"])))
    unnumbered = ops.is_missing(rows["number"])
    if keys.kind == "row":
        _refuse(engine, rows, "have an identifier, but in this dataset no person has one")
    elif keys.kind == "nhs_number":
        wrong = ops.keep_where(rows, unnumbered)
        _refuse(engine, wrong, "have an identifier that is not a valid NHS number")
    else:
        empty = ops.compare(rows[SPELLED], "eq", ops.constant("", "text"))
        wrong = ops.keep_where(rows, empty)
        _refuse(engine, wrong, "have an identifier without any letter or digit")
        if keys.type in ("integer", "decimal"):
            whole = ops.matches(rows[SPELLED], "^[0-9]+$")
            wrong = ops.keep_where(rows, ops.both(unnumbered, ops.negate(whole)))
            _refuse(engine, wrong, "have an identifier that is neither a number, as the keys of "
                    "this dataset are, nor an NHS number")  # fmt: skip
        if keys.numbered:
            # A key that somebody has is right, whatever it looks like.
            like = ops.either(
                ops.matches(rows[SPELLED], _LIKE_A_NUMBER),
                ops.matches(rows["written"], _GROUPED_LIKE_A_NUMBER),
            )
            wrong = ops.keep_where(rows, ops.both(unnumbered, like))
            wrong = ops.anti_join(wrong, lines.named, {SPELLED: SPELLED})
            _refuse(engine, wrong, "have an identifier that looks like an NHS number, but is "
                    "neither a valid one nor anybody's key")  # fmt: skip


def _refuse(engine: Engine, wrong: ops.Table, words: str) -> None:
    measures = {"lines": ops.count_rows(wrong), "first": ops.smallest(wrong["line"])}
    found = engine.one(ops.group(wrong, [], measures))
    if found["lines"]:
        raise Fault(
            "CW-CHOICES-IDENTIFIER",
            f"{int(found['lines']):,} lines of {OBJECTIONS_FILE} {words}, the first of them "
            f"line {int(found['first']):,}: their choices could not be honoured.",
        )


# --- what was said about whom ----------------------------------------------------------------


def names_nobody(engine: Engine, in_force: ops.Table, named: ops.Table, everyone: ops.Table) -> int:
    """How many of the lines in force name nobody of the dataset. Exact: stays in the vault.

    Choices of the home's journal are no lines: they need not be about people of every dataset.
    """
    there = ops.semi_join(everyone, in_force, {"national": "number"})
    typed = ops.keep_where(in_force, ops.negate(ops.is_missing(in_force["line"])))
    alone = ops.anti_join(typed, named, {SPELLED: SPELLED})
    alone = ops.anti_join(alone, there, {"number": "national"})
    return int(engine.one(ops.group(alone, [], {"lines": ops.count_rows(alone)}))["lines"])


def said_about(
    everyone: ops.Table, named: ops.Table, in_force: ops.Table, flags: Sequence[str], consent: str
) -> ops.Table:
    """`person` and `flags` (1 or 0), one row for each person whom any line in force names.

    A line names a person by key or by NHS number. Objections also reach everybody whose key has
    the same spelling, and every other key of the person with the same NHS number: one human being
    can have several keys. A `consent` lets nobody in by a likeness: it holds for the key as it is
    written, or for the only key of the dataset with that spelling.
    """
    take = {flag: flag for flag in flags}
    by_key = ops.inner_join(named, _one_row(in_force, SPELLED, take), {SPELLED: SPELLED}, take)
    by_key = _consents_of_one(by_key, in_force, consent)
    by_number = _one_row(in_force, "number", take)
    second = ops.inner_join(everyone, by_number, {"national": "number"}, take)
    twins = _one_row(ops.derive(by_key, {consent: ops.constant(0, "integer")}), "national", take)
    third = ops.inner_join(everyone, twins, {"national": "national"}, take)
    wanted = ["person", *flags]
    every = ops.union(*(ops.select(table, wanted) for table in (by_key, second, third)))
    return _one_row(every, "person", take)


def _consents_of_one(by_key: ops.Table, in_force: ops.Table, consent: str) -> ops.Table:
    one, no = ops.constant(1, "integer"), ops.constant(0, "integer")
    given = ops.keep_where(in_force, ops.compare(in_force[consent], "eq", one))
    exact = ops.group(given, ["identifier"], {"exact": ops.largest(given[consent])})
    found = ops.left_join(by_key, exact, {"person": "identifier"}, {"exact": "exact"})
    alike = ops.over_group(ops.count_rows(found), [found[SPELLED]])
    sure = ops.either(ops.compare(alike, "eq", one), ops.compare(found["exact"], "eq", one))
    return ops.derive(found, {consent: ops.choose(sure, found[consent], no)})


def _one_row(table: ops.Table, by: str, flags: Mapping[str, str]) -> ops.Table:
    known = ops.keep_where(table, ops.negate(ops.is_missing(table[by])))
    return ops.group(known, [by], {flag: ops.largest(known[flag]) for flag in flags})
