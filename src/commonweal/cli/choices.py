"""`commonweal choices`: what people chose, written down at a desk.

The identifier comes from standard input and is never an argument, where others on the machine could
see it. No command lists people or finds a receipt by person, and no receipt says whose it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.choice_requests import app as requests
from commonweal.cli.choice_requests import require_ending, write_receipts
from commonweal.cli.membership import read_person
from commonweal.cli.options import HomeOption, JsonOption, group, new_place, opened
from commonweal.cli.show import emit
from commonweal.foundation.errors import Refused, WrongUsage

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody

app = group("What people chose, written down at a desk.")
app.add_typer(requests, name="requests")

PersonOption = Annotated[
    str, typer.Option(help="Always `-`: the NHS number is read from standard input.")
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        help="For a person without an NHS number: the dataset whose record key is given instead.",
        show_default=False,
    ),
]
ChannelOption = Annotated[str, typer.Option(help="How it came: form, phone, post or desk.")]
EvidenceOption = Annotated[
    str, typer.Option(help="Where it is written down that they chose this; no health details.")
]
ByOption = Annotated[str, typer.Option("--by", help="The member of staff who writes it down.")]
ForByOption = Annotated[
    str | None,
    typer.Option(
        help="Who chose for the person: parent, attorney, deputy or personal_representative.",
        show_default=False,
    ),
]
BornOption = Annotated[
    str | None, typer.Option(help="A child's date of birth: 2020-01-31.", show_default=False)
]
DiedOption = Annotated[str | None, typer.Option(help="The date of death.", show_default=False)]
EndsOption = Annotated[
    str | None, typer.Option(help="The last day of their power, if any.", show_default=False)
]
ScopeOption = Annotated[
    str | None,
    typer.Option(help="What their power is over: health_and_welfare.", show_default=False),
]
ReceiptOption = Annotated[
    Path | None,
    typer.Option(
        help="A new file for the receipt, one page of A4: NAME.html or NAME.txt.",
        callback=new_place,
        show_default=False,
    ),
]
NumberArgument = Annotated[int, typer.Argument(help="The number on the receipt.")]


@app.command()
def add(
    ctx: typer.Context,
    person: PersonOption,
    kind: Annotated[str, typer.Option(help="The kind of choice.")],
    channel: ChannelOption,
    evidence: EvidenceOption,
    by: ByOption,
    project: Annotated[
        str | None, typer.Option(help="The project, for a kind about one.", show_default=False)
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="The last day on which it counts.", show_default=False)
    ] = None,
    dataset: DatasetOption = None,
    for_by: ForByOption = None,
    born: BornOption = None,
    died: DiedOption = None,
    ends: EndsOption = None,
    scope: ScopeOption = None,
    receipt: ReceiptOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write down what somebody chose."""
    from commonweal.papers.choice_rules import NOT_NATIONAL, is_national

    if is_national(kind):
        raise Refused("CW-CHOICES-NATIONAL", NOT_NATIONAL)
    fields = {"kind": kind, "project": project, "effective_to": until, "channel": channel,
              "evidence": evidence, "entered_by": by}  # fmt: skip
    trusted = {"relation": for_by, "born_on": born, "died_on": died, "ends_on": ends,
               "scope": scope}  # fmt: skip
    _record(ctx, home, (person, dataset), fields, trusted, receipt, json)


