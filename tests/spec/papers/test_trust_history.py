"""Whose signature counts, when: who signs, since when the ledger holds it, when it is asked; code.

The house of the table: `old` signs permits by version 1. Version 2 was adopted on day 10 and counts
from day 13: it puts `new` in the place of `old`. Version 3 was adopted on day 20 and counts from
day 23: it says that `lost`, which signs in versions 1 and 2, may be held by somebody else since day
15. Version 4 would have let `thief` sign; it was withdrawn before it counted.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.permit import Permit
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.trust_history import PolicyVersion, TrustHistory
from tests import factories

START = factories.NOW


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def _retired(name: str, **more: Any) -> dict[str, Any]:
    material = factories.key_data(name)["public_key"]
    return {"id": name, "public_key": material, "reason": "replaced", **more}


def _next(before: TrustPolicy, at: float, **changes: Any) -> TrustPolicy:
    plain = before.plain() | {
        "version": before.number + 1, "previous": before.digest(), "proposed_at": stamp(day(at)),
    }  # fmt: skip
    return TrustPolicy.read(plain | changes, "x")


ONE = factories.trust("old", "lost", "third")
TWO = _next(ONE, 10, keys=[factories.key_data(name) for name in ("new", "lost", "third")],
            retired=[_retired("old")])  # fmt: skip
THREE = _next(TWO, 20, keys=[factories.key_data(name) for name in ("new", "third")],
              retired=[_retired("old"), _retired("lost", reason="compromised",
                                                 since=stamp(day(15)))])  # fmt: skip
FOUR = _next(THREE, 30, keys=[factories.key_data(name) for name in ("new", "third", "thief")])
HISTORY = TrustHistory((
    PolicyVersion(ONE, day(0), day(0), entry=1),
    PolicyVersion(TWO, day(10), day(13), entry=10),
    PolicyVersion(THREE, day(20), day(23), entry=20),
    PolicyVersion(FOUR, day(30), day(33), day(31), entry=30),
))  # fmt: skip

RETIRED, UNKNOWN = "CW-SIGNATURE-RETIRED", "CW-SIGNATURE-UNTRUSTED"
COMPROMISED = "CW-SIGNATURE-COMPROMISED"

# key, since when the ledger holds the paper (None: it does not), when it is asked, code
TABLE: list[tuple[str, float | None, float, str | None]] = [
    ("old", None, 1, None),
    ("old", None, 12.9, None),  # the change waits: the old policy counts
    ("old", None, 13, RETIRED),
    ("old", None, 100, RETIRED),  # under whatever date it says
    ("old", 1, 100, None),  # the ledger held it before
    ("old", 12.9, 100, None),
    ("old", 13, 100, RETIRED),  # written after the retirement counted
    ("new", None, 12.9, UNKNOWN),
    ("new", None, 13, None),
    ("new", 12.9, 100, UNKNOWN),
    ("new", 13, 100, None),
    ("lost", None, 14, COMPROMISED),
    ("lost", None, 21, COMPROMISED),  # at once, though the change still waits
    ("lost", None, 23, RETIRED),
    ("lost", 1, 100, None),  # before anybody else can have held it
    ("lost", 14.9, 100, None),
    ("lost", 15, 100, COMPROMISED),
    ("lost", 22, 100, COMPROMISED),
    ("lost", 23, 100, RETIRED),
    ("third", None, 100, None),
    ("third", 1, 100, None),
    ("thief", None, 40, UNKNOWN),  # its version was withdrawn
    ("thief", 34, 40, UNKNOWN),
    ("stranger", None, 1, UNKNOWN),
    ("stranger", 1, 1, UNKNOWN),
]


@pytest.mark.parametrize(("key", "held", "asked", "code"), TABLE)
def test_whose_signature_counts(
    key: str, held: float | None, asked: float, code: str | None
) -> None:
    text = factories.permit_text(key, policy=factories.trust(key))
    view = HISTORY.view(day(asked)) if held is None else HISTORY.recorded(day(held), 99)
    if code is None:
        assert Permit.load(text, view).issued_at == START
        return
    with pytest.raises(CommonwealError) as caught:
        Permit.load(text, view)
    assert caught.value.code == code


def test_at_one_time_the_order_of_the_ledger_decides() -> None:
    history = TrustHistory((
        PolicyVersion(ONE, day(0), day(0), entry=1),
        PolicyVersion(TWO, day(10), day(10), entry=10),
    ))  # fmt: skip
    assert history.in_force(day(10), 9) == ONE
    assert history.in_force(day(10), 11) == TWO
    assert history.in_force(day(10)) == TWO


def test_one_good_signature_of_two_is_enough_where_one_must_sign() -> None:
    text = factories.permit_text("lost", "third", policy=factories.trust("lost", "third"))
    assert Permit.load(text, HISTORY.recorded(day(16), 99))
    with pytest.raises(CommonwealError, match=RETIRED):
        Permit.load(text, HISTORY.view(day(100)))


def test_numbers_of_withdrawn_versions_are_not_used_again() -> None:
    assert HISTORY.next_number == 5
    assert HISTORY.pending(day(30.5)) is None  # withdrawn for whoever knows of it
    assert HISTORY.pending(day(21)) == HISTORY.versions[2]
