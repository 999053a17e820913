"""S12, the part about order: revoked during a build, offline, and the clock set back.

The naive twin asks "is the permit live?" first and writes afterwards, in two transactions, and
believes the clock.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.errors import Fault, Refused, Unavailable
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.store import Ledger
from commonweal.ledger.verify import verify
from tests.unit.ledger import support
from tests.unit.ledger.support import BASE, PERMIT


def _ledger(folder: Path, clock: object = None) -> Ledger:
    ledger = support.new_ledger(folder, clock or support.new_clock())  # type: ignore[arg-type]
    ledger.append(support.issued(until="2026-03-31"))
    ledger.append(support.authorised())
    return ledger


class NaiveRecord:
    """Checks, and then writes."""

    def __init__(self) -> None:
        self.revoked = False
        self.completed = False

    def complete(self, between: Callable[[], None]) -> None:
        if self.revoked:
            raise RuntimeError("revoked")
        between()
        self.completed = True


def test_naive_a_revocation_during_the_build_is_missed() -> None:
    record = NaiveRecord()

    def revoke() -> None:
        record.revoked = True

    record.complete(between=revoke)
    assert record.revoked
    assert record.completed


def test_ours_a_revocation_during_the_build_stops_it(tmp_path: Path) -> None:
    with _ledger(tmp_path) as builder, Ledger.open(builder.path, builder.clock) as committee:
        standing = builder.permit_standing(PERMIT)
        assert standing is not None
        assert standing.state == "active"  # the builder looked, and works for an hour
        committee.append(support.step("revoked"))
        with pytest.raises(Refused) as caught:
            builder.append(support.completed())
        assert caught.value.code == "CW-PERMIT-NOT-LIVE"
        assert caught.value.exit_code == 4


def test_ours_of_a_race_every_order_is_a_right_one(tmp_path: Path) -> None:
    """Completed and revoked start together; never is completed written after revoked."""
    for number in range(12):
        folder = tmp_path / str(number)
        folder.mkdir()
        with _ledger(folder) as one, Ledger.open(one.path, one.clock) as two:
            gate = threading.Barrier(2)
            refused: list[str] = []

            def complete(one: Ledger = one, gate: threading.Barrier = gate,
                         refused: list[str] = refused) -> None:  # fmt: skip
                gate.wait()
                try:
                    one.append(support.completed())
                except Refused as error:
                    refused.append(error.code)

            thread = threading.Thread(target=complete)
            thread.start()
            gate.wait()
            two.append(support.step("revoked"))
            thread.join()
            with one.reading() as connection:
                order = [row[0] for row in connection.execute(
                    "SELECT type FROM intent WHERE id > 3 ORDER BY id")]  # fmt: skip
            if refused:
                assert order == ["permit.revoked"]
            else:
                assert order == ["release.completed", "permit.revoked"]


def test_ours_the_business_row_goes_with_the_refusal(tmp_path: Path) -> None:
    with _ledger(tmp_path) as ledger:
        with ledger.transaction() as writing:
            writing.connection.execute("CREATE TABLE downloads (release TEXT)")
        ledger.append(support.step("suspended"))
        with pytest.raises(Refused), ledger.transaction() as writing:  # noqa: PT012
            writing.connection.execute("INSERT INTO downloads VALUES ('release-1')")
            writing.append(support.completed())
        with ledger.reading() as connection:
            assert connection.execute("SELECT count(*) FROM downloads").fetchone()[0] == 0


def test_naive_an_expired_permit_lives_again_when_the_clock_is_set_back() -> None:
    clock = support.new_clock()
    until = clock.now() + timedelta(days=1)
    clock.advance(timedelta(days=40))
    assert clock.now() > until
    clock.advance(timedelta(days=-40))
    assert clock.now() < until  # and the naive check says yes


def test_ours_a_clock_that_was_set_back_is_refused(tmp_path: Path) -> None:
    clock = support.new_clock()
    with _ledger(tmp_path, clock) as ledger:
        clock.advance(timedelta(days=40))
        with pytest.raises(Refused):
            ledger.append(support.completed())
        ledger.append(support.hint())  # anything at all that was written later
        clock.advance(timedelta(days=-40))
        for act in (
            lambda: ledger.append(support.completed()),
            lambda: ledger.permit_standing(PERMIT),
            lambda: ledger.append(support.hint()),
        ):
            with pytest.raises(Unavailable) as caught:
                act()
            assert (caught.value.code, caught.value.exit_code) == ("CW-CLOCK-BEHIND", 5)


def test_ours_an_older_copy_of_the_ledger_is_found_out(tmp_path: Path) -> None:
    """Offline: the file from before the revocation is put back. It answers, but is never signed."""
    signer = support.new_signer(tmp_path)
    ledger = _ledger(tmp_path)
    sequence(ledger)
    signer.sign_all(ledger)
    ledger.close()
    old = Path(shutil.copy(tmp_path / "ledger.sqlite", tmp_path / "old.sqlite"))
    with Ledger.open(tmp_path / "ledger.sqlite", support.new_clock()) as ledger:
        ledger.append(support.step("revoked"))
        sequence(ledger)
        known = list(signer.sign_all(ledger).values())
    with Ledger.open(old, support.new_clock()) as rewound:
        intent = rewound.append(support.completed())
        sequence(rewound)
        assert rewound.place(intent) is not None
        with pytest.raises(Fault) as caught:
            signer.sign(rewound, "public")
        assert caught.value.code == "CW-LEDGER-REWOUND"
    report = verify(old, vkeys=[signer.vkey], origin=BASE, known=known)
    assert "checkpoint_wrong" in {fault.kind for fault in report.faults}
