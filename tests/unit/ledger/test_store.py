"""The store: all or nothing, in order, only for live permits, and never changed."""

from __future__ import annotations

import sqlite3
import stat
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError, Failure, Fault, Refused, Unavailable
from commonweal.ledger import schema
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Event
from commonweal.ledger.events import TYPES
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.state import PermitLive
from commonweal.ledger.store import Ledger
from tests.unit.ledger import support
from tests.unit.ledger.support import JANE, KEY, PERMIT, authorised, completed, hint, issued, step


@pytest.fixture
def ledger(tmp_path: Path):
    with support.new_ledger(tmp_path) as made:
        yield made


def _count(ledger: Ledger, table: str = "intent") -> int:
    with ledger.reading() as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_a_new_ledger_is_private_whole_and_durable(tmp_path: Path) -> None:
    with support.new_ledger(tmp_path) as ledger:
        assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600
        with ledger.reading() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
            assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
            assert connection.execute("PRAGMA foreign_keys").fetchone()[0] == 1
        with pytest.raises(Fault) as caught:
            Ledger.create(ledger.path, ledger.clock)
        assert caught.value.code == "CW-FILE-EXISTS"
        assert _count(ledger) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"ledger.sqlite"}


def test_a_missing_ledger_is_not_made_anew(tmp_path: Path) -> None:
    with pytest.raises(Fault) as caught:
        Ledger.open(tmp_path / "ledger.sqlite", support.new_clock())
    assert caught.value.code == "CW-LEDGER-MISSING"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\x00" * 99])
def test_what_is_no_ledger_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    with pytest.raises(Fault) as caught:
        Ledger.open(path, support.new_clock())
    assert caught.value.code == "CW-LEDGER-BROKEN"


def test_a_ledger_without_its_guards_is_not_opened(tmp_path: Path) -> None:
    support.new_ledger(tmp_path).close()
    for number, name in enumerate(schema.OBJECTS.keys() - schema.TABLES):
        path = tmp_path / f"{number}.sqlite"
        path.write_bytes((tmp_path / "ledger.sqlite").read_bytes())
        connection = sqlite3.connect(path)
        kind = schema.OBJECTS[name].split()[1]
        connection.execute(f"DROP {kind} {name}")
        connection.close()
        with pytest.raises(Fault, match=name):
            Ledger.open(path, support.new_clock())


def test_the_first_entry_is_the_trust_policy(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "l", support.new_clock()) as ledger:
        with pytest.raises(Refused) as caught:
            ledger.append(issued())
        assert caught.value.code == "CW-LEDGER-NO-POLICY"
        assert ledger.append(support.policy()) == 1


def test_business_row_and_intent_are_kept_together(ledger: Ledger) -> None:
    with ledger.transaction() as writing:
        writing.connection.execute("CREATE TABLE business (x TEXT PRIMARY KEY)")
        writing.connection.execute("INSERT INTO business VALUES ('kept')")
        writing.append(issued())
    with pytest.raises(ZeroDivisionError), ledger.transaction() as writing:  # noqa: PT012
        writing.connection.execute("INSERT INTO business VALUES ('lost')")
        writing.append(hint())
        raise ZeroDivisionError
    with pytest.raises(sqlite3.IntegrityError), ledger.transaction() as writing:  # noqa: PT012
        writing.append(hint())
        writing.connection.execute("INSERT INTO business VALUES ('kept')")
    assert (_count(ledger), _count(ledger, "business")) == (2, 1)


def test_a_policy_cannot_promote_a_demonstration_home(ledger: Ledger) -> None:
    fields = {"policy_hash": support.HASH, "home": "standard"}
    change = {"previous_hash": support.HASH, "version": 2}
    for promoted in (
        Event("trust.policy_set", JANE, fields),
        Event("trust.policy_changed", JANE, fields | change),
    ):
        with pytest.raises(Refused) as caught:
            ledger.append(promoted)
        assert caught.value.code == "CW-LEDGER-STATE"
    with pytest.raises(Refused, match="set once"):
        ledger.append(support.policy())
    assert _count(ledger) == 1


