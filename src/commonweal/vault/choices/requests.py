"""Choices that came by page: requests that wait for staff, and what staff wrote down there (S14).

A request lies sealed in the home, in a file of one size named by its reference, until somebody at
the vault has checked who asked. It is then a choice of the journal, or it was refused and is kept
for some weeks with the reason. The pages cannot read it again, and never learn what came of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable, WrongUsage
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.foundation.london import london_day
from commonweal.foundation.sealing import seal_bytes, unseal_bytes
from commonweal.papers.choice import Choice, new_choice_id
from commonweal.papers.choice_request import (
    LETTERS,
    STAYS,
    ChoiceBox,
    ChoiceRequest,
    HeldRequest,
    check_only_adds,
    open_choice_box,
)
from commonweal.papers.own_order import key_of
from commonweal.vault.choices.journal import record
from commonweal.vault.choices.recorded import Recorded
from commonweal.vault.custody import Custody

KEY = "person-orders"
"""The vault's key that boxes are sealed to (`vault.mydata.order_key`)."""
PURPOSE = "person_orders"
FOLDER = "choice-requests"
WAITS, REFUSED = ".waits", ".refused"
MOST = 20_000
"""So many requests may wait for staff. Further ones stay where they are."""
REFUSED_KEPT = timedelta(days=90)
_SIZE = 16 * 1024
_LIMIT = 64 * 1024
_WHAT = "A request"
_ID = 16
_REFERENCE = re.compile(rf"n(-[{LETTERS}]{{4}}){{3}}", re.ASCII)


@dataclass(frozen=True)
class Waiting:
    """A request in a list: nothing of what it says."""

    reference: str
    held: HeldRequest


def open_box_here(custody: Custody, sealed: bytes) -> ChoiceBox:
    """What a box holds. Each version of the key opens boxes for as long as it is there: nobody's no
    is lost because the key was replaced while it waited.

    Raises `Refused` CW-MYDATA-KEY, `Fault` CW-MYDATA-SEAL, CW-MYDATA-ORDER or CW-CHOICES-BOX, and
    `Unavailable` where the key cannot be used now.
    """
    key_id = key_of(sealed)
    try:
        known = any(one.id == key_id for one in custody.keyring.versions(KEY))
        info = custody.keyring.of_id(key_id) if known else None
        if info is None or info.purpose != PURPOSE:
            raise _no_key()
        private = custody.keyring.secret_of(key_id).subkey("x25519").use()
    except Unavailable:
        raise
    except CommonwealError:
        raise _no_key() from None
    return open_choice_box(sealed, private)


# --- requests -----------------------------------------------------------------------------------


def take_in(custody: Custody, request: ChoiceRequest) -> bool:
    """Hold a request for staff; False where too many wait. The same one again is held once.

    When this returns true it is on the disk.
    """
    folder = _folder(custody)
    if (folder / f"{request.reference}{WAITS}").exists():
        return True
    if sum(1 for _ in folder.glob(f"*{WAITS}")) >= MOST:
        return False
    now = custody.clock.now()
    plain = {
        "held": 1, "took_in_at": stamp(now), "took_in_on": london_day(now).isoformat(),
        "ids": [new_choice_id() for _ in request.kinds], "request": request.plain(),
    }  # fmt: skip
    _write(custody, HeldRequest.read(plain, _WHAT), WAITS)
    return True


def how_many_wait(custody: Custody) -> int:
    """How many requests wait for staff; nothing is opened."""
    folder = custody.home.path / FOLDER
    return sum(1 for _ in folder.glob(f"*{WAITS}")) if folder.is_dir() else 0


def waiting(custody: Custody, *, refused: bool = False) -> list[Waiting]:
    """Requests that wait, the oldest first; or those that were refused in the last weeks."""
    found = [
        Waiting(held.request.reference, held)
        for held in _each(custody, REFUSED if refused else WAITS)
    ]
    return sorted(found, key=lambda one: (one.held.took_in_at, one.reference))


def request_of(custody: Custody, reference: str) -> HeldRequest:
    """The request with this reference, also a refused one. Raises `WrongUsage` CW-CHOICES-REQUEST.

    `Fault` CW-SEAL-BROKEN for a file that was changed.
    """
    for ending in (WAITS, REFUSED):
        if (found := _read(custody, reference, ending)) is not None:
            return found
    raise _none()


def accept(
    custody: Custody, reference: str, whose: Mapping[str, Any], checked: str, by: str,
    *, project: str | None = None, trusted: Mapping[str, Any] | None = None,
) -> list[Recorded]:  # fmt: skip
    """Record what a request asks, for the person whom staff found: one choice for each kind.

    `whose`: as `Choice` has it. `checked`: how staff know who asked, and by which papers; with `by`
    it is the evidence. `project`: its id, where the request is about one. `trusted`: what the rules
    ask beside the relation. Cut off between two, the same call ends it: ids and day stay the same.
    Raises `WrongUsage` CW-CHOICES-REQUEST or CW-USAGE, `Fault` CW-CHOICES-INVALID, and as `record`.
    """
    held = _read(custody, reference, WAITS)
    if held is None:
        raise _none()
    request = held.request
    about_one = "project_objection" in request.kinds
    if about_one is not (project is not None):
        raise WrongUsage(
            "CW-USAGE",
            "Name the project of this request by its id with --project." if about_one
            else "This request is about no single project.",
        )  # fmt: skip
    said = [
        _choice(custody, held, number, whose, f"{checked} (checked by {by})", project, trusted)
        for number in range(len(request.kinds))
    ]
    made = [record(custody, one) for one in said]
    _place(custody, reference, WAITS).unlink(missing_ok=True)
    return made


