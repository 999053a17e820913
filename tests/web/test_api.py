"""The API: its answers, its one error shape, its keys, and its own description tried on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from commonweal.foundation.clock import FixedClock
from tests.web.conftest import new_client

PUBLIC_OPERATIONS = {
    ("get", "/api/v1/catalogue"),
    ("get", "/api/v1/catalogue/variables"),
    ("get", "/api/v1/catalogue/{dataset}"),
    ("get", "/api/v1/catalogue/{dataset}/{table}/{name}"),
    ("get", "/api/v1/register"),
    ("get", "/api/v1/register/{permit_id}"),
    ("get", "/api/v1/register/{permit_id}/outputs"),
    ("get", "/api/v1/ledger/checkpoint"),
    ("get", "/api/v1/ledger/entries"),
    ("get", "/api/v1/ledger/entries/{index}"),
    ("get", "/api/v1/ledger/entries/{index}/proof"),
}
"""Operations without a key: they show what public pages show. A new one is added by hand."""
WRITING = {
    ("post", "/api/v1/permits/{permit_id}/studies"),
    ("post", "/api/v1/studies/{job}/take-back"),
    ("post", "/api/v1/choices"),
}
"""Operations that ask for something; none of them decides (S11). A new one is added by hand."""


def described(client: Any) -> dict[str, Any]:
    found = client.get("/api/v1/openapi.json").json()
    assert isinstance(found, dict)
    return found


def test_every_operation_has_a_key_or_is_declared_public(client: Any) -> None:
    operations = {
        (method, path): operation
        for path, methods in described(client)["paths"].items()
        for method, operation in methods.items()
    }
    assert len(operations) >= 5
    open_ones = {key for key, one in operations.items() if not one.get("security")}
    assert open_ones == PUBLIC_OPERATIONS
    assert {key for key, one in operations.items() if "public" in one["tags"]} == open_ones
    for method, path in operations.keys() - open_ones:
        answer = getattr(client, method)(
            path.replace("{", "").replace("}", "").replace("number", "1")
        )
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "CW-API-TOKEN"
    assert {key for key in operations if key[0] != "get"} == WRITING


def test_every_error_has_the_one_shape(client: Any) -> None:
    tries = {
        "/api/v1/none": (404, "CW-API-NOT-FOUND"),
        "/api/v1/catalogue/a/b/c": (404, "CW-API-NOT-FOUND"),
        "/api/v1/catalogue/variables?page=0": (422, "CW-API-INVALID"),
        "/api/v1/catalogue/variables?page=x": (422, "CW-API-INVALID"),
        f"/api/v1/catalogue/variables?q={'x' * 201}": (422, "CW-API-INVALID"),
        "/api/v1/me": (401, "CW-API-TOKEN"),
    }
    for path, (status, code) in tries.items():
        answer = client.get(path)
        assert answer.status_code == status, path
        assert set(answer.json()) == {"error"}
        error = answer.json()["error"]
        assert error["code"] == code
        assert error["sentence"].endswith(".")
        assert error["reference"] == answer["X-Reference"]


def test_an_unforeseen_error_has_it_too(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.web.api import public

    def fails() -> None:
        raise RuntimeError("943 476 5919")

    monkeypatch.setattr(public, "register_or_none", fails)
    answer = client.get("/api/v1/register")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "CW-INTERNAL"
    assert "943" not in answer.content.decode()


def test_the_catalogue_and_the_register_are_those_of_the_pages(client: Any) -> None:
    catalogue = client.get("/api/v1/catalogue").json()
    assert [one["id"] for one in catalogue["datasets"]] == ["hospital", "odd"]
    listed = client.get("/api/v1/catalogue/variables?role=genomic").json()
    assert (listed["total"], listed["variables"][0]["name"]) == (1, "genome")
    born = client.get("/api/v1/catalogue/hospital/patients/born").json()
    assert born["forms"][0]["code"] == "age_band(5,90)"
    odd = client.get("/api/v1/catalogue/odd/a~2Fb/~2E.").json()
    assert odd["name"] == ".."
    register = client.get("/api/v1/register").json()
    stages = [one["stage"] for one in register["projects"]]
    assert stages == ["active", "paused", "ended", "planned"]
    assert client.get("/api/v1/catalogue/variables?page=9").json()["variables"] == []


def test_the_page_of_the_api_names_each_operation_and_scope(client: Any) -> None:
    from commonweal.web.accounts.models import ApiToken

    page = (Path(__file__).parents[2] / "docs" / "reference" / "api.md").read_text()
    named = set(re.findall(r"^\| `(/[^`]+)` \|", page, re.MULTILINE))
    assert named == {path.removeprefix("/api/v1") for path in described(client)["paths"]}
    scopes = {
        scope for line in page.splitlines() for scope in re.findall(r"`([a-z]+:[a-z]+)`", line)
    }
    assert scopes == {scope for scope, _ in ApiToken.SCOPES}


HOSTILE = (
    "/api/v1/catalogue/variables?page=99999999999999999999999",
    "/api/v1/catalogue?page=-1",
    "/api/v1/catalogue/variables?page=%00",
    "/api/v1/register/%00",
    "/api/v1/register/%00/outputs",
    "/api/v1/register/no-such/outputs",
    "/api/v1/register/permit-0/outputs?page=0",
    "/api/v1/register/a%00b",
    "/api/v1/register/..%2f..%2fetc",
    "/api/v1/register/" + "x" * 5000,
    "/api/v1/catalogue/%00/%00/%00",
    "/api/v1/catalogue/%ff%fe",
    "/api/v1/catalogue/variables?q=%ff%fe&page=x",
    "/api/v1/ledger/entries/-1",
    "/api/v1/ledger/entries/999999999999999999999999/proof",
    "/api/v1/ledger/entries/1e3",
    "/api/v1/ledger/entries/123456789",
    "/api/v1/nothing%00here",
)


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_addresses_get_the_one_shape(client: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (400, 404, 422), answer.status_code
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"]["code"].startswith("CW-")
    assert "Traceback" not in answer.content.decode()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_get_it_too(client: Any, method: str) -> None:
    bodies = (b"", b"\x00\xff", b"{", b"<x/>")
    kinds = ("application/json", "text/plain", "multipart/form-data", "no/such")
    for path in ("/api/v1/catalogue", "/api/v1/ledger/entries/0/proof", "/api/v1/me"):
        for body, kind in zip(bodies, kinds, strict=True):
            answer = getattr(client, method)(path, body, content_type=kind)
            code = answer.json()["error"]["code"]
            if kind == "multipart/form-data" and answer.status_code == 400:
                assert code == "CW-WEB-REQUEST"  # a form that cannot be read, before all else
                continue
            assert (answer.status_code, code) == (405, "CW-API-METHOD"), (path, kind)
            assert answer["Allow"] == "GET"


def test_what_a_database_cannot_take_is_the_askers_fault(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL takes no text with NUL in it; what it says of one never reaches anybody."""
    from django.db import DataError

    from commonweal.web.api import public
    from commonweal.web.register import views

    def fails() -> None:
        raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")

    monkeypatch.setattr(public, "register_or_none", fails)
    monkeypatch.setattr(views, "whole_or_none", fails)
    answer = client.get("/api/v1/register")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "CW-API-INVALID")
    page = client.get("/projects/")
    assert page.status_code == 400
    assert "PostgreSQL" not in page.content.decode()