def test_a_refused_event_leaves_the_rest_of_its_transaction(ledger: Ledger) -> None:
    with ledger.transaction() as writing:
        with pytest.raises(Refused):
            writing.append(completed())
        writing.append(
            Event("release.refused", JANE, {"permit": PERMIT, "code": "CW-PERMIT-NOT-LIVE"})
        )
    assert _count(ledger) == 2


def test_a_transaction_that_was_ended_inside_is_told(ledger: Ledger) -> None:
    with pytest.raises(Failure), ledger.transaction() as writing:  # noqa: PT012
        writing.append(hint())
        writing.connection.execute("ROLLBACK")
    assert _count(ledger) == 1
    with pytest.raises(Failure), ledger.transaction(), ledger.transaction():
        pass


def test_append_many_is_all_or_none(ledger: Ledger) -> None:
    assert ledger.append_many([issued(), hint(), hint(2)]) == [2, 3, 4]
    with pytest.raises(Refused):
        ledger.append_many([hint(3), step("paused", "unknown"), hint(4)])
    assert _count(ledger) == 4


def test_events_of_the_ledger_itself_cannot_be_written(ledger: Ledger) -> None:
    seal = Event("sealed.root", JANE, {"day": "2026-03-02", "root": support.HASH})
    with pytest.raises(Fault) as caught:
        ledger.append(seal)
    assert caught.value.code == "CW-LEDGER-EVENT-INVALID"


# --- live permits -------------------------------------------------------------------------
def _refusal(ledger: Ledger, event: Event, live: PermitLive | None = None) -> str:
    with pytest.raises(Refused) as caught:
        ledger.append(event, requires_live=live)
    assert caught.value.code == "CW-PERMIT-NOT-LIVE"
    return caught.value.sentence


LIVE_EVENTS = [name for name, row in TYPES.items() if row.live]


def test_some_events_need_a_live_permit() -> None:
    assert set(LIVE_EVENTS) >= {"release.authorised", "release.completed", "release.opened"}


@pytest.mark.parametrize("event", [authorised(), completed()])
@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (["paused"], "The permit is paused."),
        (["suspended"], "The permit is suspended."),
        (["paused", "suspended"], "The permit is suspended."),
        (["superseded"], "The permit is superseded."),
        (["paused", "resumed", "revoked"], "The permit is revoked."),
        (["closed"], "The permit is closed."),
    ],
)
def test_stopped_permits_are_refused(
    ledger: Ledger, event: Event, steps: list[str], sentence: str
) -> None:
    ledger.append(issued())
    for name in steps:
        ledger.append(step(name))
    assert _refusal(ledger, event) == sentence


def test_a_permit_is_live_between_its_times(ledger: Ledger) -> None:
    assert _refusal(ledger, authorised()) == "The permit was never issued on this ledger."
    ledger.append(issued(active_from="2026-03-03T00:00:00.000Z", until="2026-03-04"))
    assert _refusal(ledger, authorised()) == "The permit is announced."
    ledger.append(step("suspended"))
    ledger.append(step("resumed"))
    assert _refusal(ledger, authorised()) == "The permit is announced."
    clock = ledger.clock
    clock.advance(timedelta(hours=14, minutes=44, seconds=29, milliseconds=749))  # type: ignore[attr-defined]
    assert _refusal(ledger, authorised()) == "The permit is announced."
    clock.advance(timedelta(milliseconds=1))  # type: ignore[attr-defined]
    ledger.append(authorised())
    clock.advance(timedelta(days=2) - timedelta(milliseconds=1))  # type: ignore[attr-defined]
    ledger.append(completed())
    clock.advance(timedelta(milliseconds=1))  # type: ignore[attr-defined]
    assert _refusal(ledger, completed("r2")) == "The permit is expired."
    ledger.append(step("closed"))
    assert ledger.permit_standing(PERMIT).state == "closed"  # type: ignore[union-attr]


