"""Permits in custody: issued, stopped, resumed and asked about, always in order with the ledger.

Issuing and each change of state are one transaction of the ledger. Inside it the permit's state
is read, the step is held against the table of steps, and the event is written; the permit's file
gets its name, and the fence learns of a stop, before the transaction ends. So there is never an
event without its file, and a stop that was cut off leaves the permit refused, not in use (S12,
S20). Only where a newer permit replaces an older one does the fence hold an intent, which becomes
final after the transaction (`settling.settle_replaced`).
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import stamp
from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import CommonwealError, Fault, Refused, WrongUsage
from commonweal.foundation.files import (
    STAGING_PREFIX,
    fsync_folder,
    make_private_folder,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.foundation.london import london_day
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.events import TERMINAL, TYPES
from commonweal.ledger.state import PermitStanding
from commonweal.ledger.store import Writing
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.issue import issue
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.permit_rules import check_beside
from commonweal.papers.permit_state import TERMINAL as ENDED
from commonweal.papers.permit_state import Event as Step
from commonweal.papers.permit_state import State, check_transition
from commonweal.papers.permit_status import PermitStatus, make_status
from commonweal.papers.replacing import check_same_project
from commonweal.papers.vocabulary import Authority
from commonweal.papers.yearly_review import first_due
from commonweal.vault.custody.holding import DETAILS_KEY, STATUS_SIGNER, Custody
from commonweal.vault.custody.lineage import kept_permits
from commonweal.vault.custody.register import publish_register
from commonweal.vault.custody.replacing import (
    carry_stop,
    check_replaceable,
    replace_now_or_later,
)
from commonweal.vault.custody.separation import require_separation
from commonweal.vault.custody.settling import settle

MAX_PERMIT_BYTES = 8 * 1024 * 1024
ACTOR = Actor("custodian", "command-line")

CHANGES: Mapping[Step, str] = {
    "pause": "permit.paused",
    "suspend": "permit.suspended",
    "resume": "permit.resumed",
    "revoke": "permit.revoked",
    "close": "permit.closed",
}
"""The steps that a person may take with an issued permit, and the event each writes."""

REASONS: tuple[str, ...] = TYPES["permit.paused"].fields["reason"].words
"""The closed list of reasons for a stop; there is no free text on a ledger."""


@dataclass(frozen=True)
class Within:
    """What else is done in the transaction that issues a permit, and what its details say of it."""

    do: Callable[[Writing], None]
    details: Mapping[str, str]


@dataclass(frozen=True)
class StateChange:
    """A step that was taken. `entry`: the intent's number on the ledger."""

    permit: str
    before: State
    after: State
    entry: int


def load_permit(custody: Custody, path: Path) -> Permit:
    """The permit in a file, believed under the home's trust policy.

    Raises `Fault` CW-SIGNATURE-INVALID, CW-SIGNATURE-UNTRUSTED, CW-PERMIT-INVALID, file faults.
    """
    content = read_bytes(path, "The permit", limit=MAX_PERMIT_BYTES)
    try:
        return Permit.load(content, custody.belief)
    except CommonwealError:
        _refuse_draft(path)
        raise


def _refuse_draft(path: Path) -> None:
    """Say so if the file holds a draft: it has a permit's fields and nobody has signed it."""
    plain: Any = None
    with contextlib.suppress(CommonwealError):
        plain = load_document(path, "The permit")
    if isinstance(plain, dict) and {"permit", "project"} <= plain.keys():
        raise Fault(
            "CW-SIGNATURE-INVALID",
            f"{path.name} is an unsigned draft and not a permit.",
            remedy="Sign it with `commonweal permit issue`, and name the file that comes out.",
        )


# --- issuing ------------------------------------------------------------------------------