def test_what_did_not_change_is_not_sent_again(client: Any) -> None:
    for path in ("/api/v1/catalogue", "/api/v1/ledger/entries", "/api/v1/openapi.json"):
        first = client.get(path)
        tag = first["ETag"]
        again = client.get(path, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


# --- the public log -------------------------------------------------------------------------------


def test_the_public_log_can_be_read_and_each_entry_proved(
    client: Any, web_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.foundation.clock import SystemClock
    from commonweal.ledger.proving import check_proof
    from commonweal.vault.custody import open_custody

    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(web_home.with_name("stores")))
    listed = client.get("/api/v1/ledger/entries").json()
    assert listed["total"] == len(listed["entries"])
    assert listed["entries"][0]["entry"]["type"] == "trust.policy_set"
    checkpoint = client.get("/api/v1/ledger/checkpoint").json()
    assert checkpoint["size"] <= listed["total"]
    with open_custody(web_home, SystemClock()) as custody:
        keys = custody.ledger_keys
    for index in (0, checkpoint["size"] - 1):
        proof = client.get(f"/api/v1/ledger/entries/{index}/proof").json()["proof"]
        found = check_proof(proof.encode(), keys)
        assert (found.log, found.index) == ("public", index)
        assert found.entry == listed["entries"][index]["entry"]
    one = client.get("/api/v1/ledger/entries/0").json()
    assert one == listed["entries"][0]
    text = client.get("/api/v1/ledger/entries").content.decode()
    assert "amara" not in text, "the sealed log is nowhere"
    assert "account.signed_in" not in text


# --- keys -----------------------------------------------------------------------------------------


@pytest.fixture
def key(db: None) -> Callable[..., tuple[Any, str]]:
    from commonweal.web.accounts.models import User
    from commonweal.web.accounts.services import make_token

    def made(*scopes: str, who: str = "amara") -> tuple[Any, str]:
        return make_token(User.objects.get(public_id=who), "test", scopes or ("me:read",))

    return made


def asked(client: Any, secret: str) -> Any:
    return client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})


