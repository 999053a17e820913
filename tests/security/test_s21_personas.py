"""S21: a proxy turns every visitor into a made-up person.

The naive twin shows its sign-in page when a setting says so and believes what a request says of
itself. Behind a proxy, or with one variable set, a stranger becomes an officer of the hospital.
Ours asks the home's trust policy, which the ledger's first entry holds, and the request.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.web.config.trusting import look_at_home
from tests.web.conftest import client, db, new_client, sign_in, web_home  # noqa: F401 (fixtures)
from tests.web.house import make_home

STRANGER = "203.0.113.9"


# --- the naive twin -------------------------------------------------------------------------------


def naive_persona_page(request: dict[str, str], settings: dict[str, bool]) -> str | None:
    """Who is signed in: whoever was asked for, where a setting allows it."""
    if not settings.get("PERSONA_LOGIN"):
        return None
    local = request["remote"] == "127.0.0.1"  # the proxy's own address
    return request["person"] if local else None


def test_the_naive_page_makes_an_officer_of_a_stranger_behind_a_proxy() -> None:
    behind = {"remote": "127.0.0.1", "x-forwarded-for": STRANGER, "person": "owen"}
    assert naive_persona_page(behind, {"PERSONA_LOGIN": True}) == "owen"
    # And one setting, in a hospital with real data, is all that it takes.
    settings = {"PERSONA_LOGIN": False}
    settings["PERSONA_LOGIN"] = True
    assert naive_persona_page({"remote": "127.0.0.1", "person": "owen"}, settings) == "owen"


# --- ours: the request ----------------------------------------------------------------------------

FORWARDED = [
    {"X-Forwarded-For": STRANGER},
    {"X-Forwarded-Host": "data.example.org"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-For": ""},
    {"Forwarded": f"for={STRANGER}"},
    {"Via": "1.1 proxy"},
    {"X-Real-IP": STRANGER},
    {"X-Original-Host": "data.example.org"},
]
HOSTS = ["data.example.org", "127.0.0.1:8000", "[::1]:8000", "localhost.example.org", "localhost.",
         "localhost:8000@evil.example", "localhost, evil.example", "LOCALHOST.evil", "0.0.0.0",
         ""]  # fmt: skip


@pytest.mark.parametrize("headers", FORWARDED, ids=lambda one: next(iter(one)))
def test_a_request_through_a_proxy_is_nobody(client: Any, headers: dict[str, str]) -> None:  # noqa: F811
    for path in ("/account/people/", "/", "/api/v1/catalogue"):
        assert client.get(path, headers=headers).status_code == 403
    answer = client.post("/account/people/sign-in/", {"person": "owen"}, headers=headers)
    assert answer.status_code == 403
    assert "CW-WEB-PERSONA" in answer.content.decode()
    assert client.get("/account/").status_code == 302


@pytest.mark.parametrize("host", HOSTS)
def test_a_request_under_another_name_is_nobody(client: Any, host: str) -> None:  # noqa: F811
    answer = client.post("/account/people/sign-in/", {"person": "owen"}, headers={"host": host})
    assert answer.status_code == 403
    assert client.get("/account/").status_code == 302


@pytest.mark.parametrize("address", [STRANGER, "10.0.0.1", "", "::ffff:10.0.0.1"])
def test_a_request_from_elsewhere_is_nobody(client: Any, address: str) -> None:  # noqa: F811
    answer = client.post("/account/people/sign-in/", {"person": "owen"}, REMOTE_ADDR=address)
    assert answer.status_code == 403


def test_a_session_of_a_made_up_person_does_not_pass_a_proxy(sign_in: Callable[[str], Any]) -> None:  # noqa: F811
    used = sign_in("owen")
    assert used.get("/account/").status_code == 200
    assert used.get("/account/", headers={"X-Forwarded-For": STRANGER}).status_code == 403


# --- ours: the home -------------------------------------------------------------------------------


@pytest.fixture
def real_home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "real", kind="standard", stores=tmp_path / "stores")


def test_no_setting_makes_a_real_home_a_demonstration(
    sign_in: Callable[[str], Any],  # noqa: F811
    real_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who can change every setting of the service, and its database, still signs in as nobody."""
    from django.conf import settings

    from commonweal.web.config.environment import Environment

    used = sign_in("owen")
    assert settings.HOME.is_demonstration  # the attacker's settings go on saying so
    environment = Environment.read({**os.environ, "COMMONWEAL_HOME": str(real_home)})
    monkeypatch.setattr(settings, "ENVIRONMENT", environment)
    answer = used.get("/account/")
    assert answer.status_code == 403
    assert "in a demonstration only" in answer.content.decode()
    again = new_client().post("/account/people/sign-in/", {"person": "owen"})
    assert again.status_code == 403


