"""S5 where counts are looked up in the service.

Somebody with an account wants one neighbour's diagnosis. The naive twin counts when it is asked:
it refuses small counts, and two questions tell her diagnosis all the same. Ours answers from the
month's frozen bands by the vault's own rule, and nothing about an answer (status, headers, work
that was done, whether it is refused) hangs on anybody's data but the band itself.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from commonweal.papers.cube import CubeTold
from commonweal.vault.cube import keeping
from commonweal.vault.cube.asking import ask
from tests.release_house import Row, write_tables
from tests.web.conftest import client, db, sign_in, web_home  # noqa: F401 (fixtures)
from tests.web.feasibility.conftest import (  # noqa: F401 (fixtures)
    asks,
    browser_of,
    frozen_room,
    set_up_room,
    told,
    waiting,
)
from tests.web.feasibility.room import contract, row
from tests.web.releases.room import Room

Asks = Callable[..., Any]
CHOICES: dict[str, tuple[str, ...]] = {
    "age": ("", "younger", "older"),
    "sex": ("", "F", "M"),
    "diagnosis": ("", "rare", "asthma", "heart"),
}
EVERY = [dict(zip(CHOICES, one, strict=True)) for one in product(*CHOICES.values())]
OURS = frozenset({"content-security-policy", "content-type", "cache-control", "vary",
                  "x-frame-options", "referrer-policy", "permissions-policy"})  # fmt: skip


def band_of(answer: Any) -> str:
    """The sentence that a page gives as the answer."""
    shown = re.search(
        r'role="status">.*?nhsuk-u-margin-bottom-2">([^<]+)<', answer.content.decode(), re.DOTALL
    )
    assert shown is not None
    return html.unescape(shown[1])


def without_question(answer: Any) -> str:
    """A page without its reference number, and without what was asked and chosen."""
    text = answer.content.decode().replace(answer["X-Reference"], "")
    text = re.sub(r"(?s)<p>[^<]*<strong>.*?</p>|<p>Everybody who is counted.</p>", "", text)
    return re.sub(r" selected(=\"[^\"]*\")?", "", text)


# --- no second path -------------------------------------------------------------------------------


def test_every_answer_is_the_vaults_own(told: Room, asks: Asks) -> None:  # noqa: F811
    """All that can be asked, on the page and of the vault."""
    pages = {tuple(one.values()): band_of(asks("amara", **one)) for one in EVERY}

    def vault(custody: Any) -> dict[tuple[str, ...], str]:
        return {
            tuple(one.values()): ask(
                custody, "hospital", [f"{name}={value}" for name, value in one.items() if value]
            ).answer.sentence
            for one in EVERY
        }

    assert pages == told.with_custody(vault)
    assert len(set(pages.values())) >= 2, "else this test could not fail"


# --- the same for what is empty, rare or refused --------------------------------------------------


def emptied(**kept: Any) -> None:
    """The row of a hospital in which nobody is in any group."""
    found = row()
    found.told |= {"cells": [], **kept}
    found.digest = CubeTold.read(found.told, "It", "CW-CUBE-INVALID").digest()
    found.save()


def test_an_empty_group_and_a_rare_one_read_alike(told: Room, asks: Asks) -> None:  # noqa: F811
    before = asks("amara", diagnosis="rare")
    everybody = asks("amara", sex="")
    emptied()
    after, nobody = asks("amara", diagnosis="rare"), asks("amara", sex="")
    assert without_question(before) == without_question(after)
    assert band_of(everybody) != band_of(nobody), "else this test could not fail"
    for one, other in ((before, after), (everybody, nobody)):
        assert one.status_code == other.status_code == 200
        assert shown_headers(one) == shown_headers(other)
        assert abs(len(one.content) - len(other.content)) < 40, "but for the words of a band"


def shown_headers(answer: Any) -> dict[str, str]:
    found = {name.lower(): value for name, value in answer.items()}
    assert found.keys() >= OURS
    found.pop("x-reference")
    found["content-length"] = ""
    return found


def test_the_same_work_is_done_whatever_is_found(told: Room) -> None:  # noqa: F811
    """Time under another name, that a busy machine does not change: how many calls were made.

    Nobody, few people, and as many as the lowest band holds: whatever lies behind one answer.
    """
    from django.test import RequestFactory

    from commonweal.web.discovery.views_feasibility import _answered

    def calls(question: dict[str, str]) -> int:
        made = 0

        def seen(_frame: Any, event: str, _arg: Any) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        request = RequestFactory().get("/data/feasibility/hospital", question)
        sys.setprofile(seen)
        try:
            _answered(request, found)
        finally:
            sys.setprofile(None)
        return made

    found = row()
    paper = CubeTold.read(found.told, "It", "CW-CUBE-INVALID")
    lowest = [one for one in EVERY if paper.answer({n: v for n, v in one.items() if v}).low == 0]
    full = [(calls(one), calls(one))[1] for one in lowest]  # what is made once is made
    emptied()
    found = row()
    assert full == [(calls(one), calls(one))[1] for one in lowest]
    assert 3 <= len(lowest) < len(EVERY)


@pytest.mark.parametrize("question", [{"diagnosis": "plague"}, {"born": "1984-03-09"},
                                      {"sex": ["F", "F"]}])  # fmt: skip
def test_what_is_not_declared_is_refused_before_figures_are_looked_at(
    told: Room,  # noqa: F811
    asks: Asks,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    question: dict[str, Any],
) -> None:
    def looked(*_: Any) -> None:
        raise AssertionError("figures were looked at")

    monkeypatch.setattr(CubeTold, "answer", looked)
    with pytest.raises(AssertionError, match="looked at"):
        asks("amara", sex="F")
    full = asks("amara", "hospital", **question)
    emptied()
    empty = asks("amara", "hospital", **question)
    assert full.status_code == empty.status_code == 400
    assert shown_headers(full) == shown_headers(empty)
    assert without_question(full) == without_question(empty)


def test_who_may_not_gets_one_page_whatever_there_is(told: Room, asks: Asks) -> None:  # noqa: F811
    pages = [without_question(asks("divya", **one)) for one in ({}, {"sex": "F"}, {"x": "y"})]
    emptied()
    pages.append(without_question(asks("divya", sex="F")))
    row().delete()
    pages.append(without_question(asks("divya", sex="F")))
    assert len(set(pages)) == 1


# --- her diagnosis, in two questions --------------------------------------------------------------

HERS = "J459"


class LivePage:
    """The twin: counts people as they are when it is asked, with nothing under ten."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def count(self, code: str, without: str = "") -> int | None:
        people = {one["nhs_number"] for one in self.room.tables["admissions"]
                  if one["diagnosis"].startswith(code)} - {without}  # fmt: skip
        return len(people) if len(people) >= 10 else None


