"""People's acts on the ledger: heard of once, verified then, and used once (S11).

The web brings each act here within minutes of its being signed. What the ledger has heard of cannot
be dropped, moved in time or used again by whoever owns the web or its database.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, cast

from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import Refused
from commonweal.ledger.details import Details, open_details
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.store import Writing
from commonweal.papers.act_records import ActRecords, RecordedAct
from commonweal.papers.acts import Heard, SignedAct, VerifiedAct, verify_act
from commonweal.vault.custody.holding import DETAILS_KEY, Custody
from commonweal.vault.custody.settling import settle

RECORDED = "act.recorded"
USED = "act.used"
VOID = "act.void"
SIGNER = Actor("signer", "signer")

LEDGER_ROLES: Mapping[str, str] = MappingProxyType({
    "applicant": "researcher",
    "co_applicant": "researcher",
    "signatory_applicant": "researcher",
    "ig_officer": "custodian",
    "data_manager": "data_manager",
    "committee_chair": "committee",
    "committee_member": "committee",
    "committee_lay": "committee",
    "committee_secretary": "committee",
    "rapporteur": "reviewer",
    "panel_member": "reviewer",
    "facilitator": "reviewer",
    "caldicott_guardian": "caldicott_guardian",
    "siro": "siro",
    "dpo": "dpo",
    "information_asset_owner": "information_asset_owner",
    "clinical_safety_officer": "clinical_safety_officer",
    "output_checker": "output_checker",
    "signatory_custodian": "custodian",
    "clinician": "reviewer",
})  # fmt: skip
"""Role of the roster: the role under which the ledger tells of it."""


def record_act(custody: Custody, signed: SignedAct) -> VerifiedAct:
    """Verify a new act and write that the ledger heard of it; raises what `verify_act` raises.

    Also raises `Refused` CW-ACT-KNOWN for an id that the ledger knows already.
    """
    with custody.ledger.transaction() as writing:
        verified = record_within(custody, writing, signed)
    settle(custody)
    return verified


def record_within(custody: Custody, writing: Writing, signed: SignedAct) -> VerifiedAct:
    """As `record_act`, inside an open transaction; the caller settles."""
    act = signed.act
    if _rows(writing.connection, RECORDED, "act", act.id):
        raise Refused("CW-ACT-KNOWN", "The ledger has heard of this act already.")
    verified = verify_act(
        signed,
        custody.rosters.history(),
        custody.trust,
        writing.now(),
        home=custody.home.id,
        last_count=_last_count(custody, writing, act.actor, signed.evidence.credential),
    )
    content = {
        "digest": verified.digest,
        "object": act.object_digest,
        "verdict": act.verdict,
        "credential": verified.credential,
        "count": verified.sign_count,
    }
    key = custody.keyring.get(DETAILS_KEY)
    details = Details(content, key.id, custody.keyring.secret_of(key.id).use())
    fields = {"act": act.id, "subject": act.subject, "kind": act.kind}
    writing.append(Event(RECORDED, Actor(LEDGER_ROLES[act.role], act.actor), fields), details)
    return verified


def heard_of(custody: Custody, act_id: str) -> Heard | None:
    """When the ledger heard of the act with this id, and as which intent; None if it did not."""
    with custody.ledger.reading() as connection:
        found = _rows(connection, RECORDED, "act", act_id)
    return Heard(parse_stamp(found[0][2]), found[0][0]) if found else None


def void_act(custody: Custody, act_id: str, code: str) -> None:
    """Write that nothing followed from an act that the ledger heard of; once for each act.

    For people who read the ledger. It takes nothing from the act: what is held against the ledger
    counts it all the same. Raises `Refused` CW-ACT-NOT-RECORDED.
    """
    with custody.ledger.transaction() as writing:
        found = _rows(writing.connection, RECORDED, "act", act_id)
        if not found:
            raise Refused("CW-ACT-NOT-RECORDED", "The ledger has not heard of an act.")
        if _rows(writing.connection, VOID, "act", act_id):
            return
        fields = {"act": act_id, "subject": found[0][1]["subject"], "code": code}
        writing.append(Event(VOID, SIGNER, fields))
    settle(custody)


def refuse_void(connection: Any, acts: Iterable[str]) -> None:
    """Refuse an act that was void, for a step that lets something happen.

    Whoever signed it was told that nothing follows from it. A vote, and what stops work, counts all
    the same. Raises `Refused` CW-ACT-VOID.
    """
    if any(_rows(connection, VOID, "act", act) for act in acts):
        raise Refused(
            "CW-ACT-VOID",
            "Nothing may follow any more from an act that was void.",
            remedy="Ask the person to sign again.",
        )


def records_about(custody: Custody, subject: str, objects: Collection[str] = ()) -> ActRecords:
    """What the ledger says of every act about one application, permit or release.

    `objects`: digests; every act about one of them is there too, whatever subject it names. What an
    act is about lies in its sealed details, so that nobody can follow a text through the log: all
    of them are opened for this (some 20 microseconds each), and nothing is kept of the others.
    """
    with custody.ledger.reading() as connection:
        used = {
            body["act"]: str(body.get("permit") or body.get("release") or subject)
            for _, body, _, _ in _rows(connection, USED, "subject", subject)
        }
        rows = _rows(connection, RECORDED, "subject", subject)
        others = _about_objects(custody, connection, objects) if objects else []
    records = [
        _record(custody, intent, body, at, key, used.get(body["act"]))
        for intent, body, at, key in (*rows, *(one for one in others if one not in rows))
    ]
    return ActRecords.of(records)


def _about_objects(
    custody: Custody, connection: Any, objects: Collection[str]
) -> list[tuple[int, dict[str, Any], str, str]]:
    """The rows of every act about one of `objects`, found by opening the details of all acts."""
    found, keys = [], {}
    sealed = connection.execute(
        "SELECT intent.id, body, created_at, key_id, ciphertext FROM intent "
        "JOIN detail ON intent_id = intent.id WHERE type = ? ORDER BY intent.id",
        (RECORDED,),
    )
    for intent, body, at, key, ciphertext in sealed:
        if key not in keys:
            keys[key] = custody.keyring.secret_of(key).use()
        entry = json.loads(body)
        said = open_details(ciphertext, key, keys[key], entry["details"])
        if said["object"] in objects:
            found.append((intent, entry, at, key))
    return found


def use_acts(
    writing: Writing,
    acts: Iterable[str],
    subject: str,
    *,
    permit: str | None = None,
    release: str | None = None,
) -> None:
    """Write that these acts were counted. Raises `Refused` CW-ACT-USED for one that was before."""
    for act in acts:
        if _rows(writing.connection, USED, "act", act):
            raise Refused("CW-ACT-USED", "An act was used already; it counts once only.")
        fields = {"act": act, "subject": subject}
        fields |= {} if permit is None else {"permit": permit}
        fields |= {} if release is None else {"release": release}
        writing.append(Event(USED, SIGNER, fields))


def _record(
    custody: Custody, intent: int, body: dict[str, Any], at: str, key: str, used: str | None
) -> RecordedAct:
    said = _details(custody, intent, key)
    return RecordedAct(
        id=body["act"],
        digest=said["digest"],
        kind=body["kind"],
        verdict=said["verdict"],
        actor=body["actor"],
        subject=body["subject"],
        object_digest=said["object"],
        credential=said["credential"],
        sign_count=said["count"],
        heard=Heard(parse_stamp(at), intent),
        used_for=used,
        role=body["role"],
    )


def _details(custody: Custody, intent: int, key: str) -> Mapping[str, Any]:
    secret = custody.keyring.secret_of(key)
    return cast("Mapping[str, Any]", custody.ledger.open_details(intent, secret.use()))


def _last_count(custody: Custody, writing: Writing, actor: str, credential: str) -> int:
    """The count of a security key at the last act of this person that was signed with it."""
    for intent, _, _, key in reversed(_rows(writing.connection, RECORDED, "actor", actor)):
        said = _details(custody, intent, key)
        if said["credential"] == credential:
            return int(said["count"])
    return 0


def _rows(
    connection: Any, type_: str, field: str, value: str
) -> list[tuple[int, dict[str, Any], str, str]]:
    """(intent, entry, time, key of the details) of events of a type with this value in a field."""
    rows = connection.execute(
        "SELECT intent.id, body, created_at, key_id FROM intent "
        "LEFT JOIN detail ON intent_id = intent.id "
        "WHERE type = ?1 AND json_extract(CAST(body AS TEXT), '$.' || ?2) = ?3 ORDER BY intent.id",
        (type_, field, value),
    ).fetchall()
    return [(intent, json.loads(body), at, key) for intent, body, at, key in rows]
