"""Staff write down what somebody chose: it is sealed, recorded, and never shown again."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import Unavailable
from commonweal.vault.choices.journal import read_journal
from commonweal.vault.choices.requests import record_written
from commonweal.vault.custody import Custody
from commonweal.web.accounts.people import PEOPLE
from tests.web.choices.test_by_page import code, step
from tests.web.choices.vault import EVIDENCE, OTHER, PERSON, WRITTEN, dumped
from tests.web.conftest import Page, new_client

DESK, RECEIPT = "/choices/desk/", "/choices/desk/written/"
WRITING = {one.id for one in PEOPLE if {"ig_officer", "caldicott_guardian"} & set(one.roles)}


def once(number: int) -> str:
    return "abcdefghjkmnpq" + "abcdefghjk"[number // 10] + "abcdefghjk"[number % 10]


def test_written_down_recorded_and_receipted_without_whose_it_is(
    way: Custody, sign_in: Any
) -> None:
    client = sign_in("edward")
    before = read_journal(way).number
    answer = client.post(DESK, WRITTEN | {"once": once(1)})
    assert (answer.status_code, answer["Location"]) == (302, RECEIPT)
    assert "on its way" in Page(client.get(RECEIPT)).text
    assert step(way) == 1
    made = read_journal(way).entry(before + 1).choice
    assert (made.kind, made.channel, made.set_by) == ("no_companies", "phone", "staff")
    assert (made.entered_by, made.evidence, made.whose.identifier) == ("edward", EVIDENCE, PERSON)
    page = Page(client.get(RECEIPT))
    assert f"Receipt {before + 1:,}" in page.text
    assert "Your record is left out of projects in which a company takes part." in page.text
    assert PERSON not in page.html
    assert EVIDENCE not in page.html
    other = new_client()
    other.post("/account/people/sign-in/", {"person": "edward"})
    assert "wrote nothing down" in Page(other.get(RECEIPT)).text


def test_twice_is_once(way: Custody, sign_in: Any) -> None:
    client = sign_in("edward")
    before = read_journal(way).number
    for _ in range(2):
        client.post(DESK, WRITTEN | {"once": once(2)})
    assert step(way) == 2
    assert read_journal(way).number == before + 1
    # Under the same id another choice is none.
    client.post(DESK, WRITTEN | {"once": once(2), "nhs_number": OTHER})
    step(way)
    assert "CW-CHOICES-ID" in Page(client.get(RECEIPT)).text
    assert read_journal(way).number == before + 1


def test_what_the_vault_refuses_is_told_to_whoever_wrote_it(way: Custody, sign_in: Any) -> None:
    client = sign_in("edward")
    before = read_journal(way).number
    said = {"kind": "withdrawal", "project": "permit-0", "once": once(8)}
    assert client.post(DESK, WRITTEN | said).status_code == 302
    assert step(way) == 1  # this vault is another home's, which never had that permit
    page = Page(client.get(RECEIPT))
    assert "It was not written down" in page.text
    assert "CW-CHOICES-PROJECT" in page.text
    assert PERSON not in page.html
    assert read_journal(way).number == before


TRUSTED: list[tuple[dict[str, str], str]] = [
    ({"chosen_by": "parent"}, "Enter the date of birth of the child."),
    ({"chosen_by": "parent", "born_on_day": "1", "born_on_month": "1", "born_on_year": "1990"},
     "could not choose for the other on that day"),
    ({"chosen_by": "attorney"}, "Say what their power is over."),
    ({"chosen_by": "deputy", "scope": "property_and_affairs"}, "does not reach health records"),
    ({"chosen_by": "attorney", "scope": "health_and_welfare", "ends_on_day": "1",
      "ends_on_month": "1", "ends_on_year": "2020"}, "could not choose for the other"),
    ({"chosen_by": "personal_representative"}, "Enter the date of death."),
    ({"chosen_by": "neighbour"}, "valid choice"),
    ({"kind": "ndoo"}, "valid choice"),
    ({"kind": "project_consent", "project": "heart"}, "valid choice"),
    ({"kind": "withdrawal"}, "Enter the permit of the project."),
    ({"kind": "withdrawal", "project": "a b"}, "There is no project with this permit"),
    ({"kind": "withdrawal", "project": "permit-77"}, "There is no project with this permit"),
    ({"channel": "page"}, "valid choice"),
    ({"channel": "api"}, "valid choice"),
    ({"evidence": " "}, "Say how you know that it was them."),
    ({"nhs_number": "0000000000"}, "This is not an NHS number."),
    ({"once": "x"}, "valid value"),
]  # fmt: skip


def test_a_refusal_that_nobody_read_is_not_forgotten(way: Custody, sign_in: Any, at: Any) -> None:
    """Whoever wrote it down has gone: staff must see that somebody's no is not in the journal."""
    from commonweal.foundation.clock import FixedClock
    from commonweal.web.choices import services
    from commonweal.web.choices.models import KEPT
    from commonweal.web.config import clock

    client = sign_in("edward")
    said = WRITTEN | {"kind": "withdrawal", "project": "permit-0", "once": once(9)}
    client.post(DESK, said)
    step(way)
    assert services.unread() == 1
    assert "It was not written down" in Page(client.get(RECEIPT)).text
    assert services.unread() == 0  # they know it now
    client.post(DESK, said)
    step(way)
    at(FixedClock(clock.now() + 2 * KEPT))
    services.clear_away()
    assert services.unread() == 1  # which the desk's page says: test_by_page


