"""The way in (P11): what a study needs beside the data is looked at, approved and kept by hash.

Reference tables, pre-trained weights and packages come in one by one: hashed, with a licence that
is known, read by their own parser in the sandbox, and approved by a second person. Both people sign
(S11); only in a demonstration two names that are typed are enough. What is in stays as it is;
another version comes in under another name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from commonweal.enclave.desk import Desk
from commonweal.enclave.reference import Brought, Ingress, Kind, References
from commonweal.enclave.scanning import FORMS, LONGEST_NAME, MOST_NAMES
from commonweal.foundation.clock import Clock, stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, sha256_file, write_atomic
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.acts import SignedAct
from commonweal.papers.ingress import ENDINGS, LICENCES, IngressOffer
from commonweal.sandbox.box import Sandbox

_NOT_READ = frozenset({"CW-PARSE-FAILED", "CW-PARSE-LIMIT", "CW-PARSE-ANSWER"})
PARSER = "commonweal.enclave.scanning"
MOST_BYTES = 256 * 1024 * 1024

_FORM_OF = {".csv": "csv", ".parquet": "parquet", ".safetensors": "safetensors", ".whl": "wheel"}


@dataclass(frozen=True)
class Bringing:
    """What somebody says of a file that they bring. about: for those who approve and use it."""

    name: str
    kind: Kind
    licence: str
    about: str
    brought_by: str
    approved_by: str


@dataclass(frozen=True)
class Scanned:
    """What the scan told of a file. `names`: the first of its columns, tensors or files."""

    sha256: str
    bytes: int
    found: str
    names: tuple[str, ...]


class Approval(Protocol):
    """What two people's acts say, verified."""

    @property
    def approved_by(self) -> str:
        """Who approved it."""
        ...

    @property
    def at(self) -> datetime:
        """When the ledger heard of the approval."""
        ...


class Ground(Protocol):
    """The custodian's side, where acts are verified by the ledger itself (S11)."""

    def approval(self, offer: IngressOffer, acts: Sequence[SignedAct]) -> Approval:
        """The approval of a file by these acts, or a refusal; nothing is written."""
        ...

    def record(self, offer: IngressOffer, acts: Sequence[SignedAct], paper: str) -> None:
        """Write that it came in, once. Raises as `approval`, and `Refused` CW-INGRESS-NAME."""
        ...


def scan(sandbox: Sandbox, file: Path, name: str, kind: Kind) -> Scanned:
    """Read a file by its own parser in the sandbox.

    Raises `Fault` CW-INGRESS-KIND, CW-INGRESS-SCAN, CW-FILE-TOO-LARGE; `Unavailable` with a code of
    the sandbox.
    """
    form = _form(name, kind)
    try:
        found = sandbox.parse(PARSER, file, _shape, "ingress", {"form": form, "names": True})
    except Fault as error:
        if error.code not in _NOT_READ:
            raise
        raise Fault(
            "CW-INGRESS-SCAN",
            f"{name} is not a {form} file that can come in: it is damaged or another kind of "
            "file, too large inside, or holds what looks like NHS numbers.",
        ) from error
    told, names = found.answer
    return Scanned(found.sha256, found.size, told, names)


def bring(
    folder: Path, desk: Desk, sandbox: Sandbox, clock: Clock, file: Path, what: Bringing
) -> Brought:
    """Let a file in by two names that were typed: in a demonstration, and nowhere else.

    Nothing of it is kept unless all of it is in order. Raises `Refused` CW-INGRESS-ACTS,
    CW-INGRESS-LICENCE, CW-INGRESS-PEOPLE or CW-INGRESS-NAME; and as `scan`.
    """
    if not desk.is_demonstration:
        raise Refused(
            "CW-INGRESS-ACTS",
            "Names that are typed let nothing in here: two people sign, and the ledger hears it.",
            remedy="Bring it on the page of the service, where both people sign; or with "
            "`commonweal study offer`, if it is too large for a page.",
        )
    _check_said(what, file)
    _check_free(folder, what.name)
    found = scan(sandbox, file, what.name, what.kind)
    content = read_bytes(file, what.name, limit=MOST_BYTES)
    paper = _paper(what, found, stamp(clock.now()))
    _keep(folder, paper, content)
    event = Event(
        "reference.brought",
        Actor("data_manager", what.brought_by),
        {"reference": what.name, "kind": what.kind, "approved_by": what.approved_by},
    )
    desk.record(event, {"paper": paper.digest()})
    return _placed(folder, paper)