def admit(room: Room, who: str) -> None:
    """She comes to hospital with asthma."""
    first: Row = room.tables["admissions"][0]
    room.tables["admissions"].append(
        {**first, "admission_id": "900001", "nhs_number": who, "diagnosis": HERS}
    )
    write_tables(room.beside / "records", room.tables)


def stranger(room: Room) -> str:
    """Somebody without asthma."""
    ill = {one["nhs_number"] for one in room.tables["admissions"]
           if one["diagnosis"].startswith("J45")}  # fmt: skip
    return str(next(one["nhs_number"] for one in room.tables["patients"]
                    if one["nhs_number"] not in ill))  # fmt: skip


def test_two_questions_tell_in_the_twin_and_nothing_in_ours(
    waiting: Room,  # noqa: F811
    asks: Asks,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from commonweal.web.discovery import workers

    her, twin = stranger(waiting), LivePage(waiting)
    contract("university")
    monkeypatch.setattr(workers, "_may_try", lambda *_: True)
    monkeypatch.setattr(workers, "first_working_day", lambda at: at.date().replace(day=1))

    def work() -> None:
        waiting.with_custody(lambda custody: [step(custody) for step in workers.steps("vault")])

    work()
    before = twin.count("J45"), [band_of(asks("amara", **one)) for one in EVERY]
    admit(waiting, her)
    work()
    after = twin.count("J45"), [band_of(asks("amara", **one)) for one in EVERY]
    assert before[0] is not None
    assert after[0] == before[0] + 1, "asked before and after: it is told"
    assert twin.count("J45", without=her) == before[0], "with her and without her: it is told"
    assert before[1] == after[1]
    assert len(waiting.with_custody(keeping.frozen)) == 1, "a month is counted once"
    assert asks("amara", without=her).status_code == 400, "nobody can be left out"


def test_asking_writes_nothing_down(
    told: Room,  # noqa: F811
    asks: Asks,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither log nor ledger nor log of lines hears what was asked."""
    from commonweal.web.config.logs import PlainLines
    from commonweal.web.ledgerlink.models import Intent

    asks("amara")
    before = Intent.objects.count(), told.with_custody(_entries)
    caplog.clear()
    asks("amara", diagnosis="asthma", sex="F")
    after = Intent.objects.count(), told.with_custody(_entries)
    assert before == after
    lines = "".join(PlainLines().format(one) for one in caplog.records)
    assert "discovery:feasibility_of" in lines, "else this test could not fail"
    assert "asthma" not in lines
    assert "diagnosis" not in lines


def _entries(custody: Any) -> int:
    with custody.ledger.reading() as connection:
        (count,) = connection.execute("SELECT count(*) FROM intent").fetchone()
    return int(count)
