"""The loop of a worker: every step has its turn, a failing one waits, and nothing is skipped."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commonweal.foundation.errors import Unavailable, WrongUsage


def worker(home: Path, *steps: Any) -> Any:
    from commonweal.web.config.workers import Worker

    return Worker("signer", home, root_store=home.with_name("stores"), steps=steps)


def test_steps_are_given_an_open_home_and_taken_in_order(web_home: Path, db: None) -> None:
    seen: list[str] = []

    def one(custody: Any) -> int:
        seen.append(custody.home.id)
        return 2

    def two(custody: Any) -> int:
        assert custody.ledger.size("public") > 0
        seen.append("two")
        return 0

    with contextlib.closing(worker(web_home, one, two)) as made:
        assert made.once() == 2
        assert made.once() == 2
    assert seen[1] == "two"
    assert len(set(seen)) == 2


def test_a_step_that_fails_is_told_and_waits_longer_each_time(
    web_home: Path, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from commonweal.web.config import workers

    now = [1000.0]
    monkeypatch.setattr(workers.time, "monotonic", lambda: now[0])
    raised: list[Exception] = []
    taken: list[str] = []

    def fails(_custody: Any) -> int:
        if raised:
            raise raised[0]
        taken.append("fails")
        return 1

    def good(_custody: Any) -> int:
        taken.append("good")
        return 0

    with contextlib.closing(worker(web_home, fails, good)) as made:
        kinds = (
            (Unavailable("CW-BUSY", "A secret sentence."), "CW-BUSY", 1.0),
            (OperationalError("secret"), "CW-WEB-DATABASE", 2.0),
            (KeyError("secret"), "CW-INTERNAL", 4.0),
        )
        for error, code, wait in kinds:
            raised[:] = [error]
            assert made.once() == 0
            assert (lines[-1]["code"], lines[-1]["seconds"]) == (code, wait)
            assert lines[-1]["step"].endswith("fails")
            count = len(lines)
            now[0] += wait - 0.1
            made.once()  # too early: not tried
            assert len(lines) == count
            now[0] += 0.2
        assert taken == ["good"] * 6
        raised.clear()
        assert made.once() == 1
        raised[:] = [KeyError()]
        made.once()
        assert lines[-1]["seconds"] == 1.0
    assert "secret" not in json.dumps(lines).lower()


def test_it_never_waits_longer_than_a_minute(web_home: Path, lines: Any) -> None:
    def fails(_custody: Any) -> int:
        raise Unavailable("CW-BUSY", "Not now.")

    with contextlib.closing(worker(web_home, fails)) as made:
        made.turns[0].failed = 10_000
        made.once()
    assert lines[-1]["seconds"] == 60.0


def test_a_home_that_is_away_is_tried_again(web_home: Path, lines: Any, tmp_path: Path) -> None:
    with contextlib.closing(worker(tmp_path / "none", lambda _: 1)) as made:
        assert made.once() == 0
    assert lines[-1]["code"] == "CW-HOME-MISSING"


def test_another_ledger_in_its_place_is_seen(web_home: Path, db: None, tmp_path: Path) -> None:
    """A home that was put back while the worker ran: nothing is written to the old file."""
    home = tmp_path / "home"
    shutil.copytree(web_home, home)
    shutil.copytree(web_home.with_name("stores"), tmp_path / "stores")
    seen: list[Any] = []

    def look(custody: Any) -> int:
        seen.append(custody)
        return 0

    with contextlib.closing(worker(home, look)) as made:
        made.once()
        made.once()
        assert seen[0] is seen[1]
        file = home / "ledger" / "ledger.sqlite"
        copy = file.with_name("copy")
        shutil.copy(file, copy)
        copy.rename(file)
        made.once()
        assert seen[2] is not seen[1]


def test_sigterm_lets_the_step_end_and_stops(web_home: Path, db: None) -> None:
    from commonweal.web.config.workers import _ends_cleanly

    ended: list[bool] = []

    def slow(_custody: Any) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        ended.append(True)
        return 1

    before = signal.getsignal(signal.SIGTERM)
    made = worker(web_home, slow, slow)
    guard = threading.Timer(20, made.stopped.set)
    guard.start()
    with _ends_cleanly(made):
        made.run()
    guard.cancel()
    assert ended == [True]
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_steps_of_a_room_come_from_the_apps(db: None) -> None:
    from commonweal.web.config.workers import steps_of
    from commonweal.web.signing.workers import settle_waiting, tell_of_roster

    found = steps_of("signer")
    assert tell_of_roster in found
    assert found.index(tell_of_roster) < found.index(settle_waiting)
    assert settle_waiting not in steps_of("vault")


def test_every_app_with_workers_says_in_which_rooms(web_home: Path) -> None:
    """What an app does not say is not imported, and would never be done."""
    from importlib import import_module
    from importlib.util import find_spec

    from django.apps import apps

    from commonweal.web.config.workers import ROOMS

    said: dict[str, set[str]] = {}
    does: dict[str, set[str]] = {}
    for app in apps.get_app_configs():
        said[app.name], does[app.name] = set(getattr(app, "works_in", ())), set()
        ours = app.name.startswith("commonweal.web.") and app.label != "config"  # has the loop
        if ours and find_spec(f"{app.name}.workers") is not None:
            steps = import_module(f"{app.name}.workers").steps
            does[app.name] = {room for room in ROOMS if steps(room)}
    assert said == does
    assert sum(map(len, does.values())) > 15


def test_what_others_wrote_is_seen(web_home: Path, tmp_path: Path) -> None:
    from django.db import connection

    from commonweal.web.config.workers import changes

    home = tmp_path / "home"
    shutil.copytree(web_home / "ledger", home / "ledger")
    ledger = home / "ledger" / "ledger.sqlite"

    def ledger_written() -> None:
        os.utime(ledger, ns=(1, 1))

    def log_begun() -> None:
        ledger.with_name("ledger.sqlite-wal").write_bytes(b"more")

    def ledger_put_back() -> None:
        shutil.copy2(ledger, ledger.with_name("other"))
        ledger.with_name("other").rename(ledger)

    def database_written() -> None:
        with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"])) as other:
            other.execute("PRAGMA user_version = 0")

    for write in (ledger_written, log_begun, ledger_put_back, ledger.unlink, database_written):
        before = changes(home)
        assert before is not None
        assert changes(home) == before
        write()
        assert changes(home) != before, write
    connection.close()


@pytest.mark.parametrize(
    ("before", "later", "pauses"),
    [
        ((1,), (1,), 8),  # nothing: everything is looked at again after two seconds all the same
        ((1,), (2,), 1),
        ((1,), None, 1),  # the database is away
        (None, None, 1),  # one that does not tell
    ],
)
def test_it_rests_until_something_changed_and_not_for_long(
    web_home: Path, monkeypatch: pytest.MonkeyPatch, before: Any, later: Any, pauses: int
) -> None:
    from commonweal.web.config import workers

    now, waited = [1000.0], []

    def wait(seconds: float) -> bool:
        now[0] += seconds
        waited.append(seconds)
        return False

    monkeypatch.setattr(workers.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(workers, "changes", lambda _home: later)
    with contextlib.closing(worker(web_home)) as made:
        monkeypatch.setattr(made.stopped, "wait", wait)
        made.rest(before)
        assert waited == [0.25] * pauses
        monkeypatch.setattr(made.stopped, "wait", lambda _seconds: True)
        made.rest((1,))  # told to stop: it does not look again


@pytest.mark.parametrize("room", ["kitchen", "", "../signer", "SIGNER"])
def test_rooms_without_workers_are_refused(db: None, room: str) -> None:
    from commonweal.web.config.workers import check_room

    with pytest.raises(WrongUsage) as caught:
        check_room(room)
    assert caught.value.code == "CW-WEB-ROOM"


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a worker's process: no transaction of a test is around it."""
    from commonweal.web.config import workers

    away = SimpleNamespace(in_atomic_block=False, close=lambda: None)
    monkeypatch.setattr(workers, "connection", away)
    monkeypatch.setattr(workers, "close_old_connections", lambda: None)


