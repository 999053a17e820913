"""A program that kills its own workers: `python -m tests.web.releases.crashing HOME STAGE...`.

For each stage a worker process of its own takes the order up and is killed (SIGKILL) when it gets
there. After each, one line of JSON says what the service's row, the ledger and the store then hold.
At the end one more worker finishes. Stages are those of `progress`, and `placed`: after the ledger
has the release and before it has its place.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(home: Path, stages: list[str]) -> None:
    """Plan, then build with a kill in each stage, then finish."""
    os.environ["COMMONWEAL_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
    import django

    django.setup()
    from tests.web.releases.room import ask

    ask("plan")
    _in_a_worker(lambda: _work(home, None))
    ask("build")
    _tell(home, "asked")
    for stage in stages:
        _in_a_worker(lambda stage=stage: _work(home, stage))  # type: ignore[misc]
        _tell(home, stage)
        _silence()
    _in_a_worker(lambda: _work(home, None))
    _tell(home, "finished")


def _in_a_worker(what: Callable[[], None]) -> None:
    """Run `what` in a process of its own, with connections of its own."""
    from django.db import connections

    connections.close_all()
    child = os.fork()
    if child == 0:
        what()
        os._exit(0)
    os.waitpid(child, 0)


def _work(home: Path, stage: str | None) -> None:
    from commonweal.vault.release import closing
    from commonweal.web import orders
    from commonweal.web.releases import workers
    from tests.web.signing_room import signer

    beat, place = orders.beat, closing.settle_place

    def killed_at(order: Any, told: str | None = None) -> bool:
        if told is not None and told == stage:
            os.kill(os.getpid(), signal.SIGKILL)
        return beat(order, told)

    def killed_before(*given: Any) -> Any:
        if stage == "placed":
            os.kill(os.getpid(), signal.SIGKILL)
        return place(*given)

    orders.beat, closing.settle_place = killed_at, killed_before
    with signer(home) as custody:
        for step in workers.steps("vault"):
            step(custody)


def _silence() -> None:
    """As if the lease had run out, and as if it were the first time: so all stages are seen."""
    from commonweal.web.releases.models import Order

    Order.objects.filter(state="running").update(lease_until=None, attempts=1)


def _tell(home: Path, after: str) -> None:
    from commonweal.web.releases.models import Order, Release
    from tests.web.signing_room import signer

    order = Order.objects.last()
    with signer(home) as custody, custody.ledger.reading() as connection:
        events = [
            type_
            for (type_,) in connection.execute(
                "SELECT type FROM intent WHERE type LIKE 'release.%' ORDER BY id"
            )
        ]
    named = sorted(
        one.name for one in (home / "releases").iterdir() if (one / "manifest.jws").is_file()
    )
    said = {
        "after": after,
        "order": order.state,
        "stage": order.stage,
        "code": order.code,
        "release": Release.objects.get().state,
        "events": events,
        "folders": named,
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
