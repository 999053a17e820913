"""Risk in tables of events: what somebody can do who knows a few of a person's events.

An event is what a row says in the quasi-identifiers and the event columns: "woman, born 1961, seen
on 3 March in cardiology". Somebody of power m knows m different events of a person (all of them
where there are fewer) and looks for everybody who has them all; with c such people the chance to
pick the right one is 1/c. Figures are means over people, and for each person over all sets of m of
their events: the adversary power of El Emam and others, "A systematic review of re-identification
attacks on health data" (2011) and Terrovitis, Mamoulis, Kalnis, "Privacy-preserving anonymization
of set-valued data" (2008, k**m-anonymity). Class sizes count rows of one kind; this counts people.

All sets are counted where there are at most `EXACT_SETS`; else one set each of up to 10,000 people
(fewer, where events are so common that looking them up takes too long) is drawn (seeded), and 95 %
intervals are given: Wilson for shares, normal for means.

Gap signatures: the differences in days between a person's successive different dates. Shifting all
dates of a person leaves them as they are. Rare values: those of an event column that fewer than ten
people have. Only numbers are told, never a value.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from commonweal.vault.risk.coding import Ints, Mask, combine

EXACT_SETS = 4_000_000
SAMPLED_PEOPLE = 10_000
_EXPANDED_AT_ONCE = 4_000_000
_LOOKED_UP = 60_000_000
_LEAST_SETS = 200
_Z = 1.959963984540054


@dataclass(frozen=True)
class Power:
    """What somebody can do who knows `events` events of one of `patients` people.

    `unique`, `below_5`, `below_10`: the share of sets of events that fit one person, fewer than
    five, fewer than ten. `mean`: mean of 1/c. `people_unique`: how many people have at least one
    set that fits nobody else; None where sets were drawn. `unique_interval`, `mean_interval`: 95 %.
    """

    events: int
    patients: int
    exact: bool
    unique: float
    below_5: float
    below_10: float
    mean: float
    people_unique: int | None
    unique_interval: tuple[float, float] | None = None
    mean_interval: tuple[float, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The figures with the names of `risk measure`."""
        found: dict[str, Any] = {
            "exact": self.exact,
            "unique": self.unique,
            "below_5": self.below_5,
            "below_10": self.below_10,
            "mean": self.mean,
            "people_unique": self.people_unique,
        }
        if self.unique_interval is not None and self.mean_interval is not None:
            found["unique_interval"] = list(self.unique_interval)
            found["mean_interval"] = list(self.mean_interval)
        return found


@dataclass(frozen=True)
class Postings:
    """Who has which event: each pair once, ordered by person and event, numbers without gaps.

    `starts[p]` is the place of the first pair of person p, with one more at the end.
    """

    person: Ints
    event: Ints
    starts: Ints
    holders: Ints

    @classmethod
    def of(cls, person: Ints, event: Ints) -> Postings:
        """From pairs in any order and any number of times."""
        people, person = np.unique(person, return_inverse=True)
        events, event = np.unique(event, return_inverse=True)
        key = np.unique(person * max(len(events), 1) + event)
        person, event = key // max(len(events), 1), key % max(len(events), 1)
        starts = np.searchsorted(person, np.arange(len(people) + 1))
        return cls(person, event, starts, np.bincount(event, minlength=len(events)))

    @property
    def people(self) -> int:
        """How many people have events."""
        return len(self.starts) - 1

    @property
    def each(self) -> Ints:
        """How many different events each person has."""
        return np.diff(self.starts)


def power_figures(
    postings: Postings, events: int, *, exact_sets: int = EXACT_SETS, seed: int = 0
) -> Power:
    """The figures for somebody who knows `events` events (at least 1) of a person."""
    if not postings.people:
        return Power(events, 0, True, 0.0, 0.0, 0.0, 0.0, 0)
    sets = sum(
        math.comb(int(have), min(events, int(have))) * int(times)
        for have, times in zip(*np.unique(postings.each, return_counts=True), strict=True)
    )
    if sets <= exact_sets:
        return _exact(postings, events)
    return _drawn(postings, events, np.random.default_rng(seed))


