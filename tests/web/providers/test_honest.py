"""Signing in with CIS2 against a real provider that tells the truth: in, connected, and out."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from commonweal.web.config.providers import private_key, read_cis2
from tests.web.conftest import Page, new_client
from tests.web.provider import LocalProvider, Person
from tests.web.providers.conftest import NOW, WAY, go, linked, said, settings_for
from tests.web.test_accounts import BY, log_in, person

# --- the honest provider -----------------------------------------------------------------------


def test_who_is_linked_signs_in_and_needs_no_second_factor(
    client: Any, provider: LocalProvider
) -> None:
    from commonweal.web.ledgerlink.models import Intent

    linked("siro")
    assert "Sign in with NHS CIS2" in Page(client.get("/account/login/")).text
    answer = go(client)
    assert answer["Location"] == "/account/"
    shown = Page(client.get("/account/")).text
    assert "You signed in with NHS CIS2" in shown
    assert provider.refused == []
    last = Intent.objects.last()
    assert (last.type, last.event().fields["means"]) == ("account.signed_in", "cis2")


def test_a_password_alone_sets_up_no_second_factor_beside_the_provider(
    client: Any, provider: LocalProvider
) -> None:
    """Whoever reads somebody's mail could reset the password: it opens nothing and adds nothing."""
    from tests.web.test_accounts import code, with_app

    user = linked("siro")
    log_in(client)
    for path in ("/account/", "/account/second-factor/", "/account/second-factor/totp/activate/",
                 "/account/email/"):  # fmt: skip
        assert "signs in with a provider" in said(client.get(path), "CW-OIDC-ASSURANCE")
    assert client.get("/account/logout/").status_code == 200
    # Who set one up while signed in with the provider can use it.
    secret = with_app(user)
    other = new_client()
    log_in(other)
    other.post("/account/second-factor/authenticate/", {"code": code(secret)})
    assert other.get("/account/").status_code == 200


def test_what_is_asked_of_the_provider(client: Any, provider: LocalProvider) -> None:
    address = client.get(WAY)["Location"]
    asked = parse_qs(urlsplit(address).query)
    assert asked["response_type"] == ["code"]
    assert asked["acr_values"] == ["AAL3_ANY"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://localhost:8000/account/with/cis2/answer/"]
    again = parse_qs(urlsplit(client.get(WAY)["Location"]).query)
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43
        assert asked[name] != again[name]


def test_no_role_comes_from_the_provider(client: Any, provider: LocalProvider) -> None:
    """It says which role was chosen there, and a list of them; here that is nothing."""
    linked(None)
    go(client)
    assert "You have no role" in Page(client.get("/account/")).text


def test_no_page_breaks_for_who_has_no_password(client: Any, provider: LocalProvider) -> None:
    """Changing how one signs in asks for a password first; who has none is told so, somehow."""
    from tests.web.test_every_page import addresses

    _, secret = invitation()
    go(client, f"{WAY}invitation/{secret}/")
    for name, path in addresses():
        if name.startswith(("account_", "mfa_", "accounts:")) and "logout" not in path:
            assert client.get(path).status_code < 500, name
    assert client.get("/account/").status_code == 200
    # A password of one's own is no way around the second factor.
    words = {"password1": "four plain words here", "password2": "four plain words here"}
    client.post("/account/password/set/", words)
    other = new_client()
    log_in(other, "tess@example.org", words["password1"])
    assert other.get("/account/").status_code in (302, 403)


def test_the_public_half_of_our_key_is_shown_and_no_more(
    client: Any, provider: LocalProvider
) -> None:
    (key,) = client.get(f"{WAY}keys/").json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}


def test_without_a_provider_there_is_no_way(client: Any) -> None:
    for path in ("", "answer/", "keys/"):
        assert client.get(WAY + path).status_code == 404
    assert "CIS2" not in Page(client.get("/account/login/")).text
    assert client.get("/account/with/nhs-login/").status_code == 404


# --- who somebody is here ----------------------------------------------------------------------


def invitation(email: str = "tess@example.org", role: str = "clinician") -> tuple[Any, str]:
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.accounts.services import invite

    place = Organisation.objects.get(public_id="meadowbank")
    row = invite(User.objects.get(public_id="edward"), email, place, role)
    return row, row.draw_secret()


