"""The signer's side: it makes permits, takes their steps, and follows what the ledger says (S11).

The database is a list of work here and nothing more. The judge reads the dossier from its bytes and
asks the ledger about every act; whatever was changed in the database is refused there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from django.db import transaction

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import CommonwealError, Refused, Unavailable
from commonweal.foundation.files import read_bytes
from commonweal.governance.dossier.judge import DossierJudge, installed_rules, judge_step
from commonweal.governance.dossier.paper import Dossier
from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.closing import OWES
from commonweal.ledger.entry import Actor
from commonweal.papers.permit import Permit as PermitPaper
from commonweal.papers.permit_state import TERMINAL
from commonweal.papers.permit_state import Event as Step
from commonweal.vault.custody import Custody, find_permit, load_permit, publish_register, settle
from commonweal.vault.custody.committee_permits import DOSSIERS, MAX_DOSSIER, issue_from_dossier
from commonweal.vault.custody.permit_steps import step_from_acts, taken_before
from commonweal.vault.custody.replacing import hand_over
from commonweal.vault.custody.signers import named_signers
from commonweal.web.amending.services import end_requests
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.projects import closing
from commonweal.web.projects.models import (
    DONE,
    REFUSED,
    TAKEN,
    WAITING,
    Permit,
    PermitOrder,
    PermitStep,
)
from commonweal.web.projects.papers import dossier_of
from commonweal.web.projects.services import (
    agreement_event,
    ended_event,
    lapse_offers,
    locked,
)
from commonweal.web.projects.telling import permit_is
from commonweal.web.signing.models import HEARD, Act

SIGNER = Actor("signer", "signer")
OVER = frozenset({*TERMINAL, "expired"})
"""States of a permit in which nothing can be asked of it any more."""
LOOK_AGAIN = timedelta(minutes=1)
"""How often the ledger is asked where permits stand, though nothing was written on it."""


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What the signer does for this app."""
    if room != "signer":
        return ()
    return (issue_waiting, take_waiting, hand_over, FollowLedger(), end_what_is_late)


def end_what_is_late(custody: Custody) -> int:
    """End offers that nobody accepted in time; certificates that did not come are overdue."""
    del custody
    return lapse_offers() + closing.run_over()


# --- permits ------------------------------------------------------------------------------------


def issue_waiting(custody: Custody) -> int:
    """Make the permits that both officers countersigned; how many orders were settled."""
    waiting = PermitOrder.objects.filter(state__in=(WAITING, TAKEN)).values_list("pk", flat=True)
    return sum(issue_order(custody, pk) for pk in waiting)


def issue_order(custody: Custody, pk: int) -> int:
    """Settle one order: the permit is made, or taken up where the ledger has it, or refused.

    `Unavailable`, and what is no `CommonwealError`, is raised; it is tried again.
    """
    try:
        content = _take(pk)
        if content is None:
            return 0
        permit, text = _issue(custody, content)
        _write_permit(custody, pk, permit, text)
    except Unavailable:
        raise
    except CommonwealError as error:
        return PermitOrder.objects.filter(pk=pk, state__in=(WAITING, TAKEN)).update(
            state=REFUSED, code=error.code, sentence=error.sentence, settled_at=clock.now()
        )
    return 1


def _take(pk: int) -> bytes | None:
    """Take an order: from now on no officer can stop it. Its dossier, put together once."""
    with transaction.atomic():
        order = PermitOrder.objects.select_for_update().filter(pk=pk).first()
        if order is None or order.state not in (WAITING, TAKEN):
            return None
        row = locked(order.agreement.reference)
        if row.state != "countersigned":
            raise Refused("CW-STATE-STEP", "The agreement is not countersigned any more.")
        if order.dossier is None:
            order.dossier = dossier_of(row).canonical()
        order.state = TAKEN
        order.save()
        return bytes(order.dossier)


def _issue(custody: Custody, content: bytes) -> tuple[PermitPaper, bytes]:
    """Issue as `permit issue --dossier` does. A permit that is on the ledger is taken up."""
    permit_id = str(Dossier.load(content).draft.get("id"))
    if custody.ledger.permit_standing(permit_id) is None:
        with tempfile.TemporaryDirectory(dir=custody.home.path, prefix=".issuing-") as folder:
            file = Path(folder) / "dossier.json"
            file.write_bytes(content)
            try:
                issue_from_dossier(
                    custody, file, DossierJudge(installed_rules()), named_signers(custody),
                    Path(folder) / "permit.jws",
                )  # fmt: skip
            except CommonwealError:
                # Another worker may have made it meanwhile, which uses the acts up.
                if custody.ledger.permit_standing(permit_id) is None:
                    raise
    _require_same(custody, permit_id, content)
    # Cut off after the ledger had it, these two may not have been done.
    settle(custody)
    publish_register(custody)
    path = find_permit(custody, permit_id)
    return load_permit(custody, path), read_bytes(path, "The permit", limit=MAX_DOSSIER)