# --- all sets of events ---------------------------------------------------------------------


def _exact(postings: Postings, events: int) -> Power:
    found = np.zeros((4, postings.people))
    singled = np.zeros(postings.people, dtype=np.bool_)
    for size in range(1, events + 1):
        # Those who have fewer events than m are known by all that they have.
        asked = postings.each >= events if size == events else postings.each == size
        if not asked.any():
            continue
        key, person = _sets(postings, size)
        _, place, count = np.unique(key, return_inverse=True, return_counts=True)
        fits = count[place]
        mine = asked[person]
        sets = np.bincount(person, minlength=postings.people)
        for row, value in enumerate((fits == 1, fits < 5, fits < 10, 1.0 / fits)):
            each = np.bincount(person, weights=value, minlength=postings.people)
            found[row, asked] = each[asked] / sets[asked]
        singled[person[mine & (fits == 1)]] = True
    unique, below_5, below_10, mean = (float(row.mean()) for row in found)
    return Power(events, postings.people, True, unique, below_5, below_10, mean, int(singled.sum()))


def _sets(postings: Postings, size: int) -> tuple[Ints, Ints]:
    """A number for each set of `size` events of a person, equal for equal sets; and whose it is.

    Grown one event at a time: a set ends at a row, and each later row of that person extends it.
    """
    end = np.arange(len(postings.person), dtype=np.int64)
    key, known = postings.event, len(postings.holders)
    last = postings.starts[postings.person + 1]
    for _ in range(size - 1):
        more = last[end] - end - 1
        at = np.repeat(np.arange(len(end)), more)
        step = np.arange(len(at)) - np.repeat(np.cumsum(more) - more, more) + 1
        end, key = end[at] + step, key[at]
        key, known = combine(key, known, postings.event[end], len(postings.holders))
    return key, postings.person[end]


# --- drawn sets -----------------------------------------------------------------------------


