"""Proofs from blocks of leaves are the proofs from stored subtrees, for every entry and size."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benchmarks.ledger import fill
from commonweal.foundation.errors import Fault
from commonweal.ledger import reading
from commonweal.ledger.merkle import inclusion_proof


@pytest.mark.parametrize("entries", [1, 2, 31, 32, 33, 63, 64, 65, 100])
def test_the_same_proof_for_every_entry_of_every_smaller_tree(tmp_path: Path, entries: int) -> None:
    with fill(tmp_path / "l.sqlite", entries) as ledger, ledger.reading() as connection:
        plain = reading.fetcher(connection, "sealed")
        for size in {1, entries // 2 + 1, entries}:
            for index in range(size):
                blocks = reading.block_fetcher(connection, "sealed")
                assert inclusion_proof(index, size, blocks) == inclusion_proof(index, size, plain)


def test_fewer_reads(tmp_path: Path) -> None:
    with fill(tmp_path / "l.sqlite", 1000) as ledger, ledger.reading() as connection:
        counts = []
        for fetcher in (reading.fetcher, reading.block_fetcher):
            asked: list[str] = []
            connection.set_trace_callback(asked.append)
            inclusion_proof(500, 1000, fetcher(connection, "sealed"))
            connection.set_trace_callback(None)
            counts.append(len(asked))
        assert counts[1] <= counts[0] - 4


def test_what_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with fill(tmp_path / "l.sqlite", 40) as ledger, ledger.reading() as connection:
        blocks = reading.block_fetcher(connection, "sealed")
        for level, index in ((0, 40), (0, 1000), (1, 20), (3, 5), (5, 1), (9, 0)):
            with pytest.raises(Fault) as caught:
                blocks(level, index)
            assert caught.value.code == "CW-LEDGER-BROKEN"


def test_a_gap_moves_nothing(tmp_path: Path) -> None:
    with fill(tmp_path / "l.sqlite", 64) as ledger, ledger.reading() as connection:
        plain = reading.fetcher(connection, "sealed")
        whole = [plain(0, index) for index in range(64)]
    with sqlite3.connect(tmp_path / "l.sqlite") as broken:
        for (name,) in broken.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            broken.execute(f'DROP TRIGGER "{name}"')
        broken.execute("DELETE FROM entry WHERE idx = 5")
        blocks = reading.block_fetcher(broken, "sealed")
        assert [blocks(0, index) for index in range(64) if index != 5] == whole[:5] + whole[6:]
        with pytest.raises(Fault):
            blocks(0, 5)
    broken.close()
