# ruff: noqa: F811 (fixtures of the service, asked for by name)
"""S11 in the service: whoever owns its database writes what they like, and nothing comes of it.

The twin is a signer that believes the service's rows: what a row calls heard, it counts; what an
intent says, it puts on its ledger; where rows say yes it makes a permit. Each attack gets its way
there. Ours is the signer of this house, with all steps of all its apps, on the same rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.entry import Actor, Event, entry_bytes, intent_hash, read_entry
from commonweal.papers.acts import Act as ActPaper
from commonweal.papers.acts import SignedAct, new_act, software_signed
from tests import factories
from tests.authenticator import Authenticator
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.signing.conftest import Noted, noted, proposed  # noqa: F401 (fixtures)
from tests.web.signing_room import sign_now, signer

pytestmark = pytest.mark.usefixtures("db")
A = "a-bcdfghjkmn"
HASH = "sha256:" + "a" * 64
COMMITMENT = "hmac-sha256:" + "b" * 64


# --- what an owner of the database can do ---------------------------------------------------------


def run(statement: str, *values: Any) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        return cursor.fetchall() if cursor.description else []


def forged_row(table: str, **given: Any) -> None:
    """A row in any table of the service, with something of the right kind in every column."""
    from commonweal.web.config import clock

    columns = [row[1:4] for row in run(f"PRAGMA table_info({table})") if row[1] != "id"]
    values = {}
    for name, kind, needed in columns:
        if name in given:
            values[name] = given[name]
        elif needed:
            made = {"int": 1, "bool": 0, "blob": b"x", "date": clock.now().isoformat()}
            values[name] = next((v for k, v in made.items() if k in kind.lower()), "x")
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("%s" for _ in values)
    run("PRAGMA ignore_check_constraints = ON")
    try:
        run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())
    finally:  # the connection is that of all tests of this process
        run("PRAGMA ignore_check_constraints = OFF")


def person(who: str) -> Any:
    from commonweal.web.accounts.models import User

    return User.objects.get(public_id=who)


def paper(who: str, role: str, kind: str, verdict: str, **more: Any) -> ActPaper:
    from django.conf import settings

    from commonweal.web.config import clock

    fields = {"subject": A, "object_digest": HASH, "home": settings.HOME.id, "at": clock.now()}
    return new_act(kind=kind, verdict=verdict, actor=who, role=role, **(fields | more))  # type: ignore[arg-type]


def act_row(act: ActPaper, state: str, evidence: Any = None, **more: Any) -> Any:
    """An act that nobody proposed and nobody signed, in any state."""
    from commonweal.web.signing.models import Act

    heard = {"heard_at": act.at, "entry": 1, "settled_at": act.at} if state == "heard" else {}
    fields = {
        "id": act.id, "person": person(act.actor), "kind": act.kind, "verdict": act.verdict,
        "role": act.role, "subject": act.subject, "object_digest": act.object_digest,
        "paper": act.canonical(), "evidence": evidence, "back": "/", "state": state,
        "made_at": act.at, "expires_at": act.expires, "signed_at": act.at, **heard, **more,
    }  # fmt: skip
    return Act.objects.create(**fields)


def intent_row(event: Event) -> None:
    """An intent with the right hash, which no use case of the service wrote."""
    from commonweal.web.config import clock

    at = clock.now()
    body = entry_bytes(event, at)
    hashed = intent_hash(stamp(at), body)
    run(
        "INSERT INTO ledgerlink_intent (log, type, permit, body, body_hash, stamped, actor_id) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s)",
        event.definition.log, event.type, event.permit, body, hashed, stamp(at), event.actor.id,
    )  # fmt: skip


# --- the twin -------------------------------------------------------------------------------------


class Naive:
    """A signer that believes what the rows say."""

    def heard(self, kind: str) -> list[str]:
        rows = run("SELECT person_id FROM signing_act WHERE kind = %s AND state IN "
                   "('heard', 'signed', 'asked')", kind)  # fmt: skip
        return [str(row[0]) for row in rows]

    def ledger(self) -> list[str]:
        return [str(row[0]) for row in run("SELECT type FROM ledgerlink_intent ORDER BY id")]

    def permits(self) -> bool:
        return len(set(self.heard("countersign"))) >= 2 and bool(self.heard("decide"))


# --- ours -----------------------------------------------------------------------------------------


@pytest.fixture
def signer_works(web_home: Path) -> Callable[[], list[str]]:
    """Let every step of the signer's room run; gives the types of what is new on the ledger.

    The ledger is sound afterwards, and no permit is new on it.
    """
    from django.db import transaction

    from commonweal.web.config.workers import steps_of

    with signer(web_home) as custody:
        for step in steps_of("signer"):  # what waited before the attack
            while step(custody):
                pass
        before = _entries(custody)

    def work() -> list[str]:
        with signer(web_home) as custody:
            for step in steps_of("signer"):
                with suppress(Exception), transaction.atomic():
                    step(custody)
            new = _entries(custody)[len(before) :]
        return [entry["type"] for entry in new]

    return work


def _entries(custody: Any) -> list[dict[str, Any]]:
    with custody.ledger.reading() as connection:
        rows = connection.execute("SELECT body FROM intent ORDER BY id").fetchall()
    return [read_entry(body) for (body,) in rows]


DECIDING = {"act.recorded", "act.used", "permit.issued", "permit.resumed", "application.decided",
            "officer.countersigned", "vote.cast", "roster.changed", "trust.policy_changed",
            "release.completed", "agreement.accepted"}  # fmt: skip


def about(home: Path, subject: str = A) -> dict[str, Any]:
    from commonweal.vault.custody.acts import records_about

    with signer(home) as custody:
        return dict(records_about(custody, subject).acts)


def state_of(row: Any) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.code


# --- acts that nobody signed ----------------------------------------------------------------------


def test_rows_that_say_they_were_heard(web_home: Path, signer_works: Any) -> None:
    """Votes, a decision and both countersignatures, all called heard."""
    for who, role, kind, verdict in (
        ("grace", "committee_chair", "vote", "approve"),
        ("irene", "committee_lay", "vote", "approve"),
        ("grace", "committee_chair", "decide", "approve"),
        ("owen", "caldicott_guardian", "countersign", "agree"),
        ("priya", "siro", "countersign", "agree"),
    ):
        content = HASH if kind == "vote" else None
        act_row(paper(who, role, kind, verdict, content=content), "heard")
    assert Naive().permits()
    assert set(signer_works()) & DECIDING == set()
    assert about(web_home) == {}


def test_rows_in_every_table_that_say_yes(web_home: Path, signer_works: Any) -> None:
    """Votes, decisions, agreements, permits: the tables of all who decide."""
    names = [row[0] for row in run("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = [name for name in names if name.startswith(("committee_", "desk_", "projects_"))]
    assert len(tables) >= 3
    yes = {"verdict": "approve", "outcome": "approve", "state": "approved", "reference": A,
           "application": A, "subject": A}  # fmt: skip
    for table in tables:
        forged_row(table, **yes)
    for who, role in (("owen", "caldicott_guardian"), ("priya", "siro")):
        act_row(paper(who, role, "countersign", "agree"), "heard")
    act_row(paper("grace", "committee_chair", "decide", "approve"), "heard")
    assert Naive().permits()
    assert set(signer_works()) & DECIDING == set()
    assert about(web_home) == {}


def _stolen_key(act: ActPaper) -> SignedAct:
    return software_signed(act, factories.signer("thief"), act.at)


def _key_of_this_name(act: ActPaper) -> SignedAct:
    return software_signed(act, factories.signer(act.actor), act.at)


def _security_key(act: ActPaper) -> SignedAct:
    return Authenticator("thief's").sign(act, rp_id="localhost", origin="http://localhost:8000")


@pytest.mark.parametrize("forge", [_stolen_key, _key_of_this_name, _security_key])
def test_evidence_that_was_forged(
    web_home: Path,
    noted: Noted,
    signer_works: Any,
    forge: Callable[[ActPaper], SignedAct],
) -> None:
    act = paper("quentin", "dpo", "advise", "content")
    row = act_row(act, "signed", forge(act).plain()["evidence"])
    assert Naive().heard("advise")
    assert set(signer_works()) & DECIDING == set()
    assert state_of(row)[0] == "refused"
    assert state_of(row)[1] in ("CW-ACT-CREDENTIAL", "CW-ACT-EVIDENCE")
    assert (about(web_home), noted.followed) == ({}, [])


def test_a_key_that_was_put_on_the_list_the_service_knows(
    web_home: Path,
    noted: Noted,
    signer_works: Any,
) -> None:
    """The service's copy of the roster is for showing: the signer has the true one."""
    from commonweal.web.signing.models import KnownRoster

    thief = Authenticator("thief's")
    row = KnownRoster.objects.last()
    content = json.loads(json.dumps(row.content))
    (quentin,) = [one for one in content["people"] if one["id"] == "quentin"]
    quentin["credentials"] = [thief.credential()]
    content |= {"version": 99, "previous": None,
                "site": {"rp_id": "localhost", "origins": ["http://localhost:8000"]}}  # fmt: skip
    KnownRoster.objects.create(version=99, content=content, told_at=row.told_at)
    act = paper("quentin", "dpo", "advise", "content")
    signed = thief.sign(act, rp_id="localhost", origin="http://localhost:8000")
    forged = act_row(act, "signed", signed.plain()["evidence"])
    assert Naive().heard("advise")
    assert set(signer_works()) & DECIDING == set()
    assert state_of(forged) == ("refused", "CW-ACT-CREDENTIAL")
    assert noted.followed == []


