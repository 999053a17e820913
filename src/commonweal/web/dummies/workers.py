"""The vault's side of made-up data: permit and catalogue in, a zip file out. No record is read.

The room is the vault's because permits and catalogues are kept there. What makes the data up is
`enclave.dummy`, which knows neither sources nor releases: it is handed two papers and a seed, and
nothing else of the home. It works in a thread of its own, so that nobody waits for a release that
takes hours to build.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from commonweal.enclave.dummy import make, zipped
from commonweal.foundation.codes import CODES
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import Permit
from commonweal.vault.custody import Custody, find_catalogue, find_permit, load_permit
from commonweal.web import orders
from commonweal.web.config.workers import Beside
from commonweal.web.dummies import services
from commonweal.web.dummies.models import DummyOrder
from commonweal.web.orders import FAILED, OPEN, REFUSED

INTERNAL = ("CW-INTERNAL", "Something went wrong in the worker. Nothing was made.")
_OWN_WORDS = frozenset({"CW-DUMMY-COHORT", "CW-DUMMY-LARGE", "CW-DUMMY-SIZE"})
"""Codes whose sentences are made from permit and catalogue alone, so that they may be told."""


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What this app does in a room."""
    return (Beside(waits, make_step), clear_step) if room == "vault" else ()


def waits(_custody: Custody) -> int:
    """Whether an order is open: cheap, and asked again and again."""
    return int(DummyOrder.objects.filter(state__in=OPEN).exists())


def clear_step(_custody: Custody) -> int:
    """Remove what was fetched or has lain for a day."""
    return services.clear_away()


def make_step(custody: Custody) -> int:
    """Make the data of one order; how many orders were done."""
    order = services.take()
    if order is None:
        return 0
    with _ended_by(order), orders.beating(order):
        permit, catalogue = _papers(custody, order.permit)
        made = make(permit, catalogue, order.patients, seed=order.seed)
        told = {
            "tables": {name: table.num_rows for name, table in made.released.items()},
            "changed": _has_changed(permit, catalogue),
        }
        services.keep(order, zipped(made), told)
    return 1


def _papers(custody: Custody, permit_id: str) -> tuple[Permit, Catalogue]:
    """The home's own permit, believed, and the newest catalogue of its dataset."""
    permit = load_permit(custody, find_permit(custody, permit_id))
    return permit, find_catalogue(custody, permit.dataset.dataset)[1]


def _has_changed(permit: Permit, catalogue: Catalogue) -> bool:
    """True if the catalogue is not the one that the permit was issued against."""
    return catalogue.governed_digest((permit.dataset.dataset,)) != permit.catalogue_digest


@contextlib.contextmanager
def _ended_by(order: DummyOrder) -> Iterator[None]:
    """Whatever the block raises is how the order ends."""
    try:
        yield
    except CommonwealError as error:
        if error.code == "CW-BUSY":
            orders.put_back(order)
            raise
        own = error.code in _OWN_WORDS
        sentence = error.sentence if own else CODES.get(error.code, INTERNAL[1])
        orders.end(order, REFUSED, code=error.code, sentence=sentence)
    except Exception:
        code, sentence = INTERNAL
        orders.end(order, FAILED, code=code, sentence=sentence)
        raise
