"""One person's page: the whole way by a real provider, and what every refusal says."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.cli.main import run
from tests.web.conftest import Page, new_client
from tests.web.patients.conftest import STRANGER, Hospital, at_provider, local

ANSWER = "/my-data/answer/"


def test_the_whole_way_of_somebody_who_is_in(hospital: Hospital, browser: Any) -> None:
    first = Page(browser.get("/my-data/"))
    assert first.every("a", href="/my-data/sign-in/")
    back = hospital.go(browser, hospital.house.numbers[3])
    assert (back.status_code, back["Location"]) == (302, ANSWER)
    waiting = browser.get(ANSWER)
    assert "We are looking" in Page(waiting).text
    assert waiting["Refresh"] == "5"
    assert hospital.work() == 1
    answer = browser.get(ANSWER)
    page = Page(answer)
    assert "Your record was in the data of 1 of 1 project." in page.text
    assert "Kinds of data: patients." in page.text
    assert answer["Cache-Control"] == "no-store"
    assert "Refresh" not in answer
    assert page.text.count("Your care team cannot see this choice here.") == 1


def test_who_is_in_none_reads_the_same_as_a_stranger(hospital: Hospital) -> None:
    """Nobody has to be registered: a number that was never here is in no project's data."""
    page = hospital.look(STRANGER)
    assert "Your record is in no project's data here." in page.text
    assert "Kinds of data" not in page.text
    assert "your record is not in them" in page.text


def test_a_project_is_neutral_until_it_is_opened(hospital: Hospital) -> None:
    page = hospital.look(hospital.house.numbers[0])
    from commonweal.web.register.presenters import title_of

    title = title_of("permit-1")
    assert title
    summary = page.html.partition("<summary")[2].partition("</summary>")[0]
    assert "Project 1: Your record was in its data" in " ".join(summary.split())
    assert title not in summary
    assert title in page.html
    assert not [one for one in page.every("details") if "open" in one]


def test_the_papers_are_accepted_by_the_commands_that_check_them(
    hospital: Hospital, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from commonweal.papers.release import StatementOfAbsence

    key = str(hospital.house.custody().ledger_keys[-1])
    way = f"{ANSWER}{hospital.release}/paper"
    files = []
    for number in (hospital.house.numbers[1], STRANGER):
        browser = new_client()
        hospital.look(number, browser)
        got = browser.get(way)
        assert got["Content-Disposition"] == 'attachment; filename="my-data.json"'
        assert got["Cache-Control"] == "no-store"
        files.append(got.content)
        for wrong in ("nothing", "..", hospital.release + "x"):
            assert browser.get(f"{ANSWER}{wrong}/paper").status_code == 404
    file = tmp_path / "my-data.json"
    file.write_bytes(files[0])
    assert run(["ledger", "check-proof", str(file), "--key", key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["person_in_release"] == hospital.release
    file.write_bytes(files[0].replace(b'"index":', b'"index":1'))
    assert run(["ledger", "check-proof", str(file), "--key", key]) == 3
    said = json.loads(files[1])
    found = StatementOfAbsence.load(said["statement"], hospital.house.custody().belief)
    assert found.release == hospital.release
    assert new_client().get(way).status_code == 403


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"vot": "P5.Cp.Cd", "identity_proofing_level": "P5"}, "not checked well enough"),
        ({"identity_proofing_level": "P5"}, "not checked well enough"),
        ({"vot": "P5.Cm"}, "not checked well enough"),
        ({"vot": "P0.Cp", "identity_proofing_level": "P0"}, "not checked well enough"),
        ({"vot": None}, "not checked well enough"),
        ({"identity_proofing_level": None}, "not checked well enough"),
        ({"auth_time": 1_600_000_000}, "This sign-in is too old."),
        ({"iat": 1_600_000_000}, "This sign-in is too old."),
        ({"auth_time": None}, "This sign-in is too old."),
        ({"nonce": "x" * 43}, "another browser or another visit"),
        ({"nonce": None}, "another browser or another visit"),
        ({"aud": "another"}, "could not check that this sign-in comes from NHS login"),
        ({"iss": "https://evil.example"}, "could not check that this sign-in"),
        ({"nhs_number": None}, "did not tell us what we need"),
        ({"nhs_number": "9000000000"}, "did not tell us what we need"),
        ({"birthdate": None}, "did not tell us what we need"),
    ],
)  # fmt: skip
def test_assurance_that_is_missing_low_stale_or_anothers(
    hospital: Hospital, claims: dict[str, Any], words: str
) -> None:
    said = set()
    for number in (hospital.house.numbers[2], STRANGER):
        hospital.provider.lies = {"claims": claims, "vector": "x"}
        page = hospital.look(number)
        assert words in page.text
        assert number not in page.html
        said.add(page.text.partition("Reference number")[0])
    assert len(said) == 1  # the same for who is in and who is not


