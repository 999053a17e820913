"""The rooms' side of releases: the vault plans and builds, the signer writes what was signed.

The vault believes nothing of an order but that somebody asked for a plan: it finds the permit in
the home, holds it against the register's hash in the order, takes source and choices from the
home's own settings, and does what `commonweal release plan` and `build` do. It builds only what a
data manager signed, as the ledger heard it. Only papers of S14 go back.

A worker may be killed anywhere. What a build does then is the vault's own crash safety
(`closing.recover`); the order's lease runs out, and whoever takes it up next finds by the ledger
whether the release that was set aside for it exists: then it is told, else it is built again.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from typing import Any

from django.db import transaction

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.files import read_bytes
from commonweal.governance.dossier.steps import check_step_acts
from commonweal.ledger.entry import Actor
from commonweal.ledger.events import TERMINAL
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseSummary
from commonweal.vault.custody import Custody, find_permit, load_permit, settled, status_of
from commonweal.vault.custody.release_orders import take_order
from commonweal.vault.custody.release_steps import (
    decided,
    refreshed_after,
    take_release_step,
)
from commonweal.vault.release.build import build_release, finish_cut_off
from commonweal.vault.release.closing import retire_unneeded
from commonweal.vault.release.hints import Advised
from commonweal.vault.release.inputs import Inputs, find_inputs
from commonweal.vault.release.outside import refusal_outside
from commonweal.vault.release.plan import plan_release
from commonweal.vault.release.progress import stage_of
from commonweal.vault.release.refresh_requests import REFRESHER, asked
from commonweal.vault.release.refreshing import refresh_asked
from commonweal.vault.release.store import SUMMARY, Completed, completed, find_completed
from commonweal.web import orders
from commonweal.web.config import clock
from commonweal.web.config.workers import Beside
from commonweal.web.orders import FAILED, OPEN
from commonweal.web.releases import services
from commonweal.web.releases.handlers import SEND_BACK, SIGN_OFF, sent_back_of
from commonweal.web.releases.models import (
    BUILD,
    PLAN,
    Held,
    Order,
    Release,
)
from commonweal.web.releases.models import SEND_BACK as ORDER_BACK
from commonweal.web.releases.models import SIGN_OFF as ORDER_OFF
from commonweal.web.releases.outward import INTERNAL, outward
from commonweal.web.releases.policies import check_assessment
from commonweal.web.releases.telling import release_is
from commonweal.web.signing.models import HEARD

_ENDED = {*TERMINAL, "expired"}
_LOG = logging.getLogger("commonweal.web.workers")

REFRESH_SECONDS = 60.0
"""How often the vault looks whether a job waits for a release with newer choices."""


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What this app does in a room."""
    found: dict[str, Sequence[Callable[[Custody], int]]] = {
        "vault": (
            Telling(),
            work_step,
            Beside(OnceAMinute(asked), refresh_step),
            OnceAMinute(retire_unneeded),
        ),
        "signer": (decision_step,),
    }
    return found.get(room, ())


# --- the vault ----------------------------------------------------------------------------------


def work_step(custody: Custody) -> int:
    """Take up one plan or build; how many were done."""
    order = services.take((PLAN, BUILD))
    if order is None:
        return 0
    with _ended_by(order), orders.beating(order):
        check_assessment(order.permit, clock.today())  # it may have run over while the order waited
        permit, inputs = _held_against(custody, order)
        if order.kind == PLAN:
            by = Actor("data_manager", order.asked_by.public_id)
            _plan(custody, order, permit, inputs, by)
        else:
            _build(custody, order, permit, inputs, _ordered_by(custody, order, permit))
    return 1


class OnceAMinute:
    """A step that is looked at once a minute: what it looks for costs more than a glance.

    Whether a job waits for a release with newer choices (some wait for a new list); and what
    replaced releases are still needed for, since that may have been decided, or their time be over
    (S13).
    """

    def __init__(self, look: Callable[[Custody], Sized]) -> None:
        self._look = look
        self._again_at = 0.0

    def __call__(self, custody: Custody) -> int:
        """How many were found; 0 between two looks."""
        if time.monotonic() < self._again_at:
            return 0
        self._again_at = time.monotonic() + REFRESH_SECONDS
        return len(self._look(custody))


def refresh_step(custody: Custody) -> int:
    """Make the releases again that jobs wait for, where people need not decide; how many."""
    with settled(custody):
        found = refresh_asked(
            custody, require=lambda permit: check_assessment(permit, clock.today())
        )
    for one in found:
        _LOG.info("a release was asked for by a job", extra={"permit": one.permit,
                  "release": one.release or "", "code": one.code or ""})  # fmt: skip
    return sum(one.release is not None for one in found)


def _ordered_by(custody: Custody, order: Order, permit: Permit) -> Actor:
    """Who signed that this release is built, by the ledger. What the order says of it is nothing.

    Raises `Refused` CW-RELEASE-ORDER-CHANGED, and as `take_order`.
    """
    if order.act is None:
        raise Refused("CW-RELEASE-ORDER-CHANGED", "Nobody signed that this release is to be built.")
    return take_order(custody, order.act.signed, permit, order.release, check_step_acts)


