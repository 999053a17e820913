"""Use cases of signing: propose an act, take its evidence, and settle it with the ledger's word."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Mapping
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction

from commonweal.foundation.acts import ActKind
from commonweal.foundation.errors import CommonwealError, Failure, Fault, Refused, Unavailable
from commonweal.papers.acts import Act as ActPaper
from commonweal.papers.acts import Heard, SignedAct, new_act
from commonweal.papers.base import Paper
from commonweal.papers.roster import Roster
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.signing.handlers import handler_of
from commonweal.web.signing.models import (
    ASKED,
    HEARD,
    ON_LEDGER,
    PROPOSED,
    REFUSED,
    SIGNED,
    VOID,
    Act,
    KnownRoster,
)

WAIT_SECONDS = 3.0
"""How long a page waits for the signer before it answers that the act is on its way."""
_LOOK_SECONDS = 0.1


class Room(Protocol):
    """The signer, as the worker hands it in: it alone can reach keys and ledger."""

    def sign(self, act: ActPaper) -> SignedAct:
        """In a demonstration, sign for a made-up person. Raises a `CommonwealError`."""
        ...

    def hear(self, signed: SignedAct) -> Heard:
        """Verify, and write that the ledger heard of it; nothing more for one it knows already.

        Returns when it heard of it, and as which entry. Raises a `CommonwealError`.
        """
        ...

    def known(self, act_id: str) -> Heard | None:
        """When the ledger heard of the act with this id, and as which entry; None if it did not."""
        ...

    def void(self, act_id: str, code: str) -> None:
        """Write that nothing followed from an act that the ledger heard of; once for each act."""
        ...


def propose(
    person: User,
    role: str,
    kind: ActKind,
    verdict: str,
    *,
    subject: str,
    object_digest: str,
    back: str,
    content: Paper | None = None,
    wish: Mapping[str, Any] | None = None,
) -> Act:
    """An act for `person` to sign; its page is `signing:sign` with its id.

    `content`: what the person wrote with it; `wish`: what the handler needs to know again; `back`:
    the path where the person goes on. Raises what the handler's `check` raises, and
    `Fault` CW-ACT-RULE or CW-ACT-INVALID for what nobody can sign.
    """
    now = clock.now()
    paper = new_act(
        kind=kind,
        verdict=verdict,
        actor=person.public_id,
        role=role,  # type: ignore[arg-type]
        subject=subject,
        object_digest=object_digest,
        home=settings.HOME.id,
        at=now,
        content=None if content is None else content.digest(),
    )
    row = Act(
        id=paper.id,
        person=person,
        kind=kind,
        verdict=verdict,
        role=role,
        subject=subject,
        object_digest=object_digest,
        paper=paper.canonical(),
        content=None if content is None else content.canonical(),
        wish=dict(wish or {}),
        back=back,
        made_at=paper.at,
        expires_at=paper.expires,
    )
    with transaction.atomic():
        handler_of(kind).check(row)
        row.save()
    return row


def take_evidence(person: User, act_id: str, evidence: Mapping[str, Any]) -> Act:
    """Keep what a person's security key answered; the signer will see whether it holds.

    Raises `Fault` CW-WEB-NOT-FOUND, CW-ACT-INVALID; `Refused` CW-WEB-SIGNED, CW-ACT-TIME.
    """
    with transaction.atomic():
        row = _waiting(person, act_id)
        row.evidence = dict(evidence)
        _ = row.signed
        row.state, row.signed_at = SIGNED, clock.now()
        row.save()
    return row


def ask_signature(person: User, act_id: str) -> Act:
    """In a demonstration: let the signer sign for the made-up person. Raises as `take_evidence`."""
    if not (settings.HOME.is_demonstration and person.is_made_up):
        raise Refused(
            "CW-ACT-SOFTWARE-KEY", "Keys that the system keeps decide in a demonstration only."
        )
    with transaction.atomic():
        row = _waiting(person, act_id)
        row.state, row.signed_at = ASKED, clock.now()
        row.save()
    return row


def wait_for(act_id: str, seconds: float | None = None) -> Act:
    """The act when the signer has settled it; as it stands if that takes longer than `seconds`.

    Whoever waits longer is shown a link: a page that reloads itself would disturb its reader.
    """
    ends = time.monotonic() + (WAIT_SECONDS if seconds is None else seconds)
    while True:
        row = Act.objects.get(pk=act_id)
        if row.state not in (SIGNED, ASKED) or time.monotonic() >= ends:
            return row
        time.sleep(_LOOK_SECONDS)


def _waiting(person: User, act_id: str) -> Act:
    row = Act.objects.select_for_update().filter(pk=act_id, person=person).first()
    if row is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    if row.state != PROPOSED:
        raise Refused("CW-WEB-SIGNED", "This was signed already.")
    if not row.is_waiting(clock.now()):
        raise Refused(
            "CW-ACT-TIME",
            "There was too long to sign this, so it counts no more.",
            remedy="Go back and begin again.",
        )
    return row


def settle(act_id: str, room: Room) -> Act:
    """Check, let the ledger hear, and write what follows: all of it, or the reason why not.

    Only the signer's worker calls this. What is not about the act is raised and nothing is written,
    so that it is tried again: `Unavailable`, `Failure`, a ledger that is broken, and any error that
    is not ours.
    """
    try:
        with transaction.atomic():
            row = Act.objects.select_for_update().select_related("person").get(pk=act_id)
            if row.state not in (SIGNED, ASKED):
                return row
            _require_whole(row)
            _require_in_time(row, room)
            handler = handler_of(row.kind)
            handler.check(row)
            if row.state == ASKED:
                row.evidence = room.sign(row.act).plain()["evidence"]
            heard = room.hear(row.signed)
            handler.follow(row)
            row.state, row.settled_at = HEARD, clock.now()
            row.heard_at, row.entry = heard.at, heard.entry
            row.save()
    except CommonwealError as error:
        if is_not_of_the_act(error):
            raise
        return _end(act_id, room, error)
    return row


def _end(act_id: str, room: Room, error: CommonwealError) -> Act:
    """End an act that cannot be followed. What the ledger heard of is void and never refused.

    A worker that was cut off leaves an act on the ledger of which nothing has followed. If the step
    has become impossible meanwhile, that is said in so many words: to the person, to those who
    decide, and on the ledger. It takes nothing from what was signed: papers for a permit need the
    act all the same, or whoever owns the database could lose a vote by holding the signer up.
    """
    with transaction.atomic():
        row = Act.objects.select_for_update().get(pk=act_id)
        if row.state not in (SIGNED, ASKED):
            return row  # another worker settled it in between
        known = room.known(row.pk)
        row.state, row.settled_at = REFUSED, clock.now()
        row.code, row.sentence = error.code, error.sentence
        if known is not None:
            room.void(row.pk, error.code)
            row.state, row.heard_at, row.entry = VOID, known.at, known.entry
            _keep_evidence(row, room)
        row.save()
    return row


def _keep_evidence(row: Act, room: Room) -> None:
    """Papers need the evidence that the ledger heard: a demonstration's signer makes it again."""
    if row.evidence is None:
        with contextlib.suppress(CommonwealError):  # a row that was changed has none
            row.evidence = room.sign(row.act).plain()["evidence"]


