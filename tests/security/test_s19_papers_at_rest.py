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

from tests.output_house import refused
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.review_house import OUT, furnish, papers, signed_in, vote

SEALED = ("manifest", "findings", "tables", "earlier", "votes")


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
    return [sentence.encode(), found.manifest.context.encode(), b'"rows"', b"NOT-FOR-OTHERS"]


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
    row.manifest = row.earlier = {}
    row.votes = []
    row.save()
    ReviewPapers.objects.filter(pk=row.pk).update(turn=1)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE outputs_reviewpapers SET findings = tables")
    assert ReviewPapers.objects.get().findings is None
    assert ReviewPapers.objects.get().tables == {"b": 2}


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
