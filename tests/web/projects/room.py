"""A project on its road from a decision to a permit, with real keys on a real ledger.

What other apps write (desk, committee) is built here from the same papers and signed acts, so that
these tests stand on rules and rows alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from commonweal.foundation.acts import ActKind
from commonweal.governance.application.drafts import as_typed, read_draft
from commonweal.governance.application.version import freeze
from commonweal.governance.committee.conflicts import Declaration
from commonweal.governance.committee.decision import VariableDecision
from commonweal.governance.committee.membership import membership_of
from commonweal.governance.committee.outcome import Case, decide
from commonweal.governance.committee.rules import default_rules
from commonweal.governance.committee.votes import Vote, cast, open_ballot
from commonweal.papers.acts import new_act, software_signed
from commonweal.papers.base import Paper
from commonweal.vault.custody import Custody
from commonweal.vault.custody.acts import record_within, records_about
from tests.applications import content_data, forms
from tests.web.signing_room import signer

VOTERS = ("grace", "hamish", "yusuf", "irene", "jamal", "zofia")
ROLES = {
    "amara": "applicant", "grace": "committee_chair", "hamish": "committee_member",
    "yusuf": "committee_member", "irene": "committee_lay", "jamal": "committee_lay",
    "zofia": "committee_lay", "quentin": "dpo", "colin": "signatory_applicant",
    "vera": "signatory_custodian", "owen": "caldicott_guardian", "priya": "siro",
    "edward": "ig_officer",
}  # fmt: skip
_WRITTEN_ON = date(2026, 3, 2)


def content_today(today: date, **changes: Any) -> dict[str, Any]:
    """The tests' own application, moved in time so that it may be sent today."""
    moved = today - _WRITTEN_ON

    def later(found: re.Match[str]) -> str:
        return f'"{(date.fromisoformat(found[1]) + moved).isoformat()}"'

    plain = json.loads(re.sub(r'"(\d{4}-\d{2}-\d{2})"', later, json.dumps(content_data())))
    ends = today.year if today.month <= 6 else today.year + 1
    plain["places"][0]["assurance"]["year"] = f"{ends - 1}-{ends % 100:02}"
    plain["people"][0]["account"] = "amara"
    for one in plain["declarations"]:
        one["by"] = "amara"
    return plain | changes


def user(who: str) -> Any:
    from commonweal.web.accounts.models import User

    return User.objects.get(public_id=who)


def code(act: Callable[[], Any]) -> str:
    """The code with which something is refused; empty where it is not."""
    from commonweal.foundation.errors import CommonwealError

    try:
        act()
    except CommonwealError as error:
        return error.code
    return ""


