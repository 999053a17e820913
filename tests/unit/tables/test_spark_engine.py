"""The Spark engine where it must be closed: keys, ports, files, what it says, what it leaves."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.connection import connect
from commonweal.foundation.errors import CommonwealError, Failure, Unavailable, WrongUsage
from commonweal.vault.tables import ops, spark_session
from commonweal.vault.tables.java_program import harmless
from commonweal.vault.tables.spark_engine import SparkEngine, translate_spark_error
from commonweal.vault.tables.spark_session import Spark, running, settings

KEY = b"quixotry quixotry quixotry quix!"
HOT = [KEY, bytes(b ^ 0x36 for b in KEY), bytes(b ^ 0x5C for b in KEY)]


@pytest.fixture
def engine(spark: Spark, tmp_path: Path) -> Iterator[SparkEngine]:
    made = SparkEngine(spark, connect(tmp_path / "work", threads=1))
    yield made
    made.close()


def numbers(engine: SparkEngine, count: int, name: str = "numbers") -> ops.Table:
    data = pa.table({"n": pa.array(range(count), pa.int64())})
    return engine.load(name, data, {"n": "integer"})


def process_of(spark: Spark) -> int:
    return int(spark._gateway.jvm.java.lang.ProcessHandle.current().pid())


def test_a_key_shows_in_no_statement_and_no_plan(engine: SparkEngine) -> None:
    key = engine.key_table("key", KEY, b"prefix")
    people = engine.load("people", pa.table({"person": ["a", "b", None]}), {"person": "text"})
    coded = ops.with_hmac(people, "person", "code", key)
    statement = ops.to_sql(coded, "pyspark")
    frame = engine._frame(coded)
    plans = frame._jdf.queryExecution().toString()
    frame.collect()
    plans += frame._jdf.queryExecution().toString()  # with what was found out while it ran
    assert "Scan ExistingRDD" in plans
    for hot in HOT:
        for shown in (hot.decode("latin-1"), hot.hex(), hot.hex().upper()):
            assert shown not in statement + plans


def test_small_tables_are_no_part_of_a_plan(engine: SparkEngine) -> None:
    table = engine.load("odd", pa.table({"word": ["Quixotry"]}), {"word": "text"})
    plans = engine._frame(table)._jdf.queryExecution().toString()
    assert "LocalRelation" not in plans
    assert "LocalTableScan" not in plans


@pytest.mark.parametrize("size", [0, 15, 65])
def test_keys_of_other_sizes_are_refused(engine: SparkEngine, size: int) -> None:
    with pytest.raises(ValueError, match="16 to 64"):
        engine.key_table("key", b"k" * size)


def test_an_error_tells_no_value(
    engine: SparkEngine, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    table = engine.load("texts", pa.table({"word": ["Quixotry"]}), {"word": "text"})
    with pytest.raises(Failure) as caught:
        engine.keep("kept", ops.project(table, {"n": ops.as_number(table["word"])}))
    assert caught.value.code == "CW-ENGINE-FAILED"
    assert caught.value.__cause__ is None
    told = str(caught.value) + caplog.text + "".join(capfd.readouterr())
    assert "Quixotry" not in told
    assert "CAST_INVALID_INPUT" in told


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("java.io.IOException: No space left on device", "CW-DISK-FULL"),
        ("java.lang.OutOfMemoryError: Java heap space", "CW-ENGINE-MEMORY"),
        ("SparkOutOfMemoryError [UNABLE_TO_ACQUIRE_MEMORY]", "CW-ENGINE-MEMORY"),
        ("the value 'Quixotry' is wrong", "CW-ENGINE-FAILED"),
    ],
)
def test_errors_of_spark_become_ours(message: str, code: str) -> None:
    made = translate_spark_error(RuntimeError(message), "count")
    assert made.code == code
    assert "Quixotry" not in str(made)


def test_one_and_rows_have_limits(engine: SparkEngine) -> None:
    table = numbers(engine, 5)
    assert len(engine.rows(table, 5)) == 5
    for limit in (0, 4):
        with pytest.raises(Failure):
            engine.rows(table, limit)
    with pytest.raises(Failure):
        engine.one(table)
    with pytest.raises(Failure):
        engine.one(ops.keep_where(table, ops.constant(False, "boolean")))


def test_keep_view_and_forget(engine: SparkEngine, spark: Spark) -> None:
    table = numbers(engine, 4)
    kept = engine.keep("kept", table)
    engine.view("seen", kept)
    held = spark.session.sparkContext._jsc.sc().getPersistentRDDs().size()
    for name in ("seen", "kept", "numbers", "was never there"):
        engine.forget(name)
    assert spark.session.sparkContext._jsc.sc().getPersistentRDDs().size() == held - 2
    assert engine._session.catalog.listTables() == []
    engine.keep("kept", numbers(engine, 1, "again"))


def test_a_name_is_not_taken_twice(engine: SparkEngine) -> None:
    numbers(engine, 1)
    with pytest.raises(Failure):
        numbers(engine, 1)


@pytest.mark.parametrize("name", ["a`b", "a b", "sélect", "a.b", "SELECT", "x; DROP VIEW y", "1"])
def test_names_are_names(engine: SparkEngine, name: str) -> None:
    data = pa.table({name: pa.array([1, None], pa.int64())})
    table = engine.load(name, data, {name: "integer"})
    kept = engine.keep(f"{name} kept", ops.ordered(table, [name]))
    assert engine.rows(kept, 2) == [{name: 1}, {name: None}]


@pytest.mark.parametrize("name", ["", "a\x00b"])
def test_names_that_are_none(engine: SparkEngine, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        numbers(engine, 1, name)


def test_what_is_adopted_has_the_place_of_its_row(engine: SparkEngine) -> None:
    engine.connection.execute(
        "CREATE TEMP VIEW src AS SELECT (range * 7919) % 1000003 AS n FROM range(600000)"
    )
    table = engine.adopt("src", {"n": "integer"}, place="at")
    found = engine.arrow(ops.ordered(table, ["at"]))
    assert found["at"].to_pylist() == list(range(1, 600_001))
    assert found["n"].to_pylist() == [(place * 7919) % 1000003 for place in range(600_000)]


def test_adopting_no_rows(engine: SparkEngine) -> None:
    engine.connection.execute("CREATE TEMP VIEW src AS SELECT 1::BIGINT AS n WHERE false")
    table = engine.adopt("src", {"n": "integer"}, place="at")
    assert engine.rows(table, 0) == []


def test_nothing_to_write_is_a_file_too(engine: SparkEngine) -> None:
    sink = pa.BufferOutputStream()
    table = ops.keep_where(numbers(engine, 3), ops.constant(False, "boolean"))
    assert engine.write_parquet(ops.ordered(table, ["n"]), sink) == 0
    assert pq.read_table(pa.BufferReader(sink.getvalue())).schema == pa.schema({"n": pa.int64()})


class Full:
    def write(self, data: bytes) -> None:
        raise Failure("CW-DISK-FULL", "The disk is full.")


def test_the_error_of_the_sink_comes_through(engine: SparkEngine) -> None:
    with pytest.raises(CommonwealError) as caught:
        engine.write_parquet(numbers(engine, 50_000), Full())
    assert caught.value.code == "CW-DISK-FULL"


def test_an_error_while_writing_is_sparks(engine: SparkEngine) -> None:
    table = engine.load("texts", pa.table({"w": ["x"]}), {"w": "text"})
    with pytest.raises(Failure) as caught:
        engine.write_parquet(
            ops.project(table, {"n": ops.as_number(table["w"])}), pa.BufferOutputStream()
        )
    assert caught.value.code == "CW-ENGINE-FAILED"
    assert "Py4JJavaError" in str(caught.value)


# --- the process ------------------------------------------------------------------------------


def listening(process: int) -> list[str]:
    """The local addresses (as the kernel writes them) on which a process listens."""
    inodes = set()
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", str(entry.readlink()))
        except OSError:
            continue
        if found:
            inodes.add(found[1])
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            parts = line.split()
            if parts[3] == "0A" and parts[9] in inodes:
                addresses.append(parts[1].split(":")[0])
    return addresses


def test_it_listens_on_the_loopback_address_only(spark: Spark) -> None:
    found = listening(process_of(spark))
    assert found
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "0" * 24 + "01000000"}
    assert set(found) <= loopback


def test_what_it_says_goes_nowhere(spark: Spark) -> None:
    for descriptor in (1, 2):
        told = Path(f"/proc/{process_of(spark)}/fd/{descriptor}").readlink()
        assert str(told) == os.devnull


def test_nothing_of_a_persons_shell_and_no_setting_is_on_its_command_line(spark: Spark) -> None:
    folder = Path(f"/proc/{process_of(spark)}")
    environment = (folder / "environ").read_bytes().split(b"\0")
    names = {entry.partition(b"=")[0].decode() for entry in environment if entry}
    own = ("SPARK_", "_PYSPARK_", "PWD", "OLDPWD", "SHLVL", "_", "PYTHONHASHSEED")
    assert all(harmless(name) or name.startswith(own) for name in names)
    assert "_JAVA_OPTIONS" not in names
    assert b"--conf" not in (folder / "cmdline").read_bytes()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("spark.ui.enabled", "false"),
        ("spark.eventLog.enabled", "false"),
        ("spark.authenticate", "true"),
        ("spark.network.crypto.enabled", "true"),
        ("spark.network.crypto.saslFallback", "false"),
        ("spark.io.encryption.enabled", "true"),
        ("spark.sql.ansi.enabled", "true"),
        ("spark.sql.session.timeZone", "UTC"),
        ("spark.sql.variable.substitute", "false"),
        ("spark.sql.catalogImplementation", "in-memory"),
    ],
)
def test_settings_of_the_running_spark(spark: Spark, setting: str, value: str) -> None:
    assert spark.session.newSession().conf.get(setting) == value


def test_rows_on_the_disk_are_encrypted(engine: SparkEngine, spark: Spark) -> None:
    words = pa.table({"w": [f"Quixotry {n}" for n in range(20_000)]})
    table = engine.load("words", words, {"w": "text"})
    engine.keep("grouped", ops.ordered(ops.distinct(table), ["w"]))  # through shuffle files
    files = [path for path in spark._folder.rglob("*") if path.is_file()]
    assert any(path.name.startswith("shuffle_") for path in files)
    assert not any(b"Quixotry" in path.read_bytes() for path in files)
    assert spark._folder.stat().st_mode & 0o077 == 0


def test_a_persons_settings_do_not_weaken_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "spark.properties"
    own.write_text("# ours\nspark.ui.enabled true\nspark.executor.memory 2g\n")
    monkeypatch.setenv("COMMONWEAL_SPARK_PROPERTIES", str(own))
    found = settings(tmp_path, None, None)
    assert found["spark.ui.enabled"] == "false"
    assert found["spark.executor.memory"] == "2g"
    assert found["spark.driver.bindAddress"] == "127.0.0.1"


@pytest.mark.parametrize("line", ["master local", "spark.executor.memory", "spark. =", "x"])
def test_a_line_that_is_no_setting_is_named_by_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    own = tmp_path / "spark.properties"
    own.write_text(f"\n{line}\n")
    monkeypatch.setenv("COMMONWEAL_SPARK_PROPERTIES", str(own))
    if line == "spark. =":
        assert settings(tmp_path, None, None)["spark."] == "="
        return
    with pytest.raises(WrongUsage, match="Line 2"):
        settings(tmp_path, None, None)


@pytest.mark.parametrize(
    ("said", "java"),
    [("4GB", "4096m"), ("800MB", "800m"), ("1.5 GiB", "1536m"), ("1TB", "1048576m")],
)
def test_memory_as_it_is_written_elsewhere(tmp_path: Path, said: str, java: str) -> None:
    assert settings(tmp_path, said, None)["spark.driver.memory"] == java


def test_too_little_memory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        settings(tmp_path, "100MB", None)


def test_spark_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(Unavailable) as caught:
        spark_session.require_spark()
    assert caught.value.code == "CW-SPARK-UNAVAILABLE"


def test_whoever_asks_meanwhile_gets_the_same_one(spark: Spark, tmp_path: Path) -> None:
    with running(tmp_path) as another:
        assert another is spark
    assert spark.session.range(3).count() == 3


QUICK = """
from commonweal.vault.tables import spark_session
# Java's best compiler would cost more than it saves in a process that does so little.
spark_session._NO_DUMPS += ("-XX:TieredStopAtLevel=1",)
"""
ALONE = """
import os, sys
from pathlib import Path
from commonweal.vault.tables.opening import opened_engine
work = Path(sys.argv[1])
with opened_engine(work, "spark", memory_limit="1GB") as engine:
    java = spark_session._running._gateway.proc.pid
    engine.key_table("key", b"k" * 32)
    assert Path(f"/proc/{java}").exists()