# --- acts that somebody signed, and somebody else changed -----------------------------------------


@pytest.mark.parametrize("part", ["row", "paper"])
def test_a_verdict_that_was_turned_round_after_it_was_signed(
    web_home: Path,
    noted: Noted,
    signer_works: Any,
    part: str,
) -> None:
    """Quentin signs that he is not content. The row, or the paper in it, then says that he is."""
    no = paper("quentin", "dpo", "advise", "not_content")
    yes = paper("quentin", "dpo", "advise", "content", at=no.at).model_copy(update={"id": no.id})
    with signer(web_home) as custody:
        signed = software_signed(no, custody.signer("quentin"), no.at)
    row = act_row(no, "signed", signed.plain()["evidence"])
    changed = {"verdict": "content"} | ({"paper": yes.canonical()} if part == "paper" else {})
    type(row).objects.filter(pk=row.pk).update(**changed)
    assert Naive().heard("advise")
    assert set(signer_works()) & DECIDING == set()
    assert state_of(row)[0] == "refused"
    assert (about(web_home), noted.followed) == ({}, [])


@pytest.mark.parametrize("change", [{"subject": "a-another"}, {"id": "z" * 32}, {}])
def test_an_act_that_comes_again(
    web_home: Path,
    noted: Noted,
    signer_works: Any,
    change: dict[str, str],
) -> None:
    """A true act of Quentin's, copied for another application, under another id, or as it was."""
    true = sign_now(web_home, proposed())
    signer_works()
    evidence, act = true.evidence, true.act.model_copy(update=change)
    pk = change.get("id", "y" * 32)
    copy = act_row(act, "signed", evidence, id=pk, object_digest=act.object_digest)
    assert len(Naive().heard("advise")) == 2
    new = signer_works()
    assert new.count("act.recorded") == 1  # the first time
    assert state_of(copy)[0] == "refused"
    assert noted.followed == [true.pk]


