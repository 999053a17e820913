"""A home with a live permit and a tiny real hospital behind it, for tests of the releases app."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import SystemClock, stamp
from commonweal.foundation.errors import Refused
from commonweal.vault.custody import Custody, change_state, find_permit, open_custody
from commonweal.vault.release.inputs import remember_inputs
from tests.release_house import hospital as hospital_tables
from tests.release_house import write_tables
from tests.unit.choices.helpers import HEADER
from tests.web.house import catalogue

_PLACE = tempfile.TemporaryDirectory(prefix="commonweal-records-")
LIVE, PAUSED, REVOKED, ANNOUNCED = "permit-0", "permit-1", "permit-2", "permit-3"
PROJECT = "project-0"


@dataclass
class Room:
    """The copied home, its records and choices."""

    home: Path
    people: int = 60

    @property
    def beside(self) -> Path:
        return self.home.parent

    @property
    def choices(self) -> Path:
        return self.beside / "choices"

    def furnish(self) -> None:
        """Write the records, the catalogue that names them, and choices; the home learns where."""
        self.tables = hospital_tables(self.people)
        write_tables(self.beside / "records", self.tables)
        described = catalogue()
        # By name the records lie at one place, whichever copy of a home reads them: where a source
        # lies is a part of what people decide on.
        named = Path(_PLACE.name) / "records"
        named.unlink(missing_ok=True)
        named.symlink_to(self.beside / "records")
        described["datasets"][0]["source"]["location"] = str(named)
        (self.beside / "catalogue.json").write_text(json.dumps(described))
        self.choose()
        stores = self.home.with_name("stores")
        with open_custody(self.home, SystemClock(), root_store=stores) as custody:
            remember_inputs(custody, "hospital", self.beside / "catalogue.json", self.choices)

    def choose(
        self,
        out: Iterable[str] = (),
        objections: Iterable[str] = (),
        checked_at: datetime | None = None,
    ) -> None:
        """Everybody is allowed but those in `out`."""
        numbers = sorted(row["nhs_number"] for row in self.tables["patients"])
        allowed = [one for one in numbers if one not in set(out)]
        self.choices.mkdir(exist_ok=True)
        listed = "".join(f"{one},\n" for one in allowed)
        (self.choices / "national_allowed.dat").write_text(listed)
        at = checked_at or datetime.now(UTC) - timedelta(hours=1)
        said = {"checked_at": stamp(at), "requested": len(numbers), "returned": len(allowed)}
        (self.choices / "national_allowed.json").write_text(json.dumps(said))
        lines = "".join(f"{line}\n" for line in objections)
        (self.choices / "objections.csv").write_text(HEADER + lines)

    def stop(self, step: str, permit: str = LIVE) -> None:
        """Pause, suspend or revoke a permit."""
        from tests.web.signing_room import signer

        with signer(self.home) as custody:
            reason = None if step == "resume" else "guardian_decision"
            change_state(custody, find_permit(custody, permit), step, reason)  # type: ignore[arg-type]

    def work(self, room: str = "vault") -> int:
        """Every step of a room, as its worker takes them, once."""
        from commonweal.web.releases.workers import steps
        from tests.web.signing_room import signer

        with signer(self.home) as custody:
            return sum(step(custody) for step in steps(room))

    def with_custody(self, what: Callable[[Custody], Any]) -> Any:
        """What `what` finds in the opened home."""
        from tests.web.signing_room import signer

        with signer(self.home) as custody:
            return what(custody)

    def events(self, type_: str) -> list[dict[str, Any]]:
        """The bodies of all intents of one type."""

        def read(custody: Custody) -> list[dict[str, Any]]:
            with custody.ledger.reading() as connection:
                rows = connection.execute(
                    "SELECT body FROM intent WHERE type = ? ORDER BY id", (type_,)
                ).fetchall()
            return [json.loads(body) for (body,) in rows]

        return list(self.with_custody(read))


def copied(web_home: Path, to: Path) -> Path:
    """A copy of the tests' home and of its root store, beside each other."""
    shutil.copytree(web_home.with_name("stores"), to / "stores")
    shutil.copytree(web_home, to / "home", ignore=shutil.ignore_patterns("*.sock"))
    return to / "home"


def today() -> Any:
    """The present date in UTC."""
    return datetime.now(UTC).date()


def person(who: str) -> Any:
    """One of the made-up people."""
    from commonweal.web.accounts.models import User

    return User.objects.get(public_id=who)


def ask(kind: str, who: str = "farah", permit: str = LIVE) -> Any:
    """Ask for work, as the page does; what has to be signed is signed and heard of."""
    from django.conf import settings

    from commonweal.web.releases import services
    from tests.web.signing_room import sign_now

    if kind == "plan":
        return services.ask_plan(person(who), permit)
    act = sign_now(settings.ENVIRONMENT.home, services.propose_build(person(who), permit, "/"))
    if act.state != "heard":
        raise Refused(act.code, act.sentence)
    return act.order


def order(pk: Any) -> Any:
    """An order as it is now."""
    from commonweal.web.releases.models import Order

    return Order.objects.get(pk=getattr(pk, "pk", pk))


def release(reference: str = f"{LIVE}.r1") -> Any:
    """A release's row as it is now."""
    from commonweal.web.releases.models import Release

    return Release.objects.get(reference=reference)


def as_planned(reference: str = f"{LIVE}.r1") -> Any:
    """A release's row as after a plan that passed, without making one."""
    from commonweal.web.config import clock
    from commonweal.web.releases.models import Release

    told = {
        "plan": 1, "release": reference, "permit_id": LIVE, "permit_hash": "sha256:" + "0" * 64,
        "planned_at": stamp(clock.now()), "choices": {"applied": []}, "people": {}, "tables": {},
        "risk": {"smallest_group": "10 to 19", "prosecutor_mean": "under 1 in 100",
                 "marketer": "under 1 in 100"},
    }  # fmt: skip
    return Release.objects.create(
        reference=reference, permit=LIVE, plan=told, made_by=["farah"], begun_at=clock.now()
    )


def planned(room: Room) -> Any:
    """A plan that passed."""
    made = ask("plan")
    room.work()
    return order(made)
