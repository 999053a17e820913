"""The way in (P11): what a study needs beside the data is looked at, approved and kept by hash.

Reference tables, pre-trained weights and packages come in one by one: hashed, with a licence that
is known, read by their own parser in the sandbox, and approved by a second person. What is in stays
as it is; another version comes in under another name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commonweal.enclave.desk import Desk
from commonweal.enclave.reference import Brought, Ingress, Kind, References
from commonweal.enclave.scanning import FORMS
from commonweal.foundation.clock import Clock, stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, sha256_file, write_atomic
from commonweal.ledger.entry import Actor, Event
from commonweal.sandbox.box import Sandbox

_NOT_READ = frozenset({"CW-PARSE-FAILED", "CW-PARSE-LIMIT", "CW-PARSE-ANSWER"})
PARSER = "commonweal.enclave.scanning"
MOST_BYTES = 256 * 1024 * 1024

_FORM_OF: dict[str, tuple[Kind, str]] = {
    ".csv": ("reference", "csv"),
    ".parquet": ("reference", "parquet"),
    ".safetensors": ("weights", "safetensors"),
    ".whl": ("package", "wheel"),
}
LICENCES = frozenset({
    "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "PSF-2.0", "Zlib",
    "Unlicense", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "ODbL-1.0",
    "ODC-By-1.0", "PDDL-1.0", "OGL-UK-3.0", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
    "GPL-3.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only",
    "LGPL-3.0-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later", "EPL-2.0", "EUPL-1.2",
})  # fmt: skip
"""SPDX identifiers that are known here; a custodian's own is written `LicenseRef-NAME`."""


@dataclass(frozen=True)
class Bringing:
    """What somebody says of a file that they bring. about: for those who approve and use it."""

    name: str
    kind: Kind
    licence: str
    about: str
    brought_by: str
    approved_by: str


def bring(
    folder: Path, desk: Desk, sandbox: Sandbox, clock: Clock, file: Path, what: Bringing
) -> Brought:
    """Let a file in. Nothing of it is kept unless all of it is in order.

    Raises `Refused` CW-INGRESS-LICENCE, CW-INGRESS-PEOPLE or CW-INGRESS-NAME; `Fault`
    CW-INGRESS-KIND, CW-INGRESS-SCAN, CW-FILE-TOO-LARGE; `Unavailable` with a code of the sandbox.
    """
    form = _checked(what, file)
    known = References(folder)
    if (folder / f"{what.name}.json").exists():
        raise Refused(
            "CW-INGRESS-NAME",
            f"{what.name} was brought in before; another version needs another name.",
        )
    try:
        found = sandbox.parse(PARSER, file, _shape, "ingress", {"form": form})
    except Fault as error:
        if error.code not in _NOT_READ:
            raise
        raise Fault(
            "CW-INGRESS-SCAN",
            f"{what.name} is not a {form} file that can come in: it is damaged or another kind of "
            "file, too large inside, or holds what looks like NHS numbers.",
        ) from error
    content = read_bytes(file, what.name, limit=MOST_BYTES)
    paper = Ingress.read(
        {
            "ingress": 1,
            "name": what.name,
            "kind": what.kind,
            "licence": what.licence,
            "about": what.about,
            "sha256": found.sha256,
            "bytes": found.size,
            "found": found.answer,
            "brought_by": what.brought_by,
            "approved_by": what.approved_by,
            "at": stamp(clock.now()),
        },
        "What is brought in",
        "CW-INGRESS-KIND",
    )
    _keep(folder, paper, content)
    event = Event(
        "reference.brought",
        Actor("data_manager", what.brought_by),
        {"reference": what.name, "kind": what.kind, "approved_by": what.approved_by},
    )
    desk.record(event, {"paper": paper.digest()})
    write_atomic(folder / f"{what.name}.json", paper.canonical(), mode=0o400, exclusive=True)
    return known.find([what.name])[0]


def _checked(what: Bringing, file: Path) -> str:
    kind, form = _FORM_OF.get(file.suffix.lower(), (None, ""))
    if kind != what.kind or Path(what.name).suffix.lower() != file.suffix.lower():
        raise Fault(
            "CW-INGRESS-KIND",
            "A reference is a .csv or .parquet file, weights are .safetensors, a package is a "
            ".whl; its name here ends like the file's.",
        )
    if what.licence not in LICENCES and not what.licence.startswith("LicenseRef-"):
        raise Refused(
            "CW-INGRESS-LICENCE",
            "The licence is not an SPDX identifier that is known here.",
            remedy="Write the custodian's own as LicenseRef-NAME.",
        )
    if what.brought_by == what.approved_by:
        raise Refused("CW-INGRESS-PEOPLE", "A second person approves what is brought in.")
    return form


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


def _shape(said: Any) -> str:
    """What the scan found, in words of ours."""
    numbers = {name: said[name] for name in ("rows", "columns", "tensors", "files") if name in said}
    if said["form"] not in FORMS or set(said) != {"form", *numbers} or not numbers:
        raise ValueError("another form")
    if not all(type(one) is int and 0 <= one < 1 << 48 for one in numbers.values()):
        raise ValueError("not numbers")
    told = ", ".join(f"{count:,} {name}" for name, count in numbers.items())
    return f"{said['form']}: {told}"
