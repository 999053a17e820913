"""A table for each month that is made from one of the project's own that has left.

Nobody needs a file for it: a page asks, the airlock makes the layout from what it let out, the page
shows what would be made each month, and its author signs that. The service reads no figure for it;
what it is given holds the request and the names of groups that have left already.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import Field, model_validator

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Refused
from commonweal.papers.base import Identifier, Line, Paper
from commonweal.papers.output_request import Column
from commonweal.papers.standing import Month, StandingOutput, last_day
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.orders import DONE, OPEN
from commonweal.web.outputs.models import DRAFT, Layout, Output, OutputOrder
from commonweal.web.outputs.policies import can, check_download, none, outputs_of
from commonweal.web.outputs.services import ask_draft_of
from commonweal.web.register.presenters import entry_or_none


class DraftWish(Paper):
    """What somebody asks of the airlock. `request`: the file whose table is made again.

    The other names are those of a `StandingOutput`, which is held to all of its rules.
    """

    id: Annotated[Identifier, Field(max_length=48)]
    request: Line
    first: Month
    until: Month
    settles_days: Annotated[int, Field(ge=0, le=92)] = 14
    period: Column | None = None

    @model_validator(mode="after")
    def _in_order(self) -> DraftWish:
        if self.until < self.first:
            raise ValueError("ends before it begins")
        return self


def draft_wish(plain: Any) -> DraftWish:
    """What an order holds. Raises `PaperInvalid` CW-STANDING-INVALID."""
    return DraftWish.read(plain, "What was asked", "CW-STANDING-INVALID")


def sources_of(person: User, day: date) -> list[tuple[Output, dict[str, Any]]]:
    """The tables of own projects that have left, and that the person may have: each with its file.

    Those that are made each month already, and those of a permit that was replaced, are not here.
    """
    rows = outputs_of(person, day).filter(state="released").exclude(job="").order_by("-pk")
    return [
        (row, one)
        for row in rows
        if not row.is_replaced and can(check_download, person, row, day)
        for one in row.manifest["files"]
        if one["kind"] == "table" and one.get("type") == "csv" and one.get("made_from")
    ]


def month_columns(permits: list[str]) -> list[str]:
    """The columns, as TABLE.COLUMN, that these permits show as a month: they can say of a row in
    which month it lies."""
    entries = [entry for entry in map(entry_or_none, permits) if entry is not None]
    found = (
        f"{table['table']}.{one['variable']}"
        for entry in entries
        for dataset in entry.permit.get("data", ())
        for table in dataset.get("tables", ())
        for one in table.get("variables", ())
        if one.get("form") == "month"
    )
    return list(dict.fromkeys(found))


def ask_draft(person: User, output: str, plain: dict[str, Any]) -> OutputOrder:
    """Write down that a layout is to be made from an output that has left.

    Raises `Fault` CW-WEB-NOT-FOUND for a table that is none of `sources_of`; `PaperInvalid`
    CW-STANDING-INVALID; `Refused` CW-STANDING-KNOWN, CW-LEAVING-KNOWN.
    """
    wish = draft_wish(plain)
    found = [row for row, one in sources_of(person, clock.today())
             if (row.reference, one["made_from"]) == (output, wish.request)]  # fmt: skip
    if not found:
        raise none()
    if Layout.objects.filter(reference=wish.id).exists():
        raise Refused("CW-STANDING-KNOWN", "A standing output of this name is there already.")
    return ask_draft_of(person, found[0], wish.plain())


def draft_of(person: User, order_id: str) -> OutputOrder:
    """An order of this person's own. Raises `Fault` CW-WEB-NOT-FOUND."""
    order = OutputOrder.objects.filter(pk=order_id, asked_by=person, kind=DRAFT).first()
    if order is None:
        raise none()
    return order


def is_made(order: OutputOrder) -> bool | None:
    """Whether the airlock has made it; None while it has not answered."""
    return None if order.state in OPEN else order.state == DONE


def paper_of(order: OutputOrder) -> StandingOutput:
    """The layout that the airlock made. Raises `Refused` CW-LEAVING-STATE once it is too late,
    and `PaperInvalid` CW-STANDING-INVALID."""
    if order.content is None or order.goes_at is None or order.goes_at <= clock.now():
        raise Refused("CW-LEAVING-STATE", "This was there for an hour only. Ask for it again.")
    plain = parse_json(bytes(order.content), "The layout")
    return StandingOutput.read(plain, "The layout", "CW-STANDING-INVALID")


def draft_shown(paper: StandingOutput) -> dict[str, Any]:
    """What the page says of a layout before it is signed: what would be made, and when."""
    period = paper.period
    return {
        "standing": paper.id,
        "table_title": paper.layout.title,
        "project": paper.project,
        "permit": paper.permit_id,
        "context": paper.context,
        "controls": paper.controls,
        "period": "" if period is None else f"{period.table}.{period.name}",
        "groups": [
            {
                "name": side.column.name,
                "labels": ["no value" if one is None else one for one in named.labels],
            }
            for side, named in zip(paper.layout.by, paper.groups, strict=True)
        ],
        "months": [
            {
                "title": paper.request(month).title,
                "output": paper.output(month),
                "from": last_day(month) + timedelta(days=paper.settles_days + 1),
            }
            for month in paper.months()
        ],
        "digest": paper.digest(),
        "request": paper.layout.canonical().decode("utf-8"),
    }
