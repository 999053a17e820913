"""Rosters and signed acts for tests: a small hospital's committee and officers, and an applicant.

Each person has a software key derived from the person's id, as in a demonstration, or a security
key where a test gives one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from commonweal.papers.act_table import ActKind
from commonweal.papers.acts import Act, SignedAct, new_act, software_signed
from commonweal.papers.roster import Roster, RosterRole
from commonweal.papers.roster_history import RosterHistory, RosterVersion
from commonweal.papers.trust import encode_public
from tests import authenticator, factories

HOME = "home-1"
APPLICATION = "application-1"
EARLIER = factories.NOW - timedelta(days=30)
NAMES: Mapping[str, str] = {
    "chair": "Carol Chair", "member": "Mohammed Member", "lena": "Lena Lay", "luke": "Luke Lay",
    "guardian": "Grace Guardian", "siro": "Simon Siro", "dpo": "Dora Officer",
    "signs": "Sigrid Signs", "applies": "Anna Applies", "dean": "Dean of Medicine",
    "manager": "Max Manager", "owner": "Olga Owner", "mina": "Mina Meister",
    "lola": "Lola Long", "ivy": "Ivy Inglis", "sally": "Sally Secretary",
}  # fmt: skip
ROLES: Mapping[str, RosterRole] = {
    "chair": "committee_chair", "member": "committee_member", "lena": "committee_lay",
    "luke": "committee_lay", "guardian": "caldicott_guardian", "siro": "siro", "dpo": "dpo",
    "signs": "signatory_custodian", "applies": "applicant", "dean": "signatory_applicant",
    "manager": "data_manager", "owner": "information_asset_owner",
    "mina": "committee_member", "lola": "committee_lay", "ivy": "ig_officer",
    "sally": "committee_secretary",
}  # fmt: skip
UNIVERSITY = frozenset({"applies", "dean"})


def key_name(person: str) -> str:
    return f"key-of-{person}"


def software(person: str, **changes: Any) -> dict[str, Any]:
    """The software credential of a person."""
    public = factories.signer(key_name(person)).private.public_key()
    return {
        "kind": "software", "id": key_name(person), "public_key": encode_public(public),
        "valid_from": "2020-01-01T00:00:00.000Z", **changes,
    }  # fmt: skip


def person(id_: str, **changes: Any) -> dict[str, Any]:
    """One person of the usual roster."""
    return {
        "id": id_,
        "name": NAMES[id_],
        "organisation": "Dales University" if id_ in UNIVERSITY else "Wharfedale Hospital",
        "lay": ROLES[id_] == "committee_lay",
        "roles": [{"role": ROLES[id_], "from": "2024-01-01"}],
        "credentials": [software(id_)],
        **changes,
    }


def roster_data(*without: str, **changes: Any) -> dict[str, Any]:
    """The usual roster as plain JSON, without some people."""
    return {
        "roster": 1,
        "home": HOME,
        "version": 1,
        "proposed_at": "2026-01-01T00:00:00.000Z",
        "people": [person(id_) for id_ in NAMES if id_ not in without],
        **changes,
    }


def roster(*without: str, **changes: Any) -> Roster:
    """The usual roster."""
    return Roster.read(roster_data(*without, **changes), "The roster")


def full(plain: Mapping[str, Any]) -> dict[str, Any]:
    """A roster in its full form."""
    return Roster.read(dict(plain), "The roster").plain()


def history(*rosters: Roster, at: datetime = EARLIER) -> RosterHistory:
    """Rosters that were adopted one day after the other, the first at `at`."""
    versions = [
        RosterVersion(one, at + timedelta(days=n), at + timedelta(days=n), entry=n + 1)
        for n, one in enumerate(rosters or (roster(),))
    ]
    return RosterHistory(tuple(versions))


def act(
    who: str,
    kind: ActKind,
    verdict: str,
    object_digest: str,
    at: datetime = factories.NOW,
    **changes: Any,
) -> Act:
    """An act of a person in the person's usual role, not signed yet."""
    wanted: dict[str, Any] = {
        "kind": kind, "verdict": verdict, "actor": who, "role": ROLES[who],
        "subject": APPLICATION, "object_digest": object_digest, "home": HOME, "at": at,
    }  # fmt: skip
    return new_act(**(wanted | changes))


def signed(who: str, *args: Any, key: str | None = None, **changes: Any) -> SignedAct:
    """The same, signed with the person's software key (or that of another)."""
    made = act(who, *args, **changes)
    return software_signed(made, factories.signer(key or key_name(who)), made.at)


def site(**changes: Any) -> dict[str, Any]:
    """Where people sign with security keys in tests."""
    return {"rp_id": authenticator.RP_ID, "origins": [authenticator.ORIGIN], **changes}
