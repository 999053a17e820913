"""Twenty stays of nine people, for tests of the toolkit."""

from __future__ import annotations

import datetime as dt

from commonweal.enclave.study import col
from tests.airlock_house import PERSON

aged = col("stays", "age")
STAYS = [
    {
        PERSON: f"p{n % 9}", "sex": "FM"[n % 2] if n % 7 else None, "age": 20 + 3 * n,
        "cost": n * 1.5, "died": n % 3 == 0, "day": dt.date(2024, 1, 1 + n),
        "at": dt.datetime(2024, 1, 1, n),
    }
    for n in range(20)
]  # fmt: skip
PEOPLE = [{PERSON: f"p{n}", "area": "NS"[n % 2], "born": 1950 + n, "visits": n} for n in range(9)]
