"""Signing with a security key: true answers are taken, all others are said and can be put right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import cbor2
import pytest

from commonweal.papers.acts import SignedAct
from commonweal.papers.credentials import b64url, unb64url
from tests.authenticator import PRESENT, VERIFIED, Authenticator
from tests.web.conftest import Page
from tests.web.signing.conftest import Noted, proposed

ORIGIN = "http://localhost:8000"
HERE = {"rp_id": "localhost", "origins": [ORIGIN]}
KEY = Authenticator("quentin's")
OTHER = Authenticator("priya's")


@pytest.fixture
def quentin(
    sign_in: Callable[[str], Any], listed: Any, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Signed in, with a security key on the list of people, and no signer at work."""
    listed(site=HERE, credentials=[KEY.credential()])
    monkeypatch.setattr("commonweal.web.signing.services.WAIT_SECONDS", 0.0)
    return sign_in("quentin")


def answer_of(key: Authenticator, challenge: bytes, **wrong: Any) -> dict[str, Any]:
    """As `PublicKeyCredential.toJSON` gives it."""
    made = key.assertion(challenge, **{"rp_id": "localhost", "origin": ORIGIN, **wrong})
    return {
        "id": made.credential, "rawId": made.credential, "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": made.client_data, "authenticatorData": made.authenticator_data,
            "signature": made.signature, "userHandle": None,
        },
    }  # fmt: skip


def post(client: Any, row: Any, answer: Any) -> Any:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return client.post(f"/sign/{row.pk}/", {"answer": text})


def test_the_page_asks_the_persons_key(quentin: Any) -> None:
    row = proposed()
    page = Page(quentin.get(f"/sign/{row.pk}/"))
    (form,) = page.every("form", **{"data-key": "get"})
    options = json.loads(str(form["data-options"]))["publicKey"]
    assert options["challenge"] == b64url(row.act.challenge())
    assert options["rpId"] == "localhost"
    assert options["userVerification"] == "required"
    assert [one["id"] for one in options["allowCredentials"]] == [KEY.id]
    assert page.every("script", src="/static/signing/sign.js")
    assert page.every("noscript")


def test_a_true_answer_is_kept_for_the_signer(quentin: Any) -> None:
    row = proposed()
    answer = post(quentin, row, answer_of(KEY, row.act.challenge()))
    assert (answer.status_code, answer["Location"]) == (302, f"/sign/{row.pk}/")
    row.refresh_from_db()
    assert row.state == "signed"
    signed = row.signed
    assert isinstance(signed, SignedAct)
    assert (signed.act, signed.evidence.kind) == (row.act, "webauthn")


def _changed(part: str, value: Any) -> Callable[[Any], Any]:
    def change(row: Any) -> Any:
        made = answer_of(KEY, row.act.challenge())
        return made | {"response": made["response"] | {part: value}}

    return change


WRONG: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda _: "",
    "no JSON": lambda _: "{",
    "a list": lambda _: "[]",
    "a number": lambda _: "12",
    "no response": lambda _: "{}",
    "response is a text": lambda _: '{"response": "x", "rawId": "x"}',
    "very deep": lambda _: "[" * 5_000 + "]" * 5_000,
    "very long": lambda _: json.dumps({"response": {"signature": "A" * 100_000}}),
    "a key twice": lambda _: '{"response": {}, "response": {}}',
    "no fields": lambda _: '{"response": {}, "rawId": "x"}',
    "fields of other kinds": _changed("signature", ["A"]),
    "not base64": _changed("signature", "+/=="),
    "cut signature": _changed("signature", "AAAA"),
    "cut data": _changed("authenticatorData", "AAAA"),
    "markup": _changed("clientDataJSON", "<script>"),
    "a nul": lambda _: '{"response": {"signature": "\\u0000"}, "rawId": "\\u0000"}',
    "somebody else's key": lambda row: answer_of(OTHER, row.act.challenge()),
    "somebody else's key under this name": lambda row: answer_of(
        OTHER, row.act.challenge(), credential=KEY.id
    ),
    "another act": lambda _: answer_of(KEY, b"x" * 32),
    "another page": lambda row: answer_of(KEY, row.act.challenge(), origin="http://localhost:9"),
    "another site": lambda row: answer_of(KEY, row.act.challenge(), rp_id="evil.example"),
    "nobody was recognised": lambda row: answer_of(KEY, row.act.challenge(), flags=PRESENT),
    "inside a foreign page": lambda row: answer_of(
        KEY, row.act.challenge(), client={"crossOrigin": True}
    ),
    "set up, not signed": lambda row: answer_of(
        KEY, row.act.challenge(), client={"type": "webauthn.create"}
    ),
}


