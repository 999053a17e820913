"""Papers about a job: the order is complete, the report says next to nothing (S4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.papers.base import PaperInvalid
from commonweal.papers.job import (
    ERROR_CLASSES,
    QUARTER,
    REPORT_STATES,
    JobOrder,
    JobOutputs,
    JobReport,
    quarter_after,
    quarter_before,
)
from commonweal.papers.schemas import schema
from tests.unit.papers.test_study import study

HASH = "sha256:" + "a" * 64
AT = "2026-11-30T10:00:00.000Z"


def order(**changed: Any) -> dict[str, Any]:
    return {
        "order": 1, "job": "p1-j1", "attempt": 1, "project": "p1", "permit": "permit-1",
        "permit_hash": HASH, "release": "permit-1.r1", "study": HASH, "declaration": study(),
        "limits": {"minutes": 20, "memory_gb": 2, "outputs_mb": 16},
        "runtime": {"name": "python", "packages": HASH},
        "reference": [{"name": "imd_2019.csv", "sha256": HASH}],
        "submitted_by": "rosa", "submitted_at": AT, "at": AT,
    } | changed  # fmt: skip


def report(**changed: Any) -> dict[str, Any]:
    base = {"report": 1, "job": "p1-j1", "state": "finished", "begun": AT,
            "ended": "2026-11-30T10:15:00.000Z"}  # fmt: skip
    return {name: value for name, value in (base | changed).items() if value is not None}


def outputs(**changed: Any) -> dict[str, Any]:
    return {
        "outputs": 1, "job": "p1-j1", "attempt": 1, "project": "p1", "permit": "permit-1",
        "permit_hash": HASH, "release": "permit-1.r1", "study": HASH, "submitted_by": "rosa",
        "collected_at": AT,
        "files": [{"file": "table.json", "kind": "request", "sha256": HASH, "bytes": 12}],
    } | changed  # fmt: skip


FAILED = {"kind": "key", "file": "src/main.py", "line": 12}


def test_papers_are_read_and_written_in_one_spelling() -> None:
    for paper, data in ((JobOrder, order()), (JobReport, report()), (JobOutputs, outputs())):
        made = paper.read(data, "The paper")
        assert paper.read(made.plain(), "The paper").digest() == made.digest()


def test_a_report_has_four_states_and_a_closed_list_of_errors() -> None:
    assert set(REPORT_STATES) == {"finished", "failed", "over_limit", "refused"}
    assert len(set(ERROR_CLASSES)) == len(ERROR_CLASSES) <= 32
    assert JobReport.read(report(state="failed", error=FAILED), "The report").error is not None
    assert JobReport.read(report(state="over_limit"), "The report").state == "over_limit"
    refused = report(state="refused", because="CW-PERMIT-REVOKED", begun=None)
    assert JobReport.read(refused, "The report").because == "CW-PERMIT-REVOKED"
    assert set(schema("job-report")["properties"]) == {
        "report", "job", "state", "error", "because", "begun", "ended",
    }  # fmt: skip


REFUSED_REPORTS = {
    "a state of its own": report(state="finished after 3 patients"),
    "an exit code": report(exit_code=47),
    "a number of files": report(files=3),
    "seconds": report(seconds=12.5),
    "a word of the job": report(message="Zebedee"),
    "a name of an error": report(state="failed", error={"kind": "ZebedeeError"}),
    "a message in the error": report(state="failed", error=FAILED | {"message": "KeyError: 7"}),
    "an error of a job that finished": report(error=FAILED),
    "a failure without an error": report(state="failed"),
    "a line without a file": report(state="failed", error={"kind": "key", "line": 12}),
    "line nothing": report(state="failed", error=FAILED | {"line": 0}),
    "a line far down": report(state="failed", error=FAILED | {"line": 20_001}),
    "a file outside the study": report(state="failed", error=FAILED | {"file": "/usr/lib/x.py"}),
    "a file above": report(state="failed", error=FAILED | {"file": "../x.py"}),
    "a hidden file": report(state="failed", error=FAILED | {"file": ".x.py"}),
    "a file with a word in it": report(state="failed", error=FAILED | {"file": "a b"}),
    "an end to the second": report(ended="2026-11-30T10:15:01.000Z"),
    "an end to the millisecond": report(ended="2026-11-30T10:15:00.001Z"),
    "an end to the minute": report(ended="2026-11-30T10:16:00.000Z"),
    "a beginning to the minute": report(begun="2026-11-30T10:01:00.000Z"),
    "an end before the beginning": report(ended="2026-11-30T09:45:00.000Z"),
    "a run without a beginning": report(begun=None),
    "a refusal without a reason": report(state="refused"),
    "a refusal for a reason of its own": report(state="refused", because="CW-ZEBEDEE"),
    "a reason without a refusal": report(because="CW-PERMIT-REVOKED"),
}  # fmt: skip

REFUSED_ORDERS = {
    "an attempt that is none": order(attempt=0),
    "another runtime": order(runtime={"name": "r", "packages": HASH}),
    "a runtime without a hash": order(runtime={"name": "python"}),
    "more time than was asked for": order(limits={"minutes": 21, "memory_gb": 2, "outputs_mb": 16}),
    "more memory": order(limits={"minutes": 20, "memory_gb": 3, "outputs_mb": 16}),
    "more room": order(limits={"minutes": 20, "memory_gb": 2, "outputs_mb": 17}),
    "a reference less": order(reference=[]),
    "another reference": order(reference=[{"name": "x.csv", "sha256": HASH}]),
    "run before it was submitted": order(at="2026-11-30T09:59:59.999Z"),
    "a permit without its hash": {k: v for k, v in order().items() if k != "permit_hash"},
    "two releases": order(release=["r1", "r2"]),
    "no release": {k: v for k, v in order().items() if k != "release"},
    "a hash in another form": order(study="md5:" + "a" * 32),
    "a person in words": order(submitted_by="Rosa Parks"),
    "an unknown key": order(network=True),
}

REFUSED_OUTPUTS = {
    "nothing": outputs(files=[]),
    "a file in a folder": outputs(files=[outputs()["files"][0] | {"file": "a/b"}]),
    "a file twice": outputs(files=[outputs()["files"][0]] * 2),
    "a negative size": outputs(files=[outputs()["files"][0] | {"bytes": -1}]),
    "an unknown kind": outputs(files=[outputs()["files"][0] | {"kind": "rows"}]),
    "a grade of its own": outputs(files=[outputs()["files"][0] | {"grade": "recomputed"}]),
}


@pytest.mark.parametrize(
    ("paper", "data"),
    [
        *(pytest.param(JobReport, data, id=name) for name, data in REFUSED_REPORTS.items()),
        *(pytest.param(JobOrder, data, id=name) for name, data in REFUSED_ORDERS.items()),
        *(pytest.param(JobOutputs, data, id=name) for name, data in REFUSED_OUTPUTS.items()),
    ],
)
def test_what_a_paper_cannot_say(paper: Any, data: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid) as caught:
        paper.read(data, "The paper")
    assert "Zebedee" not in caught.value.sentence


@given(st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_quarters_of_an_hour_enclose_a_time(at: datetime) -> None:
    before, after = quarter_before(at), quarter_after(at)
    assert before <= at <= after
    assert after - before in (timedelta(0), QUARTER)
    for one in (before, after):
        assert (one - datetime(2000, 1, 1, tzinfo=UTC)) % QUARTER == timedelta(0)
