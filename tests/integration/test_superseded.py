"""A release that was replaced: read for what jobs left of it, and for nothing else (S13, S12)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.entry import Actor, Event
from commonweal.vault.custody import change_state
from commonweal.vault.release.closing import recover, retire_unneeded
from commonweal.vault.release.job_desk import JobDesk
from commonweal.vault.release.lending import lend, loans_of, take_back
from commonweal.vault.release.superseded import DAYS, find_superseded, need_of
from commonweal.vault.release.verify import release_key
from tests.refresh_house import (
    COMMITTED,
    FIRST,
    JOB,
    PERMIT,
    make_old_template,
    old_home,
    paper,
    write,
)
from tests.release_house import House, refused

SECOND = "permit-1.r2"
OTHER_JOB = "job-ponmlkjihgfedcba"
HASH = "sha256:" + "b" * 64


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two releases; a job began on the first, of which no end was heard."""
    base = tmp_path_factory.mktemp("superseded")
    house = old_home(make_old_template(base / "one"), base / "two", days=0)
    started(house, JOB, FIRST)
    house.clock.advance(timedelta(hours=1))
    house.choose()
    house.build(paper(house))
    house.close()
    return base / "two"


@pytest.fixture
def house(template: Path, tmp_path: Path) -> Iterator[House]:
    made = old_home(template, tmp_path / "house", days=1)
    yield made
    shutil.rmtree(loans_of(made.custody()), ignore_errors=True)
    made.close()


def started(house: House, job: str, release: str, attempt: int = 1) -> None:
    write(house, "job.started", release=release, job=job, attempt=attempt)


def ended(house: House, job: str = JOB) -> None:
    write(house, "job.ended", job=job, attempt=1, how="finished")


def collected(house: House, job: str = JOB, release: str = FIRST) -> None:
    write(house, "outputs.collected", release=release, job=job, attempt=1)


def submitted(house: House, output: str = "out-a", turn: int = 1, **more: str) -> None:
    write(house, "output.submitted", Actor("researcher", "amara"), release=FIRST, output=output,
          turn=turn, manifest=COMMITTED, **more)  # fmt: skip


def moved(house: House, step: str, output: str = "out-a") -> None:
    write(house, "output.moved", output=output, step=step)


def released(house: House, output: str = "out-a") -> None:
    write(house, "output.released", release=FIRST, output=output, output_hash=HASH,
          manifest=COMMITTED, overrides=0)  # fmt: skip


def kept(house: House) -> str | None:
    """Why the first release is still there, by what a step of the vault leaves."""
    gone = retire_unneeded(house.custody())
    there = release_key(house.custody(), FIRST) is not None
    assert gone == ([] if there else [FIRST])
    one = find_superseded(house.custody(), FIRST)
    assert one is not None
    need = need_of(house.custody(), one)
    assert (need is not None) == there
    return None if need is None else need.because


Told = list[Callable[[House], None]]
LEFT: Told = [collected, ended]
ASKED: Told = [*LEFT, lambda house: submitted(house, job=JOB)]
CASES: list[tuple[str, Told, str | None]] = [
    ("it still runs", [], "job"),
    ("it runs and has left something", [collected], "job"),
    ("it ended without outputs", [ended], None),
    ("begun anew on the newer one",
     [lambda house: started(house, JOB, SECOND, 2)], None),
    ("another runs on the newer one",
     [ended, lambda house: started(house, OTHER_JOB, SECOND)], None),
    ("another left something of the newer one",
     [ended, lambda house: collected(house, OTHER_JOB, SECOND)], None),
    ("nobody has submitted it", LEFT, "outputs"),
    ("submitted", ASKED, "outputs"),
    ("submitted, nobody knows of which job", [*LEFT, submitted], "outputs"),
    ("of another job", [*LEFT, lambda house: submitted(house, job=OTHER_JOB),
                        lambda house: moved(house, "reject")], "outputs"),
    *[(step, [*ASKED, lambda house, step=step: moved(house, step)], "outputs")
      for step in ("return", "block", "fail_checks", "find_stale", "find_changed")],
    *[(step, [*ASKED, lambda house, step=step: moved(house, step)], None)
      for step in ("reject", "withdraw", "run_out", "end")],
    ("released", [*ASKED, released], None),
    ("released, and the rest is not decided",
     [*ASKED, released, lambda house: submitted(house, "out-b", job=JOB)], "outputs"),
    ("returned and submitted again",
     [*ASKED, lambda house: moved(house, "return"),
      lambda house: submitted(house, turn=2, job=JOB)], "outputs"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "because"), [(a, b) for _, a, b in CASES],
                         ids=[name for name, _, _ in CASES])  # fmt: skip
