"""`risk.json` and the page: complete, accessible, escaped, and without a patient's value."""

from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from commonweal.foundation.canonical import canonical
from commonweal.papers.permit import RiskLimits
from commonweal.papers.release.manifest import RiskFigures
from commonweal.vault.risk import Figures, overall, risk_json
from commonweal.vault.risk.page_layout import STYLE
from tests.unit.risk import report_pages
from tests.unit.risk.report_pages import SHIFT, figures

BEFORE = {"patients": figures(1, 1, 8), "stays": figures(1, 9, variety=2)}
AFTER = {"patients": figures(5, 5), "stays": figures(10, variety=3)}


def page(**changes: Any) -> str:
    return report_pages.page(**{"before": BEFORE, "after": AFTER, **changes})


class Seen(HTMLParser):
    """Reads a page strictly: every tag closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


# --- risk.json --------------------------------------------------------------------------------


def test_risk_json_is_plain_and_complete() -> None:
    found = risk_json(
        BEFORE, AFTER, RiskLimits(k=5), shift=SHIFT, quasi={"patients": ["born"], "stays": ["ward"]}
    )
    assert json.loads(canonical(found)) == found
    assert found["passed"] is True
    assert found["breaches"] == []
    assert found["before"]["k"] == 1
    assert (found["after"]["k"], found["after"]["shift_candidates"]) == (5, 9)
    assert found["after"]["l"] == {"stays.diagnosis": {"distinct": 3, "entropy": 3.0}}
    assert found["after"]["quasi_identifiers"] == ["patients.born", "stays.ward"]
    assert found["tables"]["stays"]["quasi_identifiers"] == ["ward"]
    assert found["shift_candidates"]["patients_by_candidates"]["5 to 9"] == 2


def test_risk_json_names_each_breach() -> None:
    found = risk_json(BEFORE, BEFORE, RiskLimits(k=5, shift_candidates=10), shift=SHIFT)
    assert found["passed"] is False
    assert [one["measure"] for one in found["breaches"]] == ["k", "k", "shift_candidates"]
    assert risk_json(BEFORE, BEFORE, RiskLimits())["shift_candidates"] is None


def test_the_overall_figures_are_the_worst_and_fit_the_manifest() -> None:
    found = overall(AFTER, SHIFT, ["patients.born"])
    paper = RiskFigures.read(found, "The risk figures")
    assert (paper.k, paper.patients, paper.marketer) == (5, 10, 0.2)
    assert paper.shift_candidates == 9
    empty = Figures.from_sizes(
        rows=0, classes_by_size={}, people_by_size={}, distinct_l={}, entropy_l={}
    )
    # A table that holds nobody is no reason to call the release risky, nor to hide the rest.
    assert overall({"none": empty, **AFTER}, None, [])["k"] == 5
    assert RiskFigures.read(overall({"none": empty}, None, []), "x").patients == 0


# --- the page ---------------------------------------------------------------------------------


def test_the_page_can_be_read_by_everyone() -> None:
    seen = Seen(page())
    assert seen.all("html") == [{"lang": "en-GB"}]
    assert len(seen.all("h1")) == len(seen.all("main")) == 1
    # One of the page, and one for each chart.
    assert len(seen.all("title")) == 1 + len([s for s in seen.all("svg") if s.get("role")])
    levels = [int(tag[1]) for tag, _ in seen.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert len(seen.all("table")) == len(seen.all("caption")) >= 7
    assert all(cell.get("scope") in ("col", "row") for cell in seen.all("th"))
    # What scrolls can be reached from the keyboard, and has a name.
    regions = [one for one in seen.all("div") if one.get("role") == "region"]
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in regions)


def test_the_page_fetches_and_runs_nothing() -> None:
    text = page()
    assert not re.search(
        r"https?:|//[a-z]|url\(|@import|<script|<link|<img|<iframe| on[a-z]+=", text
    )
    assert " src=" not in text


def test_colours_have_enough_contrast() -> None:
    def luminance(colour: str) -> float:
        parts = "".join(c * 2 for c in colour) if len(colour) == 3 else colour
        values = [int(parts[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    def contrast(one: str, other: str) -> float:
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    used = set(re.findall(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", STYLE))
    text, backgrounds = "212b32", {"fff", "f0f4f5"}
    assert {text, *backgrounds} <= used
    assert all(contrast(text, ground) >= 7 for ground in backgrounds)
    # Lines and borders that carry meaning need 3 to 1.
    assert all(contrast(one, "fff") >= 3 for one in used - backgrounds)


def test_the_page_says_what_a_committee_asks() -> None:
    words = " ".join("".join(Seen(page()).words).split())
    assert "For staff of the hospital only" in words
    assert "Every figure is within the limits of the permit." in words
    assert "Asthma admissions in winter" in words
    assert "The data are about 1,620 people." in words
    assert "as an age group of 5 years, 90 and over as one" in words
    assert "nobody would stand out as the only one of their kind" in words
    assert "for the person with the fewest, 9 are left" in words.lower()
    for jargon in ("k-anonym", "cohort", "equivalence", "prosecutor", "custodian", "anonymous"):
        assert jargon not in words.lower()


def test_reasons_of_removal_are_one_figure() -> None:
    words = [word.strip() for word in Seen(page()).words]
    place = words.index("By their own choice, or because their choice could not be looked up")
    assert words[place + 1] == "102 people"
    assert not {"87", "87 people", "11 people"} & set(words)


def test_a_page_over_the_limits_says_why() -> None:
    words = " ".join("".join(Seen(page(after=BEFORE)).words).split())
    assert "2 figures are over the limits of the permit, so nothing may be released." in words
    assert "about 1 person in 5 would stand out" in words
    assert "permit asks for at least 5" in words


def test_a_page_without_moved_dates_or_figures_before() -> None:
    text = page(shift=None, before={})
    assert "Moved dates" not in text
    assert "not measured" in text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x>', "a & b"])
def test_every_name_is_escaped(hostile: str) -> None:
    tables = {
        hostile: {
            "rows": 3,
            "columns": [{"name": hostile, "type": "text", "form": "exact", "role": "other"}],
        }
    }
    text = page(
        release=hostile, tables=tables, before={hostile: figures(2)}, after={hostile: figures(1)}
    )
    seen = Seen(text)
    assert not seen.all("script")
    assert not seen.all("img")
    assert hostile in "".join(seen.words)
