"""The desk beside the vault: an order in, an answer for one browser out (S8).

Whoever carries the order is believed in nothing. The person is the one whom the provider's token
names, the receiver is the browser key that the token was made for, and neither stands in what comes
out: a box that the carrier cannot open, as long as the number of releases says.

Each order of somebody who signed in is one entry on the sealed log (`person.answered`), without the
person; it is written before the answer is handed over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.london import london_day
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.choice import OWN_AGE, Choice, birthday
from commonweal.papers.own_order import OwnChoice, OwnOrder, key_of, open_order
from commonweal.papers.own_record import OwnAnswer
from commonweal.vault.choices.journal import record
from commonweal.vault.custody import Custody
from commonweal.vault.mydata.answer import page_of
from commonweal.vault.mydata.believed import believed
from commonweal.vault.mydata.order_key import private_half
from commonweal.vault.mydata.token import SignedIn, check_token
from commonweal.vault.mydata.tries import count_try
from commonweal.vault.release.own import Lookup, look_in_whole_list

TICK = timedelta(seconds=5)
"""Answers are put where the web finds them at whole ticks, so that seconds tell nothing."""
ACTOR = Actor("system", "the-person")


def answer_order(
    custody: Custody, sealed: bytes, look: Lookup = look_in_whole_list
) -> tuple[str, bytes]:
    """(what was asked, the sealed answer) of an order as the web wrote it down.

    Raises `Fault` CW-MYDATA-ORDER or CW-MYDATA-SEAL and `Refused` CW-MYDATA-KEY for what is no
    order; `Fault` CW-MYDATA-PROVIDER; `Refused` with the codes of a sign-in (`check_token`) and
    CW-MYDATA-TRIES: all before anybody is looked for. `Unavailable` and CW-MYDATA-SIZE are the same
    for everybody. Why a choice was not recorded is told inside the answer alone.
    """
    order = open_order(sealed, private_half(custody, key_of(sealed)))
    provider = believed(custody).provider
    try:
        public = bytes.fromhex(order.public)
        person = check_token(
            provider,
            order.token,
            public=public,
            random=bytes.fromhex(order.random),
            clock=custody.clock,
            demo=custody.home.kind == "demo",
        )
        count_try(custody, person.number)
        if order.choice is None:
            answer, size = _look(custody, person, look)
        else:
            answer, size = _choose(custody, person, order.choice), 0
    except CommonwealError as error:
        _record(custody, order, error.code)
        raise
    box = answer.sealed(public, releases=size)
    _record(custody, order, None if answer.refusal is None else answer.refusal.code)
    return order.asked, box


def whole_tick(at: datetime) -> datetime:
    """The first whole tick after `at`: when an answer that is ready then may be handed over."""
    since = at.timestamp() // TICK.total_seconds() + 1
    return datetime.fromtimestamp(since * TICK.total_seconds(), tz=at.tzinfo)


def _look(custody: Custody, person: SignedIn, look: Lookup) -> tuple[OwnAnswer, int]:
    page = page_of(custody, person.number, look)
    plain = {"answer": 1, "asked": "look", "record": page.record.plain()}
    return OwnAnswer.read(plain, "The answer"), page.releases


def _choose(custody: Custody, person: SignedIn, wanted: OwnChoice) -> OwnAnswer:
    plain: dict[str, Any] = {"answer": 1, "asked": "choose"}
    try:
        said = _choice(custody, person, wanted)
        made = record(custody, said)
    except Refused as error:
        plain["refusal"] = {"code": error.code, "sentence": error.sentence}
    else:
        choice = made.choice
        plain["receipt"] = {
            "number": made.number,
            "id": choice.id,
            "kind": choice.kind,
            "takes_back": choice.takes_back,
            "project": choice.project,
            "effective_from": choice.effective_from.isoformat(),
            "recorded_at": stamp(choice.recorded_at),
        }
    return OwnAnswer.read(plain, "The answer")


def _choice(custody: Custody, person: SignedIn, wanted: OwnChoice) -> Choice:
    """The choice as the journal takes it. Raises `Refused` CW-MYDATA-AGE.

    Its day is that of the sign-in: an order that is carried twice says the same thing twice.
    """
    day = london_day(person.signed_in_at)
    if day < birthday(person.born, OWN_AGE):
        raise Refused(
            "CW-MYDATA-AGE",
            f"A parent or guardian chooses for somebody who is under {OWN_AGE}. Ask the hospital.",
        )
    plain = wanted.plain() | {
        "choice": 1,
        "whose": {"kind": "nhs_number", "identifier": person.number.digits},
        "effective_from": day.isoformat(),
        "set_by": "self",
        "channel": "page",
        "made_on": day.isoformat(),
        "recorded_at": stamp(custody.clock.now()),
    }
    return Choice.read(plain, "The choice")


def _record(custody: Custody, order: OwnOrder, code: str | None) -> None:
    fields: dict[str, Any] = {"asked": order.asked, "outcome": "answered"}
    if code is not None:
        fields |= {"outcome": "refused", "code": code}
    custody.ledger.append(Event("person.answered", ACTOR, fields))
