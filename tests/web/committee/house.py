"""An application that was sent and found ready, and the committee's work with it, step by step."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from commonweal.foundation.clock import FixedClock
from commonweal.governance.application.answers import AnsweredForm, FormAnswers
from commonweal.governance.application.drafts import read_draft
from commonweal.governance.application.evidence import asked_by_law
from commonweal.governance.application.version import ApplicationVersion, freeze
from commonweal.governance.forms.answers import problems
from commonweal.governance.forms.library.shelf import our_library
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.acts import Heard
from tests.applications import NOW as SENT
from tests.applications import content_data
from tests.web.applications.conftest import dpia, fill
from tests.web.conftest import Page, new_client

VOTERS = ("grace", "hamish", "yusuf", "irene", "jamal", "zofia")
LAY = ("irene", "jamal", "zofia")
MEMBERS = (*VOTERS, "xanthe")
SECRETARY = "kate"
ROLES = {"grace": "committee_chair"} | dict.fromkeys(("hamish", "yusuf", "xanthe"),
                                                     "committee_member")  # fmt: skip
ROLES |= dict.fromkeys(LAY, "committee_lay")
REASONS = {who: f"Because-of-{who}-zq" for who in MEMBERS}
"""Words by which one sees whose vote a page shows."""


def person(who: str) -> Any:
    from commonweal.web.accounts.models import User

    return User.objects.get(public_id=who)


@cache
def frozen(data: str) -> dict[str, Any]:
    """A version with these contents, of any application: to check whole ones takes long."""
    from commonweal.web.applications.catalogues import catalogue_for

    form = our_library().form("dpia")
    said = dpia()
    plain = said.plain()
    kept = {key: plain[key] for key in ("form", "form_version", "values")}
    answered = {"dpia": AnsweredForm(FormAnswers.read(kept, "It"), problems(form, said))}
    made = freeze(
        "a-frozen", 1, read_draft(json.loads(data)), answered, at=SENT, by="amara",
        catalogue=catalogue_for("hospital"),
    )  # fmt: skip
    return made.plain()


class Hasty:
    """A signer that signs for real and tells the ledger nothing: an entry costs time.

    What the ledger and the signer make of the acts is tried in `test_signer.py`.
    """

    entry = 0

    def __init__(self, room: Any) -> None:
        self.sign = room.sign

    def hear(self, signed: Any) -> Any:
        """When it would have been heard of, and as which entry."""
        Hasty.entry += 1
        return Heard(at=signed.act.at, entry=Hasty.entry)

    def known(self, _act_id: str) -> None:
        """Nothing: it has no ledger to remember by."""


@dataclass
class House:
    """The signer's side of the home, a clock that stands, and browsers of the made-up people."""

    custody: Any
    clock: FixedClock
    browsers: dict[str, Any] = field(default_factory=dict)
    heard_for_real: bool = False

    def browser(self, who: str) -> Any:
        """A browser in which somebody is signed in."""
        from commonweal.web.accounts.middleware import PERSONA
        from commonweal.web.accounts.personas import BACKEND

        if who not in self.browsers:
            # As the page of made-up people signs in, without its second of work.
            client = new_client()
            client.force_login(person(who), backend=BACKEND)
            session = client.session
            session[PERSONA] = True
            session.save()
            self.browsers[who] = client
        return self.browsers[who]

    def get(self, who: str, path: str, status: int = 200) -> Page:
        """A page as somebody sees it."""
        answer = self.browser(who).get(path)
        assert answer.status_code == status, (who, path, answer.status_code, answer.content[:600])
        return Page(answer)

    def post(self, who: str, path: str, status: int = 302, **data: Any) -> Any:
        """What somebody sends; the answer."""
        answer = self.browser(who).post(path, data)
        assert answer.status_code == status, (who, path, answer.status_code, Page(answer).text)
        return answer

    def signed(self, who: str, path: str, **data: Any) -> Any:
        """What somebody sends and then signs; the act, settled."""
        answer = self.post(who, path, **data)
        assert "/sign/" in answer["Location"], answer["Location"]
        return self.sign(answer["Location"].strip("/").split("/")[-1])

    def sign(self, act_id: str) -> Any:
        """The made-up person signs, and the signer settles; the act."""
        from commonweal.web.signing.models import Act
        from commonweal.web.signing.services import ask_signature, settle
        from commonweal.web.signing.workers import SignerRoom

        row = Act.objects.select_related("person").get(pk=act_id)
        ask_signature(row.person, row.pk)
        room = SignerRoom(self.custody)
        return settle(row.pk, room if self.heard_for_real else Hasty(room))

    def heard(self, who: str, path: str, **data: Any) -> Any:
        """The same, and the ledger heard of it."""
        act = self.signed(who, path, **data)
        assert act.state == "heard", (act.code, act.sentence)
        return act

    # --- the road -------------------------------------------------------------------------

    def application(self, title: str = "Asthma admissions in winter", **changes: Any) -> Any:
        """An application that was sent and found ready; its row. It is not about AI."""
        from commonweal.web.applications.models import Version
        from commonweal.web.applications.services import begin
        from commonweal.web.desk.models import Assessment, Document
        from commonweal.web.ledgerlink.services import govern

        data = content_data(**changes)
        data["project"] = data["project"] | {"title": title}
        amara = person("amara")
        row = begin(amara, amara.memberships.get(role="applicant"))
        fill(row.reference, data)
        plain = frozen(json.dumps(data)) | {"application": row.reference}
        paper = ApplicationVersion.read(plain, "The version")
        salt = new_salt()
        version = Version(
            application=row, number=1, content=paper.canonical(), digest=paper.digest(), salt=salt,
            sent_at=SENT, sent_by=person("amara"),
        )  # fmt: skip
        row.state = "ready"
        fields = {"application": row.reference, "number": 1, "about": "application",
                  "version": commitment(salt, paper.canonical())}  # fmt: skip
        govern(Event("application.sent", Actor("applicant", "amara"), fields), version, row)
        # The desk begins an assessment with each version; here it has been looked at already.
        settled = Assessment.objects.filter(version=version).first() or Assessment(
            application=row, version=version
        )
        settled.state, settled.changed_at = "not_needed", self.clock.now()
        looked_at = [
            Document(application=row, name=str(one.id), state="checked",
                     checked_by=person("edward"), checked_at=self.clock.now())
            for one in asked_by_law(paper.content)
        ]  # fmt: skip
        govern(Event("application.screened", Actor("ig_officer", "edward"),
                     {"application": row.reference, "number": 1}), settled, *looked_at)  # fmt: skip
        return row

    def rules(self, **changes: Any) -> Any:
        """Rules of the home's own, with some fields changed, as the signer would tell of them."""
        from commonweal.governance.committee.rules import CommitteeRules, default_rules
        from commonweal.web.committee.models import KnownRules

        shipped = default_rules()
        plain = shipped.plain() | {"version": 2, "previous": shipped.digest()} | changes
        made = CommitteeRules.read(plain, "The rules")
        KnownRules.objects.update_or_create(
            number=2, defaults={"effective_from": self.clock.now(), "content": made.plain()}
        )
        return made

    def meeting(self, *, opened: bool = False, present: tuple[str, ...] = MEMBERS) -> Any:
        """A meeting; `opened`: it is being held."""
        from commonweal.web.committee.models import Meeting

        when = self.clock.now() + timedelta(days=7)
        self.post(SECRETARY, "/committee/meetings/new/", on_day=str(when.day),
                  on_month=str(when.month), on_year=str(when.year), at="14:00",
                  place="Room 4")  # fmt: skip
        row = Meeting.objects.order_by("pk").last()
        if opened:
            self.open(row, present)
        return row

    def open(self, row: Any, present: tuple[str, ...] = MEMBERS) -> None:
        """Write down who is there, send the papers and open the meeting."""
        at = f"/committee/meetings/{row.pk}/"
        self.post(SECRETARY, at + "present/", present=list(present))
        self.post(SECRETARY, at + "step/", action="send_papers")
        self.post("grace", at + "step/", action="open")

    def listed(self, application: Any = None, meeting: Any = None) -> Any:
        """An application on the agenda of a meeting; the item."""
        from commonweal.web.committee.models import Item

        application = application or self.application()
        meeting = meeting or self.meeting()
        self.post(SECRETARY, f"/committee/meetings/{meeting.pk}/add/",
                  application=application.reference)  # fmt: skip
        return Item.objects.get(version__application=application, meeting=meeting)

    def declare(self, item: Any, who: str, *kinds: str) -> Any:
        """A member says whether they have a conflict, and the ledger hears of it."""
        from commonweal.governance.committee.conflicts import Declaration

        said = Declaration(
            declaration=1, person=who, version_digest=item.version.digest, conflicts=kinds,
            at=self.clock.now(),
        )  # fmt: skip
        act = self.act(item, who, "conflict", "none" if said.free else "conflicted", said)
        settled = self.sign(act.pk)
        assert settled.state == "heard", (settled.code, settled.sentence)
        return settled

    def act(self, item: Any, who: str, kind: str, verdict: str, content: Any) -> Any:
        """An act as the pages propose it."""
        from commonweal.web.signing.services import propose

        return propose(
            person(who), ROLES[who], kind, verdict, subject=item.version.application.reference,
            object_digest=item.version.digest, back="/", content=content, wish={"item": item.pk},
        )  # fmt: skip

    def step(self, who: str, item: Any, action: str, status: int = 302, **data: Any) -> Any:
        """Somebody takes a step with an item."""
        at = f"/committee/items/{item.pk}/step/"
        return self.post(who, at, status, action=action, **data)

    def discussing(self, present: tuple[str, ...] = MEMBERS, **kw: Any) -> Any:
        """An item that is being discussed: xanthe has a conflict, all others are free."""
        meeting = self.meeting()
        item = self.listed(meeting=meeting, **kw)
        self.open(meeting, present)
        self.step("kate", item, "begin")
        for who in VOTERS:
            self.declare(item, who)
        self.declare(item, "xanthe", "works_with_applicant")
        self.step("grace", item, "end_declarations")
        return self.fresh(item)

    def voting(self, **kw: Any) -> Any:
        """An item whose vote is open."""
        item = self.discussing(**kw)
        self.step("grace", item, "open_vote", hours="24")
        return self.fresh(item)

    def proposed(self, item: Any, who: str, verdict: str = "approve", asked: str = "") -> Any:
        """A vote that waits for its signature; the act."""
        from commonweal.governance.committee.votes import Vote

        made = Vote(
            vote=1, person=who, role=ROLES[who], version_digest=item.version.digest,
            round=self.fresh(item).round or 1, verdict=verdict, reasons=REASONS[who],
            conditions=(asked,) if asked else (), at=self.clock.now(),
        )  # fmt: skip
        return self.act(item, who, "vote", verdict, made)

    def vote(self, item: Any, who: str, verdict: str = "approve", asked: str = "") -> Any:
        """A member votes and signs; the act, however it was settled."""
        return self.sign(self.proposed(item, who, verdict, asked).pk)

    def closed(self, verdicts: dict[str, str] | None = None, **kw: Any) -> Any:
        """An item on which all have voted; `verdicts`: those that are no plain yes."""
        item = self.voting(**kw)
        for who in VOTERS:
            verdict = (verdicts or {}).get(who, "approve")
            asked = "Publish within a year." if verdict == "approve_with_conditions" else ""
            assert self.vote(item, who, verdict, asked).state == "heard"
        return self.fresh(item)

    def decide(self, item: Any, who: str = "grace", **more: Any) -> Any:
        """The chair writes the decision down and signs it; the act, settled."""
        data = {"summary": "The study may use the records.", "reasons": "It helps.", **more}
        return self.signed(who, f"/committee/items/{item.pk}/decide/", **data)

    def fresh(self, item: Any) -> Any:
        """The row as it is now."""
        from commonweal.web.committee.models import Item

        return Item.objects.select_related("version__application", "meeting").get(pk=item.pk)


def now() -> datetime:
    """A time within the terms of the home's list of people, without parts of a millisecond."""
    return datetime.now(UTC).replace(microsecond=0)
