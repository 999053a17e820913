"""Findings as data, and their two readings (S6).

A finding can be the secret itself. The reviewer reads all of it. The author reads which cell, and a
family of rules instead of the rule, so that "nobody", "one person" and "everybody gave the same
answer" read alike; never a number that was found, and never a verdict that would tell members of a
family apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from commonweal.airlock.profile import RuleProfile, Stop
from commonweal.airlock.rules.model_words import MODEL_ADVICE, MODEL_WORDS

Verdict = Literal["pass", "review", "fail"]
Family = Literal["cell", "concentration", "point", "form", "person", "file", "model"]
Statbarn = Literal[
    "Frequencies",
    "LinearAggregations",
    "Shape",
    "Position",
    "Endpoints",
    "CalculatedRatios",
    "Unknown",
]
"""Names of the statbarn taxonomy that a rule here is about (`w3id.org/statbarnsdc#`)."""
STATBARN = "https://w3id.org/statbarnsdc#"


@dataclass(frozen=True)
class RuleWords:
    """One rule: its code, its family, and what it says to a reviewer about `{value}`."""

    code: str
    family: Family
    sentence: str


_CLASS = "All {value} people of this line or cell have one and the same answer."
_PART = "{value} people are in one part of the ratio only; the least is {limit}."
_SHARE = "The largest contributors make up {value:.4f} of the figure; the limit is {limit}."
_OTHERS = "All others contribute {value:.4f} of what the largest does; the least is {limit}."
_NEGATIVE = "Somebody's values are below nothing, so the rules of dominance are not defined."

RULES: dict[str, RuleWords] = {
    "threshold": RuleWords(
        "CW-OUTPUT-THRESHOLD", "cell", "{value} people are behind this; the least is {limit}."
    ),
    "zero": RuleWords("CW-OUTPUT-ZERO", "cell", "Nobody is behind this figure."),
    "class": RuleWords("CW-OUTPUT-CLASS", "cell", _CLASS),
    "part": RuleWords("CW-OUTPUT-PART", "cell", _PART),
    "dof": RuleWords(
        "CW-OUTPUT-DOF", "cell", "{value} degrees of freedom, by people; the least is {limit}."
    ),
    "nk": RuleWords("CW-OUTPUT-DOMINANCE", "concentration", _SHARE),
    "p-percent": RuleWords("CW-OUTPUT-P-PERCENT", "concentration", _OTHERS),
    "negative": RuleWords("CW-OUTPUT-NEGATIVE", "concentration", _NEGATIVE),
    "position": RuleWords(
        "CW-OUTPUT-POSITION", "point", "{value} people are on one side; the least is {limit}."
    ),
    "endpoint": RuleWords(
        "CW-OUTPUT-ENDPOINT", "point", "{value} people have this very value; the least is {limit}."
    ),
    "exact": RuleWords("CW-OUTPUT-EXACT", "form", "Counts are not rounded as the profile asks."),
    "unknown": RuleWords(
        "CW-OUTPUT-UNKNOWN", "person", "No rule knows this figure, or its evidence is not there."
    ),
    "unchecked": RuleWords(
        "CW-OUTPUT-UNCHECKED", "person", "The profile was not compared with its original yet."
    ),
    "declared": RuleWords(
        "CW-OUTPUT-DECLARED", "person", "This was made elsewhere; nothing in it was counted again."
    ),
    "unreadable": RuleWords("CW-OUTPUT-FILE", "file", "The file cannot be read as what it is."),
    "kind": RuleWords("CW-OUTPUT-KIND", "file", "Files of this kind do not leave."),
    "rows": RuleWords("CW-OUTPUT-ROWS", "file", "{value} rows; the most is {limit}."),
    "identifier": RuleWords(
        "CW-OUTPUT-IDENTIFIER", "file", "There are valid NHS numbers in this column."
    ),
}
RULES |= {name: RuleWords(code, "model", words) for name, (code, words) in MODEL_WORDS.items()}

_CELL = (
    "This figure is about too few people, or about people who are too much alike. Use coarser "
    "groups, leave it out, or ask for rounded counts."
)
_CONCENTRATED = (
    "Too much of this figure comes from too few people. Use coarser groups, or cap large values."
)
_POINT = "This figure is the value of too few people. Use a quantile nearer the middle."
_FAMILIES: dict[Family, tuple[str, str]] = {
    "cell": ("CW-OUTPUT-CELL", _CELL),
    "concentration": ("CW-OUTPUT-CONCENTRATED", _CONCENTRATED),
    "point": ("CW-OUTPUT-POINT", _POINT),
    "form": ("CW-OUTPUT-EXACT", "Counts must be rounded as the profile asks."),
    "person": ("CW-OUTPUT-PERSON", "A person has to look at this."),
    "file": ("CW-OUTPUT-FILE", "This file cannot leave as it is."),
    "model": ("CW-MODEL-LEAVING", MODEL_ADVICE),
}


@dataclass(frozen=True)
class Finding:
    """One rule that one figure does not keep. `value` is what was found; `where` names the cell.

    `said`: why a file could not be looked at; a sentence of ours, which never repeats the file.
    """

    rule: str
    statbarn: Statbarn
    outcome: Stop
    where: dict[str, str]
    value: float | None = None
    threshold: float | None = None
    said: str | None = None

    @property
    def words(self) -> RuleWords:
        """The rule."""
        return RULES[self.rule]


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The worst outcome; `pass` where nothing was found."""
    outcomes = {one.outcome for one in findings}
    return "fail" if "fail" in outcomes else "review" if "review" in outcomes else "pass"


