"""Studies by program: the same services and refusals as at the page, for keys that allow it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from commonweal.foundation.clock import FixedClock
from tests.web.conftest import new_client
from tests.web.studies.room import LIVE, PAUSED, Room, person, study
from tests.web.studies.test_who_may import made_job

ALL = ("studies:read", "studies:send")


@pytest.fixture
def told(bare_room: Room) -> Room:
    bare_room.work("TellNames")
    return bare_room


class Program:
    """A program with a key of somebody."""

    def __init__(self, who: str, *scopes: str) -> None:
        from commonweal.web.accounts.services import make_token

        _, secret = make_token(person(who), "test", scopes or ALL)
        self.headers = {"Authorization": f"Bearer {secret}"}
        self.client = new_client()

    def get(self, path: str) -> tuple[int, Any]:
        answer = self.client.get(f"/api/v1{path}", headers=self.headers)
        return answer.status_code, answer.json()

    def post(self, path: str, content: bytes | None = None) -> tuple[int, Any]:
        given = {} if content is None else {"file": SimpleUploadedFile("s.zip", content)}
        answer = self.client.post(f"/api/v1{path}", given, headers=self.headers)
        return answer.status_code, answer.json()


def code(answer: tuple[int, Any]) -> tuple[int, str]:
    return answer[0], answer[1]["error"]["code"]


def test_sent_looked_at_and_read(clock: FixedClock, room: Room, tmp_path: Path) -> None:
    amara = Program("amara")
    status, sent = amara.post(f"/permits/{LIVE}/studies", study(tmp_path / "s"))
    assert (status, sent["state"], sent["kind"], sent["study"]) == (202, "queued", "send", None)
    room.work()
    status, found = amara.get(f"/studies/orders/{sent['order']}")
    assert (status, found["state"]) == (200, "done")
    address = f"/studies/{found['study']}"
    assert amara.get(address)[1]["state"] == "waiting"
    assert amara.get(address)[1]["report"] is None
    clock.advance(timedelta(minutes=15))
    room.work()
    one = amara.get(address)[1]
    assert one["state"] == one["report"]["state"] == "finished"
    assert one["outputs"] == [{"file": "table.json", "kind": "request", "about": "a table"}]
    assert Program("bethan").get("/studies")[1]["studies"] == [one]
    assert Program("divya").get("/studies")[1]["total"] == 0
    assert code(amara.post(f"{address}/take-back")) == (403, "CW-JOB-STEP")


def test_taking_back_is_asked_once(told: Room) -> None:
    made_job()
    amara = Program("amara")
    first = amara.post("/studies/job-aaaabbbbccccdddd/take-back")
    assert first[0] == 202
    assert first[1]["kind"] == "take_back"
    assert Program("bethan").post("/studies/job-aaaabbbbccccdddd/take-back") == first
    assert code(Program("bethan").get(f"/studies/orders/{first[1]['order']}"))[0] == 404


def test_keys_that_do_not_allow_it(told: Room) -> None:
    made_job()
    reads, sends = Program("amara", "studies:read"), Program("amara", "studies:send")
    other = Program("amara", "permits:read", "me:read")
    for path in ("/studies", "/studies/job-aaaabbbbccccdddd", f"/studies/orders/{'0' * 32}"):
        for program in (sends, other):
            assert code(program.get(path)) == (403, "CW-API-SCOPE"), path
    for path in (f"/permits/{LIVE}/studies", "/studies/job-aaaabbbbccccdddd/take-back"):
        for program in (reads, other):
            assert code(program.post(path, b"PK\3\4")) == (403, "CW-API-SCOPE"), path
        assert code(_keyless(path)) == (401, "CW-API-TOKEN")


def _keyless(path: str) -> tuple[int, Any]:
    answer = new_client().post(f"/api/v1{path}")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("who", ["divya", "farah", "edward", "rosa", "owen", "tara"])
def test_whoever_the_permit_does_not_name_learns_of_nothing(who: str, told: Room) -> None:
    made_job()
    program = Program(who)
    assert program.get("/studies")[1]["studies"] == []
    for answer in (
        program.get("/studies/job-aaaabbbbccccdddd"),
        program.post("/studies/job-aaaabbbbccccdddd/take-back"),
        program.post(f"/permits/{LIVE}/studies", b"PK\3\4"),
        program.post("/permits/permit-none/studies", b"PK\3\4"),
    ):
        assert code(answer) == (404, "CW-API-NOT-FOUND")


def test_the_same_refusals_as_at_the_page(told: Room) -> None:
    from commonweal.web.studies.models import Named, StudyOrder
    from commonweal.web.studies.telling import room_is

    amara = Program("amara")
    for content, wanted in ((b"", "CW-STUDY-FILE"), (b"#!/bin/sh", "CW-STUDY-FILE"),
                            (b"PK\3\4" + b"x" * (20 * 1024 * 1024), "CW-STUDY-FILE")):  # fmt: skip
        assert code(amara.post(f"/permits/{LIVE}/studies", content)) == (403, wanted)
    far = b"PK\3\4" + b"x" * (22 * 1024 * 1024)
    assert code(amara.post(f"/permits/{LIVE}/studies", far)) == (403, "CW-STUDY-FILE")
    assert code(amara.post(f"/permits/{LIVE}/studies")) == (403, "CW-STUDY-FILE")
    Named.objects.create(permit=PAUSED, project="project-1", person="amara")
    assert code(amara.post(f"/permits/{PAUSED}/studies", b"PK\3\4")) == (403, "CW-STUDY-CLOSED")
    room_is(runs=True, code="", jobs_a_day=1)
    assert amara.post(f"/permits/{LIVE}/studies", b"PK\3\4")[0] == 202
    assert code(amara.post(f"/permits/{LIVE}/studies", b"PK\3\4")) == (403, "CW-JOB-QUOTA")
    assert StudyOrder.objects.count() == 1


def test_a_list_asks_the_database_as_often_however_long_it_is(
    told: Room, db: Callable[..., None]
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    amara, found = Program("amara"), []
    for number in range(2):
        with CaptureQueriesContext(connection) as asked:
            amara.get("/studies")
        found.append(len(asked))
        for one in range(30):
            made_job(reference=f"job-{number}-{one}")
    assert found[0] == found[1]