def issue_permit(
    custody: Custody,
    draft: PermitDraft,
    catalogue: Catalogue,
    signers: Sequence[str],
    out: Path,
    *,
    authority: Authority = "direct",
    within: Within | None = None,
) -> Permit:
    """Sign the permit that `draft` becomes now, write it on the ledger and to the new file `out`.

    `signers`: names of keys of this home. A copy stays in the home. The permit that the draft
    supersedes goes on until the new one counts, and ends in the same transaction where that is at
    once (`replacing`). `within`: what else happens in it, before the permit's
    own event; no permit of a committee is made without. Raises what `papers.issue` raises;
    `PermitRefused` CW-PERMIT-DATE-FORMS where a live permit's linked dates would undo this one's;
    `Refused` CW-PERMIT-EXISTS, CW-PERMIT-UNKNOWN, CW-PERMIT-TRANSITION, CW-PERMIT-REPLACED,
    CW-PERMIT-REPLACES-OTHER or CW-HOME-SEPARATION; `Fault` CW-FILE-EXISTS.
    """
    if (authority == "committee") is (within is None):
        raise ValueError("a committee's permit is issued from a dossier, and no other is")
    require_separation(custody)
    if out.exists() or out.is_symlink():
        raise Fault("CW-FILE-EXISTS", f"{out.name} is already there.")
    _refuse_known(custody.ledger.permit_standing(draft.id), draft.id)
    older = _older(custody, draft)
    text = issue(
        draft,
        catalogue,
        custody.trust,
        [custody.signer(name) for name in signers],
        authority=authority,
        clock=custody.clock,
        older=older,
    )
    permit = Permit.load(text, custody.belief)
    with _placed(out, text.encode()) as place, custody.ledger.transaction() as writing:
        _refuse_known(writing.permit_standing(permit.id), permit.id)
        # The policy may have changed since it was signed; what counts is the ledger's order.
        Permit.load(text, custody.book.history().view(writing.now()))
        replaced = None if older is None else check_replaceable(writing, older.id)
        _refuse_beside(custody, writing, permit, catalogue)
        if within is not None:
            within.do(writing)
        bound = _bound(custody, permit, {} if within is None else within.details)
        issued = _issued(permit) | _reviewed_by(writing, permit)
        writing.append(Event("permit.issued", ACTOR, issued), bound)
        # The copy of a permit that no ledger knows is worth nothing: it is simply written over.
        make_private_folder(custody.permits)
        write_atomic(_kept(custody, permit.id), text.encode())
        place()
        if replaced is not None:
            # Last before the commit, when nothing but the commit can fail any more. Cut off here,
            # the ledger decides (`settle_replaced`): no newer permit stands in the old one's place.
            replace_now_or_later(custody, writing, permit, replaced)
    settle(custody)
    publish_register(custody)
    return permit


def find_permit(custody: Custody, permit_id: str) -> Path:
    """The home's own copy of an issued permit. Raises `Refused` CW-PERMIT-UNKNOWN."""
    path = _kept(custody, permit_id)
    if not path.is_file():
        raise _unknown(permit_id)
    return path


def _kept(custody: Custody, permit_id: str) -> Path:
    return custody.permits / f"{permit_id}.jws"


def _issued(permit: Permit) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "permit": permit.id,
        "permit_hash": digest(permit.public_projection()),
        "authority": permit.authority,
        "active_from": stamp(permit.begins),
        "until": permit.until.isoformat(),
        "version": permit.version,
    }
    if permit.supersedes is not None:
        fields["supersedes"] = permit.supersedes
    return fields


def _reviewed_by(writing: Writing, permit: Permit) -> dict[str, str]:
    """The day of the first yearly review of a committee's permit. It is not put off by a newer one.

    Nobody applied for a permit that is given directly, so nobody could send its review.
    """
    replaced = writing.permit_standing(permit.supersedes) if permit.supersedes else None
    inherited = None if replaced is None else replaced.review_by
    if permit.authority != "committee" and inherited is None:
        return {}
    due = first_due(london_day(permit.issued_at), permit.review_dates, inherited)
    return {"review_by": due.isoformat()}


def _bound(custody: Custody, permit: Permit, also: Mapping[str, str]) -> Details:
    # The public log holds the hash of the public part; the whole permit names people, so its hash
    # stands in the sealed details (S10).
    key = custody.keyring.get(DETAILS_KEY)
    secret = custody.keyring.secret_of(key.id)
    return Details({**also, "permit_digest": permit.digest()}, key.id, secret.use())