@dataclass
class Road:
    """One project in a home of its own. Each method is a step that people take."""

    home: Path
    application: Any = None
    version: Any = None
    paper: Any = None
    votes: list[Vote] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)
    opened: Custody | None = None
    whole: bool = False
    """With answers to the form that could be sent by the service's own use case."""

    # --- signing ------------------------------------------------------------------------------

    def sign(self, act: Any) -> Any:
        """The person signs an act that was proposed, and the signer settles it."""
        from commonweal.web.signing.services import ask_signature, settle
        from commonweal.web.signing.workers import SignerRoom

        ask_signature(act.person, act.pk)
        with signer(self.home) as custody:
            return settle(act.pk, SignerRoom(custody))

    def act(
        self, who: str, kind: ActKind, verdict: str, about: str, content: Paper | None = None
    ) -> Any:
        """An act that another app followed up: signed, heard of by the ledger, and kept."""
        from django.conf import settings

        from commonweal.web.config import clock
        from commonweal.web.signing.models import HEARD, Act

        paper = new_act(
            kind=kind, verdict=verdict, actor=who, role=ROLES[who],  # type: ignore[arg-type]
            subject=self.application.reference, object_digest=about, home=settings.HOME.id,
            at=clock.now(), content=None if content is None else content.digest(),
        )  # fmt: skip
        with self.custody() as custody:
            signed = software_signed(paper, custody.signer(who), paper.at)
            with custody.ledger.transaction() as writing:
                record_within(custody, writing, signed)
            heard = records_about(custody, paper.subject).heard(signed).heard
        return Act.objects.create(
            id=paper.id, person=user(who), kind=kind, verdict=verdict, role=paper.role,
            subject=paper.subject, object_digest=about, paper=paper.canonical(),
            content=None if content is None else content.canonical(), back="/",
            evidence=signed.plain()["evidence"], state=HEARD, made_at=paper.at,
            expires_at=paper.expires, signed_at=paper.at, settled_at=clock.now(),
            heard_at=heard.at, entry=heard.entry,
        )  # fmt: skip

    def work(self) -> None:
        """The signer's worker takes each of its steps once."""
        from commonweal.web.projects.workers import steps

        with signer(self.home) as custody:
            for step in steps("signer"):
                step(custody)

    def answers(self) -> Any:
        from commonweal.governance.application.answered import answered
        from commonweal.governance.forms.library.shelf import our_library
        from tests.web.applications.conftest import dpia

        if not self.whole:
            return forms()
        content = read_draft({})
        return {"dpia": answered(our_library().form("dpia"), dpia(), content)}

    # --- up to the decision -------------------------------------------------------------------

    def send(self, who: str = "amara", **changes: Any) -> None:
        from commonweal.web.applications import services
        from commonweal.web.applications.catalogues import catalogue_for
        from commonweal.web.applications.models import Draft, Version
        from commonweal.web.config import clock
        from commonweal.web.ledgerlink.models import governed_write

        person = user(who)
        membership = person.memberships.filter(role="applicant").order_by("pk").last()
        self.application = services.begin(person, membership)
        content = read_draft(content_today(clock.today(), **changes))
        Draft.objects.filter(pk=self.application.pk).update(
            content=as_typed(content), title=content.project.title
        )
        now = clock.now()
        self.paper = freeze(
            self.application.reference, 1, content, self.answers(), at=now, by=who,
            catalogue=catalogue_for("hospital"),
        )  # fmt: skip
        with governed_write():
            self.version = Version(
                application=self.application, number=1, content=self.paper.canonical(),
                digest=self.paper.digest(), salt=b"s" * 32, sent_at=now, sent_by=person,
            )  # fmt: skip
            self.version.save()
            self.application.state = "with_committee"
            self.application.save()
        self.act(who, "send", "send", self.paper.digest())
        self.act("quentin", "advise", "content", self.paper.form_digest("dpia"))

    def review(self, voters: tuple[str, ...] = VOTERS) -> None:
        from commonweal.web.config import clock

        about = self.paper.digest()
        for who in voters:
            said = Declaration(
                declaration=1, person=who, version_digest=about, conflicts=(), at=clock.now()
            )
            self.declarations.append(said)
            self.act(who, "conflict", "none", about, said)
        for who in voters:
            vote = Vote(
                vote=1, person=who, role=ROLES[who], version_digest=about, verdict="approve",
                reasons="It helps people, and little is asked for.", conditions=(),
                at=clock.now(),
            )  # fmt: skip
            self.votes.append(vote)
            self.act(who, "vote", "approve", about, vote)

    def decide(self) -> None:
        from commonweal.web.committee.models import Decision
        from commonweal.web.config import clock
        from commonweal.web.ledgerlink.models import governed_write
        from commonweal.web.signing.services import roster

        rules = default_rules()
        known = roster()
        assert known is not None
        members = membership_of(rules.id, known.people)
        voters = tuple(one.person for one in self.votes)
        ballot = open_ballot(
            self.paper.digest(), members, self.declarations, self.paper.involved, voters,
            self.votes[0].at,
        )  # fmt: skip
        for one in self.votes:
            ballot = cast(ballot, one, members)
        case = Case(
            id=f"{self.application.reference}-decision", application=self.application.reference,
            version_number=1, version_digest=self.paper.digest(),
            summary="The study may use the records.", reasons=("It helps people with asthma.",),
            asked=self.paper.asked, variables=[_granted(path) for path in self.paper.asked],
            conditions=(), involved=self.paper.involved, declarations=self.declarations,
        )  # fmt: skip
        now = clock.now()
        paper = decide(case, ballot, rules, members, now)
        act = self.act("grace", "decide", paper.outcome, paper.digest())
        with governed_write():
            Decision(
                version=self.version, reference=paper.id,
                title=str(self.paper.content.project.title),
                content=paper.canonical(), digest=paper.digest(), outcome=paper.outcome,
                act=act.pk, made_at=paper.decided_at,
                published_at=paper.decided_at,
            ).save()  # fmt: skip
            self.application.state = "approved"
            self.application.save()

    # --- from the decision to the permit ------------------------------------------------------

    def sides(self, theirs: str = "colin", ours: str = "vera") -> dict[str, Any]:
        from commonweal.web.projects.services import Side

        return {
            "applicant": Side(user(theirs), "Registrar"),
            "custodian": Side(user(ours), "Chief executive"),
        }

    def framework(self, days: int = 1500, *, accepted: bool = True) -> Any:
        from commonweal.web.config import clock
        from commonweal.web.projects import services
        from commonweal.web.projects.signing import accept_framework

        today = clock.today()
        row = services.offer_framework(
            user("edward"), self.application, self.sides(), today, today + timedelta(days=days)
        )
        for who in ("colin", "vera") if accepted else ():
            row.refresh_from_db()
            self.heard(accept_framework(user(who), row, frozenset({ROLES[who]})))
        row.refresh_from_db()
        return row

    def offer(self) -> Any:
        from commonweal.web.projects import services

        return services.offer(user("edward"), self.application, self.sides())

    def accept(self, *who: str) -> None:
        from commonweal.web.projects.signing import accept

        for one in who or ("colin", "vera"):
            self.heard(accept(user(one), self.agreement))

    def countersign(self, *who: str, verdict: str = "agree", words: str = "") -> None:
        from commonweal.web.projects.signing import countersign

        for one in who or ("owen", "priya"):
            self.heard(countersign(user(one), self.agreement, verdict, words))

    def take(self, who: str, kind: str, reason: str = "") -> Any:
        from commonweal.web.projects.signing import take_step

        return self.heard(take_step(user(who), self.permit, kind, reason))

    def heard(self, act: Any) -> Any:
        settled = self.sign(act)
        assert settled.state == "heard", (settled.code, settled.sentence)
        return settled

    def decided(self, **changes: Any) -> Road:
        with signer(self.home) as self.opened:
            self.send(**changes)
            self.review()
            self.decide()
        self.opened = None
        return self

    def agreed(self) -> Road:
        self.framework()
        self.offer()
        self.accept()
        return self

    def countersigned(self) -> Road:
        self.agreed()
        self.countersign()
        return self

    def permitted(self) -> Road:
        self.countersigned()
        self.work()
        return self

    # --- what there is ------------------------------------------------------------------------

    @property
    def agreement(self) -> Any:
        from commonweal.web.projects.models import Agreement

        return Agreement.objects.filter(application=self.application).last()

    @property
    def order(self) -> Any:
        from commonweal.web.projects.models import PermitOrder

        return PermitOrder.objects.filter(agreement=self.agreement).first()

    @property
    def permit(self) -> Any:
        from commonweal.web.projects.models import Permit

        return Permit.objects.filter(application=self.application).first()

    @contextmanager
    def custody(self) -> Iterator[Custody]:
        if self.opened is not None:
            yield self.opened
            return
        with signer(self.home) as opened:
            yield opened

    def on_ledger(self) -> Any:
        """Where the permit of the version stands on the ledger, or None."""
        with signer(self.home) as opened:
            return opened.ledger.permit_standing(self.paper.permit_id)


def _granted(path: tuple[str, str, str]) -> VariableDecision:
    dataset, table, variable = path
    plain = {"dataset": dataset, "table": table, "variable": variable, "verdict": "granted"}
    return VariableDecision.read(plain, "What was decided of a variable")


# --- what somebody does who owns the database -------------------------------------------------


def put(row: Any, **values: Any) -> None:
    """What somebody does who owns the database."""
    from commonweal.web.ledgerlink.models import governed_write

    with governed_write():
        type(row).objects.filter(pk=row.pk).update(**values)


def ordered(road: Road) -> None:
    """Somebody who owns the database orders the permit."""
    from commonweal.web.config import clock
    from commonweal.web.projects.models import PermitOrder

    put(road.agreement, state="countersigned")
    PermitOrder.objects.update_or_create(
        agreement=road.agreement,
        defaults={"state": "waiting", "dossier": None, "made_at": clock.now()},
    )


def refused(road: Road) -> str:
    """The signer refuses, says why, and nothing is lost or half done; the code."""
    road.work()
    assert (road.order.state, road.permit, road.on_ledger()) == ("refused", None, None)
    assert road.agreement.state == "countersigned"
    assert road.order.sentence.endswith(".")
    return str(road.order.code)
