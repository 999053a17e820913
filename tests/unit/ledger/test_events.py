"""The closed table of events, entries, and sealed details."""

from __future__ import annotations

import json

import pytest

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.details import (
    Details,
    commitment,
    new_salt,
    open_details,
    verify_commitment,
)
from commonweal.ledger.entry import Actor, Event, entry_bytes, read_entry
from commonweal.ledger.events import RESERVED, TYPES, event_type
from commonweal.ledger.fields import KINDS, PUBLIC_KINDS
from tests.unit.ledger import support
from tests.unit.ledger.support import COMMITMENT, HASH, JANE, KEY, START

SAMPLES = {
    "permit": "permit-7", "release": "release-1", "key": "project.p7", "actor": "jane",
    "authorisation": "attack-1", "application": "app-12", "decision": "app-12.d1",
    "question": "q-3",
    "meeting": "m-1", "output": "output-3", "standing": "waits", "job": "job-4",
    "check": "check-a",
    "reference": "postcodes",
    "organisation": "somewhere",
    "dataset": "hospital",
    "project": "heart-study",
    "hash": HASH, "commitment": COMMITMENT, "day": "2026-02-28",
    "moment": "2026-02-28T00:00:00.000Z", "number": 7, "band": "100 to 999",
    "code": "CW-PERMIT-NOT-LIVE", "public_key": "A" * 43,
    "act": "a" * 32, "subject": "application-7", "notice": "n-7", "concern": "c-7",
}  # fmt: skip
WRONG: dict[str, list[object]] = {
    "permit": ["", "a b", "-x", "x" * 65, "\u00e9", 7, None, "943 476 5919", "p-943-476-5919",
               "9434765919"],
    "release": ["", "a/b", ["r"], "r.9434765919"],
    "key": ["", "a\nb", {}, "943-476-5919"],
    "actor": ["", "Jane Smith", "9434765919", True],
    "authorisation": ["", "an attack", "9434765919", 7],
    "act": ["", "an act", "9434765919", None],
    "subject": ["", "an application", "9434765919", ["x"]],
    "notice": ["", "two words", "9434765919", 7],
    "concern": ["", "our ward", "943-476-5919", None],
    "application": ["", "app 12", "app/12", "a.9434765919", None],
    "decision": ["", "the decision", "d-943-476-5919", []],
    "question": ["", "why?", "9434765919", 3],
    "output": ["", "some tables", "../x", "9434765919", 3],
    "standing": ["", "some tables", "../x", "9434765919", 3],
    "job": ["", "one run", "j/1", "9434765919", 3],
    "check": ["", "check one", "c/1", "9434765919", 3],
    "reference": ["", "a list", "../x", "943-476-5919", None],
    "meeting": ["", "a day", "9434765919", 3],
    "organisation": ["", "a place", "9434765919", 7],
    "dataset": ["", "our data", "9434765919", 7],
    "project": ["", "a study", "943-476-5919", None],
    "hash": ["", "1a" * 32, "sha256:" + "1A" * 32, "sha256:" + "1a" * 31, COMMITMENT, 1],
    "commitment": ["", HASH, "hmac-sha256:xyz", None],
    "day": ["", "2026-02-30", "2026-2-3", "28/02/2026", "2026-02-28T00:00:00.000Z", "20260228", 1],
    "moment": ["", "2026-02-28", "2026-02-28T00:00:00Z", "2026-02-30T00:00:00.000Z",
               "2026-02-28T25:00:00.000Z", "2026-02-28T00:00:00.000+01:00", 0],
    "number": [-1, 1.0, True, "7", 2**53, None],
    "band": ["12", 12, "", "100 to 998"],
    "code": ["CW-NONSENSE", "", 4],
    "public_key": ["", "A" * 42, "A" * 44, "A" * 42 + "B", "A" * 42 + "=", "A" * 42 + "+", None],
}  # fmt: skip


def _good(name: str, *, optional: bool = True) -> dict[str, object]:
    return {
        field: declared.words[0] if declared.words else SAMPLES[declared.kind]
        for field, declared in TYPES[name].fields.items()
        if declared.required or optional
    }


@pytest.mark.parametrize("name", TYPES)
def test_every_event_can_be_written_and_read(name: str) -> None:
    for optional in (True, False):
        fields = _good(name, optional=optional)
        body = entry_bytes(Event(name, JANE, fields), START, (COMMITMENT, "details.p7"))
        entry = read_entry(body)
        assert canonical(entry) == body
        assert {key: entry[key] for key in fields} == fields
        assert (entry["details"], entry["details_key"]) == (COMMITMENT, "details.p7")


@pytest.mark.parametrize("name", TYPES)
def test_every_wrong_field_is_refused(name: str) -> None:
    good = _good(name)
    for field, declared in TYPES[name].fields.items():
        if declared.required:
            missing = {key: value for key, value in good.items() if key != field}
            with pytest.raises(Fault, match=field):
                Event(name, JANE, missing)
        wrong = [7, "another word", ""] if declared.words else WRONG[declared.kind]
        for value in wrong:
            with pytest.raises(Fault) as caught:
                Event(name, JANE, {**good, field: value})
            assert caught.value.code == "CW-LEDGER-EVENT-INVALID"
            if isinstance(value, str) and len(value) > 3:
                assert value not in caught.value.sentence
    with pytest.raises(Fault):
        Event(name, JANE, {**good, "note": "free text"})