def _drawn(postings: Postings, events: int, random: np.random.Generator) -> Power:
    people = postings.people
    asked = random.permutation(people)[:SAMPLED_PEOPLE]
    sets = draw_events(postings, asked, events, random)
    # Events that many people have take long to look up: then fewer sets, and wider intervals.
    work = max(int(_holders(postings, sets).min(axis=1).sum()), 1)
    affordable = max(_LOOKED_UP * len(sets) // work, _LEAST_SETS)
    fits = fitting(postings, sets[:affordable])
    drawn = len(fits)
    chance = 1.0 / fits
    unique = float((fits == 1).mean())
    spread = _Z * float(chance.std(ddof=1)) / math.sqrt(drawn) if drawn > 1 else 1.0
    mean = float(chance.mean())
    return Power(
        events,
        people,
        False,
        unique,
        float((fits < 5).mean()),
        float((fits < 10).mean()),
        mean,
        None,
        wilson(unique, drawn),
        (max(mean - spread, 0.0), min(mean + spread, 1.0)),
    )


def draw_events(postings: Postings, people: Ints, events: int, random: np.random.Generator) -> Ints:
    """`events` different events of each person, one row each; -1 where there are no more."""
    each = postings.each[people]
    at = np.repeat(np.arange(len(people)), each)
    place = np.arange(len(at)) - np.repeat(np.cumsum(each) - each, each)
    order = np.lexsort((random.random(len(at)), at))
    found = np.full((len(people), events), -1, dtype=np.int64)
    few = place < events
    rows = postings.starts[people][at] + place
    found[at[few], place[few]] = postings.event[rows[order]][few]
    return found


def fitting(postings: Postings, sets: Ints) -> Ints:
    """How many people have all events of each row of `sets`; equal sets are looked up once."""
    sets, place_of = np.unique(np.sort(sets, axis=1), axis=0, return_inverse=True)
    found = np.zeros(len(sets), dtype=np.int64)
    # Whoever has the rarest event of the set is a candidate, and is asked for the others, rarest
    # first: most are out after the second.
    rising = np.argsort(_holders(postings, sets), axis=1, kind="stable")
    sets = np.take_along_axis(sets, rising, axis=1)
    rarest = sets[:, 0]
    if sets.shape[1] == 1:
        return postings.holders[rarest][place_of.ravel()]
    by_event = np.argsort(postings.event, kind="stable")
    first = np.cumsum(postings.holders) - postings.holders
    key = postings.person * len(postings.holders) + postings.event
    for some in _chunks(postings.holders[rarest]):
        many = postings.holders[rarest[some]]
        at = np.repeat(some, many)
        step = np.arange(len(at)) - np.repeat(np.cumsum(many) - many, many)
        person = postings.person[by_event[first[rarest[at]] + step]]
        for event_of in sets[:, 1:].T:
            event = event_of[at]
            wanted = person * len(postings.holders) + event
            place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
            holds: Mask = (event < 0) | (key[place] == wanted)
            at, person = at[holds], person[holds]
        found += np.bincount(at, minlength=len(sets))
    return found[place_of.ravel()]


def _holders(postings: Postings, sets: Ints) -> Ints:
    return np.where(sets >= 0, postings.holders[sets], np.iinfo(np.int64).max)


def _chunks(sizes: Ints) -> Iterator[Ints]:
    """Places whose sizes together stay below what is expanded at once (one at least)."""
    part = np.cumsum(sizes) // _EXPANDED_AT_ONCE
    edges = np.r_[0, np.flatnonzero(np.diff(part)) + 1, len(sizes)]
    for start, end in itertools.pairwise(edges):
        yield np.arange(start, end)


def wilson(share: float, drawn: int) -> tuple[float, float]:
    """The 95 % interval of Wilson (1927) for a share among `drawn`."""
    square = _Z * _Z / drawn
    middle = (share + square / 2) / (1 + square)
    half = _Z / (1 + square) * math.sqrt(share * (1 - share) / drawn + square / (4 * drawn))
    return max(middle - half, 0.0), min(middle + half, 1.0)


# --- gaps between dates and rare values -----------------------------------------------------


def gap_figures(person: Ints, day: Ints) -> dict[str, Any]:
    """How many people have a sequence of gaps that nobody else, or fewer than five, have.

    `person`, `day`: numbers of a row each, in any order. Those with one date have no gap and are
    not counted as unique. Keys: `patients`, `with_gaps`, `unique`, `below_5`, `mean` (of 1/c over
    people with gaps).
    """
    postings = Postings.of(person, day)
    days = np.unique(day)[postings.event]
    each = postings.each
    unique = below = kinds = 0
    for length in np.unique(each[each > 1]).tolist():
        who = np.flatnonzero(each == length)
        dates = days[postings.starts[who][:, None] + np.arange(length)]
        gaps = np.ascontiguousarray(np.diff(dates, axis=1))
        whole = gaps.view(np.dtype((np.void, gaps.itemsize * gaps.shape[1]))).ravel()
        count = np.unique(whole, return_counts=True)[1]
        unique += int((count == 1).sum())
        below += int(count[count < 5].sum())
        kinds += len(count)  # c people with a chance of 1/c each make one
    with_gaps = int((each > 1).sum())
    return {
        "patients": postings.people,
        "with_gaps": with_gaps,
        "unique": unique,
        "below_5": below,
        "mean": kinds / with_gaps if with_gaps else 0.0,
    }


def rare_figures(person: Ints, value: Ints, rare_below: int) -> dict[str, int]:
    """How many values fewer than `rare_below` people have, and how many people have one of them."""
    postings = Postings.of(person, value)
    rare = postings.holders < rare_below
    people = np.unique(postings.person[rare[postings.event]])
    return {"values": int(rare.sum()), "patients": len(people)}
