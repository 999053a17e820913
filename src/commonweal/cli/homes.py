"""`commonweal home`: make a home, and show what it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli import trust
from commonweal.cli.options import HomeOption, JsonOption, group, home_path, opened
from commonweal.cli.show import emit
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody

app = group("The data folder: make it, and show what it is.")
app.add_typer(trust.app, name="policy")

_SayNoDays = Annotated[
    int | None,
    typer.Option(
        help="Days in which people can say no before a permit is active (28; 0 with --demo).",
        show_default=False,
    ),
]
_DirectSayNoDays = Annotated[
    int | None,
    typer.Option(
        help="The same for permits that no committee decided (as --say-no-days).",
        show_default=False,
    ),
]
_AcceptedBy = Annotated[
    str | None,
    typer.Option(
        help="Who accepts for real data that all runs as one user of the operating system.",
        show_default=False,
    ),
]
_Witnesses = Annotated[
    Path | None,
    typer.Option(
        help="A policy file (tlog-policy) of witnesses who must sign the public log.",
        show_default=False,
    ),
]
_WitnessLag = Annotated[
    int | None,
    typer.Option(
        help="Minutes that a public entry may wait for its witnesses (15).", show_default=False
    ),
]


@app.command("create")
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Option(help="The name of the organisation.")],
    ods: Annotated[str | None, typer.Option(help="Its ODS code.", show_default=False)] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="For demonstrations; can never hold real data.")
    ] = False,
    say_no_days: _SayNoDays = None,
    direct_say_no_days: _DirectSayNoDays = None,
    accepted_by: _AcceptedBy = None,
    because: Annotated[
        str | None, typer.Option(help="Why they accept it.", show_default=False)
    ] = None,
    witnesses: _Witnesses = None,
    witness_lag: _WitnessLag = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Make a home: folder, keys, trust policy and ledger, or nothing.

    The root key goes outside the home: to the folder that COMMONWEAL_ROOT_STORE names, else into
    the settings of the user. Without it a home and its backups cannot be opened.
    """
    path = home_path(ctx, home)
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import Acceptance, create_home, read_policy

    _together(accepted_by, because, witnesses, witness_lag)
    with create_home(
        path,
        kind="demo" if demo else "standard",
        name=name,
        ods=ods,
        clock=SystemClock(),
        time_to_say_no_days=say_no_days,
        direct_time_to_say_no_days=direct_say_no_days,
        acceptance=Acceptance(accepted_by, because)
        if accepted_by is not None and because is not None
        else None,
        witnesses=None if witnesses is None else read_policy(witnesses),
        witness_lag_minutes=witness_lag,
    ) as custody:
        emit(json, _plain(custody), [*_sentences(custody), *_next_steps(custody)])


def _together(
    accepted_by: str | None, because: str | None, witnesses: Path | None, lag: int | None
) -> None:
    if lag is not None and witnesses is None:
        raise WrongUsage("CW-USAGE", "--witness-lag needs --witnesses.")
    if (accepted_by is None) is not (because is None):
        raise WrongUsage("CW-USAGE", "--accepted-by and --because go together.")


