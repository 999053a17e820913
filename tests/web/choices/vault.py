"""A vault of its own for tests of choices by page, and what people type.

It is another home than the service's: what is recorded makes no release of other tests too old.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import SystemClock
from commonweal.vault.custody import Custody, create_home
from commonweal.vault.mydata.order_key import place, publish_order_key
from tests.unit.choices.helpers import nhs_numbers

PERSON, OTHER = nhs_numbers(2)
NAME, REACH, CHOOSER = "Ida Quixotry", "ida.quixotry@example.org", "Rosa Quixotry"
ASKED = {
    "kinds": ["no_ai_training", "no_companies"], "project": "", "who": "self", "relation": "",
    "chooser": "", "name": NAME, "born_on_day": "27", "born_on_month": "3",
    "born_on_year": "1958", "postcode": "LS1 9AB", "nhs_number": PERSON, "reach": REACH,
}  # fmt: skip
EVIDENCE = "asked by phone, note 117"
WRITTEN = {
    "kind": "no_companies", "project": "", "nhs_number": PERSON, "channel": "phone",
    "evidence": EVIDENCE, "chosen_by": "the_person", "once": "abcdefghjkmnpqrs",
}  # fmt: skip


@contextmanager
def a_vault(folder: Path) -> Iterator[Custody]:
    """A home whose key for orders is published."""
    before = os.environ.get("COMMONWEAL_ROOT_STORE")
    os.environ["COMMONWEAL_ROOT_STORE"] = str(folder / "stores")
    try:
        with create_home(
            folder / "home", kind="demo", name="A vault", clock=SystemClock()
        ) as custody:
            publish_order_key(custody)
            yield custody
    finally:
        os.environ.pop("COMMONWEAL_ROOT_STORE")
        if before is not None:
            os.environ["COMMONWEAL_ROOT_STORE"] = before


@contextmanager
def opened_way(home: Path, custody: Custody) -> Iterator[None]:
    """The service's home publishes the key of this vault, and its worker has said so."""
    from commonweal.web.choices.workers import tell

    file = home / "public" / "person-orders.jws"
    file.write_bytes(place(custody).read_bytes())
    try:
        tell(custody)
        yield
    finally:
        file.unlink(missing_ok=True)


def dumped() -> bytes:
    """Every value of every table of the service."""
    from django.db import connection

    held = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                held += [_bytes(one) for one in row]
    return b"\n".join(held)


def _bytes(one: Any) -> bytes:
    return bytes(one) if isinstance(one, bytes | memoryview) else str(one).encode()
