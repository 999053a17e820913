"""Random lives of a trust policy against an obvious twin that replays them day by day.

The twin keeps no history: for each question it plays every act again from the first, in plain
dictionaries, and looks at what stands there on the day that counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.trust_order import CHANGED, SET, WITHDRAWN, TrustOrder
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.trust_change import open_change
from commonweal.papers.trust_history import PolicyVersion, TrustHistory, TrustView
from tests import factories
from tests.unit.papers.test_trust_change import WITH_POLICY, signed

NAMES = tuple("abcdefgh")
START = factories.NOW


@dataclass(frozen=True)
class Act:
    """One thing that is tried on one day."""

    day: int
    kind: str  # change or withdraw
    adds: str
    retires: str
    since: int | None  # the day since when the retired key is compromised
    signers: tuple[str, ...]
    delay_hours: int


ACTS = st.lists(
    st.builds(
        Act,
        day=st.integers(0, 6),
        kind=st.sampled_from(["change", "change", "withdraw"]),
        adds=st.sampled_from("ddeeffghabc"),
        retires=st.sampled_from("aabbccdefgh"),
        since=st.none() | st.integers(0, 20),
        # Often people who may: else nearly nothing would ever be adopted.
        signers=st.sampled_from([("a", "b"), ("b", "c"), ("a", "c"), ("a", "b", "c"), ("c", "b")])
        | st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple),
        delay_hours=st.sampled_from([24, 48, 120]),
    ),
    min_size=3,
    max_size=8,
)


def at(day: float) -> Any:
    return START + timedelta(days=day)


class Twin:
    """What stands on each day, told again from the beginning."""

    def __init__(self) -> None:
        # (adopted, counts from, withdrawn on, keys, compromised, delay in days, number)
        self.lines: list[dict[str, Any]] = [
            {"from": 0.0, "gone": None, "keys": {"a", "b", "c"}, "out": set(), "bad": {},
             "delay": 1.0}
        ]  # fmt: skip

    def line(self, day: float) -> dict[str, Any]:
        found = self.lines[0]
        for one in self.lines[1:]:
            if one["gone"] is None and one["from"] <= day:
                found = one
        return found

    def waiting(self, day: float) -> dict[str, Any] | None:
        last = self.lines[-1]
        return last if len(self.lines) > 1 and last["gone"] is None and last["from"] > day else None

    def bad(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for one in self.lines:
            if one["gone"] is None:
                for name, since in one["bad"].items():
                    found[name] = min(since, found.get(name, since))
        return found

    def change(self, day: float, act: Act) -> bool:
        """Adopt if it may be; says whether."""
        now, bad = self.line(day), self.bad()
        if self.waiting(day) is not None:
            return False
        keys = (now["keys"] | {act.adds}) - {act.retires}
        may = act.retires in now["keys"] and act.adds not in now["out"] and len(keys) >= 2
        said = {act.retires} if act.since is not None else set()
        known = all(name in now["keys"] for name in act.signers)
        counted = [name for name in act.signers if name not in bad and name not in said]
        if not (may and known and len(counted) >= 2):
            return False
        self.lines.append(
            {"from": day + now["delay"], "gone": None, "keys": keys,
             "out": now["out"] | {act.retires},
             "bad": now["bad"] | ({act.retires: float(act.since)} if act.since is not None else {}),
             "delay": act.delay_hours / 24}
        )  # fmt: skip
        return True

    def withdraw(self, day: float) -> bool:
        waiting = self.waiting(day)
        if waiting is None:
            return False
        waiting["gone"] = day
        return True

    def believes(self, name: str, held: float | None, day: float) -> bool:
        line = self.line(day if held is None else held)
        since = self.bad().get(name)
        return name in line["keys"] and (since is None or (held is not None and held < since))


def _first() -> TrustPolicy:
    return factories.trust(
        "a", "b", "c", home="standard", time_to_say_no_days=28,
        keys=[factories.key_data(name, roles=WITH_POLICY) for name in "abc"],
        thresholds=dict.fromkeys(WITH_POLICY, 1), change_delay_hours=24,
    )  # fmt: skip


def _next(history: TrustHistory, before: TrustPolicy, day: float, act: Act) -> dict[str, Any]:
    plain = before.plain()
    keys = [key for key in plain["keys"] if key["id"] != act.retires]
    if act.adds not in {key["id"] for key in plain["keys"]}:
        keys.append(factories.key_data(act.adds, roles=WITH_POLICY))
    gone = {
        "id": act.retires, "public_key": factories.key_data(act.retires)["public_key"],
        "reason": "left" if act.since is None else "compromised",
    }  # fmt: skip
    if act.since is not None:
        gone["since"] = stamp(at(act.since))
    return plain | {
        "version": history.next_number, "previous": before.digest(),
        "proposed_at": stamp(at(day)), "keys": keys,
        "retired": [*plain.get("retired", []), gone], "change_delay_hours": act.delay_hours,
    }  # fmt: skip


def _tried(history: TrustHistory, order: TrustOrder, day: float, act: Act, entry: int) -> Any:
    """The history after the real thing was tried, or None if it was refused."""
    now = at(day)
    if history.pending(now) is not None:
        return None
    before = history.in_force(now)
    try:
        plain = _next(history, before, day, act)
        TrustPolicy.read(plain, "x")
        text = signed(plain, *act.signers, at=now)
        view = TrustView(before, history.compromised)
        policy = open_change(text, view, history.next_number, now)
    except CommonwealError:
        return None
    begins = now + before.delay
    written = {"version": policy.version, "policy_hash": policy.digest(),
               "previous_hash": policy.previous, "effective_from": stamp(begins)}  # fmt: skip
    assert order.see(CHANGED, written, entry, now) is None
    return TrustHistory((*history.versions, PolicyVersion(policy, now, begins, entry=entry)))


@settings(max_examples=200, deadline=None)
@given(acts=ACTS, held=st.none() | st.floats(0, 50), asked=st.floats(0, 60))
def test_the_history_and_its_twin_agree(acts: list[Act], held: float | None, asked: float) -> None:
    first, twin, order = _first(), Twin(), TrustOrder()
    history = TrustHistory((PolicyVersion(first, START, START, entry=1),))
    assert order.see(SET, {"policy_hash": first.digest()}, 1, START) is None
    day = 0.0
    for entry, act in enumerate(acts, 2):
        day += act.day
        if act.kind == "withdraw":
            pending = history.pending(at(day))
            assert (pending is not None) == twin.withdraw(day)
            if pending is not None:
                said = {"version": pending.policy.version, "policy_hash": pending.policy.digest()}
                assert order.see(WITHDRAWN, said, entry, at(day)) is None
                ended = PolicyVersion(pending.policy, pending.adopted_at, pending.effective_from,
                                      at(day), pending.entry)  # fmt: skip
                history = TrustHistory((*history.versions[:-1], ended))
            continue
        tried = _tried(history, order, day, act, entry)
        assert (tried is not None) == twin.change(day, act), act
        history = tried or history
    step = order.in_force(at(asked))
    assert step.policy_hash == history.in_force(at(asked)).digest()
    assert set(history.in_force(at(asked)).key_ids) == twin.line(asked)["keys"]
    view = history.view(at(asked)) if held is None else history.recorded(at(held))
    for name in NAMES:
        try:
            view.require("permit", {name: START}, "It")
            believed = True
        except CommonwealError:
            believed = False
        assert believed == twin.believes(name, held, asked), name
