"""Attack: a study hides from who judges its outputs the file that does the work.

People look at the code of what the checks cannot vouch for (S1). A page shows so many files, of so
many bytes, that are text. An author fills the first places with harmless files, pads one, or writes
in latin-1, which Python runs as well: what is not shown must be named, on the page itself.

And whoever owns the database, or the shelf of studies, shows reviewers other code than that which
ran. What they read is held to the hash that the signed manifest has; so is every approval.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commonweal.foundation.errors import Fault, Unavailable
from tests.web.conftest import Page, db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.conftest import airlock, released_home  # noqa: F401 (fixtures)
from tests.web.outputs.review_house import (
    CODE,
    OUT,
    furnish,
    papers,
    signed_in,
    told_code,
    with_code,
)
from tests.web.outputs.room import STUDY as RUN
from tests.web.outputs.room import Airlock, output
from tests.web.outputs.test_review_voting import sent

STUDY = f"sha256:{'5' * 64}"
EVIL = "import os  # reads one person's row\n"


def _told(base: Path, files: dict[str, bytes]) -> dict[str, Any]:
    from commonweal.web.outputs.workers.papers import code_of

    folder = base / "enclave" / "studies" / STUDY.removeprefix("sha256:")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    custody: Any = SimpleNamespace(home=SimpleNamespace(path=base))
    return code_of(custody, STUDY)


@pytest.mark.parametrize(
    "files",
    [
        {**{f"a{number:03}.py": b"pass\n" for number in range(60)}, "z.py": EVIL.encode()},
        {"main.py": b"import z\n", "z.py": EVIL.encode() + b"#" * 200_000},
        {"main.py": b"import z\n", "z.py": b"# coding: latin-1\n# \xe9\n" + EVIL.encode()},
        {"main.py": b"import z\n", "z.py": EVIL.encode() + b"#\0\n"},
    ],
    ids=["many", "long", "latin-1", "nul"],
)
def test_a_file_that_is_not_shown_is_named(
    db: None,  # noqa: F811
    tmp_path: Path,
    files: dict[str, bytes],
) -> None:
    told = _told(tmp_path, files)
    assert set(told) == set(files)
    assert told["z.py"]["text"] is None
    # It is hashed all the same: nothing can be left out of what is held to the study's hash.
    hashes = {path: f"sha256:{hashlib.sha256(one).hexdigest()}" for path, one in files.items()}
    assert {path: one["sha256"] for path, one in told.items()} == hashes


def test_the_page_names_what_it_does_not_show(db: None) -> None:  # noqa: F811
    row = furnish()
    address = f"/outputs/review/{OUT}/code"
    words = "This page does not show all of the code."
    assert words not in Page(signed_in("tara").get(address)).text
    row.delete()
    furnish(made=with_code(papers(), told_code({"main.py": CODE}, "deep/z.py")))
    text = Page(signed_in("tara").get(address)).text
    assert words in text
    assert "deep/z.py" in text
    first = Page(signed_in("tara").get(f"/outputs/review/{OUT}/")).text
    assert "Not all of its code can be shown here." in first


# --- other code than that which ran -------------------------------------------------------------

WRONG = "The code that is here is not the study that made this output"
CHANGED: dict[str, Any] = {
    "another text": told_code({"main.py": CODE + EVIL}),
    "a text under the old hash": {"main.py": told_code({"main.py": CODE})["main.py"] | {
        "text": EVIL}},
    "a file more": told_code({"main.py": CODE, "z.py": EVIL}),
    "another name": told_code({"main2.py": CODE}),
    "no hashes": {"main.py": CODE},
    "a list": [CODE],
    "a link on the shelf": {"main.py": {"sha256": "", "text": None}},
}  # fmt: skip


@pytest.mark.parametrize("code", CHANGED.values(), ids=CHANGED)
def test_code_that_did_not_run_is_not_shown_and_nobody_approves(
    db: None,  # noqa: F811
    code: Any,
) -> None:
    """Sealed by who holds the key, so that only the hash can tell."""
    from commonweal.web.signing.models import Act

    furnish()
    row = _row()
    row.code = code
    row.save()
    tara = signed_in("tara")
    answer = tara.get(f"/outputs/review/{OUT}/code")
    assert b"CW-LEAVING-CODE" in answer.content
    assert EVIL.encode() not in answer.content
    assert WRONG in Page(tara.get(f"/outputs/review/{OUT}/")).text
    refused = tara.post(f"/outputs/review/{OUT}/", sent("approve"))
    assert refused.status_code >= 400
    assert b"CW-LEAVING-CODE" in refused.content
    assert not Act.objects.exists()
    # It can still go back to its author.
    assert tara.post(f"/outputs/review/{OUT}/", sent("return")).status_code == 302
    # The naive twin shows whatever the row has.
    assert _row().code == code


def test_code_that_is_changed_after_it_was_read_stops_the_approval(db: None) -> None:  # noqa: F811
    """Between the page and the signature: the signer looks again before the ledger hears of it."""
    from commonweal.web.outputs.handlers import ReviewHandler
    from commonweal.web.signing.models import Act

    furnish()
    assert signed_in("tara").post(f"/outputs/review/{OUT}/", sent("approve")).status_code == 302
    act = Act.objects.get()
    assert _check(ReviewHandler(), act) == ""
    row = _row()
    row.code = told_code({"main.py": EVIL})
    row.save()
    assert _check(ReviewHandler(), act) == "CW-LEAVING-CODE"
    _sql("UPDATE outputs_reviewpapers SET code = findings")  # another column's sealed bytes
    assert _check(ReviewHandler(), act) == "CW-LEAVING-CODE"
    _sql("UPDATE outputs_reviewpapers SET manifest = findings")
    assert _check(ReviewHandler(), act) == "later: CW-LEAVING-PAPERS"
    _row().delete()
    assert _check(ReviewHandler(), act) == "later: CW-LEAVING-PAPERS"


def test_code_that_is_gone_from_the_shelf_is_said_to_be_gone(db: None) -> None:  # noqa: F811
    furnish()
    assert "Its code is not here." not in Page(signed_in("tara").get(ADDRESS)).text
    row = _row()
    row.code = {}
    row.save()
    assert "Its code is not here." in Page(signed_in("tara").get(ADDRESS)).text
    assert "The code is not here." in Page(signed_in("tara").get(f"{ADDRESS}code")).text


def test_what_the_worker_tells_of_a_shelf_is_the_study_or_shows_that_it_is_not(
    tmp_path: Path,
    web_home: Path,  # noqa: F811
) -> None:
    from commonweal.web.outputs.study_code import is_of

    told = _told(tmp_path, {"main.py": CODE.encode(), "z.py": b"\xff"})
    study = _hash(told)
    assert is_of(told, study)
    assert not is_of(told, STUDY)
    assert not is_of(told, None)
    assert is_of({}, study)
    assert not is_of(None, study)
    folder = tmp_path / "enclave" / "studies" / STUDY.removeprefix("sha256:")
    (folder / "z.py").unlink()
    (folder / "z.py").symlink_to(folder / "main.py")
    again = _told(tmp_path, {})
    assert again["z.py"] == {"sha256": "", "text": None}
    assert not is_of(again, study)


def test_a_shelf_that_was_changed_stops_approvals_until_it_is_as_it_was(
    airlock: Airlock,  # noqa: F811
) -> None:
    """By way of the worker: what it tells of a changed shelf, or finds moved, is told anew."""
    airlock.job()
    airlock.checked()
    airlock.submitted()
    shelf = airlock.home / "enclave" / "studies" / RUN.removeprefix("sha256:")
    shelf.mkdir(parents=True)
    (shelf / "main.py").write_text(EVIL)
    _tell_anew(airlock)
    told = output().papers
    assert told.code["main.py"]["text"] == EVIL
    with pytest.raises(Fault) as caught:
        airlock.vote("tara")
    assert caught.value.code == "CW-LEAVING-CODE"
    (shelf / "main.py").unlink()
    _tell_anew(airlock)
    assert output().papers.code == {}
    _sql("UPDATE outputs_reviewpapers SET tables = earlier")
    assert not output().papers.is_whole()
    _tell_anew(airlock)
    assert output().papers.is_whole()
    assert airlock.vote("tara").state == "heard"


def _tell_anew(airlock: Airlock) -> None:  # noqa: F811
    airlock.later(minutes=2)
    airlock.work()


ADDRESS = f"/outputs/review/{OUT}/"


def _check(handler: Any, act: Any) -> str:
    from django.db import transaction

    try:
        with transaction.atomic():
            handler.check(act)
    except Unavailable as error:  # nothing is wrong with what was signed: it is looked at again
        return f"later: {error.code}"
    except Fault as error:
        return error.code
    return ""


def _hash(told: dict[str, Any]) -> str:
    from tests.web.outputs.review_house import study_of

    return study_of(told)


def _sql(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


def _row() -> Any:
    from commonweal.web.outputs.models import ReviewPapers

    return ReviewPapers.objects.get(output__reference=OUT)