@pytest.mark.parametrize("what", sorted(WRONG))
def test_a_wrong_answer_is_said_and_can_be_put_right(quentin: Any, what: str) -> None:
    row = proposed()
    answer = post(quentin, row, WRONG[what](row))
    assert answer.status_code == 400, what
    page = Page(answer)
    assert "CW-ACT-EVIDENCE" in page.text
    assert row.act.statement in page.text
    row.refresh_from_db()
    assert (row.state, row.evidence) == ("proposed", None)
    assert post(quentin, row, answer_of(KEY, row.act.challenge())).status_code == 302


def test_a_button_is_no_answer_where_a_key_is_asked(quentin: Any) -> None:
    row = proposed()
    assert quentin.post(f"/sign/{row.pk}/", {"sign": "1"}).status_code == 400
    row.refresh_from_db()
    assert row.state == "proposed"


def test_people_sign_at_the_address_that_the_list_names(quentin: Any, listed: Any) -> None:
    listed(site={"rp_id": "sign.example", "origins": ["https://sign.example"]},
           credentials=[KEY.credential()])  # fmt: skip
    page = Page(quentin.get(f"/sign/{proposed().pk}/"))
    assert "People sign at https://sign.example" in page.text
    assert "CW-ACT-CREDENTIAL" in page.text


# --- setting up a key -----------------------------------------------------------------------------


def set_up(key: Authenticator, asked: bytes, **wrong: Any) -> dict[str, Any]:
    """The browser's answer when a key is set up."""
    said = {"type": "webauthn.create", "challenge": b64url(asked), "origin": ORIGIN,
            "crossOrigin": False, **wrong}  # fmt: skip
    id_ = unb64url(key.id)
    data = hashlib.sha256(b"localhost").digest() + bytes([PRESENT | VERIFIED | 0x40]) + bytes(4)
    data += bytes(16) + len(id_).to_bytes(2) + id_ + key.cose()
    attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
    return {
        "id": key.id, "rawId": key.id, "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": b64url(json.dumps(said).encode()),
            "attestationObject": b64url(attested),
        },
    }  # fmt: skip


def challenge_on(client: Any) -> bytes:
    (form,) = Page(client.get("/sign/key/")).every("form", **{"data-key": "create"})
    options = json.loads(str(form["data-options"]))["publicKey"]
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    return unb64url(options["challenge"])


def test_a_key_is_set_up_and_its_piece_is_handed_out(quentin: Any) -> None:
    import yaml

    from commonweal.vault.custody.roster_changes import ListedKey
    from commonweal.web.signing.models import KnownRoster

    before = KnownRoster.objects.last().content
    new = Authenticator("a new one")
    challenge = challenge_on(quentin)
    answer = quentin.post("/sign/key/", {"answer": json.dumps(set_up(new, challenge))})
    assert answer["Location"] == "/sign/key/made/"
    page = Page(quentin.get("/sign/key/made/"))
    assert new.id in page.text
    piece = quentin.get("/sign/key/piece/")
    assert "attachment" in piece["Content-Disposition"]
    (listed_key,) = yaml.safe_load(piece.content)
    read = ListedKey.read(listed_key, "The piece")
    assert (read.webauthn, read.public_key) == (new.id, b64url(new.cose()))
    # The service put nobody and nothing on the list of people.
    assert KnownRoster.objects.last().content == before
    # Sent twice, the same answer is none.
    again = quentin.post("/sign/key/", {"answer": json.dumps(set_up(new, challenge))})
    assert again.status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"challenge": "AAAA"},
        {"origin": "https://evil.example"},
        {"type": "webauthn.get"},
        {"crossOrigin": True},
    ],
)
def test_a_key_is_not_set_up_with_a_wrong_answer(quentin: Any, wrong: dict[str, Any]) -> None:
    made = set_up(Authenticator("a new one"), challenge_on(quentin), **wrong)
    answer = quentin.post("/sign/key/", {"answer": json.dumps(made)})
    assert answer.status_code == 400
    assert "CW-ACT-EVIDENCE" in Page(answer).text
    assert quentin.get("/sign/key/made/").status_code == 404
    assert quentin.get("/sign/key/piece/").status_code == 404


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"response": {}}', "[" * 5_000])
def test_hostile_answers_at_setting_up(quentin: Any, text: str) -> None:
    challenge_on(quentin)
    assert quentin.post("/sign/key/", {"answer": text}).status_code == 400


def test_no_key_is_set_up_where_the_list_names_no_place(
    sign_in: Callable[[str], Any], told: None
) -> None:
    page = Page(sign_in("quentin").get("/sign/key/"))
    assert "does not say at which address" in page.text
    assert not page.every("form", method="post")
