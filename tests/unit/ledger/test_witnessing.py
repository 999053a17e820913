"""A witness by its protocol: published requests, the table of answers, and what it remembers."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger import witnessing
from commonweal.ledger.checkpoint import Checkpoint
from commonweal.ledger.cosigning import Cosigner, cosignatures
from commonweal.ledger.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, root
from commonweal.ledger.note import COSIGNATURE, ED25519, Note, Signature, SigningKey, VerifierKey
from commonweal.ledger.witnessing import SIZE_TYPE, Request, Witness
from tests.unit.ledger import support

VECTORS = Path(__file__).parents[2] / "vectors" / "witness" / "litewitness.json"
NAME = "witness.example/w1"
ORIGIN = "ledger.example/x/public"
LOG = SigningKey(ORIGIN, support.SoftwareSigner(b"\x31" * 32))
LEAVES = [leaf_hash(bytes([number])) for number in range(9)]

# The example request of c2sp.org/tlog-witness.
EXAMPLE = (
    "old 20852014\n"
    "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
    "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
    "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
    "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
    "\n"
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49"
    "/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
)


def _fetch(leaves: list[bytes]):
    return lambda level, index: root(leaves[index << level : (index + 1) << level])


def request(
    size: int, old: int = 0, leaves: list[bytes] = LEAVES, key: SigningKey = LOG, **changes: object
) -> bytes:
    """What a log with these leaves sends at `size`, with some parts changed."""
    head = changes.get("root", root(leaves[:size]))
    proof = consistency_proof(old, size, _fetch(leaves)) if 0 < old < size else []
    point = Checkpoint(ORIGIN, size, head)  # type: ignore[arg-type]
    note = key.sign(point.text())
    return Request(old, tuple(changes.get("proof", proof)), note, point).format()  # type: ignore


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = Witness.create(tmp_path / "w", NAME, support.new_clock())
    made.add_log(LOG.verifier)
    return made


@pytest.mark.parametrize("case", json.loads(VECTORS.read_text("utf-8")))
def test_published_requests_get_their_published_answers(case: dict, tmp_path: Path) -> None:
    witness = Witness.create(tmp_path / "w", "example.com/witness", support.new_clock())
    witness.add_log(VerifierKey(case["origin"], ED25519, bytes.fromhex(case["key"])))
    for one in case["requests"]:
        body = one["body"].encode()
        answer = witness.add_checkpoint(body)
        assert answer.status == one["status"]
        if answer.status == 200:
            text = one["body"].partition("\n\n")[2] + answer.content.decode()
            assert Note.parse(text).verify([witness.vkey]) == (witness.vkey,)
        else:
            assert "\u2014".encode() not in answer.content
    last, _ = witness.last(case["origin"])
    assert last is not None
    assert last.size == case["size"]
    assert case["root"] in (None, last.root.hex())


def test_the_example_of_the_specification_is_read_and_written() -> None:
    read = Request.parse(EXAMPLE.encode())
    assert (read.old, len(read.proof), read.checkpoint.size) == (20852014, 4, 20852163)
    assert read.format().decode() == EXAMPLE


def test_the_time_of_a_published_cosignature_is_read() -> None:
    # From the tests of transparency-dev/formats: this signature was made at 1727964367.
    data = base64.b64decode(
        "ZGhGuQAAAABm/qTPeyKXD+R2rzyQsxPiP8mXum7qq/iF0u4vanlqJyocWODBt97w9uL+8qT7S5gxEHWWOworDcFi"
        "EBYJXORmnFBOBA=="
    )
    assert int.from_bytes(data[4:12], "big") == 1727964367
    key = VerifierKey.parse("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
    assert key.kind == COSIGNATURE


LEAF = leaf_hash(b"leaf")

# The table of litewitness for empty and first trees: known, old, new, root, proof, status.
ZERO = [
    ("empty tree", 0, 0, 0, EMPTY_ROOT, (), 200),
    ("invalid empty root", 0, 0, 0, LEAF, (), 422),
    ("zero empty root", 0, 0, 0, bytes(32), (), 422),
    ("empty tree with proof", 0, 0, 0, EMPTY_ROOT, (LEAF,), 422),
    ("first nonempty tree", 0, 0, 1, LEAF, (), 200),
    ("first nonempty tree with proof", 0, 0, 1, LEAF, (LEAF,), 422),
    ("old size mismatch", 1, 0, 1, LEAF, (LEAF,), 409),
    ("old size greater than new", 1, 1, 0, EMPTY_ROOT, (), 400),
]


@pytest.mark.parametrize(("known", "old", "new", "head", "proof", "status"),
                         [row[1:] for row in ZERO], ids=[row[0] for row in ZERO])  # fmt: skip
def test_empty_and_first_trees(
    witness: Witness, known: int, old: int, new: int, head: bytes, proof: tuple, status: int
) -> None:
    if known:
        assert witness.add_checkpoint(request(1, root=LEAF)).status == 200
    before = witness.remembered(ORIGIN)
    answer = witness.add_checkpoint(request(new, old, root=head, proof=proof))
    assert answer.status == status
    if status != 200:
        assert witness.remembered(ORIGIN) == before
        return
    again = witness.add_checkpoint(request(new, new, root=head, proof=()))
    assert again.status == 200


STRANGER = SigningKey(ORIGIN, support.SoftwareSigner(b"\x32" * 32))
OTHER_LOG = SigningKey("ledger.example/y/public", support.SoftwareSigner(b"\x31" * 32))
FORKED = [*LEAVES[:3], *(leaf_hash(b"forged %d" % number) for number in range(6))]


def test_a_growing_log_is_cosigned_at_every_step(witness: Witness) -> None:
    old = 0
    for size in range(1, 10):
        answer = witness.add_checkpoint(request(size, old))
        assert answer.status == 200
        signature = Signature.parse(answer.content.decode().removesuffix("\n"))
        note = Note(Checkpoint(ORIGIN, size, root(LEAVES[:size])).text(), (signature,))
        (found,) = cosignatures(note, [witness.vkey])
        assert found.at == int(support.START.timestamp())
        old = size
    assert witness.evidence == ()


REFUSED = {
    "unknown log": (SigningKey("x/public", support.SoftwareSigner()).sign("x/public\n0\n"), 400),
    "rubbish": (b"rubbish", 400),
    "no proof lines end": (b"old 0\n", 400),
    "old with zeros": (request(5).replace(b"old 0", b"old 00"), 400),
    "not utf-8": (b"old 0\n\n\xff", 400),
    "another key's signature": (request(5, key=STRANGER), 403),
    "another log": (request(5).replace(ORIGIN.encode(), b"ledger.example/z/public"), 404),
    "wrong old": (request(5, 2), 409),
    "smaller": (request(2, 2), 409),
    "smaller, old as known": (request(2, 3), 400),
    "grown another way": (request(6, 3, FORKED), 200),
    "fork before": (request(6, 3, [LEAF, *LEAVES[1:]]), 422),
    "same size, other root": (request(3, 3, [LEAF, *LEAVES[1:]]), 409),
    "same size with proof": (request(3, 3, proof=(LEAF,)), 422),
    "no proof": (request(5, 3, proof=()), 422),
    "proof too long": (request(5, 3, proof=(*consistency_proof(3, 5, _fetch(LEAVES)), LEAF)), 422),
    "wrong root": (request(5, 3, root=LEAF), 422),
    "extension changed": (request(5).replace(b"\n\n\xe2", b"\nmore\n\n\xe2"), 403),
    "too long": (b"old 0\n\n" + b"x" * 200_000, 400),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_table_of_answers(name: str, witness: Witness) -> None:
    body, status = REFUSED[name]
    assert witness.add_checkpoint(request(3)).status == 200
    before = witness.remembered(ORIGIN)
    answer = witness.add_checkpoint(body.format().encode() if isinstance(body, Note) else body)
    assert answer.status == status
    if status == 409:
        assert (answer.content, answer.type) == (b"3\n", SIZE_TYPE)
    if status != 200:
        assert witness.remembered(ORIGIN) == before
    # What a log signed and cannot both be true is kept.
    kept = {"fork before", "same size, other root", "same size with proof", "no proof",
            "proof too long", "wrong root"}  # fmt: skip
    assert len(witness.evidence) == (name in kept)


def test_evidence_can_be_read_and_is_limited(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnessing, "_MAX_EVIDENCE", 3)
    witness.add_checkpoint(request(3))
    for number in range(5):
        witness.add_checkpoint(request(3, 3, root=leaf_hash(b"fork %d" % number)))
    assert len(witness.evidence) == 3
    shown = Request.parse(witness.evidence[0].read_bytes())
    assert shown.note.verify([LOG.verifier])


def test_a_lost_or_changed_memory_signs_nothing(witness: Witness) -> None:
    witness.add_checkpoint(request(3))
    (state,) = (witness.folder / "logs").glob("*.checkpoint")
    content = state.read_bytes()
    for damage in (None, content[:-20], content.replace(b"\n3\n", b"\n2\n"), b"rubbish"):
        state.unlink(missing_ok=True)
        if damage is not None:
            state.write_bytes(damage)
        answer = witness.add_checkpoint(request(5, 3))
        assert answer.status == 503
        assert "\u2014".encode() not in answer.content
    state.write_bytes(content)
    assert witness.add_checkpoint(request(5, 3)).status == 200


def test_a_clock_set_back_signs_nothing(tmp_path: Path) -> None:
    clock = support.new_clock()
    witness = Witness.create(tmp_path / "w", NAME, clock)
    witness.add_log(LOG.verifier)
    witness.add_checkpoint(request(3))
    clock.advance(timedelta(seconds=-2))
    answer = witness.add_checkpoint(request(5, 3))
    assert answer.status == 503
    assert b"CW-CLOCK-BEHIND" in answer.content
    clock.advance(timedelta(seconds=2))
    assert witness.add_checkpoint(request(5, 3)).status == 200


def test_a_second_process_learns_of_a_new_log_and_of_the_state(witness: Witness) -> None:
    server = Witness(witness.folder, support.new_clock())
    more = SigningKey("ledger.example/y/public", support.SoftwareSigner(b"\x33" * 32))
    witness.add_log(str(more.verifier))
    assert [key.name for key in server.logs] == [ORIGIN, "ledger.example/y/public"]
    witness.add_checkpoint(request(3))
    assert server.add_checkpoint(request(2)).status == 409
    with pytest.raises(Fault, match="CW-FILE-EXISTS"):
        witness.add_log(LOG.verifier)
    with pytest.raises(Fault, match="CW-LEDGER-NOTE-INVALID"):
        witness.add_log(witness.vkey)


def test_monitors_see_the_last_checkpoint(witness: Witness) -> None:
    import hashlib

    digest = hashlib.sha256(ORIGIN.encode()).hexdigest()
    assert witness.shown(digest).status == 404
    witness.add_checkpoint(request(3))
    shown = witness.shown(digest)
    assert shown.status == 200
    note = Note.parse(shown.content)
    assert set(note.verify([LOG.verifier, witness.vkey])) == {LOG.verifier, witness.vkey}
    assert witness.shown("00").status == 404


def test_lines_of_unknown_keys_are_not_remembered(witness: Witness) -> None:
    line = STRANGER.sign(Checkpoint(ORIGIN, 3, root(LEAVES[:3])).text()).signatures[0].line()
    assert witness.add_checkpoint(request(3) + line.encode()).status == 200
    assert len(Note.parse(witness.remembered(ORIGIN)).signatures) == 2


def test_the_folder_keeps_its_key_to_itself(witness: Witness) -> None:
    assert (witness.folder / "key").stat().st_mode & 0o077 == 0
    assert witness.folder.stat().st_mode & 0o077 == 0
    seed = (witness.folder / "key").read_text().strip()
    assert seed not in repr(witness) + repr(vars(witness))
    (witness.folder / "key").write_text("rubbish\n")
    with pytest.raises(CommonwealError, match="CW-LEDGER-NOTE-INVALID"):
        Witness(witness.folder, support.new_clock())


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Fault, match="CW-LEDGER-NOTE-INVALID"):
        Witness.create(tmp_path / "w", name, support.new_clock())
    assert list(tmp_path.iterdir()) == []


def test_a_cosigner_hides_its_key_and_minds_its_times() -> None:
    cosigner = Cosigner(NAME, support.SoftwareSigner(b"\x44" * 32))
    assert repr(cosigner) == f"Cosigner({NAME!r}, hidden)"
    for at in (-1, 1 << 63):
        with pytest.raises(ValueError, match="out of range"):
            cosigner.cosign("x\n", at)