def test_a_forged_word_is_not_believed(hospital: Hospital) -> None:
    from tests.web.provider import new_key

    for lies in ({"key": new_key("first")}, {"key": new_key("mine")}, {"header": {"kid": None}},
                 {"header": {"jku": "https://evil.example"}}):  # fmt: skip
        hospital.provider.lies = lies
        page = hospital.look(hospital.house.numbers[2])
        assert "We could not check that this sign-in comes from NHS login." in page.text


def test_a_word_for_another_visit_is_not_believed(hospital: Hospital) -> None:
    """Replayed: the token of an earlier visit of the same person comes again."""
    browser = new_client()
    hospital.look(hospital.house.numbers[2], browser)
    old = hospital.provider.identity("x" * 43, "access")
    hospital.provider.lies = {"token": {"id_token": old}}
    page = hospital.look(hospital.house.numbers[2])
    assert "another browser or another visit" in page.text


def test_twelve_looks_an_hour_and_not_one_more(hospital: Hospital) -> None:
    for _ in range(12):
        assert "1 of 1" in hospital.look(hospital.house.numbers[5]).text
    page = hospital.look(hospital.house.numbers[5])
    assert "You have looked 12 times within the last hour." in page.text
    assert "1 of 1" in hospital.look(hospital.house.numbers[6]).text


@pytest.mark.parametrize(
    ("answer", "words", "status"),
    [
        ({"state": "another"}, "took too long, was used before, or began elsewhere", 403),
        ({"iss": "https://evil.example"}, "could not check", 403),
        ({"iss": None}, "could not check", 403),
        ({"code": None}, "took too long, was used before, or began elsewhere", 403),
        ({"code": "wrong"}, "NHS login cannot be reached right now.", 503),
        ({"code": None, "error": "access_denied", "error_description": "<b>9000000009"},
         "NHS login did not sign you in.", 403),
    ],
)  # fmt: skip
def test_answers_of_the_provider_that_are_none(
    hospital: Hospital, browser: Any, answer: dict[str, Any], words: str, status: int
) -> None:
    hospital.provider.lies = {"answer": answer}
    back = hospital.go(browser, STRANGER)
    page = Page(back)
    assert back.status_code == status
    assert words in page.text
    assert "9000000009" not in page.html
    assert rows() == 0


def test_a_callback_counts_once_and_in_its_own_browser(hospital: Hospital, browser: Any) -> None:
    there = browser.get("/my-data/sign-in/")
    before = browser.cookies["my-data"].value
    way = local(at_provider(there["Location"]))
    other = new_client()
    other.get("/my-data/sign-in/")
    for wrong in (other, new_client()):
        assert wrong.get(way).status_code == 403
    assert browser.get(way).status_code == 302
    assert browser.get(way).status_code == 403  # again
    browser.cookies["my-data"] = before  # with the cookie of before: the code was used
    hospital.provider.lies = {"again": True}
    assert browser.get(way).status_code == 503
    assert rows() == 1


def test_a_sign_in_that_took_too_long(hospital: Hospital, browser: Any) -> None:
    there = browser.get("/my-data/sign-in/")
    way = local(at_provider(there["Location"]))
    hospital.house.clock.advance(timedelta(minutes=10))
    assert "took too long" in Page(browser.get(way)).text
    assert rows() == 0


@pytest.mark.parametrize(
    "query",
    ["", "?", "?state=", "?state=%00&code=%00", "?state=%F0%9F%92%A9", "?code=x", "?error=x",
     "?state=a&state=b&code=c", "?iss=x&state=" + "a" * 5000, "?state=%ff%fe", "?__proto__=1",
     "?state=<script>alert(1)</script>&error_description=<script>"],
)  # fmt: skip
def test_hostile_queries_are_one_plain_sentence(
    hospital: Hospital, browser: Any, query: str
) -> None:
    browser.get("/my-data/sign-in/")
    answer = browser.get(f"/my-data/back/{query}")
    assert answer.status_code in (400, 403)
    assert "<script>" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    for place in ("/my-data/", "/my-data/sign-in/", ANSWER, "/my-data/choose/"):
        assert browser.get(place + query).status_code < 500
    assert rows() == 0


