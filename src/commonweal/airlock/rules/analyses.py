"""The rules for regressions, survival curves and correlations.

Degrees of freedom alone let a dummy for one person pass: of 500 people 497 are left, and the fitted
value of that one is their outcome. So the rules ask who holds each column, whom a fitted value is
made of, and what table a model is. Sources: the SACRO rule set for degrees of freedom and survival
tables; Ritchie, "Disclosure detection in multivariate linear models" (2006), on saturated models
and outliers; each counts people where the source counts rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from commonweal.airlock.analysis.results import (
    Correlations,
    Curve,
    ExactMeans,
    Heaviest,
    Model,
    ModelEvidence,
    Result,
    Survival,
    Unfit,
)
from commonweal.airlock.analysis.rows import Codes
from commonweal.airlock.analysis.survival import merged
from commonweal.airlock.figures import Contributions, Evidence, Numbers
from commonweal.airlock.profile import Outcome, RuleProfile, Stop
from commonweal.airlock.rules import checks
from commonweal.airlock.rules.checks import Hit
from commonweal.airlock.rules.findings import Finding, Statbarn
from commonweal.papers.analysis_request import RegressionRequest, SurvivalRequest

EXACT, SEEN = 1e-7, 1e-5
"""How near to one an eigenvalue is one, and from where on a person has a part in a combination."""
LEAST_SHARE = 1 / 64
"""Down to which share of the first bound people who stand out unequally are looked for."""
MOST_LOOKED_AT = 2_000
"""Rows that are looked at together for combinations that are about a few."""
OWN = 0.5
"""Leverage from which a fitted value is, for half or more, the outcome it is about."""
FEWEST_DECIMALS = 3
"""Places to which a share of one is looked at where fewer are shown: 0.6 shown as 1 is not one."""
EVERYBODY: Outcome = "review"
"""Of times: everybody of a group had the event. In the end everybody is discharged, so a profile
that fails one answer would fail what most studies of times are; where the event is an illness, all
who are known to be in the group are known to have it. Only a person can tell the two apart."""
FAR, OFTEN = 3, 2
"""Times the mean leverage, and times what one of t people weighs in their mean, from which a person
is far from all others."""


def judge_analysis(result: Result, profile: RuleProfile) -> list[Finding]:
    """Every rule that an analysis does not keep; none: it passes."""
    if isinstance(result, Model):
        found = list(_model(result, profile))
    elif isinstance(result, Survival):
        found = list(_survival(result, profile))
    elif isinstance(result, Unfit):
        found = [_whole("unfit", result, "fail", {"because": result.because})]
    else:
        found = list(_correlations(result, profile))
    name, statbarn = result.request.name, _statbarn(result)
    if profile.exact_counts != "pass":
        if result.request.rounding == "exact":
            stop: Stop = "review" if profile.exact_counts == "review" else "fail"
            found.append(Finding("exact", statbarn, stop, {"table": name}))
        elif isinstance(result, Survival):
            # The curve itself is made of counts that were not rounded.
            found.append(Finding("exact", statbarn, "review", {"table": name}))
    if not profile.checked:
        found.append(Finding("unchecked", "Unknown", "review", {"table": name}))
    return found


def _statbarn(result: Result) -> Statbarn:
    """Coefficients of a linear model are correlations; the others' are odds and hazard ratios."""
    request = result.request
    if isinstance(request, SurvivalRequest):
        return "HazardSurvivalTables"
    if isinstance(request, RegressionRequest) and request.family != "linear":
        return "CalculatedRatios"
    return "CorrelationCoefficients"


def _whole(
    rule: str,
    result: Result,
    outcome: Outcome,
    where: Mapping[str, str] | None = None,
    value: float | None = None,
    limit: float | None = None,
) -> Finding:
    """A finding of which the author is told the file only."""
    place = {"table": result.request.name, **(where or {})}
    stop: Stop = "review" if outcome == "review" else "fail"
    shown = None if value is None or not np.isfinite(value) else float(value)
    return Finding(rule, _statbarn(result), stop, place, shown, limit, whole=True)


