"""The benchmarks measure what they say: the generator, the watching, the page, and the refusals.

What takes long is not run here. That a benchmark without its data or tools ends with a sentence
and not with a good figure is.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

import dev
from benchmarks import __main__ as runner
from benchmarks import country, environment, episodes, growth, memory, peers
from benchmarks import spark as beside_spark
from commonweal.foundation.identifiers import NHSNumber

# --- made-up episodes -------------------------------------------------------------------------


def test_the_episodes_have_valid_synthetic_numbers_and_the_shape_they_promise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(episodes, "PART_ROWS", 400)
    assert episodes.make_source(tmp_path / "source", tmp_path / "choices", 1000) == 200
    assert len(list((tmp_path / "source" / "episodes").iterdir())) == 3
    with duckdb.connect() as engine:
        people = engine.execute(
            f"SELECT nhs_number FROM '{tmp_path}/source/patients/*.parquet'"
        ).fetchall()
        rows = engine.execute(
            "SELECT count(*), count(DISTINCT epikey), count(DISTINCT nhs_number), "
            "count(*) FILTER (nhs_number NOT IN (SELECT nhs_number "
            f"FROM '{tmp_path}/source/patients/*.parquet')), min(disdate - admidate) "
            f"FROM '{tmp_path}/source/episodes/*.parquet'"
        ).fetchall()
    assert all(NHSNumber(number).synthetic for (number,) in people)
    assert len({number for (number,) in people}) == 200
    assert rows[0][:2] == (1000, 1000)
    assert 150 < rows[0][2] <= 200
    assert rows[0][3:] == (0, 0)
    allowed = (tmp_path / "choices" / "national_allowed.dat").read_bytes().splitlines()
    record = json.loads((tmp_path / "choices" / "national_allowed.json").read_text())
    assert len(allowed) == record["returned"] == 180
    assert record["requested"] == 200
    assert {line[-1:] for line in allowed} == {b","}


def test_the_same_size_gives_the_same_episodes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        episodes.make_source(tmp_path / name, tmp_path / f"{name}-choices", 500)
    with duckdb.connect() as engine:
        other = engine.execute(
            f"SELECT count(*) FROM (FROM '{tmp_path}/a/episodes/*.parquet' EXCEPT ALL "
            f"FROM '{tmp_path}/b/episodes/*.parquet')"
        ).fetchall()
    assert other == [(0,)]


def test_the_largest_size_has_a_number_for_everybody_and_not_more(tmp_path: Path) -> None:
    most = episodes.MOST_PEOPLE
    with duckdb.connect() as engine:
        engine.execute(episodes._MACROS)
        [(low, high)] = engine.execute(f"SELECT nhs(0::BIGINT), nhs({most - 1}::BIGINT)").fetchall()
    assert NHSNumber(low).synthetic
    assert NHSNumber(high).synthetic
    assert max(growth.SIZES.values()) // episodes.EACH <= most
    with pytest.raises(ValueError, match="synthetic NHS numbers"):
        episodes.make_source(tmp_path / "s", tmp_path / "c", (most + 1) * episodes.EACH)
    assert not (tmp_path / "s").exists()


# --- watching a process -----------------------------------------------------------------------


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def test_memory_of_what_a_process_starts_counts_with_it() -> None:
    code = (
        "import subprocess, sys, time\n"
        'inner = \'x = bytearray(80_000_000); x[::4096] = b"1" * len(x[::4096]); '
        "import time; time.sleep(1.5)'\n"
        "subprocess.run([sys.executable, '-c', inner], check=True)\n"
        "print('{}')"
    )
    assert memory.watched(python(code)).peak_mb > 80


def test_spill_files_are_measured_while_they_are_there(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys, time\n"
        "folder = pathlib.Path(sys.argv[1]) / 'spill-1'\n"
        "folder.mkdir()\n"
        "(folder / 'f').write_bytes(os.urandom(6_000_000))\n"
        "time.sleep(1)\n"
        "(folder / 'f').unlink()\n"
        "print('{\"peak_mb\": 1}')"
    )
    found = memory.watched(python(code, str(tmp_path)), spills_below=tmp_path)
    assert 5 < found.spill_mb < 7
    assert found.randomness is not None
    assert found.randomness > 7.99


def test_a_spill_that_is_not_encrypted_shows() -> None:
    assert memory.entropy(os.urandom(1_000_000)) > 7.99
    assert memory.entropy(b"9434765919;1961-03-05;F;ZQ1 1AA\n" * 40_000) < 5
    assert memory.entropy(b"\0" * 1000) == 0


def test_a_process_that_fails_fails_the_benchmark() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        memory.watched(python("raise SystemExit('no such thing')"))


# --- the page ---------------------------------------------------------------------------------


def test_exponents_are_those_of_the_law_behind_the_points() -> None:
    sizes = [1e6, 3e6, 1e7, 1e8]
    assert growth.exponent([(int(n), 5e-6 * n) for n in sizes]) == pytest.approx(1)
    assert growth.exponent([(int(n), 1e-9 * n**2) for n in sizes]) == pytest.approx(2)
    assert growth.exponent([(1_000_000, 3.0)]) is None
    assert growth.exponent([(1_000_000, 0.0), (3_000_000, 0.0)]) is None


def result(size: str, people: int, seconds: float, peak: float) -> dict[str, Any]:
    step = "release, phase: Writing episodes: CPU"
    rows = [
        ("rows", people * 5, "rows"), ("people", people, "people"), ("release", seconds, "s"),
        ("release: peak", peak, "MB"), (step, seconds / 2, "CPU s"),
    ]  # fmt: skip
    return {
        "taken": "2026-11-29",
        "machine": "a machine",
        "rows": [{"what": f"{w}, {size}", "value": v, "unit": u} for w, v, u in rows],
    }


def test_the_page_says_which_sizes_were_not_measured() -> None:
    results = {
        "growth-1M": result("1M", 200_000, 10.0, 500.0),
        "growth-10M": result("10M", 2_000_000, 100.0, 860.0),
    }
    lines = growth.page(results)
    assert "- Not measured: 3M, 30M, 100M." in lines
    assert "| release | s | 10 | 100 |  |" in lines
    assert "| release, phase: Writing episodes: CPU | CPU s | 5 | 50 | 1.00 |" in lines
    assert "| release: peak | MB | 500 | 860 | 210 B |" in lines
    assert growth.page({}) == []


def test_a_country_is_worked_out_from_the_largest_size_and_says_so() -> None:
    results = {
        "growth-1M": result("1M", 200_000, 72.0, 500.0),
        "growth-10M": result("10M", 2_000_000, 720.0, 860.0),
    }
    # 360 CPU seconds at ten million rows, a hundred times as many rows: ten core hours.
    page = "\n".join(growth.page(results))
    assert "from the release at 10M rows, **not measured**" in page
    assert "| Writing episodes | events | 360 | 1.00 | 10.00 to 10.00 |" in page
    assert "| **all, on Spark** | | | | 22.0 to 79.0 |" in page
    assert "That is 0.21 to 2.1 hours on 128 cores" in page
    own = [{"what": "release", "value": v, "unit": country.SPARK_UNIT} for v in (3.0, 5.0)]
    page = "\n".join(growth.page({**results, "spark": {"rows": own}}))
    assert "| **all, on Spark** | | | | 30.0 to 50.0 |" in page


# --- refusals ---------------------------------------------------------------------------------


def test_too_little_disk_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"needs .* GiB of disk"):
        growth.refuse_small_disk(tmp_path, 10**13)
    with pytest.raises(SystemExit, match="no folder"):
        growth.refuse_small_disk(tmp_path / "absent", 1)
    growth.refuse_small_disk(tmp_path, 1)


def test_peers_without_adult_end_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONWEAL_ADULT", str(tmp_path))
    with pytest.raises(SystemExit) as stop:
        peers.run()
    assert "UCI Adult is not there" in str(stop.value.code)


def test_peers_that_cannot_be_installed_end_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Path:
        raise dev.SetupError("the index is down")

    (tmp_path / "adult.csv").touch()
    monkeypatch.setenv("COMMONWEAL_ADULT", str(tmp_path))
    monkeypatch.setattr(peers, "peers_python", fails)
    with pytest.raises(SystemExit, match="the index is down"):
        peers.run()


def test_an_unknown_benchmark_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert runner.main(["ledger", "nope"]) == 2
    assert "no benchmark nope" in capsys.readouterr().out


def test_what_takes_long_runs_only_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []
    for table in ("BENCHMARKS", "ASKED"):
        names = getattr(runner, table)
        stubs = {name: lambda name=name: ran.append(name) or [] for name in names}
        monkeypatch.setattr(runner, table, stubs)
    monkeypatch.setattr(runner, "STORE", tmp_path / "results.json")
    monkeypatch.setattr(runner, "PAGE", tmp_path / "RESULTS.md")
    assert runner.main([]) == 0
    assert ran == list(runner.BENCHMARKS)
    assert "Not run unless named: growth, peers" in capsys.readouterr().err
    ran.clear()
    assert runner.main(["growth"]) == 0
    assert ran == [f"growth-{size}" for size in growth.SIZES]


# --- the environment of the peers -------------------------------------------------------------


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Making the environment is written down here and leaves a folder."""
    done: list[str] = []

    def logged(arguments: list[str], log: str, aim: str, total: int = 0) -> None:
        done.append(" ".join(arguments))
        (tmp_path / ".venv-peers").mkdir(exist_ok=True)

    (tmp_path / "peers.lock").write_text("pycanon==1 \\\n    --hash=x\n")
    for name, value in (("ROOT", tmp_path), ("REQUIREMENTS", tmp_path), ("CACHE", tmp_path)):
        monkeypatch.setattr(dev, name, value)
    monkeypatch.setattr(dev, "_logged", logged)
    monkeypatch.setattr(environment.sys, "version_info", (3, 12, 1, "final", 0))
    return done


