"""Release pipeline at 1M and 10M rows beside the copy floor, in the same run.

The data are independent synthetic columns in the shape of hospital episodes (13 columns), with
about five rows a patient, and in one run with fifty: much of a release is work by patient. The
floor is DuckDB copying the same Parquet files to Parquet with the same settings. Runs are
interleaved (copy, release, copy, release, ...) and medians are given.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.memory import peak_mb
from commonweal.foundation.clock import SystemClock
from commonweal.papers import Catalogue, PermitDraft
from commonweal.vault.custody import create_home, issue_permit, open_custody

SCALES = {"1M": (1_000_000, 5), "10M": (10_000_000, 5), "10M-50": (10_000_000, 50)}
"""Rows of episodes, and how many of them a patient has on average."""
REPEATS = 3
BUDGET_RATIO = 3.0
BUDGET_MEMORY_MB = 1024


def run(scale: str = "1M") -> list[dict[str, Any]]:
    """Rows {what, value, unit, budget} for `scale`, a key of `SCALES`."""
    rows, each = SCALES[scale]
    with tempfile.TemporaryDirectory(prefix="commonweal-bench-") as folder:
        base = Path(folder)
        make_source(base / "source", rows, each)
        copies, builds, steps, memory, processor = [], [], [], [], []
        for _ in range(REPEATS):
            copied = _in_process("copy", base)
            copies.append(copied["seconds"])
            built = _in_process("build", base)
            builds.append(built["seconds"])
            memory.append(built["peak_mb"])
            processor.append(built["cpu"] / copied["cpu"])
            steps.append(built)
    copy, build = statistics.median(copies), statistics.median(builds)
    said = f"{rows // 1_000_000}M rows, {each} a patient"
    median = steps[builds.index(sorted(builds)[len(builds) // 2])]
    return [
        {"what": f"copy Parquet to Parquet, {said} (floor)", "value": copy, "unit": "s"},
        {"what": f"release of {said}, everything included", "value": build, "unit": "s"},
        {
            "what": f"release of {said} over copy",
            "value": build / copy,
            "unit": "times",
            "budget": f"at most {BUDGET_RATIO}",
        },
        {
            "what": f"release of {said} over copy, processor time",
            "value": statistics.median(processor),
            "unit": "times",
        },
        {
            "what": f"peak memory of the release of {said}",
            "value": max(memory),
            "unit": "MB",
            "budget": f"at most {BUDGET_MEMORY_MB}",
        },
        {
            "what": f"of which measuring risk before and after, {said}",
            "value": median["risk_seconds"],
            "unit": "s",
        },
        {
            "what": f"release of {said} without measuring risk, over copy",
            "value": (median["seconds"] - median["risk_seconds"]) / copy,
            "unit": "times",
        },
    ]


def _in_process(what: str, base: Path) -> dict[str, Any]:
    """Run one measurement in a process of its own, so that peak memory is its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.release", what, str(base)],
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def make_source(folder: Path, rows: int, each: int = 5) -> None:
    """`patients.parquet` (one for `each` of `rows`) and `episodes.parquet` in `folder`."""
    folder.mkdir(parents=True)
    people = rows // each
    connection = duckdb.connect()
    connection.execute("SELECT setseed(0.42)")
    connection.execute(
        f"""
        CREATE TABLE numbers AS
        WITH nine AS (SELECT 900000000 + range * 7 AS n FROM range({int(people * 1.15)})),
        summed AS (SELECT n, (
            (n // 100000000 % 10) * 10 + (n // 10000000 % 10) * 9 + (n // 1000000 % 10) * 8
            + (n // 100000 % 10) * 7 + (n // 10000 % 10) * 6 + (n // 1000 % 10) * 5
            + (n // 100 % 10) * 4 + (n // 10 % 10) * 3 + (n % 10) * 2) % 11 AS s FROM nine)
        SELECT row_number() OVER () AS id, (n * 10 + (11 - s) % 11)::VARCHAR AS nhs_number
        FROM summed WHERE (11 - s) % 11 <> 10 LIMIT {people}
        """
    )
    connection.execute(
        """
        CREATE TABLE patients AS SELECT nhs_number,
            DATE '1930-01-01' + CAST(random() * 34000 AS INTEGER) AS date_of_birth,
            CASE WHEN random() < 0.5 THEN '1' ELSE '2' END AS sex,
            chr(65 + CAST(floor(random() * 16) AS INTEGER)) AS ethnicity,
            'ZQ' || CAST(1 + floor(random() * 40) AS INTEGER) || ' '
                || CAST(floor(random() * 10) AS INTEGER)
                || chr(65 + CAST(floor(random() * 26) AS INTEGER))
                || chr(65 + CAST(floor(random() * 26) AS INTEGER)) AS postcode
        FROM numbers
        """
    )
    connection.execute(
        f"""
        CREATE TABLE episodes AS
        WITH drawn AS (
            SELECT range AS epikey, 1 + CAST(floor(random() * {people}) AS BIGINT) AS id,
                DATE '2019-04-01' + CAST(floor(random() * 2500) AS INTEGER) AS admidate
            FROM range({rows}))
        SELECT epikey, nhs_number, admidate, admidate + CAST(floor(random() * 9) AS INTEGER)
                AS disdate,
            chr(65 + CAST(floor(random() * 20) AS INTEGER))
                || lpad(CAST(floor(random() * 25) AS INTEGER)::VARCHAR, 2, '0') || '.'
                || CAST(floor(random() * 9) AS INTEGER) AS diag_01,
            CAST(100 + floor(random() * 60) AS INTEGER)::VARCHAR AS tretspef,
            'R' || CAST(floor(random() * 90) AS INTEGER) AS procode,
            round(random() * 9000, 2) AS tariff,
            'E01' || lpad(CAST(floor(random() * 32000) AS INTEGER)::VARCHAR, 6, '0') AS lsoa11,
            CAST(floor(random() * 5) AS INTEGER)::VARCHAR AS admimeth,
            CAST(floor(random() * 9) AS INTEGER)::VARCHAR AS dismeth,
            CAST(floor(random() * 20) AS INTEGER) AS spelldur,
            CAST(floor(random() * 100) AS INTEGER)::VARCHAR AS sushrg
        FROM drawn JOIN numbers USING (id)
        """
    )
    for table in ("patients", "episodes"):
        connection.execute(
            f"COPY {table} TO '{folder / table}.parquet' (FORMAT parquet, COMPRESSION zstd)"
        )
    _choices(connection, folder.parent / "choices")
    connection.close()


