"""What counts of a journal, column by column, is what a plain loop over its papers says."""

from __future__ import annotations

import json
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from commonweal.papers.choice import KINDS, OF_ONE_PROJECT
from commonweal.vault.choices.recorded import Journal

FIRST = date(2026, 3, 1)


def day(dice: Random) -> date:
    return FIRST + timedelta(days=dice.randrange(8))


def made(dice: Random, count: int) -> list[dict[str, Any]]:
    papers: list[dict[str, Any]] = []
    free = []
    for number in range(1, count + 1):
        begins = day(dice)
        paper: dict[str, Any] = {"choice": 1, "id": f"{number:016d}", "set_by": "self"}
        paper |= {"effective_from": begins.isoformat(), "channel": "page"}
        if free and dice.random() < 0.4:
            back = free.pop(dice.randrange(len(free)))
            papers.append(paper | {"takes_back": back, "whose": papers[back - 1]["whose"]})
            continue
        whose = {"kind": "nhs_number", "identifier": str(dice.randrange(5))}
        if dice.random() < 0.4:
            whose = {"kind": "record_key", "identifier": "k", "dataset": dice.choice("ab")}
        kind = dice.choice(KINDS)
        paper |= {"whose": whose, "kind": kind}
        if kind in OF_ONE_PROJECT:
            paper["project"] = dice.choice(["x", "y"])
        if dice.random() < 0.5:
            paper["effective_to"] = (begins + timedelta(days=dice.randrange(4))).isoformat()
        free.append(number)
        papers.append(paper)
    return papers


def plainly(papers: list[dict[str, Any]], dataset: str) -> list[dict[str, Any]]:
    ends = {one["takes_back"]: one["effective_from"] for one in papers if "takes_back" in one}
    rows = []
    for number, one in enumerate(papers, start=1):
        if "takes_back" in one or one["whose"].get("dataset") not in (None, dataset):
            continue
        begins = date.fromisoformat(one["effective_from"])
        last = []
        if "effective_to" in one:
            last.append(date.fromisoformat(one["effective_to"]))
        if number in ends:
            last.append(date.fromisoformat(ends[number]) - timedelta(days=1))
        end = min(last) if last else None
        if end is None or end >= begins:
            rows.append({"identifier": one["whose"]["identifier"], "kind": one["kind"],
                         "project": one.get("project"), "effective_from": begins,
                         "effective_to": end})  # fmt: skip
    return rows


def counting(papers: list[dict[str, Any]], on: date) -> list[Any]:
    found = []
    for dataset in "ab":
        for row in plainly(papers, dataset):
            end = row["effective_to"]
            if row["effective_from"] <= on and (end is None or on <= end):
                found.append((dataset, row["identifier"], row["kind"], row["project"]))
    return sorted(found, key=str)


def journal(papers: list[dict[str, Any]]) -> Journal:
    lines = [json.dumps(one, separators=(",", ":"), sort_keys=True).encode() for one in papers]
    return Journal(range(len(lines)), [b"h" * 32] * len(lines), lines)


@pytest.mark.parametrize("seed", range(40))
def test_what_counts(seed: int) -> None:
    dice = Random(seed)
    papers = made(dice, dice.randrange(0, 14))
    found = journal(papers)
    for dataset in ("a", "b", "c"):
        assert found.rows(dataset).to_pylist() == plainly(papers, dataset)
    # A release is old at least whenever somebody counts otherwise than on the day it was made.
    start, later = sorted((day(dice), day(dice)))
    if counting(papers, start) != counting(papers, later):
        assert found.moved_since(len(papers), start, later)
    if papers:
        assert found.moved_since(len(papers) - 1, later, later)
    assert not found.moved_since(len(papers), later, later)


def test_text_is_text_also_where_it_looks_like_a_time_or_a_line() -> None:
    paper = {"choice": 1, "id": "a" * 16, "kind": "no_companies", "set_by": "staff",
             "whose": {"kind": "record_key", "identifier": "2026-03-01T00:00:00Z", "dataset": "a"},
             "evidence": 'a "note"\u2028{}', "effective_from": "2026-03-01"}  # fmt: skip
    text = json.dumps(paper, ensure_ascii=False).encode()
    found = Journal([1, 2], [b"h", b"i"], [text, text])
    assert found.rows("a")["identifier"].to_pylist() == ["2026-03-01T00:00:00Z"] * 2
    assert found.columns["evidence"][1].as_py() == paper["evidence"]


def test_an_unknown_field_is_no_choice() -> None:
    with pytest.raises(ValueError, match="unexpected"):
        Journal([1], [b"h"], [b'{"diagnosis":"asthma"}'])
