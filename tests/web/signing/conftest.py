"""An act that waits for its person, and the list of people as the service knows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from tests.web.signing_room import signer

OBJECT = "sha256:" + "a" * 64


class Noted:
    """A handler that notes what it is asked."""

    def __init__(self) -> None:
        self.checked: list[str] = []
        self.followed: list[str] = []
        self.refuses: CommonwealError | None = None
        self.savepoints: list[int] = []

    def check(self, act: Any) -> None:
        self.checked.append(act.pk)
        if self.refuses:
            raise self.refuses

    def follow(self, act: Any) -> None:
        self.followed.append(act.pk)

    def told(self, act: Any) -> Any:
        from django.db import connection

        from commonweal.web.signing.handlers import Told

        self.savepoints.append(len(connection.savepoint_ids))
        return Told("A data protection assessment", "/about", (("Your advice", "It is <b>"),))


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
    fields = {"subject": "a-bcdfghjklm", "object_digest": OBJECT, "back": "/about", **more}
    return propose(person, "dpo", "advise", "content", **fields)


@pytest.fixture
def told(web_home: Path, db: None) -> None:
    """The signer has told the service of the roster."""
    with signer(web_home):
        pass


@pytest.fixture
def listed(told: None) -> Callable[..., None]:
    """Let the service know another list of people: `listed(site=..., credentials=[...])`."""
    from commonweal.web.signing.models import KnownRoster

    def change(*, site: Any = None, **of_quentin: Any) -> None:
        row = KnownRoster.objects.last()
        people = [one for one in row.content["people"] if one["id"] != "quentin"]
        (quentin,) = [one for one in row.content["people"] if one["id"] == "quentin"]
        since = of_quentin.pop("valid_from", None)
        if since is not None:
            held = [{**one, "valid_from": since} for one in quentin["credentials"]]
            of_quentin["credentials"] = held
        if of_quentin.get("id") != "":
            people.append({**quentin, **of_quentin})
        row.content = {**row.content, "people": people, **({"site": site} if site else {})}
        row.save()

    return change
