"""A backup holds the service's records as they are in use and what opens the concerns in them, and
neither its own secret nor its mail."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from commonweal.foundation.clock import SystemClock
from commonweal.vault.custody import back_up, open_custody, restore_home
from tests.web.house import make_home


def test_the_services_records_come_back_and_its_secret_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(tmp_path / "stores"))
    home = make_home(tmp_path / "home", kind="standard", stores=tmp_path / "stores")
    web = home / "web"
    (web / "outbox").mkdir(parents=True, mode=0o700)
    (web / "outbox" / "mail").write_text("a link")
    (web / "secret_key").write_text("s" * 90)
    (web / "concerns_key").write_text("c" * 90)
    (web / "evidence").mkdir(mode=0o700)
    (web / "evidence" / "0a1b").write_bytes(b"%PDF-")
    service = sqlite3.connect(web / "service.sqlite")
    service.execute("PRAGMA journal_mode=WAL")
    service.execute("CREATE TABLE one (a)")
    service.execute("INSERT INTO one VALUES (7)")
    service.commit()
    # In use: the row is in the write-ahead log, and a transaction is open.
    assert (web / "service.sqlite-wal").stat().st_size > 0
    service.execute("BEGIN IMMEDIATE")
    service.execute("INSERT INTO one VALUES (8)")
    with open_custody(home, SystemClock()) as custody:
        back_up(custody, tmp_path / "backup.cwb")
    service.close()
    restore_home(tmp_path / "backup.cwb", tmp_path / "again", SystemClock())
    found = sorted(path.name for path in (tmp_path / "again" / "web").iterdir())
    assert found == ["concerns_key", "evidence", "service.sqlite"]
    key = tmp_path / "again" / "web" / "concerns_key"
    # The pages refuse a key that others can read.
    assert (key.read_text(), key.stat().st_mode & 0o077) == ("c" * 90, 0)
    assert (tmp_path / "again" / "web" / "evidence" / "0a1b").read_bytes() == b"%PDF-"
    restored = sqlite3.connect(tmp_path / "again" / "web" / "service.sqlite")
    assert restored.execute("SELECT a FROM one").fetchall() == [(7,)]
    restored.close()
    assert (tmp_path / "again" / "web").stat().st_mode & 0o077 == 0
