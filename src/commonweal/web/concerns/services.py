"""Use cases of concerns, one transaction each; each with its event on the ledger.

Whoever raised a concern has no account. With its number and a code that is shown once they see how
it stands, and can take it back. Nobody else learns whether a number is one.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.states.concern import CONCERN
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.concerns.models import DAYS, Concern
from commonweal.web.concerns.policies import role_for
from commonweal.web.concerns.sealed import WORDS
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern

_SIGNS = "23456789bcdfghjkmnpqrstvwxyz"
_CODE = 16
MOST, WITHIN = 100, timedelta(hours=1)
"""How many concerns the page takes within how long: each stands on the ledger for ever."""
ANYBODY = Actor("system", "the-public")
"""Whoever raises a concern has no account; the ledger says that the service wrote it down."""


@dataclass(frozen=True)
class Raised:
    """A concern that came, and the code that its owner alone has: it is shown once."""

    concern: Concern
    code: str


def _hash(reference: str, code: str) -> bytes:
    # The code has over 75 random bits: no slow hash is needed against guessing.
    plain = "".join(code.split()).replace("-", "").lower()
    return hashlib.sha256(f"commonweal/concern/1\x00{reference}\x00{plain}".encode()).digest()


def raise_concern(said: Mapping[str, str]) -> Raised:
    """Take a concern in. `said`: words, project, name, way, address; all but words may be empty.

    Raises `Refused` CW-CONCERN-MANY where `MOST` came `WITHIN` the time before.
    """
    now, salt = clock.now(), new_salt()
    if Concern.objects.filter(received_at__gt=now - WITHIN).count() >= MOST:
        raise Refused(
            "CW-CONCERN-MANY",
            "So many concerns came within this hour that the page takes no more.",
            remedy="What you wrote is still here: send it again in an hour, ring us, or write.",
        )
    row = Concern(received_at=now, due_on=london_day(now) + timedelta(days=DAYS), salt=salt)
    code = "".join(secrets.choice(_SIGNS) for _ in range(_CODE))
    row.said = WORDS.sealed(row.reference, "said", said)
    row.code_hash = _hash(row.reference, code)
    committed = commitment(salt, canonical(dict(said)))
    fields = {"concern": row.reference, "words": committed}
    govern(Event("concern.received", ANYBODY, fields), row)
    return Raised(row, "-".join(code[at : at + 4] for at in range(0, _CODE, 4)))


def own_concern(reference: str, code: str) -> Concern:
    """The concern of whoever has its number and code.

    Raises `Refused` CW-CONCERN-KEY, the same whether the number or the code is wrong. Tries are not
    counted: the code cannot be guessed, and nobody shuts somebody else out by trying their number.
    """
    number = reference.strip().lower()[:24]
    found = Concern.objects.filter(reference=number).first()
    held = _hash(number, "") if found is None else bytes(found.code_hash)
    right = hmac.compare_digest(held, _hash(number, code[:80]))
    if found is None or not right:
        raise Refused("CW-CONCERN-KEY", "There is no concern with this number and this code.")
    return found


def _locked(concern: Concern) -> Concern:
    return Concern.objects.select_for_update(of=("self",)).get(pk=concern.pk)


def withdraw(concern: Concern) -> None:
    """Take a concern back, for whoever has its code. What they wrote is forgotten."""
    with transaction.atomic():
        fresh = _locked(concern)
        fresh.state = CONCERN.check_step(fresh.state, "withdraw", "public")
        fresh.said, fresh.salt = WORDS.sealed(fresh.reference, "said", {}), b""
        fresh.ended_at = clock.now()
        fields = {"concern": fresh.reference, "step": "withdraw"}
        govern(Event("concern.moved", ANYBODY, fields), fresh)


def take_up(person: User, concern: Concern) -> None:
    """Begin to look into a concern."""
    with transaction.atomic():
        fresh = _locked(concern)
        role = role_for(person, fresh, "take_up", clock.today())
        fresh.state = CONCERN.check_step(fresh.state, "take_up", role)
        fresh.taken_by, fresh.taken_at = person, clock.now()
        fields = {"concern": fresh.reference, "step": "take_up"}
        govern(Event("concern.moved", Actor(role, person.public_id), fields), fresh)


def answer(person: User, concern: Concern, outcome: str, words: str) -> None:
    """Answer a concern. Raises `Refused` CW-STATE-STEP, -ROLE or -GUARD."""
    with transaction.atomic():
        fresh = _locked(concern)
        role = role_for(person, fresh, "answer", clock.today())
        met = {"outcome_written"} if words.strip() and outcome else ()
        fresh.state = CONCERN.check_step(fresh.state, "answer", role, met=met)
        fresh.outcome, fresh.ended_at = outcome, clock.now()
        fresh.answer = WORDS.sealed(fresh.reference, "answer", {"words": words})
        committed = commitment(bytes(fresh.salt), canonical({"outcome": outcome, "words": words}))
        fields = {"concern": fresh.reference, "answer": committed, "outcome": outcome}
        govern(Event("concern.answered", Actor(role, person.public_id), fields), fresh)


def said_by(concern: Concern) -> dict[str, str]:
    """What whoever raised it wrote; empty once they took it back."""
    return WORDS.opened(concern.reference, "said", concern.said)


def answered_with(concern: Concern) -> str:
    """The words of the answer, or nothing before there is one."""
    if concern.answer is None:
        return ""
    return WORDS.opened(concern.reference, "answer", concern.answer)["words"]
