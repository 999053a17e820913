"""S8 on the pages: whoever has every right in the service's database learns of nobody.

The naive twin keeps what a web service usually keeps: who asked, and the answer. Ours is attacked
with the database whole, read and written: rows are copied, swapped, turned, sent again under a key
of the attacker's own, and told apart by what is seen of them. Half of the people are in the data.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.own_record import CONTEXT, OwnAnswer, open_answer
from commonweal.papers.own_record_box import open_box
from tests.unit.choices.helpers import nhs_numbers
from tests.web.conftest import Page, at, db, new_client, web_home  # noqa: F401 (fixtures)
from tests.web.patients.conftest import (  # noqa: F401 (fixtures)
    Hospital,
    hospital,
    our_key,
    own_house,
    running,
)

ANSWER = "/my-data/answer/"
OUTSIDE = nhs_numbers(30)[24:27]


def rows() -> list[dict[str, Any]]:
    """The table as a thief has it."""
    from commonweal.web.patients.models import OwnOrder

    found = []
    for one in OwnOrder.objects.values():
        kept = {name: bytes(v) if isinstance(v, memoryview) else v for name, v in one.items()}
        found.append(kept)
    return found


def visited(hospital: Hospital, *, work: bool = True) -> dict[str, tuple[str, Any]]:  # noqa: F811
    """Six people at once; by row, whose it is (which the thief has not) and their browser."""
    found: dict[str, tuple[str, Any]] = {}
    for number in (*hospital.house.numbers[:3], *OUTSIDE):
        browser, before = new_client(), {one["id"] for one in rows()}
        hospital.go(browser, number)
        (new,) = {one["id"] for one in rows()} - before
        found[new] = (number, browser)
    if work:
        assert hospital.work() == len(found)
    return found


def opens(box: bytes, private: bytes) -> bool:
    try:
        open_answer(box, private)
    except CommonwealError:
        return False
    return True


def test_naive_a_table_of_who_asked_lists_the_members(hospital: Hospital) -> None:  # noqa: F811
    kept: list[tuple[str, str]] = []
    for number, browser in visited(hospital).values():
        kept.append((number, Page(browser.get(ANSWER)).text))
    listed = {number for number, said in kept if "was in the data of 1 of 1" in said}
    assert listed == set(hospital.house.numbers[:3])


def test_ours_rows_of_members_and_of_strangers_are_alike(hospital: Hospital) -> None:  # noqa: F811
    """Before and after the answer, what is seen of a row is the same but for random bytes."""
    whose = visited(hospital, work=False)
    for _ in range(2):
        seen = {
            json.dumps(
                {name: len(v) if isinstance(v, bytes) else str(v) for name, v in one.items()
                 if name not in ("id", "worker")}, sort_keys=True,
            )
            for one in rows()
        }  # fmt: skip
        assert len(seen) == 1
        hospital.work()
    assert {number for number, _ in whose.values()} >= set(OUTSIDE)


def test_ours_nothing_in_the_database_opens_a_row(hospital: Hospital) -> None:  # noqa: F811
    visited(hospital, work=False)
    before = rows()
    hospital.work()
    every = [*before, *rows()]
    keys = {secrets.token_bytes(32), bytes(32), b"\x01" * 32}
    # Whatever 32 bytes lie in a row, or are spelt there, are tried as a key.
    for one in every:
        keys |= {one["sealed"][:32], (one["answer"] or b"")[7:39], bytes.fromhex(one["id"]) * 2}
    from django.conf import settings

    keys.add(settings.SECRET_KEY.encode()[:32])
    for one in every:
        for key in keys:
            if len(key) != 32:
                continue
            if one["answer"]:
                assert not opens(one["answer"], key)
            with pytest.raises(CommonwealError):
                open_box(one["sealed"][16:], key, CONTEXT)


def test_ours_an_order_sent_again_answers_to_its_own_browser_alone(
    hospital: Hospital,  # noqa: F811
) -> None:
    """The thief writes a copy of each order under a number of a row of its own."""
    from commonweal.web.patients.models import OwnOrder

    whose = visited(hospital, work=False)
    mine = new_client()
    hospital.go(mine, OUTSIDE[0])
    (own,) = {one["id"] for one in rows()} - whose.keys()
    for one in rows():
        if one["id"] in whose:
            OwnOrder.objects.filter(pk=own).update(sealed=one["sealed"])
            hospital.work()
            said = Page(mine.get(ANSWER)).text
            assert "was in the data" not in said
            assert "in no project's data" not in said
            fresh = {"state": "queued", "answer": None, "ended_at": None, "code": "", "worker": ""}
            OwnOrder.objects.filter(pk=own).update(**fresh)
            hospital.go(mine, OUTSIDE[0])
            (own,) = {row["id"] for row in rows()} - whose.keys() - {own}
            OwnOrder.objects.exclude(pk__in=[*whose, own]).delete()


def test_ours_swapped_answers_are_shown_to_nobody(hospital: Hospital) -> None:  # noqa: F811
    from commonweal.web.patients.models import OwnOrder

    whose = visited(hospital)
    taken = {one["id"]: one["answer"] for one in rows()}
    ids = list(whose)
    for to, from_ in zip(ids, [*ids[1:], ids[0]], strict=True):
        OwnOrder.objects.filter(pk=to).update(answer=taken[from_])
    for _, browser in whose.values():
        said = Page(browser.get(ANSWER))
        assert "The answer was not made for this browser." in said.text
        assert "Kinds of data" not in said.text


def test_ours_nobody_without_the_public_half_writes_an_answer(
    hospital: Hospital,  # noqa: F811
) -> None:
    """A box says nothing of who sealed it, but the half that it is sealed to lies in no row."""
    from commonweal.web.patients.models import OwnOrder

    whose = visited(hospital)
    plain = {"answer": 1, "asked": "look", "record": {"made_at": "2026-01-01T00:00:00.000Z"}}
    for row in rows():
        guess = row["answer"][7:39]  # the one public key that lies there: the vault's for one use
        box = OwnAnswer.read(plain, "The answer").sealed(guess, releases=1)
        OwnOrder.objects.filter(pk=row["id"]).update(answer=box)
        assert "not made for this browser" in Page(whose[row["id"]][1].get(ANSWER)).text


def test_ours_no_switch_in_the_database_points_people_elsewhere(
    hospital: Hospital,  # noqa: F811
) -> None:
    """Another provider or key in the row closes the page: it never sends anybody there."""
    from commonweal.web.patients.models import VaultWord

    for change in ({"issuer": "https://evil.example"}, {"client": "mine"},
                   {"key_digest": "sha256:" + "f" * 64}):  # fmt: skip
        kept = VaultWord.objects.values().get()
        VaultWord.objects.update(**change)
        answer = new_client().get("/my-data/sign-in/")
        assert answer.status_code == 403
        assert "Location" not in answer
        VaultWord.objects.update(**kept)
    assert new_client().get("/my-data/sign-in/").status_code == 302
