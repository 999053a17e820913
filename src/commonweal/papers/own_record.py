"""What one person is told of their own record, and of what they chose (S7, S8).

Sealed to the key of the browser that signed in, and as long as the number of releases says: never
longer or shorter for somebody who is in them. It does not hold the person's number.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.papers.base import ColumnName, Count, Day, Identifier, Line, Moment, Paper
from commonweal.papers.choice import ChoiceId, ChoiceKind, SetBy
from commonweal.papers.own_order import Asked, Half
from commonweal.papers.own_record_box import MOST as MOST_BYTES
from commonweal.papers.own_record_box import open_box, seal_box

CONTEXT = "commonweal/own-record/1"
MOST_CHOICES = 64
"""How many choices are shown; the newest."""
BASE_BYTES = 64 * 1024
RELEASE_BYTES = 40 * 1024
"""Room for one release: its receipt or statement, its tables, and that choices name it."""
Because = Literal["told_apart_otherwise", "list_missing", "list_not_whole", "release_missing"]
Number = Annotated[int, Field(ge=1, le=10**9)]
LONGEST = 12 * 1024
"""The longest receipt or statement, in characters."""
Paperwork = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]


class OwnRelease(Paper):
    """One release of a project that the public knows.

    `answer`: `in`, with the kinds of data and a receipt for `ledger check-proof`; `not_in`, with a
    signed statement and the secret that shows whose it is; `unknown`, with the reason, where the
    list cannot tell. Nobody is told `not_in` because something is missing.
    """

    permit: Identifier
    release: Identifier
    made_on: Day
    answer: Literal["in", "not_in", "unknown"]
    tables: tuple[ColumnName, ...] = ()
    receipt: Paperwork | None = None
    statement: Paperwork | None = None
    secret: Half | None = None
    because: Because | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> OwnRelease:
        held = {
            "in": bool(self.tables) and self.receipt is not None,
            "not_in": self.statement is not None and self.secret is not None,
            "unknown": self.because is not None,
        }
        others = {
            "in": (self.statement, self.secret, self.because),
            "not_in": (*self.tables, self.receipt, self.because),
            "unknown": (*self.tables, self.receipt, self.statement, self.secret),
        }
        if not held[self.answer] or any(one is not None for one in others[self.answer]):
            raise ValueError("an answer has what belongs to it, and nothing of another one")
        return self


class Honoured(Paper):
    """The first release of one project that was made with a choice."""

    permit: Identifier
    release: Identifier
    made_on: Day


class OwnChosen(Paper):
    """A choice in force, or one that begins later. `ends_on`: its last day, if it has one.

    `honoured`: for each project, its first release that was made with the choice.
    """

    number: Number
    id: ChoiceId
    kind: ChoiceKind
    project: Identifier | None = None
    effective_from: Day
    ends_on: Day | None = None
    set_by: SetBy
    honoured: tuple[Honoured, ...] = ()


class OwnRecord(Paper):
    """All that one person is told. `left_out`: how many older choices are not shown."""

    made_at: Moment
    releases: tuple[OwnRelease, ...] = ()
    choices: tuple[OwnChosen, ...] = ()
    left_out: Count = 0


class OwnReceipt(Paper):
    """That a choice was recorded. `again`: it had been before, under the same id."""

    number: Number
    id: ChoiceId
    kind: ChoiceKind | None = None
    takes_back: Number | None = None
    project: Identifier | None = None
    effective_from: Day
    recorded_at: Moment


class Refusal(Paper):
    """Why a choice was not recorded."""

    code: Line
    sentence: Line


class OwnAnswer(Paper):
    """What the vault seals for one browser: a record, a receipt, or why there is none."""

    answer: Literal[1]
    asked: Asked
    record: OwnRecord | None = None
    receipt: OwnReceipt | None = None
    refusal: Refusal | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> OwnAnswer:
        held = [self.record is not None, self.receipt is not None, self.refusal is not None]
        if sum(held) != 1 or (self.asked == "look") is not held[0]:
            raise ValueError("an answer says one thing, and what was asked")
        return self

    def sealed(self, public: bytes, *, releases: int) -> bytes:
        """The answer for the browser with the key `public`, as long as `releases` says.

        Raises `Fault` CW-MYDATA-SIZE where so many releases are more than an answer can hold.
        """
        content, size = self.canonical(), answer_size(releases)
        if len(content) + 4 > size:
            raise _too_many()
        return seal_box(content, public, CONTEXT, size=size)


def answer_size(releases: int) -> int:
    """Bytes of the padded content of an answer about so many releases. Raises CW-MYDATA-SIZE."""
    size = BASE_BYTES + releases * RELEASE_BYTES
    if size > MOST_BYTES:
        raise _too_many()
    return size


def open_answer(box: bytes, private: bytes) -> OwnAnswer:
    """What the vault answered this browser. Raises `Fault` CW-MYDATA-SEAL or CW-PAPER-INVALID."""
    content = open_box(box, private, CONTEXT)
    plain = parse_json(content, "The answer", max_bytes=MOST_BYTES)
    return OwnAnswer.read(plain, "The answer")


def in_force(begins: date, ends: date | None, day: date) -> bool:
    """Whether a choice counts on `day`, or will."""
    return ends is None or ends >= max(day, begins)


def _too_many() -> Fault:
    return Fault("CW-MYDATA-SIZE", "There are more releases here than one answer can hold.")
