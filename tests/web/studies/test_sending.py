"""What may be sent, how often, and what becomes of orders when workers die between two steps."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError, Unavailable
from tests.web.conftest import Page
from tests.web.studies.room import LIVE, Room, order, person, sent, study


def bare_order(**changes: Any) -> Any:
    from commonweal.web.config import clock
    from commonweal.web.studies.models import StudyOrder

    now = clock.now()
    values = {"kind": "submit", "permit": LIVE, "project": "project-0", "file_name": "s.zip",
              "asked_by": person("amara"), "asked_at": now} | changes  # fmt: skip
    if values.get("state") in ("refused", "done", "failed"):
        values["ended_at"] = now
    return StudyOrder.objects.create(**values)


def code_of(what: Callable[[], Any]) -> str:
    with pytest.raises(CommonwealError) as error:
        what()
    return error.value.code


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as into:
        for name, content in files.items():
            into.writestr(name, content)
    return made.getvalue()


# --- at the page ----------------------------------------------------------------------------------


@pytest.fixture
def told(bare_room: Room) -> Room:
    bare_room.work("TellNames")
    return bare_room


HOSTILE = {
    "nothing": (b"", "is empty"),
    "a program": (b"\x7fELF" + b"\0" * 100, "neither a zip file nor"),
    "a page": (b"<!doctype html><script>1</script>", "neither"),
    "a tar": (b"a" * 257 + b"ustar" + b"\0" * 250, "neither"),
    "something before a zip": (b"#!/bin/sh\nPK\3\4", "neither"),
    "too large": (b"PK\3\4" + b"x" * (20 * 1024 * 1024), "larger than 20 MB"),
    "far too large": (b"PK\3\4" + b"x" * (22 * 1024 * 1024), "larger than 20 MB"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_study_is_refused_at_the_page(
    case: str, told: Room, browser_of: Callable[[str], Any]
) -> None:
    from commonweal.web.studies.models import StudyOrder

    content, words = HOSTILE[case]
    amara = browser_of("amara")
    given = {"order": "1" * 32, "file": SimpleUploadedFile("s.zip", content)}
    answer = amara.post(f"/studies/{LIVE}/send", given)
    assert answer.status_code == 200
    assert words in Page(answer).text
    assert StudyOrder.objects.count() == 0


def test_odd_names_and_odd_orders(told: Room, browser_of: Callable[[str], Any]) -> None:
    from commonweal.web.studies.models import StudyOrder

    amara = browser_of("amara")

    def post(order: str, **file: Any) -> int:
        return int(amara.post(f"/studies/{LIVE}/send", {"order": order, **file}).status_code)

    for name in ("../../etc/passwd", '<b>x</b>".zip', "a\r\nSet-Cookie: b", "x" * 300, "\u202egnp"):
        given = SimpleUploadedFile("s.zip", b"PK\3\4")
        given.name = name
        assert post(f"{StudyOrder.objects.count():032x}", file=given) in (200, 302)
    for row in StudyOrder.objects.all():
        assert len(row.file_name) <= 120
        assert set(row.file_name) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._ -"
        )
    before = StudyOrder.objects.count()
    for odd in ("../" * 8, "g" * 32, "A" * 32, "1" * 31):
        assert post(odd, file=SimpleUploadedFile("s.zip", b"PK\3\4")) == 404, odd
    assert post("2" * 33, file=SimpleUploadedFile("s.zip", b"PK\3\4")) == 200
    assert post("3" * 32) == 200  # no file
    two = [SimpleUploadedFile(f"{n}.zip", b"PK\3\4") for n in range(2)]
    assert post("4" * 32, file=two) == 200
    assert StudyOrder.objects.count() == before


def test_an_order_of_somebody_else_is_nobodys(told: Room, tmp_path: Path) -> None:
    made = sent(b"PK\3\4", order="5" * 32)
    assert sent(b"PK\3\4", order="5" * 32).pk == made.pk
    assert code_of(lambda: sent(b"PK\3\4", "bethan", order="5" * 32)) == "CW-WEB-NOT-FOUND"
    assert code_of(lambda: sent(b"PK\3\4", "farah")) == "CW-WEB-DENIED"


def test_a_day_has_so_many_studies(told: Room, clock: FixedClock) -> None:
    from commonweal.web.studies.models import StudyOrder
    from commonweal.web.studies.telling import room_is
    from tests.web.studies.test_who_may import made_job

    for _ in range(5):
        sent(b"PK\3\4")  # nobody knows yet how many there may be: they wait
    room_is(runs=True, code="", jobs_a_day=6)
    sent(b"PK\3\4")
    assert code_of(lambda: sent(b"PK\3\4", "bethan")) == "CW-JOB-QUOTA"
    now = clock.now()
    StudyOrder.objects.update(state="refused", ended_at=now)
    for number in range(5):
        made_job(reference=f"job-{number}", shown="cancelled", submitted_at=now)
    made_job(reference="job-old", submitted_at=now - timedelta(days=2))
    sent(b"PK\3\4")
    assert code_of(lambda: sent(b"PK\3\4")) == "CW-JOB-QUOTA"
    clock.advance(timedelta(days=1))
    sent(b"PK\3\4")
    for _ in range(17):  # files that come to nothing are counted as well
        bare_order(state="refused")
    assert code_of(lambda: sent(b"PK\3\4")) == "CW-JOB-QUOTA"


# --- in the room ----------------------------------------------------------------------------------


def refusal(room: Room, content: bytes, who: str = "amara") -> tuple[str, str]:
    """Code and sentence with which the room refuses a study; nothing is kept of it."""
    made = bare_order(content=content, asked_by=person(who))
    assert room.work("TakeStudies") == 1
    row = order(made)
    assert row.state == "refused"
    assert row.content is None
    assert not list((room.home / "enclave" / "incoming").iterdir())
    return row.code, row.sentence


def test_the_room_refuses_what_the_page_could_not_see(room: Room, tmp_path: Path) -> None:
    good = study(tmp_path / "s")
    assert refusal(room, b"PK\3\4" + b"x" * 99)[0] == "CW-STUDY-BUNDLE"
    assert "no study.yaml" in refusal(room, zipped({"main.py": b""}))[1]
    assert (
        "far more than its size"
        in refusal(room, zipped({"study.yaml": b"", "zeros": b"\0" * 2_000_000}))[1]
    )
    assert refusal(room, zipped({"study.yaml": b"study: 1\n"}))[0] == "CW-STUDY-INVALID"
    assert refusal(room, zipped({"study.yaml": b"a: &a [*a]\n"}))[0] == "CW-YAML-INVALID"
    assert refusal(room, b"# v2 git bundle\n")[0] == "CW-STUDY-BUNDLE"
    assert refusal(room, study(tmp_path / "m", limits={"minutes": 20_000}))[0] == "CW-STUDY-LIMITS"
    assert refusal(room, study(tmp_path / "r", runtime="other"))[0] == "CW-STUDY-RUNTIME"
    # The web says who asked and for which permit; the home's own permit says whether they may.
    assert refusal(room, good, "divya")[0] == "CW-PERMIT-PERSON"
    models = [{"file": "m.onnx", "kind": "model", "about": "a model"}]
    assert refusal(room, study(tmp_path / "t", outputs=models))[0] == "CW-PERMIT-ACTION"
    assert room.queued() == []


def test_orders_that_were_made_up_in_the_database(room: Room, tmp_path: Path) -> None:
    for permit in ("permit-1", "permit-none", "../../permits/permit-0"):
        made = bare_order(content=study(tmp_path / "s"), permit=permit)
        room.work("TakeStudies")
        assert order(made).state == "refused", permit
    made = bare_order()  # without a file
    room.work("TakeStudies")
    assert order(made).code == "CW-STUDY-FILE"
    assert room.queued() == []


def test_only_the_projects_people_take_back(room: Room, tmp_path: Path) -> None:
    sent(study(tmp_path / "s"))
    room.work("TakeStudies")
    (queued,) = room.queued()
    for changes in ({"asked_by": person("divya")}, {"permit": "permit-1"}, {"job": "job-none"},
                    {"asked_by": person("farah")}):  # fmt: skip
        made = bare_order(**({"kind": "cancel", "job": queued.id} | changes))
        assert room.work("take_backs") == 1
        assert (order(made).state, order(made).code) == ("refused", "CW-JOB-UNKNOWN")
    assert room.queued()[0].state == "queued"
    made = bare_order(kind="cancel", job=queued.id, asked_by=person("bethan"))
    room.work("take_backs")
    assert order(made).state == "done"
    assert room.queued()[0].state == "cancelled"


# --- workers that die -----------------------------------------------------------------------------


class Killed(BaseException):
    """As a kill does it: nothing after it runs but what always does."""


@pytest.mark.parametrize("where", ["take_in_bundle", "record", "submit", "done"])
def test_a_worker_that_dies_between_two_steps_leaves_one_job(
    where: str, room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.enclave.packing import Shelf
    from commonweal.enclave.queue import Queue
    from commonweal.vault.release.job_desk import JobDesk
    from commonweal.web.studies import services
    from commonweal.web.studies.models import StudyOrder

    place = {"take_in_bundle": Shelf, "record": JobDesk, "submit": Queue, "done": services}[where]
    real = getattr(place, where)

    def dies(*given: Any, **named: Any) -> Any:
        real(*given, **named)
        raise Killed

    made = sent(study(tmp_path / "s"))
    with monkeypatch.context() as patch:
        patch.setattr(place, where, dies)
        with pytest.raises(Killed):
            room.work("TakeStudies")
    assert (order(made).state, order(made).attempts) == ("running", 1)
    assert room.work("TakeStudies") == 0  # its lease is not over
    StudyOrder.objects.update(lease_until=None)
    assert room.work("TakeStudies") == 1
    (queued,) = room.queued()
    row = order(made)
    assert (row.state, row.job, row.content) == ("done", queued.id, None)
    room.work()
    assert [one.state for one in room.queued()] == ["finished"]


def test_after_three_times_it_is_given_up_and_nothing_of_it_is_kept(
    room: Room, tmp_path: Path, browser_of: Callable[[str], Any]
) -> None:
    from commonweal.web import orders
    from commonweal.web.studies import services
    from commonweal.web.studies.models import StudyOrder

    made = sent(study(tmp_path / "s"))
    for _ in range(orders.MOST_ATTEMPTS):
        assert services.take(("submit",)).pk == made.pk
        StudyOrder.objects.update(lease_until=None)
    amara = browser_of("amara")
    assert "has stopped answering" in Page(amara.get(f"/studies/{LIVE}/")).text
    assert services.take(("submit",)) is None
    row = order(made)
    assert (row.state, row.code, row.content) == ("failed", "CW-STUDY-CUT-OFF", None)
    assert "Not taken in" in Page(amara.get(f"/studies/{LIVE}/")).text


def test_a_worker_that_lost_its_order_writes_nothing(room: Room, tmp_path: Path) -> None:
    from commonweal.web.studies import services
    from commonweal.web.studies.models import StudyOrder

    made = sent(study(tmp_path / "s"))
    first = services.take(("submit",))
    StudyOrder.objects.update(lease_until=None)
    second = services.take(("submit",))
    assert not services.done(first, "job-x")
    services.refuse(first, "CW-STUDY-FILES", "A link.")
    row = order(made)
    assert (row.state, row.job, row.content is None) == ("running", "", False)
    assert services.done(second, "job-y")
    assert order(made).job == "job-y"


def test_another_job_under_the_same_name_is_not_taken_for_it(room: Room, tmp_path: Path) -> None:
    """Whoever writes into the database can choose an order's id, and so its job's name."""
    made = sent(study(tmp_path / "s"))
    room.work("TakeStudies")
    first = order(made)
    from commonweal.web.studies.models import StudyOrder

    StudyOrder.objects.filter(pk=first.pk).update(
        state="queued", ended_at=None, worker="", content=study(tmp_path / "o", "print(2)\n"),
        asked_by=person("bethan"),
    )  # fmt: skip
    room.work("TakeStudies")
    assert (order(made).state, order(made).code) == ("refused", "CW-JOB-STEP")
    assert [one.submitted_by for one in room.queued()] == ["amara"]


def test_what_cannot_begin_now_waits_again(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.studies import workers

    made = sent(study(tmp_path / "s"))

    def busy(*_: Any) -> Any:
        raise Unavailable("CW-BUSY", "Another run is working on the same thing.")

    with monkeypatch.context() as patch:
        patch.setattr(workers, "submit", busy)
        with pytest.raises(Unavailable):
            room.work("TakeStudies")
    assert (order(made).state, order(made).attempts) == ("queued", 0)
    assert order(made).content is not None
    room.work("TakeStudies")
    assert order(made).state == "done"


def test_an_error_nobody_foresaw_leaves_no_word_of_itself(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.studies import workers

    made = sent(study(tmp_path / "s"))

    def broken(*_: Any) -> Any:
        raise ValueError("9434765919 is not a date")

    monkeypatch.setattr(workers, "submit", broken)
    with pytest.raises(ValueError, match="9434765919"):
        room.work("TakeStudies")
    row = order(made)
    assert (row.state, row.code, row.content) == ("failed", "CW-INTERNAL", None)
    assert "9434765919" not in row.sentence


def test_what_a_crash_left_in_the_folder_of_files_goes(room: Room, tmp_path: Path) -> None:
    import os

    folder = room.home / "enclave" / "incoming"
    folder.mkdir(mode=0o700)
    old, new = folder / "job-old", folder / "job-new"
    for one in (old, new):
        one.write_bytes(b"x")
    os.utime(old, (0, 0))
    sent(study(tmp_path / "s"))
    room.work("TakeStudies")
    assert [one.name for one in folder.iterdir()] == ["job-new"]
