"""Which provider the vault believes: said by an operator, and by nobody who only writes files."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.mydata.believed import believed, set_keys, set_provider
from tests.release_house import House, make_house, refused
from tests.unit.mydata.helpers import CLIENT, ISSUER, KEY, jwks, new_key

RS512 = frozenset({"RS512"})


def say(house: House, **more: Any) -> Any:
    given: dict[str, Any] = {
        "issuer": ISSUER, "client": CLIENT, "algorithms": RS512, "jwks": jwks(),
    } | more  # fmt: skip
    return set_provider(house.custody(), **given)


def test_what_was_said_is_believed_and_the_newest_counts(house: House) -> None:
    assert refused(lambda: believed(house.custody())).code == "CW-MYDATA-PROVIDER"
    said = say(house)
    found = believed(house.custody())
    assert found == said
    held = found.provider
    assert (held.issuer, held.client, held.algorithms) == (ISSUER, CLIENT, RS512)
    assert set(held.keys) == {"first"}
    other = new_key("second")
    set_keys(house.custody(), jwks(KEY, other))
    assert set(believed(house.custody()).provider.keys) == {"first", "second"}
    set_keys(house.custody(), jwks(other))
    assert set(believed(house.custody()).provider.keys) == {"second"}
    say(house, issuer="https://other.example/realm")
    assert believed(house.custody()).provider.issuer == "https://other.example/realm"
    assert [one["keys"] for one in house.events("person.provider_set")] == [1, 2, 1, 1]
    assert house.ledger_faults() == []


@pytest.mark.parametrize(
    "more",
    [
        *[{"issuer": issuer} for issuer in (
            "", "auth.example", "http://auth.example", "https://", "https://a@auth.example",
            "https://auth.example?x=1", "https://auth.example#x", "https://auth.ex\u0430mple",
            "https://auth.example ", "https://au\nth.example", "ftp://auth.example",
            "http://127.0.0.1.example", "http://localhost.example", "https://" + "a" * 600,
            "https://auth.example:99999", "https://[::1",
        )],
        *[{"client": client} for client in ("", "a b", "a\n", "é", "x" * 256)],
        *[{"algorithms": frozenset(some)} for some in (
            (), ("none",), ("HS256",), ("RS512", "HS512"), ("ES256",), ("RS512", "ES256"))],
        *[{"jwks": keys} for keys in (
            b"", b"[]", b"{}", b'{"keys": []}', b"\xff", b'{"keys": [{"kty": "oct", "k": "AA"}]}',
            json.dumps({"keys": [KEY.as_dict(private=True)]}).encode(),
            json.dumps({"keys": [KEY.as_dict(private=False)] * 2}).encode(),
        )],
    ],
)  # fmt: skip
def test_what_cannot_be_believed_changes_nothing(shared: House, more: dict[str, Any]) -> None:
    before = believed(shared.custody())
    assert refused(lambda: say(shared, **more)).code == "CW-MYDATA-PROVIDER"
    assert believed(shared.custody()) == before


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = make_house(tmp_path_factory.mktemp("believed") / "house", count=24)
    say(made)
    yield made
    made.close()


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8080", "http://localhost:9/realm"])
def test_a_provider_on_this_machine_is_for_demonstrations(house: House, issuer: str) -> None:
    assert say(house, issuer=issuer).provider.issuer == issuer


def test_a_real_home_believes_no_provider_on_this_machine(tmp_path: Any) -> None:
    made = make_house(tmp_path / "real", count=24, kind="standard")
    assert refused(lambda: say(made, issuer="http://127.0.0.1:8080")).code == "CW-MYDATA-PROVIDER"
    made.close()


OLDER = "(SELECT {what} FROM {table} WHERE {name} = {{before}}) WHERE {name} = {{at}}"
OTHER_COUNT = """CAST(replace(CAST(body AS TEXT), '"keys":2', '"keys":3') AS BLOB)"""
CHANGES = (
    "UPDATE detail SET ciphertext = zeroblob(length(ciphertext)) WHERE intent_id = {at}",
    "DELETE FROM detail WHERE intent_id = {at}",
    "UPDATE detail SET ciphertext = "
    + OLDER.format(what="ciphertext", table="detail", name="intent_id"),
    "UPDATE intent SET body = " + OLDER.format(what="body", table="intent", name="id"),
    f"UPDATE intent SET body = {OTHER_COUNT} WHERE id = {{at}}",
)


@pytest.mark.parametrize("change", CHANGES)
def test_who_writes_the_database_without_the_keys_is_found_out(house: House, change: str) -> None:
    """The attack: a row of one's own, or an older one, in place of what the operator said."""
    say(house)
    set_keys(house.custody(), jwks(KEY, new_key("second")))
    house.ledger_faults()
    connection = sqlite3.connect(house.home / "ledger" / "ledger.sqlite")
    (before,), (at,) = connection.execute(
        "SELECT id FROM intent WHERE type = 'person.provider_set' ORDER BY id"
    ).fetchall()
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    with connection:
        assert connection.execute(change.format(at=at, before=before)).rowcount == 1
    connection.close()
    with pytest.raises(CommonwealError) as caught:
        believed(house.custody())
    assert caught.value.code == "CW-MYDATA-PROVIDER"
