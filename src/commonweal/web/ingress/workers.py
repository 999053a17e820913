"""The enclave's side of bringing something in: it scans, verifies what two people signed, lets in.

The database is a courier. What it carries is a file, a paper and two acts, none of them believed:
the file is scanned twice, once to tell people what they sign for and once when it comes in, and the
acts are verified by the ledger. The paper that is held against them is the one that they name.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from django.db import transaction

from commonweal.enclave.ingress import let_in, scan
from commonweal.enclave.reference import Ingress
from commonweal.enclave.room import Room
from commonweal.enclave.waiting import Waiting
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.codes import CODES
from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable
from commonweal.foundation.files import make_private_folder, write_atomic
from commonweal.governance.ingress import judge_ingress
from commonweal.papers.base import PaperInvalid
from commonweal.papers.ingress import IngressOffer
from commonweal.sandbox.box import Sandbox
from commonweal.vault.custody import Custody, settled
from commonweal.vault.custody.ingress_ground import IngressGround
from commonweal.web import orders
from commonweal.web.config.workers import Beside
from commonweal.web.ingress import services
from commonweal.web.ingress.models import (
    DECIDED,
    SCAN,
    Brought,
    IngressOrder,
    Offering,
    OfferingFile,
)

INTERNAL = ("CW-INTERNAL", "Something went wrong in the worker. Nothing came in.")
SANDBOX, USERS = "sandbox", "users"
_OWN_WORDS = frozenset({
    "CW-INGRESS-ACTS", "CW-INGRESS-CHANGED", "CW-INGRESS-KIND", "CW-INGRESS-NAME",
    "CW-INGRESS-PEOPLE", "CW-INGRESS-REFUSED", "CW-INGRESS-SCAN",
})  # fmt: skip
_LATER = frozenset({"CW-BUSY"})


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What this app does in a room."""
    mine = (Telling(), Beside(waits, work_step), waiting_step, lapse_step)
    return mine if room == "enclave" else ()


def waits(_custody: Custody) -> int:
    """Whether an order is open: cheap, and asked again and again."""
    return int(IngressOrder.objects.filter(state__in=orders.OPEN).exists())


def lapse_step(_custody: Custody) -> int:
    """End what nobody signed or decided for too long."""
    return services.lapse()


def waiting_step(custody: Custody) -> int:
    """Tell of files that wait in the room, and remove those that were decided; how many changed."""
    waiting = Waiting.of(Room.open(custody.home.path, custody.clock).folder)
    ids = waiting.ids()
    rows = Offering.objects.filter(reference__in=ids) if ids else Offering.objects.none()
    known = dict(rows.values_list("reference", "state"))
    changed = 0
    for id_ in ids:
        if known.get(id_) in DECIDED:
            waiting.remove(id_)
            changed += 1
        elif id_ not in known:
            offer = waiting.offer(id_)
            changed += offer is not None and services.wait_for_signing(offer)
    return changed


def work_step(custody: Custody) -> int:
    """Scan one file, or let one in; how many orders were done."""
    order = services.take()
    if order is None:
        return 0
    with _ended_by(order), orders.beating(order), _file_of(custody, order) as file:
        if order.kind == SCAN:
            services.keep_scan(order, _scanned(custody, order.offering, file))
        else:
            _let_in(custody, order, file)
            services.came_in(order)
    return 1


def _scanned(custody: Custody, row: Offering, file: Path) -> IngressOffer:
    """The paper of a file: what its sender said, and what the scan found."""
    found = scan(opened_sandbox(custody), file, row.name, row.kind)
    plain = {
        "offer": 1, "id": row.reference, "name": row.name, "kind": row.kind,
        "licence": row.licence, "about": row.about, "sha256": found.sha256, "bytes": found.bytes,
        "found": found.found, "names": list(found.names), "brought_by": row.brought_by.public_id,
        **({"permit": row.permit} if row.permit else {}),
    }  # fmt: skip
    try:
        return IngressOffer.read(plain, "The file")
    except PaperInvalid as error:
        raise Fault(
            "CW-INGRESS-SCAN", "A column or a part of the file has a name that cannot be shown."
        ) from error