def test_somebody_elses_role(web_home: Path, noted: Noted, signer_works: Any) -> None:
    """Priya is no Data Protection Officer. The service is made to say that she is."""
    run("UPDATE accounts_membership SET role = 'dpo' WHERE user_id = %s", person("priya").pk)
    act = paper("priya", "dpo", "advise", "content")
    with signer(web_home) as custody:
        signed = software_signed(act, custody.signer("priya"), act.at)
    row = act_row(act, "signed", signed.plain()["evidence"])
    assert Naive().heard("advise")
    assert set(signer_works()) & DECIDING == set()
    assert state_of(row) == ("refused", "CW-ACT-ROLE")
    assert (about(web_home), noted.followed) == ({}, [])


def test_a_real_person_called_made_up(web_home: Path, noted: Noted, signer_works: Any) -> None:
    """The signer signs for the demonstration's own people, whom it knows, and for nobody else."""
    from commonweal.web.accounts.models import User

    User.objects.create_user("real@example.org", "Real", public_id="real", is_made_up=True)
    row = act_row(paper("real", "dpo", "advise", "content"), "asked")
    assert Naive().heard("advise")
    assert set(signer_works()) & DECIDING == set()
    assert state_of(row) == ("refused", "CW-ACT-SOFTWARE-KEY")
    assert noted.followed == []


