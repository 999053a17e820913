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
from commonweal.airlock.rules.words_files import FILE_RULES

Verdict = Literal["pass", "review", "fail"]
Family = Literal[
    "cell", "concentration", "point", "model", "form", "person", "file", "part", "asked",
    "withheld", "trained",
]  # fmt: skip
Statbarn = Literal[
    "Frequencies",
    "LinearAggregations",
    "Shape",
    "Position",
    "Endpoints",
    "CalculatedRatios",
    "CorrelationCoefficients",
    "HazardSurvivalTables",
    "StatisticalHypothesisTests",
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
_MISSING = "{value} people of the cell have no value in this column; the least is {limit}."
_AGAIN = "{value} more rows than people: at most so many came again; the least is {limit}."
_PART = "{value} people are in one part of the ratio only; the least is {limit}."
_SHARE = "The largest contributors make up {value:.4f} of the figure; the limit is {limit}."
_OTHERS = "All others contribute {value:.4f} of what the largest does; the least is {limit}."
_NEGATIVE = "Somebody's values are below nothing, so the rules of dominance are not defined."

_LEVERAGE = "One person makes up {value:.4f} of their own fitted value; the limit is {limit}."
_PATTERN = "{value} people make up half or more of their own fitted value; the least is {limit}."
_SEPARATED = "A combination of terms tells somebody's outcome, so nothing can be estimated."

RULES: dict[str, RuleWords] = {
    "threshold": RuleWords(
        "CW-OUTPUT-THRESHOLD", "cell", "{value} people are behind this; the least is {limit}."
    ),
    "zero": RuleWords("CW-OUTPUT-ZERO", "cell", "Nobody is behind this figure."),
    "empty": RuleWords(
        "CW-OUTPUT-ZERO", "cell", "The table has no figures: nobody is there to be counted."
    ),
    "class": RuleWords("CW-OUTPUT-CLASS", "cell", _CLASS),
    "missing": RuleWords("CW-OUTPUT-MISSING", "cell", _MISSING),
    "again": RuleWords("CW-OUTPUT-AGAIN", "cell", _AGAIN),
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
    "unfit": RuleWords(
        "CW-OUTPUT-UNFIT", "model", "The rows are such that this cannot be made of them."
    ),
    "held": RuleWords(
        "CW-OUTPUT-HELD",
        "model",
        "{value} people have another value here than all others; the least is {limit}.",
    ),
    "twins": RuleWords(
        "CW-OUTPUT-TWINS",
        "model",
        "{value} people tell these two columns apart; the least is {limit}.",
    ),
    "isolated": RuleWords(
        "CW-OUTPUT-ISOLATED",
        "model",
        "Some combination of terms is about {value} people alone; the least is {limit}.",
    ),
    "leverage": RuleWords("CW-OUTPUT-LEVERAGE", "model", _LEVERAGE),
    "pattern": RuleWords("CW-OUTPUT-PATTERN", "model", _PATTERN),
    "separated": RuleWords("CW-OUTPUT-SEPARATED", "model", _SEPARATED),
    "singular": RuleWords(
        "CW-OUTPUT-SINGULAR", "model", "Terms say the same, so nothing can be estimated."
    ),
    "unsettled": RuleWords(
        "CW-OUTPUT-UNSETTLED", "model", "The estimates did not settle, so there are none."
    ),
    "events": RuleWords(
        "CW-OUTPUT-EVENTS", "model", "{value} people have this outcome; the least is {limit}."
    ),
    "perfect": RuleWords(
        "CW-OUTPUT-PERFECT", "model", "One value follows from the other for all {value} people."
    ),
    "steps": RuleWords(
        "CW-OUTPUT-STEPS", "cell", "No step of the curve has {limit} people with an event."
    ),
    "group": RuleWords(
        "CW-STANDING-GROUP", "person", "This group is not one of those that people approved."
    ),
    "beside": RuleWords(
        "CW-NOISE-BESIDE",
        "person",
        "An exact figure has left about people who differ from these by {value}.",
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
    "tabulated": RuleWords(
        "CW-OUTPUT-TABULATED",
        "person",
        "The study's own code made a column that this hangs on. People were counted outside the "
        "study; what the column says of each of them was not. Read the code that made it.",
    ),
    "unreadable": RuleWords("CW-OUTPUT-FILE", "file", "The file cannot be read as what it is."),
    "kind": RuleWords("CW-OUTPUT-KIND", "file", "Files of this kind do not leave."),
    "rows": RuleWords("CW-OUTPUT-ROWS", "file", "{value} rows; the most is {limit}."),
    "identifier": RuleWords(
        "CW-OUTPUT-IDENTIFIER", "file", "There are valid NHS numbers in this column."
    ),
}
RULES |= {rule: RuleWords(*said) for rule, said in FILE_RULES.items()}
RULES |= {name: RuleWords(code, "trained", words) for name, (code, words) in MODEL_WORDS.items()}

_CELL = (
    "This figure is about too few people, or about people who are too much alike. Use coarser "
    "groups, leave it out, or ask for rounded counts."
)
_CONCENTRATED = (
    "Too much of this figure comes from too few people. Use coarser groups, or cap large values."
)
_POINT = "This figure is the value of too few people. Use a quantile nearer the middle."
_MODEL = (
    "Somewhere this rests on too few people, or on people who are too much alike. Use fewer terms, "
    "coarser categories or wider steps, or ask for it over more people."
)
_FAMILIES: dict[Family, tuple[str, str]] = {
    "cell": ("CW-OUTPUT-CELL", _CELL),
    "concentration": ("CW-OUTPUT-CONCENTRATED", _CONCENTRATED),
    "point": ("CW-OUTPUT-POINT", _POINT),
    "model": ("CW-OUTPUT-MODEL", _MODEL),
    "form": ("CW-OUTPUT-EXACT", "Counts must be rounded as the profile asks."),
    "person": ("CW-OUTPUT-PERSON", "A person has to look at this."),
    "file": ("CW-OUTPUT-FILE", "This file cannot leave as it is."),
    "part": ("CW-OUTPUT-DROPPED", "Part of this file does not leave with it."),
    "asked": ("CW-OUTPUT-UNDERLYING", "Hand in the table behind this picture as well."),
    # Read as the line that stands over every file made elsewhere.
    "withheld": ("CW-OUTPUT-PERSON", "A person has to look at this."),
    "trained": ("CW-MODEL-LEAVING", MODEL_ADVICE),
}


@dataclass(frozen=True)
class Finding:
    """One rule that one figure does not keep. `value` is what was found; `where` names the cell.

    `said`: why a file could not be looked at; a sentence of ours, which never repeats the file.
    `whole`: the author is told the file only, in one line with all others of its kind, because the
    place tells the secret: a model's weight lies on one person where a category has one, but not
    where it has nine.
    """

    rule: str
    statbarn: Statbarn
    outcome: Stop
    where: dict[str, str]
    value: float | None = None
    threshold: float | None = None
    said: str | None = None
    whole: bool = False

    @property
    def words(self) -> RuleWords:
        """The rule."""
        return RULES[self.rule]

    @property
    def family(self) -> Family:
        """The family of rules that the author reads instead of the rule."""
        return "model" if self.whole else self.words.family

    @property
    def told(self) -> dict[str, str]:
        """The place as the author reads it."""
        # Which array, attack or part of a trained model it is would name the rule.
        whole = self.whole or self.family == "trained"
        return {"table": self.where["table"]} if whole else self.where


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
    findings = [_as_told(one) for one in findings]
    cells = {_place(one) for one in findings if one.family == "cell"}
    shown: dict[tuple[str, ...], dict[str, Any]] = {}
    for one in findings:
        family, place = one.family, _place(one)
        if family in ("concentration", "point", "person") and place in cells:
            continue
        code, sentence = _FAMILIES[family]
        shown[(family, *place)] = {
            "code": code,
            "statbarn": one.statbarn,
            "rule": family,
            "where": one.told,
            "value": None,
            "threshold": profile.threshold if family in ("cell", "point", "model") else None,
            "sentence": one.said or sentence,
        }
    return [shown[key] for key in sorted(shown)]


def _place(one: Finding) -> tuple[str, ...]:
    return (one.statbarn, *(f"{name}={said}" for name, said in one.told.items()))


def verdict_for_author(findings: Sequence[Finding]) -> Verdict:
    """The verdict as the author reads it: the worst that the families found could come to.

    Under a profile that fails an empty cell less hard than a small one, the true verdict would tell
    which of the two it is.
    """
    families = {one.family for one in findings}
    if families & {"cell", "concentration", "point", "model"}:
        return "fail"
    return verdict_of(_as_told(one) for one in findings)


def _as_told(one: Finding) -> Finding:
    """What comes of a comparison with the data reads like the line over every declared file."""
    if one.family != "withheld":
        return one
    return Finding("declared", "Unknown", "review", {"table": one.where["table"]})


def _sentence(one: Finding) -> str:
    if one.said is not None:
        return one.said
    value = one.value
    if value is not None and float(value).is_integer() and "{value}" in one.words.sentence:
        value = int(value)
    return one.words.sentence.format(value=value, limit=one.threshold)


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else round(value, 6)
