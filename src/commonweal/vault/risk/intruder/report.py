"""What `risk attack` tells: totals in bands, with their intervals, as JSON values and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commonweal.vault.risk.intruder.guessing import Guesses
from commonweal.vault.risk.intruder.intervals import excess
from commonweal.vault.risk.intruder.testing import Looked

VERSION = 1


@dataclass(frozen=True)
class AttackFigures:
    """One run. `own_taken_out`: the control group are the targets, their own record taken out.

    `alone`: singling out, by one fact and by several; None where it could not be tried.
    `joined`: linkability, and the facts of the first source. `guessed`: inference of `secret`.
    """

    authorisation: str
    run: int
    release: str | None
    details: tuple[str, ...]
    own_taken_out: bool
    linked: tuple[Looked, ...]
    alone: Mapping[str, Guesses | None]
    joined: tuple[Guesses, tuple[str, ...]] | None
    guessed: Guesses | None
    secret: str | None

    @property
    def worst(self) -> Looked:
        """The way of linking with the highest upper bound."""
        return max(self.linked, key=lambda one: one.targets.found.high)

    def plain(self) -> dict[str, Any]:
        """The document of `risk attack --json`."""
        alone = {kind: None if one is None else one.plain() for kind, one in self.alone.items()}
        joined = None
        if self.joined is not None:
            joined = {**self.joined[0].plain(), "first_source": list(self.joined[1])}
        guessed = None
        if self.guessed is not None:
            guessed = {**self.guessed.plain(), "secret": self.secret}
        return {
            "version": VERSION,
            "authorisation": self.authorisation,
            "run": self.run,
            "release": self.release,
            "details": list(self.details),
            "control_group": "own_record_taken_out" if self.own_taken_out else "not_in_the_release",
            "linkage": {one.method: one.plain() for one in self.linked},
            "upper": self.worst.targets.found.plain()["high"],
            "singling_out": alone or None,
            "linkability": joined,
            "inference": guessed,
        }

    def sentences(self) -> list[str]:
        """The totals in words."""
        lines = [f"Run {self.run} under authorisation {self.authorisation}.", "Linking:"]
        lines += [f"  {_linked(one)}" for one in self.linked]
        share = self.worst.targets.found.high
        lines.append(f"With 95 % confidence at most {share:.2%} of people would be found.")
        if not self.alone:
            lines.append("Singling out was not tried: it needs people who are not in the data.")
        for kind, one in self.alone.items():
            told = "not tried" if one is None else _guessed(one)
            lines.append(f"Singling out ({kind}): {told}.")
        told = (
            "not tried: it needs two details" if self.joined is None else _guessed(self.joined[0])
        )
        lines.append(f"Joining two sources: {told}.")
        if self.secret is not None:
            told = "not tried" if self.guessed is None else _guessed(self.guessed)
            lines.append(f"Guessing {self.secret}: {told}.")
        lines.append("Counts are told in bands of five. Totals only: no match is kept anywhere.")
        return lines


def _linked(one: Looked) -> str:
    told = one.targets.plain()
    ways = {"exact": "by exact match", "nearest": "by the closest record"}
    return (
        f"{ways[one.method]}: of {told['tries']:,} tries {_band(told['right'])} found the right "
        f"record and {_band(told['wrong'])} a wrong one."
    )


def _guessed(one: Guesses) -> str:
    more = excess(one.attack, one.control)
    return (
        f"right {one.attack.value:.2%} of the time, {one.control.value:.2%} of the time about "
        f"people who are not in the data; excess {more.value:.2%} (95 % interval {more.low:.2%} "
        f"to {more.high:.2%})"
    )


def _band(counts: list[int]) -> str:
    least, most = counts
    return f"{least:,} to {most:,}"
