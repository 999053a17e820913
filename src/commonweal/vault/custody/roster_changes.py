"""Changing the roster of a home: proposed, signed, adopted, and withdrawn while it waits (S11).

As the trust policy is changed (`amending.py`), by the same people and always by two of them. A
proposal is a file: the whole next roster as readable JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from commonweal.foundation.clock import stamp
from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import Refused, WrongUsage
from commonweal.foundation.files import read_bytes
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.roster_order import CHANGED, WITHDRAWN
from commonweal.ledger.store import Writing
from commonweal.papers.base import Identifier, Line, Moment, Paper
from commonweal.papers.changes import GOOD_FOR
from commonweal.papers.credentials import Base64Url
from commonweal.papers.roster import Roster, SigningSite, Term
from commonweal.papers.roster_change import (
    CALLED,
    CHANGE,
    WITHDRAWAL,
    RosterWithdrawal,
    check_change,
    open_change,
    open_withdrawal,
    read_change,
    read_roster,
    refused,
)
from commonweal.papers.roster_history import RosterVersion
from commonweal.papers.signing import signers_named
from commonweal.papers.trust import RetiredBecause
from commonweal.vault.custody.holding import DETAILS_KEY, Custody
from commonweal.vault.custody.rosters import SHELF
from commonweal.vault.custody.settling import settle
from commonweal.vault.custody.version_papers import (
    MAX_PAPER,
    Ending,
    begins,
    end_waiting,
    read_draft,
    sign_draft,
    write_lost,
)
from commonweal.vault.keys.fence import PolicyFence

ACTOR = Actor("custodian", "command-line")


# --- from a list of people to the whole next roster ---------------------------------------------


class ListedKey(Paper):
    """What a person signs with: `key`, one of this demonstration home by its name; or `webauthn`
    and `public_key`, as the browser gave them when the security key was set up."""

    key: Identifier | None = None
    webauthn: Base64Url | None = None
    public_key: Base64Url | None = None


class ListedPerson(Paper):
    """One person. `credentials` that are known already need not be listed with their material."""

    id: Identifier
    name: Line
    organisation: Line
    lay: bool = False
    roles: tuple[Term, ...]
    credentials: tuple[ListedKey, ...] = ()


class ListedRetired(Paper):
    """A credential to take out: its id, or the name of a key of this home."""

    credential: Line
    reason: RetiredBecause
    since: Moment | None = None


class PeopleList(Paper):
    """The whole roster as a person writes it. Who or what is not in it is out.

    `retire`: why credentials go; one that is only left out counts as `left`.
    """

    people_list: Literal[1]
    site: SigningSite | None = None
    people: Annotated[tuple[ListedPerson, ...], Field(min_length=1)]
    retire: tuple[ListedRetired, ...] = ()


def read_people(file: Path) -> PeopleList:
    """The list in a YAML or JSON file. Raises `PaperInvalid` and file faults."""
    plain = load_document(file, "The list of people")
    return PeopleList.read(plain, f"The list of people {file.name}")


def propose_roster(custody: Custody, asked: PeopleList) -> Roster:
    """The next roster with these people, which nobody has signed yet.

    Raises `Refused` CW-ROSTER-REFUSED or CW-ROSTER-PENDING, `WrongUsage` CW-KEY-UNKNOWN or
    CW-USAGE, `PaperInvalid`.
    """
    history, now = custody.rosters.history(), custody.book.now()
    before = history.in_force(now)
    plain: dict[str, Any] = {
        "roster": 1,
        "home": custody.home.id,
        "version": history.next_number,
        "proposed_at": stamp(now),
        "people": [_person(custody, one, before, now) for one in asked.people],
    }
    if before is not None:
        plain["previous"] = before.digest()
    if asked.site is not None:
        plain["site"] = asked.site.plain()
    if before is not None and before.rules is not None:
        plain["rules"] = before.rules
    kept = {one["id"] for person in plain["people"] for one in person["credentials"]}
    retired = _retired(custody, before, asked, kept)
    roster = Roster.read(plain | {"retired": retired}, CALLED)
    check_proposal(custody, roster)
    if before is not None and _told(before) == _told(roster):
        raise refused("nothing would be different")
    return roster


def propose_rules(custody: Custody, rules: Mapping[str, Any]) -> Roster:
    """The roster in force with other rules of the committee, which nobody has signed yet.

    `rules`: checked by who knows what rules are. Raises `Refused` CW-ROSTER-NONE, and what
    `propose_roster` raises.
    """
    history, now = custody.rosters.history(), custody.book.now()
    before = history.at(now)
    plain = before.plain() | {
        "version": history.next_number,
        "previous": before.digest(),
        "proposed_at": stamp(now),
        "rules": dict(rules),
    }
    roster = Roster.read(plain, CALLED)
    check_proposal(custody, roster)
    if before.rules == roster.rules:
        raise refused("nothing would be different")
    return roster


def _told(roster: Roster) -> dict[str, Any]:
    told = roster.plain()
    return {name: told.get(name) for name in ("site", "rules", "people", "retired")}


def _person(
    custody: Custody, one: ListedPerson, before: Roster | None, now: datetime
) -> dict[str, Any]:
    listed = [_credential(custody, key, before, now) for key in one.credentials]
    plain = one.plain()
    return plain | {"credentials": listed}


def _credential(
    custody: Custody, one: ListedKey, before: Roster | None, now: datetime
) -> dict[str, Any]:
    """The credential that is meant; one that is known keeps its beginning."""
    if (one.key is None) is (one.webauthn is None):
        raise WrongUsage(
            "CW-USAGE", "A credential is `key: NAME`, or `webauthn: ID` with its `public_key`."
        )
    if one.key is not None:
        info = custody.keyring.versions(one.key)[-1]
        if info.purpose != "person_signing" or info.public_key is None or info.state != "active":
            raise refused(f"the key {one.key} is not one that a person signs with")
        made = {"kind": "software", "id": info.id, "public_key": info.public_key}
    else:
        made = {"kind": "webauthn", "id": str(one.webauthn), "public_key": one.public_key or ""}
    for person in () if before is None else before.people:
        known = person.credential(made["id"])
        if known is not None:
            material = made["public_key"] or known.public_key
            return made | {"public_key": material, "valid_from": stamp(known.valid_from)}
    return made | {"valid_from": stamp(now)}


def _retired(
    custody: Custody, before: Roster | None, asked: PeopleList, kept: set[str]
) -> list[dict[str, Any]]:
    """Everything retired before, and what this list leaves out or names."""
    if before is None:
        if asked.retire:
            raise refused("there is no roster yet, so there is nothing to take out")
        return []
    said = {_named(custody, one.credential): one for one in asked.retire}
    found = {one.id: one.plain() for one in before.retired}
    for person in before.people:
        for one in person.credentials:
            if one.id not in kept:
                found[one.id] = {"id": one.id, "material": one.material, "reason": "left"}
    for id_, why in said.items():
        if id_ not in found:
            raise WrongUsage(
                "CW-KEY-UNKNOWN", "A credential to take out is not known, or is still listed."
            )
        found[id_]["reason"] = why.reason
        if why.since is not None:
            found[id_]["since"] = stamp(why.since)
    return list(found.values())


def _named(custody: Custody, name: str) -> str:
    """The id of a credential that is called by its id, or by the name of a key of this home."""
    mine = [info for info in custody.keyring.list() if info.name == name]
    return mine[-1].id if mine else name


# --- signing and adopting -----------------------------------------------------------------------


@dataclass(frozen=True)
class AdoptedRoster:
    """What an adoption did. `entry`: the intent's number on the ledger."""

    roster: Roster
    effective_from: datetime
    entry: int


