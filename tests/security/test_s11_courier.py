"""S11: the web is a courier. Whoever owns the web process and its database decides nothing.

The twin is a service as services are built: votes, conflicts and signatures are rows, and a permit
is signed for what the rows say. Each attack changes rows and gets its permit there. The same attack
on ours changes whatever the web carries, and the signer refuses it: it has the acts that people
signed, what the ledger heard, and the roster.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.acts import Act, SignedAct, software_signed
from commonweal.papers.base import PaperInvalid
from commonweal.papers.issue import issue
from commonweal.papers.permit import Permit
from commonweal.papers.roster_history import RosterHistory, RosterVersion
from tests import factories, people
from tests.dossiers import Desk

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
A = people.APPLICATION
OTHER = "application-2"


class Naive:
    """The twin: a permit is issued for what the rows say."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.db = connection
        self.db.executescript(
            """
            CREATE TABLE person (id TEXT, role TEXT, joined TEXT);
            CREATE TABLE conflict (application TEXT, person TEXT);
            CREATE TABLE vote (application TEXT, person TEXT, verdict TEXT, at TEXT);
            CREATE TABLE version (application TEXT, title TEXT);
            CREATE TABLE countersigned (application TEXT, officer TEXT);
            """
        )
        for who, role in people.ROLES.items():
            self.run("INSERT INTO person VALUES (?, ?, '2024-01-01')", who, role)
        for application in (A, OTHER):
            self.run("INSERT INTO version VALUES (?, 'What was voted on')", application)

    def run(self, statement: str, *values: str) -> list[Any]:
        return self.db.execute(statement, values).fetchall()

    def vote(self, who: str, verdict: str = "approve", application: str = A) -> None:
        self.run("INSERT INTO vote VALUES (?, ?, ?, '2026-03-02')", application, who, verdict)

    def countersign(self, application: str = A) -> None:
        for who in ("guardian", "siro"):
            self.run("INSERT INTO countersigned VALUES (?, ?)", application, who)

    def permit(self, application: str = A) -> Permit | None:
        """What the service would sign; None where the rows do not allow it."""
        rows = self.run(
            "SELECT vote.person, role, verdict FROM vote JOIN person ON person.id = vote.person "
            "WHERE application = ?1 AND vote.person NOT IN "
            "(SELECT person FROM conflict WHERE application = ?1)", application,
        )  # fmt: skip
        lay = sum(role == "committee_lay" for _, role, _ in rows)
        officers = self.run("SELECT 1 FROM countersigned WHERE application = ?", application)
        no = any(verdict == "reject" for *_, verdict in rows)
        if len(rows) < 2 or 2 * lay < len(rows) or no or len(officers) < 2:
            return None
        ((title,),) = self.run("SELECT title FROM version WHERE application = ?", application)
        project = factories.draft_data()["project"] | {"title": title}
        text = issue(
            factories.draft(project=project), factories.catalogue(), factories.trust(),
            [factories.signer()], authority="committee", clock=factories.clock(),
        )  # fmt: skip
        return Permit.load(text, factories.trust())


@pytest.fixture
def naive() -> Iterator[Naive]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield Naive(connection)


def refused(desk: Desk, *codes: str, **changes: Any) -> None:
    with pytest.raises(CommonwealError) as caught:
        desk.judge(**changes)
    assert caught.value.code in codes, caught.value


def reviewed(*voters: str, **more: Any) -> Desk:
    """Everything up to the last of these votes."""
    desk = Desk(**more)
    desk.review(*voters)
    return desk


# --- votes --------------------------------------------------------------------------------------


def test_forged_votes(naive: Naive) -> None:
    naive.vote("chair")
    naive.countersign()
    assert naive.permit() is None
    naive.vote("lena")  # who never voted
    assert naive.permit()

    def stolen_key(act: Act) -> SignedAct:
        """The web knows every name and holds no one's key but one of its own."""
        key = people.key_name(act.actor) if act.actor != "lena" else "key-of-thief"
        return software_signed(act, factories.signer(key), act.at)

    desk = Desk(hand=stolen_key).complete()
    refused(desk, "CW-ACT-CREDENTIAL")
    renamed: list[SignedAct] = []
    for one in desk.acts:  # under the name of the key that the roster knows
        if one.act.actor == "lena":
            evidence = one.evidence.model_copy(update={"credential": people.key_name("lena")})
            one = one.model_copy(update={"evidence": evidence})
            desk.records[one.act.id] = replace(desk.records[one.act.id], digest=one.digest())
        renamed.append(one)
    desk.acts = renamed
    refused(desk, "CW-ACT-EVIDENCE")
    # A row alone, without any act.
    desk = reviewed("chair", "lena")
    desk.finish()
    desk.votes.append(dict(desk.votes[0], person="luke", role="committee_lay"))
    refused(desk, "CW-DOSSIER-DIGEST")


