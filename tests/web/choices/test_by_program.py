"""Choices by program: one answer for everybody, once however often it is sent, and only a no."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.vault.choices.journal import read_journal
from commonweal.vault.custody import Custody
from tests.web.choices.test_by_page import step
from tests.web.choices.vault import OTHER, PERSON
from tests.web.conftest import new_client

SAID = {"id": "portal-1", "nhs_number": PERSON, "kind": "no_ai_training",
        "evidence": "said in the hospital's app, session proved"}  # fmt: skip


def send(who: str = "edward", scope: str = "choices:write", **more: Any) -> Any:
    from commonweal.web.accounts.models import User
    from commonweal.web.accounts.services import make_token

    user = User.objects.get(public_id=who)
    secret = make_token(user, "portal", [scope])[1]
    body = {name: value for name, value in (SAID | more).items() if value is not None}
    headers = {"Authorization": f"Bearer {secret}"}
    return new_client().post(
        "/api/v1/choices", body, content_type="application/json", headers=headers
    )


def test_it_is_recorded_once_however_often_it_is_sent(way: Custody) -> None:
    from commonweal.web.choices.models import Box

    before = read_journal(way).number
    first, again = send(), send()
    assert (first.status_code, Box.objects.count()) == (202, 1)
    assert first.json() == again.json()
    assert step(way) == 1
    assert (send().json(), step(way)) == (first.json(), 1)
    assert (read_journal(way).number, Box.objects.count()) == (before + 1, 0)
    made = read_journal(way).entry(before + 1).choice
    assert (made.channel, made.set_by, made.entered_by) == ("api", "self", None)


def test_what_the_vault_refuses_later_is_not_lost_unseen(way: Custody, sign_in: Any) -> None:
    """The program has its answer by then, so staff must see that somebody's no was not written."""
    from commonweal.web.choices.models import Box
    from tests.web.conftest import Page

    send(id="reused")
    assert step(way) == 1
    number = read_journal(way).number
    assert send(id="reused", kind="local_objection").status_code == 202
    assert step(way) == 1
    assert list(Box.objects.values_list("code", flat=True)) == ["CW-CHOICES-ID"]
    assert (step(way), read_journal(way).number) == (0, number)
    shown = Page(sign_in("edward").get("/choices/desk/")).text
    assert "1 of what people or programs sent could not be" in shown


def test_one_answer_for_everybody(way: Custody) -> None:
    told = {send(id=f"p{at}", nhs_number=one).content
            for at, one in enumerate((PERSON, OTHER))}  # fmt: skip
    sentences = {one.split(b'"sentence"')[1] for one in told}
    assert len(sentences) == 1
    assert step(way) == 2


def test_for_somebody_who_cannot_decide(way: Custody) -> None:
    said = {"relation": "attorney", "scope": "health_and_welfare"}
    assert send(id="p9", chosen_for=said).status_code == 202
    assert step(way) == 1
    made = read_journal(way).entry(read_journal(way).number).choice
    assert made.trusted is not None
    assert made.set_by == "trusted_person"


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"kind": "ndoo"}, 403, "CW-CHOICES-NATIONAL"),
    ({"kind": "National data opt-out"}, 403, "CW-CHOICES-NATIONAL"),
    ({"kind": "project_consent", "project": "permit-0"}, 400, "CW-CHOICES-INVALID"),
    ({"kind": "everything"}, 400, "CW-CHOICES-INVALID"),
    ({"kind": "withdrawal", "project": "permit-77"}, 403, "CW-CHOICES-PROJECT"),
    ({"kind": "withdrawal"}, 400, "CW-CHOICES-INVALID"),
    ({"nhs_number": "1234567890"}, 400, "CW-NHS-NUMBER-INVALID"),
    ({"evidence": ""}, 422, "CW-API-INVALID"),
    ({"evidence": "a\u202eb"}, 400, "CW-CHOICES-INVALID"),
    ({"id": "../x"}, 422, "CW-API-INVALID"),
    ({"takes_back": 1, "kind": None}, 422, "CW-API-INVALID"),
    ({"takes_back": 1}, 422, "CW-API-INVALID"),
    ({"chosen_for": {"relation": "neighbour"}}, 422, "CW-API-INVALID"),
    ({"chosen_for": {"relation": "parent", "born_on": "1980-01-01"}}, 400, "CW-CHOICES-INVALID"),
    ({"chosen_for": {"relation": "deputy", "scope": "property_and_affairs"}}, 400,
     "CW-CHOICES-INVALID"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "status", "code"), WRONG)
def test_what_is_refused(way: Custody, more: dict[str, Any], status: int, code: str) -> None:
    from commonweal.web.choices.models import Box

    answer = send(**more)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert PERSON not in answer.content.decode()
    assert not Box.objects.exists()


def test_who_may(way: Custody) -> None:
    assert send("amara").json()["error"]["code"] == "CW-API-SCOPE"
    assert send("william").json()["error"]["code"] == "CW-API-SCOPE"
    assert send(scope="me:read").json()["error"]["code"] == "CW-API-SCOPE"


def test_without_a_key_of_the_vault_it_is_not_open(db: None) -> None:
    answer = send()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "CW-CHOICES-CLOSED")
