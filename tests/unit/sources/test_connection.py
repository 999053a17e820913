"""The engine's connection: what it must refuse, and that its spill files are sealed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from commonweal.foundation import connection as module
from commonweal.foundation.connection import (
    connect,
    engine_errors,
    quote_identifier,
    quote_literal,
    quote_path,
)
from commonweal.foundation.errors import Failure, Unavailable, WrongUsage

MARK = b"SECRETMARK"
SPILL = (
    "CREATE TABLE big AS SELECT md5(i::VARCHAR) || 'SECRETMARK' || md5((i + 1)::VARCHAR) AS s "
    "FROM range(1500000) t(i)"
)


def spilled(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*.tmp")]


def test_spill_files_do_not_show_what_they_hold(tmp_path: Path) -> None:
    with connect(tmp_path, memory_limit="60MB", threads=1) as c:
        c.execute(SPILL)
        files = spilled(tmp_path)
        assert sum(map(len, files)) > 1_000_000
        assert not any(MARK in content for content in files)


def test_the_same_files_show_it_without_the_safeguard(tmp_path: Path) -> None:
    with duckdb.connect(config={"temp_directory": str(tmp_path), "memory_limit": "60MB",
                                "threads": 1}) as c:  # fmt: skip
        c.execute(SPILL)
        assert any(MARK in content for content in spilled(tmp_path))


@pytest.mark.parametrize(
    "setting",
    ["temp_file_encryption = false", "disabled_filesystems = ''", "threads = 1",
     "lock_configuration = false", "log_query_path = 'x'", "enable_profiling = 'json'",
     "autoinstall_known_extensions = true", "temp_directory = '/tmp'"],
)  # fmt: skip
def test_the_configuration_is_locked(tmp_path: Path, setting: str) -> None:
    with connect(tmp_path) as c, pytest.raises(duckdb.Error):
        c.execute(f"SET {setting}")


def test_the_network_is_never_asked(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        asked: list[bool] = []

        def listen() -> None:
            try:
                server.accept()
                asked.append(True)
            except TimeoutError:
                pass

        listener = threading.Thread(target=listen)
        listener.start()
        port = server.getsockname()[1]
        with connect(tmp_path) as c:
            for place in (f"http://127.0.0.1:{port}/a.csv", "s3://a/b.parquet", "hf://a/b.csv"):
                with pytest.raises(duckdb.Error):
                    c.execute(f"SELECT * FROM read_csv('{place}')")
        listener.join()
    assert asked == []


def test_times_are_utc_and_two_connections_do_not_share_a_folder(tmp_path: Path) -> None:
    with connect(tmp_path) as one, connect(tmp_path) as two:
        query = "SELECT current_setting('TimeZone'), current_setting('temp_directory')"
        first, second = one.execute(query).fetchone(), two.execute(query).fetchone()
        assert first is not None
        assert second is not None
        assert first[0] == second[0] == "UTC"
        assert first[1] != second[1]


def test_ibis_can_use_the_locked_connection(tmp_path: Path) -> None:
    import ibis

    with connect(tmp_path) as c:
        c.execute("CREATE TABLE t AS SELECT 42 AS a")
        table = ibis.duckdb.from_connection(c).table("t")
        assert c.execute(str(ibis.to_sql(table.filter(table.a > 1)))).fetchall() == [(42,)]


def test_without_the_openssl_package_there_is_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_openssl_extension", lambda: tmp_path / "none.duckdb_extension")
    with pytest.raises(Unavailable) as caught:
        connect(tmp_path)
    assert caught.value.code == "CW-ENGINE-UNAVAILABLE"
    assert caught.value.exit_code == 5


def test_an_engine_error_never_carries_a_value(tmp_path: Path) -> None:
    with connect(tmp_path) as c, pytest.raises(Failure) as caught, engine_errors("add numbers"):
        c.execute("SELECT CAST('Jane Patient' AS INTEGER)")
    assert caught.value.code == "CW-ENGINE-FAILED"
    assert "Jane" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_too_little_memory_has_its_own_code(tmp_path: Path) -> None:
    with connect(tmp_path, memory_limit="20MB", threads=1) as c:
        with pytest.raises(Failure) as caught, engine_errors("list everything"):
            c.execute("SELECT list(md5(i::VARCHAR)) FROM range(3000000) t(i)").fetchall()
        assert caught.value.code == "CW-ENGINE-MEMORY"


@pytest.mark.parametrize("name", ['a"b', "a;--", "ä", "SELECT", "a'b", " "])
def test_quoted_names_are_names(tmp_path: Path, name: str) -> None:
    with connect(tmp_path) as c:
        c.execute(f"CREATE TABLE t ({quote_identifier(name)} VARCHAR)")
        c.execute(f"INSERT INTO t VALUES ({quote_literal(name)})")
        assert c.execute(f"SELECT {quote_identifier(name)} FROM t").fetchall() == [(name,)]


@pytest.mark.parametrize("name", ["", "a\x00b"])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        quote_identifier(name)
    with pytest.raises(ValueError):
        quote_literal("a\x00")


def test_a_path_with_wildcards_is_one_file(tmp_path: Path) -> None:
    for name in ("a[1]*?.csv", "a1xy.csv"):
        (tmp_path / name).write_text(f"n\n{name}\n")
    with connect(tmp_path) as c:
        path = quote_path(tmp_path / "a[1]*?.csv")
        assert c.execute(f"SELECT n FROM read_csv({path}, header = true)").fetchall() == [
            ("a[1]*?.csv",)
        ]


def test_the_setting_limits_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMONWEAL_MEMORY", "256MiB")
    with connect(tmp_path) as connection:
        [(limit,)] = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    assert limit == "256.0 MiB"


def test_without_a_setting_a_small_part_of_the_machine_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMMONWEAL_MEMORY", raising=False)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with connect(tmp_path) as connection:
        [(limit,)] = connection.execute("SELECT current_setting('memory_limit')").fetchall()
    size, unit = limit.split()
    shown = float(size) * {"MiB": 2**20, "GiB": 2**30}[unit]
    assert shown == pytest.approx(max(machine / 64, 200e6 * max(os.cpu_count() or 1, 2)), rel=0.06)


@pytest.mark.parametrize("said", ["lots", "80%", "-1GB", "0GB", "4", "4 gb", "1GB'; SELECT 1 --"])
def test_a_setting_that_is_no_amount_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("COMMONWEAL_MEMORY", said)
    with pytest.raises(WrongUsage) as caught:
        connect(tmp_path)
    assert caught.value.code == "CW-ENGINE-SETTING"
    assert not list(tmp_path.iterdir())


def test_no_bar_on_standard_output_however_python_was_started(tmp_path: Path) -> None:
    shown = "SELECT current_setting('enable_progress_bar')"
    asked = f"""
import duckdb, pathlib, sys
from commonweal.foundation.connection import connect, connect_for_names
ours = [connect(pathlib.Path(sys.argv[1])), connect_for_names()]
print([c.execute({shown!r}).fetchone()[0] for c in (duckdb.connect(), *ours)])
"""
    done = subprocess.run(
        [sys.executable, "-c", asked, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[True, False, False]\n"