def read_proposal(file: Path) -> tuple[Roster, str | None]:
    """The roster in a proposal or a signed change, nothing verified; and the signed text if it is.

    Raises `Fault` CW-PAPER-INVALID, CW-SIGNATURE-INVALID and file faults.
    """
    plain, signed = read_draft(file, CALLED)
    if signed is not None:
        return read_change(signed), signed.decode()
    return read_roster(plain), None


def check_proposal(custody: Custody, roster: Roster) -> None:
    """Refuse a change that could not be adopted now, whoever signed it.

    Raises `Refused` CW-ROSTER-REFUSED or CW-ROSTER-PENDING.
    """
    history, now = custody.rosters.history(), custody.book.now()
    _refuse_pending(history.pending(now))
    before = history.in_force(now)
    check_change(before, roster, history.next_number, custody.home.id, custody.trust)
    if any(person.has_two_seats for person in roster.people):
        raise refused(
            "somebody would hold two voting seats on one day, so nothing could be decided"
        )
    if now - roster.proposed_at > GOOD_FOR:
        raise refused(f"it was proposed more than {GOOD_FOR.days} days ago")


def _refuse_pending(pending: RosterVersion | None) -> None:
    if pending is not None:
        raise Refused(
            "CW-ROSTER-PENDING",
            f"Version {pending.roster.version} of the roster waits already, until "
            f"{pending.effective_from:%d %B %Y %H:%M} UTC.",
            remedy="Wait, or withdraw it with `commonweal people withdraw`.",
        )


