"""A standing output by its commands: asked for, approved, made each month, and ended."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from commonweal.foundation.clock import SystemClock
from tests.integration import test_cli_release as base
from tests.integration.test_cli_leaving import left as job_of
from tests.integration.test_cli_leaving import staffed, submit
from tests.integration.test_cli_release import PEOPLE, Job
from tests.integration.test_cli_release import job as job

FEWER = 3
"""How many people the second month has less than the first."""


def before(months: int) -> str:
    """The month so many before the present one."""
    day = SystemClock().now().date().replace(day=1)
    for _ in range(months):
        day = (day - timedelta(days=1)).replace(day=1)
    return f"{day:%Y-%m}"


def write_source(folder: Path) -> None:
    """Everybody came in the month before last; all but three in the last one."""
    folder.mkdir()
    people = ["person_id,sex,born,surname"]
    visits = ["visit_id,person_id,day,code"]
    for number in range(PEOPLE):
        born, day, code = 1940 + 10 * (number % 4), 11 + number % 9, f"J45.{number % 3}"
        people.append(f"P{number:04},{'FM'[number % 2]},{born}-05-17,Name{number}")
        visits.append(f"A{number:04},P{number:04},{before(2)}-{day},{code}")
        if number >= FEWER:
            visits.append(f"B{number:04},P{number:04},{before(1)}-{day},{code}")
    (folder / "people.csv").write_text("\n".join(people) + "\n")
    (folder / "visits.csv").write_text("\n".join(visits) + "\n")


_plain_draft = base.draft


def draft(**changes: Any) -> dict[str, Any]:
    found = _plain_draft(**changes)
    found["data"][0]["tables"][1]["variables"].append({"variable": "day", "form": "month"})
    return found


@pytest.fixture(autouse=True)
def _months(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "write_source", write_source)
    monkeypatch.setattr(base, "draft", draft)


def layout(**changed: Any) -> dict[str, Any]:
    return {
        "request": 1, "name": "sexes", "title": "People who came", "table": "visits",
        "by": [{"column": {"table": "people", "name": "sex"}}],
        "measures": [{"measure": "people"}], **changed,
    }  # fmt: skip


def standing_file(job: Job, **changed: Any) -> Path:
    plain = {
        "standing": 1, "id": "came", "permit_id": "asthma-1", "project": "asthma",
        "context": "Who came, month by month.", "controls": "Large groups only.",
        "layout": layout(), "period": {"table": "visits", "name": "day"}, "settles_days": 0,
        "first": before(2), "until": before(0), "groups": [{"labels": ["F", "M"]}], **changed,
    }  # fmt: skip
    path = job.folder / "standing.yaml"
    path.write_text(yaml.safe_dump(plain))
    return path


def said(by: str) -> tuple[str, ...]:
    return "--by", by, "--key", by


def vote(job: Job, output: str, verdict: str, *more: str) -> None:
    for who in ("ada", "ben"):
        job("airlock", "review", output, "--verdict", verdict, *said(who), *more)


def test_from_a_layout_to_its_months(job: Job) -> None:
    staffed(job)
    job.release("build")
    for by, code in (("ada", "CW-ACT-ROLE"), ("nobody", "CW-ACT-PERSON")):
        told = job("standing", "propose", standing_file(job), "--by", by, "--key", "ada", code=4)
        assert told["error"]["code"] == code
    told = job("standing", "propose", standing_file(job), *said("amira"))
    assert (told["state"], told["months"]) == ("proposed", 3)
    again = job("standing", "propose", standing_file(job), *said("amira"), code=4)
    assert again["error"]["code"] == "CW-STANDING-KNOWN"
    # Nothing is made before two people have approved it, and one person is one.
    assert job("standing", "month", "came", code=4)["error"]["code"] == "CW-STANDING-STATE"
    for _ in range(2):
        assert job("standing", "approve", "came", *said("ada"))["state"] == "proposed"
    assert job("standing", "approve", "came", *said("amira"), code=4)["error"]["code"]
    assert job("standing", "approve", "came", *said("ben"))["state"] == "approved"
    (row,) = job("standing", "list")["standing"]
    assert (row["due"], row["months_left"], row["approved_by"]) == (before(2), 3, 2)

    # The first month, once.
    (made,) = job("standing", "month")["made"]
    assert (made["output"], made["turn"]) == (f"came.{before(2)}", 1)
    assert job("standing", "month") == {"made": [], "refused": []}
    assert job("standing", "month", "came", code=4)["error"]["code"] == "CW-STANDING-MONTH"
    assert job("standing", "give-up", "came", before(2), "--because", "No.", *said("ada"), code=4)
    looked = job("airlock", "look", made["output"], "--for", "reviewer", "--by", "ada")
    assert looked["manifest"]["origin"]["of"] == "came"
    assert "job" not in looked["manifest"]
    assert [one["path"] for one in looked["findings"]] == ["came.json", "came.csv"]
    refused = job("airlock", "release", made["output"], code=4)
    assert refused["error"]["code"] == "CW-LEAVING-VOTES", "an approved layout lets no month out"
    vote(job, made["output"], "approve")
    left = job("airlock", "release", made["output"])
    figures = (Path(left["folder"]) / "files" / "came.csv").read_text().splitlines()
    assert figures[0] == "sex,people"

    # The second differs by three people, and the audit says so.
    (made,) = job("standing", "month")["made"]
    assert made["output"] == f"came.{before(1)}"
    looked = job("airlock", "look", made["output"], "--for", "reviewer", "--by", "ada")
    assert looked["verdict"] != "pass"
    found = looked["audit"]["findings"]
    assert {one["code"] for one in found} == {"CW-AUDIT-DIFFERENCE"}
    assert all(1 <= one["people"] <= FEWER for one in found), "the three who did not come again"
    assert f"came.{before(2)}" in {term["output"] for one in found for term in one["sum"]}
    vote(job, made["output"], "return", "--reason", "differs_from_earlier_output")
    assert job("standing", "month") == {"made": [], "refused": []}
    assert job("standing", "month", "came", code=4)["error"]["code"] == "CW-STANDING-MONTH"
    (again,) = job("standing", "month", "came", "--returned")["made"]
    assert again["turn"] == 2
    vote(job, made["output"], "return", "--reason", "differs_from_earlier_output")
    job("standing", "give-up", "came", before(1), "--because", "Three people.", *said("amira"))
    states = job("standing", "look", "came")["states"]
    assert list(states.values()) == ["left", "given_up", "later"]
    assert job("standing", "month", "came", code=4)["error"]["code"] == "CW-STANDING-DUE"

    assert job("standing", "end", "came", *said("guardian"), code=4)["error"]["code"]
    assert job("standing", "end", "came", *said("cleo"))["state"] == "ended"
    assert job("standing", "approve", "came", *said("cleo"), code=4)["error"]["code"] == (
        "CW-STANDING-STATE"
    )
    assert job("standing", "list")["standing"][0]["state"] == "ended"
    assert job("ledger", "verify")["faults"] == []
    assert list(job.memory.iterdir()) == []


def test_a_layout_is_made_from_an_output_that_has_left(job: Job) -> None:
    staffed(job)
    built = job.release("build")
    period = {"column": {"table": "visits", "name": "day"}, "op": "eq", "value": before(2)}
    folder = job_of(job, built["release"], sexes_json=layout(where={"where": period}))
    submit(job, folder)
    named = ("--output", "job-1", "--id", "came", "--first", before(1), "--until", before(1),
             "--settles", "0", "--period", "visits.day")  # fmt: skip
    told = job("standing", "propose", *named, *said("amira"), code=4)
    assert told["error"]["code"] == "CW-LEAVING-UNKNOWN"
    vote(job, "job-1", "approve")
    job("airlock", "release", "job-1")
    file = job.folder / "came.json"
    job("standing", "draft", *named, "--by", "amira", "--out", file)
    assert job("standing", "list")["standing"] == [], "a draft is signed by nobody"
    job("standing", "propose", *named, *said("amira"))
    assert job("standing", "look", "came")["paper"] == json.loads(file.read_text())
    paper = job("standing", "look", "came")["paper"]
    assert "where" not in paper["layout"]
    assert paper["groups"] == [{"labels": ["F", "M"]}]
    assert paper["context"] == "Who came to the clinic."
    assert job("standing", "approve", "came", *said("ada"), "--verdict", "refuse")["state"] == (
        "refused"
    )
    for who in ("ben", "cleo"):
        assert job("standing", "approve", "came", *said(who))["state"] == "refused", "a no stands"
    assert job("standing", "approve", "came", *said("ada"))["state"] == "approved"
    assert date.fromisoformat(f"{paper['until']}-01") <= SystemClock().now().date()
