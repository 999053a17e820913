# ruff: noqa: E501 (one analysis a line)
"""The rules for analyses, on data by hand: one person, a few, and tables that are called models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commonweal.airlock.analysis import Model
from commonweal.airlock.analysis.published import published
from commonweal.airlock.profile import BUILT_IN, RuleProfile
from commonweal.airlock.rules import Finding, for_author, for_reviewer
from commonweal.airlock.rules.analyses import judge_analysis
from commonweal.airlock.rules.findings import RULES, verdict_for_author, verdict_of
from commonweal.foundation.codes import CODES
from commonweal.foundation.errors import Refused
from tests.airlock_house import PERSON, Row, col, where
from tests.analysis_house import (
    HEAD,
    SACRO,
    analysed,
    category,
    correlation,
    cox,
    crossed,
    judged,
    number,
    regression,
    survival,
)

KINDS = {
    "ward": "text", "sex": "text", "age": "integer", "flag": "integer", "twin": "integer",
    "cost": "decimal", "ill": "boolean", "visits": "integer", "days": "integer", "dead": "boolean",
    "born": "date", "note": "text",
}  # fmt: skip


def people(count: int, seed: int = 1, **fixed: Any) -> list[Row]:
    """People with ordinary values, one row each; `fixed` columns are the same for all."""
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(count):
        age = int(rng.integers(20, 90))
        row = {
            PERSON: f"s{seed}p{place:04d}", "ward": "ABC"[place % 3], "sex": "FM"[place // 3 % 2],
            "age": age, "flag": int(rng.random() < 0.4), "twin": int(rng.random() < 0.5),
            "cost": 100 + age + float(rng.normal(0, 15)), "ill": bool(rng.random() < 0.4),
            "visits": int(rng.poisson(2)), "days": int(rng.integers(1, 400)),
            "dead": bool(rng.random() < 0.6),
        }  # fmt: skip
        rows.append(row | fixed)
    return rows


def rules(findings: list[Finding]) -> set[str]:
    return {one.rule for one in findings if one.outcome == "fail"}


ORDINARY: dict[str, dict[str, Any]] = {
    "linear": regression("cost", number("age"), category("ward")),
    "linear with an interaction": regression(
        "cost", number("age"), category("ward"), category("sex"),
        interactions=[crossed("ward", "sex")]),
    "logistic": regression("ill", number("age"), category("ward"), family="logistic"),
    "poisson": regression("visits", number("age"), category("sex"), family="poisson"),
    "cox": cox(number("age"), category("ward")),
    "a mean": regression("cost"),
    "a share": regression("ill", family="logistic"),
    "a table of means": regression(
        "cost", category("ward"), category("sex"), interactions=[crossed("ward", "sex")]),
    "a table of shares": regression("ill", category("ward"), family="logistic"),
    "survival": survival(),
    "survival by ward": survival("ward"),
    "correlation": correlation("age", "cost", "visits"),
    "correlation of two truths": correlation("flag", "twin"),
}  # fmt: skip


@pytest.mark.parametrize("what", ORDINARY)
def test_an_ordinary_analysis_passes(tmp_path: Path, what: str) -> None:
    assert judged(tmp_path, KINDS, people(400), ORDINARY[what]) == []


def one_in(column: str, value: Any, count: int = 1, **more: Any) -> list[Row]:
    """Ordinary people, and a few who alone have a value."""
    few = people(count, 2, **{column: value}, **more)
    return [*people(500), *few]


DISCLOSIVE: dict[str, tuple[list[Row], dict[str, Any], str]] = {
    # what acro passes: 497 degrees of freedom are left
    "a dummy for one person": (one_in("ward", "X"), regression("cost", category("ward")), "threshold"),
    "a cost that follows from the age": (
        [{**row, "cost": 3.0 * row["age"] + 1} for row in people(300)], regression("cost", number("age")), "perfect"),
    "a cost that nearly does": (
        [{**row, "cost": 3.0 * row["age"] + row["flag"] / 100} for row in people(300)], regression("cost", number("age")), "perfect"),
    "everybody has the one cost": (people(300, cost=70.0), regression("cost", number("age")), "class"),
    "everybody comes as often": (
        people(300, visits=2), regression("visits", number("age"), family="poisson"), "class"),
    "a sum of others that six people are not": (
        [*({**row, "visits": row["flag"] + row["twin"]} for row in people(300)), *people(6, 2, flag=0, twin=0, visits=1)],
        regression("cost", number("flag"), number("twin"), number("visits"), number("age")), "isolated"),
    "a dummy for nine": (one_in("ward", "X", 9), regression("cost", category("ward"), number("age")), "threshold"),
    "many rows of one person in a dummy": (
        [*people(500), *people(1, 2, ward="X") * 40], regression("cost", category("ward"), number("age")), "threshold"),
    "one person is the reference": (one_in("ward", "0"), regression("cost", category("ward"), number("age")), "threshold"),
    "a number that one person has": (
        [*people(500, flag=0), *people(1, 2, flag=1)], regression("cost", number("flag"), number("age")), "held"),
    "a number that all but one have": (
        [*people(500, flag=1), *people(1, 2, flag=0)], regression("cost", number("flag"), number("age")), "held"),
    # dsBase 250: the one is copied so that no single row dominates
    "copies of the row that is the one": (
        [*people(500, flag=0), *people(1, 2, flag=1) * 25], regression("cost", number("flag"), number("age")), "held"),
    "two dummies that differ by one": (
        [*people(250, flag=0, twin=0), *people(250, 3, flag=1, twin=1), *people(1, 2, flag=1, twin=0)],
        regression("cost", number("flag"), number("twin"), number("age")), "twins"),
    "a dummy and a number that differ by three": (
        [*people(250, flag=0, ward="A"), *people(250, 3, flag=1, ward="B"), *people(3, 2, flag=1, ward="A")],
        regression("cost", number("flag"), category("ward"), number("age")), "twins"),
    "a number and its opposite that differ by two": (
        [*people(250, flag=0, twin=1), *people(250, 3, flag=1, twin=0), *people(2, 2, flag=1, twin=1)],
        regression("cost", number("flag"), number("twin"), number("age")), "twins"),
    "an interaction that one person has": (
        [*people(250, ward="A", sex="F"), *people(250, 3, ward="B"), *people(1, 2, ward="A", sex="M")],
        regression("cost", category("ward"), category("sex"), number("age"), interactions=[crossed("ward", "sex")]), "threshold"),
    "an age far from all others": (one_in("age", 100_000), regression("cost", number("age")), "leverage"),
    "five people far from all others": (one_in("age", 100_000, 5), regression("cost", number("age")), "pattern"),
    "a cost above all others": (one_in("cost", 1e7), regression("cost", number("age")), "nk"),
    "the same in a mean": (one_in("cost", 1e7), regression("cost"), "nk"),
    "few degrees of freedom": (people(14), regression("cost", number("age"), category("ward"), category("sex")), "dof"),
    "many rows, few people": (people(14) * 30, regression("cost", number("age"), category("ward"), category("sex")), "dof"),
    "few people": (people(9), regression("cost"), "threshold"),
    "nobody": ([], regression("cost"), "threshold"),
    "a table of means with a small cell": (
        [*people(300, ward="A"), *people(8, 2, ward="B")], regression("cost", category("ward")), "threshold"),
    "a table of means with one answer": (
        [*people(300, ward="A"), *people(40, 2, ward="B", cost=7.0)], regression("cost", category("ward")), "class"),
    "a table of shares with few of one answer": (
        [*people(300, ward="A"), *people(40, 2, ward="B", ill=False), *people(3, 4, ward="B", ill=True)],
        regression("ill", category("ward"), family="logistic"), "part"),
    "a mean of truths with few of one answer": (
        [*people(40, 2, ill=False), *people(3, 4, ill=True)], regression("ill"), "part"),
    "everybody of a category is ill": (
        [*people(300, ward="A"), *people(40, 2, ward="B", ill=True)],
        regression("ill", category("ward"), number("age"), family="logistic"), "class"),
    "an age from which all are ill": (
        [{**row, "ill": row["age"] >= 50} for row in people(300)], regression("ill", number("age"), family="logistic"), "separated"),
    "everybody is ill": (people(300, ill=True), regression("ill", number("age"), family="logistic"), "separated"),
    "four are ill": (
        [*people(300, ill=False), *people(4, 2, ill=True)], regression("ill", number("age"), family="logistic"), "events"),
    "four are well": (
        [*people(300, ill=True), *people(4, 2, ill=False)], regression("ill", number("age"), family="logistic"), "events"),
    "nobody of a category comes": (
        [*people(300, ward="A"), *people(40, 2, ward="B", visits=0)],
        regression("visits", category("ward"), number("age"), family="poisson"), "class"),
    "one person who comes ten thousand times": (
        one_in("visits", 10_000), regression("visits", number("age"), family="poisson"), "nk"),
    "a term that says the same as another": (
        [{**row, "twin": row["age"] * 2} for row in people(300)], regression("cost", number("age"), number("twin")), "singular"),
    "a number that everybody has": (people(300, flag=1), regression("cost", number("flag")), "singular"),
    "a cox dummy for one person": (one_in("ward", "X", dead=True), cox(category("ward"), number("age")), "threshold"),
    "a cox model of few events": (
        [*people(300, dead=False), *people(9, 2, dead=True)], cox(number("age")), "events"),
    "a cox model with a parameter for each event": (
        [*people(300, dead=False), *people(12, 2, dead=True)], cox(number("age"), number("cost"), category("ward")), "dof"),
    "a cox term without an event": (
        [*people(300, ward="A"), *people(40, 2, ward="B", dead=False)], cox(category("ward"), number("age")), "separated"),
    "a curve of few people": (people(9), survival(), "threshold"),
    "a curve of a small ward": ([*people(300), *people(5, 2, ward="X")], survival("ward"), "threshold"),
    "a curve of few events": ([*people(300, dead=False), *people(9, 2, dead=True)], survival(), "steps"),
    "a correlation that one person makes": (
        one_in("cost", 1e7, age=100_000), correlation("age", "cost"), "nk"),
    "a correlation of few people": (people(9), correlation("age", "cost"), "threshold"),
    "a correlation of many rows": (people(9) * 30, correlation("age", "cost"), "threshold"),
    "a correlation with a truth of three": (
        [*people(300, flag=0), *people(3, 2, flag=1)], correlation("flag", "cost"), "held"),
    # a regression of cost on both follows from the correlations
    "two truths that differ by four, beside a cost": (
        [*people(250, flag=0, twin=0), *people(250, 3, flag=1, twin=1), *people(4, 2, flag=1, twin=0)],
        correlation("flag", "twin", "cost"), "isolated"),
    "a measure that is the sum of two but for six": (
        [*({**row, "visits": row["age"] + row["days"]} for row in people(300)), *people(6, 2, visits=11)],
        correlation("age", "days", "visits"), "isolated"),
    "a measure that is the sum of two": (
        [{**row, "visits": row["age"] + row["days"]} for row in people(300)], correlation("age", "days", "visits"), "singular"),
    "two truths with a small cell": (
        [*people(200, flag=0, twin=0), *people(200, 3, flag=1, twin=1), *people(30, 4, flag=1, twin=0), *people(2, 2, flag=0, twin=1)],
        correlation("flag", "twin"), "threshold"),
    "two truths of which one follows": (
        [*people(200, flag=0, twin=0), *people(200, 3, flag=1, twin=1), *people(30, 4, flag=1, twin=0)],
        correlation("flag", "twin"), "class"),
    "a value that follows from the other": (
        [{**row, "visits": 200 - 2 * row["age"]} for row in people(300)], correlation("age", "visits"), "perfect"),
    "a correlation with a constant": (people(300, flag=1), correlation("flag", "cost"), "singular"),
}  # fmt: skip


@pytest.mark.parametrize("what", DISCLOSIVE)
def test_what_gives_somebody_away_fails_by_the_rule_for_it(tmp_path: Path, what: str) -> None:
    rows, asked, rule = DISCLOSIVE[what]
    found = judged(tmp_path, KINDS, rows, asked)
    assert rule in rules(found)
    assert verdict_of(found) == "fail"
    # Everything can be said to both readers, and the author's reading holds no number found.
    for line in (*for_reviewer(found), *for_author(found, SACRO)):
        assert line["sentence"]
        assert line["code"] in CODES
    assert all(line["value"] is None for line in for_author(found, SACRO))


def test_the_fitted_value_of_one_person_is_their_outcome(tmp_path: Path) -> None:
    """Why it fails: intercept and coefficient together are what acro lets out with 497 to spare."""
    rows = one_in("ward", "X", cost=4321.5)
    model = analysed(tmp_path, KINDS, rows, regression("cost", category("ward")))
    assert isinstance(model, Model)
    assert model.fit is not None
    values = {one.name: one.value for one in model.fit.estimates}
    assert values["intercept"] + values["ward = X"] == pytest.approx(4321.5, abs=1e-6)
    assert model.evidence.dof == 497


@pytest.mark.parametrize("count", [10, 11, 30])
def test_a_category_of_just_enough_people_passes(tmp_path: Path, count: int) -> None:
    rows = one_in("ward", "X", count)
    assert judged(tmp_path, KINDS, rows, regression("cost", category("ward"), number("age"))) == []


def test_few_of_one_outcome_in_a_category_are_for_a_person_to_see(tmp_path: Path) -> None:
    rows = [*people(300), *people(40, 2, ward="X", ill=False), *people(5, 4, ward="X", ill=True)]
    asked = regression("ill", category("ward"), number("age"), family="logistic")
    found = judged(tmp_path, KINDS, rows, asked)
    assert [(one.rule, one.outcome, one.value) for one in found] == [("events", "review", 5)]


@pytest.mark.parametrize("without", [1, 9, 10])
def test_one_without_the_event_and_nobody_is_told_of(tmp_path: Path, without: int) -> None:
    """Who had it is known of everybody only where everybody had it (60 of 60, and not 59)."""
    rows = [row | {"dead": place >= without} for place, row in enumerate(people(300))]
    for place, asked in enumerate([cox(number("age")), survival(step=100)]):
        assert "class" not in rules(judged(tmp_path / str(place), KINDS, rows, asked))


EVERYBODY_IN_A = [row | ({"dead": True} if row["ward"] == "A" else {}) for row in people(600)]


@pytest.mark.parametrize(
    ("rows", "asked"),
    [
        (people(300, dead=True), cox(number("age"))),
        (people(300, dead=True), survival(step=100)),
        (EVERYBODY_IN_A, cox(category("ward"), number("age"))),
        (EVERYBODY_IN_A, cox(category("ward", "A"), number("age"))),
        (EVERYBODY_IN_A, survival("ward", step=100)),
    ],
)
@pytest.mark.parametrize("name", ["sacro-default", "opensafely"])
def test_that_everybody_had_the_event_a_person_must_see(
    tmp_path: Path, rows: list[Row], asked: dict[str, Any], name: str
) -> None:
    found = judge_analysis(analysed(tmp_path, KINDS, rows, asked), RuleProfile.load(name))
    assert {one.outcome for one in found if one.rule == "class"} == {"review"}
    assert all(line["value"] is None for line in for_author(found, SACRO))


def test_somebody_rather_far_is_for_a_person_to_see(tmp_path: Path) -> None:
    found = judged(tmp_path, KINDS, one_in("age", 400), regression("cost", number("age")))
    assert {(one.rule, one.outcome) for one in found} == {("leverage", "review")}


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_profile_lets_one_person_through(tmp_path: Path, name: str) -> None:
    rows, asked, _ = DISCLOSIVE["a dummy for one person"]
    found = judged(tmp_path, KINDS, rows, asked, RuleProfile.load(name))
    assert verdict_of(found) == "fail"


def test_counts_are_rounded_where_the_profile_asks(tmp_path: Path) -> None:
    profile = RuleProfile.load("opensafely")
    asked = ORDINARY["linear"]
    assert rules(judged(tmp_path, KINDS, people(400), asked, profile)) == {"exact"}
    asked = asked | {"rounding": "midpoint_6"}
    assert judged(tmp_path, KINDS, people(400), asked, profile) == []
    curve = survival(rounding="midpoint_6")
    found = judged(tmp_path, KINDS, people(400), curve, profile)
    assert [(one.rule, one.outcome) for one in found] == [("exact", "review")]


def test_an_unread_profile_passes_nothing(tmp_path: Path) -> None:
    profile = RuleProfile.load("nhs-secondary-care")
    asked = ORDINARY["linear"] | {"rounding": "small_as_5"}
    found = judged(tmp_path, KINDS, people(400), asked, profile)
    assert [(one.rule, one.outcome) for one in found] == [("unchecked", "review")]


SECRETS: dict[str, list[Row]] = {
    "one person": one_in("ward", "X"),
    "nine people": one_in("ward", "X", 9),
    "one person with many rows": [*people(500), *people(1, 2, ward="X") * 30],
    "twenty with one answer": one_in("ward", "X", 20, cost=5.0),
    "one far above all others": [*people(500), *people(20, 2, ward="X"), *people(1, 4, cost=1e8)],
}


def test_the_author_reads_the_same_whatever_the_secret_is(tmp_path: Path) -> None:
    """S6: a dummy of one person has leverage one, a dummy of nine has not: neither is told."""
    asked = regression("cost", category("ward"))
    found = {
        secret: judged(tmp_path / secret, KINDS, rows, asked) for secret, rows in SECRETS.items()
    }
    naive = {str(for_reviewer(one)) for one in found.values()}
    ours = {str(for_author(one, SACRO)) for one in found.values()}
    assert len(naive) >= 4
    assert len(ours) == 1
    assert {verdict_for_author(one) for one in found.values()} == {"fail"}


def test_the_author_reads_a_curve_the_same_whatever_the_secret_is(tmp_path: Path) -> None:
    secrets = {
        "few people": people(4, 2, ward="X"),
        "few events": [*people(40, 2, ward="X", dead=False), *people(2, 4, ward="X", dead=True)],
        "one event": [*people(40, 2, ward="X", dead=False), *people(1, 4, ward="X", dead=True)],
        "no event": people(40, 2, ward="X", dead=False),
    }
    told = set()
    for secret, rows in secrets.items():
        found = judged(tmp_path / secret, KINDS, [*people(500), *rows], survival("ward"))
        told.add(str(for_author(found, SACRO)))
    assert len(told) == 1


REFUSED: dict[str, dict[str, Any]] = {
    "no such column": regression("weight"),
    "no such table": {**regression("cost"), "table": "beds"},
    "the person as a term": regression("cost", category(PERSON)),
    "a text as a number": regression("cost", number("ward")),
    "a date as a number": regression("cost", number("born")),
    "a text as an outcome": regression("ward"),
    "a cost as a truth": regression("cost", family="logistic"),
    "a cost as categories": regression("ill", category("cost")),
    "a filter of another type": regression("cost", where=where("age", "eq", "old")),
    "a text in bands": {**survival(), "by": [{"column": col("ward"), "bands": [1]}]},
    "a correlation of texts": correlation("ward", "cost"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_the_release_cannot_answer_is_refused_whatever_its_data(
    tmp_path: Path, what: str
) -> None:
    said = set()
    for place, rows in enumerate(([], people(50), people(3) * 4)):
        with pytest.raises(Refused) as refused:
            analysed(tmp_path / str(place), KINDS, rows, REFUSED[what])
        assert refused.value.code == "CW-OUTPUT-COLUMN"
        said.add(refused.value.sentence)
    assert len(said) == 1


UNFIT: dict[str, tuple[list[Row], dict[str, Any]]] = {
    "an age as a truth": (people(50), regression("age", family="logistic")),
    "a broken count": (people(50), regression("cost", family="poisson")),
    "a count below nothing": (people(50, visits=-1), regression("visits", family="poisson")),
    "a time below nothing": (people(50, days=-1), cox(number("age"))),
    "an age as an event": (people(50), {**cox(number("cost")), "event": col("age")}),
    "a person with two times": (people(50) * 2, cox(number("age"))),
    "a person with two curves": (people(50) * 2, survival()),
    "a reference that nobody has": (people(50), regression("cost", category("ward", "Z"))),
    "as many categories as people": (
        [row | {"note": f"n{place}"} for place, row in enumerate(people(80))], regression("cost", category("note"))),
    "more parameters than can be looked over": (
        [row | {"note": f"n{place % 50}", "ward": f"w{place % 7}"} for place, row in enumerate(people(400))],
        regression("cost", category("note"), category("ward"), interactions=[crossed("note", "ward")])),
}  # fmt: skip


@pytest.mark.parametrize("what", UNFIT)
def test_what_only_the_data_make_impossible_is_a_finding_and_no_refusal(
    tmp_path: Path, what: str
) -> None:
    """S5: "somebody of this filter has two rows", said to the author, would be an answer."""
    rows, asked = UNFIT[what]
    found = judged(tmp_path, KINDS, rows, asked)
    assert [(one.rule, one.outcome) for one in found] == [("unfit", "fail")]
    assert found[0].where["because"]
    assert for_author(found, SACRO)[0]["where"] == {"table": "m"}
    assert published(analysed(tmp_path, KINDS, rows, asked), SACRO).keys() == {
        "kind",
        "name",
        "title",
    }


def test_a_filter_on_one_person_reads_the_same_whatever_their_rows_are(tmp_path: Path) -> None:
    one = people(1, 2, age=99)
    told = set()
    for place, mine in enumerate(
        (one, one * 2, people(1, 2, age=99, ward="B"), people(4, 2, age=99))
    ):
        for asked in (
            survival("ward"),
            cox(category("ward", "A")),
            regression("cost", category("ward", "A")),
        ):
            asked = asked | {"where": where("age", "eq", 99)}
            found = judged(
                tmp_path / f"{place}{asked['kind']}", KINDS, [*people(300), *mine], asked
            )
            told.add(f"{asked['kind']} {asked.get('family')} {for_author(found, SACRO)}")
    assert len(told) == 3


def test_every_rule_of_analyses_is_in_the_closed_table() -> None:
    assert {words.code for words in RULES.values()} <= set(CODES)
    assert HEAD["request"] == 1
