"""The service's events on their way to the ledger: is there an act where people must sign? (S11)

Some events say what a person did: voted, decided, accepted, countersigned. Whoever owns the
service's database can write such a row. It gets its place on the ledger only if the ledger heard of
that person's signed act before, and not more often than acts were heard of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from commonweal.foundation.acts import ActKind
from commonweal.foundation.errors import Fault
from commonweal.ledger.carrying import carried_as, carry
from commonweal.ledger.entry import Event, read_entry
from commonweal.ledger.store import Writing
from commonweal.papers.act_records import RecordedAct
from commonweal.vault.custody.acts import LEDGER_ROLES, records_about
from commonweal.vault.custody.holding import Custody


@dataclass(frozen=True)
class _Need:
    """The act that an event needs.

    `about`: the field of the event that names what the act is about. `by_actor`: the person of the
    act is the actor of the event. `verdict`, `object`: fields of the event that are the act's.
    `word`: the only verdict that will do. `says`: a field of the event whose words stand for a
    verdict or, `says_role`, for the role under which the ledger heard.
    """

    kind: ActKind
    about: str = "application"
    by_actor: bool = True
    verdict: str | None = None
    object: str | None = None
    word: str | None = None
    says: str | None = None
    words: Mapping[str, str] | None = None
    says_role: bool = False


NEEDS: Mapping[str, _Need] = MappingProxyType({
    "conflict.declared": _Need(
        "conflict", says="conflict", words={"no": "none", "yes": "conflicted"}
    ),
    "vote.cast": _Need("vote"),
    "panel.voted": _Need("panel_vote", about="question"),
    "application.decided": _Need(
        "decide", by_actor=False, verdict="outcome", object="decision_hash"
    ),
    "advice.given": _Need("advise"),
    "agreement.accepted": _Need(
        "agree", says="side", says_role=True,
        words={
            "applicant": LEDGER_ROLES["signatory_applicant"],
            "custodian": LEDGER_ROLES["signatory_custodian"],
        },
    ),
    "officer.countersigned": _Need("countersign", word="agree"),
})  # fmt: skip
"""Event type: the signed act without which the ledger does not take it from a service."""


def carry_within(
    custody: Custody, writing: Writing, courier: str, number: int, event: Event
) -> int:
    """Give a courier's event its place in the open transaction; returns the intent's number.

    Raises as `ledger.carrying.carry`; `Fault` CW-LEDGER-CARRIED also for an event whose act the
    ledger did not hear of.
    """
    need = _need(event)
    if need is not None and carried_as(writing.connection, courier, number) is None:
        _require_act(custody, writing, event, need)
    return carry(writing, courier, number, event)


def _need(event: Event) -> _Need | None:
    if event.type == "officer.stopped" and event.fields["step"] == "refused":
        return _Need("countersign", word="refuse")
    if event.type == "application.decided" and event.fields["route"] == "small_change":
        return _Need("agree_change", by_actor=False, object="decision_hash")
    return NEEDS.get(event.type)


def _require_act(custody: Custody, writing: Writing, event: Event, need: _Need) -> None:
    subject = str(event.fields[need.about])
    heard = [
        one for one in records_about(custody, subject).acts.values() if _fits(one, event, need)
    ]
    own = [one for one in heard if not need.by_actor or one.actor == event.actor.id]
    # The public log names nobody: there the events of all are counted against the acts of all.
    counted = own if event.definition.log == "sealed" else heard
    if not own or len(counted) <= _told(writing, event, need):
        raise Fault(
            "CW-LEDGER-CARRIED",
            f"The service says {event.type}, and the ledger heard of no signature for it.",
            remedy="Find out who wrote that into the service's database.",
        )


def _fits(one: RecordedAct, event: Event, need: _Need) -> bool:
    return (
        one.kind == need.kind
        and (need.verdict is None or one.verdict == event.fields[need.verdict])
        and (need.object is None or one.object_digest == event.fields[need.object])
        and (need.word is None or one.verdict == need.word)
        and _agrees(one, event, need)
    )


def _agrees(one: RecordedAct, event: Event, need: _Need) -> bool:
    if need.says is None or need.words is None:
        return True
    said = one.role if need.says_role else one.verdict
    return said == need.words.get(str(event.fields[need.says]))


def _told(writing: Writing, event: Event, need: _Need) -> int:
    """How often the ledger has this event already: of this person, on the public log of anybody."""
    rows = writing.connection.execute(
        "SELECT body FROM intent WHERE type = ? "
        "AND json_extract(CAST(body AS TEXT), '$.' || ?) = ?",
        (event.type, need.about, str(event.fields[need.about])),
    )
    same = {
        name: event.fields[name]
        for name in ("step", need.object, need.says)
        if name is not None and name in event.fields
    }
    if event.definition.log == "sealed":
        same["actor"] = event.actor.id
    return sum(same.items() <= read_entry(body).items() for (body,) in rows)
