"""The sections of the risk report on few details that are enough (SUDA), and on a population.

Names of items, shares and counts only (S15).
"""

from __future__ import annotations

from commonweal.vault.risk.charts import Kind, Row, bar_chart
from commonweal.vault.risk.page_layout import BEFORE_AND_AFTER, data_table, figure, paragraph
from commonweal.vault.risk.report import MoreFigures
from commonweal.vault.risk.sentences import (
    chance_in_words,
    people_in_words,
    share_in_words,
    share_of_people,
)
from commonweal.vault.risk.suda import Suda

_TOLD = (
    "Sometimes two or three details are enough to find somebody, such as a birth date and a "
    "postcode. Here all sets of items that others may know were tried, from small to large. An "
    "item that is part of many such sets is the one to make coarser."
)


def few_details(more: MoreFigures) -> list[str]:
    """Who was singled out by few items as recorded, and who is as released."""
    lines: list[str] = []
    for place, (name, deeper) in enumerate(more.deeper.items()):
        before = more.suda_before.get(name)
        if deeper.suda is not None and before is not None and before.contribution:
            lines += _table(f"details-{place}", name, before, deeper.suda)
        elif "suda" in deeper.left or (name in more.suda_before and before is None):
            lines.append(
                paragraph(
                    f"Table {name} is too large to work this out each time. It can be asked for "
                    "when the release is made (--full-risk)."
                )
            )
    return ["<h2>Few details that are enough</h2>", paragraph(_TOLD), *lines] if lines else []


def against_population(more: MoreFigures) -> list[str]:
    """What somebody can do who does not know who is in the data, against a population's table."""
    if more.against is None:
        return []
    cells = []
    for name, one in more.against.by_table.items():
        if one.figures is None:
            cells.append((name, "not measured", "not measured", "not measured"))
            continue
        found = one.figures
        mean, most = chance_in_words(found.journalist_mean), chance_in_words(found.journalist_max)
        cells.append((name, f"{found.k_map:,}", mean, most))
    people = more.against.table["people"]
    told = (
        "Who does not know whether somebody is in the data has to look among everybody. The table "
        f"of the population that was given counts {people:,} people."
    )
    lacks = [
        paragraph(
            f"Table {name} could not be compared: the population table says nothing of "
            f"{', '.join(_item(lost) for lost in one.lacking)}."
        )
        for name, one in more.against.by_table.items()
        if one.lacking
    ]
    head = ("Table", "Smallest group among everybody", "Chance on average", "Highest chance")
    return [
        "<h2>Somebody who does not know who is in the data</h2>",
        paragraph(told),
        *data_table("Chance of picking out a person among everybody", head, cells),
        *lacks,
    ]


def _table(ident: str, name: str, before: Suda, after: Suda) -> list[str]:
    found = sorted(before.contribution, key=lambda item: -before.contribution[item])
    rows, cells = [], []
    for item in found:
        was, now = before.contribution[item], after.contribution.get(item, 0.0)
        bars: tuple[tuple[float, Kind], ...] = ((was, "before"), (now, "after"))
        label, told = _item(item), f"{100 * was:.0f} % before, {100 * now:.0f} % released"
        rows.append(Row(label, told, bars))
        cells.append((label, share_in_words(was), share_in_words(now)))
    chart = bar_chart(
        ident,
        f"What each item of table {name} adds to finding people by few details",
        "Two bars for each item: the part of all sets that single somebody out in which the item "
        "is, with smaller sets counting for more, before and as released. No bar is drawn where "
        "nobody is singled out. The table below holds the same figures.",
        rows,
    )
    head = ("Item", "Part before", "Part as released")
    lines = [
        *figure(_sentence(name, before, after), chart, BEFORE_AND_AFTER),
        *data_table(f"What each item of table {name} adds", head, cells),
    ]
    sets = sorted({*before.by_size, *after.by_size})
    if sets:
        counts = [
            (_items(size), f"{before.by_size.get(size, 0):,}", f"{after.by_size.get(size, 0):,}")
            for size in sets
        ]
        head = ("Items that are enough", "Times before", "Times as released")
        lines += data_table(f"How few items of table {name} are enough", head, counts)
    if not before.complete or not after.complete:
        tried = _items(min(before.up_to, after.up_to))
        lines.append(paragraph(f"Only sets of up to {tried} were tried; there are very many."))
    return lines


def _sentence(name: str, before: Suda, after: Suda) -> str:
    if not before.people and not after.people:
        return f"Table {name}: nobody is alone with what others may know, before or as released."
    was = share_of_people(before.people / max(before.patients, 1))
    now = people_in_words(after.people) if after.people else "nobody"
    return f"Table {name}: {was} were singled out as recorded; as released {now}."


def _items(size: int) -> str:
    return "1 item" if size == 1 else f"{size} items"


def _item(name: str) -> str:
    table, _, variable = name.partition(".")
    return f"{variable} (in {table})" if variable else name
