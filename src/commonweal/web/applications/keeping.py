"""What a saved page leaves beside its own answers: what others wrote, and what has its own page."""

from __future__ import annotations

from typing import Any

from commonweal.governance.application.parts import Part
from commonweal.web.applications.asking import CUSTODIANS, OWN_PAGE, asks


def kept_beside(part: type[Part], before: Any, now: dict[str, Any]) -> dict[str, Any]:
    """`now`, as a page sent it, with what the page does not ask.

    What the hospital's people wrote (who checked it, and when) stays only where everything that
    they looked at is as it was.
    """
    was = before if isinstance(before, dict) else {}
    made = dict(now)
    for one in asks(part):
        if one.kind == "part" and one.of is not None and one.field in made:
            made[one.field] = kept_beside(one.of, was.get(one.field), made[one.field])
    name = part.__name__
    made |= {field: was[field] for field in OWN_PAGE.get(name, ()) if field in was}
    theirs = CUSTODIANS.get(name, frozenset())
    if {k: v for k, v in was.items() if k not in theirs} == made:
        made |= {field: was[field] for field in theirs if field in was}
    return made
