"""No page that staff use opens before a second factor: every address of every app is asked.

`APPS` is the list of what there is. A new app fails here until it is put into it, and a new page of
an app needs a sign-in and a second factor unless it is named as public in `test_headers` or as a
page that sets the second factor up in the middleware.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import new_client
from tests.web.test_accounts import code, log_in, person, with_app

APPS = {
    "": "pages of the service itself, and allauth's",
    "accounts": "people and how they sign in",
    "alerts": "whoever wants mail about new projects, without a sign-in",
    "amending": "requests to change or renew a project",
    "answers": "applicants who answer questions",
    "assessments": "impact assessments that are published",
    "api": "keys for programs, asked in test_api",
    "applications": "those who apply",
    "choices": "saying no by page, without a sign-in, and staff who write choices down",
    "committee": "the committee",
    "concerns": "whoever raises a concern, without a sign-in",
    "concerns_desk": "those who look into concerns",
    "desk": "information governance",
    "discovery": "what is held",
    "outputs": "what leaves: its authors, who checks it, and who answers for it",
    "dummies": "made-up data for the people of a project",
    "ingress": "what is brought in beside the data",
    "oversight": "who decides, and how members are shown",
    "panel": "the public panel",
    "patients": "whoever looks at their own record, signed in elsewhere",
    "projects": "agreements and permits",
    "publicpages": "texts for everybody",
    "publiclog": "the public log",
    "publishing": "those who write for the public",
    "register": "the public register",
    "releases": "releases",
    "reviews": "yearly reviews",
    "rooms": "who looks after the rooms",
    "signing": "what people sign",
    "told": "texts for the public",
    "studies": "studies, by the people whom permits name and by staff",
}
WITHOUT = {
    "account_logout", "account_reauthenticate", "mfa_index", "mfa_activate_totp",
    "mfa_add_webauthn", "mfa_list_webauthn", "mfa_view_recovery_codes", "mfa_reauthenticate",
    "mfa_generate_recovery_codes", "account_email", "account_confirm_email",
    "account_email_verification_sent", "home", "about", "accessibility", "cookies", "health",
    "accounts:sign_out",
}  # fmt: skip
"""All that staff can open before: leaving, setting up, and pages without anything of anybody's."""
SAMPLES: tuple[Any, ...] = (
    "x",
    1,
    "a-b",
    "0",
    "2026-01-01",
    "7d1a7a0c-6c43-4b4e-9a0e-1d0a6a4a4a4a",
)


def addresses() -> Iterator[tuple[str, str]]:
    """Every page as (name, path); whatever it takes is made up."""
    from django.urls import get_resolver

    yield from _walk(get_resolver(), "")


def _walk(resolver: Any, space: str) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _walk(pattern, inner)
        else:
            assert pattern.name, f"{pattern.pattern} has no name"
            name = space + pattern.name
            yield name, _path(name, pattern)


def _path(name: str, pattern: Any) -> str:
    from django.urls import NoReverseMatch, get_resolver, reverse

    parts = name.split(":")
    resolver: Any = get_resolver()
    for part in parts[:-1]:
        resolver = resolver.namespace_dict[part][1]
    wanted = resolver.reverse_dict.getlist(parts[-1])[0][0][0][1]
    chosen: dict[str, Any] = {}
    for index, key in enumerate(wanted):
        chosen[key] = SAMPLES[index % 2 if key in ("older", "newer") else 0]
    options = [chosen] + [dict.fromkeys(wanted, one) for one in SAMPLES]
    options.append({"uidb36": "x", "key": "x-x"})
    for kwargs in options:
        try:
            return reverse(name, kwargs=kwargs or None)
        except NoReverseMatch:
            continue
    raise AssertionError(f"no sample fits what {name} takes: {wanted}")


def test_every_app_is_known(web_home: Any) -> None:
    spaces = {name.rpartition(":")[0].split(":")[0] for name, _ in addresses()}
    assert spaces <= APPS.keys()
    assert {"accounts", "applications"} <= spaces


def test_the_pages_before_a_second_factor_are_these_and_no_others(web_home: Any) -> None:
    from commonweal.web.accounts.middleware import WITHOUT_SECOND_FACTOR

    names = {name for name, _ in addresses()}
    assert WITHOUT_SECOND_FACTOR == WITHOUT
    assert names >= WITHOUT


@pytest.mark.parametrize("role", ["siro", "committee_lay"])
def test_no_page_of_any_app_opens_to_staff_before_a_second_factor(client: Any, role: str) -> None:
    user = person(role)
    log_in(client)
    asked = 0
    for name, path in addresses():
        if name in WITHOUT or name.startswith("api:"):
            continue
        for method in (client.get, client.post):
            answer = method(path)
            assert answer.status_code == 302, (name, path, answer.status_code)
            assert answer["Location"] == "/account/second-factor/", (name, path)
        asked += 1
    assert asked > 60
    # The same pages open once there is one: it was the factor that was missing.
    secret = with_app(user)
    fresh = new_client()
    log_in(fresh)
    fresh.post("/account/second-factor/authenticate/", {"code": code(secret)})
    assert fresh.get("/account/").status_code == 200


def test_a_half_signed_in_person_is_nobody(client: Any) -> None:
    """After the password and before the second factor, no page knows them."""
    with_app(person("siro"))
    log_in(client)
    for name, path in addresses():
        if name.startswith(("accounts:", "applications:", "mfa_")) and name not in WITHOUT:
            answer = client.get(path)
            assert "New Person" not in answer.content.decode(), name
    assert client.get("/account/").status_code == 302
