"""The page of one person: each release that the public knows, and what they chose (S7, S8).

Releases of projects that are not on the public log yet are left out for everybody. Whose page it is
decides nothing of which releases are listed, in what order, and how long the answer is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import parse_stamp, stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.identifiers import NHSNumber
from commonweal.foundation.london import london_day
from commonweal.ledger.entry import Event
from commonweal.papers.choice import OF_ONE_PROJECT, Choice
from commonweal.papers.own_record import MOST_CHOICES, OwnRecord, answer_size, in_force
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.choices.journal import ChoiceInForce, choices_of
from commonweal.vault.choices.naming import folded_name
from commonweal.vault.custody import Custody, find_permit, lineage_of, load_permit
from commonweal.vault.custody.register import public_events
from commonweal.vault.release.closing import MANAGER
from commonweal.vault.release.own import Lookup, look_in_whole_list, tell_release, unknown
from commonweal.vault.release.store import Completed, completed, read_manifest


@dataclass(frozen=True)
class Page:
    """The answer, and how many releases its length follows."""

    record: OwnRecord
    releases: int


def page_of(custody: Custody, number: NHSNumber, look: Lookup = look_in_whole_list) -> Page:
    """The page of the person with `number`.

    That each release was asked about is written on the sealed log before anything is looked for.
    Raises `Fault` CW-MYDATA-SIZE for more releases than an answer holds; `Unavailable` where the
    journal of choices, the keys or the ledger cannot be used, whoever asks.
    """
    told = public_releases(custody)
    answer_size(len(told))
    asked = [{"release": one.entry.release, "purpose": "own"} for one in told]
    custody.ledger.append_many([Event("release.person_asked", MANAGER, one) for one in asked])
    releases = [one.told(number, look).plain() for one in told]
    chosen = choices_in_force(custody, number)
    plain = {
        "made_at": stamp(custody.clock.now()),
        "releases": releases,
        "choices": [_chosen(one, told) for one in chosen[-MOST_CHOICES:]],
        "left_out": max(0, len(chosen) - MOST_CHOICES),
    }
    return Page(OwnRecord.read(plain, "The answer"), len(told))


def choices_in_force(custody: Custody, number: NHSNumber) -> tuple[ChoiceInForce, ...]:
    """What this person chose that counts today or will, oldest first."""
    today = london_day(custody.clock.now())
    every = choices_of(custody, number.digits)
    return tuple(one for one in every if in_force(one.choice.effective_from, one.ended_on, today))


@dataclass(frozen=True)
class Told:
    """One release that the public knows of, by the ledger. `manifest`: None where it is not there
    or not believed."""

    custody: Custody
    entry: Completed
    folder: Path
    manifest: ReleaseManifest | None

    def told(self, number: NHSNumber, look: Lookup) -> Any:
        """What the person with `number` is told of it."""
        if self.manifest is None:
            made = london_day(parse_stamp(str(self.entry.fields["at"])))
            return unknown(
                {"permit": self.entry.permit, "release": self.entry.release,
                 "made_on": made.isoformat()}, "release_missing",
            )  # fmt: skip
        return tell_release(self.custody, self.folder, self.manifest, number, look)

    @cached_property
    def names(self) -> frozenset[str]:
        """Under what names people say yes or no to its project."""
        try:
            permit = load_permit(self.custody, find_permit(self.custody, self.entry.permit))
        except (Fault, Refused):
            return frozenset()  # it says nothing of itself, so no choice is shown as honoured in it
        every = (permit.project.id, permit.id, *lineage_of(self.custody, permit).refusable)
        return frozenset(folded_name(name) for name in every)

    def honours(self, number: int, choice: Choice) -> bool:
        """Whether it was made with the choice that has this number in the journal."""
        made = self.manifest
        if made is None or choice.kind not in made.choices.applied:
            return False
        if (made.choices.journal or 0) < number:
            return False
        if london_day(made.built_at) < choice.effective_from:
            return False
        about = choice.kind not in OF_ONE_PROJECT or choice.project is None
        return about or folded_name(str(choice.project)) in self.names


def public_releases(custody: Custody) -> list[Told]:
    """Every release of a project that the public log tells of, oldest first."""
    public = public_events(custody)[1]
    return [_release(custody, one) for one in completed(custody.ledger) if one.permit in public]


def _release(custody: Custody, entry: Completed) -> Told:
    folder = custody.home.releases / entry.release
    try:
        manifest = read_manifest(custody.home.releases, folder, custody.belief)
    except (Fault, Refused):
        return Told(custody, entry, folder, None)
    right = (manifest.release, manifest.permit_id) == (entry.release, entry.permit)
    return Told(custody, entry, folder, manifest if right else None)


def _chosen(one: ChoiceInForce, told: Sequence[Told]) -> Mapping[str, Any]:
    choice = one.choice
    first: dict[str, Told] = {}
    for release in told:
        if release.honours(one.number, choice):
            first.setdefault(release.entry.permit, release)
    return {
        "number": one.number,
        "id": choice.id,
        "kind": choice.kind,
        "project": choice.project,
        "effective_from": choice.effective_from.isoformat(),
        "ends_on": None if one.ended_on is None else one.ended_on.isoformat(),
        "set_by": choice.set_by,
        "honoured": [
            {"permit": permit, "release": release.entry.release,
             "made_on": london_day(release.manifest.built_at).isoformat()}
            for permit, release in first.items() if release.manifest is not None
        ],
    }  # fmt: skip