def test_a_long_step_holds_nothing_else_up(web_home: Path, lines: Any, outside: None) -> None:
    from commonweal.web.config.workers import Beside

    begun, go_on, took, others = threading.Event(), threading.Event(), [3], []

    def long(custody: Any) -> int:
        assert custody.ledger.size("public") > 0
        begun.set()
        assert go_on.wait(30)
        took[0] -= 1
        return took[0]

    beside = Beside(lambda _custody: took[0], long)

    def other(_custody: Any) -> int:
        others.append(1)
        return 0

    with contextlib.closing(worker(web_home, beside, other)) as made:
        made.once()
        assert begun.wait(30)
        for _ in range(3):
            made.once()
        assert (len(others), took) == (4, [3])
        go_on.set()
        assert settled(lambda: made.once() == 0 and took == [0])


def test_what_a_long_step_raises_is_told_as_for_any_step(
    web_home: Path, lines: Any, outside: None
) -> None:
    from commonweal.web.config.workers import Beside

    def breaks(_custody: Any) -> int:
        raise Unavailable("CW-BUSY", "A secret sentence.")

    with contextlib.closing(worker(web_home, Beside(lambda _custody: 1, breaks))) as made:
        assert settled(lambda: made.once() == 0 and bool(lines))
    assert (lines[-1]["code"], lines[-1]["step"].endswith("breaks")) == ("CW-BUSY", True)
    assert "secret" not in json.dumps(lines)


def test_inside_a_transaction_a_long_step_is_taken_at_once(web_home: Path, db: None) -> None:
    from commonweal.web.config.workers import Beside

    took: list[str] = []
    beside = Beside(lambda _custody: not took, lambda custody: took.append(custody.home.id) or 1)
    with contextlib.closing(worker(web_home, beside)) as made:
        assert [made.once(), made.once()] == [1, 0]


def settled(look: Any) -> bool:
    """Whether `look` says yes within ten seconds."""
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        if look():
            return True
        time.sleep(0.02)
    return False