def _refuse_beside(
    custody: Custody, writing: Writing, permit: Permit, catalogue: Catalogue
) -> None:
    """Refuse a permit whose linked rows would undo the date shift of another live one (S16)."""
    if not permit.link_across_refreshes:
        return
    for other in kept_permits(custody):
        linked = other.project.id == permit.project.id and other.link_across_refreshes
        standing = writing.permit_standing(other.id) if linked else None
        if other.id == permit.supersedes:
            continue  # the two never count at once
        if other.id != permit.id and standing is not None and standing.state not in ENDED:
            check_beside(permit, other, catalogue)


def _older(custody: Custody, draft: PermitDraft) -> Permit | None:
    """The permit that the draft replaces, of the same project. Raises as `issue_permit`."""
    if draft.supersedes is None:
        return None
    older = load_permit(custody, find_permit(custody, draft.supersedes))
    _require_issued(custody, older)
    check_same_project(draft, older)
    return older


def _fence(custody: Custody, permit_id: str, state: State) -> None:
    """Let the fence remember a state before the ledger's transaction ends.

    If that is the last thing that ever happens, the permit is refused until the step is repeated.
    """
    custody.keyring.fence.record_permit_state(permit_id, state, custody.clock.now())


def _refuse_known(standing: PermitStanding | None, permit_id: str) -> None:
    if standing is not None:
        raise Refused(
            "CW-PERMIT-EXISTS",
            f"A permit with the id {permit_id} was issued before.",
            remedy="Give the draft a new id and name the old one in `supersedes`.",
        )


@contextlib.contextmanager
def _placed(out: Path, content: bytes) -> Iterator[Any]:
    """The file is on the disk beside `out`; calling what is yielded gives it its name.

    If the block fails after that, the name is taken away again.
    """
    beside = out.with_name(f"{STAGING_PREFIX}{out.name}-{secrets.token_hex(6)}")
    named = False

    def place() -> None:
        nonlocal named
        try:
            with translated(out.name):
                try:
                    os.link(beside, out)
                except FileExistsError as error:
                    raise Fault("CW-FILE-EXISTS", f"{out.name} is already there.") from error
                named = True
                fsync_folder(out.parent)
        finally:
            beside.unlink(missing_ok=True)

    try:
        write_atomic(beside, content)
        yield place
    except BaseException:
        if named:
            out.unlink(missing_ok=True)
        raise
    finally:
        beside.unlink(missing_ok=True)


# --- state --------------------------------------------------------------------------------


def change_state(
    custody: Custody,
    permit_path: Path,
    event: Step,
    reason: str | None = None,
    within: Callable[[Writing], None] | None = None,
) -> StateChange:
    """Take one of the steps of `CHANGES` with the permit in a file.

    `within`: what else happens in the same transaction, such as checking and using people's acts.

    Raises `WrongUsage` CW-PERMIT-REASON (not in `REASONS`, or none can be given), `Refused`
    CW-PERMIT-TRANSITION, CW-PERMIT-UNKNOWN or CW-PERMIT-NOT-ISSUED.
    """
    fields = _reasoned(event, reason)
    permit = load_permit(custody, permit_path)
    _require_issued(custody, permit)
    with custody.ledger.transaction() as writing:
        standing = writing.permit_standing(permit.id)
        if standing is None:
            raise _unknown(permit.id)
        # A review that is owed is nobody's step: one can still stop the work for another reason,
        # and nobody lets it go on in any other way than by accepting the review.
        before: State = standing.apart_from_review
        if event == "resume" and standing.waits_for_review:
            raise Refused(
                "CW-PERMIT-REVIEW-OVERDUE",
                "The yearly review is overdue: work goes on when the review is accepted.",
            )
        after = check_transition(before, event)
        if within is not None:
            within(writing)
        entry = writing.append(Event(CHANGES[event], ACTOR, {"permit": permit.id, **fields}))
        carry_stop(custody, writing, permit.id, event, fields)
        _fence(custody, permit.id, after)
    settle(custody)
    publish_register(custody)
    return StateChange(permit.id, before, after, entry)


