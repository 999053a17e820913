"""What follows from signing a release off or sending it back: an order to the signer's room.

The service writes no more than that. Whether the act holds, by whom it may be, and that it counts
once, the signer finds out by the ledger, and the ledger's word makes the release usable.
"""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.papers.release.sent_back import SentBack
from commonweal.web.config import clock
from commonweal.web.releases.models import SEND_BACK as ORDER_BACK
from commonweal.web.releases.models import SIGN_OFF as ORDER_OFF
from commonweal.web.releases.models import Order, Release
from commonweal.web.releases.policies import check_decide
from commonweal.web.releases.services import entry_of, project_of
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act

SIGN_OFF, SEND_BACK = "sign_off_release", "send_back_release"
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


def sent_back_of(act: Act) -> SentBack | None:
    """What a person wrote when they sent a release back. Raises for content that was changed."""
    if act.content is None:
        return None
    return SentBack.read(parse_json(bytes(act.content), "The reasons"), "The reasons")


def reasons_of(act: Act) -> str:
    """The same as text; empty where there is none."""
    paper = sent_back_of(act)
    return "" if paper is None else paper.reasons
