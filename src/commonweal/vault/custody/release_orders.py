"""The order to build a release: what a data manager signed, held against the ledger (S11).

Whoever owns the service's database can write an order of their own, name somebody else in one, or
let one run again. So the vault builds on a signed act and on nothing else: the ledger heard of it,
it is about this very permit and the very id that the release will have, and it begins one build.
Whoever signed it is who made the release; they cannot sign it off.

1. The act is `order_release`, by a data manager of the roster, about this release under this permit
as it was signed, and not from before the permit's last step. 2. It was never used; or it began the
build of this release and that was cut off, so that it goes on. One that the vault refused has
ended: it is ordered anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Refused
from commonweal.ledger.entry import Actor
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.permit import Permit
from commonweal.vault.custody.acts import (
    LEDGER_ROLES,
    USED,
    records_about,
    refuse_void,
    use_acts,
)
from commonweal.vault.custody.holding import Custody
from commonweal.vault.custody.release_steps import StepJudge
from commonweal.vault.custody.settling import settle


def take_order(
    custody: Custody, signed: SignedAct, permit: Permit, release: str, judge: StepJudge
) -> Actor:
    """Count the act that orders `release` under `permit`; who signed it, as the ledger names them.

    Raises `Refused` CW-RELEASE-ORDER-CHANGED; what the judge raises, among it `Refused`
    CW-STEP-ACTS, CW-ACT-NOT-RECORDED, CW-ACT-USED; CW-ACT-VOID; and those of the ledger.
    """
    if signed.act.subject != release:
        raise Refused(
            "CW-RELEASE-ORDER-CHANGED", "What was signed is about another release than the order."
        )
    with custody.ledger.transaction() as writing:
        refuse_void(writing.connection, [signed.act.id])
        records = records_about(custody, release)
        begun = _began(writing.connection, signed.act.id, release)
        if begun:
            records = _unused(records, signed.act.id)
        standing = custody.ledger.permit_standing(permit.id)
        (counted,) = judge(
            "order_release",
            [signed],
            release,
            digest(permit.public_projection()),
            custody.rosters.history(),
            custody.book.history().in_force(writing.now()),
            writing.now(),
            home=custody.home.id,
            records=records,
            not_by=(),
            # Of a permit that is stopped now the build says so itself, in better words.
            not_before=standing.changed_at if standing and standing.state == "active" else None,
        )
        act = counted.verified.act
        if not begun:
            use_acts(writing, [act.id], release, permit=permit.id, release=release)
    settle(custody)
    return Actor(LEDGER_ROLES[act.role], act.actor)


def _began(connection: Any, act: str, release: str) -> bool:
    """True if this act began the build of this release, and the vault has not refused it since."""
    used = _last(connection, USED, {"act": act, "release": release})
    refused = _last(connection, "release.refused", {"release": release})
    return used > refused


def _last(connection: Any, type_: str, said: Mapping[str, str]) -> int:
    """The number of the newest intent of a type that says this; 0 where there is none."""
    rows = connection.execute("SELECT id, body FROM intent WHERE type = ? ORDER BY id", (type_,))
    return max((id_ for id_, body in rows if said.items() <= json.loads(body).items()), default=0)


def _unused(records: ActRecords, act: str) -> ActRecords:
    found = records.acts.values()
    return ActRecords.of(replace(one, used_for=None) if one.id == act else one for one in found)
