"""People who lie too near the edge of a cohort's dates (S16).

"Admitted from 1 January on" says of everybody in the release that they have such a day. Whoever has
no released day more than the shift's reach behind that edge could only have been moved one way, and
so is known more nearly. Those people are left out, as rows near the edges of the period are; with
one day well inside, every shift stays possible.

An edge inside a cohort (before one day or after a later one) is not looked at.
"""

from __future__ import annotations

from datetime import timedelta

from commonweal.papers.windows import outer_bounds
from commonweal.vault.release.narrow import WHO
from commonweal.vault.release.recipe import TableRecipe
from commonweal.vault.release.shaping import Shaper
from commonweal.vault.tables import ops


def away_from_edges(shaper: Shaper, people: ops.Table) -> tuple[ops.Table, int]:
    """(the people with a released day inside each window of the cohort, how many have none).

    `people`: person, code, weeks, number. Looks at the dates that are shifted and that the cohort
    bounds.
    """
    inside = people
    for recipe in shaper.loaded.recipe.tables:
        for place in range(len(recipe.shifted)):
            found = _with_a_day_inside(shaper, recipe, place, people)
            if found is not None:
                inside = ops.semi_join(inside, found, {"number": WHO})
    if inside is people:
        return people, 0
    kept = shaper.engine.keep("inside", inside)
    return kept, _count(shaper, people) - _count(shaper, kept)


def _with_a_day_inside(
    shaper: Shaper, recipe: TableRecipe, place: int, people: ops.Table
) -> ops.Table | None:
    """`WHO` of the people with a day inside; None where the cohort does not bound this date."""
    item, permit = recipe.shifted[place], shaper.loaded.recipe.permit
    name = item.variable.name
    low, high = outer_bounds(permit.cohort, (recipe.name, name), item.variable.type)
    if low is None and high is None:
        return None
    rows, shown = shaper.measured(recipe, people, (item,))
    day, reach = ops.as_date(shown[name]), timedelta(weeks=permit.shift_weeks)
    tests = [ops.negate(ops.is_missing(day))]
    if low is not None:
        tests.append(ops.compare(day, "ge", ops.constant(low + reach, "date")))
    if high is not None:
        tests.append(ops.compare(day, "le", ops.constant(high - reach, "date")))
    return ops.distinct(ops.select(ops.keep_where(rows, ops.both(*tests)), [WHO]))


def _count(shaper: Shaper, people: ops.Table) -> int:
    counted = ops.group(people, [], {"n": ops.count_rows(people)})
    return int(shaper.engine.one(counted)["n"])
