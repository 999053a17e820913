"""A build is cut off at any instant, or any file operation fails: all or nothing (spine 8).

After each cut: the ledger verifies, a release that the ledger knows is whole or is finished by the
next build, one that it does not know leaves nothing, the key of what was replaced is gone, and no
word of the source lies anywhere in the home.
"""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.release.closing import unended
from commonweal.vault.release.store import completed
from tests.crash.release_worker import Counter
from tests.release_house import MARKER, House, make_house, permitted, refused

ROOT = Path(__file__).resolve().parents[2]
DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)"},
)
SLOW = pytest.param(True, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=24)
    yield made
    made.close()


class Worker:
    """The process that forks a build for each line."""

    def __init__(self, house: House) -> None:
        self.house = house
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.release_worker", str(house.base)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=ROOT,
            text=True,
        )

    def build(self, permit: Path, *, stop: int = 0, seconds: float = 0.0) -> tuple[int, int]:
        """(exit code, operations done); the home must be closed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        at = self.house.clock.now().isoformat()
        self.process.stdin.write(f"{permit.name} {at} {stop} {seconds}\n")
        self.process.stdin.flush()
        code, count = self.process.stdout.readline().split()
        return int(code), int(count)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def worker(house: House) -> Iterator[Worker]:
    made = Worker(house)
    yield made
    made.close()


def known(house: House) -> list[str]:
    return [one.release for one in completed(house.custody().ledger)]


def holds_plain_words(house: House) -> list[str]:
    """Files of the home in which a name, note or NHS number of the source can be read."""
    words = [MARKER.encode(), *(number.encode() for number in house.numbers)]
    files = [path for path in house.home.rglob("*") if path.is_file()]
    return [path.name for path in files if any(word in path.read_bytes() for word in words)]


def check_endings(house: House, *, cut: bool = False) -> None:
    """Each authorised build has exactly one end; only the one that was `cut` may have none yet."""
    with house.custody().ledger.reading() as connection:
        rows = connection.execute(
            "SELECT type, json_extract(body, '$.release') FROM intent WHERE type IN "
            "('release.authorised', 'release.completed', 'release.refused', 'release.abandoned') "
            "ORDER BY id"
        ).fetchall()
    begun: list[str] = []
    for type_, release in rows:
        if type_ == "release.authorised":
            assert release not in begun
            begun.append(release)
        else:
            begun.remove(release)
    assert begun == [release for release, _ in unended(house.custody().ledger)]
    assert len(begun) <= cut


def check_after(house: House, permit: Path, before: list[str]) -> None:
    """What must hold after a cut; then the next build goes through and leaves no remains."""
    house.close()
    assert holds_plain_words(house) == []
    assert house.ledger_faults() == []
    now = known(house)
    assert now[: len(before)] == before
    assert len(now) <= len(before) + 1
    standing = {path.name for path in house.releases.iterdir() if path.name[0] != "."}
    standing = {name for name in standing if not name.endswith(".airlock")}
    assert standing <= set(now)
    check_endings(house, cut=True)
    report = house.build(permit)
    check_endings(house)
    assert known(house) == [*now, report.manifest["release"]]
    for release in known(house)[-3:]:
        verified = house.verify(house.releases / release)
        assert verified.faults == []
        assert verified.opened == (release == report.manifest["release"]), release
    left = {path.name for path in house.releases.iterdir() if path.name.startswith(".")}
    assert left == set()
    gone = [one["release"] for one in house.events("release.data_key_destroyed")]
    assert gone == now
    asides = {path.name for path in house.releases.glob("*.airlock")}
    assert asides == {f"{release}.airlock" for release in known(house)}
    assert house.ledger_faults() == []
    assert list((house.home / "work").iterdir()) == []


@pytest.mark.parametrize("thorough", [False, SLOW])
def test_killed_at_random_instants(house: House, worker: Worker, thorough: bool) -> None:
    dice = random.Random(11)
    permit = house.issue(data=DATA)
    first = house.build(permit).manifest["release"]
    assert known(house) == [first]
    for place in range(60 if thorough else 5):
        before = known(house)
        house.close()
        code, _ = worker.build(permit, seconds=dice.uniform(0.02, 1.2))
        assert code in (0, -9), place
        check_after(house, permit, before)


@pytest.mark.parametrize("thorough", [False, SLOW])
def test_killed_before_a_file_operation(house: House, worker: Worker, thorough: bool) -> None:
    permit = house.issue(data=DATA)
    house.build(permit)
    house.close()
    code, total = worker.build(permit)
    assert code == 0
    assert total > 40
    # The end is where a release comes into being, so the last operations are all tried in CI too.
    places = [*range(total // 2, total - 20, 20), *range(total - 20, total + 1, 3)]
    for stop in range(1, total + 1) if thorough else places[-8:]:
        before = known(house)
        house.close()
        code, _ = worker.build(permit, stop=stop)
        assert code in (0, -9), stop
        check_after(house, permit, before)


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from-then-on"])
@pytest.mark.parametrize("thorough", [False, SLOW])
def test_any_operation_may_fail(
    house: House, monkeypatch: pytest.MonkeyPatch, thorough: bool, lasting: bool
) -> None:
    permit = house.issue(data=DATA)
    house.build(permit)
    full = OSError(errno.ENOSPC, "No space left on device")

    def attempt(stop: int) -> int:
        def fail() -> None:
            if lasting:
                counter.stop += 1
            raise full

        counter = Counter(stop, fail)
        with monkeypatch.context() as patch:
            counter.watch(patch.setattr)
            try:
                house.build(permit)
            except CommonwealError as error:
                assert error.code in ("CW-DISK-FULL", "CW-FILE-FAILED"), (stop, error.code)  # noqa: PT017
            except OSError as error:
                # Only the ledger's own lock is faked so bluntly that no room can translate it.
                assert error is full  # noqa: PT017
        return counter.count

    total = attempt(0)
    step = 1 if thorough else max(1, total // 4)
    for stop in range(1 + step // 2, total + 1, step):
        before = known(house)
        attempt(stop)
        check_after(house, permit, before)


def test_a_second_run_at_the_same_time_is_refused(house: House) -> None:
    permit = house.issue(data=DATA)

    def during(step: str) -> None:
        if step.startswith("Writing patients"):
            steps.append(refused(lambda: house.build(permit)).code)

    steps: list[str] = []
    house.build(permit, progress=during)
    assert steps == ["CW-BUSY"]
    assert known(house) == ["permit-1.r1"]
    assert house.ledger_faults() == []


def test_a_target_that_is_there_is_left_alone(house: House, tmp_path: Path) -> None:
    permit = house.issue(data=DATA, delivery="handover")
    target = tmp_path / "target"
    target.mkdir()
    assert refused(lambda: house.build(permit, out=target)).code == "CW-FILE-EXISTS"
    assert list(target.iterdir()) == []
    assert known(house) == []


def test_another_place_needs_handover(house: House, tmp_path: Path) -> None:
    permit = house.issue(data=DATA)
    error = refused(lambda: house.build(permit, out=tmp_path / "target"))
    assert error.code == "CW-RELEASE-DELIVERY"
    assert error.exit_code == 4
    assert known(house) == []


def test_a_handover_is_a_whole_copy(house: House, tmp_path: Path) -> None:
    permit = house.issue(data=DATA, delivery="handover")
    report = house.build(permit, out=tmp_path / "target")
    assert report.folder == tmp_path / "target"
    assert house.verify(report.folder).faults == []
    found = house.open(report.folder, permit, tmp_path / "opened")
    assert found["patients"].num_rows == 24


def test_a_store_that_cannot_be_written_refuses_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = house.issue(data=DATA)
    real = os.mkdir

    def readonly(path: str | Path, *args: int, **kwargs: int) -> None:
        if ".building-" in str(path):
            raise OSError(errno.EROFS, "Read-only file system")
        real(path, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", readonly)
        assert refused(lambda: house.build(permit)).code == "CW-FOLDER-READONLY"
    assert known(house) == []
    check_after(house, permit, [])