@app.command("accept")
def accept_separation(
    ctx: typer.Context,
    accepted_by: Annotated[str, typer.Option(help="The person who accepts it, by name.")],
    because: Annotated[str, typer.Option(help="Why they accept it.")],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Record who accepts that rooms are not kept apart.

    Everything runs as one user of the operating system: who has that account can read sources,
    keys and releases. A home for real data issues no permit before this. Name and reason lie
    sealed on the ledger.
    """
    from commonweal.vault.custody import Acceptance
    from commonweal.vault.custody import accept_separation as accept

    acceptance = Acceptance(accepted_by, because)
    with opened(ctx, home) as custody:
        entry = accept(custody, acceptance)
        plain = {"separation": "none", "accepted_by": accepted_by, "ledger_entry": entry}
        emit(json, plain, [f"It is on the ledger that {accepted_by} accepts it."])


@app.command("show")
def show(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """Show a home: its kind, trust policy, ledger and root key's place."""
    with opened(ctx, home) as custody:
        emit(json, _plain(custody), _sentences(custody))


def _plain(custody: Custody) -> dict[str, Any]:
    from commonweal.foundation.clock import stamp
    from commonweal.vault.custody import accepted_separation

    info, trust = custody.home.info, custody.trust
    accepted = accepted_separation(custody)
    return {
        "home": custody.home.id,
        "kind": info.kind,
        "name": info.name,
        "folder": str(custody.home.path),
        "root_store": str(custody.home.root_store),
        "created_at": stamp(info.created_at),
        "restored_at": None if info.restored_at is None else stamp(info.restored_at),
        "separation": "none",
        "separation_accepted_at": None if accepted is None else stamp(accepted.at),
        "separation_accepted_by": None
        if accepted is None or accepted.said is None
        else accepted.said.name,
        "trust": {
            "version": trust.number,
            "hash": trust.digest(),
            "custodian": trust.custodian,
            "time_to_say_no_days": trust.time_to_say_no_days,
            "direct_time_to_say_no_days": trust.direct_time_to_say_no_days,
            "signers": [
                {"key": key.id, "holder": key.holder, "roles": list(key.roles)}
                for key in trust.keys
            ],
            "witnesses": [
                {"name": one.name, "holder": one.holder, "url": one.url}
                for one in trust.witnesses or ()
            ],
            "witness_quorum": trust.witness_quorum,
        },
        "ledger": {
            "key": str(custody.ledger_keys_in_use[-1]),
            "keys": [str(key) for key in custody.ledger_keys_in_use],
            "public": custody.ledger.size("public"),
            "sealed": custody.ledger.size("sealed"),
            "intents_left": custody.ledger.intents_left(),
        },
    }


def _sentences(custody: Custody) -> list[str]:
    plain = _plain(custody)
    trust, ledger = plain["trust"], plain["ledger"]
    kind = "a demonstration home, for synthetic people only"
    lines = [
        f"{plain['name']}: {kind if plain['kind'] == 'demo' else 'a home for real data'}.",
        f"Folder: {plain['folder']}",
        f"Root key (keep a copy elsewhere): {plain['root_store']}",
        (
            f"Time to say no: {trust['time_to_say_no_days']} days; for permits issued here without "
            f"a committee: {trust['direct_time_to_say_no_days']} days."
        ),
        "Separation: none. Everything runs as one user of the operating system.",
        *_accepted(plain),
        f"Ledger: {ledger['public']} public and {ledger['sealed']} sealed entries.",
        f"Key that checks the ledger: {ledger['key']}",
        *_witnessed(trust),
    ]
    if plain["restored_at"]:
        lines.append(f"Restored from a backup at {plain['restored_at']}.")
    return lines


def _witnessed(trust: dict[str, Any]) -> list[str]:
    named = ", ".join(f"{one['name']} ({one['holder']})" for one in trust["witnesses"])
    return [f"Witnesses, of whom {trust['witness_quorum']} must sign: {named}."] if named else []


def _accepted(plain: dict[str, Any]) -> list[str]:
    if plain["separation_accepted_at"]:
        who = plain["separation_accepted_by"] or "a person whose name was erased"
        return [f"That was accepted by {who} on {plain['separation_accepted_at'][:10]}."]
    if plain["kind"] == "demo":
        return []
    return ["No permit is issued until somebody accepts that (`commonweal home accept`)."]


def _next_steps(custody: Custody) -> list[str]:
    people = [info.name for info in custody.keyring.list() if info.purpose == "person_signing"]
    shown = f" People with keys in this demonstration: {', '.join(people)}." if people else ""
    return [
        f"Permits are signed with the key permit-signer.{shown}",
        f"Next: set COMMONWEAL_HOME={_quoted(custody.home.path)} and scan a source.",
    ]


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
