"""Rare values: what fewer than n people share is rolled up, or left out.

A rare ICD-10 code becomes its three-character category, and the category is shown only if those
who were rolled into it are themselves enough: else the category's count minus its shown codes
would give the rare one away. Anything else that is rare is left out.
"""

from __future__ import annotations

import pyarrow as pa

from commonweal.papers.permit_rules import Wanted
from commonweal.vault.risk import people_by_value
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_CATEGORY_LENGTH = {"icd10": 3, "opcs": 3}


def rare_labels(
    engine: Engine,
    name: str,
    held: ops.Table,
    values: ops.Table,
    item: Wanted,
    limit: int,
) -> ops.Table:
    """A kept table `value`, `place`, `shown`, `n`, `label`, `mark`: what each value is shown as.

    `held`: rows of `place` and `person`, by which people are counted once. `values`: the
    dictionary, `value` and `place`. `limit`: the least number of people, or the form's own number
    for `rollup(n)`. With `truncate(n)` the cut value is judged, and the label is the cut value.
    `n` is missing where nobody in question holds the value; `mark` numbers the labels, for
    measuring, and is missing where the label is. Missing values are not in the table.
    """
    if item.form.kind == "rollup":
        limit = item.form.whole(0)
    shown = engine.keep(f"{name}_shown", _shown(values, item))
    cut = item.form.kind == "truncate"
    placed = ops.inner_join(held, shown, {"place": "place"}, {"same": "same"}) if cut else held
    by = "same" if cut else "place"
    numbers, people = people_by_value(engine, placed, "person", by)
    kinds = {by: "integer", "n": "integer"}
    counted = engine.load(f"{name}_counted", pa.table({by: numbers, "n": people}), kinds)
    judged = ops.left_join(shown, counted, {by: by}, {"n": "n"})
    # A value that nobody in question holds is nobody's to show.
    many = ops.first_of(judged["n"], ops.constant(0, "integer"))
    enough = ops.compare(many, "ge", ops.constant(limit, "integer"))
    common = ops.keep_where(judged, enough)
    rare = engine.keep(f"{name}_rare", ops.keep_where(judged, ops.negate(enough)))
    up = _rolled_up(engine, held, rare, item, limit)
    plain = ops.derive(common, {"label": common["shown"]})
    columns = ["value", "place", "shown", "n", "label"]
    both = engine.keep(
        f"{name}_both", ops.union(ops.select(plain, columns), ops.select(up, columns))
    )
    once = ops.distinct(ops.select(ops.keep_where(both, _known(both["label"])), ["label"]))
    # In the order of the labels, so that who sorts by marks has sorted by labels.
    marks = ops.derive(once, {"mark": ops.in_four_bytes(ops.place_among(once["label"]))})
    labels = engine.keep(name, ops.left_join(both, marks, {"label": "label"}, {"mark": "mark"}))
    for part in ("shown", "counted", "rare", "both"):
        engine.forget(f"{name}_{part}")
    return labels


def _rolled_up(
    engine: Engine, held: ops.Table, rare: ops.Table, item: Wanted, limit: int
) -> ops.Table:
    """`rare` with `label`: its category where enough people are rolled into that, else missing."""
    length = _CATEGORY_LENGTH.get(item.variable.identifies or "")
    held_rare = ops.keep_where(rare, _known(rare["n"]))
    some = engine.one(ops.group(held_rare, [], {"n": ops.count_rows(held_rare)}))["n"]
    if length is None or item.variable.type != "text" or not some:
        return ops.derive(rare, {"label": ops.missing(item.variable.type)})
    up = ops.derive(rare, {"category": ops.truncate(rare["shown"], length)})
    few = ops.inner_join(held, up, {"place": "place"}, {"category": "category"})
    groups = _people_by(few, "category")
    groups = ops.keep_where(groups, ops.compare(groups["n"], "ge", ops.constant(limit, "integer")))
    return ops.left_join(up, groups, {"category": "category"}, {"label": "category"})


def _shown(values: ops.Table, item: Wanted) -> ops.Table:
    """`value`, `place`, `shown`, `same`: values shown alike have the same number."""
    if item.form.kind != "truncate":
        return ops.derive(values, {"shown": values["value"], "same": values["place"]})
    cut = ops.derive(values, {"shown": ops.truncate(values["value"], item.form.whole(0))})
    once = ops.distinct(ops.select(cut, ["shown"]))
    numbered = ops.derive(once, {"same": ops.row_number()})
    return ops.inner_join(cut, numbered, {"shown": "shown"}, {"same": "same"})


def _people_by(rows: ops.Table, column: str) -> ops.Table:
    """For each value of `column`, `n`: how many different people hold it."""
    pairs = ops.distinct(ops.select(rows, [column, "person"]))
    return ops.group(pairs, [column], {"n": ops.count_rows(pairs)})


def _known(column: ops.Value) -> ops.Value:
    return ops.negate(ops.is_missing(column))
