"""What a test of `risk attack` starts from: a file of people, who the attacker knows, the truth.

Some hundred made-up people, of whom the first 300 are in the file that is attacked; the names hold
a marker that must never be found anywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from commonweal.foundation.files import sha256_file
from commonweal.papers.authorisation import AttackDraft
from commonweal.vault.custody import Custody, issue_authorisation
from commonweal.vault.release.attacking import Attack, attack
from commonweal.vault.risk.intruder.report import AttackFigures
from commonweal.vault.tables.opening import EngineName
from tests.release_house import csv_text

MARKER = "Quixotry"
INSIDE = 300
PEOPLE = 430
Row = dict[str, Any]


def draft_data(**changes: Any) -> dict[str, Any]:
    """A draft that can be signed; `release` or `file` is to be added."""
    return {
        "authorisation": 1,
        "id": "attack-1",
        "authorised_by": {
            "name": "Jo Ferris",
            "role": "Senior Information Risk Owner",
            "controller": "Wharfedale Hospital",
        },
        "attacker": {"account": "amira", "name": "Amira Khan", "role": "Tester"},
        "purpose": "To see whether the extract holds against somebody who knows people in it.",
        "from": "2026-03-01",
        "until": "2026-03-31",
        **changes,
    }


def draft(**changes: Any) -> AttackDraft:
    return AttackDraft.read(draft_data(**changes), "The draft", "CW-ATTACK-PAPER")


def lot(place: int) -> int:
    """A number that has nothing to do with a person's place."""
    return int.from_bytes(hashlib.sha256(f"lot {place}".encode()).digest()[:4], "big")


def everybody() -> list[Row]:
    """People with birth date, sex, town and an illness."""
    return [
        {
            "person": f"{MARKER} {place}",
            "born": (date(1930, 1, 1) + timedelta(days=place * 7919 % 29_000)).isoformat(),
            "sex": "FM"[place % 2],
            "town": f"Town {place * 31 % 17}",
            "illness": ("asthma", "gout", "flu")[lot(place) % 3],
        }
        for place in range(PEOPLE)
    ]


@dataclass
class Desk:
    """Files of one attacker in `folder`, and the home in which attacks are authorised."""

    folder: Path
    custody: Custody
    people: list[Row] = field(default_factory=everybody)
    papers: int = 0

    @property
    def name(self) -> str:
        """The id of the newest authorisation; desks of one home have their own."""
        return f"{self.folder.name}-{self.papers}"[-64:]

    def write(self, name: str, rows: Sequence[Row]) -> Path:
        path = self.folder / name
        path.write_text(csv_text(rows))
        return path

    def shown(self, rows: Sequence[Row] | None = None, **forms: str) -> Path:
        """The file to be attacked: `code` and what is shown of the people inside."""
        rows = self.people[:INSIDE] if rows is None else rows
        kept = ("born", "sex", "town", "illness")
        return self.write(
            "shown.csv",
            [
                {"code": f"R{place}", **{name: row[name] for name in kept}, **forms}
                for place, row in enumerate(rows)
            ],
        )

    def known(self, rows: Sequence[Row] | None = None) -> Path:
        return self.write("known.csv", self.people if rows is None else rows)

    def truth(self, count: int = INSIDE) -> Path:
        rows = [
            {"person": row["person"], "record": f"R{place}"}
            for place, row in enumerate(self.people[:count])
        ]
        return self.write("truth.csv", rows)

    def authorised(self, **changes: Any) -> Path:
        """A signed authorisation; for the file `shown.csv` unless a release is named."""
        self.papers += 1
        out = self.folder / f"authorisation-{self.papers}.jws"
        if not {"release", "file"} & changes.keys():
            changes["file"] = sha256_file(self.folder / "shown.csv")
        changes.setdefault("id", self.name)
        issue_authorisation(self.custody, draft(**changes), ["permit-signer"], out)
        return out

    def asked(self, **changes: Any) -> Attack:
        """An attack on `shown.csv` with everything written; `changes` to it."""
        plain: dict[str, Any] = {
            "target": self.folder / "shown.csv",
            "against": self.folder / "known.csv",
            "truth": self.folder / "truth.csv",
            "record": "code",
        }
        return Attack(**{**plain, **changes})

    def attack(self, engine: EngineName = "duckdb", **changes: Any) -> AttackFigures:
        """Run it, under a new authorisation unless one is given."""
        if "authorisation" not in changes:
            changes["authorisation"] = self.authorised()
        return attack(self.custody, self.asked(**changes), engine_name=engine)


def linkage(figures: AttackFigures, method: str = "exact") -> Mapping[str, Any]:
    found: Mapping[str, Any] = figures.plain()["linkage"][method]
    return found