# --- regressions -------------------------------------------------------------------------------


def _model(model: Model, profile: RuleProfile) -> Iterator[Finding]:
    evidence = model.evidence
    yield from _size(model, profile)
    yield from _groups(model, profile)
    for column in evidence.held:
        if column.people < profile.threshold:
            where = {"term": column.name}
            yield _whole("held", model, "fail", where, column.people, profile.threshold)
    for pair in evidence.twins:
        if pair.people < profile.threshold:
            where = {"term": pair.first, "other": pair.second}
            yield _whole("twins", model, "fail", where, pair.people, profile.threshold)
    yield from _weights(model, evidence, profile)
    if evidence.heaviest is not None:
        yield from _isolated(model, evidence.heaviest, profile)
    for part, said in ((evidence.outcome, "outcome"), (evidence.residual, "residuals")):
        if part is not None:
            yield from _dominated(model, part, (said,), "measure", evidence.people, profile)
    yield from _certain(model, profile)
    if evidence.exact is not None:
        yield from _exact(model, evidence.exact, profile)


def _size(model: Model, profile: RuleProfile) -> Iterator[Finding]:
    """People, events and degrees of freedom of the whole, and whether it has estimates."""
    evidence, least = model.evidence, profile.threshold
    if evidence.people < least:
        yield _whole("threshold", model, "fail", None, evidence.people, least)
    if model.why is not None:
        yield _whole(model.why, model, "fail")
    left = evidence.dof
    if model.request.family == "cox" and evidence.with_event is not None:
        # A partial likelihood is made of events alone: parameters are taken from them.
        left = evidence.with_event - evidence.parameters
    if left < profile.degrees_of_freedom:
        yield _whole("dof", model, "fail", None, left, profile.degrees_of_freedom)
    for people in (evidence.with_event, evidence.without):
        if people is not None and people < least:
            yield _whole("events", model, "fail", None, people, least)


def _certain(model: Model, profile: RuleProfile) -> Iterator[Finding]:
    """All people have one outcome, or it follows from their terms."""
    evidence, fit = model.evidence, model.fit
    if model.request.family == "cox" and 0 < evidence.people == evidence.with_event:
        yield _whole("class", model, EVERYBODY, None, evidence.people)
    elif evidence.outcome is not None and evidence.people and not evidence.outcome.total[0] > 0:
        yield _whole("class", model, profile.one_answer, None, evidence.people)
    elif fit is not None and _whole_of_one(fit.explained, model.request.decimals):
        yield _whole("perfect", model, "fail", None, evidence.people)


def _whole_of_one(share: float | None, decimals: int) -> bool:
    """Whether a share or a correlation is one, for all that is shown of it."""
    return share is not None and round(abs(share), max(decimals, FEWEST_DECIMALS)) >= 1


def _groups(model: Model, profile: RuleProfile) -> Iterator[Finding]:
    """Categories, and cells of interactions, with few people or few of one outcome."""
    # Of counts, that everybody had one is not an answer: how many it were is. Of times it is one:
    # everybody of the group had the event. That only few had none is so of most long studies.
    two, times = model.request.family == "logistic", model.request.family == "cox"
    for group in model.evidence.groups:
        if group.people < profile.threshold:
            if group.people:
                yield _whole(
                    "threshold", model, "fail", group.where, group.people, profile.threshold
                )
            elif profile.zeros != "pass":
                yield _whole("zero", model, profile.zeros, group.where, group.people)
            continue
        sides = (group.with_event, group.without) if two else (group.with_event,)
        for people in sides:
            if people == 0:
                yield _whole("class", model, profile.one_answer, group.where, group.people)
            elif people is not None and people < profile.threshold:
                yield _whole("events", model, "review", group.where, people, profile.threshold)
        if times and group.without == 0 and group.with_event:
            yield _whole("class", model, EVERYBODY, group.where, group.people)


