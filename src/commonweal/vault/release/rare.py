"""Rare values: what fewer than n people share is rolled up, or left out.

A rare ICD-10 code becomes its three-character category, and the category is shown only if those
who were rolled into it are themselves enough: else the category's count minus its shown codes
would give the rare one away. Anything else that is rare is left out.
"""

from __future__ import annotations

from commonweal.papers.permit_rules import Wanted
from commonweal.vault.tables import ops
from commonweal.vault.tables.duckdb_engine import DuckDBEngine

_CATEGORY_LENGTH = {"icd10": 3, "opcs": 3}


def rare_labels(
    engine: DuckDBEngine, name: str, held: ops.Table, item: Wanted, limit: int
) -> ops.Table:
    """A kept table `value`, `shown`, `label`: what each value would be and is shown as.

    `held`: rows of `value` (exact) and `person`, by which people are counted once. `limit`: the
    least number of people, or the form's own number for `rollup(n)`. With `truncate(n)` the cut
    value is judged, and the label is the cut value. Missing values have no label.
    """
    if item.form.kind == "rollup":
        limit = item.form.whole(0)
    values = engine.keep(f"{name}_values", _values(held, item))
    # Texts are met once each here; the rows are counted by the value's number.
    placed = ops.inner_join(held, values, {"value": "value"}, {"place": "place"})
    counted = engine.keep(f"{name}_counted", _people_by(placed, "place"))
    judged = ops.inner_join(values, counted, {"place": "place"}, {"n": "n"})
    enough = ops.compare(judged["n"], "ge", ops.constant(limit, "integer"))
    common = ops.keep_where(judged, enough)
    rare = engine.keep(f"{name}_rare", ops.keep_where(judged, ops.negate(enough)))
    length = _CATEGORY_LENGTH.get(item.variable.identifies or "")
    if length is not None and item.variable.type == "text":
        up = ops.derive(rare, {"category": ops.truncate(rare["shown"], length)})
        few = ops.inner_join(held, up, {"value": "value"}, {"category": "category"})
        groups = _people_by(few, "category")
        groups = ops.keep_where(
            groups, ops.compare(groups["n"], "ge", ops.constant(limit, "integer"))
        )
        up = ops.left_join(up, groups, {"category": "category"}, {"label": "category"})
    else:
        up = ops.derive(rare, {"label": ops.missing(item.variable.type)})
    plain = ops.derive(common, {"label": common["shown"]})
    columns = ["value", "shown", "label"]
    labels = engine.keep(name, ops.union(ops.select(plain, columns), ops.select(up, columns)))
    for part in ("values", "counted", "rare"):
        engine.forget(f"{name}_{part}")
    return labels


def _values(held: ops.Table, item: Wanted) -> ops.Table:
    """`value`, `shown`, `place`: each exact value once; values shown alike have one place."""
    known = ops.keep_where(held, ops.negate(ops.is_missing(held["value"])))
    values = ops.distinct(ops.select(known, ["value"]))
    shown = values["value"]
    if item.form.kind == "truncate":
        shown = ops.truncate(shown, item.form.whole(0))
    values = ops.derive(values, {"shown": shown})
    once = ops.distinct(ops.select(values, ["shown"]))
    numbered = ops.derive(once, {"place": ops.row_number()})
    return ops.inner_join(values, numbered, {"shown": "shown"}, {"place": "place"})


def _people_by(rows: ops.Table, column: str) -> ops.Table:
    """For each value of `column`, `n`: how many different people hold it."""
    pairs = ops.distinct(ops.select(rows, [column, "person"]))
    return ops.group(pairs, [column], {"n": ops.count_rows(pairs)})
