"""People decide in the walk-through: an impact assessment, votes, agreement, signatures, dossier.

The people are those of the service's demonstration. Each signs with a key of their own, and the
ledger hears of every signature. What takes people weeks is done here within a second; nothing that
is checked is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from commonweal.demo.walkthrough import papers
from commonweal.demo.walkthrough.application import COARSER, STRUCK
from commonweal.foundation.acts import ActKind
from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import stamp
from commonweal.foundation.files import write_atomic
from commonweal.foundation.london import london_day
from commonweal.governance.agreement.make import make_agreement, make_framework
from commonweal.governance.agreement.model import AgreedParty, Agreement, Signatory
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.assessment import AssessmentRecord
from commonweal.governance.committee.conflicts import Declaration
from commonweal.governance.committee.decision import Decision, VariableDecision
from commonweal.governance.committee.membership import Membership, membership_of
from commonweal.governance.committee.outcome import Case, decide
from commonweal.governance.committee.rules import CommitteeRules, default_rules
from commonweal.governance.committee.vocabulary import Interest, Outcome
from commonweal.governance.committee.votes import Vote, cast, open_ballot
from commonweal.governance.compiling import permit_draft
from commonweal.governance.dossier.paper import Dossier, approval_digest
from commonweal.papers.act_table import ACTS
from commonweal.papers.acts import SignedAct, new_act, software_signed
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import PermitDraft
from commonweal.vault.custody import Custody, create_key, settle
from commonweal.vault.custody.acts import record_within
from commonweal.vault.custody.roster_changes import (
    PeopleList,
    adopt_roster,
    propose_roster,
    sign_roster,
)
from commonweal.vault.custody.version_papers import draft_bytes
from commonweal.web.accounts.people import PEOPLE, PUBLIC, persona

VOTERS = ("grace", "hamish", "yusuf", "irene", "jamal", "zofia")
CONFLICTED = "xanthe"
"""A member who works with the applicant, declares it, and does not vote."""
SIGNING = tuple(
    one.id for one in PEOPLE if any(set(one.roles) & rule.roles for rule in ACTS.values())
)
"""Everybody who can sign something."""
CHAIR, DPO, GUARDIAN, SIRO, OURS, THEIRS = "grace", "quentin", "owen", "priya", "vera", "colin"
FACILITATOR, RAPPORTEUR = "nadia", "leon"
CHANGERS = ("guardian", "siro")
"""Keys of the demonstration home that may change its roster."""
CONDITION = "Results are published within a year."
_ROLES = {one.id: one.roles[0] for one in PEOPLE}
POINTS: tuple[Mapping[str, str], ...] = (
    {
        "id": "groups", "heard": "Small groups may come off worse, and nobody would see it.",
        "reply": "accepted", "reason": "They are right.",
        "change": "Every figure is reported by age group and sex.",
    },
    {
        "id": "faster", "heard": "Use it in the clinic at once, if it works.",
        "reply": "not_accepted", "reason": "A study is no proof that it is safe in care.",
    },
)  # fmt: skip


def software_act(
    custody: Custody,
    who: str,
    kind: ActKind,
    verdict: str,
    subject: str,
    about: str,
    content: str | None = None,
) -> SignedAct:
    """An act of a made-up person, signed with the key that a demonstration keeps for them."""
    act = new_act(
        kind=kind, verdict=verdict, actor=who, role=_ROLES[who],  # type: ignore[arg-type]
        subject=subject, object_digest=about, content=content,
        home=custody.home.id, at=whole_milliseconds(custody.book.now()),
    )  # fmt: skip
    return software_signed(act, custody.signer(who), act.at)


# --- the roster ---------------------------------------------------------------------------------


def people_list(today: date) -> dict[str, Any]:
    """The people who sign, as somebody writes the list; each with the key that has their id."""
    began = (today - timedelta(days=60)).isoformat()
    found = []
    for id_ in SIGNING:
        one = persona(id_)
        if one is not None:
            found.append({
                "id": one.id, "name": one.name, "organisation": one.organisation[1],
                "lay": one.organisation == PUBLIC, "credentials": [{"key": one.id}],
                "roles": [{"role": role, "from": began} for role in one.roles],
            })  # fmt: skip
    return {"people_list": 1, "people": found}


def make_keys(custody: Custody) -> None:
    """A key for everybody who signs. Only a demonstration keeps keys of people."""
    for id_ in SIGNING:
        create_key(custody, id_, "person_signing")


def adopt_people(custody: Custody, file: Path) -> None:
    """Keys and the first roster, proposed in `file`, signed by two people and adopted."""
    make_keys(custody)
    listed = PeopleList.read(people_list(london_day(custody.book.now())), "The list of people")
    write_atomic(file, draft_bytes(propose_roster(custody, listed)))
    for key in CHANGERS:
        sign_roster(custody, file, key)
    adopt_roster(custody, file)


# --- from the version to the dossier ------------------------------------------------------------


@dataclass
class Deciding:
    """One application on its way to a dossier. Each method is a step; `all_steps` takes them all.

    `coarser`: forms in which the committee grants less than was asked, by table and variable.
    `voters`: the members who vote, in this order.
    """

    custody: Custody
    version: ApplicationVersion
    catalogue: Catalogue
    coarser: Mapping[tuple[str, str], str] = field(
        default_factory=lambda: {COARSER: papers.ASKED[COARSER[0]][COARSER[1]]}
    )
    rules: CommitteeRules = field(default_factory=default_rules)
    voters: tuple[str, ...] = VOTERS
    acts: list[SignedAct] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)
    votes: list[Vote] = field(default_factory=list)
    assessment: AssessmentRecord | None = None
    decision: Decision | None = None
    agreement: Agreement | None = None
    draft: PermitDraft | None = None

    def all_steps(self) -> Dossier:
        """Everything in order."""
        self.send()
        self.hold_workshop()
        self.advise()
        self.review()
        self.decide()
        self.agree()
        self.countersign()
        return self.dossier()

    def review(self) -> None:
        """What the members of the committee do: each declares and, without a conflict, votes."""
        for who in self.voters:
            self.declare(who)
        self.declare(CONFLICTED, "works_with_applicant")
        for who in self.voters:
            self.vote(who)

    def sign(
        self, who: str, kind: ActKind, verdict: str, about: str, content: str | None = None
    ) -> None:
        """An act of one person, signed, and heard of by the ledger at once."""
        signed = self.signed(who, kind, verdict, about, content)
        with self.custody.ledger.transaction() as writing:
            record_within(self.custody, writing, signed)
        self.acts.append(signed)

    def signed(
        self, who: str, kind: ActKind, verdict: str, about: str, content: str | None = None
    ) -> SignedAct:
        """An act of one person, signed with the person's key. Nobody has heard of it yet."""
        subject = self.version.application
        return software_act(self.custody, who, kind, verdict, subject, about, content)

    def send(self) -> None:
        """The applicant signs what is sent."""
        self.sign(self.version.sent_by, "send", "send", self.version.digest())

    def hold_workshop(self) -> None:
        """Ten people from the panel talked about the assessment; each point got an answer (P6)."""
        today, record = london_day(self._now()), {"workshop": 1, "points": list(POINTS)}
        plain = {
            "assessment": 1, "application": self.version.application,
            "version_digest": self.version.digest(), "route": "workshop",
            "workshop": {
                "id": "workshop-1", "facilitator": FACILITATOR, "rapporteur": RAPPORTEUR,
                "papers_sent_on": (today - timedelta(days=14)).isoformat(),
                "held_on": (today - timedelta(days=3)).isoformat(),
                "people": 10, "record_digest": digest(record),
            },
            "points": list(POINTS), "recorded_by": RAPPORTEUR, "recorded_at": stamp(self._now()),
        }  # fmt: skip
        self.assessment = AssessmentRecord.read(plain, "The record of the workshop")

    def advise(self) -> None:
        """The Data Protection Officer's advice on the impact assessment."""
        self.sign(DPO, "advise", "content", self.version.form_digest("dpia") or "")

    def declare(self, who: str, *conflicts: Interest) -> None:
        """A member says whether they have an interest of their own."""
        said = Declaration(
            declaration=1, person=who, version_digest=self.version.digest(),
            conflicts=conflicts, at=self._now(),
        )  # fmt: skip
        self.declarations.append(said)
        verdict = "conflicted" if conflicts else "none"
        self.sign(who, "conflict", verdict, self.version.digest(), said.digest())

    def vote(self, who: str, verdict: Outcome | None = None) -> None:
        """A member votes; the last lay member asks for a condition."""
        asks = who == self.voters[-1] if verdict is None else verdict == "approve_with_conditions"
        made = Vote(
            vote=1, person=who, role=_ROLES[who],  # type: ignore[arg-type]
            version_digest=self.version.digest(),
            verdict=verdict or ("approve_with_conditions" if asks else "approve"),
            reasons="It could help people with diabetes, and little is asked for.",
            conditions=(CONDITION,) if asks else (), at=self._now(),
        )  # fmt: skip
        self.votes.append(made)
        self.sign(who, "vote", made.verdict, self.version.digest(), made.digest())

    def decide(self) -> None:
        """The votes are counted by the rules, and the chair signs what they make."""
        now, members = self._now(), self._members()
        ballot = open_ballot(
            self.version.digest(), members, self.declarations, self.version.involved,
            self.voters,
            self.votes[0].at,
        )  # fmt: skip
        for one in self.votes:
            ballot = cast(ballot, one, members)
        case = Case(
            id=f"{self.version.application}-decision",
            application=self.version.application,
            version_number=self.version.number,
            version_digest=self.version.digest(),
            summary="The study may use the records, without ethnic group and with less detail.",
            reasons=("It could help people with diabetes.",),
            asked=self.version.asked,
            variables=[self._verdict(path) for path in self.version.asked],
            conditions=(CONDITION,),
            involved=self.version.involved,
            declarations=self.declarations,
        )
        self.decision = decide(case, ballot, self.rules, members, now)
        self.sign(CHAIR, "decide", self.decision.outcome, self.decision.digest())

    def agree(self) -> None:
        """The agreement is made from version and decision, and both sides accept it."""
        if self.decision is None:
            raise ValueError("nothing was decided yet")
        now, asking = self._now(), self.version.content.organisation
        sides = (
            Signatory(id=THEIRS, name="Colin Marsh", role="Registrar", side="applicant"),
            Signatory(id=OURS, name="Vera Novak", role="Chief executive", side="custodian"),
        )
        party = AgreedParty(
            name=asking.name or "", kind=asking.kind or "other", reference=asking.reference,
            part="recipient",
        )  # fmt: skip
        starts = self.version.content.period.starts or now.date()
        framework = make_framework(
            "framework-1", party, self.catalogue.custodian, sides, at=now, starts=starts,
            ends=starts + timedelta(days=1_000),
        )  # fmt: skip
        self.agreement = make_agreement(
            f"{self.version.application}-agreement", self.version, self.decision,
            self.catalogue.custodian, sides, at=now, framework=framework,
        )  # fmt: skip
        for who in (THEIRS, OURS):
            self.sign(who, "agree", "accept", self.agreement.digest())
        self.draft = permit_draft(self.version, self.decision, self.agreement, self.catalogue)

    def countersign(self) -> None:
        """Caldicott Guardian and SIRO agree to all of it."""
        for who in (GUARDIAN, SIRO):
            self.sign(who, "countersign", "agree", self.approval())

    def approval(self) -> str:
        """The digest of all that the officers countersign."""
        return approval_digest(**self._approved())

    def dossier(self) -> Dossier:
        """All of it, as it goes to the signer; the ledger gives its checkpoint first."""
        settle(self.custody)
        plain = {
            "dossier": 1,
            "home": self.custody.home.id,
            "application": self.version.application,
            **self._approved(),
            "declarations": [one.plain() for one in self.declarations],
            "votes": [one.plain() for one in self.votes],
            "acts": [one.plain() for one in self.acts],
        }
        return Dossier.read(plain, "The dossier", "CW-DOSSIER-INVALID")

    def _approved(self) -> dict[str, Any]:
        parts = (self.decision, self.agreement, self.draft, self.assessment)
        names = ("decision", "agreement", "draft", "assessment")
        found = {name: one.plain() for name, one in zip(names, parts, strict=True) if one}
        return {"version": self.version.plain(), **found}

    def _verdict(self, path: tuple[str, str, str]) -> VariableDecision:
        dataset, table, variable = path
        plain: dict[str, Any] = {"dataset": dataset, "table": table, "variable": variable}
        if (table, variable) == STRUCK:
            plain |= {"verdict": "refused", "reason": "The question is answered without it."}
        elif (table, variable) in self.coarser:
            form = self.coarser[table, variable]
            plain |= {"verdict": "coarser", "form": form, "reason": "Groups of codes are enough."}
        else:
            plain |= {"verdict": "granted"}
        return VariableDecision.read(plain, "What was decided of a variable")

    def _members(self) -> Membership:
        roster = self.custody.rosters.history().at(self._now())
        return membership_of(self.rules.id, roster.people)

    def _now(self) -> datetime:
        return whole_milliseconds(self.custody.book.now())


def whole_milliseconds(at: datetime) -> datetime:
    """`at` as papers write it."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