def test_an_address_alone_connects_nobody(client: Any, provider: LocalProvider) -> None:
    """The provider vouches for an address that an officer has here: that is no connection."""
    from commonweal.web.accounts.models import ExternalIdentity

    person("siro", email="siro@example.org")
    shown = said(go(client), "CW-OIDC-UNKNOWN")
    assert "accounts come from invitations" in shown
    assert not ExternalIdentity.objects.exists()
    assert client.get("/account/").status_code == 302


def test_an_invitation_makes_the_account_and_connects_it(
    client: Any, provider: LocalProvider
) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.ledgerlink.models import Intent

    row, secret = invitation()
    shown = Page(client.get(f"/account/invitation/{secret}/"))
    (way,) = [a["href"] for a in shown.every("a") if "with/cis2" in str(a["href"])]
    assert go(client, str(way))["Location"] == "/account/"
    user = User.objects.get(email="tess@example.org")
    assert user.name == "Tess Ting"
    assert not user.has_usable_password()
    assert [one.role for one in user.memberships.all()] == ["clinician"]
    types = [one.type for one in Intent.objects.order_by("-id")[:3]]
    assert types == ["account.signed_in", "account.role_given", "account.identity_linked"]
    row.refresh_from_db()
    assert row.accepted_at is not None
    assert go(new_client())["Location"] == "/account/"
    # The link works once, and not for a second person of the provider.
    provider.person = Person(subject="another", name="Somebody Else")
    assert new_client().get(str(way)).status_code == 400