def dissent(desk: Desk) -> None:
    """Two say yes and one says no."""
    desk.send()
    desk.advise()
    for who in ("chair", "lena", "luke"):
        desk.declare(who)
    desk.vote("luke", "reject")
    desk.vote("chair")
    desk.vote("lena")


def test_a_vote_against_is_dropped(naive: Naive) -> None:
    for who, verdict in (("luke", "reject"), ("chair", "approve"), ("lena", "approve")):
        naive.vote(who, verdict)
    naive.countersign()
    assert naive.permit() is None
    naive.run("DELETE FROM vote WHERE verdict = 'reject'")
    assert naive.permit()
    desk = Desk()
    dissent(desk)
    gone = next(one for one in desk.acts if one.act.verdict == "reject")
    desk.acts.remove(gone)
    desk.votes = [part for part in desk.votes if digest(part) != gone.act.content]
    desk.finish()
    refused(desk, "CW-DOSSIER-ACT-MISSING")


def test_a_vote_against_is_turned(naive: Naive) -> None:
    naive.vote("chair")
    naive.vote("lena", "reject")
    naive.countersign()
    naive.run("UPDATE vote SET verdict = 'approve'")
    assert naive.permit()
    desk = Desk()
    dissent(desk)
    for part in desk.votes:
        part["verdict"] = "approve"
    desk.finish()
    refused(desk, "CW-DOSSIER-DIGEST")
    # In the act as well: then it is not what luke's key signed.
    desk = Desk()
    dissent(desk)
    plain = [one.plain() for one in desk.acts]
    for one in plain:
        if one["act"]["verdict"] == "reject":
            one["act"]["verdict"] = "approve"
            one["act"]["statement"] = one["act"]["statement"].replace("reject", "approve")
    desk.acts = [SignedAct.load(one) for one in plain]
    desk.finish()
    refused(desk, "CW-ACT-NOT-RECORDED")
    desk.records = {
        one.act.id: replace(desk.records[one.act.id], digest=one.digest()) for one in desk.acts
    }
    refused(desk, "CW-ACT-EVIDENCE")


def test_the_version_is_swapped_after_the_votes(naive: Naive) -> None:
    naive.vote("chair")
    naive.vote("lena")
    naive.countersign()
    naive.run("UPDATE version SET title = 'Something nobody saw'")
    permit = naive.permit()
    assert permit is not None
    assert permit.project.title == "Something nobody saw"
    for before in ("votes", "decision", "countersignature"):
        desk = reviewed("chair", "lena")
        if before != "votes":
            desk.finish()
        desk.version["draft"]["project"]["title"] = "Something nobody saw"
        if before == "votes":
            desk.finish()
        refused(desk, "CW-DOSSIER-DIGEST", "CW-DOSSIER-DRAFT")
    # Only the permit's draft, after the officers saw another.
    desk = Desk().complete()
    desk.draft["data"] = desk.draft["data"][:1]
    desk.draft["delivery"] = "handover"
    refused(desk, "CW-DOSSIER-DRAFT")


# --- people -------------------------------------------------------------------------------------


def test_votes_of_people_who_left(naive: Naive) -> None:
    naive.vote("chair")
    naive.countersign()
    naive.run("INSERT INTO vote VALUES (?, 'lena', 'approve', '2026-03-02')", A)  # left in January
    assert naive.permit()
    left = people.person(
        "lena", roles=[{"role": "committee_lay", "from": "2024-01-01", "until": "2026-01-31"}]
    )
    everybody = [people.person(id_) for id_ in people.NAMES if id_ != "lena"]
    known = people.history(people.roster(people=[*everybody, left]))
    desk = reviewed("chair", "lena", history=known)
    desk.finish()
    refused(desk, "CW-ACT-ROLE")
    desk = reviewed("chair", "lena", history=people.history(people.roster("lena")))
    desk.finish()
    refused(desk, "CW-ACT-PERSON")


