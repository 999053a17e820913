"""One hardened Apache Spark for this process, started when it is first needed.

Spark runs in a Java process of its own, which is ours alone: its output goes nowhere (Spark's
messages quote the values that they stumble over), it listens on the loopback address only and
answers to a secret made for it, it has no pages, no event log and no metastore, and what it spills
or shuffles is encrypted with a key that it makes and keeps in memory. Arithmetic follows ANSI SQL,
as in DuckDB: what does not fit is an error and never a wrong number. Times are UTC and have no
zone. When the last user is gone the process ends, and its memory and folder with it.

Settings of the environment: `COMMONWEAL_SPARK_MASTER` (default `local[*]`) and
`COMMONWEAL_SPARK_PROPERTIES`, a file of lines `name value` for a custodian's cluster; what is set
here is stronger than that file.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commonweal.foundation.errors import CommonwealError, Unavailable, WrongUsage
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.vault.tables.java_program import (
    JAVA_VERSIONS,
    harmless,
    java_program,
    no_java,
    require_java,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER_SETTING = "COMMONWEAL_SPARK_MASTER"
PROPERTIES_SETTING = "COMMONWEAL_SPARK_PROPERTIES"
_JAVA = "spark.driver.extraJavaOptions"
_LOOPBACK = "127.0.0.1"
_NO_LOG = "rootLogger.level = off\nappender.none.type = Null\nappender.none.name = none\n"

_ONE_LANGUAGE = (
    "-Duser.language=en",
    "-Duser.country=GB",
    "-Duser.variant=",
    "-Duser.timezone=UTC",
)
"""In Turkish the capital of i is another letter: what a release holds must not depend on that."""
_NO_DUMPS = (
    "-XX:-HeapDumpOnOutOfMemoryError",
    "-XX:-CreateCoredumpOnCrash",
    f"-XX:ErrorFile={os.devnull}",
    f"-XX:ReplayDataFile={os.devnull}",
    "-XX:-UsePerfData",
    "-XX:+DisableAttachMechanism",
)
"""Patients' rows are in Java's memory: no picture of it is written, whatever happens."""
_HARD = {
    "spark.app.name": "commonweal",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.eventLog.enabled": "false",
    "spark.log.level": "OFF",
    "spark.executor.syncLogLevel.enabled": "true",
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    # Whoever stands between two machines could else have them speak in the clear.
    "spark.network.crypto.saslFallback": "false",
    "spark.io.encryption.enabled": "true",
    "spark.io.encryption.keySizeBits": "256",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    # A constant of a permit that holds ${...} is that text, and nothing is put in its place.
    "spark.sql.variable.substitute": "false",
    "spark.sql.mapKeyDedupPolicy": "EXCEPTION",
    "spark.sql.sources.ignoreDataLocality": "true",
    # A small Arrow table would else become part of the plan itself.
    "spark.sql.execution.arrow.localRelationThreshold": "0",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "20480",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
    "spark.driver.maxResultSize": "0",
    "spark.python.worker.reuse": "false",
    "spark.sql.adaptive.enabled": "true",
    "spark.cleaner.periodicGC.interval": "5min",
}
"""What is set whatever a file says."""


class Spark:
    """A running Spark. Use `running`; `stop` ends its process and removes its folder."""

    def __init__(self, folder: Path, session: SparkSession, gateway: Any) -> None:
        self.session = session
        self._folder = folder
        self._gateway = gateway

    @property
    def version(self) -> str:
        """The version of Spark."""
        return str(self.session.version)

    def stop(self) -> None:
        """End the Java process, with all that it holds in memory, and remove its folder."""
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        process = getattr(self._gateway, "proc", None)
        # Whatever state it is in: the process ends below.
        with contextlib.suppress(Exception):
            self.session.stop()
        with contextlib.suppress(Exception):
            self._gateway.shutdown()
        if process is not None:
            process.stdin.close()  # it ends when its input does
            try:
                process.wait(timeout=20)
            except Exception:  # noqa: BLE001 (a process that will not end is ended)
                process.kill()
                process.wait()
        SparkContext._gateway = None
        SparkContext._jvm = None
        SparkSession._instantiatedSession = None
        shutil.rmtree(self._folder, ignore_errors=True)


_running: Spark | None = None


@contextlib.contextmanager
def running(
    work: Path,
    *,
    memory: str | None = None,
    shuffle_partitions: int | None = None,
    java_options: Sequence[str] = (),
) -> Iterator[Spark]:
    """The Spark of this process; where there is none, one that lives as long as the block.

    `work`: the folder below which it spills, encrypted. `memory`: of its process, as DuckDB
    writes it (default half of the machine). `java_options`: more of them. Raises `Unavailable`
    CW-SPARK-UNAVAILABLE or CW-SPARK-JAVA, `WrongUsage` CW-ENGINE-SETTING.
    """
    global _running  # noqa: PLW0603 (there is one Java process, and this module owns it)
    if _running is not None:
        yield _running
        return
    started = _running = _start(work, memory, shuffle_partitions, java_options)
    try:
        yield started
    finally:
        _running = None
        started.stop()


def require_spark() -> None:
    """Raise `Unavailable` where PySpark or Java is missing; nothing is started."""
    try:
        import pyspark  # noqa: F401
    except ImportError:
        raise Unavailable(
            "CW-SPARK-UNAVAILABLE",
            "Apache Spark is not installed.",
            remedy="Install the extra: pip install 'commonweal[spark]'. From a clone: "
            "python3 dev.py spark.",
        ) from None
    if java_program() is None:
        raise no_java("Apache Spark needs Java, which is not on this machine.")


def _start(
    work: Path,
    memory: str | None,
    shuffle_partitions: int | None,
    java_options: Sequence[str],
) -> Spark:
    require_spark()
    require_java()
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    _silence_python()
    folder = _own_folder(work)
    gateway = None
    try:
        conf = SparkConf(loadDefaults=False)
        chosen = settings(folder, memory, shuffle_partitions)
        chosen[_JAVA] = " ".join([chosen[_JAVA], *java_options])
        for name, value in chosen.items():
            conf.set(name, value)
        _write_conf(folder, chosen)
        with _own_environment(folder), Path(os.devnull).open("r+b") as nowhere:
            gateway = launch_gateway(None, {"stdout": nowhere, "stderr": nowhere})
        with _own_interruption():
            context = SparkContext(conf=conf, gateway=gateway)
        started = Spark(folder, SparkSession(context), gateway)
    except CommonwealError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, there is no Spark)
        _clear_away(gateway, folder)
        raise Unavailable(
            "CW-SPARK-UNAVAILABLE",
            f"Apache Spark could not be started ({type(error).__name__}).",
            remedy=f"Look at {MASTER_SETTING}, at the memory that is free, and at Java.",
        ) from None
    version = str(gateway.jvm.java.lang.System.getProperty("java.specification.version"))
    if version not in {str(one) for one in JAVA_VERSIONS}:
        started.stop()
        raise no_java(f"Apache Spark is used with Java 17 or 21, and this is Java {version}.")
    return started


def _silence_python() -> None:
    """PySpark writes each error with the value that caused it, py4j each word sent to Java."""
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "pyspark", "py4j"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        logger.disabled = True
    root = logging.getLogger()
    if _not_of_spark not in root.filters:
        root.addFilter(_not_of_spark)


def _not_of_spark(record: logging.LogRecord) -> bool:
    """py4j writes to the root logger, with tracebacks, where Java is gone or was interrupted."""
    return not {"py4j", "pyspark"} & set(Path(record.pathname).parts)


@contextlib.contextmanager
def _own_interruption() -> Iterator[None]:
    """Keep what Ctrl-C does: PySpark would ask Java something in the middle of an answer."""
    here = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if here:
            signal.signal(signal.SIGINT, before)


def _clear_away(gateway: Any, folder: Path) -> None:
    process = getattr(gateway, "proc", None)
    if process is not None:
        process.kill()
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def settings(folder: Path, memory: str | None, shuffle_partitions: int | None) -> dict[str, str]:
    """Every setting of a Spark that keeps its files in `folder`."""
    master = os.environ.get(MASTER_SETTING) or "local[*]"
    local = master.split("[")[0] == "local"
    java = [
        _java_word(f"-Djava.io.tmpdir={folder}"),
        f"-Dlog4j2.configurationFile={(folder / 'conf' / 'log4j2.properties').as_uri()}",
        _java_word(f"-Dderby.system.home={folder}"),
        *_ONE_LANGUAGE,
        *_NO_DUMPS,
    ]
    chosen = {
        **_custodians_own(),
        **_HARD,
        "spark.master": master,
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        _JAVA: " ".join(java),
    }
    if local:
        # On a cluster the custodian's file says where the driver is reached, and the secret.
        chosen |= {"spark.driver.host": _LOOPBACK, "spark.driver.bindAddress": _LOOPBACK}
        chosen["spark.driver.memory"] = _java_memory(memory)
        chosen["spark.sql.shuffle.partitions"] = str(shuffle_partitions or _partitions())
    return chosen


def _custodians_own() -> dict[str, str]:
    path = os.environ.get(PROPERTIES_SETTING)
    if not path:
        return {}
    text = read_bytes(Path(path), "The file of Spark's settings", limit=1_000_000)
    found = {}
    for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), start=1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        name, _, value = bare.partition(" ")
        if not name.startswith("spark.") or not value.strip():
            raise WrongUsage(
                "CW-ENGINE-SETTING",
                f"Line {number} of the file of Spark's settings is not `spark.name value`.",
            )
        found[name] = value.strip()
    return found


def _java_memory(memory: str | None) -> str:
    """An amount as DuckDB writes it in Java's mebibytes; without one, half of the machine's."""
    if memory is None:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return f"{max(1024, whole // 2**21)}m"
    number = memory.upper().rstrip("IB ").rstrip("KMGT ")
    unit = memory.upper().replace(" ", "").removeprefix(number)[:1]
    mebibytes = float(number) * {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024**2}[unit]
    if mebibytes < 480:
        raise WrongUsage("CW-ENGINE-SETTING", "Apache Spark needs at least 512MB of memory.")
    return f"{int(mebibytes)}m"


def _partitions() -> int:
    return max(4, 4 * (os.cpu_count() or 1))


def _own_folder(work: Path) -> Path:
    """A new folder for all files of one Spark. Raises `WrongUsage` CW-ENGINE-SETTING."""
    folder = work.absolute() / f"spark-{secrets.token_hex(8)}"
    if "," in str(folder) or not str(folder).isprintable():
        # Spark would take it for a list of folders, some of them elsewhere.
        raise WrongUsage(
            "CW-ENGINE-SETTING",
            "Apache Spark cannot work in a folder with a comma or a control character in its path.",
        )
    make_private_folder(folder / "conf")
    return folder


def _java_word(word: str) -> str:
    """One option as Spark's scripts read it from a list of options."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _write_conf(folder: Path, chosen: Mapping[str, str]) -> None:
    """Write what Java starts with. In a file: on a command line everybody here could read it."""
    lines = [f"{name} {value}".replace("\\", "\\\\") for name, value in chosen.items()]
    write_atomic(folder / "conf" / "spark-defaults.conf", ("\n".join(lines) + "\n").encode())
    log = f"{_NO_LOG}rootLogger.appenderRef.none.ref = none\nstatus = off\n"
    write_atomic(folder / "conf" / "log4j2.properties", log.encode())


@contextlib.contextmanager
def _own_environment(folder: Path) -> Iterator[None]:
    """Start Java without settings of the person's shell, which are stronger than ours."""
    import pyspark

    taken = {name: value for name, value in os.environ.items() if not harmless(name)}
    for name in taken:
        del os.environ[name]
    own = {"SPARK_CONF_DIR": str(folder / "conf"), "SPARK_HOME": str(Path(pyspark.__file__).parent)}
    os.environ.update(own)
    try:
        yield
    finally:
        for name in own:
            del os.environ[name]
        os.environ.update(taken)
