"""The list of system calls is long enough: what studies are written with works in the sandbox."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace

import pytest

from commonweal.sandbox.orders import MIB, JobUser, Limits, Run
from commonweal.sandbox.running import Outcome, running
from commonweal.sandbox.runtimes import PACKAGES, python_runtime

UID = 1_900_000_776
LIMITS = Limits(
    wall_seconds=120.0,
    cpu_seconds=120,
    address_bytes=16_384 * MIB,
    processes=64,
    output_bytes=64 * MIB,
    tmp_bytes=64 * MIB,
)

STUDIES = {
    "DuckDB, several threads, Parquet out and in, spilling": """
import duckdb
con = duckdb.connect("/tmp/work.duckdb")
con.execute("SET threads = 4; SET memory_limit = '100MB'; SET temp_directory = '/tmp/spill'")
con.execute("CREATE TABLE t AS SELECT i, i % 97 AS g, random() AS x FROM range(300000) r(i)")
con.execute("COPY t TO '/outputs/t.parquet' (FORMAT parquet)")
n = con.execute("SELECT count(*), count(DISTINCT g) FROM '/outputs/t.parquet'").fetchone()
con.close()
assert n == (300000, 97), n
""",
    "Arrow, threads, files and memory maps": """
import pyarrow as pa, pyarrow.parquet as pq, pyarrow.compute as pc, pyarrow.dataset as ds
table = pa.table({"a": list(range(100000)), "b": [str(n % 7) for n in range(100000)]})
pq.write_table(table, "/outputs/a.parquet", compression="zstd")
again = ds.dataset("/outputs/a.parquet").to_table(use_threads=True)
assert pc.sum(again["a"]).as_py() == sum(range(100000))
mapped = pq.read_table("/outputs/a.parquet", memory_map=True, pre_buffer=True)
assert mapped.num_rows == 100000
""",
    "NumPy with threads of its own": """
import numpy as np
a = np.random.default_rng(1).normal(size=(600, 600))
u, s, v = np.linalg.svd(a)
assert np.allclose(u @ np.diag(s) @ v, a)
np.save("/tmp/a.npy", a)
assert np.array_equal(np.load("/tmp/a.npy", mmap_mode="r"), a)
""",
    "several processes that share memory": """
import concurrent.futures, multiprocessing
def square(n):
    return n * n
if __name__ == "__main__":
    with concurrent.futures.ProcessPoolExecutor(3, multiprocessing.get_context("fork")) as pool:
        assert list(pool.map(square, range(50))) == [n * n for n in range(50)]
    from multiprocessing import shared_memory
    made = shared_memory.SharedMemory(create=True, size=4096)
    made.buf[:3] = b"abc"
    made.close(); made.unlink()
    with multiprocessing.Manager() as manager:
        assert manager.list([1, 2])[1] == 2
""",
    "subprocesses, temporary files, SQLite, asyncio": """
import asyncio, sqlite3, subprocess, tempfile, shutil, os, threading
done = subprocess.run(["/usr/bin/sort"], input=b"b\\na\\n", capture_output=True)
assert done.stdout == b"a\\nb\\n"
with tempfile.TemporaryDirectory() as folder:
    with open(folder + "/x", "w") as f: f.write("x")
    shutil.copy2(folder + "/x", folder + "/y"); shutil.copytree(folder, "/tmp/tree")
con = sqlite3.connect("/tmp/x.sqlite")
con.execute("CREATE TABLE t(a)")
with con: con.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(1000)])
assert con.execute("SELECT sum(a) FROM t").fetchone() == (499500,)
con.close()
async def main():
    child = await asyncio.create_subprocess_exec("/usr/bin/true")
    await asyncio.gather(asyncio.sleep(0.01), child.wait(), asyncio.to_thread(sum, [1, 2]))
asyncio.run(main())
assert os.path.expanduser("~") == "/tmp"
""",
    "compressed files and archives": """
import gzip, bz2, lzma, zipfile, tarfile, json, csv, hashlib, ssl
with gzip.open("/tmp/a.gz", "wt") as f: f.write("a" * 1000)
with zipfile.ZipFile("/tmp/a.zip", "w", zipfile.ZIP_DEFLATED) as z: z.write("/tmp/a.gz", "a.gz")
with tarfile.open("/tmp/a.tar.xz", "w:xz") as t: t.add("/tmp/a.zip", "a.zip")
safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Debian 12 has no filters
with tarfile.open("/tmp/a.tar.xz") as t: t.extractall("/tmp/out", **safe)
assert zipfile.ZipFile("/tmp/out/a.zip").testzip() is None
""",
}


WAL = """
import sqlite3
connection = sqlite3.connect("/tmp/x")
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("CREATE TABLE t(a)")
"""


def ended(script: str, **changes: object) -> Outcome:
    runtime, program = python_runtime()
    start = f"import sys; sys.path.insert(0, {PACKAGES!r})\n"
    order = Run(
        program,
        ("-I", "-B", "-c", start + script),
        runtime,
        environment=(("HOME", "/tmp"), ("LANG", "C.UTF-8")),
        limits=LIMITS,
        proc=True,
        cgroup=False,
    )
    user = JobUser(UID, UID) if os.geteuid() == 0 else None
    with running(replace(order, **changes), user) as job:  # type: ignore[arg-type]
        return job.wait()


@pytest.mark.parametrize("name", STUDIES)
def test_what_studies_are_written_with_works(name: str) -> None:
    outcome = ended(STUDIES[name])
    assert (outcome.state, outcome.errors.decode()[-3000:]) == ("finished", "")


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("import urllib.request as u; u.urlopen('http://192.0.2.1', timeout=5)", "URLError"),
        ("import duckdb; duckdb.sql('INSTALL httpfs FROM community')", "IOException"),
        ("open('/usr/lib/x', 'w')", "OSError"),
        ("open('/etc/shadow')", "FileNotFoundError"),
        ("import os; os.mkfifo('/tmp/x')", "PermissionError"),
        ("import socket; socket.socket()", "PermissionError"),
        ("x = bytearray(1 << 36)", "MemoryError"),
        # WAL asks for locks of others, which would be a way to talk to another project's run.
        (WAL, "disk I/O error"),
    ],
)  # fmt: skip
def test_what_is_refused_is_an_ordinary_error(script: str, error: str) -> None:
    outcome = ended(script)
    assert outcome.state == "failed"
    assert error in outcome.errors.decode()


def test_the_python_inside_is_ours() -> None:
    """A Python that lies elsewhere than where it was built takes the system's library unseen."""
    script = "import sys, ssl, json; print(json.dumps([sys.version, sys.base_prefix]))"
    outcome = ended(script)
    assert json.loads(outcome.output) == [sys.version, sys.base_prefix]