def changed_kind(home: Path) -> None:
    path = home / "trust.json"
    policy = json.loads(path.read_text())
    assert policy["home"] == "standard"
    path.chmod(0o600)
    path.write_text(json.dumps({**policy, "home": "demo"}, separators=(",", ":")))
    description = json.loads((home / "home.json").read_text())
    (home / "home.json").write_text(json.dumps({**description, "kind": "demo"}))


def test_a_home_whose_files_were_made_to_say_demo_is_not_believed(real_home: Path) -> None:
    assert look_at_home(real_home).kind == "standard"
    changed_kind(real_home)
    with pytest.raises(CommonwealError) as caught:
        look_at_home(real_home)
    assert caught.value.code == "CW-TRUST-CHANGED"


def test_the_policy_of_a_demonstration_does_not_fit_another_ledger(
    real_home: Path,
    web_home: Path,  # noqa: F811
) -> None:
    shutil.copy(web_home / "trust.json", real_home / "trust.json")
    with pytest.raises(CommonwealError) as caught:
        look_at_home(real_home)
    assert caught.value.code == "CW-TRUST-CHANGED"


# --- ours: the session and the database -----------------------------------------------------------


def naive_row_page(row: dict[str, Any], session: dict[str, Any]) -> str:
    """The twin: who is made up needs no password and no second factor, and the row says who is."""
    if row["is_made_up"] or session.get("persona"):
        return f"page of {row['name']}"
    return "second factor, please" if row["staff"] else f"page of {row['name']}"


def test_one_changed_row_frees_a_naive_officer_from_the_second_factor() -> None:
    officer = {"name": "Real Guardian", "staff": True, "is_made_up": False}
    assert naive_row_page(officer, {}) == "second factor, please"
    assert naive_row_page(officer | {"is_made_up": True}, {}) == "page of Real Guardian"
    assert naive_row_page(officer, {"persona": True}) == "page of Real Guardian"


def real_officer() -> Any:
    from tests.web.test_accounts import person

    return person("caldicott_guardian", email="guardian@example.org")


def test_a_row_that_was_made_to_say_made_up_opens_nothing(client: Any) -> None:  # noqa: F811
    """Who can write the table of people still meets the second factor, or a refusal."""
    from commonweal.web.accounts.models import User
    from tests.web.test_accounts import log_in

    user = real_officer()
    log_in(client, "guardian@example.org")
    assert client.get("/account/")["Location"] == "/account/second-factor/"
    User.objects.filter(pk=user.pk).update(is_made_up=True)
    answer = client.get("/account/")
    assert answer.status_code == 403
    assert "CW-WEB-PERSONA" in answer.content.decode()
    # Nor is there a button for them, whatever the row is called.
    for name in (user.public_id, "owen"):
        User.objects.filter(pk=user.pk).update(public_id=f"x-{name}")
        asked = {"person": f"x-{name}"}
        assert new_client().post("/account/people/sign-in/", asked).status_code == 404


def test_a_session_that_was_made_to_say_persona_opens_nothing(client: Any) -> None:  # noqa: F811
    """Who can write the table of sessions as well makes no real officer a made-up one."""
    from tests.web.test_accounts import log_in

    real_officer()
    log_in(client, "guardian@example.org")
    session = client.session
    session["persona"] = True
    session.save()
    assert client.get("/account/").status_code == 403
    assert client.get("/account/").status_code == 302  # and it is over


