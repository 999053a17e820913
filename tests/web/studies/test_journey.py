"""A study's whole way by page and worker, really run in the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from commonweal.foundation.clock import FixedClock
from tests.web.conftest import Page
from tests.web.studies.room import FAILS, LIVE, Room, job, order, study


def order_id(client: Any) -> str:
    page = Page(client.get(f"/studies/{LIVE}/send"))
    (hidden,) = page.every("input", name="order")
    assert hidden["type"] == "hidden"
    return str(hidden["value"])


def send(client: Any, content: bytes, order: str = "", name: str = "my study.zip") -> Any:
    file = SimpleUploadedFile(name, content)
    named = order or order_id(client)
    return client.post(f"/studies/{LIVE}/send", {"order": named, "file": file})


def test_from_the_page_to_the_end_and_on_to_its_outputs(
    clock: FixedClock, room: Room, browser_of: Callable[[str], Any], tmp_path: Path
) -> None:
    from commonweal.web.letters.models import Letter
    from commonweal.web.studies.models import Job, StudyOrder

    amara = browser_of("amara")
    listed = Page(amara.get("/studies/")).text
    assert "Asthma in winter" in listed
    assert "Hearts" not in listed
    before = Page(amara.get(f"/studies/{LIVE}/")).text
    assert "may send 20 more studies today" in before
    assert "not run at the moment" not in before
    once = order_id(amara)
    for _ in range(2):  # the double click
        answer = send(amara, study(tmp_path / "s"), once)
        assert (answer.status_code, answer["Location"]) == (302, f"/studies/{LIVE}/")
    assert StudyOrder.objects.count() == 1
    waits = Page(amara.get(f"/studies/{LIVE}/")).text
    assert "my study.zip" in waits
    assert "Being taken in" in waits
    assert "may send 19 more studies today" in waits

    room.work("TakeStudies")
    made = order(once)
    assert (made.state, made.content) == ("done", None)
    row = Job.objects.get()
    assert (row.reference, row.shown, row.report) == (made.job, "waiting", None)
    room.work()
    (queued,) = room.queued()
    assert (queued.state, queued.submitted_by) == ("finished", "amara")
    # It has ended, and nobody is told so before the quarter is full.
    clock.advance(timedelta(minutes=14, seconds=58))
    room.work()
    page = Page(amara.get(f"/studies/{LIVE}/jobs/{row.reference}/")).text
    assert "Waiting" in page
    assert "Finished" not in page
    assert "Your study has ended" not in Page(amara.get("/account/")).text
    clock.advance(timedelta(seconds=1))
    room.work()
    page = Page(amara.get(f"/studies/{LIVE}/jobs/{row.reference}/")).text
    assert "Finished" in page
    assert "By Amara Okafor" in page
    assert "table.json" in page
    assert "Take it back" not in page
    assert job(row.reference).has_finished
    assert [(one.kind, one.person.public_id) for one in Letter.objects.all()] == [
        ("work_ended", "amara")
    ]
    assert room.work("TellJobs") == 0


def test_an_error_says_where_and_nothing_of_what(
    clock: FixedClock, room: Room, browser_of: Callable[[str], Any], tmp_path: Path
) -> None:
    amara = browser_of("amara")
    send(amara, study(tmp_path / "s", FAILS))
    room.work()
    clock.advance(timedelta(minutes=15))
    room.work()
    (queued,) = room.queued()
    page = Page(browser_of("bethan").get(f"/studies/{LIVE}/jobs/{queued.id}/"))
    assert "Failed" in page.text
    assert "a value that does not fit" in page.text
    assert "main.py , line 2" in page.text
    staff = Page(browser_of("farah").get(f"/studies/{LIVE}/jobs/{queued.id}/"))
    assert "Failed" in staff.text
    for hidden in ("Amara Okafor", "main.py", "a value that does not fit", "Ask for the outputs"):
        assert hidden not in staff.text
    for text in (page.html, staff.html):
        assert "Zebedee" not in text
        assert "47 stays" not in text


def test_taking_one_back(
    clock: FixedClock, room: Room, browser_of: Callable[[str], Any], tmp_path: Path
) -> None:
    from commonweal.web.studies.models import StudyOrder

    amara, bethan = browser_of("amara"), browser_of("bethan")
    send(amara, study(tmp_path / "s"))
    room.work("TakeStudies")
    (queued,) = room.queued()
    address = f"/studies/{LIVE}/jobs/{queued.id}/"
    assert "If it waits, it does not run" in Page(bethan.get(f"{address}take-back")).text
    for client in (bethan, amara):  # the second browser
        assert client.post(f"{address}take-back").status_code == 302
    assert StudyOrder.objects.filter(kind="cancel").count() == 1
    assert "has asked to take it back" in Page(amara.get(address)).text
    room.work("take_backs")
    assert room.queued()[0].state == "cancelled"
    assert "has asked to take it back" in Page(amara.get(address)).text
    room.work()
    assert "Waiting" in Page(amara.get(address)).text
    clock.advance(timedelta(minutes=15))
    room.work()
    amara = browser_of("amara")  # who did nothing for a quarter of an hour was signed out
    page = Page(amara.get(address)).text
    assert "Taken back" in page
    assert "has asked" not in page
    assert amara.post(f"{address}take-back").status_code == 403


def test_without_a_sandbox_studies_wait_and_the_page_says_so(
    bare_room: Room, browser_of: Callable[[str], Any], tmp_path: Path, monkeypatch: Any
) -> None:
    import pytest

    from commonweal.foundation.errors import Unavailable
    from commonweal.web.studies import workers

    def none(*_: Any, **__: Any) -> Any:
        raise Unavailable("CW-SANDBOX-GUARD", "The guard network does not hold.")

    monkeypatch.setattr(workers, "sandbox_of", none)
    bare_room.work("TellNames")
    amara = browser_of("amara")
    assert "not run at the moment" in Page(amara.get(f"/studies/{LIVE}/")).text
    once = order_id(amara)
    send(amara, study(tmp_path / "s"), once)
    for step in ("Tried", "TakeStudies", "TakeStudies", "TakeStudies", "TakeStudies"):
        with pytest.raises(Unavailable):
            bare_room.work(step)
    assert (order(once).state, order(once).attempts) == ("queued", 0)
    page = Page(amara.get(f"/studies/{LIVE}/")).text
    assert "not run at the moment" in page
    assert "It waits for the room" in page
    assert not (bare_room.home / "enclave" / "queue.sqlite").exists()
