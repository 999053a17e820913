"""Signed notes, checkpoints and proof files: the C2SP formats, strictly."""

from __future__ import annotations

import base64

import pytest

from commonweal.foundation.errors import Fault
from commonweal.ledger.checkpoint import (
    Checkpoint,
    epoch_of,
    log_of,
    open_checkpoint,
    origin_of,
)
from commonweal.ledger.merkle import leaf_hash, node_hash
from commonweal.ledger.note import COSIGNATURE, Note, Signature, SigningKey, VerifierKey, key_id
from commonweal.ledger.proof import ProofError
from commonweal.ledger.tlogproof import TlogProof
from tests.unit.ledger.support import SoftwareSigner

# A note and key that the Go community publishes in its documentation of the format.
PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdn"
    "gotpRZb6KE6RyyBwJnAM=\n"
)
PRIVATE = SoftwareSigner(b"\x21" * 32)
OTHER = SoftwareSigner(b"\x22" * 32)
KEY = SigningKey("log.example/public", PRIVATE)
POINT = Checkpoint("log.example/public", 2, node_hash(leaf_hash(b"a"), leaf_hash(b"b")))
NOTE = KEY.sign(POINT.text())


def _cosigned(at: int = 1_770_000_000, private: SoftwareSigner = OTHER) -> tuple[str, str]:
    """A witness's verification key and its line under NOTE."""
    public = private.verification_key
    key = VerifierKey("witness.example", COSIGNATURE, public)
    signed = private.sign(b"cosignature/v1\ntime %d\n" % at + NOTE.text.encode())
    line = Signature(key.name, key.key_id, at.to_bytes(8, "big") + signed).line()
    return str(key), line


def test_a_published_note_verifies() -> None:
    note = Note.parse(PUBLISHED_NOTE)
    assert note.verify([PUBLISHED_KEY]) == (VerifierKey.parse(PUBLISHED_KEY),)
    assert note.format() == PUBLISHED_NOTE
    assert str(VerifierKey.parse(PUBLISHED_KEY)) == PUBLISHED_KEY


def test_key_ids_are_as_defined() -> None:
    public = base64.b64decode(PUBLISHED_KEY.split("+", 2)[2])[1:]
    assert key_id("PeterNeumann", 1, public).hex() == "c74f20a3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # id of another key
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # other name
        "PeterNeumann+c74f20a3+AhpcQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # broken base64
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AQ==",
    ],
)
def test_bad_keys_are_refused(text: str) -> None:
    with pytest.raises(Fault) as caught:
        VerifierKey.parse(text)
    assert caught.value.code == "CW-LEDGER-NOTE-INVALID"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "\n\n\u2014 a AAAAAAA=\n",
        "text\n\nno dash here AAAA\n",
        "text\n\n\u2014 a\n",
        "text\n\n\u2014  AAAAAAA=\n",
        "text\n\n\u2014 a+b AAAAAAA=\n",
        "text\n\n\u2014 a\u00a0b AAAAAAA=\n",
        "text\n\n\u2014 a AAAAAA==\n",  # four bytes: a key id and no signature
        "text\n\n\u2014 a AAAAAAA\n",  # no padding
        "text\n\n\u2014 a AAAAAAB=\n",  # not the canonical spelling
        "text\n\n\u2014 a AAAAAAA= \n",
        "text\n\n\u2014 a AAAAAAA=",  # no newline at the end
        "te\txt\n\n\u2014 a AAAAAAA=\n",
        "te\rxt\n\n\u2014 a AAAAAAA=\n",
        "te\x00xt\n\n\u2014 a AAAAAAA=\n",
        "text\n\n\u2014 a AAAAAAA=\n\u2014 b\n",
        "te\ud800xt\n\n\u2014 a AAAAAAA=\n",
        "text\n\n" + "\u2014 a AAAAAAA=\n" * 65,
        b"te\xfft\n\n\xe2\x80\x94 a AAAAAAA=\n",
    ],
)
def test_badly_formed_notes_are_refused(text: str | bytes) -> None:
    with pytest.raises(Fault) as caught:
        Note.parse(text)
    assert caught.value.code == "CW-LEDGER-NOTE-INVALID"


