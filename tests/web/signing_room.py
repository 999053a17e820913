"""The signer for tests: the home's own custody, in the test's process, without a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commonweal.vault.custody import Custody, open_custody


class WebClock:
    """The service's clock, for the signer: one time for both."""

    def now(self) -> Any:
        from commonweal.web.config import clock

        return clock.now()


@contextmanager
def signer(home: Path) -> Iterator[Custody]:
    """The opened home, and the service told of its roster."""
    from commonweal.web.signing.workers import tell_roster

    with open_custody(home, WebClock(), root_store=home.with_name("stores")) as custody:
        tell_roster(custody)
        yield custody


def sign_now(home: Path, act: Any) -> Any:
    """A made-up person signs an act (a row or its id), and what follows from it is written."""
    from commonweal.web.signing.models import Act
    from commonweal.web.signing.services import ask_signature, settle
    from commonweal.web.signing.workers import SignerRoom

    row = Act.objects.select_related("person").get(pk=act if isinstance(act, str) else act.pk)
    ask_signature(row.person, row.pk)
    with signer(home) as custody:
        return settle(row.pk, SignerRoom(custody))
