"""What somebody asks by page, or staff write down there, sealed for the vault before it is kept.

Whoever carries a box cannot open it again, and every box is as long as every other. Nothing of what
a request says of its sender is believed: staff check who they are, at the vault. A box can add a no
and nothing else: it takes nothing back, ends nothing, has no last day and says no yes for anybody,
since whoever owns the pages could write one (S14).

In a row it is the id of the vault's key (16 bytes) before the box.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.foundation.identifiers import NHSNumber
from commonweal.foundation.london import london_day
from commonweal.papers.base import Day, Identifier, Line, Moment, Paper
from commonweal.papers.choice import Choice
from commonweal.papers.choice_rules import CONSENTS, STAFFED, Relation
from commonweal.papers.order_key import OrderKey
from commonweal.papers.own_order import Half, key_of
from commonweal.papers.own_record_box import open_box, seal_box

SIZE = 8 * 1024
"""Bytes of the padded content of a box."""
LETTERS = "bcdfghjkmnpqrstvwxyz"
PageKind = Literal["local_objection", "no_ai_training", "no_companies", "project_objection"]
PAGE_KINDS: tuple[PageKind, ...] = get_args(PageKind)
"""What the page and the paper form ask."""
NAME, PLACE, PROJECT, REACH = 120, 16, 200, 300
"""The longest name, postcode, project and way to reach somebody, in characters."""
STAYS = timedelta(days=31)
"""How long a choice that staff wrote down may be on its way to the vault."""
Reference = Annotated[str, StringConstraints(pattern=rf"^n(-[{LETTERS}]{{4}}){{3}}$")]
Name = Annotated[Line, Field(max_length=NAME)]


class ChoiceRequest(Paper):
    """What somebody who is not signed in asks, for themselves or for somebody else.

    `name`, `born_on`, `postcode`, `nhs_number`: of whom it is about. `project`: in their own words.
    `relation`, `chooser`: who asks for somebody else, and what they are to them. `reach`: how staff
    reach whoever asks.
    """

    reference: Reference
    kinds: Annotated[tuple[PageKind, ...], Field(min_length=1, max_length=len(PAGE_KINDS))]
    project: Annotated[Line, Field(max_length=PROJECT)] | None = None
    name: Name
    born_on: Day
    postcode: Annotated[Line, Field(max_length=PLACE)]
    nhs_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{10}$")] | None = None
    reach: Annotated[Line, Field(max_length=REACH)]
    relation: Relation | None = None
    chooser: Name | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> ChoiceRequest:
        if list(self.kinds) != [kind for kind in PAGE_KINDS if kind in self.kinds]:
            raise ValueError("kinds stand once each, in their order")
        if (self.project is not None) is not ("project_objection" in self.kinds):
            raise ValueError("what is about one project says which, and nothing else does")
        if (self.relation is None) is not (self.chooser is None):
            raise ValueError("who asks for somebody else says who they are, and nobody else does")
        if self.nhs_number is not None and NHSNumber(self.nhs_number).digits != self.nhs_number:
            raise ValueError("an NHS number is written as ten digits")
        return self


class ChoiceBox(Paper):
    """One box: a request that staff have to look at, or a choice that is recorded at once.

    `written`: what staff wrote down, or one of the hospital's own systems. `answer_to`: the key of
    the browser that gets the receipt, in hex.
    """

    box: Literal[1]
    asked_at: Moment
    request: ChoiceRequest | None = None
    written: Choice | None = None
    answer_to: Half | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> ChoiceBox:
        if (self.request is None) is (self.written is None):
            raise ValueError("a box holds a request or a choice")
        if self.answer_to is not None and self.written is None:
            raise ValueError("a request has no receipt yet")
        if self.written is not None:
            check_only_adds(self.written)
        return self

    def sealed(self, key: OrderKey) -> bytes:
        """The box for the vault alone; always of the same length."""
        box = seal_box(self.canonical(), key.raw, _context(key.key), size=SIZE)
        return bytes.fromhex(key.key) + box


def check_only_adds(choice: Choice) -> None:
    """Raise ValueError for a choice that does more than add a no."""
    if choice.takes_back is not None or choice.effective_to is not None:
        raise ValueError("a box takes nothing back and gives nothing a last day")
    if choice.kind in CONSENTS:
        raise ValueError("a box says no yes: that is written down at the vault")
    if choice.channel not in STAFFED | {"api"}:
        raise ValueError("a box holds what staff wrote down, or a system of the hospital")
    if choice.whose.kind != "nhs_number":
        raise ValueError("a box names people by their NHS number")
    if choice.effective_from != choice.made_on or choice.made_on != london_day(choice.recorded_at):
        raise ValueError("a box holds what was chosen on the day on which it was written")


def open_choice_box(sealed: bytes, private: bytes) -> ChoiceBox:
    """What is in a row. Raises `Fault` CW-MYDATA-SEAL, CW-MYDATA-ORDER or CW-CHOICES-BOX."""
    content = open_box(sealed[16:], private, _context(key_of(sealed)))
    try:
        plain: Any = parse_json(content, "The box", max_bytes=SIZE)
        return ChoiceBox.read(plain, "The box")
    except Fault:
        raise Fault("CW-CHOICES-BOX", "A box does not hold a choice that may be in one.") from None


def written_plain(
    *, id_: str, number: str, kind: str, project: str | None, day: str, at: str,
    set_by: str, channel: str, evidence: str, trusted: dict[str, Any] | None,
    entered_by: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The plain form of a choice that is written down today; `Choice.read` judges it."""
    plain = {
        "choice": 1, "id": id_, "whose": {"kind": "nhs_number", "identifier": number},
        "kind": kind, "project": project, "effective_from": day, "set_by": set_by,
        "trusted": trusted, "channel": channel, "entered_by": entered_by, "evidence": evidence,
        "made_on": day, "recorded_at": at,
    }  # fmt: skip
    return {name: value for name, value in plain.items() if value is not None}


def _context(key_id: str) -> str:
    return f"commonweal/choice-box/1/{key_id}"


class HeldRequest(Paper):
    """A request as the vault holds it, sealed. `ids`: of the choices it becomes, one for each kind,
    drawn by the vault; `took_in_on`: the day from which they count.

    `refused`: why it came to nothing, who said so and when.
    """

    held: Literal[1]
    took_in_at: Moment
    took_in_on: Day
    ids: tuple[str, ...]
    request: ChoiceRequest
    refused: RefusedRequest | None = None

    @model_validator(mode="after")
    def _has_an_id_for_each(self) -> HeldRequest:
        if len(self.ids) != len(self.request.kinds):
            raise ValueError("each kind has one id")
        return self


class RefusedRequest(Paper):
    """Why a request came to nothing."""

    at: Moment
    by: Identifier
    because: Line


HeldRequest.model_rebuild()
