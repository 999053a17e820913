"""`commonweal study` from a terminal: what it prints, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.cli.main import run
from commonweal.foundation.clock import SystemClock
from commonweal.vault.custody import change_state
from tests.enclave_house import PERSON, Enclave, copied, make_template, open_sandbox, write_study


class Terminal:
    """Commands on a home, at a time that tests set."""

    def __init__(self, enclave: Enclave, capfd: pytest.CaptureFixture[str]) -> None:
        self.enclave, self._capfd = enclave, capfd
        enclave.house.clock.advance(timedelta(minutes=1))
        self.at = enclave.house.clock.now()

    def __call__(self, *arguments: Any, code: int = 0) -> Any:
        self._capfd.readouterr()
        found = run(["study", *map(str, arguments), "--json", "--home",
                     str(self.enclave.house.home)])  # fmt: skip
        out, err = self._capfd.readouterr()
        assert found == code, (arguments, out, err)
        assert err == ""
        return json.loads(out)

    def submit(self, source: Path, *more: Any, by: str = PERSON, code: int = 0) -> Any:
        return self("submit", source, "--permit", "permit-1", "--by", by, *more, code=code)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sandbox = open_sandbox(tmp_path_factory.mktemp("users") / "users")
    return make_template(tmp_path_factory.mktemp("template") / "house", sandbox)


@pytest.fixture
def terminal(
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Terminal]:
    enclave = copied(template, tmp_path / "house", None)  # type: ignore[arg-type]
    made = Terminal(enclave, capfd)
    monkeypatch.setattr(SystemClock, "now", lambda _: made.at)
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(enclave.house.root))
    yield made
    enclave.close()


def test_a_study_is_handed_in_and_run(terminal: Terminal, tmp_path: Path) -> None:
    found = terminal.submit(write_study(tmp_path / "s"))
    assert (found["state"], found["release"], found["submitted_by"]) == (
        "finished",
        "permit-1.r1",
        PERSON,
    )
    terminal.at += timedelta(seconds=1)
    shown = terminal("status", found["job"])
    assert (shown["state"], shown["report"]) == ("waiting", None)
    terminal.at += timedelta(minutes=15)
    shown = terminal("status", found["job"])
    assert shown["report"]["state"] == "finished"
    assert set(shown) == {
        "job", "permit", "study", "submitted_by", "submitted_at", "state", "report",
    }  # fmt: skip
    assert terminal("status", found["job"], "--for", "custodian")["attempt"] == 1
    assert len(terminal("status", "--permit", "permit-1")["jobs"]) == 1
    assert terminal("status", "--permit", "permit-2")["jobs"] == []


def test_a_study_that_fails_says_where(
    terminal: Terminal, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = "\nraise ValueError('Zebedee has 47 stays')\n"
    found = terminal.submit(write_study(tmp_path / "s", code), code=1)
    assert found["report"]["error"] == {"kind": "value", "file": "main.py", "line": 2}
    assert "Zebedee" not in json.dumps(found)
    assert run(["--home", str(terminal.enclave.house.home), "study", "status"]) == 0
    out, _ = capfd.readouterr()
    assert found["job"] in out
    assert "Zebedee" not in out


def test_waiting_working_and_taking_back(terminal: Terminal, tmp_path: Path) -> None:
    source = write_study(tmp_path / "s")
    first = terminal.submit(source, "--no-wait")["job"]
    second = terminal.submit(source, "--no-wait")["job"]
    said = terminal("cancel", second)
    assert said == {"job": second, "asked": True}
    done = terminal("work", "--once")["jobs"]
    assert [(one["job"], one["state"]) for one in done] == [(first, "finished")]
    assert terminal("work", "--once")["jobs"] == []
    # It has just ended, and is answered as one that has not (S4).
    assert terminal("cancel", first) == said | {"job": first}
    assert terminal("cancel", "job-none", code=3)["error"]["code"] == "CW-JOB-UNKNOWN"
    states = [terminal("status", one, "--for", "custodian")["state"] for one in (first, second)]
    assert states == ["finished", "cancelled"]


def test_refusals(terminal: Terminal, tmp_path: Path) -> None:
    source = write_study(tmp_path / "s")
    refused = terminal.submit(source, by="mallory", code=4)
    assert refused["error"]["code"] == "CW-PERMIT-PERSON"
    assert terminal.submit(tmp_path / "none", code=3)["error"]["code"] == "CW-FILE-MISSING"
    (source / "x.py").symlink_to("/etc/passwd")
    assert terminal.submit(source, code=3)["error"]["code"] == "CW-STUDY-FILES"
    said = terminal("status", "--for", "mallory", code=2)
    assert said["error"]["code"] == "CW-USAGE"


def test_a_paused_permit_lets_a_study_wait(terminal: Terminal, tmp_path: Path) -> None:
    source = write_study(tmp_path / "s")
    name = terminal.submit(source, "--no-wait")["job"]
    enclave = terminal.enclave
    change_state(enclave.house.custody(), enclave.permit, "pause")
    assert terminal("work", "--once")["jobs"][0]["state"] == "queued"
    assert terminal("status", name)["state"] == "waiting"
    assert terminal("work", "--once")["jobs"] == []
    change_state(enclave.house.custody(), enclave.permit, "revoke")
    terminal.at += timedelta(minutes=10)
    done = terminal("work", "--once")["jobs"]
    assert done[0]["report"]["because"] == "CW-PERMIT-REVOKED"


def test_a_machine_without_a_sandbox_runs_nothing(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.foundation.errors import Unavailable
    from commonweal.sandbox.box import Sandbox

    def missing(*_: object, **__: object) -> None:
        raise Unavailable("CW-SANDBOX-GUARD", "The guard start does not hold.")

    monkeypatch.setattr(Sandbox, "open", missing)
    source = write_study(tmp_path / "s")
    assert terminal.submit(source, code=5)["error"]["code"] == "CW-SANDBOX-GUARD"
    (job,) = terminal("status")["jobs"]
    assert job["state"] == "waiting"
    assert datetime.fromisoformat(job["submitted_at"]) == terminal.at


def test_the_job_for_a_cluster_is_written_and_nothing_is_sent(
    terminal: Terminal, tmp_path: Path
) -> None:
    import yaml

    found = terminal.submit(write_study(tmp_path / "s"), "--no-wait")
    said = tmp_path / "cluster.yaml"
    plain = {"cluster": 1, "user": 20_001, "image": "registry.example/s@sha256:" + "ab" * 32,
             "claims": {"/release": "r1", "/study": "s1", "/outputs": "out"}}  # fmt: skip
    said.write_text(yaml.safe_dump(plain))
    out = tmp_path / "job.yaml"
    shown = terminal("manifest", found["job"], "--cluster", said, "--out", out)
    assert shown["release"] == "permit-1.r1"
    kinds = [one["kind"] for one in yaml.safe_load_all(out.read_text())]
    assert kinds == ["Namespace", "NetworkPolicy", "Job"]
    assert terminal("status", found["job"])["state"] == "waiting"
    assert terminal.enclave.events("release.opened") == []
    assert terminal("manifest", found["job"], "--cluster", said, "--out", out, code=3)
    said.write_text(yaml.safe_dump(plain | {"image": "s:latest"}))
    refused = terminal("manifest", found["job"], "--cluster", said, "--out", tmp_path / "x", code=2)
    assert refused["error"]["code"] == "CW-ENGINE-TASK"
    assert not (tmp_path / "x").exists()
    custody = terminal.enclave.house.custody()
    change_state(custody, terminal.enclave.permit, "revoke")
    said.write_text(yaml.safe_dump(plain))
    assert terminal("manifest", found["job"], "--cluster", said, "--out", tmp_path / "x", code=4)
