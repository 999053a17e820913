"""Authorised attacks in custody: signed, recorded, counted, withdrawn (S15, DPA 2018 s171).

An authorisation counts only if the sealed log of this home knows it, as the very paper that was
signed, and no withdrawal. Every run is written on the log before it starts, and how it ended with a
commitment to its totals. Two runs that differ in one person tell of that person, so their number is
limited: by the authorisation in all, by the trust policy for each day (UTC).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Literal, cast

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused
from commonweal.foundation.files import read_bytes, write_atomic
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.authorisation import AttackDraft, Authorisation, authorised
from commonweal.vault.custody.holding import DETAILS_KEY, Custody
from commonweal.vault.custody.separation import require_separation
from commonweal.vault.custody.settling import settle

RUNS_A_DAY = 5
ACTOR = Actor("custodian", "command-line")
TESTER = Actor("reviewer", "command-line")
_MAX_BYTES = 1024 * 1024
Outcome = Literal["done", "refused", "failed"]


def issue_authorisation(
    custody: Custody, draft: AttackDraft, signers: Sequence[str], out: Path
) -> Authorisation:
    """Sign the authorisation that `draft` becomes now, into the new file `out`, and record it.

    Raises `Refused` CW-ATTACK-EXISTS, CW-ATTACK-EXPIRED or CW-HOME-SEPARATION, `Fault`
    CW-SIGNATURE-UNTRUSTED or CW-FILE-EXISTS.
    """
    require_separation(custody)
    now = custody.clock.now()
    paper = authorised(draft, now)
    if now >= paper.ends:
        raise Refused("CW-ATTACK-EXPIRED", "The authorisation would have ended already.")
    text = paper.signed([custody.signer(name) for name in signers], now)
    Authorisation.load(text, custody.belief)
    fields: dict[str, Any] = {
        "authorisation": paper.id,
        "until": paper.until.isoformat(),
        "runs": paper.runs,
    }
    if paper.release is not None:
        fields["release"] = paper.release
    write_atomic(out, text.encode(), exclusive=True)
    try:
        with custody.ledger.transaction() as writing:
            if _entries(writing.connection, "attack.authorised", paper.id):
                raise Refused(
                    "CW-ATTACK-EXISTS",
                    f"An authorisation with the id {paper.id} was made before.",
                    remedy="Give the draft a new id.",
                )
            details = _details(custody, {"paper": paper.digest()})
            writing.append(Event("attack.authorised", ACTOR, fields), details)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    settle(custody)
    return paper


def load_authorisation(custody: Custody, path: Path) -> Authorisation:
    """The authorisation in a file, believed under the trust policy and known to this home.

    Raises `Fault` CW-SIGNATURE-INVALID, CW-SIGNATURE-UNTRUSTED, CW-ATTACK-PAPER and file faults,
    `Refused` CW-ATTACK-NOT-RECORDED or CW-ATTACK-WITHDRAWN.
    """
    content = read_bytes(path, "The authorisation", limit=_MAX_BYTES)
    paper = Authorisation.load(content, custody.belief)
    with custody.ledger.reading() as connection:
        found = _entries(connection, "attack.authorised", paper.id)
        gone = _entries(connection, "attack.withdrawn", paper.id)
    if not found:
        raise _unrecorded()
    intent, key_id = found[0]
    secret = custody.keyring.secret_of(key_id)
    details = cast("Mapping[str, Any]", custody.ledger.open_details(intent, secret.use()))
    if not hmac.compare_digest(str(details.get("paper")), paper.digest()):
        raise _unrecorded()
    if gone:
        raise _withdrawn()
    return paper


def withdraw_authorisation(custody: Custody, path: Path) -> Authorisation:
    """Record that no attack may be made any more under the authorisation in a file."""
    paper = load_authorisation(custody, path)
    custody.ledger.append(Event("attack.withdrawn", ACTOR, {"authorisation": paper.id}))
    settle(custody)
    return paper


def begin_attack(custody: Custody, paper: Authorisation, permit: str | None = None) -> int:
    """Write that a run begins, before anything of the data is read; returns its number.

    `permit`: whose release is unsealed for it; it must be active in that very moment (S12).
    Raises `Refused` CW-ATTACK-LIMIT where there were too many, CW-ATTACK-WITHDRAWN where that came
    first, CW-PERMIT-NOT-LIVE.
    """
    allowed = custody.trust.attacks_per_day
    limit = RUNS_A_DAY if allowed is None else allowed
    midnight = datetime.combine(custody.clock.now().date(), time(0), UTC)
    with custody.ledger.transaction() as writing:
        if _entries(writing.connection, "attack.withdrawn", paper.id):
            raise _withdrawn()
        (today,) = writing.connection.execute(
            "SELECT count(*) FROM intent WHERE type = 'attack.begun' AND created_at >= ?",
            (stamp(midnight),),
        ).fetchone()
        before = len(_entries(writing.connection, "attack.begun", paper.id))
        if before >= paper.runs:
            raise Refused(
                "CW-ATTACK-LIMIT",
                f"This attack was run {before} times; the authorisation allows {paper.runs}.",
            )
        if today >= limit:
            raise Refused(
                "CW-ATTACK-LIMIT",
                f"Attacks were run {today} times today; the trust policy allows {limit}.",
                remedy="Run it tomorrow (UTC).",
            )
        fields: dict[str, Any] = {
            "authorisation": paper.id,
            "run": before + 1,
            "today": today + 1,
        }
        if paper.release is not None:
            fields["release"] = paper.release
        writing.append(Event("attack.begun", TESTER, fields))
        if permit is not None:
            opened = {"permit": permit, "release": str(paper.release), "use": "attack"}
            writing.append(Event("release.opened", TESTER, opened))
    return int(before) + 1


def end_attack(
    custody: Custody,
    paper: Authorisation,
    run: int,
    outcome: Outcome,
    *,
    figures: Mapping[str, Any] | None = None,
    code: str | None = None,
) -> None:
    """Write how a run ended, with its totals among the sealed details."""
    fields: dict[str, Any] = {"authorisation": paper.id, "run": run, "outcome": outcome}
    if code is not None:
        fields["code"] = code
    details = None if figures is None else _details(custody, {"figures": dict(figures)})
    custody.ledger.append(Event("attack.ended", TESTER, fields), details)
    settle(custody)


def _entries(connection: Any, type_: str, paper: str) -> list[tuple[int, str]]:
    """(intent, key of the details or None) of the events of one type about an authorisation."""
    rows = connection.execute(
        "SELECT intent.id, body, key_id FROM intent LEFT JOIN detail ON intent_id = intent.id "
        "WHERE type = ? ORDER BY intent.id",
        (type_,),
    ).fetchall()
    return [
        (intent, key)
        for intent, body, key in rows
        if parse_json(body, "An entry")["authorisation"] == paper
    ]


def _details(custody: Custody, content: dict[str, Any]) -> Details:
    key = custody.keyring.get(DETAILS_KEY)
    return Details(content, key.id, custody.keyring.secret_of(key.id).use())


def _withdrawn() -> Refused:
    return Refused("CW-ATTACK-WITHDRAWN", "The authorisation was withdrawn.")


def _unrecorded() -> Refused:
    return Refused(
        "CW-ATTACK-NOT-RECORDED",
        "The ledger of this home does not know this authorisation.",
        remedy="Make one with `commonweal risk authorise`.",
    )
