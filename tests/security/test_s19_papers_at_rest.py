"""S19: the service's database lies in the home, and holds what reviewers read of an output.

The naive twin keeps it as JSON, as it was kept before. Ours is sealed under a key that lies in
memory only: not in the home, nor made of anything that is in it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import Fault
from tests.output_house import refused
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.review_house import OUT, furnish, papers, person, signed_in, vote

SEALED = ("manifest", "findings", "tables", "earlier", "code", "votes")


def stored() -> dict[str, Any]:
    """The row as the database has it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(SEALED)} FROM outputs_reviewpapers")
        return dict(zip(SEALED, cursor.fetchone(), strict=True))


def words() -> list[bytes]:
    """What only reviewers may read: a sentence of a finding, a title, a cell, a reviewer's note."""
    found = papers()
    assert found.findings.audit is not None
    sentence = found.findings.audit["findings"][0]["sentence"]
    code = b"made by a job"
    return [sentence.encode(), found.manifest.context.encode(), b'"rows"', code, b"NOT-FOR-OTHERS"]


@pytest.mark.usefixtures("db")
def test_the_database_tells_nothing_of_what_reviewers_read() -> None:
    furnish(votes=[vote("tara", "return", 7, note="NOT-FOR-OTHERS")])
    held = b"".join(bytes(one) for one in stored().values())
    assert not [one for one in words() if one in held]
    # The naive twin: the same row as it was kept before.
    from commonweal.web.outputs.models import ReviewPapers

    row = ReviewPapers.objects.get()
    naive = json.dumps([getattr(row, name) for name in SEALED], ensure_ascii=False).encode()
    assert all(one in naive for one in words())
    assert row.findings == papers().findings.plain()


@pytest.mark.usefixtures("db")
def test_nothing_in_the_home_opens_it(web_home: Path) -> None:  # noqa: F811
    from django.conf import settings

    from commonweal.web.outputs.sealed import papers_key

    furnish()
    key = papers_key(settings.HOME.path)
    assert papers_key(settings.HOME.path) == key
    for path in web_home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert key not in content
            assert key.hex().encode() not in content


@pytest.mark.usefixtures("db")
def test_without_the_key_a_page_says_that_it_is_not_here_yet() -> None:
    """As after a restart of the machine; the airlock's worker tells such a row anew."""
    from django.conf import settings

    from commonweal.web.memory import forget_key
    from commonweal.web.outputs.models import ReviewPapers

    furnish()
    page = f"/outputs/review/{OUT}/"
    assert signed_in("tara").get(page).status_code == 200
    forget_key(settings.HOME.path)
    row = ReviewPapers.objects.get()
    assert {getattr(row, name) for name in SEALED} == {None}
    answer = signed_in("tara").get(page)
    assert answer.status_code in (403, 409)
    assert b"not here yet" in answer.content
    # A row that is swapped into another field does not open either.
    row.findings, row.tables = {"a": 1}, {"b": 2}
    row.manifest = row.earlier = row.code = {}
    row.votes = []
    row.save()
    ReviewPapers.objects.filter(pk=row.pk).update(turn=1)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE outputs_reviewpapers SET findings = tables")
    assert ReviewPapers.objects.get().findings is None
    assert ReviewPapers.objects.get().tables == {"b": 2}


# --- sealed for its row and turn ----------------------------------------------------------------

SECOND = "out-2"
CHECKER_PAGES = ("", "code", "together", "files/1")


def swap(columns: tuple[str, ...]) -> None:
    """Exchange columns of the papers of two outputs, as whoever owns the database can."""
    sql(
        "CREATE TEMPORARY TABLE swapped AS SELECT * FROM outputs_reviewpapers",
        *(f"UPDATE outputs_reviewpapers SET {one} = (SELECT {one} FROM swapped"
          " WHERE swapped.output_id <> outputs_reviewpapers.output_id)" for one in columns),
        "DROP TABLE swapped",
    )  # fmt: skip