def test_a_reset_by_mail_is_no_way_around_the_provider(
    client: Any, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings
    from django.core import mail

    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.locmem.EmailBackend")
    _, secret = invitation()
    go(client, f"{WAY}invitation/{secret}/")
    mail.outbox = []
    new_client().post("/account/password/reset/", {"email": "tess@example.org"})
    assert mail.outbox == []


def test_an_account_that_is_there_is_connected_by_an_invitation_while_signed_in(
    client: Any, provider: LocalProvider
) -> None:
    user = person("applicant", email="tess@example.org")
    _, secret = invitation(role="co_applicant")
    way = f"{WAY}invitation/{secret}/"
    # Not signed in: the address is taken, so nothing is connected and the invitation stays.
    shown = said(go(client, way), "CW-WEB-INVITATION", 400)
    assert "Sign in with it" in shown
    log_in(client, "tess@example.org")
    assert "Take the role" in Page(client.get(f"/account/invitation/{secret}/")).text
    assert go(client, way)["Location"] == "/account/"
    assert user.identities.count() == 1
    assert user.roles_on(NOW.date()) == {"applicant", "co_applicant"}
    assert go(new_client())["Location"] == "/account/"


def test_one_person_of_the_provider_is_one_person_here(
    client: Any, provider: LocalProvider
) -> None:
    linked("siro")
    _, secret = invitation()
    said(go(client, f"{WAY}invitation/{secret}/"), "CW-OIDC-LINKED")
    from commonweal.web.accounts.models import Invitation, User

    assert not User.objects.filter(email="tess@example.org").exists()
    assert Invitation.objects.get().accepted_at is None


@pytest.mark.parametrize("name", ["", None, "x" * 200, "Tess \u202egniT", 7])
def test_a_name_that_cannot_be_shown_makes_no_account(
    client: Any, provider: LocalProvider, name: Any
) -> None:
    provider.lies["userinfo"] = {"name": name}
    provider.person.more = {"name": None}
    _, secret = invitation()
    said(go(client, f"{WAY}invitation/{secret}/"), "CW-OIDC-TOKEN")


def test_when_the_connection_or_the_account_ends_so_does_the_session(
    client: Any, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    from commonweal.web.accounts.linking import end_link

    user = linked("siro")
    go(client)
    other = new_client()
    go(other)
    with monkeypatch.context() as gone:
        gone.setattr(settings, "PROVIDERS", {})
        assert other.get("/account/").status_code == 403
    assert client.get("/account/").status_code == 200
    end_link(user.identities.get(), BY)
    said(client.get("/account/"), "CW-OIDC-UNKNOWN")
    assert client.get("/account/").status_code == 302
    said(go(new_client()), "CW-OIDC-UNKNOWN")


# --- the end ------------------------------------------------------------------------------------


def test_signing_out_here_signs_out_there(client: Any, provider: LocalProvider) -> None:
    linked("siro")
    go(client)
    kept = client.cookies["session"].value
    assert client.get("/account/logout/").status_code == 200
    answer = client.post("/account/logout/")
    parts = urlsplit(answer["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{provider.issuer}/end"
    asked = parse_qs(parts.query)
    assert asked["post_logout_redirect_uri"] == ["http://localhost:8000/"]
    assert asked["id_token_hint"][0].count(".") == 2
    client.cookies["session"] = kept
    assert client.get("/account/").status_code == 302


@pytest.mark.parametrize("end", [None, "https://evil.example/end"])
def test_signing_out_goes_to_the_provider_or_nowhere(
    client: Any, provider: LocalProvider, end: str | None
) -> None:
    provider.lies["metadata"] = {"end_session_endpoint": end}
    linked("siro")
    go(client)
    assert client.post("/account/logout/")["Location"] == "/"


def test_when_the_session_ends_there_it_ends_here(
    client: Any, provider: LocalProvider, held: FixedClock
) -> None:
    linked("siro")
    go(client)
    text = provider.notice()
    answer = new_client().post(f"{WAY}ended/", {"logout_token": text})
    assert answer.status_code == 200, answer.content
    assert client.get("/account/").status_code == 302
    again = new_client().post(f"{WAY}ended/", {"logout_token": text})
    assert again.json() == {"error": "invalid_request", "code": "CW-OIDC-STATE"}


NOTICES: dict[str, dict[str, Any]] = {
    "other session": {"sid": "there-2"},
    "other subject": {"sid": None, "sub": "somebody-else"},
    "nobody": {"sid": None},
    "a nonce": {"nonce": "x"},
    "no event": {"events": {}},
    "events are text": {"events": "x"},
    "no number": {"jti": None},
    "old": {"iat": int(NOW.timestamp()) - 700},
    "time is text": {"iat": "now"},
    "other audience": {"aud": "b"},
    "other issuer": {"iss": "https://evil.example"},
}


@pytest.mark.parametrize("how", NOTICES)
def test_a_notice_that_is_wrong_ends_nothing(
    client: Any, provider: LocalProvider, how: str
) -> None:
    linked("siro")
    go(client)
    text = provider.notice(**NOTICES[how])
    answer = new_client().post(f"{WAY}ended/", {"logout_token": text})
    assert answer.status_code == (200 if how.startswith("other s") else 400), how
    assert client.get("/account/").status_code == 200
    assert new_client().post(f"{WAY}ended/").status_code == 400


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"ISSUER": ""}, {"CLIENT": ""}, {"KEY": ""}, {"ISSUER": "http://am.example.nhs.uk"},
        {"ISSUER": "am.example.nhs.uk"}, {"ISSUER": "https://a:b@am.example.nhs.uk"},
        {"ISSUER": "https://am.example.nhs.uk?x=1"}, {"ACR": "AAL3_ANY,"}, {"ACR": "A B"},
    ],
)  # fmt: skip
def test_settings_are_whole_or_refused(key_file: Path, more: dict[str, str]) -> None:
    with pytest.raises(CommonwealError, match="CW-WEB-SETTING"):
        read_cis2(settings_for(key_file, **more))
    assert read_cis2({}) is None


def test_the_key_is_kept_out_of_sight(key_file: Path) -> None:
    found = read_cis2(settings_for(key_file))
    assert found is not None
    assert "key" not in repr(found)
    assert found.origin == "https://am.example.nhs.uk"


@pytest.mark.parametrize("how", ["others", "group", "link", "folder", "missing", "text", "short",
                                 "ec"])  # fmt: skip
def test_a_key_that_others_can_read_or_that_is_none_is_refused(
    key_file: Path, tmp_path: Path, how: str
) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = tmp_path / "key.pem"
    path.write_bytes(key_file.read_bytes())
    path.chmod({"others": 0o604, "group": 0o640}.get(how, 0o600))
    if how == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    elif how in ("folder", "missing"):
        path.unlink()
        if how == "folder":
            path.mkdir(0o700)
    elif how == "text":
        path.write_text("hello")
    elif how in ("short", "ec"):
        made: Any = (
            rsa.generate_private_key(65537, 1024) if how == "short"
            else ec.generate_private_key(ec.SECP256R1())
        )  # fmt: skip
        path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(CommonwealError, match="CW-OIDC-KEY"):
        private_key(path)