def test_the_last_blank_line_divides() -> None:
    note = KEY.sign("one\n\ntwo\n")
    assert Note.parse(note.format()).text == "one\n\ntwo\n"


def test_unknown_signatures_are_ignored_up_to_many() -> None:
    strangers = "".join(
        SigningKey(f"stranger{number}", OTHER).sign(NOTE.text).signatures[0].line()
        for number in range(30)
    )
    assert Note.parse(NOTE.format() + strangers).verify([KEY.verifier]) == (KEY.verifier,)


def test_no_known_key_is_refused() -> None:
    for keys in ([], [PUBLISHED_KEY], [SigningKey("log.example/public", OTHER).verifier]):
        with pytest.raises(Fault) as caught:
            NOTE.verify(keys)
        assert caught.value.code == "CW-LEDGER-SIGNATURE-INVALID"


def test_one_bad_signature_by_a_known_key_condemns_the_note() -> None:
    known = SigningKey("log.example/other", OTHER)
    good = known.sign(NOTE.text).signatures[0]
    bad = Signature(good.name, good.key_id, bytes([good.data[0] ^ 1]) + good.data[1:])
    note = Note(NOTE.text, (*NOTE.signatures, bad))
    with pytest.raises(Fault) as caught:
        note.verify([KEY.verifier, known.verifier])
    assert caught.value.code == "CW-LEDGER-SIGNATURE-INVALID"
    assert note.verify([KEY.verifier]) == (KEY.verifier,)


def test_witness_lines_count_beside_the_log_and_never_instead() -> None:
    witness, line = _cosigned()
    whole = NOTE.format() + line
    _, signers = open_checkpoint(whole, [str(KEY.verifier), witness], POINT.origin)
    assert [key.name for key in signers] == ["log.example/public", "witness.example"]
    alone = NOTE.text + "\n" + line
    assert Note.parse(alone).verify([witness])
    with pytest.raises(Fault):
        open_checkpoint(alone, [str(KEY.verifier), witness], POINT.origin)


@pytest.mark.parametrize("at", [1_770_000_001, 1 << 63])
def test_a_witness_line_with_another_time_is_refused(at: int) -> None:
    witness, _ = _cosigned()
    public = OTHER.verification_key
    signed = OTHER.sign(b"cosignature/v1\ntime 1770000000\n" + NOTE.text.encode())
    line = Signature(
        "witness.example",
        VerifierKey("witness.example", COSIGNATURE, public).key_id,
        at.to_bytes(8, "big") + signed,
    ).line()
    with pytest.raises(Fault):
        open_checkpoint(NOTE.format() + line, [str(KEY.verifier), witness], POINT.origin)


def test_a_base_key_stands_for_the_origins_below_it_only() -> None:
    base = SigningKey("log.example", PRIVATE).verifier
    assert open_checkpoint(NOTE.format(), [base], POINT.origin)[0] == POINT
    for name in ("log.exampl", "example", "log.example/public/x", "log.example/sealed"):
        with pytest.raises(Fault):
            open_checkpoint(NOTE.format(), [base.named(name)], POINT.origin)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    with pytest.raises(Fault):
        open_checkpoint(NOTE.format(), [KEY.verifier], "log.example/sealed")


