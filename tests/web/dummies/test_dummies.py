"""Made-up data by page: asked for, made by the vault's worker, fetched, cleared away."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from commonweal.enclave.dummy.writing import MARK, MARK_KEY
from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import Refused
from commonweal.web.accounts.people import PEOPLE
from tests.web.conftest import Page
from tests.web.dummies.room import again, ask, code_of, files, inside, made, person, work
from tests.web.ingress.room import Room
from tests.web.ingress.test_crash import cut_off
from tests.web.own_permits import MEMBERS, OWN
from tests.web.releases.room import LIVE

ADDRESS = f"/made-up-data/{OWN}/"


def fetched(client: Any, order: Any) -> Any:
    return client.post(f"{ADDRESS}{order.pk}/fetch")


# --- the way that is meant ------------------------------------------------------------------------


def test_asked_made_and_fetched(bare: Room, browser_of: Callable[[str], Any]) -> None:
    amara = browser_of("amara")
    assert "Winter wards" in Page(amara.get("/made-up-data/")).text
    answer = amara.post(ADDRESS, {"patients": "1,500", "seed": "7"})
    assert answer.status_code == 302
    page = Page(amara.get(ADDRESS))
    assert "It waits for the worker." in page.text
    assert not page.every("input", name="patients")
    work(bare.home)
    page = Page(amara.get(ADDRESS))
    assert "No figure in these data is about anybody." in page.text
    assert "Ready to fetch" in page.text
    assert "1,500" in page.text
    assert page.every("input", name="seed")[0]["value"] == "7"
    from commonweal.web.dummies.models import DummyOrder

    order = DummyOrder.objects.get()
    answer = fetched(amara, order)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="made-up-{OWN}-1500-7.zip"'
    with inside(answer.content) as archive:
        assert archive.testzip() is None
        assert archive.read("MADE-UP.txt").decode().startswith(MARK)
        table = pq.read_table(io.BytesIO(archive.read("data/patients/part-0.parquet")))
        assert table.num_rows == 1500
        assert table.schema.metadata[MARK_KEY].decode() == MARK
        plain = pyarrow.csv.read_csv(io.BytesIO(archive.read("csv/patients.csv")))
        assert plain.column_names == table.column_names
        assert plain.num_rows == 1500


def test_codes_are_the_same_in_both_forms_and_link_tables() -> None:
    from commonweal.enclave.dummy import zipped
    from tests.unit.enclave.test_dummy import made as make_up

    with inside(zipped(make_up(200))) as archive:
        for table in ("patients", "admissions", "tests"):
            rows = pq.read_table(io.BytesIO(archive.read(f"data/{table}/part-0.parquet")))
            plain = pyarrow.csv.read_csv(
                io.BytesIO(archive.read(f"csv/{table}.csv")),
                convert_options=pyarrow.csv.ConvertOptions(strings_can_be_null=True),
            )
            for name in rows.column_names:
                if str(rows[name].type) == "binary":
                    codes = [one and one.hex() for one in rows[name].to_pylist()]
                    assert plain[name].to_pylist() == codes, (table, name)


def test_the_same_seed_makes_the_same_bytes_again(bare: Room) -> None:
    from commonweal.web.dummies import services

    def content(**asked: Any) -> bytes:
        return services.fetch(person("amara"), made(bare.home, **asked))

    first = content(seed=5)
    assert content(seed=5) == first
    assert content(seed=6) != first
    assert content(seed=5, patients=21) != first


# --- who may --------------------------------------------------------------------------------------


def test_only_the_people_of_the_project(bare: Room, browser_of: Callable[[str], Any]) -> None:
    order = made(bare.home)
    for one in PEOPLE:
        client = browser_of(one.id)
        own = one.id in MEMBERS
        assert client.get(ADDRESS).status_code == (200 if own else 404), one.id
        assert ("Winter wards" in Page(client.get("/made-up-data/")).text) is own
        if not own:
            assert client.post(ADDRESS, {"patients": "5", "seed": "1"}).status_code == 404
            assert code_of(lambda who=one.id: ask(who)) == "CW-WEB-NOT-FOUND"  # type: ignore[misc]
        # Each fetches what they asked for themselves.
        assert fetched(client, order).status_code == (200 if one.id == "amara" else 404), one.id


def test_not_for_another_permit_nor_at_another_address(
    bare: Room, browser_of: Callable[[str], Any]
) -> None:
    order, amara = made(bare.home), browser_of("amara")
    for permit in (LIVE, "permit-99", ".."):
        assert amara.get(f"/made-up-data/{permit}/").status_code == 404
        assert amara.post(f"/made-up-data/{permit}/{order.pk}/fetch").status_code == 404
    assert amara.post(f"{ADDRESS}{'0' * 32}/fetch").status_code == 404
    assert amara.get(f"{ADDRESS}{order.pk}/fetch").status_code == 405


def test_signed_out_and_gone_from_the_project(
    bare: Room, client: Any, browser_of: Callable[[str], Any]
) -> None:
    from commonweal.web.applications.models import CoAuthor

    order = made(bare.home)
    for path in ("/made-up-data/", ADDRESS):
        assert client.get(path).status_code == 302
    amara = browser_of("amara")
    CoAuthor.objects.filter(person__public_id="amara").delete()
    assert amara.get(ADDRESS).status_code == 404
    assert fetched(amara, order).status_code == 404


# --- what is not taken ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patients", "seed", "words"),
    [
        ("0", "1", "The number of patients must be 1 to 100,000."),
        ("100001", "1", "The number of patients must be 1 to 100,000."),
        ("-5", "1", "must be a whole number"),
        ("1e3", "1", "must be a whole number"),
        ("\u0661\u0662", "1", "must be a whole number"),
        ("1.5", "1", "must be a whole number"),
        ("", "1", "Say how many made-up patients"),
        ("10", "", "Give a seed"),
        ("10", "1000000001", "The seed must be 0 to 1,000,000,000."),
        ("10", "9" * 4000, "must be a whole number"),
    ],
)
def test_numbers_that_are_none(
    bare: Room, browser_of: Callable[[str], Any], patients: str, seed: str, words: str
) -> None:
    from commonweal.web.dummies.models import DummyOrder

    answer = browser_of("amara").post(ADDRESS, {"patients": patients, "seed": seed})
    assert words in Page(answer).text
    assert not DummyOrder.objects.exists()


def test_one_order_a_person_at_a_time(bare: Room, browser_of: Callable[[str], Any]) -> None:
    from django.db import IntegrityError, transaction

    from commonweal.web.dummies.models import DummyOrder

    first = ask()
    assert code_of(ask) == "CW-DUMMY-ORDER"
    assert browser_of("amara").post(ADDRESS, {"patients": "5", "seed": "1"}).status_code == 403
    with pytest.raises(IntegrityError), transaction.atomic():
        DummyOrder.objects.create(permit="x", asked_by=first.asked_by, asked_at=first.asked_at)
    assert ask("bethan").state == "queued"


def test_more_than_a_page_gives(bare: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.enclave.dummy.packing import zipped
    from commonweal.web.dummies import workers

    monkeypatch.setattr(workers, "zipped", lambda one: zipped(one, most_bytes=1000))
    order = made(bare.home)
    assert (order.state, order.code, files()) == ("refused", "CW-DUMMY-LARGE", 0)
    assert "larger" in order.sentence or "more than" in order.sentence


def test_a_permit_that_the_home_does_not_have(bare: Room) -> None:
    """The row says so, the home does not: the worker believes the home."""
    from commonweal.web.dummies.models import DummyOrder

    order = ask()
    DummyOrder.objects.filter(pk=order.pk).update(permit="permit-77")
    work(bare.home)
    assert (again(order).state, again(order).code) == ("refused", "CW-PERMIT-UNKNOWN")
    assert files() == 0


def test_words_of_the_vault_stay_there(bare: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.web.dummies import workers

    def refuses(*_: Any, **__: Any) -> Any:
        raise Refused("CW-CATALOGUE-UNKNOWN", "secret-place/records of 9434765919")

    monkeypatch.setattr(workers, "make", refuses)
    order = made(bare.home)
    assert order.code == "CW-CATALOGUE-UNKNOWN"
    assert "secret-place" not in order.sentence


# --- how long it is there -------------------------------------------------------------------------


def test_it_stays_a_quarter_of_an_hour_after_it_was_fetched(
    bare: Room, browser_of: Callable[[str], Any], at: Callable[[Any], None]
) -> None:
    from commonweal.web.config import clock
    from commonweal.web.dummies.services import clear_away

    order, now = made(bare.home), clock.now()
    amara = browser_of("amara")
    assert fetched(amara, order).status_code == 200
    assert fetched(amara, order).status_code == 200  # a double click does no harm
    assert clear_away() == 0
    at(FixedClock(now + timedelta(minutes=16)))
    amara = browser_of("amara")
    assert fetched(amara, order).status_code == 403  # gone, whether or not it was cleared away
    assert clear_away() == 1
    page = Page(amara.get(ADDRESS))
    assert "not here any more" in page.text
    assert "Download" not in page.text


def test_it_stays_a_day_when_nobody_fetches_it(bare: Room, at: Callable[[Any], None]) -> None:
    from commonweal.web.config import clock
    from commonweal.web.dummies import services

    order, now = made(bare.home), clock.now()
    at(FixedClock(now + timedelta(hours=23)))
    assert services.clear_away() == 0
    at(FixedClock(now + timedelta(hours=24, minutes=1)))
    assert code_of(lambda: services.fetch(person("amara"), order)) == "CW-DUMMY-GONE"
    work(bare.home)
    assert files() == 0


def test_a_new_order_takes_the_place_of_the_last(bare: Room) -> None:
    made(bare.home)
    made(bare.home, seed=2)
    assert files() == 1


# --- workers that are stopped ---------------------------------------------------------------------


@pytest.mark.parametrize("place", ["make", "zipped"])
def test_killed_while_it_is_made(bare: Room, place: str) -> None:
    from commonweal.web.dummies.models import DummyOrder

    order = ask()
    cut_off(f"commonweal.web.dummies.workers.{place}", lambda: work(bare.home))
    assert (again(order).state, files()) == ("running", 0)
    DummyOrder.objects.update(lease_until=None)
    work(bare.home)
    assert (again(order).state, files()) == ("done", 1)


def test_killed_each_time_it_is_given_up(bare: Room) -> None:
    from commonweal.web.dummies.models import DummyOrder

    order = ask()
    for _ in range(3):
        cut_off("commonweal.web.dummies.workers.make", lambda: work(bare.home))
        DummyOrder.objects.update(lease_until=None)
    work(bare.home)
    assert (again(order).state, again(order).code) == ("failed", "CW-DUMMY-CUT-OFF")
    assert ask().state == "queued"


def test_who_lost_the_lease_keeps_nothing(bare: Room) -> None:
    from commonweal.web.dummies import services
    from commonweal.web.dummies.models import DummyFile, DummyOrder

    order = ask()
    first = services.take()
    assert first is not None
    DummyOrder.objects.update(lease_until=None)
    work(bare.home)
    held = bytes(DummyFile.objects.get().content)
    assert services.keep(first, b"other", {}) is False
    assert bytes(DummyFile.objects.get().content) == held
    assert again(order).result["bytes"] == len(held)


def test_people_without_a_permit_read_what_it_is_for_and_who_can_use_it(bare: Room) -> None:
    from tests.web.outputs.review_house import signed_in

    for who, staff in (("edward", True), ("farah", True), ("divya", False)):
        text = Page(signed_in(who).get("/made-up-data/")).text
        assert "You have no permit of your own" in text, who
        assert "Researchers write and try out their study on it" in text
        assert ("If you work for the hospital" in text) is staff
        assert ("It is for the people of a project" in text) is staff
        assert ("Your applications" in text) is not staff


def test_only_the_vault_has_steps() -> None:
    from commonweal.web.dummies.workers import steps

    assert [len(steps(room)) for room in ("vault", "signer", "enclave", "airlock")] == [2, 0, 0, 0]


def test_no_file_of_the_home_is_written(bare: Room) -> None:
    """Not a byte of the home changes but the ledger's own bookkeeping: nothing is kept there."""

    def seen() -> set[Path]:
        return {one for one in bare.home.rglob("*") if one.is_file()}

    before = seen()
    made(bare.home)
    assert {one for one in seen() - before if "ledger" not in one.name} == set()