def _held_against(custody: Custody, order: Order) -> tuple[Permit, Inputs]:
    """The permit of an order as the home holds it, and what its releases are made from.

    Raises `Refused` CW-RELEASE-ORDER-CHANGED for a permit that is not the one that was asked about.
    """
    permit = load_permit(custody, find_permit(custody, order.permit))
    if digest(permit.public_projection()) != order.permit_hash:
        raise Refused(
            "CW-RELEASE-ORDER-CHANGED", "The order is not about the permit that it names."
        )
    return permit, find_inputs(custody, permit.dataset.dataset)


def _plan(custody: Custody, order: Order, permit: Permit, inputs: Inputs, by: Actor) -> None:
    path = find_permit(custody, permit.id)
    with settled(custody):
        report = plan_release(
            custody, path, inputs.catalogue, inputs.choices, _progress(order), by=by, advised=True
        )
    told = report.outside.plain()
    with transaction.atomic():
        if not orders.end(order, result=told):
            return
        row, _ = Release.objects.get_or_create(
            reference=report.outside.release,
            defaults={"permit": permit.id, "begun_at": clock.now()},
        )
        row.plan = told
        row.made_by = sorted({*row.made_by, by.id})
        row.save()


def _build(custody: Custody, order: Order, permit: Permit, inputs: Inputs, by: Actor) -> None:
    with settled(custody):
        if order.attempts == 1 or not finish_cut_off(custody, order.release):
            build_release(
                custody, find_permit(custody, permit.id), inputs.catalogue, inputs.choices, None,
                _progress(order), by=by, reserved=order.release,
            )  # fmt: skip
    with transaction.atomic():
        entry = find_completed(custody.ledger, order.release)
        if entry is not None and orders.end(order, result={"release": order.release}):
            _tell(custody, entry)


def _progress(order: Order) -> Callable[[str], None]:
    def told(step: str) -> None:
        stage = stage_of(step)
        if stage is not None and not orders.beat(order, stage):
            # Another worker has it: two must not go on. What was staged is removed by the build.
            raise Refused("CW-RELEASE-ORDER", "Another worker has taken this order up.")

    return told


@contextlib.contextmanager
def _ended_by(order: Order) -> Iterator[None]:
    """Whatever the block raises is how the order ends; nothing of it leaves but what may."""
    try:
        yield
    except Advised as error:
        services.refuse(order, *outward(error))
        told = refusal_outside(error).plain()
        Order.objects.filter(pk=order.pk, worker=order.worker).update(result=told)
    except CommonwealError as error:
        if error.code == "CW-BUSY":
            orders.put_back(order)
            raise
        services.refuse(order, *outward(error))
    except Exception:
        services.refuse(order, *INTERNAL, state=FAILED)
        raise


# --- what the ledger says, told to the pages ------------------------------------------------------


class Telling:
    """Tells the pages of every release that the ledger knows, whenever the ledger has grown."""

    def __init__(self) -> None:
        self._seen = -1

    def __call__(self, custody: Custody) -> int:
        """How many releases changed."""
        with custody.ledger.reading() as reading:
            (newest,) = reading.execute("SELECT coalesce(max(id), 0) FROM intent").fetchone()
        if newest == self._seen:
            return 0
        changed = tell_releases(custody) + tell_held(custody, max(self._seen, 0))
        self._seen = newest
        return changed


def tell_held(custody: Custody, after: int) -> int:
    """Bring in line whose studies wait for people, by what was written after an intent; how many
    changed."""
    with custody.ledger.reading() as reading:
        rows = reading.execute(
            "SELECT type, permit, json_extract(CAST(body AS TEXT), '$.code'), "
            "json_extract(CAST(body AS TEXT), '$.actor'), created_at FROM intent WHERE id > ? "
            "AND type IN ('release.refresh_asked', 'release.completed', 'release.refused') "
            "ORDER BY id",
            (after,),
        ).fetchall()
    held: dict[str, Held | None] = {}
    for type_, permit, code, actor, at in rows:
        if type_ != "release.refused":
            held[permit] = None
        elif actor == REFRESHER.id:
            held[permit] = Held(permit=permit, code=str(code), at=parse_stamp(at))
    changed = 0
    for permit, row in held.items():
        before = Held.objects.filter(permit=permit).first()
        if row is None:
            changed += Held.objects.filter(permit=permit).delete()[0]
        elif before is None or (before.code, before.at) != (row.code, row.at):
            told = {"code": row.code, "at": row.at}
            Held.objects.update_or_create(permit=permit, defaults=told)
            changed += 1
    return changed


def tell_releases(custody: Custody) -> int:
    """Bring the rows in line with the ledger; how many changed."""
    with transaction.atomic():
        changed = sum(_tell(custody, one) for one in completed(custody.ledger))
        return changed + _end_dead(custody)


