"""Asking for made-up data, as the page does, and the vault's worker."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from tests.web.own_permits import OWN
from tests.web.signing_room import signer


def person(who: str) -> Any:
    from commonweal.web.accounts.models import User

    return User.objects.get(public_id=who)


def ask(who: str = "amara", permit: str = OWN, patients: int = 20, seed: int = 1) -> Any:
    from commonweal.web.dummies import services

    return services.ask(person(who), permit, patients, seed)


def work(home: Path) -> int:
    """Every step of the vault for this app, once."""
    from commonweal.web.dummies.workers import steps

    with signer(home) as custody:
        return sum(step(custody) for step in steps("vault"))


def again(order: Any) -> Any:
    from commonweal.web.dummies.models import DummyOrder

    return DummyOrder.objects.get(pk=order.pk)


def made(home: Path, **asked: Any) -> Any:
    """An order that was done."""
    order = ask(**asked)
    work(home)
    return again(order)


def files() -> int:
    from commonweal.web.dummies.models import DummyFile

    return int(DummyFile.objects.count())


def inside(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


def code_of(what: Callable[[], Any]) -> str:
    with pytest.raises(CommonwealError) as refused:
        what()
    return refused.value.code
