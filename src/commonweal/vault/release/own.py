"""What one person is told of one release: the same steps for who is in it and who is not (S7, S8).

A receipt and a statement are made whoever asks, and one of them is thrown away: for somebody who is
not in the list the receipt is another person's, which never leaves this function; for somebody who
is in it the statement is about a random label that nobody has. Where the list itself cannot be
believed nobody is told that they are not in it.

Where it is read: a few chunks of the list's sealed index, held against the signed root; of a
release that was made before lists had one, the whole sealed list, held against its signed hash.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes, sha256_file, translated
from commonweal.foundation.identifiers import NHSNumber
from commonweal.foundation.london import london_day
from commonweal.foundation.sealing import SealedReader
from commonweal.ledger.membership import LABEL_BYTES, label
from commonweal.papers.own_record import LONGEST, Because, OwnRelease
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.custody import Custody
from commonweal.vault.custody.witnesses import witnessed_proof
from commonweal.vault.release.membership import any_label, has_label, prove_label
from commonweal.vault.release.membership_index import NAME, MembershipIndex, Seen
from commonweal.vault.release.proving import PersonProof, statement_about, stored_list
from commonweal.vault.release.store import PROOF, airlock_folder
from commonweal.vault.release.writing import context_of, sealing_key

NHS_NUMBER = "nhs_number"


Lookup = Callable[[Custody, ReleaseManifest, bytes], Seen]
"""Looks for a label in the list of a release, by the same steps whether it is there or not."""


def look_in_whole_list(custody: Custody, manifest: ReleaseManifest, mine: bytes) -> Seen:
    """Open and read the whole list. Raises `Fault` where it is not the one that was signed."""
    path = airlock_folder(custody.home.releases, manifest.release) / "membership"
    with translated("the membership list"):
        hashed = sha256_file(path)
    if not hmac.compare_digest(hashed, manifest.membership.list_hash or ""):
        raise Fault("CW-RELEASE-CHANGED", "The membership list is not the one that was signed.")
    stored = stored_list(custody, manifest)
    other = any_label(stored)
    if other is None:
        return Seen(False, mine, None)
    there = has_label(stored, mine)
    proved = mine if there else other
    return Seen(there, proved, prove_label(stored, proved, manifest.release))


def look_in_index(custody: Custody, manifest: ReleaseManifest, mine: bytes) -> Seen:
    """Read what is needed of the list's sealed index, or the whole list where it has none.

    The index is sealed for this release by the key of membership lists and ends with the root that
    was signed. Raises `Fault` CW-RELEASE-CHANGED, CW-SEAL-BROKEN, CW-FILE-MISSING.
    """
    if manifest.membership.index_hash is None:
        return look_in_whole_list(custody, manifest, mine)
    path = airlock_folder(custody.home.releases, manifest.release) / NAME
    key = sealing_key(custody.keyring.secret("membership"))
    root = bytes.fromhex(manifest.membership.root.removeprefix("sha256:"))
    with translated("the index of the membership list"), path.open("rb") as source:
        context = context_of(manifest.release, NAME)
        reader = SealedReader(source, key.use(), context, "The index of the membership list")
        index = MembershipIndex(reader, manifest.release, root, manifest.membership.leaves)
        return index.look(mine)


def tell_release(
    custody: Custody,
    folder: Path,
    manifest: ReleaseManifest,
    number: NHSNumber,
    look: Lookup = look_in_index,
) -> OwnRelease:
    """What the person with `number` is told of the release in `folder`.

    It tells the log nothing: `record_asked` comes before. Raises `Unavailable` only: whatever is
    wrong with one release is an answer `unknown` for everybody.
    """
    said: dict[str, Any] = {
        "permit": manifest.permit_id,
        "release": manifest.release,
        "made_on": london_day(manifest.built_at).isoformat(),
    }
    if manifest.person_kind != NHS_NUMBER:
        return unknown(said, "told_apart_otherwise")
    try:
        return _told(custody, folder, manifest, number, look, said)
    except (Fault, Refused) as error:
        missing = error.code == "CW-FILE-MISSING"
        return unknown(said, "list_missing" if missing else "list_not_whole")


def unknown(said: dict[str, Any], because: Because) -> OwnRelease:
    """That nobody can be told of this release whether they are in it."""
    return OwnRelease.read({**said, "answer": "unknown", "because": because}, "The answer")


def _told(
    custody: Custody,
    folder: Path,
    manifest: ReleaseManifest,
    number: NHSNumber,
    look: Lookup,
    said: dict[str, Any],
) -> OwnRelease:
    key = custody.keyring.secret("membership")
    mine = label(key.use(), manifest.release, number.digits)
    seen = look(custody, manifest, mine)
    receipt = _receipt(custody, folder, manifest, seen)
    nobody = secrets.token_bytes(LABEL_BYTES)
    statement, secret = statement_about(custody, manifest, nobody if seen.there else mine)
    if max(len(receipt), len(statement)) > LONGEST:
        raise Fault("CW-MYDATA-SIZE", "The proof of this release is longer than an answer holds.")
    if seen.there:
        told = {"answer": "in", "tables": sorted(manifest.tables), "receipt": receipt}
    else:
        told = {"answer": "not_in", "statement": statement, "secret": secret}
    return OwnRelease.read(said | told, "The answer")


def _receipt(custody: Custody, folder: Path, manifest: ReleaseManifest, seen: Seen) -> str:
    """The proof of what was seen, checked; empty for a list with nobody in it."""
    proof = witnessed_proof(custody, read_bytes(folder / PROOF, "The ledger's proof").decode())
    if seen.proof is None:
        return ""
    found = PersonProof(seen.label, seen.proof, proof)
    root = manifest.membership.root.removeprefix("sha256:")
    if found.verify(list(custody.ledger_keys)) != manifest.release or (
        not hmac.compare_digest(seen.proof.root.hex(), root)
    ):
        raise Fault("CW-RELEASE-CHANGED", "The proof is about another list.")
    return found.canonical().decode()
