"""Which rules each kind of figure has to keep, and the verdict on a table.

Fail closed: a kind that is not in the table below, a figure without its evidence, and a table whose
grade is not `recomputed` are never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from commonweal.airlock.figures import Evidence, Marks, Parts, Series, Table
from commonweal.airlock.profile import RuleProfile, Stop
from commonweal.airlock.rules import checks
from commonweal.airlock.rules.checks import Hit
from commonweal.airlock.rules.findings import Finding, Statbarn

Check = Callable[[Table, Series, RuleProfile], Iterator[Hit]]
OnEvidence = Callable[[Evidence, RuleProfile], Iterator[Hit]]


def judge(table: Table, profile: RuleProfile) -> list[Finding]:
    """Every rule that a figure of the table does not keep; none: the table passes."""
    found = [one for series in table.series for one in _of_series(table, series, profile)]
    if not table.series:
        found.append(Finding("unknown", "Unknown", "review", {"table": table.name}))
    if 0 in table.shape:
        # A table without a row says as much as a nought: it is at least for a person to look at.
        outcome: Stop = "fail" if profile.zeros == "fail" else "review"
        found.append(Finding("empty", "Frequencies", outcome, {"table": table.name}))
    if table.grade != "recomputed":
        rule = "tabulated" if table.grade == "tabulated" else "declared"
        found.append(Finding(rule, "Unknown", "review", {"table": table.name}))
    if not profile.checked:
        found.append(Finding("unchecked", "Unknown", "review", {"table": table.name}))
    return found


def failing(table: Table, profile: RuleProfile) -> Marks:
    """Cells where a figure fails a rule, whatever is hidden; all where no rule knows a figure."""
    marks = np.zeros(table.shape, np.bool_)
    for series in table.series:
        kind = KINDS.get(series.kind)
        if kind is None or series.figures.shape != table.shape:
            return np.ones(table.shape, np.bool_)
        for hit in _hits(table, replace(series, hidden=None), profile, kind[1]):
            if hit.outcome == "fail":
                marks |= hit.cells
    return marks


def _of_series(table: Table, series: Series, profile: RuleProfile) -> Iterator[Finding]:
    kind = KINDS.get(series.kind)
    if kind is None or series.figures.shape != table.shape:
        yield _whole(table, series, "Unknown", "unknown")
        return
    statbarn, check = kind
    yield from _findings(table, series, statbarn, _hits(table, series, profile, check))
    if profile.exact_counts != "pass" and _counts_exactly(series):
        outcome = profile.exact_counts
        yield _whole(table, series, statbarn, "exact", outcome)


def _hits(table: Table, series: Series, profile: RuleProfile, check: Check) -> Iterator[Hit]:
    yield from check(table, series, profile)
    exact = {one.kind for one in table.series if one.rounding == "exact"}
    if series.kind == "rows" and {"people", "rows"} <= exact and series.evidence is not None:
        yield from checks.again(series.evidence, profile)
    counted = any(one.kind in ("people", "rows") for one in table.series)
    if counted and series.kind in _OF_VALUES and series.evidence is not None:
        # A sum over its mean is how many values there are, which a reader takes from the count.
        beside = {one.kind for one in table.series if one.column == series.column}
        outcome: Stop = "fail" if {"sum", "mean"} <= beside else "review"
        yield from checks.missing(series.evidence, outcome, profile)


def _findings(
    table: Table, series: Series, statbarn: Statbarn, hits: Iterable[Hit]
) -> Iterator[Finding]:
    for hit in hits:
        # What is not published gives nobody away; the rule on lines has looked at that itself.
        cells = hit.cells
        if series.hidden is not None and hit.rule != "class":
            cells = hit.cells & ~series.hidden
        for place in np.argwhere(cells):
            cell = tuple(int(one) for one in place)
            value = float(hit.found[cell])
            outcome: Stop = "review" if hit.outcome == "review" else "fail"
            where = {"table": table.name, "measure": series.name, **table.where(cell)}
            known = value if np.isfinite(value) else None
            yield Finding(hit.rule, statbarn, outcome, where, known, hit.limit)


def _whole(
    table: Table, series: Series, statbarn: Statbarn, rule: str, outcome: Stop = "review"
) -> Finding:
    where = {"table": table.name, "measure": series.name}
    return Finding(rule, statbarn, outcome, where)


def _counts_exactly(series: Series) -> bool:
    if series.rounding != "exact":
        return False
    return series.kind in ("people", "rows") or (
        series.parts is not None and set(series.parts.of) != {"sum"}
    )


def _evidenced(check: OnEvidence) -> Check:
    """A check that looks at evidence of the table's own shape; without it nothing is known."""

    def checked(table: Table, series: Series, profile: RuleProfile) -> Iterator[Hit]:
        evidence = series.evidence
        if evidence is None or evidence.people.shape != table.shape:
            yield checks.unknown(np.ones(table.shape, dtype=np.bool_))
            return
        yield from checks.threshold(evidence.people, _protecting(series, profile))
        yield from check(evidence, profile)
        if series.kind in ("people", "rows"):
            yield from checks.one_line(table, evidence.people, profile, series.hidden)
        else:
            yield from _shown(checks.one_value(evidence, profile), series)

    return checked