def _weights(model: Model, evidence: ModelEvidence, profile: RuleProfile) -> Iterator[Finding]:
    """Whom fitted values are made of."""
    mean = evidence.parameters / max(evidence.people, 1)
    yield from _leverage(model, evidence.leverage, mean, profile)
    few = evidence.pattern_people < profile.threshold
    heavy = few & (evidence.pattern_leverage >= OWN)
    if heavy.any():
        people = int(evidence.pattern_people[heavy].min())
        yield _whole("pattern", model, "fail", None, people, profile.threshold)


def _leverage(
    result: Result, leverage: float, mean: float, profile: RuleProfile
) -> Iterator[Finding]:
    """What the heaviest person makes up of their own fitted value, beside the mean leverage."""
    if leverage >= OWN:
        yield _whole("leverage", result, "fail", None, leverage, OWN)
    elif leverage > (far := max(FAR * mean, OFTEN / profile.threshold)):
        yield _whole("leverage", result, "review", None, leverage, round(far, 4))


def _isolated(result: Result, heaviest: Heaviest, profile: RuleProfile) -> Iterator[Finding]:
    """A combination of columns that is nothing but for fewer than t people.

    Its coefficient is made of their outcomes alone, however the columns were chosen: two dummies, a
    dummy and a sum of others. If k people stand out equally, each has a leverage of 1/k or more, so
    that people with so much are looked at first, and then those with a half of it, a quarter, and
    so on, for those who stand out unequally.
    """
    first = bound = 1 / (profile.threshold - 1) - EXACT
    if heaviest.left >= first:
        yield _whole("unknown", result, "review")
    groups: list[int] = []
    while not groups and bound > first * LEAST_SHARE:
        mine = heaviest.weight >= bound
        if mine.sum() > MOST_LOOKED_AT:
            break
        found = alone(heaviest.columns[mine], heaviest.person[mine])
        groups = [people for people in found if people < profile.threshold]
        bound /= 2
    if groups:
        yield _whole("isolated", result, "fail", None, min(groups), profile.threshold)


def alone(columns: Numbers, person: Codes) -> list[int]:
    """How many people are in each group that some combination of columns is about alone.

    `columns`: rows of orthonormal columns; a combination that is nothing for all other rows has its
    whole length in these, so it belongs to an eigenvalue of one. Groups that share no combination
    are groups of their own.
    """
    if not columns.size:
        return []
    sizes, turns = np.linalg.eigh(columns.T @ columns)
    within = columns @ turns[:, sizes >= 1 - EXACT]
    together = np.abs(within @ within.T) > SEEN
    held = together.any(axis=1)
    people, place = np.unique(person, return_inverse=True)
    # Rows of one person belong together too.
    of_person = sparse.csr_matrix(
        (np.ones(len(place)), (place, np.arange(len(place)))), shape=(len(people), len(place))
    )
    joined = of_person @ sparse.csr_matrix(together.astype(np.float64)) @ of_person.T
    _, group = csgraph.connected_components(joined, directed=False)
    inside = np.unique(place[held])
    counts: Codes = np.bincount(group[inside])
    return [int(one) for one in counts[counts > 0].tolist()]


def _dominated(
    result: Result,
    part: Contributions,
    names: Sequence[str],
    kind: str,
    people: int,
    profile: RuleProfile,
) -> Iterator[Finding]:
    """One or two people are what a spread is made of."""
    counts = np.full(len(names), people, np.int64)
    for hit in checks.dominance(Evidence(counts, counts), part, profile):
        if hit.rule != "negative":  # squares never are
            yield from _hits(result, hit, [{kind: name} for name in names])