def test_a_vote_with_a_conflict_is_counted(naive: Naive) -> None:
    naive.vote("chair")
    naive.vote("lena")
    naive.countersign()
    naive.run("INSERT INTO conflict VALUES (?, 'lena')", A)
    assert naive.permit() is None
    naive.run("DELETE FROM conflict")
    assert naive.permit()

    def conflicted() -> Desk:
        desk = Desk()
        desk.send()
        desk.advise()
        for who, *why in (("chair",), ("lena", "money")):
            desk.declare(who, *why)
            desk.vote(who)
        return desk

    desk = conflicted()
    desk.finish()
    refused(desk, "CW-DOSSIER-CONFLICT")
    # Left out, and another declaration in its place.
    desk = conflicted()
    gone = next(one for one in desk.acts if one.act.verdict == "conflicted")
    desk.acts.remove(gone)
    desk.declarations = [part for part in desk.declarations if digest(part) != gone.act.content]
    desk.declare("lena")
    desk.finish()
    refused(desk, "CW-DOSSIER-CONFLICT", "CW-DOSSIER-ACT-MISSING")


def test_one_person_votes_as_two(naive: Naive) -> None:
    naive.vote("lena")
    naive.countersign()
    assert naive.permit() is None
    naive.run("INSERT INTO person VALUES ('lena2', 'committee_lay', '2024-01-01')")
    naive.vote("lena2")
    assert naive.permit()
    # A second account with the same key, or the same name, is in no roster.
    for twin in (
        people.person("luke", credentials=[people.software("lena")]),
        people.person("luke", name="LENA  lay"),
        people.person("luke", id="Lena"),
    ):
        with pytest.raises(PaperInvalid):
            people.roster(people=[people.person("lena"), twin])
    # Two votes of one account count once, in whichever roles.
    both = people.person(
        "lena",
        lay=False,
        roles=[
            {"role": "committee_member", "from": "2024-01-01"},
            {"role": "committee_chair", "from": "2024-01-01"},
        ],
    )
    everybody = [people.person(id_) for id_ in people.NAMES if id_ != "lena"]
    known = people.history(people.roster(people=[*everybody, both]))
    desk = Desk(history=known)
    desk.send()
    desk.advise()
    said = {
        "person": "lena", "version_digest": digest(desk.version), "conflicts": [],
        "at": "2026-03-02T09:00:00.000Z",
    }  # fmt: skip
    desk.declarations.append(said)
    desk.sign(
        "lena", "conflict", "none", digest(desk.version), content=digest(said),
        role="committee_member",
    )  # fmt: skip
    desk.declare("luke")
    for role in ("committee_member", "committee_chair"):
        desk.vote("lena", role=role)
    desk.vote("luke")
    desk.decide()
    desk.agree()
    desk.countersign()
    refused(desk, "CW-DOSSIER-OUTCOME", "CW-DOSSIER-SIDES")  # three votes are not what was cast
    assert desk.decision["votes"]["cast"] == 2


# --- replay, time, roster -----------------------------------------------------------------------


def test_acts_of_another_application_are_used_again(naive: Naive) -> None:
    for who in ("chair", "lena"):
        naive.vote(who, application=OTHER)
    naive.countersign(OTHER)
    assert naive.permit() is None
    for table in ("vote", "countersigned"):
        naive.run(f"UPDATE {table} SET application = ?", A)
    assert naive.permit()
    other = Desk(application=OTHER).complete()
    desk = Desk()
    for one in other.acts:
        desk.acts.append(one)
        desk.hear(one)
    desk.declarations, desk.votes = other.declarations, other.votes
    desk.decision, desk.agreement, desk.draft = other.decision, other.agreement, other.draft
    desk.now = other.now
    refused(desk, "CW-DOSSIER-ACT-EXTRA")
    # With the application's name written over, no signature fits any more.
    desk.acts = [
        SignedAct.load(
            one.plain() | {"act": one.plain()["act"] | {
                "subject": A, "statement": one.act.statement.replace(OTHER, A),
            }}
        )
        for one in other.acts
    ]  # fmt: skip
    desk.records = {}
    for one in desk.acts:
        desk.hear(one, heard=one.act.at)
    refused(desk, "CW-ACT-EVIDENCE")
    # And what made one permit makes no second.
    for one in other.acts:
        other.use(one)
    refused(other, "CW-ACT-USED")


