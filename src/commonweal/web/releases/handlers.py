"""What follows from having a release built, signing it off or sending it back: an order to a room.

The service writes no more than that. Whether the act holds, by whom it may be, and that it counts
once, the signer finds out by the ledger, and the ledger's word makes the release usable.
"""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.release.sent_back import SentBack
from commonweal.web.config import clock
from commonweal.web.releases.models import BUILD, Order, Release
from commonweal.web.releases.models import SEND_BACK as ORDER_BACK
from commonweal.web.releases.models import SIGN_OFF as ORDER_OFF
from commonweal.web.releases.policies import check_decide
from commonweal.web.releases.services import check_asked, entry_of, order_build, project_of
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act

ORDER, SIGN_OFF, SEND_BACK = "order_release", "sign_off_release", "send_back_release"
_ACTIONS = {SIGN_OFF: ORDER_OFF, SEND_BACK: ORDER_BACK}


class ReleaseHandler:
    """Acts about releases."""

    def check(self, act: Act) -> None:
        """Lock the release; refuse what is not a step that this person may take now.

        An act that was heard of before its order was written passes again: `follow` goes on.
        """
        row = Release.objects.select_for_update().filter(reference=act.subject).first()
        if row is None:
            raise Fault("CW-WEB-NOT-FOUND", "There is no such release.")
        if row.digest != act.object_digest:
            raise Fault("CW-STEP-ACTS", "What is signed is not what the vault told of the release.")
        if not Order.objects.filter(act_id=act.pk).exists():
            project = project_of(entry_of(row.permit))
            check_decide(act.person, _ACTIONS[act.kind], row, project, clock.today())

    def follow(self, act: Act) -> None:
        """Ask the signer's room to write it on the ledger; once, however often it runs."""
        row = Release.objects.get(reference=act.subject)
        Order.objects.get_or_create(
            act_id=act.pk,
            defaults={
                "kind": _ACTIONS[act.kind],
                "permit": row.permit,
                "permit_hash": entry_of(row.permit).permit_hash,
                "release": row.reference,
                "asked_by": act.person,
                "asked_at": clock.now(),
            },
        )

    def told(self, act: Act) -> Told:
        """The release, and what the person wrote."""
        row = Release.objects.filter(reference=act.subject).first()
        link = reverse("releases:index")
        if row is not None:
            link = reverse("releases:release", args=[row.permit, row.reference])
        reasons = reasons_of(act)
        lines = (("Why it is sent back", reasons),) if reasons else ()
        title = "Sign this release off" if act.kind == SIGN_OFF else "Send this release back"
        return Told(title, link, lines)


class OrderHandler:
    """The act by which a data manager has a release built."""

    def check(self, act: Act) -> None:
        """Lock the release; refuse what this person may not order now, or a plan that is not last.

        An act that was heard of before its order was written passes again: `follow` goes on.
        """
        row = self._release(act)
        if entry_of(row.permit).permit_hash != act.object_digest:
            raise Refused(
                "CW-RELEASE-ORDER-CHANGED", "The order is not about the permit that it names."
            )
        if Order.objects.filter(act_id=act.pk).exists():
            return
        newest = check_asked(act.person, row.permit, BUILD)
        if newest is None or newest.pk != row.pk:
            raise Refused("CW-RELEASE-ORDER", "Another release was planned since. Look at it.")

    def follow(self, act: Act) -> None:
        """Ask the vault to build it; the vault verifies the act itself before it does."""
        order_build(act, self._release(act))

    def told(self, act: Act) -> Told:
        """The release, and what its plan said."""
        row = self._release(act)
        lines = [("Release", row.reference), ("Permit", row.permit)]
        link = reverse("releases:permit", args=[row.permit])
        return Told("Have this release built", link, tuple(lines))

    @staticmethod
    def _release(act: Act) -> Release:
        rows = Release.objects.select_for_update()
        row = rows.filter(reference=act.subject, permit=str(act.wish.get("permit", ""))).first()
        if row is None:
            raise Fault("CW-WEB-NOT-FOUND", "There is no such release.")
        return row


def sent_back_of(act: Act) -> SentBack | None:
    """What a person wrote when they sent a release back. Raises for content that was changed."""
    if act.content is None:
        return None
    return SentBack.read(parse_json(bytes(act.content), "The reasons"), "The reasons")


def reasons_of(act: Act) -> str:
    """The same as text; empty where there is none."""
    paper = sent_back_of(act)
    return "" if paper is None else paper.reasons
