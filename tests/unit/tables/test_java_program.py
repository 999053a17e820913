"""The Java that Spark is started in: asked first, and given nothing of a person's shell."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from commonweal.foundation.errors import Unavailable, WrongUsage
from commonweal.vault.tables import java_program, spark_session
from commonweal.vault.tables.java_program import harmless, require_java
from commonweal.vault.tables.spark_session import running, settings

SAYS = "echo 'openjdk version \"{}\" 2026-01-20' >&2"
BROKEN = {
    "ends at once": "exit 0",
    "fails": "exit 1",
    "says its version and fails": SAYS.format("17.0.1") + "; exit 1",
    "says something else": "echo hello >&2",
    "never answers": "exec sleep 60",
    "Java 8": SAYS.format("1.8.0_392"),
    "Java 11": SAYS.format("11.0.2"),
    "Java 25": SAYS.format("25"),
    "no program": None,
}


def java_home(folder: Path, script: str | None) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir()
    program.write_bytes(b"\x00\x01" if script is None else f"#!/bin/sh\n{script}\n".encode())
    program.chmod(0o755)
    return folder


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_java_that_is_broken_or_another_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path, script)))
    monkeypatch.setattr(java_program, "_SECONDS", 0.5)
    monkeypatch.setattr(spark_session, "require_spark", lambda: None)
    monkeypatch.setattr(spark_session, "_running", None)
    with pytest.raises(Unavailable) as caught, running(tmp_path / "work"):
        pass
    assert caught.value.code == "CW-SPARK-JAVA"
    assert caught.value.exit_code == 5
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("version", ["17", "17.0.12", "21.0.2", "21-ea"])
def test_a_java_that_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java_home(tmp_path, SAYS.format(version))))
    require_java()


STRONGER = (
    "_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "OPENJ9_JAVA_OPTIONS", "CLASSPATH",
    "SPARK_LOCAL_DIRS", "SPARK_SUBMIT_OPTS", "SPARK_DIST_CLASSPATH", "SPARK_HOME", "LD_PRELOAD",
    "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "BASH_ENV",
    "COMMONWEAL_HOME", "DATABASE_URL",
)  # fmt: skip


@pytest.mark.parametrize("name", STRONGER)
def test_names_that_java_or_its_scripts_obey_are_kept_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "-XX:+HeapDumpOnOutOfMemoryError")
    assert not harmless(name)
    before = dict(os.environ)
    with spark_session._own_environment(tmp_path):
        assert os.environ.get(name) != "-XX:+HeapDumpOnOutOfMemoryError"
        assert os.environ["PATH"] == before["PATH"]
    assert dict(os.environ) == before


def test_no_picture_of_the_memory_is_written(tmp_path: Path) -> None:
    java = settings(tmp_path, None, None)["spark.driver.extraJavaOptions"]
    for option in (
        "-XX:-HeapDumpOnOutOfMemoryError", "-XX:-CreateCoredumpOnCrash",
        "-XX:ReplayDataFile=/dev/null", "-XX:ErrorFile=/dev/null", "-XX:+DisableAttachMechanism",
    ):  # fmt: skip
        assert option in java.split()


def test_a_secret_of_the_custodians_cluster_is_on_no_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "spark.properties"
    own.write_text("spark.authenticate.secret Quixotry\\n\n")
    monkeypatch.setenv("COMMONWEAL_SPARK_PROPERTIES", str(own))
    (tmp_path / "conf").mkdir()
    spark_session._write_conf(tmp_path, settings(tmp_path, None, None))
    written = tmp_path / "conf" / "spark-defaults.conf"
    assert "spark.authenticate.secret Quixotry\\\\n\n" in written.read_text()
    assert written.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["a,b", "a\x7fb"])
def test_a_folder_that_spark_would_take_for_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(spark_session, "_running", None)
    with pytest.raises(WrongUsage) as caught, running(tmp_path / name):
        pass
    assert caught.value.code == "CW-ENGINE-SETTING"
    assert not (tmp_path / name).exists()


def test_names_of_folders_are_one_word_each(tmp_path: Path) -> None:
    import shlex

    folder = tmp_path / "a b 'c \"d \\e"
    java = shlex.split(settings(folder, None, None)["spark.driver.extraJavaOptions"])
    assert f"-Djava.io.tmpdir={folder}" in java
