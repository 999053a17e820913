"""High-level ethnic groups of the 2011 and 2021 censuses of England and Wales (ONS).

Both censuses have five groups. Their categories, the usual short forms and the NHS ethnic category
codes A to S and Z (NHS Data Dictionary, from the 2001 census; compared with published copies of its
table) are told apart from their text alone. Chinese (code R) belongs to the Asian group since 2011.
"""

from __future__ import annotations

import re

ASIAN = "Asian or Asian British"
BLACK = "Black, Black British, Caribbean or African"
MIXED = "Mixed or multiple ethnic groups"
WHITE = "White"
OTHER = "Other ethnic group"
NOT_STATED = "Not stated or not known"

_GROUPS = {
    ASIAN: (
        "h", "j", "k", "l", "r", "indian", "pakistani", "bangladeshi", "chinese", "other asian",
        "any other asian background", "asian", "asian or asian british",
        "asian asian british or asian welsh",
    ),
    BLACK: (
        "m", "n", "p", "african", "caribbean", "other black", "any other black background",
        "any other black african or caribbean background",
        "any other black african caribbean background",
        "any other black black british or caribbean background", "black", "black or black british",
        "black african caribbean or black british", "black african caribbean black british",
        "black black british black welsh caribbean or african",
        "black black british caribbean or african",
    ),
    MIXED: (
        "d", "e", "f", "g", "white and black caribbean", "white and black african",
        "white and asian", "other mixed", "other mixed or multiple ethnic groups",
        "any other mixed background", "any other mixed or multiple ethnic background",
        "any other mixed multiple ethnic background", "mixed", "mixed or multiple ethnic groups",
        "mixed multiple ethnic groups", "mixed multiple",
    ),
    WHITE: (
        "a", "b", "c", "british", "white british", "irish", "white irish", "roma", "white roma",
        "gypsy or irish traveller", "white gypsy or irish traveller", "other white",
        "any other white background", "white", "english welsh scottish northern irish or british",
        "english welsh scottish northern irish british",
    ),
    OTHER: ("s", "arab", "any other ethnic group", "other ethnic group", "other"),
    NOT_STATED: (
        "z", "x", "99", "not stated", "not known", "unknown", "not given", "prefer not to say",
        "not stated or not known", "refused",
    ),
}  # fmt: skip
_KNOWN = {name: group for group, names in _GROUPS.items() for name in names}
_APART = re.compile(r"[^a-z0-9]+")


def ethnic_group(value: str) -> str | None:
    """The high-level group of a category or code, or None where it is not known.

    Case, punctuation and the group written before its category (`White: Irish`, `White - Irish`)
    do not matter.
    """
    plain = _plain(value)
    if plain in _KNOWN:
        return _KNOWN[plain]
    before, _, after = re.sub(r"\s[-\u2013]\s", ":", value).partition(":")
    group = _KNOWN.get(_plain(after))
    return group if group is not None and group == _KNOWN.get(_plain(before)) else None


def spellings() -> dict[str, tuple[str, ...]]:
    """Each group with its categories and codes, also as written behind a name of the group."""
    found = {}
    for group in (WHITE, ASIAN, BLACK, MIXED, OTHER, NOT_STATED):
        names = _GROUPS[group]
        heads = [] if group == NOT_STATED else [group, group.split(" ")[0].strip(",")]
        found[group] = (*names, *(f"{head} {name}" for head in heads for name in names))
    return found


def _plain(text: str) -> str:
    return _APART.sub(" ", text.casefold()).strip()