@pytest.mark.parametrize(("more", "told"), TRUSTED)
def test_by_the_rules_of_who_may_choose(
    way: Custody, sign_in: Any, more: dict[str, str], told: str
) -> None:
    from commonweal.web.choices.models import Box

    answer = sign_in("edward").post(DESK, WRITTEN | more)
    assert answer.status_code == 200
    page = Page(answer)
    assert told in page.text
    assert not Box.objects.exists()
    assert any(
        one.get("value") == (more.get("evidence") or EVIDENCE) for one in page.every("input")
    )


def test_for_somebody_who_cannot_decide(way: Custody, sign_in: Any) -> None:
    client = sign_in("edward")
    said = {"chosen_by": "deputy", "scope": "health_and_welfare", "ends_on_day": "1",
            "ends_on_month": "1", "ends_on_year": "2190", "once": once(3)}  # fmt: skip
    assert client.post(DESK, WRITTEN | said).status_code == 302
    step(way)
    made = read_journal(way).entry(read_journal(way).number).choice
    assert made.trusted is not None
    assert (made.set_by, made.trusted.relation) == ("trusted_person", "deputy")
    assert made.trusted.ends_on is not None


@pytest.mark.parametrize("who", sorted(one.id for one in PEOPLE))
def test_who_may(way: Custody, sign_in: Any, who: str) -> None:
    client = sign_in(who)
    wanted = (200, 200) if who in WRITING else (404, 404)
    assert (client.get(DESK).status_code, client.get(RECEIPT).status_code) == wanted
    answer = client.post(DESK, WRITTEN | {"once": once(4)})
    assert answer.status_code == (302 if who in WRITING else 404)


def test_nothing_is_lost_while_the_journal_cannot_be_used(
    way: Custody, sign_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.choices import requests

    client = sign_in("edward")
    client.post(DESK, WRITTEN | {"once": once(5)})
    before = dumped()
    real = requests.record

    def broken(*_: Any) -> Any:
        raise Unavailable("CW-CHOICES-JOURNAL", "It cannot be used.")

    monkeypatch.setattr(requests, "record", broken)
    assert code(lambda: step(way)) == "CW-CHOICES-JOURNAL"
    assert dumped() == before
    monkeypatch.setattr(requests, "record", real)
    assert step(way) == 1


def test_without_a_key_nothing_is_kept_and_the_command_is_named(sign_in: Any) -> None:
    from commonweal.web.choices.models import Box

    client = sign_in("edward")
    assert "commonweal choices add" in Page(client.get(DESK)).text
    answer = client.post(DESK, WRITTEN)
    assert answer.status_code == 503
    assert not Box.objects.exists()
    assert any(one.get("value") == EVIDENCE for one in Page(answer).every("input"))


@pytest.mark.parametrize("cookie", ["x", "", "A" * 64, "!" * 64, "A" * 10_000, "\u00e9"])
def test_a_cookie_that_is_none_of_ours(way: Custody, sign_in: Any, cookie: str) -> None:
    client = sign_in("edward")
    client.cookies["choice"] = client.cookies["__Host-choice"] = cookie
    assert client.get(RECEIPT).status_code in (200, 404)


def test_receipts_go_after_half_an_hour(way: Custody, sign_in: Any, at: Any) -> None:
    from datetime import timedelta

    from commonweal.foundation.clock import FixedClock
    from commonweal.web.choices import services
    from commonweal.web.choices.models import KEPT, Box

    client = sign_in("edward")
    client.post(DESK, WRITTEN | {"once": once(6)})
    step(way)
    assert services.clear_away() == 0
    at(FixedClock(way.clock.now() + KEPT + timedelta(minutes=1)))
    assert (services.clear_away(), Box.objects.count()) == (1, 0)


def test_what_is_written_long_ago_or_ahead_is_not_recorded(way: Custody) -> None:
    from datetime import timedelta

    from commonweal.foundation.clock import stamp
    from commonweal.papers.choice_request import ChoiceBox, written_plain
    from tests.web.choices.test_by_page import later

    now = way.clock.now()
    plain = written_plain(
        id_=once(7), number=PERSON, kind="no_companies", project=None,
        day=now.date().isoformat(), at=stamp(now), set_by="staff", channel="desk",
        evidence="x", trusted=None, entered_by="edward",
    )  # fmt: skip
    box = ChoiceBox.read({"box": 1, "asked_at": stamp(now), "written": plain}, "It")
    for away in (timedelta(days=40), -timedelta(days=3)):
        assert code(lambda by=away: record_written(later(way, by), box)) == "CW-CHOICES-BOX"