def test_the_table_is_sound() -> None:
    for name, row in TYPES.items():
        assert name == row.name
        assert row.log in ("public", "sealed")
        assert row.says.endswith(".")
        assert not RESERVED & row.fields.keys()
        for field in row.fields.values():
            assert field.kind in KINDS
            assert (field.kind == "one_of") == bool(field.words)
            if row.log == "public":
                assert field.kind in PUBLIC_KINDS
        if row.state is not None or row.live:
            assert row.fields["permit"].required
        if row.state is not None:
            assert row.log == "public"
            assert not row.live
    assert set(WRONG) | {"one_of"} == set(KINDS) == set(SAMPLES) | {"one_of"}


def test_no_kind_takes_free_text() -> None:
    for text in ("Mrs Patel, 3 High Street", "hello world", "a b"):
        for kind, (accepts, _) in KINDS.items():
            if kind != "one_of":  # the words are compared by check_fields
                assert not accepts(text), kind


def test_unknown_events_and_actors_are_refused() -> None:
    for name in ("permit.sold", "", None, "trust.policy_set "):
        with pytest.raises(Fault):
            event_type(name)
    for role, who in (("king", "jane"), ("siro", "Jane Smith"), ("siro", ""), ("", "jane")):
        with pytest.raises(Fault):
            Actor(role, who)


def test_public_entries_say_the_role_and_the_hour() -> None:
    entry = json.loads(entry_bytes(support.completed(), START))
    assert entry["at"] == "2026-03-02T09:00:00.000Z"
    assert entry["role"] == "data_manager"
    assert "jane" not in json.dumps(entry)


def test_sealed_entries_say_the_actor_and_the_millisecond() -> None:
    entry = json.loads(entry_bytes(support.authorised(), START))
    assert (entry["at"], entry["actor"]) == ("2026-03-02T09:15:30.250Z", "jane")


def _changed(body: bytes, **changes: object) -> bytes:
    entry = json.loads(body) | changes
    return canonical({key: value for key, value in entry.items() if value is not ...})


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"v": ...},
        {"type": "permit.sold"},
        {"type": ...},
        {"role": "king"},
        {"role": ...},
        {"at": "2026-03-02T09:15:30.250Z"},
        {"at": "2026-03-02"},
        {"at": ...},
        {"actor": "jane"},
        {"details": "none"},
        {"details": "none", "details_key": "details.p7"},
        {"details": COMMITMENT},
        {"details_key": "details.p7"},
        {"details": COMMITMENT, "details_key": "a b"},
        {"details": COMMITMENT, "details_key": "943 476 5919"},
        {"release": ...},
        {"nhs_number": "9434765919"},
        {"people": 12},
    ],
)
def test_damaged_entries_are_refused(changes: dict[str, object]) -> None:
    body = entry_bytes(support.completed(), START)
    with pytest.raises(Fault) as caught:
        read_entry(_changed(body, **changes))
    assert caught.value.code == "CW-LEDGER-EVENT-INVALID"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"v":1',
        b"\xff\xfe",
        b'{"v":1.0}',
        b'{"v":NaN}',
        b'{"v":{"a":1}}',
        b"[" * 100_000,
        b'{"v":1}' + b" " * 9000,
        b'{"a":"\\ud800"}',
    ],
)
def test_what_is_no_entry_is_refused(body: bytes) -> None:
    with pytest.raises(CommonwealError):
        read_entry(body)


def test_other_spellings_of_an_entry_are_refused() -> None:
    body = entry_bytes(support.hint(3), START)
    spaced = json.dumps(json.loads(body)).encode()
    unsorted = json.dumps(dict(reversed(json.loads(body).items())), separators=(",", ":")).encode()
    doubled = body.replace(b'"v":1', b'"v":1,"v":1')
    for other in (spaced, unsorted, doubled, body + b"\n", b"\xef\xbb\xbf" + body):
        assert other != body
        with pytest.raises(Fault):
            read_entry(other)


def test_details_hide_bind_and_are_never_the_same_twice() -> None:
    details = Details({"who": "Mrs Patel"}, "details.p7", KEY)
    (one, sealed_one), (two, sealed_two) = details.seal(), details.seal()
    assert one != two
    assert sealed_one != sealed_two
    assert open_details(sealed_one, "details.p7", KEY, one) == {"who": "Mrs Patel"}
    assert "Patel" not in repr(details)
    assert KEY.hex() not in repr(details)
    for ciphertext, key_id, key, written in (
        (sealed_one, "details.p7", KEY, two),  # another entry's commitment
        (sealed_one, "details.p8", KEY, one),  # another key id
        (sealed_one, "details.p7", KEY[::-1], one),
        (sealed_one, "details.p7", b"short", one),
        (sealed_one[:-1], "details.p7", KEY, one),
        (b"", "details.p7", KEY, one),
        (sealed_one[3:], "details.p7", KEY, one),
    ):
        with pytest.raises(Fault) as caught:
            open_details(ciphertext, key_id, key, written)
        assert caught.value.code == "CW-LEDGER-DETAIL-INVALID"
        assert "Patel" not in str(caught.value)


def test_details_cannot_be_copied_out_or_oversized() -> None:
    import pickle

    details = Details({"who": "x"}, "k", KEY)
    with pytest.raises(TypeError):
        pickle.dumps(details)
    with pytest.raises(Fault):
        Details({"who": "x" * 300_000}, "k", KEY)
    with pytest.raises(Fault):
        Details({"who": object()}, "k", KEY)
    with pytest.raises(Fault):
        Details({}, "not a key id", KEY)
    with pytest.raises(ValueError):
        Details({}, "k", b"short")


def test_commitments() -> None:
    salt = new_salt()
    written = commitment(salt, b"content")
    verify_commitment(salt, b"content", written)
    for other_salt, content, other in (
        (salt, b"Content", written),
        (new_salt(), b"content", written),
        (salt, b"content", written[:-1] + "x"),
        (b"short", b"content", written),
    ):
        with pytest.raises(Fault):
            verify_commitment(other_salt, content, other)
