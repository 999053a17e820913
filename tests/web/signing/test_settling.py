"""An act is proposed, signed, heard of by the ledger, and only then does anything follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import Failure, Fault, Refused, Unavailable
from tests.web.signing.conftest import Noted, proposed
from tests.web.signing_room import sign_now, signer


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


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("CW-ACT-UNAVAILABLE", "Not now."),
        Failure("CW-DISK-FULL", "The disk is full."),
        Fault("CW-LEDGER-BROKEN", "The ledger is broken."),
        KeyError("a mistake of ours"),
    ],
)
def test_what_is_not_about_the_act_is_tried_again(
    web_home: Path, noted: Noted, error: Exception
) -> None:
    """Nobody's signature is refused because a disk was full."""
    from commonweal.web.signing.models import Act

    row = proposed()
    noted.refuses = error  # type: ignore[assignment]
    with pytest.raises(type(error)):
        sign_now(web_home, row)
    assert Act.objects.get(pk=row.pk).state == "asked"
    noted.refuses = None
    with signer(web_home) as custody:
        from commonweal.web.signing.workers import settle_waiting

        assert settle_waiting(custody) == 1
    assert Act.objects.get(pk=row.pk).state == "heard"


def test_an_act_that_cannot_be_settled_keeps_no_other_from_it(
    web_home: Path, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.signing.models import Act
    from commonweal.web.signing.services import ask_signature
    from commonweal.web.signing.workers import settle_waiting

    first, second = proposed(), proposed(subject="a-another")
    for row in (first, second):
        ask_signature(row.person, row.pk)
    real = noted.check

    def check(act: Any) -> None:
        if act.pk == first.pk:
            raise KeyError("a mistake of ours")
        real(act)

    monkeypatch.setattr(noted, "check", check)
    with signer(web_home) as custody:
        assert settle_waiting(custody) == 1
    states = {row.pk: row.state for row in Act.objects.filter(pk__in=(first.pk, second.pk))}
    assert states == {first.pk: "asked", second.pk: "heard"}


def test_cut_off_after_the_ledger_heard_the_rest_follows(
    web_home: Path, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger has it once; what follows is written by the next run."""
    from commonweal.web.signing.models import Act
    from commonweal.web.signing.workers import settle_waiting

    row = proposed()
    real = noted.follow

    def dies(_act: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(noted, "follow", dies)
    with pytest.raises(KeyboardInterrupt):
        sign_now(web_home, row)
    before = about(web_home, row)
    assert before is not None
    assert Act.objects.get(pk=row.pk).state == "asked"
    monkeypatch.setattr(noted, "follow", real)
    with signer(web_home) as custody:
        assert settle_waiting(custody) == 1
    assert about(web_home, row) == before
    assert Act.objects.get(pk=row.pk).entry == before.heard.entry


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