def test_the_peers_get_an_environment_of_their_own_once(steps: list[str], tmp_path: Path) -> None:
    assert environment.peers_python() == tmp_path / ".venv-peers" / "bin" / "python"
    assert "-m venv --clear" in steps[0]
    assert steps[1].startswith(str(tmp_path / ".venv-peers"))
    assert "--require-hashes --only-binary=:all:" in steps[1]
    environment.peers_python()
    assert len(steps) == 2
    (tmp_path / "peers.lock").write_text("pycanon==2 \\\n    --hash=x\n")
    environment.peers_python()
    assert len(steps) == 4


def test_peers_that_were_not_installed_leave_no_stamp(
    steps: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(arguments: list[str], *_more: object) -> None:
        (tmp_path / ".venv-peers").mkdir(exist_ok=True)
        if "pip" in arguments:
            raise dev.SetupError("the index is down")

    monkeypatch.setattr(dev, "_logged", fails)
    with pytest.raises(dev.SetupError, match="index is down"):
        environment.peers_python()
    assert list((tmp_path / ".venv-peers").iterdir()) == []


def test_a_python_that_the_peers_do_not_know_is_refused_with_2(
    steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment.sys, "version_info", (3, 13, 0, "final", 0))
    with pytest.raises(dev.SetupError, match=r"Python 3\.12 at most") as stop:
        environment.peers_python()
    assert stop.value.code == 2
    assert steps == []


# --- two engines ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"a": [1, 472.5607707469368]}, {"a": [1, 472.5607707469372]}, True),
        ({"a": [1, 0.5]}, {"a": [1, 0.5000001]}, False),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"a": 1, "b": 1}, False),
        ([1], [1, 1], False),
        (1, 1.0, False),
        (0.0, 1e-300, False),
        ("sha256:aa", "sha256:ab", False),
        (None, None, True),
    ],
)
def test_two_engines_may_differ_in_the_order_of_adding_alone(
    one: Any, other: Any, equal: bool
) -> None:
    assert beside_spark.same(one, other) is equal
