"""A home in which amara and bethan have a permit, and files that they bring in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.web.own_permits import OWN
from tests.web.signing_room import sign_now, signer

TABLE = b"lsoa,imd\nE01,3\nE02,4\n"


@dataclass
class Room:
    """The copied home."""

    home: Path

    def work(self) -> int:
        """Every step of the enclave for this app, until nothing waits; how much was done."""
        from commonweal.web.ingress.workers import steps

        done = 0
        with signer(self.home) as custody:
            mine = steps("enclave")
            while found := sum(step(custody) for step in mine):
                done += found
        return done

    def sign(self, act: Any) -> Any:
        """A made-up person signs, and the ledger hears of it."""
        return sign_now(self.home, act)

    def events(self, type_: str = "reference.brought") -> list[dict[str, Any]]:
        """The bodies of all intents of one type."""
        with signer(self.home) as custody, custody.ledger.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM intent WHERE type = ? ORDER BY id", (type_,)
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    @property
    def folder(self) -> Path:
        return self.home / "enclave" / "reference"

    def is_in(self, name: str = "imd.csv") -> bool:
        """Whether a job would find it, every byte looked at."""
        from commonweal.enclave.reference import References
        from commonweal.foundation.errors import CommonwealError

        try:
            return bool(References(self.folder).find([name]))
        except CommonwealError:
            return False

    def nothing_in(self) -> bool:
        """Nothing came in: no event, no paper, and no file is left over."""
        left = [one.name for one in self.folder.rglob("*") if one.is_file()]
        return not self.events() and not left

    # --- the steps of a file --------------------------------------------------------------

    def sent(self, who: str = "amara", content: bytes = TABLE, **more: Any) -> Any:
        return send(who, content, **more)

    def scanned(self, who: str = "amara", content: bytes = TABLE, **more: Any) -> Any:
        row = self.sent(who, content, **more)
        self.work()
        return again(row)

    def offered(self, who: str = "amara", content: bytes = TABLE, **more: Any) -> Any:
        from commonweal.web.ingress.services import propose_bring

        row = self.scanned(who, content, **more)
        act = self.sign(propose_bring(person(who), row, "/"))
        assert act.state == "heard", (act.code, act.sentence)
        return again(row)

    def decided(self, row: Any, verdict: str = "approve", who: str = "farah") -> Any:
        from commonweal.web.ingress.services import propose_decision

        reasons = "" if verdict == "approve" else "Nobody may pass it on."
        act = self.sign(propose_decision(person(who), row, verdict, reasons, "/"))
        assert act.state == "heard", (act.code, act.sentence)
        return again(row)


def person(who: str) -> Any:
    from commonweal.web.accounts.models import User

    return User.objects.get(public_id=who)


def send(who: str = "amara", content: bytes = TABLE, **more: Any) -> Any:
    """A file as the page sends it."""
    from commonweal.web.ingress.services import Upload
    from commonweal.web.ingress.services import send as sends

    said = {"permit": OWN, "name": "imd.csv", "licence": "OGL-UK-3.0", "about": "Deprivation"}
    return sends(person(who), Upload(**{**said, **more}, content=content))


def again(row: Any) -> Any:
    """A row as it is now."""
    from commonweal.web.ingress.models import Offering

    return Offering.objects.select_related("brought_by").get(pk=row.pk)