def test_a_made_up_row_that_was_made_real_opens_nothing(sign_in: Callable[[str], Any]) -> None:  # noqa: F811
    """The other way round: a made-up officer whose row says real, to outlive a demonstration."""
    from commonweal.web.accounts.models import User

    used = sign_in("owen")
    User.objects.filter(public_id="owen").update(is_made_up=False)
    answer = used.get("/account/")
    assert answer.status_code in (302, 403)
    assert "Owen Griffiths" not in answer.content.decode()
    assert new_client().post("/account/people/sign-in/", {"person": "owen"}).status_code == 404


def test_a_copied_session_passes_no_proxy_no_other_name_and_no_other_home(
    sign_in: Callable[[str], Any],  # noqa: F811
    real_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cookie alone, in another browser: it is worth what the place is that it is shown to."""
    from django.conf import settings

    from commonweal.web.config.environment import Environment

    kept = sign_in("owen").cookies["session"].value

    def thief(**more: Any) -> Any:
        browser = new_client()
        browser.cookies["session"] = kept
        return browser.get("/account/", **more)

    assert thief().status_code == 200  # on this machine anybody may be anybody
    assert thief(headers={"X-Forwarded-For": STRANGER}).status_code == 403
    assert thief(headers={"host": "data.example.org"}).status_code == 403
    assert thief(REMOTE_ADDR=STRANGER).status_code == 403
    environment = Environment.read({**os.environ, "COMMONWEAL_HOME": str(real_home)})
    monkeypatch.setattr(settings, "ENVIRONMENT", environment)
    assert thief().status_code == 403
    monkeypatch.undo()
    assert thief().status_code == 302  # it was ended when it was refused


# --- ours: promotion ------------------------------------------------------------------------------


def naive_promote(home: dict[str, Any]) -> dict[str, Any]:
    """The twin keeps the kind of a home as a setting, and its people with it."""
    return home | {"kind": "standard"}


def test_a_naive_demonstration_becomes_real_with_its_made_up_officers() -> None:
    promoted = naive_promote({"kind": "demo", "officers": ["owen"]})
    assert promoted == {"kind": "standard", "officers": ["owen"]}


@pytest.mark.parametrize("how", ["policy", "policy and description", "signed policy of another"])
def test_a_demonstration_is_never_promoted(
    web_home: Path,  # noqa: F811
    real_home: Path,
    tmp_path: Path,
    how: str,
) -> None:
    place = tmp_path / "promoted"
    place.mkdir(mode=0o700)
    for name in ("trust.json", "home.json"):
        shutil.copy(web_home / name, place)
    shutil.copytree(web_home / "ledger", place / "ledger")
    assert look_at_home(place).is_demonstration
    if how == "signed policy of another":
        shutil.copy(real_home / "trust.json", place)
        shutil.copy(real_home / "home.json", place)
    else:
        policy = json.loads((place / "trust.json").read_text())
        (place / "trust.json").chmod(0o600)
        (place / "trust.json").write_text(json.dumps({**policy, "home": "standard"}))
        if how != "policy":
            described = json.loads((place / "home.json").read_text())
            (place / "home.json").write_text(json.dumps({**described, "kind": "standard"}))
    with pytest.raises(CommonwealError) as caught:
        look_at_home(place)
    assert caught.value.code == "CW-TRUST-CHANGED"


def test_a_real_home_with_a_demonstrations_database_has_no_made_up_people(
    sign_in: Callable[[str], Any],  # noqa: F811
    real_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database of a demonstration under a real home: its people and their keys are nobody."""
    from django.conf import settings

    from commonweal.web.accounts.models import User
    from commonweal.web.accounts.services import make_token
    from commonweal.web.config.environment import Environment
    from tests.web.test_accounts import log_in

    used = sign_in("owen")
    _, secret = make_token(User.objects.get(public_id="owen"), "x", ["me:read"])
    environment = Environment.read({**os.environ, "COMMONWEAL_HOME": str(real_home)})
    monkeypatch.setattr(settings, "ENVIRONMENT", environment)
    monkeypatch.setattr(settings, "HOME", look_at_home(real_home))
    assert new_client().get("/account/people/").status_code == 403
    headers = {"Authorization": f"Bearer {secret}"}
    assert new_client().get("/api/v1/me", headers=headers).status_code == 403
    assert used.get("/account/").status_code == 403
    by_password = new_client()
    log_in(by_password, "owen@example.org", "")
    assert by_password.get("/account/").status_code == 302