def test_a_key_says_whose_it_is(client: Any, key: Callable[..., tuple[Any, str]]) -> None:
    _, secret = key("me:read", "catalogue:read")
    answer = asked(client, secret)
    assert answer.json() == {
        "person": "amara",
        "name": "Amara Okafor",
        "roles": ["applicant"],
        "project_roles": [],
        "scopes": ["catalogue:read", "me:read"],
    }


@pytest.mark.parametrize("secret", ["", "x", "cw_", "\u00e9", "null", "cw_" + "a" * 5000])
def test_what_is_no_key_opens_nothing(client: Any, secret: str) -> None:
    assert asked(client, secret).status_code == 401


def test_a_key_without_the_scope_is_refused(
    client: Any, key: Callable[..., tuple[Any, str]]
) -> None:
    _, secret = key("catalogue:read")
    answer = asked(client, secret)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "CW-API-SCOPE")


def test_a_key_ends_with_time_by_its_person_and_with_its_person(
    client: Any, key: Callable[..., tuple[Any, str]], at: Callable[[Any], None]
) -> None:
    from commonweal.web.accounts.services import end_token

    clock = FixedClock(datetime.now(UTC))
    at(clock)
    row, secret = key()
    assert asked(client, secret).status_code == 200
    end_token(row.user, row.public_id)
    assert asked(client, secret).status_code == 401
    row, secret = key()
    row.user.accredited_until = clock.now().date() - timedelta(days=1)
    row.user.save()
    assert asked(client, secret).json()["error"]["code"] == "CW-WEB-LAPSED"
    row.user.accredited_until, row.user.is_active = None, False
    row.user.save()
    assert asked(client, secret).status_code == 401
    row.user.is_active = True
    row.user.save()
    clock.advance(timedelta(days=90))
    assert asked(client, secret).status_code == 401


def test_a_key_of_a_made_up_person_works_here_only(
    client: Any, key: Callable[..., tuple[Any, str]]
) -> None:
    _, secret = key()
    headers = {"Authorization": f"Bearer {secret}", "X-Forwarded-For": "10.0.0.1"}
    answer = client.get("/api/v1/me", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "CW-WEB-PERSONA")


def test_a_session_is_no_key(sign_in: Callable[[str], Any]) -> None:
    assert sign_in("amara").get("/api/v1/me").status_code == 401


# --- its own description, tried on it -------------------------------------------------------------


@pytest.fixture
def kept_key(web_home: Path) -> Iterator[str]:
    """A key that is really there: a WSGI server uses connections of its own."""
    from django.db import connection

    from commonweal.web.accounts.models import ApiToken, User
    from commonweal.web.accounts.services import make_token

    scopes = [scope for scope, _ in ApiToken.SCOPES]
    row, secret = make_token(User.objects.get(public_id="amara"), "schema", scopes)
    yield secret
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_apitoken WHERE id = %s", [row.pk])
        cursor.execute("DELETE FROM ledgerlink_intent WHERE type = 'account.token_made'")


def test_the_api_is_as_it_describes_itself(kept_key: str) -> None:
    from commonweal.web.config.wsgi import application

    secret = kept_key
    local = {"Host": "localhost"}

    def here(environ: dict[str, Any], start: Any) -> Any:
        return application({**environ, "REMOTE_ADDR": "127.0.0.1"}, start)

    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", here, headers=local)
    tried: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=15,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def attempt(case: Any) -> None:
            tried.append(case.operation.path)
            case.call_and_validate(headers={**local, "Authorization": f"Bearer {secret}"})

        attempt()
    assert len(set(tried)) == len(schema.raw_schema["paths"])
    assert new_client().get("/health").status_code == 200