def for_reviewer(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """All there is to say, as JSON values."""
    return [
        {
            "code": one.words.code,
            "statbarn": one.statbarn,
            "rule": one.rule,
            "where": one.where,
            "value": None if one.value is None else _number(one.value),
            "threshold": one.threshold,
            "outcome": one.outcome,
            "sentence": _sentence(one),
        }
        for one in findings
    ]


def for_author(findings: Sequence[Finding], profile: RuleProfile) -> list[dict[str, Any]]:
    """What the author reads once a person has looked: family, own cell and advice.

    One line for a family and a cell, whatever its rules; without their outcome.
    `threshold` is the profile's, which anybody may read. A cell with too few people says that
    alone: what else is wrong with it would tell one person from nine.
    """
    cells = {_place(one) for one in findings if one.words.family == "cell"}
    shown: dict[tuple[str, ...], dict[str, Any]] = {}
    for one in findings:
        family, place = one.words.family, _place(one)
        if family in ("concentration", "point", "person") and place in cells:
            continue
        code, sentence = _FAMILIES[family]
        if family == "model":
            place = tuple(_told_author(one).values())
        shown[(family, *place)] = {
            "code": code,
            "statbarn": one.statbarn,
            "rule": family,
            "where": _told_author(one),
            "value": None,
            "threshold": profile.threshold if family in ("cell", "point") else None,
            "sentence": one.said or sentence,
        }
    return [shown[key] for key in sorted(shown)]


def _told_author(one: Finding) -> dict[str, str]:
    # Which array, attack or part of a model it is would name the rule.
    if one.words.family != "model":
        return one.where
    return {name: said for name, said in one.where.items() if name == "model"}


def _place(one: Finding) -> tuple[str, ...]:
    return (one.statbarn, *(f"{name}={said}" for name, said in one.where.items()))


def verdict_for_author(findings: Sequence[Finding]) -> Verdict:
    """The verdict as the author reads it: the worst that the families found could come to.

    Under a profile that fails an empty cell less hard than a small one, the true verdict would tell
    which of the two it is.
    """
    families = {one.words.family for one in findings}
    if families & {"cell", "concentration", "point"}:
        return "fail"
    return verdict_of(findings)


def _sentence(one: Finding) -> str:
    if one.said is not None:
        return one.said
    value = one.value
    if value is not None and float(value).is_integer() and "{value}" in one.words.sentence:
        value = int(value)
    return one.words.sentence.format(value=value, limit=one.threshold)


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else round(value, 6)