def _tell(custody: Custody, entry: Completed) -> int:
    folder = custody.home.releases / entry.release
    if not (folder / SUMMARY).is_file():
        return 0  # between the ledger's word and its place; the next run finishes it
    found = decided(custody, entry.release)
    row = Release.objects.filter(reference=entry.release).first()
    now = clock.now()
    row = row or Release(reference=entry.release, permit=entry.permit, begun_at=now)
    before, stood = _image(row), row.state
    content = read_bytes(folder / SUMMARY, "The summary")
    paper = ReleaseSummary.load(content, custody.belief)
    row.permit, row.content, row.shown = entry.permit, content, paper.plain()
    row.digest, row.built_at = paper.digest(), paper.built_at
    row.manifest, row.ledger_intent = str(entry.fields["manifest"]), entry.intent_id
    row.made_by = sorted({*row.made_by, *_makers(custody, entry)})
    row.is_gone = _is_gone(custody, entry)
    row.precedent = refreshed_after(custody, entry.release) or ""
    if row.state in ("planned", "building"):
        _through(row, ("build", "finish_building", "measure"))
    if found is not None and row.state == "measured":
        if found.step == "sign_off_release":
            _through(row, ("sign_off", "release"))
        else:
            _through(row, ("send_back",))
    elif row.state == "measured" and row.precedent:
        _through(row, ("stand",))
    if found is not None and found.step == "send_back_release" and row.state == "released":
        # Nobody had decided on this very release, so it can still be sent back; the row follows
        # the ledger, also where the states of what people build have ended.
        row.state = "sent_back"
    if before == _image(row):
        return 0
    row.save()
    if row.state != stood:
        release_is(row)
    return 1


_STEPS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "build": ("data_manager", ("plan_within_permit",)),
    "finish_building": ("system", ("ledger_says_so",)),
    "measure": ("system", ("within_limits",)),
    "sign_off": ("ig_officer", ("somebody_else",)),
    "release": ("system", ("ledger_says_so",)),
    "stand": ("system", ("ledger_says_so",)),
    "send_back": ("ig_officer", ("somebody_else",)),
}
"""The steps that the ledger's word stands for: the vault saw their guards hold before it wrote."""


def _through(row: Release, actions: Sequence[str]) -> None:
    for action in actions:
        if action == "build" and row.state == "building":
            continue
        role, met = _STEPS[action]
        row.step(action, role, met=met)


def _image(row: Release) -> dict[str, Any]:
    shown = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return shown | {"content": bytes(row.content or b"")}


def _makers(custody: Custody, entry: Completed) -> set[str]:
    with custody.ledger.reading() as reading:
        rows = reading.execute(
            "SELECT json_extract(CAST(body AS TEXT), '$.actor') FROM intent "
            "WHERE type = 'release.authorised' AND permit = ? "
            "AND json_extract(CAST(body AS TEXT), '$.release') = ?",
            (entry.permit, entry.release),
        ).fetchall()
    return {str(actor) for (actor,) in rows} - {REFRESHER.id}  # nobody who could sign anything


def _is_gone(custody: Custody, entry: Completed) -> bool:
    with custody.ledger.reading() as reading:
        (count,) = reading.execute(
            "SELECT count(*) FROM intent WHERE type = 'release.data_key_destroyed' "
            "AND permit = ? AND json_extract(CAST(body AS TEXT), '$.release') = ?",
            (entry.permit, entry.release),
        ).fetchone()
    return bool(count)


def _end_dead(custody: Custody) -> int:
    """End what was unfinished under a permit that ended: nothing more comes of it."""
    ended = 0
    unfinished = ("planned", "measured", "sent_back", "signed_off")
    for row in Release.objects.filter(state__in=unfinished):
        busy = Order.objects.filter(permit=row.permit, state__in=OPEN).exists()
        if not busy and _has_ended(custody, row.permit):
            row.step("end", "system", met=("permit_not_live",))
            row.save()
            ended += 1
    return ended


def _has_ended(custody: Custody, permit: str) -> bool:
    try:
        paper = load_permit(custody, find_permit(custody, permit))
        state = status_of(custody, paper).state
    except CommonwealError:
        return False  # nothing is ended on a guess
    return state in _ENDED or paper.until < clock.today()


# --- the signer -----------------------------------------------------------------------------------


def decision_step(custody: Custody) -> int:
    """Take up one sign-off or sending back that a person signed; how many were done."""
    order = services.take((ORDER_OFF, ORDER_BACK))
    if order is None:
        return 0
    with _ended_by(order):
        _decide(custody, order)
    return 1


def _decide(custody: Custody, order: Order) -> None:
    act, row = order.act, Release.objects.filter(reference=order.release).first()
    kind = SIGN_OFF if order.kind == ORDER_OFF else SEND_BACK
    if act is None or act.state != HEARD or act.kind != kind or row is None or row.content is None:
        raise Refused("CW-RELEASE-ORDER-CHANGED", "Nobody signed what this order says.")
    take_release_step(
        custody, "sign_off_release" if kind == SIGN_OFF else "send_back_release", [act.signed],
        bytes(row.content), check_step_acts, sent_back_of(act),
    )  # fmt: skip
    with transaction.atomic():
        orders.end(order, result={"release": order.release})
        entry = find_completed(custody.ledger, order.release)
        if entry is not None:
            _tell(custody, entry)