def let_in(
    folder: Path,
    ground: Ground,
    sandbox: Sandbox,
    file: Path,
    offer: IngressOffer,
    acts: Sequence[SignedAct],
) -> Brought:
    """Let a file in that two people signed for. Called again, it finishes what was cut off.

    The file is scanned again here, where it counts: whoever carried it may have changed it. Acts
    are verified by the ledger, twice: before anything is kept, and in the transaction that writes
    it. Raises `Refused` CW-INGRESS-CHANGED, CW-INGRESS-NAME; as `scan`; and as `Ground` does.
    """
    approval = ground.approval(offer, acts)
    found = scan(sandbox, file, offer.name, offer.kind)
    if (found.sha256, found.bytes, found.found, found.names) != (
        offer.sha256, offer.bytes, offer.found, offer.names,
    ):  # fmt: skip
        raise Refused("CW-INGRESS-CHANGED", "This is not the file that two people signed for.")
    what = Bringing(offer.name, offer.kind, offer.licence, offer.about, offer.brought_by,
                    approval.approved_by)  # fmt: skip
    paper = _paper(what, found, stamp(approval.at), offer)
    there = folder / f"{offer.name}.json"
    if there.exists() and read_bytes(there, "A reference") != paper.canonical():
        _check_free(folder, offer.name)
    _keep(folder, paper, read_bytes(file, offer.name, limit=MOST_BYTES))
    ground.record(offer, acts, paper.digest())
    return _placed(folder, paper)


# --- inside -------------------------------------------------------------------------------------


def _check_free(folder: Path, name: str) -> None:
    if (folder / f"{name}.json").exists():
        raise Refused(
            "CW-INGRESS-NAME",
            f"{name} was brought in before; another version needs another name.",
        )


def _form(name: str, kind: Kind) -> str:
    ending = Path(name).suffix.lower()
    if ENDINGS.get(ending) != kind:
        raise Fault(
            "CW-INGRESS-KIND",
            "A reference is a .csv or .parquet file, weights are .safetensors, a package is a "
            ".whl; its name here ends like the file's.",
        )
    return _FORM_OF[ending]


def _check_said(what: Bringing, file: Path) -> None:
    _form(file.name, what.kind)
    if Path(what.name).suffix.lower() != file.suffix.lower():
        _form("", what.kind)
    check_licence(what.licence)
    if what.brought_by == what.approved_by:
        raise Refused("CW-INGRESS-PEOPLE", "A second person approves what is brought in.")


def check_licence(licence: str) -> None:
    """Refuse a licence that nobody knows. Raises `Refused` CW-INGRESS-LICENCE."""
    if licence not in LICENCES and not licence.startswith("LicenseRef-"):
        raise Refused(
            "CW-INGRESS-LICENCE",
            "The licence is not an SPDX identifier that is known here.",
            remedy="Write the custodian's own as LicenseRef-NAME.",
        )


def _paper(what: Bringing, found: Scanned, at: str, offer: IngressOffer | None = None) -> Ingress:
    signed = {} if offer is None else {"offer": offer.id, "permit": offer.permit}
    plain = {
        "ingress": 1,
        "name": what.name,
        "kind": what.kind,
        "licence": what.licence,
        "about": what.about,
        "sha256": found.sha256,
        "bytes": found.bytes,
        "found": found.found,
        "brought_by": what.brought_by,
        "approved_by": what.approved_by,
        "at": at,
        **signed,
    }
    return Ingress.read(plain, "What is brought in", "CW-INGRESS-KIND")


def _placed(folder: Path, paper: Ingress) -> Brought:
    """Write the paper by which jobs find it: the ledger has said so."""
    there = folder / f"{paper.name}.json"
    if not there.exists():
        write_atomic(there, paper.canonical(), mode=0o400, exclusive=True)
    return References(folder).find([paper.name])[0]


def _keep(folder: Path, paper: Ingress, content: bytes) -> None:
    """The bytes that were scanned, under their hash. Raises `Fault` CW-INGRESS-SCAN."""
    place = folder / "bytes" / paper.sha256.removeprefix("sha256:")
    make_private_folder(place.parent)
    if not place.exists():
        # A job is another user of the machine; the folder above is ours alone.
        write_atomic(place, content, mode=0o444)
    if sha256_file(place) != paper.sha256:
        place.unlink()
        raise Fault("CW-INGRESS-SCAN", f"{paper.name} changed while it was looked at.")


def _shape(said: Any) -> tuple[str, tuple[str, ...]]:
    """What the scan found, in words of ours, and names as text of a bounded length."""
    numbers = {name: said[name] for name in ("rows", "columns", "tensors", "files") if name in said}
    if said["form"] not in FORMS or set(said) != {"form", "names", *numbers} or not numbers:
        raise ValueError("another form")
    if not all(type(one) is int and 0 <= one < 1 << 48 for one in numbers.values()):
        raise ValueError("not numbers")
    names = said["names"]
    if not isinstance(names, list) or len(names) > MOST_NAMES:
        raise ValueError("not names")
    if not all(isinstance(one, str) and 0 < len(one) <= LONGEST_NAME for one in names):
        raise ValueError("not names")
    told = ", ".join(f"{count:,} {name}" for name, count in numbers.items())
    return f"{said['form']}: {told}", tuple(names)