def test_for_how_long_its_key_lives(house: House, told: Told, because: str | None) -> None:
    for one in told:
        one(house)
    assert kept(house) == because
    words = [one["reason"] for one in house.events("release.data_key_destroyed")]
    assert words == ([] if because else ["superseded"])
    assert retire_unneeded(house.custody()) == []


def test_no_longer_than_the_limit(house: House) -> None:
    collected(house)
    house.clock.advance(timedelta(days=DAYS - 1, hours=1, seconds=-1))
    assert kept(house) == "job"
    house.clock.advance(timedelta(seconds=1))
    assert kept(house) is None
    assert house.ledger_faults() == []


@pytest.mark.parametrize(("days", "because"), [(0, None), (1, None), (2, "job"), (90, "job")])
def test_the_trust_policy_says_how_long(house: House, days: int, because: str | None) -> None:
    fresh = house.custody().trust.fresh.model_copy(update={"superseded_days": days})
    house.limit(fresh=fresh)
    house.clock.advance(timedelta(hours=1))
    assert kept(house) == because


def test_a_cut_between_key_and_ledger_is_made_good(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(house)
    ledger = house.custody().ledger
    monkeypatch.setattr(type(ledger), "append", cut)
    with pytest.raises(KeyboardInterrupt):
        retire_unneeded(house.custody())
    monkeypatch.undo()
    assert release_key(house.custody(), FIRST) is None
    assert house.events("release.data_key_destroyed") == []
    recover(house.custody())
    assert len(house.events("release.data_key_destroyed")) == 1


def cut(*_: Any) -> Any:
    raise KeyboardInterrupt


# --- who may read it ------------------------------------------------------------------------------


def borrow(house: House, use: str, release: str = FIRST) -> str:
    """What is lent, or the code of the refusal."""
    custody, loans = house.custody(), loans_of(house.custody())

    try:
        folder = house.releases / release
        loan = lend(custody, folder, paper(house), use, loans / "x")  # type: ignore[arg-type]
        assert loan.release == release
        assert (loan.folder / "audit_map.parquet").exists() == (use == "airlock")
    except CommonwealError as error:
        return error.code
    finally:
        take_back(loans)
    return "lent"


def test_the_airlock_reads_it_for_what_a_job_left_and_no_job_does(house: House) -> None:
    assert borrow(house, "airlock") == "CW-RELEASE-SUPERSEDED", "a job runs, and has left nothing"
    collected(house)
    assert borrow(house, "airlock") == "lent"
    assert borrow(house, "job") == "CW-RELEASE-SUPERSEDED"
    (opened,) = house.events("release.opened")
    assert (opened["release"], opened["use"]) == (FIRST, "recomputation")
    # Old choices: the job saw it as it is, and its figures are looked at as they are.
    house.clock.advance(timedelta(days=10))
    assert borrow(house, "airlock") == "lent"
    assert borrow(house, "airlock", SECOND) == "CW-RELEASE-CHOICES-OLD", "nobody left anything"
    assert borrow(house, "job", SECOND) == "CW-RELEASE-CHOICES-OLD"
    house.clock.advance(timedelta(days=DAYS))
    assert borrow(house, "airlock") == "CW-RELEASE-SUPERSEDED"


def test_what_was_decided_is_not_read_again(house: House) -> None:
    for one in (*ASKED, lambda house: moved(house, "reject")):
        one(house)
    assert borrow(house, "airlock") == "CW-RELEASE-SUPERSEDED"
    retire_unneeded(house.custody())
    assert borrow(house, "airlock") == "CW-RELEASE-SUPERSEDED"


def test_a_key_that_is_gone_is_gone(house: House) -> None:
    from commonweal.vault.release.release_keys import shred_release_keys

    collected(house)
    shred_release_keys(house.custody(), FIRST)
    assert borrow(house, "airlock") == "CW-RELEASE-KEY-GONE"


@pytest.mark.parametrize("release", [FIRST, SECOND])
def test_while_paused_only_what_was_left_is_read(house: House, release: str) -> None:
    change_state(house.custody(), paper(house), "pause")
    assert borrow(house, "airlock", release) == "CW-PERMIT-PAUSED"
    collected(house, OTHER_JOB, release)  # a job that ran while it was paused may leave outputs
    assert borrow(house, "airlock", release) == "lent"
    assert borrow(house, "job", release) == "CW-PERMIT-PAUSED"
    assert [one["use"] for one in house.events("release.opened")] == ["recomputation"]


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("suspend", "CW-PERMIT-SUSPENDED"),
        ("revoke", "CW-PERMIT-REVOKED"),
        ("close", "CW-PERMIT-CLOSED"),
    ],
)
@pytest.mark.parametrize("release", [FIRST, SECOND])
def test_a_permit_that_is_stopped_lends_nothing_to_the_airlock(
    house: House, step: str, code: str, release: str
) -> None:
    collected(house, release=release)
    change_state(house.custody(), paper(house), step)  # type: ignore[arg-type]
    assert borrow(house, "airlock", release) == code
    assert house.events("release.opened") == []


