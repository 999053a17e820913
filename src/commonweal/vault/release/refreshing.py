"""A release made again by itself, because a job needs one with newer choices (S13).

A room of jobs cannot build: it asks, and the ledger keeps what it asked (`refresh_requests`). The
vault's worker takes that up (`refresh_asked`). It believes nothing of it but that somebody asked:
whether the release is too old, and whether a new one may be made without people, it finds by
itself.

It may where people decided on an earlier release of the same permit (the *precedent*) and nothing
but records and choices has changed since (`sameness`); the builder holds risk, source and the
permit against their limits as for any release. What the ledger then says is `release.refreshed`,
in the transaction that completes the release: it names the precedent, and whoever asks for a second
person's word finds the precedent's. In every other case the reason is on the ledger, and the job
waits until people build (ADR 54).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable
from commonweal.foundation.london import london_day
from commonweal.ledger.entry import Event
from commonweal.ledger.store import Writing
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.choices.decision import decide
from commonweal.vault.choices.national import check_record
from commonweal.vault.custody import Custody, find_permit, load_permit
from commonweal.vault.custody.release_steps import precedent_of
from commonweal.vault.release.build import build_release
from commonweal.vault.release.closing import newest
from commonweal.vault.release.inputs import Inputs, find_inputs
from commonweal.vault.release.opening import require_fresh_choices, require_young_choices
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.release.refresh_requests import REFRESHER, REFUSED, asked, standing_of
from commonweal.vault.release.sameness import differences
from commonweal.vault.release.session import check_now, key_name
from commonweal.vault.release.source_place import place_of
from commonweal.vault.release.store import next_release_id, read_manifest

_OLD = "CW-RELEASE-CHOICES-OLD"


@dataclass(frozen=True)
class Refreshed:
    """What became of one request: the new `release`, or the `code` and words of why not.

    `stays`: the request still waits, for something that will come by itself.
    """

    permit: str
    release: str | None
    code: str | None = None
    sentence: str = ""
    stays: bool = False

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {"permit": self.permit, "release": self.release, "code": self.code}

    @property
    def exit_code(self) -> int:
        """0 made; 4 people must decide; 5 it waits for something that will come."""
        return 0 if self.release is not None else 5 if self.stays else 4

    @property
    def said(self) -> str:
        """In words, for the custodian."""
        if self.release is not None:
            return f"Release {self.release} was made of permit {self.permit}, by the same recipe."
        return f"No release of permit {self.permit} is made by itself: {self.sentence}"


def refresh_asked(
    custody: Custody,
    progress: Progress = quiet,
    require: Callable[[str], None] = lambda _: None,
) -> list[Refreshed]:
    """Take up every request that waits; what became of those that came to an end.

    `require`: raises what else stands against a new release of a permit. A request that cannot be
    answered now (the national list is old, a build is under way) stays. Raises `Failure`s.
    """
    done = []
    for permit_id in asked(custody):
        try:
            found = refresh(custody, permit_id, progress, require)
        except Unavailable as error:
            found = Refreshed(permit_id, None, error.code, error.sentence, stays=True)
        if found is not None:
            done.append(found)
    return done


def refresh(
    custody: Custody,
    permit_id: str,
    progress: Progress = quiet,
    require: Callable[[str], None] = lambda _: None,
) -> Refreshed | None:
    """Make the permit's next release if its newest is too old; None where it is not.

    Raises `Unavailable` where something that will come is missing: nothing is on the ledger then.
    Whatever else stands against it is on the ledger as `release.refused`, and told.
    """
    try:
        require(permit_id)
        permit = load_permit(custody, find_permit(custody, permit_id))
        check_now(custody, permit, "release")
        ground = _ground(custody, permit)
        if ground is None:
            return None
    except (Refused, Fault) as error:
        return _waits(custody, permit_id, error)
    try:
        report = build_release(
            custody, find_permit(custody, permit_id), ground.inputs.catalogue,
            ground.inputs.choices, None, progress, ground.before.engine.name, by=REFRESHER,
            reserved=ground.next, hints=False, within=ground.carry,
        )  # fmt: skip
    except (Refused, Fault) as error:
        if error.code == "CW-RELEASE-ID-TAKEN":
            return None  # somebody else has made it meanwhile
        return _waits(custody, permit_id, error)
    return Refreshed(permit_id, report.manifest["release"])


@dataclass(frozen=True)
class _Ground:
    """On what a refresh rests: the release that people decided on, as it was then.

    `before`: the precedent's manifest. `next`: the id that the new release will have.
    """

    custody: Custody
    permit: Permit
    before: ReleaseManifest
    inputs: Inputs
    next: str

    def carry(self, writing: Writing, made: ReleaseManifest) -> None:
        """Within the transaction that completes `made`: it is as people saw it, and fresh.

        Raises `Refused` CW-REFRESH-CHANGED, CW-RELEASE-NOT-SIGNED-OFF; `Unavailable`
        CW-RELEASE-CHOICES-OLD.
        """
        found = differences(self.before, made)
        if found:
            raise _changed(*found)
        # Whoever chose while it was made is honoured by the next one: the next job asks for it.
        require_young_choices(self.custody, made)
        standing = precedent_of(self.custody, str(made.supersedes), self.permit.authority)
        if standing != self.before.release:
            raise Refused("CW-RELEASE-NOT-SIGNED-OFF", "What people decided on is another release.")
        fields = {"permit": self.permit.id, "release": made.release, "precedent": standing}
        writing.append(Event("release.refreshed", REFRESHER, fields))


def _ground(custody: Custody, permit: Permit) -> _Ground | None:
    """What stands at once, before a row is read. Raises as `refresh`."""
    latest = newest(custody, permit.id)
    if latest is None:
        raise Refused("CW-RELEASE-MISSING", "People make the first release of a permit.")
    releases = custody.home.releases
    last = read_manifest(releases, releases / latest.release, custody.belief)
    if _is_fresh(custody, last):
        return None
    precedent = precedent_of(custody, latest.release, permit.authority)
    before = read_manifest(releases, releases / precedent, custody.belief)
    inputs = find_inputs(custody, permit.dataset.dataset)
    catalogue = Catalogue.load(inputs.catalogue)
    if before.permit_hash != permit.digest():
        raise _changed("its permit")
    if catalogue.governed_digest((permit.dataset.dataset,)) != before.catalogue_digest:
        raise _changed("its catalogue")
    if before.source.place is None or before.source.place != _place(custody, permit, inputs):
        raise _changed("where its source lies")
    if before.risk.population is not None:
        raise _changed("the table of the population")
    today = london_day(custody.clock.now())
    if decide(permit, catalogue.dataset(permit.dataset.dataset), today).national:
        # A list that is too old is said at once: no build is begun that could not end well.
        check_record(
            inputs.choices, clock=custody.clock, max_age_days=custody.trust.fresh.choices_days,
            not_before=custody.home.info.restored_at,
        )  # fmt: skip
    return _Ground(custody, permit, before, inputs, next_release_id(custody.ledger, permit)[0])


def _place(custody: Custody, permit: Permit, inputs: Inputs) -> str:
    """Where the source lies now, as a manifest says it. Raises as reading the project's key."""
    dataset = Catalogue.load(inputs.catalogue).dataset(permit.dataset.dataset)
    project = custody.keyring.secret(key_name("project", permit.project.id))
    return place_of(project, dataset.id, dataset.source, inputs.catalogue.absolute().parent)


def _is_fresh(custody: Custody, manifest: ReleaseManifest) -> bool:
    try:
        require_fresh_choices(custody, manifest)
    except Unavailable as error:
        if error.code != _OLD:
            raise
        return False
    return True


def _changed(*what: str) -> Refused:
    return Refused(
        "CW-REFRESH-CHANGED",
        f"The release would not be the one that people decided on: {', '.join(what)} changed.",
        remedy="Plan and build it, and have it signed off, as any release.",
    )


def _waits(custody: Custody, permit_id: str, error: CommonwealError) -> Refreshed:
    """The job waits for people: the ledger has the reason, by the build or by us."""
    with custody.ledger.transaction() as writing:
        if standing_of(writing.connection, permit_id).open:
            fields = {"permit": permit_id, "code": error.code}
            writing.append(Event(REFUSED, REFRESHER, fields))
    return Refreshed(permit_id, None, error.code, error.sentence)
