"""`commonweal choices requests`: what people asked by page, dealt with at the vault.

Nobody but whoever sits here reads a request. The list says references and days; what somebody wrote
is shown one by one, and each one is accepted for a person whom staff found, or refused with a
reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.membership import read_person
from commonweal.cli.options import HomeOption, JsonOption, group, new_place, opened
from commonweal.cli.show import emit
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from commonweal.papers.choice_request import HeldRequest
    from commonweal.vault.choices.receipts import Receipt

app = group("What people asked by page and staff have to look at.")

ReferenceArgument = Annotated[str, typer.Argument(help="The reference.", metavar="REF")]
ByOption = Annotated[str, typer.Option("--by", help="The member of staff who does it.")]
ReceiptOption = Annotated[
    Path | None,
    typer.Option(
        help="A new file for the receipt, a page of A4 each: NAME.html or NAME.txt.",
        callback=new_place,
        show_default=False,
    ),
]


@app.command("list")
def list_(
    ctx: typer.Context,
    refused: Annotated[
        bool, typer.Option("--refused", help="Those that were refused in the last 90 days.")
    ] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List what waits, the oldest first: references and days, and nothing of what it says."""
    from commonweal.foundation.clock import stamp
    from commonweal.vault.choices.requests import waiting

    with opened(ctx, home) as custody:
        found = waiting(custody, refused=refused)
    rows = [{"reference": one.reference, "came_at": stamp(one.held.took_in_at)} for one in found]
    lines = [f"{one.reference}  came on {_day(one.held.took_in_on)}" for one in found]
    emit(json, {"requests": rows}, lines or ["No request waits." if not refused else "None."])


@app.command()
def show(
    ctx: typer.Context,
    reference: ReferenceArgument,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show one request, to check who asked. None of it is proved."""
    from commonweal.vault.choices.requests import request_of

    with opened(ctx, home) as custody:
        held = request_of(custody, reference)
    emit(json, held.plain(), _told(held))


@app.command()
def accept(
    ctx: typer.Context,
    reference: ReferenceArgument,
    person: Annotated[
        str, typer.Option(help="Always `-`: the NHS number is read from standard input.")
    ],
    checked: Annotated[
        str, typer.Option(help="How you know who asked, and which papers you saw; nothing more.")
    ],
    by: ByOption,
    project: Annotated[
        str | None, typer.Option(help="The project's id, if it is about one.", show_default=False)
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="For a person without an NHS number: the dataset whose record key is given.",
            show_default=False,
        ),
    ] = None,
    born: Annotated[
        str | None, typer.Option(help="A child's date of birth, if other than written.",
                                 show_default=False)
    ] = None,
    died: Annotated[str | None, typer.Option(help="The date of death.", show_default=False)] = None,
    ends: Annotated[
        str | None, typer.Option(help="The last day of their power, if any.", show_default=False)
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(help="What their power is over: health_and_welfare.", show_default=False),
    ] = None,
    receipt: ReceiptOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Record what a request asks, for the person whom you found and checked."""
    from commonweal.foundation.identifiers import NHSNumber
    from commonweal.vault.choices.receipts import receipt_for
    from commonweal.vault.choices.requests import accept as take

    require_ending(receipt)
    identifier = read_person(person)
    whose = {"kind": "record_key", "identifier": identifier, "dataset": dataset}
    if dataset is None:
        whose = {"kind": "nhs_number", "identifier": NHSNumber(identifier).digits}
    trusted = {"born_on": born, "died_on": died, "ends_on": ends, "scope": scope}
    with opened(ctx, home) as custody:
        made = take(custody, reference, whose, checked, by, project=project, trusted=trusted)
    receipts = [receipt_for(one) for one in made]
    write_receipts(receipt, receipts)
    plain = {"reference": reference, "receipts": [one.plain() for one in receipts]}
    emit(json, plain, [line for one in receipts for line in one.sentences()])


@app.command()
def refuse(
    ctx: typer.Context,
    reference: ReferenceArgument,
    because: Annotated[str, typer.Option(help="Why; no health details.")],
    by: ByOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Say that a request comes to nothing; it is kept for 90 days with the reason."""
    from commonweal.vault.choices.requests import refuse as end

    with opened(ctx, home) as custody:
        end(custody, reference, because, by)
    told = f"{reference} is refused, and kept for 90 days with the reason. Tell whoever asked."
    emit(json, {"reference": reference, "refused": True}, [told])


def require_ending(place: Path | None) -> None:
    """Raise `WrongUsage` CW-USAGE unless a receipt may stand in this file."""
    if place is not None and place.suffix not in (".html", ".txt"):
        raise WrongUsage("CW-USAGE", "A receipt is a file that ends in .html or .txt.")


def write_receipts(place: Path | None, receipts: Sequence[Receipt]) -> None:
    """Write receipts of one person into a new file, if one was named."""
    from commonweal.foundation.files import write_atomic
    from commonweal.vault.choices.receipts import receipts_html, receipts_text

    if place is not None:
        told = receipts_html(receipts) if place.suffix == ".html" else receipts_text(receipts)
        write_atomic(place, told.encode(), exclusive=True)


def _told(held: HeldRequest) -> list[str]:
    from commonweal.papers.choice_rules import DOES

    request = held.request
    pairs: list[tuple[str, Any]] = [
        ("Reference", request.reference), ("Came on", _day(held.took_in_on)),
        *(("Asks", DOES[kind]) for kind in request.kinds),
        ("Project, as they wrote it", request.project), ("Name", request.name),
        ("Date of birth", request.born_on), ("Postcode", request.postcode),
        ("NHS number, as they wrote it", request.nhs_number), ("Reach them", request.reach),
        ("Asks for somebody else as", request.relation), ("Who asks", request.chooser),
    ]  # fmt: skip
    lines = [f"{words}: {value}" for words, value in pairs if value is not None]
    if held.refused is not None:
        ended = held.refused
        lines.append(f"Refused on {ended.at:%d %B %Y} by {ended.by}: {ended.because}")
    return [*lines, "Nothing of this is proved: check who asked before you accept it."]


def _day(at: Any) -> str:
    return f"{at.day} {at:%B %Y}"
