"""What `commonweal risk measure` says to people: one line a figure that was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def lines(figures: dict[str, Any]) -> list[str]:
    """The figures of `measure` in plain lines, those that were asked for."""
    return [
        *_classes(figures),
        *_sensitive(figures),
        *_population(figures),
        *_special(figures),
        *_events(figures),
        *figures["notes"],
    ]


def _classes(figures: dict[str, Any]) -> Iterator[str]:
    prosecutor = figures["prosecutor"]
    yield (
        f"{figures['patients']:,} people in {figures['rows']:,} rows and "
        f"{figures['classes']:,} groups of people who look alike."
    )
    yield (
        f"Smallest group: {figures['k']:,}. People who are alone in a group: "
        f"{figures['sample_uniques']:,}."
    )
    yield (
        f"Chance of being recognised by someone who knows that the person is in the data: "
        f"{prosecutor['mean']:.4f} on average, {prosecutor['max']:.4f} at most; "
        f"{100 * prosecutor['at_risk']:.1f} % of people are at risk."
    )
    yield f"Share of people that a match of everyone would name rightly: {figures['marketer']:.4f}."


def _sensitive(figures: dict[str, Any]) -> Iterator[str]:
    for column, variety in figures["l"].items():
        yield (
            f"{column}: at least {variety['distinct']:,} different value(s) in each group "
            f"(entropy {variety['entropy']:.2f})."
        )
        if variety["recursive"]:
            told = ", ".join(
                f"c above {c:.2f} for l {at}" for at, c in variety["recursive"].items()
            )
            yield f"{column}: recursive (c,l)-diverse for {told}."
        far = ", ".join(
            f"{how} {value:.4f}" for how, value in figures["t"][column].items() if value is not None
        )
        yield f"{column}: a group differs from everybody by t of at most {far}."


def _population(figures: dict[str, Any]) -> Iterator[str]:
    known, journalist = figures["population"], figures["journalist"]
    if known is not None:
        yield (
            f"Among {known['people']:,} people of the population the smallest group has "
            f"{known['k_map']:,}; chance of being recognised by someone who does not know who is "
            f"in the data: {journalist['mean']:.4f} on average, {journalist['max']:.4f} at most."
        )
        presence = known["delta_presence"]
        yield (
            f"Of the population's groups, between {100 * presence['min']:.1f} % and "
            f"{100 * presence['max']:.1f} % of people are in the data."
        )
    unique = figures["population_uniques"]
    if unique is not None:
        told = ", ".join(
            f"{name} {unique[name]:,.1f}"
            if unique[name] is not None
            else f"{name} without solution"
            for name in ("pitman", "zayatz", "snb")
        )
        yield (
            f"Estimated people unique among {unique['population']:,}: {told}; the rule chooses "
            f"{unique['chosen']} ({100 * unique['share']:.3f} % of the population)."
        )


def _special(figures: dict[str, Any]) -> Iterator[str]:
    individual, suda = figures["individual"], figures["suda"]
    if individual is not None:
        yield (
            f"Individual risk from weights: {individual['mean']:.4f} on average, "
            f"{individual['max']:.4f} at most; {individual['expected']:.2f} people would be "
            "recognised."
        )
    if suda is not None:
        sizes = ", ".join(f"{count:,} of {size}" for size, count in suda["by_size"].items())
        yield (
            f"{suda['people']:,} people are singled out by few details (sets of columns: "
            f"{sizes or 'none'}); highest score {suda['score']['max']:,.0f}."
        )
        shares = ", ".join(f"{name} {100 * s:.1f} %" for name, s in suda["contribution"].items())
        yield f"What each column adds to that: {shares}."


def _events(figures: dict[str, Any]) -> Iterator[str]:
    for known, power in (figures["power_m"] or {}).items():
        how = "counted" if power["exact"] else "estimated from a sample"
        yield (
            f"Someone who knows {known} event(s) of a person finds that person alone "
            f"{100 * power['unique']:.1f} % of the time and is right with a chance of "
            f"{power['mean']:.4f} ({how})."
        )
    for column, rare in (figures["rare"] or {}).items():
        yield (
            f"{column}: {rare['values']:,} value(s) are held by fewer than ten people, "
            f"{rare['patients']:,} people in all."
        )
    gaps = figures["gaps"]
    if gaps is not None:
        yield (
            f"{gaps['unique']:,} of {gaps['with_gaps']:,} people with several dates have gaps "
            "between them that nobody else has; moving dates does not hide that."
        )