def _reasoned(event: Step, reason: str | None) -> dict[str, str]:
    if event not in CHANGES:
        raise WrongUsage("CW-PERMIT-REASON", "This step is not one that a person takes.")
    if reason is None:
        return {}
    if "reason" not in TYPES[CHANGES[event]].fields:
        raise WrongUsage("CW-PERMIT-REASON", f"The step {event} takes no reason.")
    if reason not in REASONS:
        raise WrongUsage("CW-PERMIT-REASON", f"The reason must be one of {', '.join(REASONS)}.")
    return {"reason": reason}


def status_of(custody: Custody, permit: Permit) -> PermitStatus:
    """The permit's state now, fresh from the ledger.

    Raises `Refused` CW-PERMIT-UNKNOWN or CW-PERMIT-NOT-ISSUED (another paper than the one that
    was issued), `Fault` CW-LEDGER-REWOUND (the ledger has forgotten a stop), `Unavailable`
    CW-CLOCK-BEHIND.
    """
    return PermitStatus.load(status_text(custody, permit), custody.belief)


def status_text(custody: Custody, permit: Permit) -> str:
    """The signed status as text, as it is written to a file; see `status_of`."""
    standing = _require_issued(custody, permit)
    fence = custody.keyring.fence.read()
    if permit.id in fence.replacing:
        # A replacement was cut off: the ledger says how it ended, if its signer agrees with it.
        settle(custody)
        standing, fence = _require_issued(custody, permit), custody.keyring.fence.read()
    fenced = fence.permits.get(permit.id)
    if fenced is not None and not _agrees(standing.apart_from_review, fenced.state):
        raise Fault(
            "CW-LEDGER-REWOUND",
            f"The ledger does not know that the permit was {fenced.state}.",
            remedy="If a command was cut off, give it again; else the ledger is an old copy.",
        )
    signer = custody.signer(STATUS_SIGNER)
    return make_status(
        permit,
        standing.state,
        [signer],
        custody.trust,
        custody.clock,
        review_by=standing.review_by,
        waits_for_review=standing.waits_for_review,
    )


def _agrees(state: State, fenced: str) -> bool:
    # What has ended or expired says no whatever the fence says.
    return fenced in ("active", state) or state in TERMINAL or state == "expired"


def _require_issued(custody: Custody, permit: Permit) -> PermitStanding:
    """The permit's standing, if this very paper is the one that was issued."""
    standing = custody.ledger.permit_standing(permit.id)
    if standing is None:
        raise _unknown(permit.id)
    found = _issued_entry(custody, permit.id)
    if found is None:
        raise _other(permit.id)
    said = str(json.loads(found[1]).get("permit_hash"))
    whole = issued_details(custody, permit.id).get("permit_digest", "")
    same = hmac.compare_digest(said, digest(permit.public_projection()))
    if not (same and hmac.compare_digest(str(whole), permit.digest())):
        raise _other(permit.id)
    return standing


def _issued_entry(custody: Custody, permit_id: str) -> tuple[int, str, str] | None:
    with custody.ledger.reading() as connection:
        found = connection.execute(
            "SELECT intent.id, body, key_id FROM intent JOIN detail ON intent_id = intent.id "
            "WHERE permit = ? AND type = 'permit.issued' ORDER BY intent.id LIMIT 1",
            (permit_id,),
        ).fetchone()
    return None if found is None else (found[0], found[1], found[2])


def issued_details(custody: Custody, permit_id: str) -> Mapping[str, str]:
    """The sealed details of the entry that a permit was issued; none where there is no entry."""
    found = _issued_entry(custody, permit_id)
    if found is None:
        return {}
    details = custody.ledger.open_details(found[0], custody.keyring.secret_of(found[2]).use())
    return {name: str(value) for name, value in cast("Mapping[str, Any]", details).items()}


def _unknown(permit_id: str) -> Refused:
    return Refused(
        "CW-PERMIT-UNKNOWN", f"The ledger of this home does not know permit {permit_id}."
    )


def _other(permit_id: str) -> Refused:
    return Refused(
        "CW-PERMIT-NOT-ISSUED", f"This is not the paper that was issued as permit {permit_id}."
    )