@app.command("take-back")
def take_back(
    ctx: typer.Context,
    number: NumberArgument,
    person: PersonOption,
    channel: ChannelOption,
    evidence: EvidenceOption,
    by: ByOption,
    dataset: DatasetOption = None,
    for_by: ForByOption = None,
    born: BornOption = None,
    died: DiedOption = None,
    ends: EndsOption = None,
    scope: ScopeOption = None,
    receipt: ReceiptOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Take back a choice, by the number on its receipt."""
    fields = {"takes_back": number, "channel": channel, "evidence": evidence, "entered_by": by}
    trusted = {"relation": for_by, "born_on": born, "died_on": died, "ends_on": ends,
               "scope": scope}  # fmt: skip
    _record(ctx, home, (person, dataset), fields, trusted, receipt, json)


@app.command()
def show(
    ctx: typer.Context,
    number: NumberArgument,
    receipt: ReceiptOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show a receipt again by its number; it does not say whose it is."""
    from commonweal.vault.choices.receipts import receipt_of

    require_ending(receipt)
    with opened(ctx, home) as custody:
        found = receipt_of(custody, number)
    write_receipts(receipt, [found])
    emit(json, found.plain(), found.sentences())


@app.command()
def verify(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Open every entry of the journal and hold it against the ledger."""
    from commonweal.vault.choices.journal import verify_journal

    with opened(ctx, home) as custody:
        number = verify_journal(custody).number
    emit(json, {"whole": True, "number": number},
         [f"The journal of choices is whole: {number:,} entries."])  # fmt: skip


@app.command("accept-loss")
def accept_loss(
    ctx: typer.Context,
    approve: Annotated[
        list[str] | None,
        typer.Option(
            help="The key of a person who says so; two people are needed.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Say that choices which a restore lost were recorded again.

    Until two people say so nothing is built. Record the choices again first: from the receipts, the
    forms and letters, and from what staff wrote down since the backup.
    """
    from commonweal.vault.choices.loss import accept_loss as accept

    with opened(ctx, home) as custody:
        done = accept(custody, approve or [])
    plain = {"number": done.number, "remembered": done.remembered}
    told = (
        f"The journal of choices counts again, with {done.number:,} entries; before the restore "
        f"there were {done.remembered:,}. The ledger says who accepted that."
    )
    emit(json, plain, [told])


def _record(
    ctx: typer.Context,
    home: Path | None,
    who: tuple[str, str | None],
    fields: dict[str, Any],
    trusted: dict[str, str | None],
    receipt: Path | None,
    json: bool,
) -> None:
    from commonweal.papers.choice_rules import STAFFED
    from commonweal.vault.choices.journal import record
    from commonweal.vault.choices.receipts import receipt_for

    if fields["channel"] not in STAFFED:
        raise WrongUsage("CW-USAGE", "The channel is form, phone, post or desk.")
    if trusted["relation"] is None and any(trusted.values()):
        raise WrongUsage("CW-USAGE", "Say with --for-by who chose for the person.")
    require_ending(receipt)
    identifier = read_person(who[0])
    with opened(ctx, home) as custody:
        choice = _choice(custody, identifier, who[1], fields, trusted)
        found = receipt_for(record(custody, choice))
    write_receipts(receipt, [found])
    emit(json, found.plain(), found.sentences())


def _choice(
    custody: Custody,
    identifier: str,
    dataset: str | None,
    fields: dict[str, Any],
    trusted: dict[str, str | None],
) -> Any:
    from commonweal.foundation.clock import stamp
    from commonweal.foundation.identifiers import NHSNumber
    from commonweal.foundation.london import london_day
    from commonweal.papers.choice import Choice, new_choice_id

    whose = {"kind": "record_key", "identifier": identifier, "dataset": dataset}
    if dataset is None:
        whose = {"kind": "nhs_number", "identifier": NHSNumber(identifier).digits}
    now = custody.clock.now()
    today = london_day(now).isoformat()
    given = {name: value for name, value in trusted.items() if value is not None}
    plain = {
        "choice": 1, "id": new_choice_id(), "whose": whose, "effective_from": today,
        "made_on": today, "recorded_at": stamp(now),
        "set_by": "trusted_person" if given else "staff", "trusted": given or None, **fields,
    }  # fmt: skip
    kept = {name: value for name, value in plain.items() if value is not None}
    return Choice.read(kept, "The choice", "CW-CHOICES-INVALID")
