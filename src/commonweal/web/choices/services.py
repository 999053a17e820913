"""Use cases of choices by page: is it open, put a box in, find a receipt, clear away."""

from __future__ import annotations

import contextlib
import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault, Unavailable
from commonweal.papers.choice import ID_LENGTH, ID_LETTERS, Choice
from commonweal.papers.choice_request import LETTERS, ChoiceBox, ChoiceRequest
from commonweal.papers.order_key import OrderKey
from commonweal.papers.own_record import OwnAnswer, open_answer
from commonweal.web.choices.models import KEPT, KEPT_UNREAD, MOST_ROWS, Box, VaultSays
from commonweal.web.config import clock
from commonweal.web.order_key import order_key_with
from commonweal.web.orders import new_order_id

_GROUPS, _GROUP = 3, 4


def key_or_none() -> OrderKey | None:
    """The published key that the vault opens boxes with; None where there is none, or none yet.

    The vault's worker checked its signature; here its digest is compared with what it said.
    """
    told = VaultSays.objects.first()
    return None if told is None else order_key_with(told.key_digest)


def new_reference() -> str:
    """What somebody keeps of a request: letters alone, which say nothing."""
    return _as_reference("".join(secrets.choice(LETTERS) for _ in range(_GROUPS * _GROUP)))


def ask(said: dict[str, Any]) -> str:
    """Seal what somebody asks by page and put it on its way; gives its reference.

    Raises `Unavailable` CW-CHOICES-CLOSED, `PaperInvalid` for what is no request.
    """
    reference = new_reference()
    request = ChoiceRequest.read({"reference": reference, **said}, "What you asked")
    # Half of the room is for staff and for the hospital's own systems, whoever fills the page's.
    _put_in({"request": request.plain()}, new_order_id(), MOST_ROWS // 2)
    return reference


def write_down(choice: Choice, answer_to: bytes) -> str:
    """Seal what staff wrote down; gives the row at which the receipt will be.

    `answer_to`: the public half of a key of that browser. Raises as `ask`.
    """
    said = {"written": choice.plain(), "answer_to": answer_to.hex()}
    return _put_in(said, new_order_id())


def hand_in(choice: Choice, owner: str, id_: str) -> None:
    """Seal what one of the hospital's own systems sent under its own `id_`; twice is once.

    Raises as `ask`.
    """
    _put_in({"written": choice.plain()}, _drawn(owner, id_, "row").hexdigest()[:32])


def reference_for(owner: str, id_: str) -> str:
    """The reference of what a program sent under its own id: the same each time."""
    return _as_reference(_letters(owner, id_, "reference", LETTERS, _GROUPS * _GROUP))


def choice_id_for(owner: str, id_: str) -> str:
    """The id of the choice that it becomes: the same each time, and nobody guesses it."""
    return _letters(owner, id_, "choice", ID_LETTERS, ID_LENGTH)


def receipt_for(row: str, private: bytes) -> OwnAnswer | None:
    """What came of a row, for the browser that has its key; None while it waits.

    Raises `Fault` CW-WEB-NOT-FOUND once the row has gone, or where it is another browser's.
    """
    found = Box.objects.filter(pk=row).first()
    if found is None:
        raise _gone()
    if found.answer is None:
        return None
    try:
        answer = open_answer(bytes(found.answer), private)
    except Fault:
        raise _gone() from None
    if answer.refusal is not None:  # whoever wrote it down knows now that it was not recorded
        Box.objects.filter(pk=row).update(code="")
    return answer


def unread() -> int:
    """How many boxes the vault could not open."""
    return Box.objects.exclude(code="").count()


def on_their_way() -> int:
    """How many boxes the vault has not taken in yet."""
    return Box.objects.filter(code="", answer__isnull=True).count()


def clear_away() -> int:
    """Remove receipts and unreadable boxes whose time is over; how many."""
    now = clock.now()
    read = Box.objects.filter(code="", answer__isnull=False)
    told = read.filter(ended_at__lte=now - KEPT).delete()[0]
    return told + Box.objects.exclude(code="").filter(ended_at__lte=now - KEPT_UNREAD).delete()[0]


def _put_in(said: dict[str, Any], row: str, most: int = MOST_ROWS) -> str:
    key = key_or_none()
    if key is None:
        raise Unavailable(
            "CW-CHOICES-CLOSED",
            "This way is not open now. Nothing was sent and nothing was kept.",
            remedy="Use one of the other ways: phone, post, or a desk.",
        )
    plain = {"box": 1, "asked_at": stamp(clock.now()), **said}
    sealed = ChoiceBox.read(plain, "What you asked").sealed(key)
    if Box.objects.filter(pk=row).exists():
        return row
    with contextlib.suppress(IntegrityError), transaction.atomic():  # the same one at the same time
        if Box.objects.count() >= most:
            raise Unavailable(
                "CW-CHOICES-CLOSED",
                "Too many people use this way just now. Nothing was sent and nothing was kept.",
                remedy="Try again later, or use one of the other ways: phone, post, or a desk.",
            )
        Box(id=row, sealed=sealed).save(force_insert=True)
    return row


def _drawn(owner: str, id_: str, part: str) -> Any:
    return salted_hmac(f"commonweal.choices.{part}", f"{owner}\x00{id_}", algorithm="sha256")


def _letters(owner: str, id_: str, part: str, letters: str, count: int) -> str:
    number = int.from_bytes(_drawn(owner, id_, part).digest(), "big")
    found = []
    for _ in range(count):
        number, at = divmod(number, len(letters))
        found.append(letters[at])
    return "".join(found)


def _as_reference(letters: str) -> str:
    return "n-" + "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def _gone() -> Fault:
    return Fault(
        "CW-WEB-NOT-FOUND",
        "There is no receipt here any more, or it belongs to another browser.",
        remedy="Receipts are kept for half an hour. The choice itself is kept at the vault.",
    )