def _exact(model: Model, exact: ExactMeans, profile: RuleProfile) -> Iterator[Finding]:
    """The means that a model publishes keep the rules of a table of means (or of shares)."""
    evidence = exact.evidence
    hits = [
        *checks.threshold(evidence.people, profile),
        *checks.one_value(evidence, profile),
        *checks.dominance(evidence, evidence.by_rows, profile),
    ]
    if exact.with_event is not None and exact.without is not None:
        hits += [
            *checks.apart(exact.with_event, profile),
            *checks.apart(exact.without, profile),
        ]
    else:
        hits += checks.dominance(evidence, evidence.amounts, profile)
    for hit in hits:
        yield from _hits(model, hit, exact.where)


def _hits(result: Result, hit: Hit, where: Sequence[Mapping[str, str]]) -> Iterator[Finding]:
    for place in np.flatnonzero(hit.cells).tolist():
        value = float(hit.found[place])
        yield _whole(hit.rule, result, hit.outcome, where[place], value, hit.limit)


# --- survival ----------------------------------------------------------------------------------


def _survival(survival: Survival, profile: RuleProfile) -> Iterator[Finding]:
    least, held = profile.threshold, False
    for curve in survival.curves:
        rule = _curve(curve, profile)
        if rule is not None:
            held = True
            value = curve.people if rule == "threshold" else None
            yield _whole(rule, survival, "fail", curve.where, value, least)
        elif curve.people == int(curve.steps.events.sum()):
            # The curve ends at nothing: everybody of the group had the event.
            yield _whole("class", survival, EVERYBODY, curve.where, curve.people)
    if not survival.curves:
        yield _whole("threshold", survival, "fail", None, 0, least)
    if survival.test is not None and held:
        # The test is judged as the curves are: its groups are theirs.
        yield _whole("steps", survival, "fail", {"test": "log-rank"}, None, least)


def _curve(curve: Curve, profile: RuleProfile) -> str | None:
    if curve.people < profile.threshold:
        return "threshold"
    return "steps" if merged(curve.steps, profile.threshold) is None else None


# --- correlations ------------------------------------------------------------------------------


def _correlations(result: Correlations, profile: RuleProfile) -> Iterator[Finding]:
    least = profile.threshold
    if result.people < least:
        yield _whole("threshold", result, "fail", None, result.people, least)
    left = result.people - 2
    if left < profile.degrees_of_freedom:
        yield _whole("dof", result, "fail", None, left, profile.degrees_of_freedom)
    for column in result.held:
        if column.people < least:
            yield _whole("held", result, "fail", {"column": column.name}, column.people, least)
    yield from _dominated(result, result.outcome, result.names, "column", result.people, profile)
    if result.heaviest is None:
        yield _whole("singular", result, "fail")
    else:
        mean = (len(result.names) + 1) / max(result.people, 1)
        yield from _leverage(result, result.leverage, mean, profile)
        yield from _isolated(result, result.heaviest, profile)
    for number, pair in enumerate(result.pairs):
        where = {"column": result.names[pair[0]], "other": result.names[pair[1]]}
        value = float(result.values[number])
        if not np.isfinite(value):
            yield _whole("singular", result, "fail", where)
        elif _whole_of_one(value, result.decimals):
            yield _whole("perfect", result, "fail", where, result.people)
        yield from _cells(result, result.cells[number], where, profile)


def _cells(
    result: Correlations,
    cells: Iterable[int] | None,
    where: Mapping[str, str],
    profile: RuleProfile,
) -> Iterator[Finding]:
    """The table of two columns of two values, which follows from their correlation."""
    for place, people in enumerate(cells or ()):
        at = {**where, "cell": str(place + 1)}
        if 0 < people < profile.threshold:
            yield _whole("threshold", result, "fail", at, people, profile.threshold)
        elif people == 0:
            # Nobody: whoever has the one value is known to have the other.
            yield _whole("class", result, profile.one_answer, at, result.people)