def test_a_countersignature_on_another_text(naive: Naive) -> None:
    naive.vote("chair")
    naive.vote("lena")
    naive.countersign()  # the row does not even say on what
    assert naive.permit()
    for change in ({"agreement": "clauses"}, {"decision": "reasons"}, {"draft": "conditions"}):
        desk = reviewed("chair", "lena")
        desk.decide()
        desk.agree()
        ((part, key),) = change.items()
        honest = getattr(desk, part)
        setattr(desk, part, honest | {key: ["What the officers were shown."]})
        desk.countersign()
        setattr(desk, part, honest)
        refused(desk, "CW-DOSSIER-DIGEST")
    # Countersigned before the committee had decided: officers never go first.
    desk = Desk().complete()
    officers = [one for one in desk.acts if one.act.kind == "countersign"]
    for number, one in enumerate(officers):
        record = desk.records[one.act.id]
        desk.records[one.act.id] = replace(record, heard=replace(record.heard, entry=50 + number))
    refused(desk, "CW-DOSSIER-ORDER")


def test_the_roster_was_changed_an_hour_ago(naive: Naive) -> None:
    naive.vote("chair")
    naive.countersign()
    naive.run("INSERT INTO person VALUES ('friend', 'committee_lay', '2026-03-02')")
    naive.vote("friend")
    assert naive.permit()
    first = people.roster("luke")
    changed = people.roster(version=2, previous=first.digest())
    adopted = factories.NOW - HOUR
    known = RosterHistory((
        RosterVersion(first, people.EARLIER, people.EARLIER, entry=1),
        RosterVersion(changed, adopted, adopted + timedelta(hours=72), entry=2),
    ))  # fmt: skip
    desk = reviewed("chair", "luke", history=known)
    desk.finish()
    refused(desk, "CW-ACT-PERSON")
    later = Desk(history=known, now=adopted + timedelta(hours=73))
    later.review("chair", "luke")
    later.finish()
    assert later.judge()


def backdated(desk: Desk, who: str, by: timedelta) -> None:
    """A vote that says it was cast earlier than the ledger heard of it."""
    now = desk.now
    desk.now = now - by
    said = {
        "person": who, "role": people.ROLES[who], "version_digest": digest(desk.version),
        "verdict": "approve", "round": 1, "reasons": "Late", "at": "2026-02-25T09:00:00.000Z",
    }  # fmt: skip
    desk.votes.append(said)
    signed = people.signed(
        who, "vote", "approve", digest(desk.version), desk.now, content=digest(said)
    )
    desk.now = now
    desk.put(signed)


def test_a_backdated_act(naive: Naive) -> None:
    naive.vote("chair")
    naive.countersign()
    naive.run("INSERT INTO vote VALUES (?, 'lena', 'approve', '2026-01-15')", A)  # when in office
    assert naive.permit()
    desk = Desk()
    desk.send()
    desk.advise()
    for who in ("chair", "lena"):
        desk.declare(who)
    desk.vote("chair")
    backdated(desk, "lena", timedelta(days=5))
    desk.finish()
    refused(desk, "CW-ACT-TIME")


# --- everything at once -------------------------------------------------------------------------

WEB: dict[str, Callable[[Desk], object]] = {
    "no act at all": lambda d: d.acts.clear(),
    "acts of nobody": lambda d: [
        d.put(people.signed("lena", "vote", "approve", digest(d.version), d.now,
                            content=digest(d.votes[0]), key="key-of-thief"))
    ],
    "an act nobody heard of": lambda d: d.records.clear(),
    "another roster in the dossier's words": lambda d: d.version.update(involved=[]),
    "a lay member's word": lambda d: d.decision["votes"].update(lay=4),
    "a home's name": lambda d: setattr(d, "home", "home-2"),
}  # fmt: skip


@pytest.mark.parametrize("attack", WEB.values(), ids=WEB.keys())
def test_whatever_the_web_makes_up(attack: Callable[[Desk], object]) -> None:
    desk = Desk().complete()
    assert desk.judge()
    attack(desk)
    with pytest.raises(CommonwealError):
        desk.judge()
