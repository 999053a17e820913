"""Files that wait in the room itself until two people have signed: those too large for a page.

Whoever runs the home puts one here by command. It is scanned first; its paper lies beside its
bytes, and the service shows it to the people who sign. What counts is the paper that they sign and
the scan when it comes in: nothing is believed for lying here.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

from commonweal.enclave.ingress import MOST_BYTES, scan
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.papers.ingress import IngressOffer, new_ingress_id
from commonweal.sandbox.box import Sandbox

FOLDER = "waiting"


@dataclass(frozen=True)
class Waiting:
    """The folder: for each file its paper (`ID.json`) and its bytes (`ID`)."""

    folder: Path

    @classmethod
    def of(cls, room: Path) -> Waiting:
        """The folder of a room, made where it is not there."""
        make_private_folder(room / FOLDER)
        return cls(room / FOLDER)

    def put(self, sandbox: Sandbox, file: Path, said: dict[str, str]) -> IngressOffer:
        """Scan a file and let it wait. `said`: permit, name, kind, licence, about, brought_by.

        Raises as `scan`; `PaperInvalid` CW-INGRESS-KIND for what the paper cannot say; `Refused`
        CW-INGRESS-CHANGED for a file that changed while it was looked at.
        """
        found = scan(sandbox, file, said["name"], said["kind"])  # type: ignore[arg-type]
        plain = {
            "offer": 1, "id": new_ingress_id(), **said, "sha256": found.sha256,
            "bytes": found.bytes, "found": found.found, "names": list(found.names),
        }  # fmt: skip
        offer = IngressOffer.read(plain, "What is brought in", "CW-INGRESS-KIND")
        content = read_bytes(file, offer.name, limit=MOST_BYTES)
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != offer.sha256:
            raise Refused("CW-INGRESS-CHANGED", f"{offer.name} changed while it was looked at.")
        write_atomic(self.folder / offer.id, content, mode=0o400)
        # Last, so that what has a paper has its bytes.
        write_atomic(self.folder / f"{offer.id}.json", offer.canonical(), mode=0o400)
        return offer

    def ids(self) -> list[str]:
        """What waits, by its id."""
        return sorted(one.name.removesuffix(".json") for one in self.folder.glob("in-*.json"))

    def offer(self, id_: str) -> IngressOffer | None:
        """The paper of something that waits; None where it cannot be read."""
        with contextlib.suppress(CommonwealError):
            plain = parse_json(read_bytes(self.folder / f"{id_}.json", "An offer"), "An offer")
            offer = IngressOffer.read(plain, "An offer")
            return offer if offer.id == id_ else None
        return None

    def content(self, id_: str) -> bytes | None:
        """The bytes of something that waits; None where there are none."""
        if id_ not in self.ids():
            return None
        return read_bytes(self.folder / id_, "A file that waits", limit=MOST_BYTES)

    def remove(self, id_: str) -> None:
        """Remove both; it was decided."""
        for name in (f"{id_}.json", id_):
            (self.folder / name).unlink(missing_ok=True)