def is_not_of_the_act(error: Exception) -> bool:
    """True for what is wrong with the home or for now, and not with what somebody signed."""
    waits = isinstance(error, Unavailable | Failure)
    return waits or (isinstance(error, CommonwealError) and error.code in _NOT_OF_THE_ACT)


_NOT_OF_THE_ACT = frozenset({
    *("CW-LEDGER-BROKEN", "CW-LEDGER-REWOUND", "CW-LEDGER-MISSING", "CW-LEDGER-NO-POLICY"),
    *("CW-TRUST-CHANGED", "CW-ROSTER-CHANGED", "CW-ROSTER-NONE", "CW-KEY-BROKEN"),
})  # fmt: skip
"""What is wrong with the home, not with what somebody signed."""


def _require_whole(row: Act) -> None:
    """Refuse a row that says something else than the act in it. Raises `Fault` CW-ACT-INVALID.

    What follows is written from the row, so it must say what was signed, to the last byte.
    """
    act = row.act
    content = None if row.content is None else _digest(bytes(row.content))
    said = (row.id, row.kind, row.verdict, row.role, row.subject, row.object_digest, content)
    signed = (act.id, act.kind, act.verdict, act.role, act.subject, act.object_digest, act.content)
    if said != signed or row.person.public_id != act.actor:
        raise Fault("CW-ACT-INVALID", "The act was changed in the service's database.")


def _require_in_time(row: Act, room: Room) -> None:
    """Refuse what the ledger can hear of no more, whatever kept it. Raises CW-ACT-TIME."""
    if clock.now() > row.act.expires and room.known(row.pk) is None:
        raise Fault(
            "CW-ACT-TIME",
            "The act was not brought to the ledger in time, so it counts no more.",
            remedy="Let the person sign it again.",
        )


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def try_now() -> int:
    """Let the signer try at once whatever is put off; how many acts that are."""
    return Act.objects.filter(state__in=(SIGNED, ASKED), again_at__isnull=False).update(
        again_at=clock.now()
    )


def roster() -> Roster | None:
    """The roster as the signer last told of it. For showing: nothing is decided by it."""
    row = KnownRoster.objects.last()
    return None if row is None else Roster.read(row.content, "The list of people")


def acts_about(subject: str) -> list[SignedAct]:
    """Every act about `subject` that the ledger heard of, in the order in which it was made."""
    return [row.signed for row in Act.objects.filter(subject=subject, state__in=ON_LEDGER)]
