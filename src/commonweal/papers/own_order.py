"""What a signed-in person asks of the vault, and how the web seals it (S8).

An order says nothing that the vault believes but the id token, which the provider signed. It is as
long whatever it asks. In a row it is the id of the vault's key (16 bytes) before a box.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.papers.base import Identifier, Paper
from commonweal.papers.choice import MOST, OF_ONE_PROJECT, ChoiceId, ChoiceKind
from commonweal.papers.order_key import OrderKey
from commonweal.papers.own_record_box import open_box, seal_box

SIZE = 24 * 1024
"""Bytes of the padded content of an order."""
LONGEST_TOKEN = 16 * 1024
_ID_BYTES = 16
Asked = Literal["look", "choose"]
Half = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$", max_length=LONGEST_TOKEN)]


class OwnChoice(Paper):
    """A choice as the page asks for it: a kind, or the number of an earlier one to take back.

    `id`: drawn by the page once, so that the same choice sent twice is recorded once.
    """

    id: ChoiceId
    kind: ChoiceKind | None = None
    takes_back: Annotated[int, Field(ge=1, le=MOST)] | None = None
    project: Identifier | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> OwnChoice:
        if (self.kind is None) == (self.takes_back is None):
            raise ValueError("a choice has a kind, or takes an earlier one back")
        if (self.project is not None) is not (self.kind in OF_ONE_PROJECT):
            raise ValueError("a choice about one project names it, and no other choice does")
        return self


class OwnOrder(Paper):
    """One order. `public`, `random`: the browser's key and what its nonce was made with, in hex."""

    order: Literal[1]
    asked: Asked
    token: Token
    public: Half
    random: Half
    choice: OwnChoice | None = None

    @model_validator(mode="after")
    def _has_what_it_asks(self) -> OwnOrder:
        if (self.choice is not None) is not (self.asked == "choose"):
            raise ValueError("an order to choose has a choice, and no other order has")
        return self

    def sealed(self, key: OrderKey) -> bytes:
        """The order for the vault alone; always of the same length."""
        box = seal_box(self.canonical(), key.raw, _context(key.key), size=SIZE)
        return bytes.fromhex(key.key) + box


def key_of(sealed: bytes) -> str:
    """The id of the key that a sealed order names. Raises `Fault` CW-MYDATA-ORDER."""
    if len(sealed) <= _ID_BYTES:
        raise _unreadable()
    return sealed[:_ID_BYTES].hex()


def open_order(sealed: bytes, private: bytes) -> OwnOrder:
    """The order in a row. Raises `Fault` CW-MYDATA-SEAL or CW-MYDATA-ORDER."""
    content = open_box(sealed[_ID_BYTES:], private, _context(key_of(sealed)))
    try:
        return OwnOrder.read(parse_json(content, "The order"), "The order", "CW-MYDATA-ORDER")
    except Fault:
        raise _unreadable() from None  # what it held is somebody's: nothing of it is told


def _context(key_id: str) -> str:
    return f"commonweal/own-order/1/{key_id}"


def _unreadable() -> Fault:
    return Fault("CW-MYDATA-ORDER", "What was asked does not have the form of an order.")