def sql(*statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for one in statements:
            cursor.execute(one)


def naive_swap_is_seen(columns: tuple[str, ...]) -> bool:
    """The naive twin, bound to the column alone: sealed bytes open in whatever row they lie."""
    from django.conf import settings

    from commonweal.foundation.sealing import seal_bytes, unseal_bytes
    from commonweal.web.outputs.sealed import papers_key

    key = papers_key(settings.HOME.path)
    rows = {
        name: {one: seal_bytes(name.encode(), key, f"review-papers/{one}") for one in columns}
        for name in (OUT, SECOND)
    }
    rows[OUT], rows[SECOND] = rows[SECOND], rows[OUT]
    try:
        told = [unseal_bytes(rows[OUT][one], key, f"review-papers/{one}", "") for one in columns]
    except Fault:
        return True
    assert told == [SECOND.encode()] * len(columns)
    return False


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("columns", [*((one,) for one in SEALED), SEALED], ids=[*SEALED, "all"])
def test_papers_of_another_output_do_not_open_in_this_row(columns: tuple[str, ...]) -> None:
    """Small counts that were found of one output, hidden by the clean figures of another."""
    assert not naive_swap_is_seen(columns)
    from commonweal.web.outputs.models import ReviewPapers

    furnish(votes=[vote("tara", "return", 7)])
    furnish(name=SECOND)
    tara = signed_in("tara")
    pages = [f"/outputs/review/{name}/{part}" for name in (OUT, SECOND) for part in CHECKER_PAGES]
    assert {tara.get(one).status_code for one in pages} == {200}
    swap(columns)
    for row in ReviewPapers.objects.all():
        assert {getattr(row, one) for one in columns} == {None}
        assert not row.is_whole()
    for one in pages:
        answer = tara.get(one)
        assert answer.status_code >= 400, one
        assert b"not here yet" in answer.content or b"CW-WEB-VERSION" in answer.content, one
    # A row that is hung on another output takes nothing with it either.
    swap(columns)
    assert {tara.get(one).status_code for one in pages} == {200}


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("column", SEALED)
def test_an_earlier_turn_is_not_put_back(column: str) -> None:
    from commonweal.web.outputs.models import ReviewPapers

    row = furnish()
    before = stored()
    again = ReviewPapers.objects.get(output=row)
    assert again.is_whole()
    again.turn = 2
    again.save()
    assert ReviewPapers.objects.get().is_whole()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE outputs_reviewpapers SET {column} = %s", [before[column]])
    assert getattr(ReviewPapers.objects.get(), column) is None
    assert not ReviewPapers.objects.get().is_whole()
    # Nor by saying of all of it that it is the earlier turn's.
    sql("UPDATE outputs_reviewpapers SET turn = 1")
    found = ReviewPapers.objects.get()
    assert [one for one in SEALED if getattr(found, one) is not None] == [column]


@pytest.mark.usefixtures("db")
def test_a_file_opens_under_its_own_name_and_output_alone() -> None:
    from commonweal.web.outputs.models import ReviewFile

    furnish()
    furnish(name=SECOND)
    names = sorted(ReviewFile.objects.filter(papers__output__reference=OUT).values_list("path"))
    (first,), (second,) = names[:2]
    content = "(SELECT content FROM outputs_reviewfile AS other WHERE other.path = '{}' AND"
    content += " other.papers_id {} outputs_reviewfile.papers_id)"
    for path, same in ((second, "="), (first, "<>")):
        chosen = ReviewFile.objects.get(papers__output__reference=OUT, path=first)
        kept = bytes(chosen.__dict__["content"])
        assert chosen.content is not None
        wanted = content.format(path, same)
        sql(f"UPDATE outputs_reviewfile SET content = {wanted} WHERE id = {chosen.pk}")
        chosen = ReviewFile.objects.get(pk=chosen.pk)
        assert bytes(chosen.__dict__["content"]) != kept
        assert chosen.content is None
        address = f"/outputs/review/{OUT}/files"
        numbers = [one.path for one in papers().manifest.leaving()]
        text = f"{address}/{numbers.index(first) + 1}/text"
        assert signed_in("tara").get(text).status_code == 404
        chosen.content = "AAAA"
        chosen.save()


@pytest.mark.usefixtures("db")
def test_nothing_is_sealed_without_the_row_that_it_is_for() -> None:
    from django.db import transaction

    from commonweal.web.outputs.models import ReviewPapers

    furnish()
    with pytest.raises(TypeError, match="sealed for one row"), transaction.atomic():
        ReviewPapers.objects.update(votes=[])
    row = ReviewPapers.objects.get()
    before = stored()
    row.refused = "CW-PERMIT-NOT-LIVE"
    row.save()
    assert {name: bytes(one) for name, one in stored().items()} == {
        name: bytes(one) for name, one in before.items()
    }  # what nobody looked at is not sealed anew
    only = ReviewPapers.objects.only("refused").get()
    assert only.findings == papers().findings.plain()


# --- files that wait for who asked --------------------------------------------------------------

CONTENT = b"PK\x03\x04 NOT-FOR-OTHERS"


def order_of(who: str) -> Any:
    """An order for files that is done, as the airlock's worker ends it."""
    from commonweal.web import orders
    from commonweal.web.config import clock
    from commonweal.web.outputs import services
    from commonweal.web.outputs.models import OutputOrder

    OutputOrder.objects.create(
        kind="download", output=OUT, permit="permit-0", job="job-1", asked_by=person(who),
        asked_at=clock.now(),
    )  # fmt: skip
    order = services.take(("download",))
    assert order is not None
    assert services.finish(order, CONTENT)
    assert OutputOrder.objects.get(pk=order.pk).state == orders.DONE
    return order


@pytest.mark.usefixtures("db")
def test_files_that_wait_to_be_fetched_are_sealed_for_who_asked() -> None:
    from django.conf import settings
    from django.db import connection

    from commonweal.web.memory import forget_key
    from commonweal.web.outputs import services
    from commonweal.web.outputs.models import OutputOrder

    first, second = order_of("amara"), order_of("bethan")
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM outputs_outputorder")
        held = [bytes(one) for (one,) in cursor.fetchall()]
    assert len(held) == 2
    assert not any(b"NOT-FOR-OTHERS" in one for one in held)
    naive = OutputOrder(content=CONTENT)  # the row as it was kept before
    assert b"NOT-FOR-OTHERS" in naive.content
    amara = person("amara")
    assert services.files_of(amara, first.pk).content == CONTENT
    refused("CW-WEB-NOT-FOUND", services.files_of, amara, second.pk)
    # Somebody else's order that is said to be one's own, and one's own with other files in it.
    OutputOrder.objects.filter(pk=second.pk).update(asked_by=amara)
    refused("CW-LEAVING-STATE", services.files_of, amara, second.pk)
    sql(
        f"UPDATE outputs_outputorder SET content = (SELECT content FROM outputs_outputorder"
        f" WHERE id = '{second.pk}') WHERE id = '{first.pk}'"
    )
    refused("CW-LEAVING-STATE", services.files_of, amara, first.pk)
    third = order_of("amara")
    assert services.files_of(amara, third.pk).content == CONTENT
    forget_key(settings.HOME.path)
    refused("CW-LEAVING-STATE", services.files_of, amara, third.pk)


HOMES = [Path(f"home-{number}") for number in range(5)]


# --- where the key lies ---------------------------------------------------------------------


@pytest.fixture
def memory() -> Iterator[Path]:
    import shutil

    folder = Path("/dev/shm") / f"commonweal-test-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.usefixtures("web_home")
def test_the_key_lies_in_memory_and_is_ours_alone(memory: Path, tmp_path: Path) -> None:
    from commonweal.web.memory import folder_of, forget_key
    from commonweal.web.outputs.sealed import papers_key

    key = papers_key(HOMES[1], memory)
    assert len(key) == 32
    assert papers_key(HOMES[2], memory) != key
    assert (folder_of(HOMES[1], memory) / "key").stat().st_mode & 0o777 == 0o600
    forget_key(HOMES[1], memory)
    assert papers_key(HOMES[1], memory) != key
    folder_of(HOMES[1], memory).chmod(0o755)
    refused("CW-LEAVING-MEMORY", papers_key, HOMES[1], memory)
    (folder_of(HOMES[2], memory) / "key").write_bytes(b"short")
    refused("CW-LEAVING-MEMORY", papers_key, HOMES[2], memory)
    folder_of(HOMES[3], memory).symlink_to(folder_of(HOMES[2], memory))
    refused("CW-LEAVING-MEMORY", papers_key, HOMES[3], memory)
    if tmp_path.stat().st_dev != memory.stat().st_dev:
        refused("CW-LEAVING-MEMORY", papers_key, HOMES[4], tmp_path)
