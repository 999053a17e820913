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
    engine: DuckDBEngine, name: str, rows: ops.Table, person: str, item: Wanted, limit: int
) -> ops.Table:
    """A kept table `value`, `shown`, `label`: what each value would be and is shown as.

    `limit`: the least number of people, or the form's own number for `rollup(n)`. People are
    counted once, by the column `person` of `rows`. With `truncate(n)` the cut value is judged.
    """
    if item.form.kind == "rollup":
        limit = item.form.whole(0)
    column = rows[item.variable.name]
    held = ops.project(rows, {"value": column, "person": rows[person]})
    held = ops.keep_where(held, ops.negate(ops.is_missing(held["value"])))
    if item.form.kind == "truncate":
        held = ops.derive(held, {"shown": ops.truncate(held["value"], item.form.whole(0))})
    else:
        held = ops.derive(held, {"shown": held["value"]})
    pairs = engine.keep(f"{name}_pairs", ops.distinct(held))
    counted = _enough(pairs, "shown", limit)
    rare = ops.anti_join(pairs, counted, {"shown": "shown"})
    length = _CATEGORY_LENGTH.get(item.variable.identifies or "")
    if length is not None and item.variable.type == "text":
        up = ops.derive(rare, {"category": ops.truncate(rare["shown"], length)})
        categories = _enough(up, "category", limit)
        up = ops.left_join(up, categories, {"category": "category"}, {"label": "category"})
    else:
        up = ops.derive(rare, {"label": ops.missing(item.variable.type)})
    common = ops.semi_join(pairs, counted, {"shown": "shown"})
    # The form truncate is applied to the label afterwards and leaves it as it is.
    shown = ops.project(
        common, {"value": common["value"], "shown": common["shown"], "label": common["shown"]}
    )
    rolled = ops.project(up, {"value": up["value"], "shown": up["shown"], "label": up["label"]})
    labels = engine.keep(name, ops.distinct(ops.union(shown, rolled)))
    engine.forget(f"{name}_pairs")
    return labels


def _enough(pairs: ops.Table, column: str, limit: int) -> ops.Table:
    """Values of `column` that at least `limit` different people hold."""
    counted = ops.group(pairs, [column], {"n": ops.count_distinct(pairs["person"])})
    counted = ops.keep_where(
        counted, ops.compare(counted["n"], "ge", ops.constant(limit, "integer"))
    )
    return ops.select(counted, [column])
