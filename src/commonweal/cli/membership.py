"""What one person may be told about a release: a proof that they are in it, or a signed word that
they are not (S7).

The person's identifier comes from standard input and is never an argument, where other users of
the machine could see it; it is not written anywhere.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage

if TYPE_CHECKING:
    from commonweal.papers.release import ReleaseManifest
    from commonweal.vault.custody import Custody

ReleaseOption = Annotated[Path, typer.Option(help="The release folder.")]
PersonOption = Annotated[
    str, typer.Option(help="Always `-`: the identifier is read from standard input.")
]
ProofOut = Annotated[Path, typer.Option(help="The file to write; it must not exist.")]

_MAX_IDENTIFIER = 500
_ABOUT_DOMAIN = b"commonweal/absence/1\x00"
_NOT_IN_LIST = "CW-LEDGER-MEMBERSHIP-INVALID"


def read_person(named: str) -> list[str]:
    """The spellings in which the person may stand in the list, read from standard input.

    Raises `WrongUsage` CW-USAGE.
    """
    if named != "-":
        raise WrongUsage(
            "CW-USAGE",
            "The identifier is read from standard input; write --person - and give it there.",
        )
    text = sys.stdin.read(_MAX_IDENTIFIER + 2).strip()
    if not text or len(text) > _MAX_IDENTIFIER or not text.isprintable():
        raise WrongUsage("CW-USAGE", "Standard input must hold one identifier on one line.")
    from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber

    try:
        bare = NHSNumber(text).formatted.replace(" ", "")
    except InvalidNHSNumber:
        return [text]
    # NHS numbers are joined by their digits alone; other identifiers as they are written.
    return list(dict.fromkeys([bare, text]))


def write_proof(custody: Custody, folder: Path, person: list[str], out: Path) -> dict[str, Any]:
    """Write the proof that the person is in the release to the new file `out`.

    Raises `Fault` CW-RELEASE-NOT-ON-LEDGER, CW-LEDGER-MEMBERSHIP-INVALID if they are not in it.
    """
    from commonweal.foundation.files import write_atomic
    from commonweal.ledger.membership import label

    manifest, stored = _stored(custody, folder)
    key = custody.keyring.secret("membership")
    proof = _proved(custody, stored, manifest.release, person)
    if proof is None:
        raise Fault(_NOT_IN_LIST, "The person is not in this release.")
    labels = [label(key.use(), manifest.release, spelling) for spelling in person]
    root = bytes.fromhex(manifest.membership.root.removeprefix("sha256:"))
    if not any(_holds(proof, one, root) for one in labels):
        raise Fault(_NOT_IN_LIST, "The stored list is not the one that the ledger holds.")
    write_atomic(out, proof.canonical() + b"\n", exclusive=True)
    return {"release": manifest.release, "in_release": True, "file": str(out)}


def write_absence(custody: Custody, folder: Path, person: list[str], out: Path) -> dict[str, Any]:
    """Write the signed statement that the person is not in the release to the new file `out`.

    The file also holds the secret that binds the statement to the person: only they get it.
    Raises `Fault` CW-RELEASE-NOT-ON-LEDGER, CW-LEDGER-MEMBERSHIP-INVALID if they are in it.
    """
    from commonweal.foundation.clock import stamp
    from commonweal.foundation.files import write_atomic
    from commonweal.ledger.membership import label
    from commonweal.papers.release import StatementOfAbsence
    from commonweal.papers.release.summary import absence_sentence

    manifest, stored = _stored(custody, folder)
    if _proved(custody, stored, manifest.release, person) is not None:
        raise Fault(_NOT_IN_LIST, "The person is in this release; prove it instead.")
    key = custody.keyring.secret("membership")
    salt = secrets.token_bytes(32)
    mine = label(key.use(), manifest.release, person[0])
    now = custody.clock.now()
    statement = StatementOfAbsence.read(
        {
            "statement": 1,
            "release": manifest.release,
            "made_on": manifest.built_at.date().isoformat(),
            "about": "sha256:" + hashlib.sha256(_ABOUT_DOMAIN + salt + mine).hexdigest(),
            "sentence": absence_sentence(manifest.built_at.date()),
            "issued_at": stamp(now),
        },
        "The statement of absence",
    )
    text = statement.signed([custody.keyring.signer("statement-signer")], now)
    StatementOfAbsence.load(text, custody.trust)
    held = {"statement": text, "secret": salt.hex()}
    write_atomic(out, (json.dumps(held, indent=2) + "\n").encode(), exclusive=True)
    return {
        "release": manifest.release,
        "in_release": False,
        "sentence": statement.sentence,
        "file": str(out),
    }


def _stored(custody: Custody, folder: Path) -> tuple[ReleaseManifest, bytes]:
    """The manifest and the unsealed membership list of a release that the ledger knows."""
    from commonweal.foundation.files import read_bytes
    from commonweal.foundation.sealing import unseal_bytes
    from commonweal.papers.release import ReleaseManifest
    from commonweal.vault.release.store import (
        MANIFEST,
        airlock_folder,
        find_completed,
        release_of,
    )
    from commonweal.vault.release.writing import context_of, sealing_key

    content = read_bytes(release_of(folder) / MANIFEST, "The manifest")
    manifest = ReleaseManifest.load(content, custody.trust)
    entry = find_completed(custody.ledger, manifest.release)
    if entry is None or entry.fields["membership_root"] != manifest.membership.root:
        raise Fault("CW-RELEASE-NOT-ON-LEDGER", "The ledger does not know this release.")
    aside = airlock_folder(custody.home.releases, manifest.release)
    sealed = read_bytes(aside / "membership", "The membership list")
    # Under the custodian's key and not the release's: people may ask when the data are long gone.
    key = sealing_key(custody.keyring.secret("membership"))
    context = context_of(manifest.release, "membership")
    return manifest, unseal_bytes(sealed, key.use(), context, "The membership list")


def _proved(custody: Custody, stored: bytes, release: str, person: list[str]) -> Any:
    """The proof for one of the person's spellings, or None if no spelling is in the list."""
    from commonweal.vault.release.membership import prove
    from commonweal.vault.release.prepare import opened_engine

    key = custody.keyring.secret("membership")
    with custody.home.run_folder() as work, opened_engine(work) as engine:
        for spelling in person:
            try:
                return prove(engine, stored, key, release, spelling)
            except CommonwealError as error:
                if error.code != _NOT_IN_LIST:
                    raise
    return None


def _holds(proof: Any, person_label: bytes, root: bytes) -> bool:
    try:
        proof.verify(person_label, root)
    except CommonwealError:
        return False
    return True