def test_in_a_home_for_real_data_no_key_of_the_home_signs_for_anybody(
    web_home: Path,
    noted: Noted,
) -> None:
    """`asked` in the row is all it takes where the rows decide."""
    from dataclasses import dataclass

    from commonweal.web.signing.services import settle
    from commonweal.web.signing.workers import SignerRoom

    @dataclass(frozen=True)
    class Real:
        home: str = "standard"

    class InRealHome(SignerRoom):
        def __init__(self, custody: Any) -> None:
            super().__init__(custody)
            self.custody = type("Opened", (), {"trust": Real()})()

        def known(self, act_id: str) -> None:
            """The ledger of the true home never heard of it."""

    row = act_row(paper("quentin", "dpo", "advise", "content"), "asked")
    with signer(web_home) as custody:
        settled = settle(row.pk, InRealHome(custody))
    assert (settled.state, settled.code) == ("refused", "CW-ACT-SOFTWARE-KEY")


# --- events that nobody caused --------------------------------------------------------------------

FORGED = (
    Event("permit.issued", Actor("signer", "signer"), {
        "permit": "permit-77", "permit_hash": HASH, "authority": "committee",
        "active_from": "2020-01-01T00:00:00.000Z", "until": "2099-01-01"}),
    Event("permit.resumed", Actor("siro", "priya"), {"permit": "permit-1"}),
    Event("act.recorded", Actor("siro", "priya"), {"act": "z" * 32, "subject": A, "kind": "vote"}),
    Event("act.used", Actor("signer", "signer"), {"act": "z" * 32, "subject": A}),
    Event("roster.changed", Actor("custodian", "x"), {"version": 9}),
    Event("trust.policy_changed", Actor("custodian", "x"), {
        "policy_hash": HASH, "previous_hash": HASH, "version": 9, "home": "demo"}),
    Event("release.completed", Actor("system", "vault"), {
        "permit": "permit-0", "release": "r-1", "permit_hash": HASH, "membership_root": HASH,
        "manifest": COMMITMENT}),
    Event("vote.cast", Actor("committee_lay", "irene"), {
        "application": A, "round": 1, "vote": COMMITMENT}),
    Event("application.decided", Actor("committee_chair", "grace"), {
        "application": A, "decision": "d-1", "decision_hash": HASH, "outcome": "approve",
        "route": "committee", "about": "application", "version": COMMITMENT, "rules_hash": HASH,
        "by_deadlock": "no"}),
    Event("officer.countersigned", Actor("siro", "priya"), {
        "application": A, "decision": "d-1", "agreement": COMMITMENT}),
    Event("agreement.accepted", Actor("signatory_custodian", "vera"), {
        "application": A, "side": "custodian", "agreement": COMMITMENT}),
)  # fmt: skip


@pytest.mark.parametrize("event", FORGED, ids=lambda one: one.type)
def test_events_that_nobody_caused(
    web_home: Path,
    signer_works: Any,
    event: Event,
) -> None:
    intent_row(event)
    assert Naive().ledger()[-1] == event.type
    assert signer_works() == []
    with signer(web_home) as custody:
        assert custody.ledger.permit_standing("permit-77") is None


def test_the_signer_says_what_it_refused(web_home: Path) -> None:
    """Nothing is skipped in silence: the queue stops, and the reason has a code."""
    from commonweal.web.ledgerlink.workers import place_intents

    with signer(web_home) as custody:
        while place_intents(custody):
            pass
        intent_row(FORGED[0])
        with pytest.raises(CommonwealError) as caught:
            place_intents(custody)
    assert caught.value.code == "CW-LEDGER-CARRIED"
