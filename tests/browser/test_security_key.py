"""A real browser signs an act with a virtual security key, and the act is believed (S11).

The page is made here and served by nobody: it only hands the browser's answers over. What is tried
is that Chromium's own answers, byte for byte, are what `verify_act` takes, and no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.act_webauthn import registered, request_options
from commonweal.papers.acts import Act, SignedAct, verify_act
from commonweal.papers.credentials import b64url
from commonweal.papers.roster import SigningSite
from tests import factories, people

ORIGIN = "http://localhost:8123"
OBJECT = "sha256:" + "a" * 64
REAL = factories.trust(home="standard", time_to_say_no_days=28)
SITE = SigningSite(rp_id="localhost", origins=(ORIGIN,))
SETUP = b"set up the security key of lena  "

PAGE = "<!doctype html><html lang=en><title>Sign</title><main><h1>Sign</h1></main>"
SCRIPT = """
const bytes = text => Uint8Array.from(
  atob(text.replace(/-/g, '+').replace(/_/g, '/')), letter => letter.charCodeAt(0));
const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
window.setUp = async (challenge, alg) => {
  const made = await navigator.credentials.create({publicKey: {
    challenge: bytes(challenge), rp: {id: 'localhost', name: 'Wharfedale'},
    user: {id: bytes('bGVuYQ'), name: 'lena', displayName: 'Lena'},
    pubKeyCredParams: [{type: 'public-key', alg}], attestation: 'none',
    authenticatorSelection: {userVerification: 'required'}}});
  return {id: made.id, rawId: text(made.rawId), type: made.type, response: {
    clientDataJSON: text(made.response.clientDataJSON),
    attestationObject: text(made.response.attestationObject)}};
};
window.signAct = async (challenge, id, verification) => {
  const made = await navigator.credentials.get({publicKey: {
    challenge: bytes(challenge), rpId: 'localhost', userVerification: verification,
    allowCredentials: [{type: 'public-key', id: bytes(id)}]}});
  return {kind: 'webauthn', credential: text(made.rawId),
    authenticator_data: text(made.response.authenticatorData),
    client_data: text(made.response.clientDataJSON), signature: text(made.response.signature)};
};
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    opened = context.new_page()
    opened.route(
        "**/*", lambda route: route.fulfill(body=PAGE, content_type="text/html; charset=utf-8")
    )
    opened.goto(ORIGIN)
    opened.add_script_tag(content=SCRIPT)
    yield opened
    context.close()


def virtual_key(page: Page) -> tuple[CDPSession, str]:
    """Chromium's own authenticator, which always finds that it is the right person."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    made = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": False,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }})  # fmt: skip
    return devtools, str(made["authenticatorId"])


def set_up(page: Page) -> dict[str, Any]:
    """The credential as the roster holds it, from the browser's answer at setting it up."""
    answer = page.evaluate("([c, alg]) => setUp(c, alg)", [b64url(SETUP), -7])
    with pytest.raises(CommonwealError, match="CW-ACT-EVIDENCE"):
        registered(answer, b"another challenge", SITE)
    elsewhere = SITE.model_copy(update={"origins": ("http://localhost:9999",)})
    with pytest.raises(CommonwealError, match="CW-ACT-EVIDENCE"):
        registered(answer, SETUP, elsewhere)
    for part in ("attestationObject", "clientDataJSON"):
        cut = answer | {"response": answer["response"] | {part: answer["response"][part][:-8]}}
        with pytest.raises(CommonwealError, match="CW-ACT-EVIDENCE"):
            registered(cut, SETUP, SITE)
    with pytest.raises(CommonwealError, match="CW-ACT-EVIDENCE"):
        registered({}, SETUP, SITE)
    id_, key = registered(answer, SETUP, SITE)
    return {
        "kind": "webauthn", "id": id_, "public_key": key,
        "valid_from": "2026-01-01T00:00:00.000Z",
    }  # fmt: skip


def test_chromium_signs_an_act(page: Page) -> None:
    devtools, authenticator = virtual_key(page)
    credential = set_up(page)
    lena = people.person("lena", credentials=[credential])
    roster = people.roster(people=[lena], site=SITE.plain())
    history = people.history(roster)

    def act() -> Act:
        return people.act("lena", "vote", "reject", OBJECT, content=OBJECT)

    def signed(made: Act, about: Act, verification: str = "required") -> SignedAct:
        asking = request_options(about, roster.people[0], SITE)
        assert asking["userVerification"] == "required"
        (allowed,) = asking["allowCredentials"]
        asked = [asking["challenge"], allowed["id"], verification]
        evidence = page.evaluate("([c, id, v]) => signAct(c, id, v)", asked)
        return SignedAct.load({"act": made.plain(), "evidence": evidence})

    def verify(one: SignedAct, **more: Any) -> int:
        at = factories.NOW + timedelta(minutes=1)
        return verify_act(one, history, REAL, at, home=people.HOME, **more).sign_count

    def refused(code: str, one: SignedAct, **more: Any) -> None:
        with pytest.raises(CommonwealError) as caught:
            verify(one, **more)
        assert caught.value.code == code, caught.value.sentence

    first = act()
    good = signed(first, first)
    count = verify(good)
    again = act()
    assert verify(signed(again, again), last_count=count) == count + 1
    refused("CW-ACT-CLONED", good, last_count=count + 1)
    # An answer to the challenge of another act.
    refused("CW-ACT-EVIDENCE", signed(act(), first))
    # The same answer for an act with one word changed.
    other = first.model_copy(update={"id": "b" * 32})
    refused("CW-ACT-EVIDENCE", SignedAct(act=other, evidence=good.evidence))
    # A page of another origin that the roster does not name.
    elsewhere = people.roster(
        people=[lena], site={"rp_id": "localhost", "origins": ["http://localhost:9999"]}
    )
    with pytest.raises(CommonwealError, match="CW-ACT-EVIDENCE"):
        verify_act(
            good, people.history(elsewhere), REAL, factories.NOW + timedelta(minutes=1),
            home=people.HOME,
        )  # fmt: skip
    # Somebody touched the key, and nobody asked who it was.
    devtools.send(
        "WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False}
    )
    careless = act()
    refused("CW-ACT-EVIDENCE", signed(careless, careless, "discouraged"))