@pytest.mark.parametrize("fails", ["/token", "/.well-known/openid-configuration"])
def test_a_provider_that_does_not_answer(hospital: Hospital, browser: Any, fails: str) -> None:
    hospital.provider.lies = {"fails": {fails: (500, b"9000000009", {})}}
    there = browser.get("/my-data/sign-in/")
    if there.status_code == 302:
        there = browser.get(local(at_provider(there["Location"])))
    assert there.status_code == 503
    assert "NHS login cannot be reached right now." in Page(there).text
    assert "9000000009" not in there.content.decode()


@pytest.mark.parametrize(
    "token", ["", "x" * 17_000, "a b", "a.b.c\n", 5, None, ["a"], "\u0661.a.b"]
)
def test_a_word_that_no_order_takes(hospital: Hospital, browser: Any, token: Any) -> None:
    hospital.provider.lies = {"token": {"id_token": token}}
    back = hospital.go(browser, STRANGER)
    assert back.status_code == 403
    assert "We could not check that this sign-in comes from NHS login." in Page(back).text
    assert rows() == 0


# --- closed -----------------------------------------------------------------------------------


def closed(browser: Any) -> None:
    page = Page(browser.get("/my-data/"))
    assert "You cannot use this page here yet" in page.text
    assert not page.every("a", href="/my-data/sign-in/")
    assert page.every("a", href="/concerns/")
    assert page.every("a", href="/your-choices/")
    for way in ("/my-data/sign-in/", "/my-data/back/?state=x&code=y"):
        answer = browser.get(way)
        assert answer.status_code == 403
        assert "You cannot look at your own record here yet." in Page(answer).text


def test_without_a_provider_or_key_there_is_no_button(
    hospital: Hospital, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from django.conf import settings

    from commonweal.web.patients.models import VaultWord

    ours = settings.PATIENTS_PROVIDER
    for wrong in (None, replace(ours, issuer="https://evil.example"), replace(ours, client="x")):
        monkeypatch.setattr(settings, "PATIENTS_PROVIDER", wrong)
        closed(browser)
    monkeypatch.setattr(settings, "PATIENTS_PROVIDER", ours)
    VaultWord.objects.update(key_digest="sha256:" + "0" * 64)
    closed(browser)
    VaultWord.objects.all().delete()
    closed(browser)


@pytest.mark.parametrize("how", ["gone", "changed", "cut", "another"])
def test_a_key_that_the_vault_did_not_check_seals_nothing(
    hospital: Hospital, browser: Any, how: str
) -> None:
    from commonweal.vault.mydata.order_key import place

    file = place(hospital.house.custody())
    whole = file.read_bytes()
    try:
        if how == "gone":
            file.unlink()
        elif how == "another":  # somebody's own key under the same name, signed by nobody
            plain = json.loads(whole)
            plain["payload"] = plain["payload"][:-8] + "AAAAAAAA"
            file.write_text(json.dumps(plain))
        else:
            file.write_bytes(whole[:-40] if how == "cut" else whole.replace(b"payload", b"paylord"))
        closed(browser)
        hospital.house.clock.advance(timedelta(minutes=1))
        hospital.work()
        closed(browser)
    finally:
        file.write_bytes(whole)


def rows() -> int:
    from commonweal.web.patients.models import OwnOrder

    return int(OwnOrder.objects.count())


# --- settings -----------------------------------------------------------------------------------


def test_the_provider_is_set_whole_or_not_at_all(our_key: Path) -> None:
    from commonweal.foundation.errors import CommonwealError
    from commonweal.web.config.providers import read_nhs_login

    names = ("ISSUER", "CLIENT", "KEY")
    said = {
        f"COMMONWEAL_NHS_LOGIN_{name}": text
        for name, text in zip(names, ("https://a.example", "us", str(our_key)), strict=True)
    }
    assert read_nhs_login({}) is None
    found = read_nhs_login(said)
    assert found is not None
    assert (found.issuer, found.client, found.id) == ("https://a.example", "us", "nhs-login")
    for name in said:
        with pytest.raises(CommonwealError) as missing:
            read_nhs_login({other: text for other, text in said.items() if other != name})
        assert missing.value.code == "CW-WEB-SETTING"
        assert name in missing.value.sentence
    for name, wrong, code in (
        ("ISSUER", "http://a.example", "CW-WEB-SETTING"), ("ISSUER", "x", "CW-WEB-SETTING"),
        ("KEY", "/nothing", "CW-OIDC-KEY"), ("KEY", __file__, "CW-OIDC-KEY"),
    ):  # fmt: skip
        with pytest.raises(CommonwealError) as refused:
            read_nhs_login(said | {f"COMMONWEAL_NHS_LOGIN_{name}": wrong})
        assert refused.value.code == code