def sign_roster(custody: Custody, file: Path, key: str) -> tuple[Roster, list[str]]:
    """Add the signature of the key called `key` to a proposal, in its file.

    Returns the roster and the ids of all keys that have signed. Raises what `check_proposal` and
    `sign_draft` raise.
    """
    roster, text = read_proposal(file)
    check_proposal(custody, roster)
    signed = sign_draft(custody, file, roster, text, key, CHANGE, CALLED)
    return roster, signers_named(signed, CALLED)


def adopt_roster(custody: Custody, file: Path) -> AdoptedRoster:
    """Put a signed roster on the ledger; it counts after the wait of the trust policy in force.

    Raises what `open_change` and `check_proposal` raise.
    """
    content = read_bytes(file, CALLED, limit=MAX_PAPER)
    check_proposal(custody, read_change(content))
    with custody.ledger.transaction() as writing:
        history, now = custody.rosters.history(), writing.now()
        _refuse_pending(history.pending(now))
        view = custody.book.history().view(now)
        roster = open_change(
            content, view, history.in_force(now), history.next_number, custody.home.id, now
        )
        SHELF.keep(custody.home, roster.digest(), content.decode())
        fields = {"version": roster.version} | begins(view.policy.delay, now)
        entry = writing.append(Event(CHANGED, ACTOR, fields), _details(custody, roster.digest()))
    settle(custody)
    version = next(v for v in custody.rosters.history().versions if v.roster == roster)
    return AdoptedRoster(roster, version.effective_from, entry)


def _details(custody: Custody, digest: str) -> Details:
    key = custody.keyring.get(DETAILS_KEY)
    return Details({"roster": digest}, key.id, custody.keyring.secret_of(key.id).use())


def withdraw_roster(custody: Custody, key: str) -> Roster:
    """End a roster that waits, with the signature of one person who may change it.

    Raises `Refused` CW-ROSTER-PENDING (none waits) or CW-ROSTER-REFUSED; `Fault`
    CW-SIGNATURE-UNTRUSTED.
    """

    def waiting(now: datetime) -> Roster | None:
        pending = custody.rosters.history().pending(now)
        return None if pending is None else pending.roster

    ending = Ending(
        SHELF,
        WITHDRAWAL,
        Refused("CW-ROSTER-PENDING", "No change of the roster is waiting."),
        waiting,
        lambda roster, now: RosterWithdrawal(
            withdraw_roster=1, version=roster.version, roster_digest=roster.digest(), at=now
        ),
        lambda text, roster, now: open_withdrawal(
            text, custody.book.history().view(now), roster, now
        ),
        lambda roster: _withdrawn(roster.version),
    )
    roster = end_waiting(custody, key, ending)
    settle(custody)
    return roster


def _withdrawn(number: int, **more: str) -> Event:
    return Event(WITHDRAWN, ACTOR, {"version": number, **more})


# --- what a restore lost ------------------------------------------------------------------------


def adopt_rosters_again(custody: Custody, fenced: Mapping[int, PolicyFence]) -> list[int]:
    """Write again the rosters that an older ledger does not know; gives their numbers."""
    return write_lost(
        custody,
        fenced,
        {one.roster.version: one.withdrawn_at for one in custody.rosters.unfenced().versions},
        lambda writing, held: _write_again(custody, writing, held),
        lambda number, _: _withdrawn(number, restored="yes"),
    )


def _write_again(custody: Custody, writing: Writing, held: PolicyFence) -> None:
    text = SHELF.bring_back(custody.home, held.hash, withdrawn=held.withdrawn)
    fields = {
        "version": read_change(text).version,
        "effective_from": stamp(held.effective_from),
        "restored": "yes",
    }
    writing.append(Event(CHANGED, ACTOR, fields), _details(custody, held.hash))
