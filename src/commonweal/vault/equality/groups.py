"""From recorded values to groups of people. Every value has a group, and so has no value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from commonweal.papers.missing import ANOTHER, NOT_STATED, EqualityVariable, spelling
from commonweal.vault.risk.anonymise import ethnicity
from commonweal.vault.tables import ops

AGES: Sequence[tuple[str, int]] = (
    ("Under 1 year", 0), ("1 to 17", 1), ("18 to 29", 18), ("30 to 44", 30), ("45 to 59", 45),
    ("60 to 74", 60), ("75 and over", 75),
)  # fmt: skip
"""Groups of age, each from its first year of life on."""
_OLDEST = 130
_SIGNED = r"^ *[+-] *[0-9]"
"""Minus one is not one, though a spelling has no signs."""
_UNKNOWN = ("not known", "unknown", "not stated", "not given", "prefer not to say", "refused")
_SEXES: Mapping[str, Sequence[str]] = {
    "Female": ("2", "f", "female", "woman", "girl"),
    "Male": ("1", "m", "male", "man", "boy"),
    "Neither, or not clear": ("9", "i", "indeterminate", "intersex", "other", "not specified"),
    NOT_STATED: ("0", "x", "u", "n", *_UNKNOWN),
}
"""By the codes of the NHS Data Dictionary and their usual letters and words."""
_PLACES: Mapping[str, Sequence[str]] = {
    "1 (the poorest areas)": ("1",),
    **{str(place): (str(place),) for place in range(2, 11)},
    NOT_STATED: _UNKNOWN,
}
"""Tenths, or fifths, from the most deprived on."""


def groups_of(one: EqualityVariable) -> dict[str, frozenset[str]]:
    """The groups of a variable in order, each with the spellings of its values.

    The last two are whoever has another value, and whoever has none.
    """
    found: dict[str, Sequence[str]]
    if one.groups:
        found = {group.title: group.values for group in one.groups}
    elif one.describes == "age":
        return {
            **{title: frozenset() for title, _ in AGES},
            ANOTHER: frozenset(),
            NOT_STATED: frozenset(),
        }
    else:
        found = dict(_usual(one))
    spelt = {title: frozenset(map(spelling, values)) for title, values in found.items()}
    last = {ANOTHER: frozenset[str](), NOT_STATED: spelt.pop(NOT_STATED, frozenset())}
    return {**spelt, **last}


def _usual(one: EqualityVariable) -> Mapping[str, Sequence[str]]:
    if one.describes == "sex":
        return _SEXES
    if one.describes == "deprivation":
        return _PLACES
    return ethnicity.spellings()


def by_age(one: EqualityVariable) -> bool:
    """Whether the groups are ages in years."""
    return one.describes == "age" and not one.groups


def place_of(one: EqualityVariable, value: ops.Value) -> ops.Value:
    """In which of `groups_of` a value belongs, counted from 0. For ages the value is in years."""
    titles = list(groups_of(one))
    other, none = titles.index(ANOTHER), titles.index(NOT_STATED)
    if by_age(one):
        return _place_of_age(value, other, none)
    spelt = ops.key_spelling(value)
    # A text that no engine can spell is no code of ours: it is another answer, not none.
    place = ops.constant(other, "integer")
    for number, values in enumerate(groups_of(one).values()):
        if values:
            place = ops.choose(_among(spelt, values), ops.constant(number, "integer"), place)
    signed = ops.first_of(ops.matches(value, _SIGNED), ops.constant(False, "boolean"))
    place = ops.choose(signed, ops.constant(other, "integer"), place)
    return ops.choose(ops.is_blank(value), ops.constant(none, "integer"), place)


def _among(spelt: ops.Value, values: frozenset[str]) -> ops.Value:
    return ops.first_of(ops.is_in(spelt, sorted(values)), ops.constant(False, "boolean"))


def _place_of_age(years: ops.Value, other: int, none: int) -> ops.Value:
    place = ops.constant(other, "integer")
    for number, (_, first) in enumerate(AGES):
        old_enough = ops.compare(years, "ge", ops.constant(first, "integer"))
        place = ops.choose(old_enough, ops.constant(number, "integer"), place)
    far = ops.compare(years, "gt", ops.constant(_OLDEST, "integer"))
    place = ops.choose(far, ops.constant(other, "integer"), place)
    return ops.choose(ops.is_missing(years), ops.constant(none, "integer"), place)
