"""The membership list is made in blocks; over bytes it is the list of `ledger.membership` (S7).

Lists are written with blocks far smaller than they are, opened again, and held against the
reference: the same labels, leaves and root, and proofs that hold for everybody asked for.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.connection import connect
from commonweal.foundation.errors import Fault
from commonweal.foundation.sealing import SealedReader, seal_bytes, unseal, unseal_bytes
from commonweal.ledger import membership as reference
from commonweal.vault.keys import Secret
from commonweal.vault.release import membership, membership_index
from commonweal.vault.release.membership import MembershipList, listed, prove, write_membership
from commonweal.vault.release.membership_index import NAME, MembershipIndex, Seen
from commonweal.vault.release.writing import SealedFolder, context_of
from commonweal.vault.tables.duckdb_engine import DuckDBEngine

KEY, SEAL = b"\x17" * 32, b"\x18" * 32
RELEASE = "P-1.1"
BLOCK = 1024


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    opened = DuckDBEngine(connect(tmp_path / "work", threads=1, memory_limit="500MB"))
    yield opened
    opened.close()


def people(count: int) -> list[str]:
    return [f"person-{number}" for number in range(count)]


def written(
    engine: DuckDBEngine, tmp_path: Path, names: list[str], block: int
) -> tuple[MembershipList, bytes]:
    """A list as it was written, and the bytes that were sealed."""
    everyone = pa.chunked_array([pa.array(names, pa.string())])
    folder = SealedFolder(tmp_path / "aside", RELEASE, Secret(SEAL))
    made = write_membership(engine, everyone, Secret(KEY), folder, block=block)
    sink = io.BytesIO()
    with (tmp_path / "aside" / "membership").open("rb") as source:
        unseal(source, sink, SEAL, context_of(RELEASE, "membership"), "the list")
    return made, sink.getvalue()


def columns(stored: bytes) -> tuple[list[bytes], list[bytes], list[bytes]]:
    table = pq.read_table(io.BytesIO(stored))
    leaf, label, nonce = (table.column(name).drop_null() for name in table.column_names)
    return leaf.to_pylist(), label.to_pylist(), nonce.to_pylist()


@pytest.mark.parametrize(
    ("count", "block"),
    [(0, BLOCK), (1, BLOCK), (4096, BLOCK), (4097, BLOCK), (4097, 1 << 20)],
)
def test_in_blocks_of_any_size_it_is_the_list_of_the_reference(
    engine: DuckDBEngine, tmp_path: Path, count: int, block: int
) -> None:
    made, stored = written(engine, tmp_path, people(count), block)
    leaves, labels, nonces = columns(stored)
    assert (made.people, made.leaves) == (count, reference.tree_size(count))
    assert (len(leaves), len(labels), len(nonces)) == (made.leaves, count, count)
    assert sorted(labels) == sorted(reference.label(KEY, RELEASE, name) for name in people(count))
    mine = {reference.blinded_leaf(*pair) for pair in zip(labels, nonces, strict=True)}
    assert len(mine) == count
    assert mine <= set(leaves)
    # The tree of the reference refuses leaves that are not in order or not enough.
    assert made.root == reference.MembershipTree(leaves).root


def test_nothing_is_drawn_twice(engine: DuckDBEngine, tmp_path: Path) -> None:
    _, first = written(engine, tmp_path / "a", people(3000), BLOCK)
    _, second = written(engine, tmp_path / "b", people(3000), BLOCK)
    once, again = columns(first), columns(second)
    assert not set(once[0]) & set(again[0])  # leaves: people's and padding
    assert set(once[1]) == set(again[1])  # labels
    assert not set(once[2]) & set(again[2])  # nonces
    assert len(set(once[2])) == 3000


@pytest.mark.parametrize("block", [512, 1 << 20])
def test_a_proof_holds_whatever_the_blocks(
    engine: DuckDBEngine, tmp_path: Path, block: int
) -> None:
    names = people(3000)
    made, stored = written(engine, tmp_path, names, BLOCK)
    for name in (names[0], names[1500], names[-1]):
        proof = prove(stored, Secret(KEY), RELEASE, name, block=block)
        proof.verify(reference.label(KEY, RELEASE, name), made.root)
        assert proof.root == made.root
    with pytest.raises(Fault, match="not in this list"):
        prove(stored, Secret(KEY), RELEASE, "somebody else", block=block)
    assert listed(stored, Secret(KEY), RELEASE, ["somebody else", names[7]]) == (names[7],)


def test_a_list_of_an_older_release_is_still_read(engine: DuckDBEngine, tmp_path: Path) -> None:
    """Labels and nonces stood beside the leaves before, with nothing below them."""
    names = people(100)
    made, stored = written(engine, tmp_path, names, BLOCK)
    leaves, labels, nonces = columns(stored)
    padding = [None] * (len(leaves) - len(labels))
    older = pa.table(
        {"leaf": leaves, "label": labels + padding, "nonce": nonces + padding},
        schema=pa.schema([(name, pa.binary(32)) for name in ("leaf", "label", "nonce")]),
    )
    sink = io.BytesIO()
    pq.write_table(older, sink)
    proof = prove(sink.getvalue(), Secret(KEY), RELEASE, names[3])
    proof.verify(reference.label(KEY, RELEASE, names[3]), made.root)
    assert listed(sink.getvalue(), Secret(KEY), RELEASE, [names[3], "x"]) == (names[3],)


def test_a_list_that_lost_a_leaf_proves_nothing(engine: DuckDBEngine, tmp_path: Path) -> None:
    _, stored = written(engine, tmp_path, people(10), BLOCK)
    leaves, labels, nonces = columns(stored)
    mine = labels.index(reference.label(KEY, RELEASE, "person-3"))
    gone = reference.blinded_leaf(labels[mine], nonces[mine])
    table = pa.table(
        {"leaf": [bytes(32) if one == gone else one for one in leaves],
         "label": labels + [None] * (len(leaves) - 10),
         "nonce": nonces + [None] * (len(leaves) - 10)},
        schema=pa.schema([(name, pa.binary(32)) for name in ("leaf", "label", "nonce")]),
    )  # fmt: skip
    sink = io.BytesIO()
    pq.write_table(table, sink)
    with pytest.raises(Fault, match="does not hold the leaf"):
        prove(sink.getvalue(), Secret(KEY), RELEASE, "person-3")


def test_equal_leaves_are_refused_wherever_they_were_drawn(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = membership._random_rows
    monkeypatch.setattr(
        membership, "_random_rows", lambda count, width: np.roll(draw(count, width) * 0, 1)
    )
    with pytest.raises(Fault, match="holds a leaf twice"):
        written(engine, tmp_path, people(10), BLOCK)


def test_the_engine_keeps_nothing_of_it(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left() -> set[str]:
        found = engine.connection.execute("SELECT table_name FROM information_schema.tables")
        return {name for (name,) in found.fetchall()} - {"everyone", "key_membership"}

    written(engine, tmp_path / "a", people(3000), BLOCK)
    assert left() == set()
    monkeypatch.setattr(membership, "order_of", lambda rows: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        written(engine, tmp_path / "b", people(3000), BLOCK)
    assert left() == set()
    # A list that was not finished cannot be opened.
    sink = io.BytesIO()
    with (tmp_path / "b" / "aside" / "membership").open("rb") as source, pytest.raises(Fault):
        unseal(source, sink, SEAL, context_of(RELEASE, "membership"), "the list")


def index_of(tmp_path: Path, made: MembershipList, release: str = RELEASE) -> MembershipIndex:
    source = io.BytesIO((tmp_path / "aside" / NAME).read_bytes())
    reader = SealedReader(source, SEAL, context_of(release, NAME), "the index")
    return MembershipIndex(reader, release, made.root, made.leaves)


def looked(index: MembershipIndex, name: str, key: bytes = KEY) -> Seen:
    return index.look(reference.label(key, RELEASE, name))


@pytest.mark.parametrize(("count", "block"), [(0, BLOCK), (1, BLOCK), (4097, BLOCK), (3000, 512)])
def test_the_index_answers_as_the_tree_of_the_reference(
    engine: DuckDBEngine, tmp_path: Path, count: int, block: int
) -> None:
    names = people(count)
    made, stored = written(engine, tmp_path, names, block)
    leaves, labels, nonces = columns(stored)
    tree = reference.MembershipTree(leaves)
    index = index_of(tmp_path, made)
    nonce_of = dict(zip(labels, nonces, strict=True))
    for name in (*names[:20], *names[-20:]):
        label = reference.label(KEY, RELEASE, name)
        proof = tree.prove(RELEASE, label, nonce_of[label])
        assert looked(index, name) == Seen(True, label, proof)
    strangers = [looked(index, f"stranger-{number}") for number in range(50)]
    strangers += [looked(index, name, bytes(32)) for name in names[:5]]
    assert not any(seen.there for seen in strangers)
    for seen in strangers:
        # What was proved for them is somebody else's; of a list with nobody in it there is nothing.
        if not count:
            assert seen.proof is None
        else:
            assert seen.proof == tree.prove(RELEASE, seen.label, nonce_of[seen.label])


def test_every_person_is_within_reach(engine: DuckDBEngine, tmp_path: Path) -> None:
    names = people(3000)
    made, _ = written(engine, tmp_path, names, BLOCK)
    index = index_of(tmp_path, made)
    assert all(looked(index, name).there for name in names)


def test_in_and_not_in_read_and_hash_alike(
    engine: DuckDBEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = people(300)
    made, _ = written(engine, tmp_path, names, BLOCK)
    index = index_of(tmp_path, made)
    done: list[object] = []
    read, node = SealedReader.read_at, membership_index._node
    monkeypatch.setattr(
        SealedReader,
        "read_at",
        lambda self, at, length: done.append(length) or read(self, at, length),
    )
    monkeypatch.setattr(
        membership_index, "_node", lambda left, right: done.append("node") or node(left, right)
    )
    traces = []
    for name in (names[0], names[150], "nobody", "no-one"):
        done.clear()
        assert looked(index, name).there == (name in names)
        traces.append(tuple(done))
    assert len(set(traces)) == 1
    assert len(traces[0]) > 1000


def test_an_index_of_another_list_is_refused(engine: DuckDBEngine, tmp_path: Path) -> None:
    made, _ = written(engine, tmp_path / "a", people(50), BLOCK)
    other, _ = written(engine, tmp_path / "b", people(50), BLOCK)
    with pytest.raises(Fault) as caught:
        index_of(tmp_path / "b", made)  # the same release and key, built again
    assert caught.value.code == "CW-RELEASE-CHANGED"
    with pytest.raises(Fault) as caught:
        index_of(tmp_path / "a", made, "P-2.1")
    assert caught.value.code == "CW-SEAL-BROKEN"
    path = tmp_path / "b" / "aside" / NAME
    path.write_bytes(path.read_bytes()[:-70_000])
    with pytest.raises(Fault) as caught:
        index_of(tmp_path / "b", other)
    assert caught.value.code == "CW-SEAL-BROKEN"


@pytest.mark.parametrize("at", [0, 32 * 4096 + 5, -20, -60, -100])
def test_an_index_whose_maker_lied_is_refused(
    engine: DuckDBEngine, tmp_path: Path, at: int
) -> None:
    """Sealed with the right key, and yet with another leaf, node, trailer or record."""
    made, _ = written(engine, tmp_path, people(1), BLOCK)
    context = context_of(RELEASE, NAME)
    path = tmp_path / "aside" / NAME
    plain = bytearray(unseal_bytes(path.read_bytes(), SEAL, context, "it"))
    for place in range(0, 32 * 4096, 32) if at == 0 else (at,):
        plain[place] ^= 1
    path.write_bytes(seal_bytes(bytes(plain), SEAL, context))
    if at == 32 * 4096 + 5:
        # A node that this person's path does not need harms nobody; one that it needs shows.
        shown = {_code(tmp_path, made, name) for name in ("person-0", *people(40))}
        assert shown <= {"", "CW-RELEASE-CHANGED"}
    else:
        assert _code(tmp_path, made, "person-0") == "CW-RELEASE-CHANGED"


def _code(tmp_path: Path, made: MembershipList, name: str) -> str:
    try:
        found = looked(index_of(tmp_path, made), name)
    except Fault as fault:
        return fault.code
    assert found.proof is not None
    found.proof.verify(found.label, made.root)
    return ""