def refuse(custody: Custody, reference: str, because: str, by: str) -> HeldRequest:
    """Say why a request comes to nothing; it is kept for some weeks with the reason.

    Raises `WrongUsage` CW-CHOICES-REQUEST, `Fault` CW-CHOICES-INVALID.
    """
    held = _read(custody, reference, WAITS)
    if held is None:
        raise _none()
    refused = {"at": stamp(custody.clock.now()), "by": by, "because": because}
    ended = HeldRequest.read({**held.plain(), "refused": refused}, _WHAT, "CW-CHOICES-INVALID")
    _write(custody, ended, REFUSED)
    _place(custody, reference, WAITS).unlink(missing_ok=True)
    return ended


def clear_refused(custody: Custody) -> int:
    """Remove refused requests whose weeks are over; how many."""
    old = custody.clock.now() - REFUSED_KEPT
    gone = [
        one.request.reference
        for one in _each(custody, REFUSED)
        if one.refused is not None and one.refused.at < old
    ]
    for reference in gone:
        _place(custody, reference, REFUSED).unlink(missing_ok=True)
    return len(gone)


# --- what staff wrote down ----------------------------------------------------------------------


def record_written(custody: Custody, box: ChoiceBox) -> Recorded:
    """Record what staff wrote down by page, or a system of the hospital.

    The box is judged once more, by the vault's clock. Raises `Fault` CW-CHOICES-BOX, and as
    `record`.
    """
    said, now = box.written, custody.clock.now()
    if said is None:
        raise Fault("CW-CHOICES-BOX", "This box holds no choice to record.")
    try:
        check_only_adds(said)
    except ValueError:
        raise Fault("CW-CHOICES-BOX", "A box adds a no, and does nothing else.") from None
    today = london_day(now)
    if not today - STAYS <= said.made_on <= today:
        raise Fault("CW-CHOICES-BOX", "This was not written down in the last weeks.")
    return record(custody, Choice.read({**said.plain(), "recorded_at": stamp(now)}, "The choice"))


# --- inside -------------------------------------------------------------------------------------


def _choice(
    custody: Custody, held: HeldRequest, number: int, whose: Mapping[str, Any], evidence: str,
    project: str | None, trusted: Mapping[str, Any] | None,
) -> Choice:  # fmt: skip
    request, day = held.request, held.took_in_on.isoformat()
    kind = request.kinds[number]
    plain: dict[str, Any] = {
        "choice": 1, "id": held.ids[number], "whose": dict(whose), "kind": kind,
        "effective_from": day, "made_on": day, "set_by": "self", "channel": "page",
        "evidence": evidence, "recorded_at": stamp(custody.clock.now()),
    }  # fmt: skip
    if kind == "project_objection":
        plain["project"] = project
    if request.relation is not None:
        said = {name: value for name, value in (trusted or {}).items() if value is not None}
        if request.relation == "parent":
            said.setdefault("born_on", request.born_on.isoformat())
        plain |= {"set_by": "trusted_person", "trusted": {"relation": request.relation, **said}}
    elif any((trusted or {}).values()):
        raise WrongUsage("CW-USAGE", "Nobody asked this for somebody else.")
    return Choice.read(plain, "The choice", "CW-CHOICES-INVALID")


def _folder(custody: Custody) -> Path:
    folder = custody.home.path / FOLDER
    make_private_folder(folder)
    return folder


def _place(custody: Custody, reference: str, ending: str) -> Path:
    return custody.home.path / FOLDER / f"{reference}{ending}"


def _each(custody: Custody, ending: str) -> Iterator[HeldRequest]:
    folder = custody.home.path / FOLDER
    for path in sorted(folder.glob(f"*{ending}")) if folder.is_dir() else ():
        found = _read(custody, path.name.removesuffix(ending), ending)
        if found is not None:  # dealt with while we looked
            yield found


def _write(custody: Custody, held: HeldRequest, ending: str) -> None:
    secret, info = custody.keyring.secret(KEY), custody.keyring.get(KEY)
    reference = held.request.reference
    plain = canonical(held.plain()).ljust(_SIZE)
    sealed = seal_bytes(plain, secret.subkey("choice-requests").use(), _context(reference, ending))
    write_atomic(_folder(custody) / f"{reference}{ending}", bytes.fromhex(info.id) + sealed)


def _read(custody: Custody, reference: str, ending: str) -> HeldRequest | None:
    if _REFERENCE.fullmatch(reference) is None:
        return None  # no name of a file of ours
    path = _place(custody, reference, ending)
    if not path.is_file():
        return None
    content = read_bytes(path, _WHAT, limit=_LIMIT)
    try:
        info = custody.keyring.of_id(content[:_ID].hex())
        if info.name != KEY:
            raise _broken()
        secret = custody.keyring.secret_of(info.id).subkey("choice-requests")
    except Unavailable:
        raise
    except CommonwealError:
        raise _broken() from None
    opened = unseal_bytes(content[_ID:], secret.use(), _context(reference, ending), _WHAT)
    return HeldRequest.read(parse_json(opened.rstrip(b" "), _WHAT, max_bytes=_LIMIT), _WHAT)


def _context(reference: str, ending: str) -> str:
    return f"choice-requests/{reference}{ending}"


def _none() -> WrongUsage:
    return WrongUsage("CW-CHOICES-REQUEST", "No request that waits has this reference.")


def _broken() -> Fault:
    return Fault("CW-SEAL-BROKEN", f"{_WHAT} was changed, cut short, or sealed with another key.")


def _no_key() -> Refused:
    return Refused("CW-MYDATA-KEY", "This was sealed to a key that the vault has not got.")
