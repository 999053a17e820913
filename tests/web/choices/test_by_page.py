"""Saying no by page: nothing typed is lost, one answer for everybody, and staff deal with it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.vault.choices.journal import read_journal
from commonweal.vault.choices.requests import (
    FOLDER,
    REFUSED_KEPT,
    accept,
    clear_refused,
    how_many_wait,
    refuse,
    request_of,
    waiting,
)
from commonweal.vault.custody import Custody
from tests.web.choices.vault import ASKED, CHOOSER, NAME, OTHER, PERSON, REACH
from tests.web.conftest import Page, new_client

BEGIN, NEW = "/your-choices/here/", "/your-choices/here/new/"
WHOSE = {"kind": "nhs_number", "identifier": PERSON}
REFERENCE = re.compile(r"n-[a-z]{4}-[a-z]{4}-[a-z]{4}")


def step(custody: Custody) -> int:
    from commonweal.web.choices.workers import take_step

    return take_step(custody)


def sent(client: Any, **more: Any) -> str:
    answer = client.post(NEW, ASKED | more)
    assert answer.status_code == 200, answer.content
    page = Page(answer)
    assert "We have what you sent" in page.text, page.text
    found = REFERENCE.findall(page.text)
    assert len(found) == 1, page.text
    return str(found[0])


def later(custody: Custody, by: timedelta) -> Custody:
    return replace(custody, clock=FixedClock(custody.clock.now() + by))


def code(call: Any) -> str:
    try:
        call()
    except CommonwealError as error:
        return error.code
    return ""


def test_a_request_comes_to_staff_and_becomes_choices(client: Any, way: Custody) -> None:
    from commonweal.web.choices.models import Box

    reference = sent(client)
    assert step(way) == 1
    assert not Box.objects.exists()
    assert step(way) == 0
    held = request_of(way, reference)
    assert (held.request.name, held.request.reach) == (NAME, REACH)
    assert [one.reference for one in waiting(way)] == [reference]
    made = accept(way, reference, WHOSE, "date of birth and address by phone", "edward")
    assert [one.choice.kind for one in made] == ["no_ai_training", "no_companies"]
    one = made[0].choice
    assert (one.channel, one.set_by, one.whose.identifier) == ("page", "self", PERSON)
    assert one.evidence == "date of birth and address by phone (checked by edward)"
    assert read_journal(way).entry(made[1].number).choice.kind == "no_companies"
    assert how_many_wait(way) == 0
    assert code(lambda: accept(way, reference, WHOSE, "x", "edward")) == "CW-CHOICES-REQUEST"


def test_cut_off_between_two_choices_the_same_call_ends_it(
    client: Any, way: Custody, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.choices import requests

    reference = sent(client)
    step(way)
    real, calls = requests.record, []

    def breaks(custody: Custody, choice: Any) -> Any:
        calls.append(choice)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(custody, choice)

    monkeypatch.setattr(requests, "record", breaks)
    with pytest.raises(KeyboardInterrupt):
        accept(way, reference, WHOSE, "checked", "edward")
    monkeypatch.setattr(requests, "record", real)
    before = read_journal(way).number
    made = accept(way, reference, WHOSE, "checked", "edward")
    assert (len(made), read_journal(way).number) == (2, before + 1)


def test_refused_with_a_reason_and_forgotten_after_some_weeks(client: Any, way: Custody) -> None:
    reference = sent(client, kinds=["project_objection"], project="Heart and sugar")
    step(way)
    assert code(lambda: accept(way, reference, WHOSE, "x", "edward")) == "CW-USAGE"
    refuse(way, reference, "Nobody answered at this address.", "edward")
    assert how_many_wait(way) == 0
    kept = request_of(way, reference).refused
    assert kept is not None
    assert kept.because.startswith("Nobody answered")
    assert [one.reference for one in waiting(way, refused=True)] == [reference]
    assert code(lambda: accept(way, reference, WHOSE, "x", "edward")) == "CW-CHOICES-REQUEST"
    assert clear_refused(way) == 0
    assert clear_refused(later(way, REFUSED_KEPT + timedelta(hours=1))) == 1
    assert code(lambda: request_of(way, reference)) == "CW-CHOICES-REQUEST"


def test_for_somebody_else_by_the_rules(client: Any, way: Custody) -> None:
    other = {"who": "other", "chooser": CHOOSER}
    reference = sent(client, relation="deputy", **other)
    step(way)
    # A deputy needs a scope; the rules are those of the journal.
    assert code(lambda: accept(way, reference, WHOSE, "x", "edward")) == "CW-CHOICES-INVALID"
    money = {"scope": "property_and_affairs"}
    call = lambda: accept(way, reference, WHOSE, "x", "edward", trusted=money)  # noqa: E731
    assert code(call) == "CW-CHOICES-INVALID"
    made = accept(
        way, reference, WHOSE, "order of court seen", "edward",
        trusted={"scope": "health_and_welfare"},
    )  # fmt: skip
    assert made[0].choice.trusted is not None
    assert made[0].choice.set_by == "trusted_person"


def test_a_child(client: Any, way: Custody) -> None:
    from commonweal.web.config import clock

    young = {"born_on_year": str(clock.today().year - 5), "relation": "parent", "who": "other"}
    reference = sent(client, chooser=CHOOSER, **young)
    step(way)
    (first, _) = accept(way, reference, WHOSE, "birth certificate seen", "edward")
    assert first.choice.trusted is not None
    assert first.choice.trusted.born_on.year == clock.today().year - 5


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kinds": []}, "Choose what you say no to."),
    ({"kinds": ["ndoo"]}, "valid choice"),
    ({"kinds": ["project_consent"]}, "valid choice"),
    ({"kinds": ["project_objection"]}, "Write the name or number of the project."),
    ({"who": ""}, "Say whose record it is."),
    ({"who": "other"}, "Say why you may choose for them."),
    ({"who": "other", "relation": "attorney"}, "Enter your own full name."),
    ({"who": "other", "relation": "parent", "chooser": "A"}, "young people choose for themselves"),
    ({"who": "other", "relation": "friend", "chooser": "A"}, "valid choice"),
    ({"born_on_year": "2024"}, "A parent or guardian chooses"),
    ({"born_on_year": "3024"}, "future"),
    ({"born_on_year": "1066"}, "a year from"),
    ({"born_on_day": "31", "born_on_month": "2"}, "real date"),
    ({"nhs_number": "1234567890"}, "This is not an NHS number."),
    ({"nhs_number": "<script>"}, "This is not an NHS number."),
    ({"name": "\u200b\u202e"}, "Enter the full name."),
    ({"name": "x" * 121}, "120"),
    ({"reach": ""}, "Say how staff can reach you."),
]


@pytest.mark.parametrize(("more", "told"), WRONG)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    client: Any, way: Custody, more: dict[str, Any], told: str
) -> None:
    from commonweal.web.choices.models import Box

    page = Page(client.post(NEW, ASKED | more))
    assert told in page.text
    assert not Box.objects.exists()
    typed = {one.get("name"): one.get("value") for one in page.every("input")}
    wanted = ASKED | more
    assert typed["reach"] == wanted["reach"]
    assert typed["postcode"] == wanted["postcode"]
    assert typed["born_on_month"] == wanted["born_on_month"]


HOSTILE = ("\u202eABC\u200d \u0000"[:-1], "<script>alert(1)</script>", "' OR 1=1 --", "{{ 7*7 }}",
           "\U0001f600" * 100, "\u0627\u0633\u0645", "a\r\nb", '"' * 120, "\\" * 120)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_taken_as_text(client: Any, way: Custody, text: str) -> None:
    reference = sent(client, name=text, reach=text, chooser=text)
    step(way)
    held = request_of(way, reference)
    assert held.request.name.isprintable()
    refuse(way, reference, "made up", "edward")


def test_the_longest_that_can_be_typed_fits_the_box(client: Any, way: Custody) -> None:
    wide = "\U0001f600"
    reference = sent(
        client, kinds=["project_objection"], project=wide * 200, name=wide * 120,
        chooser=wide * 120, who="other", relation="attorney", postcode=wide * 16,
        reach=wide * 300,
    )  # fmt: skip
    step(way)
    assert request_of(way, reference).request.reach == wide * 300
    refuse(way, reference, "made up", "edward")


def test_one_answer_whatever_is_held(client: Any, way: Custody) -> None:
    pages = []
    for number, name in ((PERSON, NAME), (OTHER, "Nobody Known"), ("", NAME)):
        answer = client.post(NEW, ASKED | {"nhs_number": number, "name": name})
        pages.append(REFERENCE.sub("n", answer.content.decode()))
    assert len(set(pages)) == 1
    assert NAME not in pages[0]
    step(way)
    for one in waiting(way):
        refuse(way, one.reference, "made up", "edward")


# --- not open -----------------------------------------------------------------------------------


def test_without_a_key_the_page_says_so_and_keeps_what_was_typed(client: Any) -> None:
    from commonweal.web.choices.models import Box

    begin = Page(client.get(BEGIN))
    assert "not open right now" in begin.text
    assert not any(one.get("href") == NEW for one in begin.every("a"))
    assert "not open right now" in Page(client.get(NEW)).text
    answer = client.post(NEW, ASKED)
    assert answer.status_code == 503
    page = Page(answer)
    assert "Nothing was sent and nothing was kept" in page.text
    assert any(one.get("value") == REACH for one in page.every("input"))
    assert not Box.objects.exists()


def test_another_key_in_the_folder_closes_it(client: Any, way: Custody, web_home: Any) -> None:
    file = web_home / "public" / "person-orders.jws"
    text = file.read_text()
    at = text.index('"payload"') + 40
    file.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])
    assert client.post(NEW, ASKED).status_code == 503


def test_too_many_at_once_are_asked_to_come_back(
    client: Any, way: Custody, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.choices import requests
    from commonweal.web.choices import services
    from commonweal.web.choices.models import Box

    monkeypatch.setattr(services, "MOST_ROWS", 2)  # half of it for the page
    reference = sent(client)
    answer = client.post(NEW, ASKED)
    assert (answer.status_code, Box.objects.count()) == (503, 1)
    monkeypatch.setattr(requests, "MOST", 0)  # and the vault leaves it where it is
    assert (step(way), Box.objects.count()) == (0, 1)
    monkeypatch.setattr(requests, "MOST", 10)
    assert (step(way), Box.objects.count()) == (1, 0)
    refuse(way, reference, "made up", "edward")


def test_a_full_page_leaves_room_for_staff_and_a_full_vault_holds_up_nobody_else(
    client: Any, way: Custody, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.vault.choices import requests
    from commonweal.vault.choices.journal import read_journal
    from commonweal.web.choices import services, workers
    from commonweal.web.choices.models import Box
    from tests.web.choices.test_by_program import send

    monkeypatch.setattr(services, "MOST_ROWS", 8)
    monkeypatch.setattr(workers, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(requests, "MOST", 0)
    for _ in range(4):
        sent(client)
    assert client.post(NEW, ASKED).status_code == 503
    before = read_journal(way).number
    assert send(id="beside").status_code == 202
    taking = workers.Taking()
    assert sum(taking(way) for _ in range(4)) == 1
    assert (read_journal(way).number, Box.objects.count()) == (before + 1, 4)


def test_a_box_that_the_vault_cannot_open_is_kept_and_told(way: Custody, sign_in: Any) -> None:
    from commonweal.web.choices.models import Box

    Box.objects.create(sealed=b"nothing")
    Box.objects.create(sealed=bytes(16) + b"CWBOX1\n" + bytes(100))
    assert step(way) == 2
    assert sorted(Box.objects.values_list("code", flat=True)) == [
        "CW-MYDATA-KEY", "CW-MYDATA-ORDER",
    ]  # fmt: skip
    assert step(way) == 0
    assert (
        "2 of what people or programs sent could not be opened"
        in Page(sign_in("edward").get("/choices/desk/")).text
    )


def test_what_waits_survives_a_new_key(client: Any, way: Custody) -> None:
    from commonweal.vault.mydata.order_key import rotate_order_key

    reference = sent(client)
    rotate_order_key(way)
    assert step(later(way, timedelta(days=3))) == 1
    assert request_of(way, reference).request.name == NAME
    refuse(way, reference, "made up", "edward")


# --- the pages ----------------------------------------------------------------------------------


def test_the_page_of_choices_leads_here_and_says_what_it_does_not_do(way: Custody) -> None:
    client = new_client()
    above = Page(client.get("/your-choices/"))
    assert any(one.get("href") == BEGIN for one in above.every("a"))
    page = Page(client.get(BEGIN))
    assert "Your care team cannot see this choice here" in page.text
    assert any("nhs.uk/your-nhs-data-matters" in str(one.get("href")) for one in page.every("a"))
    assert any(one.get("href") == "/your-choices/form/" for one in page.every("a"))


def test_the_paper_asks_the_same_as_the_page(way: Custody) -> None:
    from commonweal.web.choices.forms import ASKED as QUESTIONS

    paper = Page(new_client().get("/your-choices/form/")).text
    page = Page(new_client().get(NEW)).text
    for _, words in QUESTIONS:
        assert words in page
        assert words in paper
    for words in ("parental responsibility", "power of attorney", "deputy", "has died", "postcode",
                  "NHS number", "ate of birth"):  # fmt: skip
        assert words in page, words
        assert words in paper, words


def test_files_of_requests_have_one_size_and_say_nothing(client: Any, way: Custody) -> None:
    mine = [sent(client), sent(client, kinds=["local_objection"], nhs_number="", name="B")]
    step(way)
    files = [way.home.path / FOLDER / f"{one}.waits" for one in mine]
    assert len({one.stat().st_size for one in files}) == 1
    for one in files:
        content = one.read_bytes()
        for word in (NAME, PERSON, REACH, "no_companies", "local_objection"):
            assert word.encode() not in content
    changed = bytearray(files[0].read_bytes())
    changed[-1] ^= 1
    files[0].write_bytes(bytes(changed))
    assert code(lambda: request_of(way, mine[0])) == "CW-SEAL-BROKEN"
    files[0].unlink()
    refuse(way, mine[1], "made up", "edward")


@pytest.mark.parametrize("name", ["../x", "n-bbbb", "", "n" + "-bbbb" * 900, "x/../../y", "ünï"])
def test_no_other_file_is_read_by_its_name(way: Custody, name: str) -> None:
    assert code(lambda: request_of(way, name)) == "CW-CHOICES-REQUEST"
