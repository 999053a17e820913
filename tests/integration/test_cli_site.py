"""`commonweal site state`: what is signed is believed, and what would not be is not written."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import SystemClock
from commonweal.papers.site import SiteStatement
from commonweal.vault.custody import open_custody
from tests.engine_house import statement_data
from tests.integration.test_cli_release import Job


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Job:
    monkeypatch.setenv("COMMONWEAL_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(tmp_path / "keys"))
    made = Job(tmp_path, tmp_path, capfd)
    made("home", "create", "--name", "Wharfedale", "--demo")
    return made


def draft(job: Job, **changes: Any) -> Path:
    today = SystemClock().now().date()
    plain = {**statement_data("https://tes.example"), "tried_on": today.isoformat(),
             "until": (today + timedelta(days=90)).isoformat(), **changes}  # fmt: skip
    if "stated_at" not in changes:
        del plain["stated_at"]
    path = job.folder / "site.json"
    path.write_text(json.dumps(plain))
    return path


def test_a_statement_is_signed_and_believed(job: Job) -> None:
    out = job.folder / "site.jws"
    told = job("site", "state", draft(job), "--key", "guardian", "--out", out)
    assert (told["site"], told["file"]) == ("wharfedale-cluster", str(out))
    with open_custody(job.folder / "data", SystemClock()) as custody:
        paper = SiteStatement.load(out.read_bytes(), custody.belief)
        assert paper.holds(custody.clock.now())
    again = job("site", "state", draft(job), "--key", "guardian", "--out", out, code=3)
    assert again["error"]["code"] == "CW-FILE-EXISTS"


def test_what_nobody_would_believe_is_not_written(job: Job) -> None:
    out = job.folder / "site.jws"
    for changes in ({"stated_at": "2026-01-01T00:00:00.000Z"}, {"until": "2020-01-01"},
                    {"address": "tes.example"}, {"parameter": "a b"}, {"more": 1}):  # fmt: skip
        found = job("site", "state", draft(job, **changes), "--key", "guardian", "--out", out,
                    code=3)  # fmt: skip
        assert found["error"]["code"] == "CW-ENGINE-STATEMENT"
    assert job("site", "state", draft(job), "--key", "manifest-signer", "--out", out, code=3)
    assert not out.exists()