def _let_in(custody: Custody, order: IngressOrder, file: Path) -> None:
    """Verify both acts by the ledger, and let the file in. Raises as `enclave.ingress.let_in`."""
    row, brings, approves = order.offering, order.brings, order.approves
    if row.paper is None or brings is None or approves is None:
        raise Refused("CW-INGRESS-ACTS", "Nobody signed that this file comes in.")
    what = "What is brought in"
    offer = IngressOffer.read(parse_json(bytes(row.paper), what), what)
    room = Room.open(custody.home.path, custody.clock)
    with settled(custody):
        let_in(
            room.folder / "reference", IngressGround(custody, judge_ingress),
            opened_sandbox(custody), file, offer, [brings.signed, approves.signed],
        )  # fmt: skip


def opened_sandbox(custody: Custody) -> Sandbox:
    """A sandbox whose guards were tried just now. Raises `Unavailable` CW-SANDBOX-GUARD."""
    folder = custody.home.path / SANDBOX
    make_private_folder(folder)
    return Sandbox.open(
        folder / USERS,
        demo=custody.home.kind == "demo",
        cgroup=os.environ.get("COMMONWEAL_CGROUP"),
    )


@contextlib.contextmanager
def _file_of(custody: Custody, order: IngressOrder) -> Iterator[Path]:
    """A copy of the file, which lies in the database or waits in the room, for one block."""
    room = Room.open(custody.home.path, custody.clock)
    kept = OfferingFile.objects.filter(offering_id=order.offering_id).first()
    if kept is not None:
        content: bytes | None = bytes(kept.content)
    else:
        content = Waiting.of(room.folder).content(order.offering.reference)
    if content is None:
        raise Refused("CW-INGRESS-CHANGED", "The file is not there any more.")
    with tempfile.TemporaryDirectory(prefix=".ingress-", dir=room.folder) as folder:
        file = Path(folder) / "file"
        write_atomic(file, content, mode=0o400)
        yield file


@contextlib.contextmanager
def _ended_by(order: IngressOrder) -> Iterator[None]:
    """Whatever the block raises is how the order ends, but for what is wrong for now only."""
    try:
        yield
    except CommonwealError as error:
        if error.code in _LATER or isinstance(error, Unavailable):
            orders.put_back(order)
            raise
        own = error.code in _OWN_WORDS
        sentence = error.sentence if own else CODES.get(error.code, INTERNAL[1])
        services.came_to_nothing(order, error.code, sentence, state=orders.REFUSED)
    except Exception:
        services.came_to_nothing(order, *INTERNAL, state=orders.FAILED)
        raise


# --- what is in, told to the pages ----------------------------------------------------------------


class Telling:
    """Tells the pages what is in, whenever the enclave's folder has changed."""

    def __init__(self) -> None:
        self._seen = -1

    def __call__(self, custody: Custody) -> int:
        """How many rows changed."""
        room = Room.open(custody.home.path, custody.clock)
        stamp = (room.folder / "reference").stat().st_mtime_ns
        if stamp == self._seen:
            return 0
        changed = tell_references(room)
        self._seen = stamp
        return changed


def tell_references(room: Room) -> int:
    """Bring the rows in line with what lies in the room; how many changed."""
    papers = {one.name: one for one in room.kept_references().papers()}
    with transaction.atomic():
        changed = Brought.objects.exclude(name__in=list(papers)).delete()[0]
        known = {one.name: one for one in Brought.objects.all()}
        for name, paper in papers.items():
            row = known.get(name)
            if row is None or row.sha256 != paper.sha256:
                Brought.objects.update_or_create(name=name, defaults=_row(paper))
                changed += 1
    return changed


def _row(paper: Ingress) -> dict[str, object]:
    return {
        "kind": paper.kind, "licence": paper.licence, "about": paper.about,
        "sha256": paper.sha256, "size": paper.bytes, "found": paper.found,
        "offer": paper.offer or "", "came_at": paper.at,
    }  # fmt: skip