assert not Path(f"/proc/{java}").exists()
print(sorted(path.name.split("-")[0] for path in work.iterdir()))
"""


def test_at_the_end_process_and_files_are_gone(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "COMMONWEAL_SPARK_MASTER": "local[1]",
        "SPARK_LOCAL_DIRS": "/nowhere",
        "_JAVA_OPTIONS": "-XX:+NoSuchOption",  # with it no Java would start
    }
    done = subprocess.run(
        [sys.executable, "-c", QUICK + ALONE, "a work's folder"], cwd=tmp_path, env=environment,
        capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['spill']"
    assert done.stderr == ""
    assert [path.name for path in tmp_path.iterdir()] == ["a work's folder"]


INTERRUPTED = """
import os, signal, sys, threading, time
from pathlib import Path
import pyarrow as pa
from commonweal.vault.tables import ops
from commonweal.vault.tables.opening import opened_engine
before = signal.getsignal(signal.SIGINT)
try:
    with opened_engine(Path("work"), "spark", memory_limit="1GB") as engine:
        java = spark_session._running._gateway.proc.pid
        assert signal.getsignal(signal.SIGINT) is before
        data = pa.table({"n": list(range(3000))})
        table = engine.load("many", data, {"n": "integer"})
        for _ in range(2):
            table = ops.cross_one(table, ops.rename(table, {f"m{len(table.columns)}": "n"}))
        question = ops.group(table, [], {"n": ops.count_distinct(ops.as_text(table["n"]))})
        ops.to_sql(question, "pyspark")  # what it imports is there before somebody presses
        heard = threading.Event()
        def press():
            # PySpark waits for Java's answer once more, and Python drops an interrupt that comes
            # while it clears away objects: people press again, until they are heard.
            time.sleep(1.0)
            while not heard.is_set():
                os.kill(os.getpid(), signal.SIGINT)
                heard.wait(2.0)
        threading.Thread(target=press, daemon=True).start()
        try:
            engine.one(question)
        finally:
            heard.set()
except KeyboardInterrupt:
    assert not Path(f"/proc/{java}").exists()
    print(sorted(path.name.split("-")[0] for path in Path("work").iterdir()))
"""


def test_ctrl_c_ends_it_without_a_word(tmp_path: Path) -> None:
    """PySpark's own way of being interrupted asks Java in the middle of an answer, and then py4j
    prints tracebacks and the command fails as if the engine had."""
    environment = {**os.environ, "COMMONWEAL_SPARK_MASTER": "local[1]"}
    done = subprocess.run(
        [sys.executable, "-c", QUICK + INTERRUPTED], cwd=tmp_path, env=environment,
        capture_output=True, text=True, check=False, timeout=250,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == "['spill']"