def test_what_is_asked_beside_the_table(ledger: Ledger) -> None:
    ledger.append(issued())
    ledger.append(step("paused"))
    ledger.append(hint(), requires_live=PermitLive(PERMIT, ("active", "paused")))
    assert _refusal(ledger, hint(), PermitLive(PERMIT)) == "The permit is paused."
    # Asking for less than the table says does not help.
    assert (
        _refusal(ledger, authorised(), PermitLive(PERMIT, ("paused",))) == "The permit is paused."
    )
    with pytest.raises(Fault):
        ledger.append(hint(), requires_live=PermitLive("another"))
    for allow in ((), ("revoked",), ("announced", "active")):
        with pytest.raises(ValueError):
            PermitLive(PERMIT, allow)  # type: ignore[arg-type]


def test_state_events_that_cannot_follow_are_refused(ledger: Ledger) -> None:
    def refused(event: Event) -> None:
        with pytest.raises(Refused) as caught:
            ledger.append(event)
        assert caught.value.code == "CW-LEDGER-STATE"

    refused(step("paused"))
    ledger.append(issued())
    refused(issued())
    for last in ("revoked", "closed", "superseded"):
        permit = f"permit-{last}"
        ledger.append(issued(permit))
        ledger.append(step(last, permit))
        for name in ("paused", "suspended", "resumed", "revoked", "closed", "superseded"):
            refused(step(name, permit))
        refused(issued(permit))


def test_a_permit_is_judged_inside_its_transaction(ledger: Ledger) -> None:
    with ledger.transaction() as writing:
        assert writing.permit_standing(PERMIT) is None
        writing.append(issued())
        writing.append(authorised())
        writing.append(step("revoked"))
        with pytest.raises(Refused):
            writing.append(completed())
    assert _count(ledger) == 4


# --- time ---------------------------------------------------------------------------------
def test_a_clock_that_is_behind_is_refused(ledger: Ledger) -> None:
    ledger.append(issued())
    clock = ledger.clock
    clock.advance(timedelta(seconds=-2))  # type: ignore[attr-defined]
    ledger.append(authorised())
    clock.advance(timedelta(milliseconds=-1))  # type: ignore[attr-defined]
    for call in (lambda: ledger.append(hint()), lambda: ledger.permit_standing(PERMIT)):
        with pytest.raises(Unavailable) as caught:
            call()
        assert (caught.value.code, caught.value.exit_code) == ("CW-CLOCK-BEHIND", 5)
    with ledger.reading() as connection:
        times = [row[0] for row in connection.execute("SELECT created_at FROM intent ORDER BY id")]
    assert times == sorted(times)


# --- guards -------------------------------------------------------------------------------
@pytest.mark.parametrize("table", sorted(schema.TABLES))
def test_rows_cannot_be_changed_deleted_or_replaced(ledger: Ledger, table: str) -> None:
    ledger.append(issued())
    ledger.append(hint(), details=Details({"a": 1}, "k", KEY))
    ledger.append_many(hint(number) for number in range(4))
    sequence(ledger)
    with sqlite3.connect(ledger.path, isolation_level=None) as other:
        columns = [row[1] for row in other.execute(f"PRAGMA table_info({table})")]
        if other.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0:
            values = {"log": "public", "epoch": 2, "number": 2, "size": 1, "line": "x",
                      "root": b"r" * 32, "note": "n", "intent_id": 2, "courier": "c" * 32,
                      "event_hash": b"h" * 32}  # fmt: skip
            marks = ", ".join("?" for _ in columns)
            other.execute(f"INSERT INTO {table} VALUES ({marks})", [values[c] for c in columns])
        for column in columns:
            with pytest.raises(sqlite3.IntegrityError, match=r"never|only"):
                other.execute(f"UPDATE {table} SET {column} = {column}")
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            other.execute(f"DELETE FROM {table}")
        with pytest.raises(sqlite3.IntegrityError, match=r"never|end"):
            other.execute(f"REPLACE INTO {table} SELECT * FROM {table}")
    other.close()


