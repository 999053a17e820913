"""Chances and counts in words, for people who never worked with risk figures."""

from __future__ import annotations

_ROUND_TO = ((20, 1), (100, 5), (1_000, 10), (10_000, 100))


def share_in_words(share: float) -> str:
    """A share from 0 to 1 in words: `about 1 in 400`.

    One in a number fit to its size; above a half in hundredths. Raises ValueError outside 0 to 1.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError("a share lies from 0 to 1")
    if share == 0.0:
        return "none"
    if share == 1.0:
        return "all"
    if share > 0.995:
        return "nearly all"
    if share > 0.4:
        return f"about {round(share * 100)} in 100"
    one_in = 1 / share
    if one_in > 1_000_000:
        return "fewer than 1 in 1,000,000"
    step = next((step for below, step in _ROUND_TO if one_in < below), 1_000)
    return f"about 1 in {max(round(one_in / step) * step, 2):,}"


def share_of_people(share: float) -> str:
    """A share of people from 0 to 1 in words: `nobody`, `about 1 person in 400`, `everybody`.

    Raises ValueError outside 0 to 1.
    """
    told = share_in_words(share)
    whole = {"none": "nobody", "all": "everybody", "nearly all": "nearly everybody"}
    if told in whole:
        return whole[told]
    before, of = told.rsplit(" in ", 1)
    one = before.endswith(" 1")
    return f"{before} {'person' if one else 'people'} in {of}"


def chance_in_words(chance: float) -> str:
    """A chance from 0 to 1 in words: `about 1 in 400`, `no chance`, `certain`."""
    told = share_in_words(chance)
    return {"none": "no chance", "all": "certain", "nearly all": "nearly certain"}.get(told, told)


def people_in_words(count: int) -> str:
    """A number of people: `nobody`, `1 person`, `1,234 people`."""
    if count == 0:
        return "nobody"
    return "1 person" if count == 1 else f"{count:,} people"