def _require_same(custody: Custody, permit_id: str, content: bytes) -> None:
    """Refuse to take up a permit that was made from anything but this very dossier."""
    kept = custody.home.path / DOSSIERS / f"{permit_id}.json"
    if not kept.is_file() or kept.read_bytes() != content:
        raise Refused(
            "CW-PERMIT-EXISTS", "A permit with this id was made before, and not from this decision."
        )


def _write_permit(custody: Custody, pk: int, permit: PermitPaper, text: bytes) -> None:
    standing = custody.ledger.permit_standing(permit.id)
    with transaction.atomic():
        order = PermitOrder.objects.select_for_update().get(pk=pk)
        if order.state == DONE:
            return
        row = locked(order.agreement.reference)
        row.state = AGREEMENT.check_step(row.state, "make_permit", "system", met=("signer_agreed",))
        made = Permit.objects.create(
            reference=permit.id, application=row.application, agreement=row, content=text,
            digest=permit.digest(), public_hash=digest(permit.public_projection()),
            state="announced" if standing is None else standing.state,
            begins_at=permit.begins, until=permit.until, issued_at=permit.issued_at,
        )  # fmt: skip
        govern(agreement_event("agreement.in_force", row, SIGNER, permit=permit.id), row)
        order.state, order.settled_at = DONE, clock.now()
        order.code = order.sentence = ""
        order.save()
        permit_is(made)


# --- steps of a permit --------------------------------------------------------------------------


def take_waiting(custody: Custody) -> int:
    """Take the steps that enough people signed; how many were settled."""
    waiting = PermitStep.objects.filter(state=WAITING).values_list("pk", flat=True)
    return sum(take_step(custody, pk) for pk in waiting)


def take_step(custody: Custody, pk: int) -> int:
    """Settle one step: it is taken, was taken before a stop of the machine, or is refused."""
    row = PermitStep.objects.select_related("permit").get(pk=pk)
    kind = cast("Step", row.kind)
    permit_id = row.permit.reference
    try:
        acts = [one.signed for one in Act.objects.filter(pk__in=row.acts, state=HEARD)]
        if taken_before(custody, permit_id, kind, acts) is None:
            step_from_acts(custody, permit_id, kind, acts, judge_step, row.reason or None)
    except Unavailable:
        raise
    except CommonwealError as error:
        return PermitStep.objects.filter(pk=pk, state=WAITING).update(
            state=REFUSED, code=error.code, sentence=error.sentence, settled_at=clock.now()
        )
    follow_permit(custody, row.permit.pk)
    return PermitStep.objects.filter(pk=pk, state=WAITING).update(
        state=DONE, settled_at=clock.now()
    )


# --- what the ledger says -----------------------------------------------------------------------


class FollowLedger:
    """Let the rows say what the ledger says, also where a command or time has changed it."""

    def __init__(self) -> None:
        self._seen: tuple[int, datetime] | None = None

    def __call__(self, custody: Custody) -> int:
        """Follow where something was written on a permit, and every minute; how many changed."""
        now = clock.now()
        with custody.ledger.reading() as connection:
            last = connection.execute("SELECT max(intent_id) FROM permit_state").fetchone()[0] or 0
        if self._seen is not None and self._seen[0] == last and now < self._seen[1] + LOOK_AGAIN:
            return 0
        live = Permit.objects.exclude(state__in=TERMINAL).values_list("pk", flat=True)
        done = sum(follow_permit(custody, pk) for pk in live)
        self._seen = (last, now)
        return done


def follow_permit(custody: Custody, pk: int) -> int:
    """Write where one permit stands; its agreement ends with it. 1 where that was news."""
    with transaction.atomic():
        row = Permit.objects.select_for_update().get(pk=pk)
        standing = custody.ledger.permit_standing(row.reference)
        if standing is None or standing.state == row.state:
            return 0
        row.state = standing.state
        row.save()
        permit_is(row)
        if row.state in OVER:
            end_requests(row)
        agreement = locked(row.agreement.reference)
        ends = {"superseded": ("replace", "replaced")} | {
            state: ("end", "ended") for state in OWES if state != "expired"
        }
        if row.state in OWES:
            closing.begin(row, SIGNER)
        if agreement.state == "in_force" and row.state in ends:
            action, reason = ends[row.state]
            agreement.state = AGREEMENT.check_step(
                agreement.state, action, "system", met=("ledger_says_so",)
            )
            govern(ended_event(agreement, SIGNER, reason), agreement)
    return 1
