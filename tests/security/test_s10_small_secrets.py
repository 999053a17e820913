"""S10: hashes of small secrets are guessed, and a salt kept in clear undoes shredding.

The secret is an NHS number: nine digits and a check digit. The attacker has the ledger's file. She
knows that the patient is one of a few thousand (in truth a thousand million, half an hour of one
core), and tries them all.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Fault
from commonweal.foundation.identifiers import check_digit
from commonweal.ledger.details import Details, commitment
from commonweal.ledger.entry import Event, read_entry
from tests.unit.ledger import support
from tests.unit.ledger.support import JANE, KEY


def _numbers() -> Iterator[str]:
    for first in range(900_000_000, 904_000_000, 1000):
        digit = check_digit(str(first))
        if digit is not None:
            yield f"{first}{digit}"


CANDIDATES = list(_numbers())
SECRET = CANDIDATES[1234]
DETAILS = {"nhs_number": SECRET}


def _guess(test: Callable[[bytes], bool]) -> str | None:
    """Try every candidate; returns the one that fits."""
    return next((n for n in CANDIDATES if test(canonical({"nhs_number": n}))), None)


def _written(folder: Path) -> tuple[Path, int, str]:
    """A ledger with the secret in the details of one entry: path, intent, what the entry says."""
    with support.new_ledger(folder) as ledger:
        intent = ledger.append(support.hint(), details=Details(DETAILS, "details.p7", KEY))
        with ledger.reading() as connection:
            body = connection.execute("SELECT body FROM intent WHERE id = ?", (intent,)).fetchone()
        return ledger.path, intent, str(read_entry(body[0])["details"])


def test_naive_a_plain_hash_is_guessed() -> None:
    entry = hashlib.sha256(canonical(DETAILS)).hexdigest()
    assert _guess(lambda content: hashlib.sha256(content).hexdigest() == entry) == SECRET


def test_naive_a_salt_kept_in_clear_undoes_the_erasure() -> None:
    salt = os.urandom(32)
    entry = hashlib.sha256(salt + canonical(DETAILS)).hexdigest()
    row = {"salt": salt, "ciphertext": b"the sealed details"}
    row["ciphertext"] = b""  # erased, the naive way
    found = _guess(lambda content: hashlib.sha256(row["salt"] + content).hexdigest() == entry)
    assert found == SECRET


def test_naive_one_salt_for_all_shows_who_is_the_same() -> None:
    salt = os.urandom(32)
    one, two = (hmac.new(salt, canonical(DETAILS), hashlib.sha256).digest() for _ in range(2))
    assert one == two


def test_ours_the_entry_cannot_be_guessed(tmp_path: Path) -> None:
    _, _, written = _written(tmp_path)
    plain = ("sha256:", "hmac-sha256:")
    assert _guess(lambda c: written in [p + hashlib.sha256(c).hexdigest() for p in plain]) is None
    assert _guess(lambda content: commitment(bytes(32), content) == written) is None


def test_ours_no_salt_lies_in_the_file(tmp_path: Path) -> None:
    """Every 32 bytes of the database are tried as the salt of the true details."""
    path, _, written = _written(tmp_path)
    content = canonical(DETAILS)
    file = path.read_bytes()
    assert SECRET.encode() not in file
    assert not any(
        "hmac-sha256:" + hmac.digest(file[at : at + 32], content, "sha256").hex() == written
        for at in range(len(file) - 31)
        if file[at] or file[at + 31]
    )


def test_ours_after_erasure_even_the_key_opens_nothing(tmp_path: Path) -> None:
    path, intent, written = _written(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        before = connection.execute("SELECT ciphertext FROM detail").fetchone()[0]
    from commonweal.ledger.store import Ledger

    with Ledger.open(path, support.new_clock()) as ledger:
        assert ledger.open_details(intent, KEY) == DETAILS
        ledger.erase_details(intent)
        with pytest.raises(Fault) as caught:
            ledger.open_details(intent, KEY)
        assert caught.value.code == "CW-LEDGER-DETAIL-ERASED"
    assert before not in path.read_bytes()
    assert _guess(lambda content: commitment(bytes(32), content) == written) is None


def test_ours_the_same_details_never_look_the_same(tmp_path: Path) -> None:
    with support.new_ledger(tmp_path) as ledger:
        for _ in range(20):
            ledger.append(support.hint(), details=Details(DETAILS, "details.p7", KEY))
        with ledger.reading() as connection:
            bodies = connection.execute("SELECT body FROM intent WHERE id > 1").fetchall()
            sealed = connection.execute("SELECT ciphertext FROM detail").fetchall()
    assert len({read_entry(body)["details"] for (body,) in bodies}) == 20
    assert len(set(sealed)) == 20


@pytest.mark.parametrize("spelling", [SECRET, f"{SECRET[:3]}-{SECRET[3:6]}-{SECRET[6:]}"])
def test_ours_an_nhs_number_is_no_identifier_of_anything(spelling: str) -> None:
    for field, event in (("permit", "risk.hint_given"), ("release", "risk.hint_given")):
        fields = {"permit": "permit-7", field: f"x.{spelling}"}
        with pytest.raises(Fault) as caught:
            Event(event, JANE, fields)
        assert SECRET not in str(caught.value)
