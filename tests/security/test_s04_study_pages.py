"""S4: a page that tells a job's end at once lets its author read one bit a job.

A study reads one bit of the data and ends at once or after some minutes; its author looks at the
page meanwhile, or asks to take the study back and looks whether that is refused. The naive twin
shows the queue as it is. On ours the service's whole database, every page and every answer are
byte for byte the same for both bits until the quarter of an hour is full.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.enclave.queue import Held, Queue, Submission
from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.papers.job import JobError, quarter_after
from tests.web.conftest import at, db, web_home  # noqa: F401 (fixtures)
from tests.web.releases.room import copied
from tests.web.studies.room import LIVE, Room, job

NAMES = ("job-bit-a-zero", "job-bit-b-one")
ENDS = {"finish": "finished", "fail": "failed", "exceed": "over_limit", "refuse": "refused"}


@pytest.fixture
def room(web_home: Path, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:  # noqa: F811
    """A home of its own; no job really runs in it."""
    from django.conf import settings

    home = copied(web_home, tmp_path)
    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=home))
    return Room(home)


@pytest.fixture
def clock(at: Callable[[Any], None]) -> FixedClock:  # noqa: F811
    """The service's clock, a second after the next full quarter of an hour."""
    held = FixedClock(quarter_after(datetime.now(UTC)) + timedelta(seconds=1))
    at(held)
    return held


def submission() -> Submission:
    from tests.unit.enclave.test_queue import WHAT

    return Submission("project-0", LIVE, WHAT.permit_hash, WHAT.study, WHAT.declaration, "amara")


def begun(room: Room, how_many: int = 1) -> list[Held]:
    """Jobs of amara's that a worker has taken."""

    def inside(queue: Queue, *_: Any) -> list[Held]:
        for number in range(how_many):
            queue.submit(NAMES[number], submission(), 20)
        with queue.worker() as name:
            taken = [queue.take(name) for _ in range(how_many)]
        return [one for one in taken if one is not None]

    return list(room.with_queue(inside))


def end(room: Room, held: Held, how: str) -> None:
    def inside(queue: Queue, *_: Any) -> None:
        if how == "finish":
            queue.step(held, "collect")
        because = "CW-PERMIT-REVOKED" if how == "refuse" else None
        error = JobError(kind="value", file="main.py", line=2) if how == "fail" else None
        queue.step(held, how, because=because, error=error)  # type: ignore[arg-type]

    room.with_queue(inside)


def database() -> str:
    """Every row of the app, with every column: whoever reads the whole database reads this."""
    from django.apps import apps

    rows = {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in apps.get_app_config("studies").get_models()
    }
    return json.dumps(rows, default=str, sort_keys=True)


def seen(client: Any, name: str) -> list[tuple[int, str]]:
    """What every page and the API give to whom the permit names, without what is random."""
    found = []
    for path in ("/studies/", f"/studies/{LIVE}/", f"/studies/{LIVE}/jobs/{name}/",
                 f"/studies/{LIVE}/jobs/{name}/take-back", "/account/"):  # fmt: skip
        answer = client.get(path)
        html = re.sub(r'(csrfmiddlewaretoken" value=")[^"]*', r"\1", answer.content.decode())
        found.append((answer.status_code, html))
    return found


def signed_in() -> Any:
    from tests.web.conftest import new_client

    client = new_client()
    client.post("/account/people/sign-in/", {"person": "amara"})
    return client


# --- the naive twin -------------------------------------------------------------------------------


def naive_shown(room: Room, name: str) -> str:
    """How a job stands, as most systems tell it: at once."""
    return str(room.with_queue(lambda queue, *_: queue.job(name).state))


def naive_cancel(room: Room, name: str) -> str:
    """As it was built first: taking back what has ended is refused."""

    def inside(queue: Queue, *_: Any) -> str:
        if queue.job(name).ended_at is not None:
            raise Refused("CW-JOB-STEP", "A job that has ended cannot be taken back.")
        queue.cancel(name)
        return "cancelled"

    return str(room.with_queue(inside))


