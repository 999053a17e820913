"""Signed papers: one text for one content, and every way of signing wrongly is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.permit import Permit
from commonweal.papers.signing import open_paper, open_signed, sign_paper
from commonweal.papers.trust import TrustPolicy
from tests import factories

KIND = "commonweal-test+json"
NOW = factories.NOW
CONTENT = {"a": 1, "b": ["x", True, None]}


def sign(*names: str, at: datetime = NOW, kind: str = KIND, content: Any = None) -> str:
    signers = [factories.signer(name) for name in names]
    return sign_paper(kind, CONTENT if content is None else content, signers, at)


def code_of(text: str | bytes, trust: TrustPolicy | None = None) -> str:
    with pytest.raises(CommonwealError) as caught:
        open_paper(text, KIND, "permit", trust or factories.trust(), "The paper")
    return caught.value.code


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def rewritten(text: str, change: Callable[[Any], Any]) -> str:
    outer = json.loads(text)
    return canonical(change(outer) or outer).decode() + "\n"


def with_header(**changes: Any) -> str:
    """A paper signed in good order, but with another header."""
    key = factories.signer()
    header = {"alg": "Ed25519", "kid": "guardian", "typ": KIND, "at": "2026-03-02T09:00:00.000Z"}
    header = {k: v for k, v in (header | changes).items() if v is not factories.REMOVE}
    payload, protected = b64(canonical(CONTENT)), b64(canonical(header))
    signature = b64(key.sign(f"{protected}.{payload}".encode()))
    member = {"protected": protected, "signature": signature}
    return canonical({"payload": payload, "signatures": [member]}).decode() + "\n"


def test_opens_what_was_signed() -> None:
    opened = open_signed(sign("guardian"), KIND, "permit", factories.trust(), "The paper")
    assert opened.plain == CONTENT
    assert opened.signed_by == {"guardian": NOW}


def test_order_of_signers_does_not_matter() -> None:
    assert sign("a", "b") == sign("b", "a")


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "EdDSA"},
        {"alg": None},
        {"typ": "commonweal-permit+json"},
        {"typ": factories.REMOVE},
        {"at": factories.REMOVE},
        {"at": "2026-03-02T09:00:00Z"},
        {"at": 5},
        {"at": "2026-03-02T09:00:00.0000Z"},
        {"crit": ["x"]},
        {"b64": False},
        {"jwk": {"kty": "OKP"}},
        {"x5u": "https://example.org"},
    ],
)
def test_a_header_that_is_not_ours_is_refused_though_its_signature_is_good(
    changes: dict[str, Any],
) -> None:
    assert code_of(with_header(**changes)) == "CW-SIGNATURE-INVALID"


def test_the_header_helper_makes_good_papers() -> None:
    assert open_paper(with_header(), KIND, "permit", factories.trust(), "x") == CONTENT


@pytest.mark.parametrize("kid", ["stranger", "", "Guardian", 5, None, ["guardian"]])
def test_a_key_that_nobody_knows_refuses_the_paper(kid: Any) -> None:
    assert code_of(with_header(kid=kid)) == "CW-SIGNATURE-UNTRUSTED"


def test_a_stranger_beside_a_good_signature_refuses_too() -> None:
    assert code_of(sign("guardian", "stranger")) == "CW-SIGNATURE-UNTRUSTED"


def _twice(outer: Any) -> None:
    outer["signatures"] *= 2


def _no_signatures(outer: Any) -> None:
    outer["signatures"] = []


def _many(outer: Any) -> None:
    outer["signatures"] *= 17


def _more(outer: Any) -> None:
    outer["header"] = {}


def _unprotected(outer: Any) -> None:
    outer["signatures"][0]["header"] = {"kid": "guardian"}


def _number(outer: Any) -> None:
    outer["payload"] = 5


def _other_content(outer: Any) -> None:
    outer["payload"] = b64(canonical({"a": 2}))


def _padded(outer: Any) -> None:
    outer["payload"] += "="


def _spaced(outer: Any) -> None:
    outer["payload"] += " "


def _standard_alphabet(outer: Any) -> None:
    outer["signatures"][0]["signature"] = "+/" * 43


def _short(outer: Any) -> None:
    outer["signatures"][0]["signature"] = b64(b"\x00" * 63)


def _zeros(outer: Any) -> None:
    outer["signatures"][0]["signature"] = b64(b"\x00" * 64)


def _spare_bits(outer: Any) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = outer["signatures"][0]["signature"][-1]
    twin = alphabet[alphabet.index(last) ^ 1]
    outer["signatures"][0]["signature"] = outer["signatures"][0]["signature"][:-1] + twin


def _malleable(outer: Any) -> None:
    """s + L verifies where s is not checked to be below the group order."""
    raw = base64.urlsafe_b64decode(outer["signatures"][0]["signature"] + "==")
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(raw[32:], "little") + order
    outer["signatures"][0]["signature"] = b64(raw[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "change",
    [
        _twice, _no_signatures, _many, _more, _unprotected, _number, _other_content, _padded,
        _spaced, _standard_alphabet, _short, _zeros, _spare_bits, _malleable,
    ],
)  # fmt: skip
def test_a_changed_paper_is_refused(change: Callable[[Any], Any]) -> None:
    assert code_of(rewritten(sign("guardian"), change)) == "CW-SIGNATURE-INVALID"


@pytest.mark.parametrize(
    "respell",
    [
        lambda t: json.dumps(json.loads(t)) + "\n",
        lambda t: json.dumps(json.loads(t), indent=1) + "\n",
        lambda t: t.rstrip("\n"),
        lambda t: t + "\n",
        lambda t: t.replace("\n", "\r\n"),
        lambda t: " " + t,
        lambda t: t.replace("payload", "p\\u0061yload"),
    ],
)
def test_a_second_spelling_is_refused(respell: Callable[[str], str]) -> None:
    assert code_of(respell(sign("guardian"))) == "CW-SIGNATURE-INVALID"


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{", "\ufeff{}", b"\xff\xfe", b"\x00"])
def test_what_is_not_a_signed_paper_is_refused(text: str | bytes) -> None:
    assert code_of(text).startswith("CW-")


def test_content_that_is_not_canonical_is_refused_though_signed() -> None:
    payload = b64(b'{ "a": 1 }')
    header = {"alg": "Ed25519", "kid": "guardian", "typ": KIND, "at": "2026-03-02T09:00:00.000Z"}
    protected = b64(canonical(header))
    member = {
        "protected": protected,
        "signature": b64(factories.signer().sign(f"{protected}.{payload}".encode())),
    }
    text = canonical({"payload": payload, "signatures": [member]}).decode() + "\n"
    assert code_of(text) == "CW-SIGNATURE-INVALID"


# --- who counts -----------------------------------------------------------------------------


def two_of(*keys: dict[str, Any]) -> TrustPolicy:
    extra = factories.key_data("third", holder="Third")
    return factories.trust(
        keys=[*keys, extra], thresholds={"permit": 2, "status": 1, "manifest": 1, "statement": 1}
    )


def test_two_people_are_two() -> None:
    trust = two_of(factories.key_data("a"), factories.key_data("b"))
    assert open_paper(sign("a", "b"), KIND, "permit", trust, "x") == CONTENT
    assert code_of(sign("a"), trust) == "CW-SIGNATURE-UNTRUSTED"


@pytest.mark.parametrize(
    "other", ["Ann Lee", "ANN LEE", "Ann  Lee", "\uff21nn Lee", "Ann\ufe0f Lee"]
)
def test_two_keys_of_one_person_count_once(other: str) -> None:
    trust = two_of(factories.key_data("a", holder="Ann Lee"), factories.key_data("b", holder=other))
    assert code_of(sign("a", "b"), trust) == "CW-SIGNATURE-UNTRUSTED"


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_until": "2026-03-02T09:00:00.000Z"},
        {"valid_from": "2026-03-02T09:00:00.001Z"},
        {"roles": ["status"]},
    ],
)
def test_a_key_out_of_time_or_role_does_not_count(changes: dict[str, Any]) -> None:
    trust = two_of(factories.key_data("a"), factories.key_data("b", **changes))
    assert code_of(sign("a", "b"), trust) == "CW-SIGNATURE-UNTRUSTED"


def test_a_role_that_the_policy_does_not_fill_is_refused() -> None:
    trust = factories.trust(thresholds={"status": 1})
    assert code_of(sign("guardian"), trust) == "CW-SIGNATURE-UNTRUSTED"


def resigned(permit: Permit, at: datetime) -> str:
    return permit.signed([factories.signer()], at)


@pytest.mark.parametrize("late", [timedelta(milliseconds=1), timedelta(days=1)])
def test_a_signature_later_than_the_paper_is_refused(late: timedelta) -> None:
    permit = factories.permit()
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-INVALID"):
        Permit.load(resigned(permit, permit.issued_at + late), factories.trust())


def test_a_key_that_ran_out_cannot_sign_under_an_old_time() -> None:
    permit = factories.permit()
    trust = factories.trust(
        keys=[factories.key_data(valid_until="2026-03-02T08:00:00.000Z")],
    )
    early = permit.issued_at - timedelta(hours=2)
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-UNTRUSTED"):
        Permit.load(resigned(permit, early), trust)
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-INVALID"):
        Permit.load(resigned(permit, permit.issued_at - timedelta(days=2)), factories.trust())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", factories.REMOVE),  # a default that is left out
        ("risk.k", factories.REMOVE),
        ("supersedes", None),  # an absent field that is written
        ("risk.marketer", None),
    ],
)
def test_a_signed_paper_is_in_its_full_form(field: str, value: Any) -> None:
    plain = factories.put(factories.permit().plain(), field, value)
    text = sign_paper(Permit.paper_type, plain, [factories.signer()], NOW)
    with pytest.raises(CommonwealError, match="full form"):
        Permit.load(text, factories.trust())


@pytest.mark.parametrize("names", [(), ("a", "a"), tuple(f"k{i}" for i in range(17))])
def test_signing_needs_different_keys(names: tuple[str, ...]) -> None:
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-INVALID"):
        sign_paper(KIND, {}, [factories.signer(name) for name in names], datetime.now(UTC))


# --- the trust policy itself ----------------------------------------------------------------


def small_order_keys() -> list[bytes]:
    p = 2**255 - 19
    eight = 2707385501144840649318225287225658788936804267575313519463743609750303402022
    ys = (0, 1, p - 1, p, p + 1, eight, p - eight)
    return [(y | sign << 255).to_bytes(32, "little") for y in ys for sign in (0, 1)]


@pytest.mark.parametrize("raw", small_order_keys())
def test_a_key_that_anyone_can_sign_for_is_refused(raw: bytes) -> None:
    with pytest.raises(CommonwealError, match="CW-PAPER-INVALID"):
        factories.trust(keys=[factories.key_data(public_key=b64(raw))])


def second_spelling(key: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return key[:-1] + alphabet[alphabet.index(key[-1]) ^ 1]


GOOD_KEY = factories.key_data()["public_key"]


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": []},
        {"keys": [factories.key_data(), factories.key_data()]},
        {"keys": [factories.key_data(), factories.key_data("b", public_key=GOOD_KEY)]},
        {"keys": [factories.key_data(public_key=second_spelling(GOOD_KEY))]},
        {"keys": [factories.key_data(public_key="A" * 42)]},
        {"keys": [factories.key_data(algorithm="RS256")]},
        {"keys": [factories.key_data(roles=[])]},
        {"keys": [factories.key_data(roles=["king"])]},
        {"keys": [factories.key_data(valid_until="2019-01-01T00:00:00.000Z")]},
        {"thresholds": {"permit": 2}},
        {"thresholds": {"permit": 0}},
        {"home": "standard"},
        {"home": "test"},
        {"fresh": {"permit_status_seconds": 301}},
        {"fresh": {"choices_days": 22}},
        {"trust": 2},
        {"backdoor": True},
    ],
)
def test_a_policy_that_cannot_work_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CommonwealError, match="CW-PAPER-INVALID"):
        factories.trust(**changes)


def test_a_threshold_counts_people_not_keys() -> None:
    keys = [factories.key_data("a", holder="Ann"), factories.key_data("b", holder="ann")]
    with pytest.raises(CommonwealError, match="fewer people"):
        factories.trust(keys=keys, thresholds={"permit": 2})
