"""Every text format of the ledger comes back as it was written; rubbish is our own error."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.details import Details, open_details
from commonweal.ledger.entry import entry_bytes, read_entry
from commonweal.ledger.membership import MembershipProof
from commonweal.ledger.note import Note, SigningKey, VerifierKey
from commonweal.ledger.tlogproof import TlogProof
from tests.unit.ledger import support

KEY = SigningKey("log.example/x", support.SoftwareSigner(b"\x05" * 32))
_LINE = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=("Cs",)), min_size=1, max_size=30
)
_HASH = st.binary(min_size=32, max_size=32)
GOOD = KEY.sign(Checkpoint("log.example/x", 9, b"\x01" * 32).text()).format()


@given(st.lists(_LINE, min_size=1, max_size=5))
def test_notes_come_back(lines: list[str]) -> None:
    note = KEY.sign("".join(f"{line}\n" for line in lines))
    assert Note.parse(note.format()) == note
    assert note.verify([str(KEY.verifier)]) == (KEY.verifier,)


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300)))
def test_rubbish_is_refused_everywhere(rubbish: str | bytes) -> None:
    for reader in (Note.parse, TlogProof.parse, MembershipProof.parse):
        try:
            reader(rubbish)
        except CommonwealError:
            continue
        raise AssertionError("rubbish was read")
    text = rubbish if isinstance(rubbish, str) else rubbish.decode("latin-1")
    for reader in (Checkpoint.parse, VerifierKey.parse, read_entry):
        try:
            reader(text.encode("utf-8", "replace") if reader is read_entry else text)
        except CommonwealError:
            continue
        raise AssertionError("rubbish was read")


@given(st.integers(0, len(GOOD) - 1), st.characters(exclude_categories=("Cs",)))
def test_a_note_with_one_character_changed_is_refused(at: int, other: str) -> None:
    changed = GOOD[:at] + other + GOOD[at + 1 :]
    if changed == GOOD:
        return
    try:
        note = Note.parse(changed)
        note.verify([KEY.verifier])
    except CommonwealError:
        return
    raise AssertionError("a changed note was accepted")


@given(st.integers(0, 2**63 - 1), _HASH, st.lists(_LINE, max_size=3))
def test_checkpoints_come_back(size: int, root: bytes, extensions: list[str]) -> None:
    point = Checkpoint("log.example/x", size, root, tuple(extensions))
    assert Checkpoint.parse(point.text()) == point


@given(
    st.integers(0, 2**63 - 1),
    st.lists(_HASH, max_size=63),
    st.none() | st.binary(max_size=200),
)
def test_proof_files_come_back(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    proof = TlogProof(index, tuple(hashes), GOOD, extra)
    assert TlogProof.parse(proof.format()) == proof


_VALUE = st.integers(0, 2**53 - 1) | st.text(max_size=20)


@given(st.dictionaries(st.text(st.characters(codec="ascii"), max_size=8), _VALUE, max_size=6))
def test_the_fast_canonical_writer_is_rfc_8785(flat: dict[str, int | str]) -> None:
    from commonweal.ledger.entry import _encode

    try:
        expected = canonical(flat)
    except CommonwealError:
        return
    assert _encode(flat).encode() == expected


@given(st.integers(0, 2**53 - 1))
def test_entries_come_back(number: int) -> None:
    body = entry_bytes(support.hint(number), support.START)
    assert read_entry(body) == json.loads(body)
    assert canonical(read_entry(body)) == body


@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_a_damaged_entry_is_refused_or_is_another_entry(at: int, other: bytes) -> None:
    body = entry_bytes(support.hint(3), support.START)
    at %= len(body)
    changed = body[:at] + other + body[at + len(other) :]
    try:
        entry = read_entry(changed)
    except CommonwealError:
        return
    assert canonical(entry) == changed


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), _JSON, max_size=4), st.integers(0, 10_000))
def test_details_come_back_and_no_bit_may_change(content: dict, at: int) -> None:
    written, ciphertext = Details(content, "details.p", support.KEY).seal()
    assert open_details(ciphertext, "details.p", support.KEY, written) == content
    at %= len(ciphertext) * 8
    damaged = bytearray(ciphertext)
    damaged[at // 8] ^= 1 << (at % 8)
    try:
        open_details(bytes(damaged), "details.p", support.KEY, written)
    except CommonwealError:
        return
    raise AssertionError("damaged details were opened")
