"""The public register as a paper: every permit issued, its public part and what became of it.

The vault side writes it (`vault.custody.register`); the service shows it and holds no permit. Each
entry carries the hash that the public log holds of the permit's public part, so that anyone who has
the log can check the register against it.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Literal

from pydantic import Field

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Fault
from commonweal.papers.base import (
    Count,
    Day,
    Identifier,
    Line,
    Moment,
    Paper,
    PaperInvalid,
    Sha256,
    Text,
)
from commonweal.papers.permit import Organisation, PermittedDataset, Project
from commonweal.papers.register_outputs import MOST_OUTPUTS, RegisterOutput
from commonweal.papers.vocabulary import Authority, Delivery, Processing, Purpose
from commonweal.papers.yearly_review import public_part

Happened = Literal[
    "issued", "paused", "suspended", "resumed", "superseded", "revoked", "closed",
    "release_completed", "release_destroyed", "reviewed",
]  # fmt: skip
"""What the public log says of a permit."""


class PublicPart(Paper):
    """What a register may say of a permit (`Permit.public_projection`): no names of people."""

    permit: Literal[1]
    id: Identifier
    version: Count
    supersedes: Identifier | None = None
    organisation: Organisation
    controllers: Annotated[tuple[Organisation, ...], Field(min_length=1)]
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)]
    processing: Annotated[tuple[Processing, ...], Field(min_length=1)]
    delivery: Delivery
    from_: Day = Field(alias="from")
    until: Day
    authority: Authority
    issued_at: Moment
    say_no_until: Moment
    data: Annotated[tuple[PermittedDataset, ...], Field(min_length=1)]
    project: Project


class RegisterEvent(Paper):
    """One event of the public log about a permit. `at`: to the hour, as the log shows it."""

    what: Happened
    at: Moment
    entry: Count
    reason: Line | None = None


class RegisterReview(Paper):
    """What the public is told of one accepted yearly review, and the hash that the log holds of it.

    `summary`: None where the home no longer has the review that was accepted.
    """

    due: Day
    accepted_at: Moment
    review_hash: Sha256
    summary: Text | None = None

    def is_logged(self, permit: str) -> bool:
        """True if the summary is the one that was logged, or if there is none."""
        if self.summary is None:
            return True
        said = digest(public_part(permit, self.due, self.summary))
        return hmac.compare_digest(said, self.review_hash)


class RegisterEntry(Paper):
    """One permit: its public part, the hash that the log holds of it, and its events in order.

    `review_by`: the last day on which new work may start before the next yearly review is accepted.
    `reviews`: those that were, in order. `outputs`: what has left, in order; a register that was
    made before outputs were listed has none.
    """

    permit: dict[str, Any]
    permit_hash: Sha256
    active_from: Moment
    events: Annotated[tuple[RegisterEvent, ...], Field(min_length=1, max_length=100_000)]
    review_by: Day | None = None
    reviews: Annotated[tuple[RegisterReview, ...], Field(max_length=1_000)] = ()
    outputs: Annotated[tuple[RegisterOutput, ...], Field(max_length=MOST_OUTPUTS)] = ()

    @property
    def id(self) -> str:
        """The permit's id."""
        return str(self.permit.get("id", ""))


class Register(Paper):
    """The register of one home at one time. `public_size`: how many entries the log had."""

    format: Literal[1]
    home: Identifier
    custodian: Line
    made_at: Moment
    public_size: Count
    entries: Annotated[tuple[RegisterEntry, ...], Field(max_length=100_000)]

    def check(self) -> None:
        """Refuse an entry whose public part is not the one that was logged, or says too little to
        be shown, or more than may be (S10); and an output that is not what was logged, of another
        permit, or there twice.

        Raises `Fault` CW-WEB-REGISTER.
        """
        for number, entry in enumerate(self.entries, 1):
            same = hmac.compare_digest(digest(entry.permit), entry.permit_hash)
            reviews = all(one.is_logged(entry.id) for one in entry.reviews)
            if not same or not reviews or not _can_be_shown(entry.permit):
                raise register_fault(
                    f"Entry {number} of the register is not what the ledger holds."
                )
        self._check_outputs()

    def _check_outputs(self) -> None:
        names, places = set[str](), set[int]()
        for number, entry in enumerate(self.entries, 1):
            project = str(entry.permit["project"]["id"])
            for one in entry.outputs:
                took = {one.entry} | (set() if one.recalled is None else {one.recalled.entry})
                # No place on the log is two things, and none lies beyond what the log had.
                beyond = max(took) >= self.public_size
                if one.output in names or took & places or beyond or one.fault(entry.id, project):
                    raise register_fault(
                        f"An output under entry {number} of the register is not what was logged."
                    )
                names.add(one.output)
                places |= took


def register_fault(sentence: str) -> Fault:
    """A register that is not to be shown."""
    return Fault(
        "CW-WEB-REGISTER", sentence, remedy="Have it written anew: `commonweal register publish`."
    )


def _can_be_shown(permit: dict[str, Any]) -> bool:
    try:
        PublicPart.read(permit, "The permit")
    except PaperInvalid:
        return False
    return True