def test_naive_the_author_reads_one_bit_a_job(room: Room, clock: FixedClock) -> None:
    held = begun(room, 2)
    clock.advance(timedelta(minutes=1))
    end(room, held[1], "finish")  # its bit was one
    clock.advance(timedelta(minutes=1))
    assert [naive_shown(room, name) for name in NAMES] == ["running", "finished"]
    said = []
    for name in NAMES:
        try:
            said.append(naive_cancel(room, name))
        except CommonwealError as error:
            said.append(error.code)
    assert said == ["cancelled", "CW-JOB-STEP"]


# --- ours -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ENDS)
def test_ours_nothing_is_other_before_the_quarter(
    how: str,
    room: Room,
    clock: FixedClock,
) -> None:
    """One job at the same moments, at work and ended: rows and pages are compared."""
    (held,) = begun(room)
    name = held.job.id
    room.work("Tell")
    amara = signed_in()
    clock.advance(timedelta(minutes=2))
    room.work("Tell")
    before = (database(), seen(amara, name))
    end(room, held, how)
    for seconds in (1, 7, 60, 240, 300, 170):  # the quarter is full a second after that
        clock.advance(timedelta(seconds=seconds))
        room.work("Tell")
        assert (database(), seen(amara, name)) == before, clock.now()
    room.steps = []  # a worker that begins anew tells no more
    room.work("Tell")
    assert (database(), seen(amara, name)) == before
    clock.advance(timedelta(seconds=1))
    room.work("Tell")
    row = job(name)
    assert row.shown == "ended"
    assert row.report["state"] == ENDS[how]
    assert row.ended_at.minute % 15 == row.ended_at.second == 0


def taken_back(room: Room, name: str, moment: datetime) -> tuple[str, str]:
    """What is answered, and the whole database after it, when a job is taken back."""
    from commonweal.web.studies import services
    from commonweal.web.studies.models import StudyOrder
    from tests.web.studies.room import person

    row = services.ask_back(person("amara"), job(name))
    StudyOrder.objects.filter(pk=row.pk).update(id="f" * 32)
    room.work("take_backs")
    room.work("Tell")
    told = StudyOrder.objects.get(pk="f" * 32)
    answer = f"{told.state} {told.code} {told.sentence} {told.result}"
    StudyOrder.objects.filter(pk=told.pk).update(worker="", asked_at=moment)
    return answer, database()


@pytest.mark.parametrize("stands", ["waits", "runs", "has ended"])
def test_ours_taking_back_is_answered_alike(
    stands: str,
    room: Room,
    clock: FixedClock,
) -> None:
    name = NAMES[0]
    if stands == "waits":
        room.with_queue(lambda queue, *_: queue.submit(name, submission(), 20))
    else:
        (held,) = begun(room)
    room.work("Tell")
    clock.advance(timedelta(minutes=2))
    if stands == "has ended":
        end(room, held, "finish")
    found = taken_back(room, name, clock.now())
    seen_before = _ANSWERS.setdefault("first", _without_times(found))
    assert _without_times(found) == seen_before
    clock.advance(timedelta(minutes=15))
    room.work("Tell")
    wanted = {"waits": "cancelled", "runs": "at_work", "has ended": "ended"}
    assert job(name).shown == wanted[stands]


_ANSWERS: dict[str, tuple[str, str]] = {}


def _without_times(found: tuple[str, str]) -> tuple[str, str]:
    """Each case has a clock and rows of its own: the moments and ids of these are left out."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*(\+00:00)?", "AT", found[1])
    return found[0], re.sub(r'"(id|asked_by_id)": \d+', r'"\1": 0', text)


def test_ours_what_takes_back_waits_for_the_worker_like_an_end(
    room: Room,
    clock: FixedClock,
) -> None:
    """One that is stopped while it runs is shown as taken back at the quarter, and not before."""
    (held,) = begun(room)
    room.work("Tell")
    clock.advance(timedelta(minutes=3))
    taken_back(room, held.job.id, clock.now())
    before = database()
    room.with_queue(lambda queue, *_: queue.step(held, "cancel"))
    for _ in range(5):
        clock.advance(timedelta(minutes=2))
        room.work("Tell")
        assert database() == before
    clock.advance(timedelta(minutes=15))
    room.work("Tell")
    assert (job(held.job.id).shown, job(held.job.id).report) == ("cancelled", None)
