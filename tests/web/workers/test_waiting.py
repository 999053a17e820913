"""`/health` and the doctor say when what people signed has waited too long for the ledger."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import Unavailable
from commonweal.web.waiting import ACTS, EVENTS, HELD, waiting, waiting_in
from tests.web.signing.conftest import Noted, noted, proposed  # noqa: F401 (fixtures)

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("acts", "events", "slow"),
    [
        (None, None, []),
        ("2026-03-02 08:58:00", None, []),
        ("2026-03-02 08:57:59.900000", None, ["acts"]),
        (AT - timedelta(minutes=3), "2026-03-02T08:59:59.000Z", ["acts"]),
        (None, "2026-03-02T08:00:00.000Z", ["events"]),
        (AT - timedelta(days=1), "2026-03-01T08:00:00.000Z", ["acts", "events"]),
        (AT + timedelta(hours=1), None, []),
    ],
)
def test_what_is_slow(acts: Any, events: Any, slow: list[str]) -> None:
    found = waiting(lambda query: {ACTS: acts, EVENTS: events, HELD: 0}[query], AT)
    assert found.slow == slow


def test_health_says_what_waits(client: Any, noted: Noted, at: Any) -> None:  # noqa: F811
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.signing.services import ask_signature

    for number, row in enumerate(Intent.objects.filter(placed_at__isnull=True)):
        Intent.objects.filter(pk=row.pk).update(placed_at=AT, ledger_intent=10_000 + number)
    assert client.get("/health").json() == {"status": "ok"}
    row = proposed()
    ask_signature(row.person, row.pk)
    assert client.get("/health").json() == {"status": "ok"}
    at(FixedClock(clock.now() + timedelta(minutes=3)))
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "behind", "waiting": ["acts"]})


def test_the_doctor_says_it_too(web_home: Path, db: None, tmp_path: Path) -> None:
    """It looks at the service's database from outside, without starting the service."""
    from commonweal.cli.checks import _service

    home = tmp_path / "home"
    assert list(_service(home)) == []  # no service was ever started there
    (home / "web").mkdir(parents=True)
    file = home / "web" / "service.sqlite"
    with (
        closing(sqlite3.connect(web_home / "web" / "service.sqlite")) as true,
        closing(sqlite3.connect(file)) as copy,
    ):
        true.backup(copy)
    with closing(sqlite3.connect(file)) as service:

        def found(age: timedelta) -> tuple[str, str]:
            stamped = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            service.execute("UPDATE ledgerlink_intent SET stamped = ?", (stamped,))
            service.commit()
            (one,) = _service(home)
            return one.state, one.sentence

        assert found(timedelta(0))[0] == "ok"
        state, sentence = found(timedelta(minutes=5))
        assert state == "warning"
        assert "5 minutes: events" in sentence
        assert found(timedelta(minutes=16))[0] == "fault"
        service.execute("DROP TABLE signing_act")
        (broken,) = _service(home)
    assert broken.state == "fault"
    assert "CW-WEB-DATABASE" in broken.sentence


def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    from commonweal.web.config.environment import Environment

    url = f"postgresql:///x?host={tmp_path}"
    environment = Environment.read({"COMMONWEAL_HOME": str(tmp_path), "DATABASE_URL": url})
    with pytest.raises(Unavailable) as caught:
        waiting_in(environment, AT)
    assert caught.value.code == "CW-WEB-DATABASE"