def test_entries_are_added_at_the_end_only(ledger: Ledger) -> None:
    ledger.append(issued())
    with ledger.exclusive() as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO entry VALUES ('public', 5, 1, zeroblob(32))")


# --- details ------------------------------------------------------------------------------
def test_details_can_be_read_and_erased_for_good(ledger: Ledger) -> None:
    secret = "Mrs Patel of 3 High Street"
    intent = ledger.append(issued(), details=Details({"who": secret}, "details.p7", KEY))
    plain = ledger.append(hint())
    sequence(ledger)
    root = ledger.root("public")
    with ledger.reading() as connection:
        sealed = connection.execute("SELECT ciphertext FROM detail").fetchone()[0]
    assert ledger.open_details(intent, KEY) == {"who": secret}
    with pytest.raises(Fault):
        ledger.open_details(intent, KEY[::-1])
    for none in (plain, 99):
        with pytest.raises(Fault):
            ledger.open_details(none, KEY)
        with pytest.raises(Fault):
            ledger.erase_details(none)
    files = list(ledger.path.parent.iterdir())
    assert not any(secret.encode() in file.read_bytes() for file in files)
    assert any(sealed in file.read_bytes() for file in files)
    ledger.erase_details(intent)
    ledger.erase_details(intent)
    assert not any(sealed in file.read_bytes() for file in files if file.exists())
    with pytest.raises(Fault) as caught:
        ledger.open_details(intent, KEY)
    assert caught.value.code == "CW-LEDGER-DETAIL-ERASED"
    assert ledger.root("public") == root


# --- several at once ----------------------------------------------------------------------
def test_threads_and_connections_write_one_after_another(ledger: Ledger) -> None:
    ledger.append(issued())
    ids: list[int] = []

    def write(own: Ledger) -> None:
        ids.extend(own.append(hint(number)) for number in range(20))

    others = [Ledger.open(ledger.path, support.new_clock()) for _ in range(2)]
    threads = [threading.Thread(target=write, args=(own,)) for own in (ledger, ledger, *others)]
    sequencer = threading.Thread(target=lambda: [sequence(others[0]) for _ in range(20)])
    for thread in (*threads, sequencer):
        thread.start()
    for thread in (*threads, sequencer):
        thread.join()
    sequence(ledger)
    for own in others:
        own.close()
    assert sorted(ids) == list(range(3, 83))
    assert ledger.size("sealed") == 80


def test_a_busy_ledger_is_our_own_error(ledger: Ledger) -> None:
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ledger.reading() as connection:
        connection.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(Unavailable) as caught:
        ledger.append(issued())
    assert caught.value.code == "CW-LEDGER-BUSY"
    other.close()
    assert ledger.append(issued()) == 2


# --- the Nth statement fails --------------------------------------------------------------
class _Failing:
    """A connection whose Nth statement fails as a broken disk does."""

    def __init__(self, inner: sqlite3.Connection, fail_at: int) -> None:
        self._inner = inner
        self._left = fail_at

    def execute(self, statement: str, *arguments: object) -> sqlite3.Cursor:
        if not statement.startswith(("ROLLBACK", "RELEASE")):
            self._left -= 1
            if self._left == 0:
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR
                raise error
        return self._inner.execute(statement, *arguments)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def test_whatever_statement_fails_nothing_is_half_written(ledger: Ledger) -> None:
    details = Details({"a": 1}, "k", KEY)
    real = ledger._connection
    for fail_at in range(1, 60):
        ledger._connection = _Failing(real, fail_at)  # type: ignore[assignment]
        failed, code = False, ""
        try:
            ledger.append(issued(f"permit-{fail_at}"), details=details)
        except CommonwealError as error:
            failed, code = True, error.code
        finally:
            ledger._connection = real
        assert not failed or code == "CW-FILE-FAILED"
        assert not real.in_transaction
        expected = (1, 0, 0) if failed else (2, 1, 1)
        assert tuple(_count(ledger, t) for t in ("intent", "detail", "permit_state")) == expected
        if not failed:
            break
    assert not failed
    assert fail_at > 8
