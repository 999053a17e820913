"""Made-up data and files on their way in, in each state, for the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commonweal.papers.ingress import IngressOffer

Names = dict[str, str]


def with_dummies(made: str, refused: str) -> Names:
    """Made-up data that wait to be fetched, for one permit; and a try that came to nothing."""
    from commonweal.web.dummies import services
    from commonweal.web.dummies.models import DummyOrder
    from tests.web.dummies.room import ask

    first = ask(permit=made)
    order = services.take()
    assert order is not None
    assert order.pk == first.pk
    services.keep(order, b"PK", {"tables": {"patients": 1000, "admissions": 2311}, "changed": True})
    late = ask(permit=refused, patients=100_000)
    DummyOrder.objects.filter(pk=late.pk).update(
        state="refused", ended_at=late.asked_at, code="CW-DUMMY-LARGE",
        sentence="The made-up data would be a file of more than 50 MB.",
    )  # fmt: skip
    return {"dummies.made": made, "dummies.refused": refused, "dummies.order": first.pk}


def with_ingress(home: Path, permit: str) -> Names:
    """Files in each state, and one that is in."""
    from commonweal.web.config import clock
    from commonweal.web.ingress.models import Brought, Offering
    from commonweal.web.ingress.services import propose_bring
    from tests.web.ingress.room import Room, again, person, send

    room = Room(home)
    found: Names = {}
    for name in ("scanned", "offered", "refused", "sent"):
        row = send(permit=permit, name=f"{name}-areas.csv", about="Deprivation of small areas")
        if name != "sent":
            scanned(row)
        if name in ("offered", "refused"):
            act = room.sign(propose_bring(person("amara"), again(row), "/"))
            assert act.state == "heard", act.sentence
        if name == "refused":
            room.decided(again(row), "refuse")
        found[f"ingress.{name}"] = row.reference
    unfit = send(permit=permit, name="unfit.parquet")
    Offering.objects.filter(pk=unfit.pk).update(
        state="unfit", code="CW-INGRESS-SCAN", sentence="unfit.parquet is not a parquet file."
    )
    found["ingress.unfit"] = unfit.reference
    Brought.objects.get_or_create(
        name="imd-2019.csv",
        defaults={
            "kind": "reference", "licence": "OGL-UK-3.0", "about": "Deprivation of small areas",
            "sha256": "sha256:" + "1a" * 32, "size": 3_400_000, "came_at": clock.now(),
            "found": "csv: 32,844 rows, 4 columns",
        },
    )  # fmt: skip
    return found


def scanned(row: Any) -> None:
    """As the enclave leaves it, without a sandbox."""
    from commonweal.web.ingress import services

    order = services.take()
    assert order is not None
    assert order.offering_id == row.pk
    said = order.offering
    plain = {
        "offer": 1, "id": said.reference, "permit": said.permit, "name": said.name,
        "kind": said.kind, "licence": said.licence, "about": said.about, "sha256": said.sha256,
        "bytes": said.size, "found": "csv: 2 rows, 2 columns", "names": ["lsoa", "imd"],
        "brought_by": said.brought_by.public_id,
    }  # fmt: skip
    services.keep_scan(order, IngressOffer.read(plain, "It"))
