"""A worker that is killed (SIGKILL) in each stage of a build: nothing half released, then resumed.

Real processes, a real database, the real vault.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.web.releases.room import LIVE, Room, copied

R1 = f"{LIVE}.r1"
ROOT = Path(__file__).parents[3]


def told(web_home: Path, to: Path, stages: list[str]) -> list[dict[str, Any]]:
    """What the program that kills its workers says."""
    room = Room(copied(web_home, to))
    room.furnish()
    variables = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.web.releases.crashing", str(room.home), *stages],
        capture_output=True, text=True, cwd=ROOT, timeout=240, check=False,
        env={**variables, "COMMONWEAL_ROOT_STORE": str(room.home.with_name("stores"))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(said: list[dict[str, Any]], stages: list[str]) -> None:
    by = {one["after"]: one for one in said}
    for stage in stages:
        found = by[stage]
        assert (found["order"], found["release"]) == ("running", "building"), stage
        assert R1 not in found["folders"], "a release has its name only when it is whole"
        assert ("release.completed" in found["events"]) is (stage == "placed")
    last = by["finished"]
    assert (last["order"], last["code"], last["release"]) == ("done", "", "measured")
    assert last["folders"] == [R1]
    # However often it was begun, it was made once.
    assert last["events"].count("release.completed") == 1
    assert last["events"].count("release.abandoned") == len(set(stages) - {"placed"})


def test_killed_while_reading_writing_and_after_the_ledger_s_word(
    web_home: Path, tmp_path: Path
) -> None:
    stages = ["reading", "ledger", "placed"]
    check(told(web_home, tmp_path, stages), stages)


@pytest.mark.slow
def test_killed_in_every_stage(web_home: Path, tmp_path: Path) -> None:
    stages = ["choices", "reading", "choosing", "measuring", "writing", "ledger", "placed"]
    check(told(web_home, tmp_path, stages), stages)