def _choices(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    folder.mkdir()
    allowed = connection.execute(
        "SELECT nhs_number FROM numbers WHERE id % 10 <> 0 ORDER BY nhs_number"
    ).fetchnumpy()["nhs_number"]
    (folder / "national_allowed.dat").write_text("".join(f"{number},\n" for number in allowed))
    total = connection.execute("SELECT count(*) FROM numbers").fetchall()[0][0]
    record = {
        "checked_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "requested": total,
        "returned": len(allowed),
    }
    (folder / "national_allowed.json").write_text(json.dumps(record))
    (folder / "objections.csv").write_text(
        "identifier,kind,project,effective_from,effective_to,evidence\n"
    )


def _copy(base: Path) -> dict[str, Any]:
    connection = duckdb.connect(config={"preserve_insertion_order": False})
    connection.execute("SET enable_progress_bar = false")
    started, before = time.perf_counter(), time.process_time()
    for table in ("patients", "episodes"):
        connection.execute(
            f"COPY (SELECT * FROM '{base}/source/{table}.parquet') TO '{base}/copy.parquet' "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    cpu = time.process_time() - before
    return {"seconds": time.perf_counter() - started, "cpu": cpu, "peak_mb": peak_mb()}


def _build(base: Path) -> dict[str, Any]:
    from commonweal.vault.release.build import build_release

    clock = SystemClock()
    shutil.rmtree(base / "home", ignore_errors=True)
    shutil.rmtree(base / "root", ignore_errors=True)
    (base / "permit.jws").unlink(missing_ok=True)
    create_home(base / "home", kind="demo", name="Bench", clock=clock, root_store=base / "root")
    (base / "catalogue.yaml").write_text(json.dumps(catalogue(base / "source")))
    loaded = Catalogue.load(base / "catalogue.yaml")
    marks: list[tuple[str, float, float]] = []
    with open_custody(base / "home", clock, root_store=base / "root") as custody:
        permitted = PermitDraft.read(draft(clock.now()), "The draft")
        issue_permit(custody, permitted, loaded, ["permit-signer"], base / "permit.jws")
        started, cpu = time.perf_counter(), time.process_time()
        report = build_release(
            custody,
            base / "permit.jws",
            base / "catalogue.yaml",
            base / "choices",
            None,
            lambda step: marks.append(
                (step, time.perf_counter() - started, time.process_time() - cpu)
            ),
        )
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    ends = [at for _, at, _ in marks[1:]] + [seconds]
    spent = {step: end - at for (step, at, _), end in zip(marks, ends, strict=True)}
    risk = sum(took for step, took in spent.items() if step.startswith("Measuring"))
    return {
        "seconds": seconds, "risk_seconds": risk, "peak_mb": peak_mb(), "steps": spent,
        "cpu": cpu_seconds, "began": started, "marks": marks,
        "folder": str(report.folder), "report": report.plain(),
    }  # fmt: skip


def catalogue(source: Path) -> dict[str, Any]:
    """The catalogue of the benchmark's source, as plain values."""

    def variable(name: str, type_: str, role: str, forms: list[str], **more: Any) -> dict[str, Any]:
        return {"name": name, "type": type_, "role": role, "forms": forms, **more}

    number = variable(
        "nhs_number", "text", "direct_identifier", ["pseudonym"], identifies="nhs_number"
    )
    return {
        "catalogue": 1,
        "custodian": {"name": "Benchmark"},
        "datasets": [
            {
                "id": "bench",
                "title": "Benchmark",
                "source": {"kind": "folder", "location": str(source)},
                "person": {"table": "patients", "variable": "nhs_number", "kind": "nhs_number"},
                "tables": [
                    {
                        "name": "patients",
                        "person_link": "nhs_number",
                        "variables": [
                            number,
                            variable("date_of_birth", "date", "direct_identifier",
                                     ["age_band(5,90)"], identifies="date_of_birth"),
                            variable("sex", "text", "quasi_identifier", ["exact"]),
                            variable("ethnicity", "text", "quasi_identifier", ["exact"]),
                            variable("postcode", "text", "direct_identifier",
                                     ["outward_postcode"], identifies="postcode"),
                        ],
                    },
                    {
                        "name": "episodes",
                        "person_link": "nhs_number",
                        "variables": [
                            number,
                            variable("admidate", "date", "quasi_identifier", ["shift"]),
                            variable("disdate", "date", "quasi_identifier", ["shift"]),
                            variable("diag_01", "text", "sensitive", ["truncate(3)"],
                                     identifies="icd10"),
                            variable("tretspef", "text", "other", ["exact"]),
                            variable("procode", "text", "other", ["exact"]),
                            variable("tariff", "decimal", "other", ["round(10)"]),
                        ],
                    },
                ],
            }
        ],
    }  # fmt: skip


def draft(now: datetime) -> dict[str, Any]:
    """The permit draft of the benchmark, as plain values."""
    forms = {
        "patients": {
            "nhs_number": "pseudonym", "date_of_birth": "age_band(5,90)", "sex": "exact",
        },
        "episodes": {
            "nhs_number": "pseudonym", "admidate": "shift", "disdate": "shift",
            "diag_01": "truncate(3)", "tretspef": "exact", "procode": "exact",
            "tariff": "round(10)",
        },
    }  # fmt: skip
    return {
        "permit": 1,
        "id": "BENCH",
        "project": {"id": "bench", "title": "Benchmark", "lay_summary": "How fast is a release?"},
        "organisation": {"name": "Bench", "kind": "university"},
        "controllers": [{"name": "Bench", "kind": "nhs_body"}],
        "people": [{"id": "nobody", "name": "Nobody", "role": "none"}],
        "purposes": ["service_planning"],
        "legal_basis": {
            "uk_gdpr_article_6": "public_task",
            "uk_gdpr_article_9": "health_or_social_care",
            "common_law": "s251_reg5",
            "cag": {
                "reference": "26/CAG/0001",
                "decision_maker": "secretary_of_state",
                "supported_on": now.date().isoformat(),
                "next_review": (now + timedelta(days=300)).date().isoformat(),
                "items": sorted({name for table in forms.values() for name in table}),
            },
        },
        "data": [
            {
                "dataset": "bench",
                "tables": [
                    {
                        "table": table,
                        "variables": [
                            {"variable": name, "form": form} for name, form in columns.items()
                        ],
                    }
                    for table, columns in forms.items()
                ],
            }
        ],
        "risk": {"k": 5, "suppress_up_to": 0.01},
        "processing": ["table"],
        "from": now.date().isoformat(),
        "until": (now + timedelta(days=300)).date().isoformat(),
    }


if __name__ == "__main__":
    measured = {"copy": _copy, "build": _build}[sys.argv[1]](Path(sys.argv[2]))
    print(json.dumps(measured))
