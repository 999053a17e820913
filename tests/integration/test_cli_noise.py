"""`commonweal noise` on a release that was really built: budget, counts, the same counts again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.integration.test_cli_leaving import left, staffed, submit
from tests.integration.test_cli_release import PEOPLE, Job, folder_of
from tests.integration.test_cli_release import job as job


def request(job: Job, **changes: Any) -> Path:
    cells = [
        {"name": sex, "where": {"where": {"column": {"table": "people", "name": "sex"},
                                          "op": "eq", "value": sex}}}
        for sex in "FM"
    ]  # fmt: skip
    plain = {"noisy": 1, "name": "sexes", "title": "People by sex", "table": "people",
             "cells": cells, "epsilon": "0.5", **changes}  # fmt: skip
    path = job.folder / "noisy.json"
    path.write_text(json.dumps(plain))
    return path


def test_counts_are_paid_for_drawn_once_and_given_again(job: Job) -> None:
    folder = folder_of(job.release("build"))
    permit = job.folder / "permit.jws"
    refused = job("noise", "count", request(job), "--release", folder, code=4)
    assert refused["error"]["code"] == "CW-NOISE-BUDGET"
    why = ("--why", "Counts for the annual report.", "--key", "guardian")
    together = ("noise", "people", "clinic", "--epsilon", "5", *why)
    set_ = job("noise", "budget", permit, "--epsilon", "0.8", *why)
    assert (set_["project"], set_["left_millionths"]) == ("asthma", 800_000)
    off = job("noise", "count", request(job), "--release", folder, code=4)
    assert off["error"]["code"] == "CW-NOISE-PEOPLE"
    assert job(*together)["left_millionths"] == 5_000_000
    first = job("noise", "count", request(job), "--release", folder)
    assert [one["name"] for one in first["counts"]] == ["F", "M"]
    # Noise of scale 2 is 60 away once in ten million million times.
    assert all(0 <= one["people"] <= PEOPLE / 2 + 60 for one in first["counts"])
    assert job("noise", "count", request(job), "--release", folder) == first
    assert job("noise", "left", "asthma")["spent_millionths"] == 500_000
    more = request(job, title="The same in other words")
    assert job("noise", "count", more, "--release", folder, code=4)["error"]["code"] == (
        "CW-NOISE-BUDGET"
    )
    assert list(job.memory.iterdir()) == []
    assert job("ledger", "verify")["faults"] == []
    job("noise", "budget", permit, "--epsilon", "2", *why)
    job("permit", "pause", permit)
    assert job("noise", "count", more, "--release", folder, code=4)
    assert job("noise", "budget", permit, "--epsilon", "3", *why, code=4)
    assert job("noise", "left", "asthma")["left_millionths"] == 1_500_000


def test_a_budget_that_is_none_is_refused(job: Job) -> None:
    for epsilon in ("0", "11", "1e3", "many"):
        found = job("noise", "budget", job.folder / "permit.jws", "--epsilon", epsilon,
                    "--why", "x", "--key", "guardian", code=3)  # fmt: skip
        assert found["error"]["code"] == "CW-NOISE-INVALID"
    assert job("noise", "left", "asthma")["budget_millionths"] is None


def test_noisy_counts_leave_by_two_people_and_exact_ones_beside_them_are_told(job: Job) -> None:
    staffed(job)
    folder = folder_of(job.release("build"))
    why = ("--why", "Counts for the annual report.", "--key", "guardian")
    job("noise", "budget", job.folder / "permit.jws", "--epsilon", "0.8", *why)
    job("noise", "people", "clinic", "--epsilon", "5", *why)
    amira = ("--by", "amira", "--key", "amira")
    asked = ("noise", "submit", request(job), "--release", folder, "--output", "noisy-1", "--title",
             "People by sex", "--context", "The annual report.")  # fmt: skip
    told = job(*asked, *amira, code=4)
    assert told["error"]["code"] == "CW-NOISE-UNANSWERED", "nothing is drawn for the way out"
    drawn = job("noise", "count", request(job), "--release", folder)
    told = job(*asked, "--by", "ada", "--key", "ada", code=4)
    assert told["error"]["code"] == "CW-LEAVING-AUTHOR"
    # The exact counts of the very same people leave first.
    exact = {"request": 1, "name": "sexes", "title": "By sex", "table": "people",
             "by": [{"column": {"table": "people", "name": "sex"}}],
             "measures": [{"measure": "people"}]}  # fmt: skip
    submit(job, left(job, folder.name, sexes_json=exact))
    for who in ("ada", "ben"):
        job("airlock", "review", "job-1", "--verdict", "approve", "--by", who, "--key", who)
    job("airlock", "release", "job-1")
    assert set(job(*asked, *amira)) == {"output", "turn", "manifest", "state", "expires"}
    looked = job("airlock", "look", "noisy-1", "--for", "reviewer", "--by", "ada")
    assert looked["manifest"]["origin"]["spend"] == drawn["spend"]
    assert looked["manifest"]["compared"] == []
    assert looked["audit"] is None
    (report,) = [one["report"] for one in looked["findings"] if one["report"]]
    assert {one["code"] for one in report["findings"]} == {"CW-NOISE-BESIDE"}
    assert [(one["where"]["cell"], one["value"]) for one in report["findings"]] == [
        ("F", 0), ("M", 0),
    ]  # fmt: skip
    assert any("0.5 of 0.8" in line and "0.5 of 5" in line for line in report["card"])
    assert job("airlock", "release", "noisy-1", code=4)["error"]["code"] == "CW-LEAVING-VOTES"
    for who in ("ada", "ben"):
        job("airlock", "review", "noisy-1", "--verdict", "approve", "--by", who, "--key", who)
    gone = Path(job("airlock", "release", "noisy-1")["folder"])
    rows = (gone / "files" / "noisy.csv").read_text().splitlines()
    assert rows[1].startswith(f'F,{drawn["counts"][0]["people"]},{drawn["within"]},"Random noise')
    assert job("airlock", "record", "noisy-1")["files"][0]["grade"] == "noisy"
    assert job("register", "publish")
    assert job("ledger", "verify")["faults"] == []
    # An exact output is audited as if no noisy one had left: it is in no history.
    assert not (job.folder / "data" / "airlock" / "history" / "noisy-1").exists()