def _shown(hits: Iterable[Hit], series: Series) -> Iterator[Hit]:
    """Hits in cells that are published."""
    for hit in hits:
        hidden = series.hidden
        yield hit if hidden is None else replace(hit, cells=hit.cells & ~hidden)


def _protecting(series: Series, profile: RuleProfile) -> RuleProfile:
    """The profile, with its threshold lifted for counts of people whose rounding protects them."""
    # 300 rows of one person stay about one person, so counts of rows are never protected.
    if series.kind == "people" and series.rounding in profile.rounding_that_protects:
        return profile.model_copy(update={"threshold": 0})
    return profile


def _people(_: Evidence, __: RuleProfile) -> Iterator[Hit]:
    yield from ()


def _rows(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    yield from checks.dominance(evidence, evidence.by_rows, profile)


def _sum(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    yield from checks.dominance(evidence, evidence.amounts, profile)


def _mean(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    yield from checks.dominance(evidence, evidence.amounts, profile)
    yield from checks.dominance(evidence, evidence.by_rows, profile)


def _sd(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    yield from checks.degrees_of_freedom(evidence, 1, profile)
    yield from checks.dominance(evidence, evidence.squares, profile)
    yield from checks.dominance(evidence, evidence.by_rows, profile)


def _quantile(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    yield from checks.position(evidence, profile)


def _end(evidence: Evidence, profile: RuleProfile) -> Iterator[Hit]:
    yield from checks.endpoint(evidence, profile)


def _ratio(table: Table, series: Series, profile: RuleProfile) -> Iterator[Hit]:
    if series.parts is None:
        yield checks.unknown(np.ones(table.shape, dtype=np.bool_))
        return
    parts: Parts = series.parts
    protected = series.rounding in profile.rounding_that_protects and parts.of == (
        "people",
        "people",
    )
    for evidence, of in zip((parts.numerator, parts.denominator), parts.of, strict=True):
        if not protected:
            yield from checks.threshold(evidence.people, profile)
        if of == "rows":
            yield from checks.dominance(evidence, evidence.by_rows, profile)
        elif of == "sum":
            yield from _shown(checks.one_value(evidence, profile), series)
            yield from checks.dominance(evidence, evidence.amounts, profile)
    if not protected:
        yield from checks.apart(parts.only_numerator, profile)
        yield from checks.apart(parts.only_denominator, profile)
    if parts.of == ("people", "people"):
        # 100 %: everybody of the one part is known to be in the other.
        both = parts.denominator.people
        same = (both > 0) & (parts.only_denominator == 0) & (parts.only_numerator == 0)
        same &= True if series.hidden is None else ~series.hidden
        yield Hit("class", profile.one_answer, same, both.astype(np.float64))


_OF_VALUES = frozenset({"sum", "mean", "sd", "quantile", "min", "max"})

KINDS: dict[str, tuple[Statbarn, Check]] = {
    "people": ("Frequencies", _evidenced(_people)),
    "rows": ("Frequencies", _evidenced(_rows)),
    "sum": ("LinearAggregations", _evidenced(_sum)),
    "mean": ("LinearAggregations", _evidenced(_mean)),
    "sd": ("Shape", _evidenced(_sd)),
    "quantile": ("Position", _evidenced(_quantile)),
    "min": ("Endpoints", _evidenced(_end)),
    "max": ("Endpoints", _evidenced(_end)),
    "ratio": ("CalculatedRatios", _ratio),
}
"""What can be judged. Whatever is not here is looked at by a person."""
