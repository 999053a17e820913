"""What an order becomes: a run that says everything, and a job that is followed."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from commonweal.enclave.engine import (
    UNSURE_AFTER,
    Following,
    Place,
    limits_of,
    looked,
    run_of,
)
from commonweal.enclave.packing import Study
from commonweal.enclave.runtimes import environment
from commonweal.enclave.settings import Settings
from commonweal.foundation.codes import CODES
from commonweal.foundation.errors import CommonwealError, Refused, Unavailable
from commonweal.ledger.events import PermitState
from commonweal.ledger.state import PermitStanding
from commonweal.papers.job import JobOrder
from commonweal.sandbox.orders import MIB, Run
from tests import factories
from tests.unit.papers.test_job import order
from tests.unit.papers.test_study import study

HASH = "sha256:" + "c" * 64


def made(settings: Settings | None = None, **declared: Any) -> Run:
    changes: dict[str, Any] = {"declaration": study(**declared)} if declared else {}
    paper = JobOrder.read(order(**changes), "The order")
    place = Place(
        Study(HASH, Path("/kept/study"), paper.declaration, ()),
        Path("/loans/job"),
        (("imd_2019.csv", Path("/kept/reference/1")),),
        environment("python", {}),
    )
    return run_of(paper, place, settings or Settings())


def test_a_run_gets_what_its_order_says() -> None:
    run = made()
    own = {mount.target: str(mount.source) for mount in run.mounts}
    assert own == {
        "/release": "/loans/job",
        "/study": "/kept/study",
        "/reference/imd_2019.csv": "/kept/reference/1",
    }
    assert {mount.target for mount in run.runtime.mounts} >= {
        "/usr",
        "/packages",
        "/app/commonweal",
    }
    assert (run.arguments, run.workdir) == (("main.py", "--seed", "7"), "/study")
    assert Path(run.program).name.startswith("python3")
    assert run.devices == ()
    given = dict(run.environment)
    assert given["COMMONWEAL_OUTPUTS"] == "/outputs"
    assert not [name for name in given if "HOME" in name and name != "HOME"]
    assert given["PYTHONHASHSEED"] == "0"


def test_limits_are_those_that_were_granted() -> None:
    limits = limits_of(JobOrder.read(order(), "The order"), Settings(cores=4, tmp_mb=8))
    assert (limits.wall_seconds, limits.cores) == (1200.0, 4)
    assert limits.cpu_seconds >= 4 * 1200
    assert limits.memory_bytes == 2048 * MIB
    assert limits.output_bytes == 16 * MIB
    assert limits.tmp_bytes == 8 * MIB
    assert limits.address_bytes > limits.memory_bytes


@pytest.mark.parametrize("program", ["bash", "sh", "env", "python2", "git"])
def test_other_programs_are_not_started(program: str) -> None:
    with pytest.raises(Refused) as caught:
        made(command=[program, "x"])
    assert caught.value.code == "CW-STUDY-RUNTIME"


# --- following ------------------------------------------------------------------------------
def standing(state: PermitState) -> PermitStanding:
    now = factories.NOW
    return PermitStanding(
        "p", state, 1, now, now, now + timedelta(days=9), now, state, state
    )  # fmt: skip


def following(state: Any, beat: Any = False) -> Following:
    def answer(what: Any) -> Any:
        if isinstance(what, CommonwealError):
            raise what
        return what

    return Following(lambda: answer(state), lambda: answer(beat))


@pytest.mark.parametrize("state", get_args(PermitState))
def test_a_job_goes_on_under_an_active_or_paused_permit_only(state: PermitState) -> None:
    stopped, unsure = looked(following(standing(state)), None, 2)
    assert unsure == 0
    if state in ("active", "paused"):
        assert stopped is None
    else:
        assert stopped is not None
        assert (stopped.why, stopped.code) == ("permit", f"CW-PERMIT-{state.upper()}")
        assert stopped.code in CODES


def test_what_else_stops_a_job() -> None:
    active = standing("active")
    stopped, _ = looked(following(None), None, 0)
    assert stopped is not None
    assert stopped.code == "CW-PERMIT-UNKNOWN"
    stopped, _ = looked(following(active, beat=True), None, 0)
    assert stopped is not None
    assert stopped.why == "cancel"
    stopped, _ = looked(following(active, Refused("CW-JOB-LEASE", "Lost.")), None, 0)
    assert stopped is not None
    assert stopped.why == "lease"


@pytest.mark.parametrize("silent", ["standing", "beat"])
def test_silence_stops_a_job_after_some_looks(silent: str) -> None:
    nobody = Unavailable("CW-JOB-QUEUE", "Busy.")
    asked = following(nobody) if silent == "standing" else following(standing("active"), nobody)
    unsure = 0
    for _ in range(UNSURE_AFTER - 1):
        stopped, unsure = looked(asked, None, unsure)
        assert stopped is None
    # One answer in between, and it begins anew.
    assert looked(following(standing("active")), None, unsure) == (None, 0)
    stopped, _ = looked(asked, None, unsure)
    assert stopped is not None
    assert (stopped.why, stopped.code) == ("unsure", "CW-JOB-UNSURE")


# --- runtimes and settings ------------------------------------------------------------------
def test_runtimes(tmp_path: Path) -> None:
    own = environment("python", {})
    named = environment("stats", {"stats": sys.prefix})
    assert own.packages == named.packages
    assert replace(named, name="python").runtime == own.runtime
    (tmp_path / "empty").mkdir()
    for known in ({}, {"stats": str(tmp_path / "none")}, {"stats": str(tmp_path / "empty")}):
        with pytest.raises(Refused) as caught:
            environment("stats", known)
        assert caught.value.code == "CW-STUDY-RUNTIME"


@pytest.mark.parametrize(
    "text",
    [
        "jobs_a_day: 0", "jobs_a_day: many", "attempts: 11", "network: on", "enclave: 2",
        "runtimes: {'../x': /y}", "most: {minutes: 0}", "cores: 0", "[]",
    ],
)  # fmt: skip
def test_settings_that_are_not(text: str, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(text)
    with pytest.raises(CommonwealError) as caught:
        Settings.load(tmp_path)
    assert caught.value.code == "CW-JOB-SETTINGS"


def test_settings(tmp_path: Path) -> None:
    assert Settings.load(tmp_path) == Settings()
    (tmp_path / "settings.yaml").write_text("cores: 1\nruntimes: {r: /path/to/environment}\n")
    assert Settings.load(tmp_path).runtimes == {"r": "/path/to/environment"}
