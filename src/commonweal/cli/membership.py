"""What one person may be told about a release: a proof that they are in it, or a signed word that
they are not (S7).

The person's identifier comes from standard input and is never an argument, where other users of
the machine could see it; it is not written anywhere.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import new_place
from commonweal.foundation.errors import WrongUsage

if TYPE_CHECKING:
    from commonweal.vault.custody import Custody

ReleaseOption = Annotated[Path, typer.Option(help="The release folder.")]
PersonOption = Annotated[
    str, typer.Option(help="Always `-`: the identifier is read from standard input.")
]
ProofOut = Annotated[
    Path, typer.Option(help="The file to write; it must not exist.", callback=new_place)
]

_MAX_IDENTIFIER = 500


def read_person(named: str) -> str:
    """The person's identifier, read from standard input. Raises `WrongUsage` CW-USAGE."""
    if named != "-":
        raise WrongUsage(
            "CW-USAGE",
            "The identifier is read from standard input; write --person - and give it there.",
        )
    text = sys.stdin.read(_MAX_IDENTIFIER + 2).strip()
    if not text or len(text) > _MAX_IDENTIFIER or not text.isprintable():
        raise WrongUsage("CW-USAGE", "Standard input must hold one identifier on one line.")
    return text


def write_proof(custody: Custody, folder: Path, person: str, out: Path) -> dict[str, Any]:
    """Write the proof that the person is in the release to the new file `out`."""
    from commonweal.foundation.files import write_atomic
    from commonweal.vault.release.proving import prove_person

    proof = prove_person(custody, folder, person)
    write_atomic(out, proof.canonical() + b"\n", exclusive=True)
    return {"release": proof.membership.release, "in_release": True, "file": str(out)}


def write_absence(custody: Custody, folder: Path, person: str, out: Path) -> dict[str, Any]:
    """Write the signed statement that the person is not in the release to the new file `out`.

    The file also holds the secret that binds the statement to the person: only they get it.
    """
    from commonweal.foundation.files import write_atomic
    from commonweal.papers.release import StatementOfAbsence
    from commonweal.vault.release.proving import state_absence

    text, secret = state_absence(custody, folder, person)
    statement = StatementOfAbsence.load(text, custody.belief)
    held = {"statement": text, "secret": secret}
    write_atomic(out, (json.dumps(held, indent=2) + "\n").encode(), exclusive=True)
    return {
        "release": statement.release,
        "in_release": False,
        "sentence": statement.sentence,
        "file": str(out),
    }


def check_person(
    file: Path, keys: list[str], custody: Custody | None = None, chain: Path | None = None
) -> dict[str, Any]:
    """Check a person's proof with the ledger's verification keys, offline.

    `chain`: a file that leads from a key that was replaced to those after it.
    With `custody`, its ledger tells first that a proof of this release is checked; of a release
    that it does not know it tells nothing, for the file could hold any words in its place.
    """
    from commonweal.foundation.files import read_bytes
    from commonweal.vault.release.proving import PersonProof, record_asked
    from commonweal.vault.release.store import find_completed

    proof = PersonProof.parse(read_bytes(file, "The proof", limit=1024 * 1024).strip())
    if custody is not None and find_completed(custody.ledger, proof.membership.release):
        record_asked(custody, proof.membership.release, "check")
    follows = None if chain is None else read_bytes(chain, "The chain of keys")
    return {"release": proof.verify(list(keys), follows), "in_release": True}
