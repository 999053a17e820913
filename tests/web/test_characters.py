"""A NUL is answered with a clear page, wherever it is sent, before any page sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from commonweal.web.config import characters

NUL = "a\x00b"
SAID = "holds a character that cannot be kept"


def every_view() -> Iterator[str]:
    """An address of each page that this service has, made from its own list of them."""
    from django.urls import URLPattern, get_resolver

    samples = {"place": "1", "int": "1", "slug": "x", "str": "x", "path": "x", "uuid": "0" * 32}

    def walk(patterns: Any, before: str) -> Iterator[str]:
        for one in patterns:
            route = str(getattr(one.pattern, "_route", ""))
            for name, converter in one.pattern.converters.items():
                kind = type(converter).__name__.replace("Converter", "").lower()
                for spelt in (f"<{kind}:{name}>", f"<str:{name}>", f"<{name}>"):
                    route = route.replace(spelt, samples.get(kind, "x"))
            if isinstance(one, URLPattern):
                yield f"/{before}{route}"
            else:
                yield from walk(one.url_patterns, before + route)

    yield from walk(get_resolver().url_patterns, "")


def test_every_page_answers_a_posted_nul(sign_in: Any) -> None:
    client = sign_in("amara")
    asked = sorted(set(every_view()))
    assert len(asked) > 40
    for address in asked:
        answer = client.post(address, {"any": NUL})
        # Not there or not for this person, where a page saves everything and marks it.
        assert answer.status_code in (400, 403, 404), address
        if answer.status_code == 400:
            assert SAID in answer.content.decode(), address
    assert sum(client.post(one, {"any": NUL}).status_code == 400 for one in asked) > 35


@pytest.mark.parametrize(
    "sent",
    [
        {"name": NUL},
        {"na\x00me": "x"},
        {"name": ["x", NUL]},
        {"file": SimpleUploadedFile("x.pdf", b"x"), "name": NUL},
    ],
)
def test_in_whatever_field(sign_in: Any, sent: dict[str, Any]) -> None:
    answer = sign_in("amara").post("/account/keys/", sent)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert SAID in page
    assert "\x00" not in page


def test_in_an_address_a_question_or_a_cookie(sign_in: Any) -> None:
    client = sign_in("amara")
    for asked in ("/catalogue/?q=a%00b", "/a%00b/", "/register/?a%00=1"):
        assert client.get(asked).status_code == 400, asked
    # Cookies are read with C's escapes in quotes: this one holds a NUL once it is read.
    client.cookies["sessionid"] = NUL
    assert client.get("/account/").status_code == 400


def test_in_json_at_any_depth(sign_in: Any) -> None:
    client = sign_in("amara")
    for body in (
        '{"a": [{"b": "x\\u0000"}]}', '["\\ud800"]', '"\\u0000"', '{"\\u0000": 1}',
        '{"a": {"b": {"\\udfff": []}}}',
    ):  # fmt: skip
        answer = client.post("/account/keys/", body, content_type="application/json")
        assert answer.status_code == 400, body
    for fine in ('{"a": "\\\\u0000"}', "[1, null, true]", "not json", '{"a": "\\ud83d\\ude00"}'):
        answer = client.post("/account/keys/", fine, content_type="application/json")
        assert SAID not in answer.content.decode(), fine


def test_what_people_write_passes() -> None:
    """Letters of any alphabet, marks, pictures, tabs and line ends are nobody's business here."""
    for text in ("Zoë O'Neil", "ไทย", "a\tb\r\nc", "👩‍⚕️", "\ufffd", ""):
        characters.check_kept(iter([("field", text)]))


def test_a_long_or_hostile_name_of_a_field_is_cut_and_shown_as_text(client: Any) -> None:
    answer = client.post("/account/people/sign-in/", {"<b>" + "x" * 500: NUL})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "<b>x" not in page
    assert "x" * 61 not in page
