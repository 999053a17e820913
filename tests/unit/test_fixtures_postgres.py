"""The PostgreSQL that tests read from: real, its own, off the network, and gone afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import adbc_driver_postgresql.dbapi as postgres
import pytest

from tests import fixtures_postgres
from tests.fixtures_postgres import Cluster, PostgresUnavailable


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with postgres.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def do(url: str, statement: str) -> None:
    with postgres.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def is_running(process: int) -> bool:
    # In a container nobody may collect an ended orphan: it stays listed as a zombie (Z).
    status = Path(f"/proc/{process}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def test_it_answers_as_its_superuser(postgres_url: str) -> None:
    assert ask(postgres_url, "SELECT current_user, 6 * 7") == [("commonweal", 42)]


def test_it_listens_on_no_network_address(postgres_url: str, postgres_cluster: Cluster) -> None:
    assert ask(postgres_url, "SELECT current_setting('listen_addresses')") == [("",)]
    assert (postgres_cluster.folder / ".s.PGSQL.5432").is_socket()
    assert postgres_cluster.folder.stat().st_mode & 0o077 == 0


def test_a_database_can_be_made_and_asked(postgres_cluster: Cluster) -> None:
    do(postgres_cluster.url(), "CREATE DATABASE ward")
    try:
        assert ask(postgres_cluster.url("ward"), "SELECT current_database()") == [("ward",)]
    finally:
        do(postgres_cluster.url(), "DROP DATABASE ward")


def test_a_stopped_cluster_leaves_nothing() -> None:
    folder = fixtures_postgres.short_folder()
    cluster = fixtures_postgres.start_cluster(folder)
    process = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    assert is_running(process)
    fixtures_postgres.stop_cluster(cluster)
    assert not folder.exists()
    assert not is_running(process)


def test_absent_programs_fail_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fixtures_postgres, "postgres_bin", lambda: None)
    with pytest.raises(PostgresUnavailable, match="apt-get install"):
        fixtures_postgres.start_cluster(tmp_path)


def test_a_failed_step_shows_what_it_said() -> None:
    folder = fixtures_postgres.short_folder()
    try:
        (folder / "data").mkdir()
        (folder / "data" / "in the way").touch()
        with pytest.raises(PostgresUnavailable, match="initdb failed"):
            fixtures_postgres.start_cluster(folder)
    finally:
        shutil.rmtree(folder)


def test_root_without_the_server_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_name: str) -> None:
        raise KeyError

    monkeypatch.setattr(fixtures_postgres.os, "geteuid", lambda: 0)
    monkeypatch.setattr(fixtures_postgres.pwd, "getpwnam", nobody)
    with pytest.raises(PostgresUnavailable, match="no user 'postgres'"):
        fixtures_postgres._server_user()
