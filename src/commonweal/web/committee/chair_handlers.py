"""What follows when a chair signs that a small thing is decided between meetings."""

from __future__ import annotations

from django.urls import reverse

from commonweal.governance.committee.vocabulary import CHAIRS_WORDS
from commonweal.governance.committee.words import sentence_case
from commonweal.governance.states.item import ITEM
from commonweal.web.applications.models import Application, Version
from commonweal.web.committee import telling
from commonweal.web.committee.chairs import basis_again, check_fits, check_sitting
from commonweal.web.committee.models import Item, Meeting, RouteAct
from commonweal.web.committee.shorter import read_proposal, record_proposal
from commonweal.web.config import clock
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act


class ChairHandler:
    """The chair proposes to decide with lay members; they discuss and vote at once."""

    def check(self, act: Act) -> None:
        """Raises as `basis_again`, `check_fits` and `check_sitting`."""
        basis = basis_again(act)
        check_fits(read_proposal(act, basis.version), basis)
        check_sitting(act.wish.get("present", []), basis)

    def follow(self, act: Act) -> None:
        """A sitting of the chair and the others. All of them have declared already."""
        if RouteAct.objects.filter(act=act.pk).exists():
            return
        Application.objects.select_for_update().get(reference=act.subject)
        basis = basis_again(act)
        made, now = read_proposal(act, basis.version), clock.now()
        sitting = Meeting.objects.create(
            route=made.route, held_at=now, place="Between meetings", state="open",
            present=list(act.wish["present"]), made_by=act.person,
        )  # fmt: skip
        begun = ITEM.check_step("listed", "begin", "committee_chair")
        item = Item(
            version=basis.version, meeting=sitting, title=basis.row.title,
            variables=[one.plain() for one in basis.earlier.variables],
            proposal=made.canonical(),
            state=ITEM.check_step(
                begun, "end_declarations", "committee_chair", met=("everyone_declared",)
            ),
        )  # fmt: skip
        record_proposal(act, made, item)
        telling.with_the_chair(item)

    def told(self, act: Act) -> Told:
        """What is proposed, why, and on what it builds."""
        version = Version.objects.select_related("application").get(pk=act.wish["version"])
        made = read_proposal(act, version)
        words = CHAIRS_WORDS[made.chairs_reason] if made.chairs_reason is not None else ""
        earlier = version.decisions.filter(digest=made.earlier).last()
        lines = [
            ("What you propose", "You decide this with lay members, and not a whole meeting."),
            ("What for", sentence_case(words)),
            ("In your words", made.told or ""),
        ]
        if earlier is not None:
            lines.append(("It builds on decision", earlier.reference))
        title = version.application.reference if earlier is None else earlier.title
        return Told(title, reverse("committee:chair"), tuple(lines))
