"""What the committee's rows say of each permit, worked out once and kept: decision and answers.

Both are frozen once they are published, so what was read of one stays. Whether anything came or was
set aside is one question to the database; only what is new is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Max, Min, Sum

from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.london import london_day
from commonweal.governance.committee.vocabulary import NO
from commonweal.web.register.asked import NOTHING, Asked, asked_in
from commonweal.web.register.decisions import published

State = tuple[Any, ...]
Digests = tuple[str, str]
_AT_ONCE, _OF = 500, "version__digest"


@dataclass(frozen=True)
class Told:
    """One published decision and what everybody may read of what was asked for.

    `decided_on`: ISO day. `permit`: the id that a permit made from this version has.
    """

    reference: str
    permit: str
    outcome: str
    decided_on: str
    summary: str
    reasons: tuple[str, ...]
    conditions: tuple[str, ...]
    title: str
    lay_summary: str
    organisation: str
    asked: Asked = NOTHING

    @property
    def refused(self) -> bool:
        """True for a decision that said no."""
        return self.outcome in NO


@dataclass(frozen=True)
class _Kept:
    """Everything as of one state. `by_digest`: by the digests of decision and version, in order."""

    state: State = ()
    by_digest: Mapping[Digests, Told] = field(default_factory=dict)
    by_permit: Mapping[str, Told] = field(default_factory=dict)


_last = [_Kept()]
"""One for each process, replaced as a whole."""


def state() -> State:
    """What stands for all published decisions together: it is another where one is."""
    found = published().aggregate(
        n=Count("pk"), last=Max("pk"), sum=Sum("pk"), low=Min("digest"), high=Max("digest"),
        when=Max("published_at"), first=Min("version__digest"), top=Max("version__digest"),
    )  # fmt: skip
    return tuple(found.values())


def told_by_permit() -> Mapping[str, Told]:
    """What was decided and said of each permit, by the permit's id."""
    return _now().by_permit


def refusals_told() -> list[Told]:
    """The decisions that said no, the oldest first."""
    return [one for one in _now().by_digest.values() if one.refused]


def _now() -> _Kept:
    now, before = state(), _last[0]
    if now == before.state:
        return before
    rows = published().order_by("published_at", "pk")
    listed = [(pk, (one, of)) for pk, one, of in rows.values_list("pk", "digest", _OF)]
    new = [pk for pk, digests in listed if digests not in before.by_digest]
    read: dict[Digests, Told] = {}
    for start in range(0, len(new), _AT_ONCE):
        read.update(_read(new[start : start + _AT_ONCE]))
    known = {**before.by_digest, **read}
    by_digest = {digests: known[digests] for _, digests in listed if digests in known}
    _last[0] = _Kept(now, by_digest, {one.permit: one for one in by_digest.values()})
    return _last[0]


def _read(keys: list[int]) -> Iterator[tuple[Digests, Told]]:
    wanted = ("digest", _OF, "content", "version__content", "reference")
    for one, of, decision, version, name in published().filter(pk__in=keys).values_list(*wanted):
        yield (one, of), told_in(json.loads(bytes(decision)), json.loads(bytes(version)), name)


def told_in(decision: Mapping[str, Any], version: Mapping[str, Any], reference: str) -> Told:
    """From the plain values of a decision and of the version that it is about.

    Both were checked when they were signed and frozen; reading ten thousand of them as papers would
    take a minute.
    """
    content = version["content"]
    return Told(
        reference=reference,
        permit=f"{version['application']}-{version['number']}",
        outcome=str(decision["outcome"]),
        decided_on=london_day(parse_stamp(decision["decided_at"])).isoformat(),
        summary=str(decision["summary"]),
        reasons=tuple(decision["reasons"]),
        conditions=tuple(decision.get("conditions", ())),
        title=str(content["project"]["title"]),
        lay_summary=str(content["project"]["lay_summary"]),
        organisation=str(content["organisation"]["name"]),
        asked=asked_in(version),
    )
