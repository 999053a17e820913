"""Random histories of permits: the store, the replay and an obvious twin always agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from commonweal.foundation.errors import Refused, Unavailable
from commonweal.ledger.events import TERMINAL
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.store import Ledger
from commonweal.ledger.verify import verify
from tests.unit.ledger import support
from tests.unit.ledger.support import BASE

BEGINS = datetime(2026, 3, 3, tzinfo=UTC)
ENDS = datetime(2026, 3, 6, tzinfo=UTC)
STATE = {"paused": "paused", "suspended": "suspended", "resumed": "active",
         "superseded": "superseded", "revoked": "revoked", "closed": "closed"}  # fmt: skip


class Histories(RuleBasedStateMachine):
    """`self.said` is the twin: the last word on each permit, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.place = Path(self.folder.name)
        self.clock = support.new_clock()
        self.ledger = support.new_ledger(self.place, self.clock)
        self.signer = support.new_signer(self.place)
        self.said: dict[str, str] = {}
        self.written = 1

    def _live(self, permit: str) -> bool:
        if self.said.get(permit) not in ("announced", "active"):
            return False
        return BEGINS <= self.clock.now() < ENDS

    @rule(permit=st.sampled_from(["a", "b"]))
    def issue(self, permit: str) -> None:
        event = support.issued(permit, "2026-03-03T00:00:00.000Z", "2026-03-05")
        self._expect(event, allowed=permit not in self.said, says=(permit, "announced"))

    @rule(permit=st.sampled_from(["a", "b"]), name=st.sampled_from(sorted(STATE)))
    def step(self, permit: str, name: str) -> None:
        allowed = permit in self.said and self.said[permit] not in TERMINAL
        self._expect(support.step(name, permit), allowed=allowed, says=(permit, STATE[name]))

    @rule(permit=st.sampled_from(["a", "b"]), done=st.booleans())
    def work(self, permit: str, done: bool) -> None:
        make = support.completed if done else support.authorised
        self._expect(make("r", permit), allowed=self._live(permit))

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))

    @rule()
    def set_the_clock_back(self) -> None:
        self.clock.advance(timedelta(seconds=-3))
        with self.ledger.reading() as connection:
            last = connection.execute("SELECT max(created_at) FROM intent").fetchone()[0]
        behind = self.clock.now() < datetime.fromisoformat(last) - timedelta(seconds=2)
        if behind:
            try:
                self.ledger.append(support.hint())
            except Unavailable:
                pass
            else:
                raise AssertionError("a clock that is behind was believed")
        self.clock.advance(timedelta(seconds=3))

    @rule(limit=st.integers(1, 4))
    def sequence_some(self, limit: int) -> None:
        sequence(self.ledger, limit)

    @rule()
    def sign(self) -> None:
        self.signer.sign_all(self.ledger)

    @precondition(lambda self: self.written > 3)
    @rule()
    def reopen(self) -> None:
        self.ledger.close()
        self.ledger = Ledger.open(self.place / "ledger.sqlite", self.clock)

    @invariant()
    def the_standing_is_the_last_word_and_the_time(self) -> None:
        for permit in ("a", "b"):
            standing = self.ledger.permit_standing(permit)
            if permit not in self.said:
                assert standing is None
                continue
            assert standing is not None
            expected = self.said[permit]
            if expected not in TERMINAL:
                if self.clock.now() >= ENDS:
                    expected = "expired"
                elif expected in ("announced", "active"):
                    expected = "active" if self.clock.now() >= BEGINS else "announced"
            assert standing.state == expected

    def _expect(self, event: object, *, allowed: bool, says: tuple[str, str] | None = None) -> None:
        try:
            self.ledger.append(event)  # type: ignore[arg-type]
        except Refused:
            assert not allowed
            return
        assert allowed
        self.written += 1
        if says is not None:
            self.said[says[0]] = says[1]

    def teardown(self) -> None:
        sequence(self.ledger)
        self.signer.sign_all(self.ledger)
        self.ledger.close()
        report = verify(
            self.place / "ledger.sqlite", vkeys=[self.signer.vkey], origin=BASE, sequenced=True
        )
        report.require_sound()
        assert report.entries == self.written
        self.folder.cleanup()


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=12, stateful_step_count=30, deadline=None)
