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


def release_lines(figures: dict[str, Any]) -> list[str]:
    """The figures of a whole release: the worst over all tables, then table by table."""
    from commonweal.vault.risk import chance_in_words

    k, mean = figures["k"], figures["prosecutor"]["mean"]
    found = [
        f"Release {figures['release']} under permit {figures['permit']}, the worst of its tables:",
        f"  smallest group {k:,}; chance of being recognised {chance_in_words(mean)} on average.",
    ]
    if figures["shift_candidates"] is not None:
        found.append(f"  at least {figures['shift_candidates']} moves of dates are left.")
    for name, document in figures["tables"].items():
        known = ", ".join(document["quasi_identifiers"]) or "nothing of its own"
        found += ["", f"Table {name} (others might know: {known})"]
        found += [f"  {line}" for line in lines(document)]
        found += [f"  {line}" for line in _without(document)]
    return found


def _without(document: dict[str, Any]) -> Iterator[str]:
    if document["without"]:
        shares = ", ".join(
            f"without {name} {one['mean']:.4f}" for name, one in document["without"].items()
        )
        yield f"Chance of being recognised if an item were not known: {shares}."


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
        if far:
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
        if suda["dis"] is not None:
            yield (
                f"A unique match with the population is right with a chance of "
                f"{suda['dis']['file']:.4f}; for the most exposed {suda['dis']['max']:.4f}."
            )


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