ROOT64 = base64.b64encode(POINT.root).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n2\n",
        f"o\n2\n{ROOT64}",
        f"\n2\n{ROOT64}\n",
        f"o o\n2\n{ROOT64}\n",
        f"o\n02\n{ROOT64}\n",
        f"o\n+2\n{ROOT64}\n",
        f"o\n-2\n{ROOT64}\n",
        f"o\n\u0662\n{ROOT64}\n",
        f"o\n9223372036854775808\n{ROOT64}\n",
        f"o\n2 \n{ROOT64}\n",
        f"o\n2\n{ROOT64[:-4]}\n",
        f"o\n2\n{ROOT64}AAAA\n",
        f"o\n2\n{ROOT64}\n\n",
        f"o\n2\n{ROOT64}\n\nextension\n",
    ],
)
def test_badly_formed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(Fault) as caught:
        Checkpoint.parse(text)
    assert caught.value.code == "CW-LEDGER-NOTE-INVALID"


def test_origins_name_log_and_epoch() -> None:
    for epoch in (1, 2, 11):
        for log in ("public", "sealed"):
            origin = origin_of("a.example/b", log, epoch)  # type: ignore[arg-type]
            assert (log_of(origin), epoch_of(origin)) == (log, epoch)
    for wrong in ("public", "a/private", "a/public/1", "a/public/02", "a/public/x", "/public"):
        with pytest.raises(Fault):
            log_of(wrong)


GOOD_PROOF = TlogProof(1, (leaf_hash(b"a"),), NOTE.format(), b"b")


def test_a_proof_file_verifies_offline() -> None:
    text = GOOD_PROOF.format()
    assert text.startswith("c2sp.org/tlog-proof@v1\nextra Yg==\nindex 1\n")
    point, signers = TlogProof.parse(text).verify(b"b", [KEY.verifier], POINT.origin)
    assert (point, signers) == (POINT, (KEY.verifier,))
    assert TlogProof.parse(text.encode()).origin == POINT.origin


def test_a_proof_file_proves_nothing_else() -> None:
    for data, index in ((b"a", 1), (b"b", 0), (b"", 1)):
        proof = TlogProof(index, GOOD_PROOF.hashes, GOOD_PROOF.note)
        with pytest.raises(ProofError):
            proof.verify(data, [KEY.verifier], POINT.origin)
    with pytest.raises(Fault):
        GOOD_PROOF.verify(b"b", [KEY.verifier], "log.example/sealed")
    with pytest.raises(Fault):  # its entry is no event
        GOOD_PROOF.verify_entry([KEY.verifier], POINT.origin)
    with pytest.raises(Fault):
        TlogProof(1, (), NOTE.format()).verify_entry([KEY.verifier], POINT.origin)


LINES = GOOD_PROOF.format().split("\n")


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["c2sp.org/tlog-proof@v2", *LINES[1:]],
        LINES[1:],
        [LINES[0], LINES[2], LINES[1], *LINES[3:]],  # extra after index
        [*LINES[:2], LINES[1], *LINES[2:]],  # extra twice
        [*LINES[:2], "index 01", *LINES[3:]],
        [*LINES[:2], "index -1", *LINES[3:]],
        [*LINES[:2], "index", *LINES[3:]],
        [*LINES[:2], *LINES[3:]],
        [LINES[0], "extra !!", *LINES[2:]],
        [*LINES[:3], "AAAA", *LINES[3:]],
        [*LINES[:3], LINES[3] + " ", *LINES[4:]],
        [*LINES[:3], *[LINES[3]] * 64, *LINES[4:]],
        LINES[:4],
        [*LINES[:4], "", "", *LINES[5:]],
        [*LINES[:4], *LINES[5:]],
    ],
)
def test_badly_formed_proof_files_are_refused(lines: list[str]) -> None:
    with pytest.raises(Fault) as caught:
        TlogProof.parse("\n".join(lines)).verify(b"b", [KEY.verifier], POINT.origin)
    assert caught.value.code.startswith("CW-LEDGER-")


def test_a_signing_key_hides_itself() -> None:
    assert PRIVATE.private.private_bytes_raw().hex() not in repr(KEY)
    with pytest.raises(Fault):
        KEY.sign("no newline")
    with pytest.raises(Fault):
        KEY.sign("tab\there\n")
    with pytest.raises(Fault):
        SigningKey("a b", PRIVATE)
