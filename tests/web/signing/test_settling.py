"""An act is proposed, signed, heard of by the ledger, and only then does anything follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable
from tests.web.signing_room import sign_now, signer

OBJECT = "sha256:" + "a" * 64


class Noted:
    """A handler that notes what it is asked."""

    def __init__(self) -> None:
        self.checked: list[str] = []
        self.followed: list[str] = []
        self.refuses: CommonwealError | None = None

    def check(self, act: Any) -> None:
        self.checked.append(act.pk)
        if self.refuses:
            raise self.refuses

    def follow(self, act: Any) -> None:
        self.followed.append(act.pk)

    def told(self, act: Any) -> Any:
        from commonweal.web.signing.handlers import Told

        return Told("A thing", "/")


@pytest.fixture
def noted(db: None, monkeypatch: pytest.MonkeyPatch) -> Noted:
    from commonweal.web.signing import handlers

    made = Noted()
    monkeypatch.setitem(handlers._handlers, "advise", made)
    return made


def proposed(**more: Any) -> Any:
    from commonweal.web.accounts.models import User
    from commonweal.web.signing.services import propose

    person = User.objects.get(public_id="quentin")
    fields = {"subject": "a-bcdfghjklm", "object_digest": OBJECT, "back": "/", **more}
    return propose(person, "dpo", "advise", "content", **fields)


def about(home: Path, row: Any) -> Any:
    from commonweal.vault.custody.acts import records_about

    with signer(home) as custody:
        return records_about(custody, row.subject).acts.get(row.pk)


def test_what_is_signed_is_heard_of_and_followed(web_home: Path, noted: Noted) -> None:
    row = proposed()
    assert noted.followed == []
    settled = sign_now(web_home, row)
    assert (settled.state, settled.code) == ("heard", "")
    assert noted.followed == [row.pk]
    heard = about(web_home, row)
    assert (settled.heard_at, settled.entry) == (heard.heard.at, heard.heard.entry)
    assert (heard.actor, heard.kind, heard.digest) == ("quentin", "advise", settled.signed.digest())


def test_a_second_settling_changes_nothing(web_home: Path, noted: Noted) -> None:
    from commonweal.web.signing.services import settle
    from commonweal.web.signing.workers import SignerRoom

    row = sign_now(web_home, proposed())
    with signer(web_home) as custody:
        assert settle(row.pk, SignerRoom(custody)).settled_at == row.settled_at
    assert noted.followed == [row.pk]


def test_what_may_not_be_now_is_refused_and_the_ledger_hears_nothing(
    web_home: Path, noted: Noted
) -> None:
    row = proposed()
    noted.refuses = Refused("CW-STATE-STEP", "It is too late.")
    settled = sign_now(web_home, row)
    assert (settled.state, settled.code) == ("refused", "CW-STATE-STEP")
    assert settled.sentence == "It is too late."
    assert noted.followed == []
    assert about(web_home, row) is None


def test_a_part_that_is_away_is_waited_for(web_home: Path, noted: Noted) -> None:
    from commonweal.web.signing.models import Act

    row = proposed()
    noted.refuses = Unavailable("CW-ACT-UNAVAILABLE", "Not now.")
    with pytest.raises(Unavailable):
        sign_now(web_home, row)
    assert Act.objects.get(pk=row.pk).state == "asked"


CHANGES: dict[str, Any] = {
    "paper": lambda row: bytes(row.paper).replace(b"a" * 64, b"b" * 64),
    "verdict": lambda _: "not_content",
    "role": lambda _: "siro",
    "subject": lambda _: "a-another",
    "object_digest": lambda _: "sha256:" + "b" * 64,
    "content": lambda _: b'{"reasons":"others"}',
    "kind": lambda _: "send",
}


@pytest.mark.parametrize("field", sorted(CHANGES))
def test_a_row_that_was_changed_is_refused(
    web_home: Path, noted: Noted, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    from commonweal.web.signing import handlers
    from commonweal.web.signing.models import Act

    monkeypatch.setitem(handlers._handlers, "send", noted)
    row = proposed()
    Act.objects.filter(pk=row.pk).update(**{field: CHANGES[field](row)})
    settled = sign_now(web_home, row)
    assert (settled.state, settled.code) == ("refused", "CW-ACT-INVALID")
    assert noted.followed == []
    assert about(web_home, row) is None


def test_an_act_of_somebody_else_is_refused(web_home: Path, noted: Noted) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.signing.models import Act

    row = proposed()
    Act.objects.filter(pk=row.pk).update(person=User.objects.get(public_id="priya"))
    assert sign_now(web_home, row).code == "CW-ACT-INVALID"
    assert noted.followed == []


def test_a_kind_that_nobody_deals_with_is_refused(db: None) -> None:
    from commonweal.web.signing.handlers import handler_of

    with pytest.raises(Fault) as found:
        handler_of("roster_change")
    assert found.value.code == "CW-WEB-SIGNING"