@pytest.mark.parametrize("use", ["command", "job", "attack", "risk", None])
def test_the_ledger_itself_hears_of_nothing_else_while_paused(
    house: House, use: str | None
) -> None:
    change_state(house.custody(), paper(house), "pause")
    fields = {"permit": PERMIT, "release": FIRST} | ({} if use is None else {"use": use})
    event = Event("release.opened", Actor("data_manager", "x"), fields)
    assert refused(lambda: house.custody().ledger.append(event)).code == "CW-PERMIT-NOT-LIVE"


def test_a_job_starts_on_the_newest_in_that_very_moment(house: House) -> None:
    fields = {"permit": PERMIT, "release": FIRST, "job": OTHER_JOB, "attempt": 1}
    late = Event("job.started", Actor("system", "enclave"), fields)
    desk = JobDesk(house.custody())
    assert refused(lambda: desk.record(late, {"order": HASH})).code == "CW-RELEASE-SUPERSEDED"
    desk.record(Event("job.started", late.actor, fields | {"release": SECOND}), {"order": HASH})
    assert [one["release"] for one in house.events("job.started")] == [FIRST, SECOND]


def test_an_attempt_that_was_given_back_is_known_by_its_last_order(house: House) -> None:
    """As at a site that is busy once the ledger has heard of the start: the number is used again.

    The naive desk gives the first order, so what the job made is never made again (CW-MODEL-ORDER).
    """
    desk = JobDesk(house.custody())
    fields = {"permit": PERMIT, "release": SECOND, "job": OTHER_JOB, "attempt": 1}
    orders = {
        "sha256:" + letter * 64: attempt for letter, attempt in (("c", 1), ("d", 1), ("e", 2))
    }
    assert desk.ordered(PERMIT, OTHER_JOB, 1) is None
    for order, attempt in orders.items():
        event = Event("job.started", Actor("system", "enclave"), fields | {"attempt": attempt})
        desk.record(event, {"order": order})
    assert desk.ordered(PERMIT, OTHER_JOB, 1) == "sha256:" + "d" * 64
    assert desk.ordered(PERMIT, OTHER_JOB, 2) == "sha256:" + "e" * 64
    assert desk.ordered(PERMIT, OTHER_JOB, 3) is None
    assert desk.ordered(PERMIT, "job-aaaaaaaaaaaaaaaa", 1) is None
