"""What one entry of the ledger costs the workers does not grow with the number of outputs."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any

import pytest

from commonweal.airlock.leaving.store import OutputStore
from commonweal.ledger.entry import Actor, Event
from tests.web.outputs.room import PERMIT, PROJECT, Airlock, output

MANY = 200


class Cost:
    """How often an output of the store is read, and how many statements the database gets."""

    def __init__(self, patching: pytest.MonkeyPatch) -> None:
        self.read = 0
        honest = OutputStore.read

        def counted(store: OutputStore, name: str) -> Any:
            self.read += 1
            return honest(store, name)

        patching.setattr(OutputStore, "read", counted)

    def of(self, what: Any) -> tuple[int, int]:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self.read = 0
        with CaptureQueriesContext(
            connection,
        ) as queries:
            what()
        return self.read, len(queries)


def others(house: Airlock) -> None:
    """Many outputs that were taken back: on the ledger, in the store and in rows."""
    from commonweal.web.outputs.models import Output

    row, outputs = output(), house.home / "airlock" / "outputs"
    names = [f"old-{number}" for number in range(MANY)]
    for name in names:
        shutil.copytree(outputs / "job-1", outputs / name, copy_function=_linked)

    def written(custody: Any) -> None:
        with custody.ledger.transaction() as writing:
            for name in names:
                fields = {"permit": PERMIT, "output": name, "step": "withdraw"}
                writing.append(Event("output.moved", Actor("researcher", "amara"), fields))

    house.with_custody(written)
    Output.objects.bulk_create([
        Output(
            reference=name, permit=PERMIT, project=PROJECT, job=name, author="amara", turn=1,
            title="Old", digest=row.digest, manifest=row.manifest, state="withdrawn",
            living=PERMIT, expires_at=row.expires_at,
        )
        for name in names
    ])  # fmt: skip


def _linked(source: str, target: str) -> str:
    import os

    os.link(source, target)
    return target


def entry(house: Airlock) -> None:
    """One more entry, about `job-1`."""

    def written(custody: Any) -> None:
        with custody.ledger.transaction() as writing:
            fields = {"permit": PERMIT, "output": "job-1", "code": "CW-LEAVING-VOTES"}
            writing.append(Event("output.refused", Actor("system", "release-worker"), fields))

    house.with_custody(written)


def naive(house: Airlock) -> None:
    """The twin: every output is read at every entry."""

    def walk(custody: Any) -> None:
        from commonweal.foundation.errors import CommonwealError
        from commonweal.wiring.outputs import store_of

        store = store_of(custody)
        for name in store.ids():
            try:
                store.read(name)
            except CommonwealError:
                continue

    house.with_custody(walk)


def test_an_entry_costs_the_same_with_one_output_and_with_many(
    airlock: Airlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.outputs.workers.releasing import Releasing
    from commonweal.web.outputs.workers.telling import Telling

    airlock.job()
    airlock.checked()
    airlock.submitted()
    cost, workers = Cost(monkeypatch), (Telling(), Releasing())

    def look() -> None:
        for step in workers:
            airlock.with_custody(step)

    look()
    entry(airlock)
    look()  # what it says first is new to the reviewers' papers
    entry(airlock)
    one, few = cost.of(look), cost.of(lambda: naive(airlock))
    assert one[0] >= 1
    others(airlock)
    look()
    entry(airlock)
    assert cost.of(look) == one
    assert cost.of(lambda: naive(airlock))[0] >= few[0] + MANY, "the twin's cost grows"
    look()
    assert cost.of(look)[0] == 0, "nothing is read where nothing was written"
    # From time to time those are looked at that go on, and no others.
    airlock.later(minutes=2)
    assert cost.of(look)[0] <= 2


def test_a_permit_s_step_is_told_of_its_own_outputs_alone(
    airlock: Airlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An entry about another permit reads none of ours; one about ours does."""
    from commonweal.web.outputs.workers.changes import Changed, Changes
    from commonweal.web.outputs.workers.telling import Telling

    airlock.job()
    airlock.checked()
    airlock.submitted()
    telling = Telling()
    airlock.with_custody(telling)
    airlock.later(seconds=1)
    telling._since = airlock.held.now()  # no order ended since
    assert telling._names(Changed(permits={"permit-other"}), on_time=False) == set()
    assert telling._names(Changed(permits={PERMIT}), on_time=False) == {"job-1"}
    changes = Changes()
    assert airlock.with_custody(changes.read).all
    assert changes.waiting == {"job-1": PERMIT}
    again = airlock.with_custody(changes.read)
    assert (again.outputs, again.permits, again.all) == (set(), set(), False)


def test_what_could_not_be_told_is_told_the_next_time(
    airlock: Airlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger is read on; what it named is kept until it was told."""
    from commonweal.web.outputs.workers import telling as module

    airlock.job()
    airlock.checked()
    airlock.submitted()
    telling = module.Telling()
    airlock.with_custody(telling)
    for who in ("tara", "umar"):
        airlock.vote(who, verdict="return")
    from commonweal.web.outputs.workers.acting import act_step

    airlock.with_custody(act_step)
    airlock.with_custody(act_step)
    with monkeypatch.context() as broken:

        def busy(*_: Any) -> Any:
            raise RuntimeError

        broken.setattr(module, "_tell_some", busy)
        with pytest.raises(RuntimeError):
            airlock.with_custody(telling)
    assert output().state == "in_review"
    airlock.with_custody(telling)
    assert output().state == "returned"


def test_a_release_that_broke_off_and_was_overtaken_holds_up_nobody(
    airlock: Airlock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a look that broke off had named may have been taken back before the next look."""
    from commonweal.foundation.errors import Unavailable
    from commonweal.web.outputs.workers import releasing as module

    airlock.job()
    airlock.checked()
    airlock.submitted()
    releasing = module.Releasing()
    with monkeypatch.context() as broken:

        def busy(*_: Any) -> Any:
            raise Unavailable("CW-BUSY", "The ledger is busy.")

        broken.setattr(module, "release_some", busy)
        with pytest.raises(Unavailable):
            airlock.with_custody(releasing)

    def taken_back(custody: Any) -> None:
        with custody.ledger.transaction() as writing:
            fields = {"permit": PERMIT, "output": "job-1", "step": "withdraw"}
            writing.append(Event("output.moved", Actor("researcher", "amara"), fields))

    airlock.with_custody(taken_back)
    for _ in range(2):
        assert airlock.with_custody(releasing) == 0
        entry(airlock)


def test_an_output_whose_permit_is_over_comes_to_its_end(airlock: Airlock) -> None:
    from commonweal.vault.custody import change_state, find_permit

    airlock.job()
    airlock.checked()
    airlock.submitted()
    airlock.with_custody(
        lambda custody: change_state(custody, find_permit(custody, PERMIT), "revoke")
    )
    airlock.later(seconds=1)
    airlock.work(2)
    (moved,) = airlock.events("output.moved")
    assert moved["step"] == "end"
    assert output().state == "expired"
    airlock.work(2)
    airlock.later(minutes=timedelta(minutes=6).seconds // 60)
    airlock.work(2)
    assert len(airlock.events("output.moved")) == 1
