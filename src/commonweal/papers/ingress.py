"""What two people sign when something is brought in beside the data (P11): one closed paper.

Who brings a file signs this, and so does who approves it: the very bytes by their hash, the
licence, what it is for, and what the scan in the sandbox found. Neither can later mean another.
"""

from __future__ import annotations

import secrets
import string
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.papers.base import ColumnName, Count, Identifier, Line, Paper, Sha256, Text
from commonweal.papers.study import FileName

IngressKind = Literal["reference", "weights", "package"]
LicenceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]{0,63}$")]
IngressId = Annotated[str, StringConstraints(pattern=r"^in-[a-z]{20}$")]
MOST_NAMES = 200
"""How many names of what is inside are told; `found` says how many there are."""

ENDINGS: dict[str, IngressKind] = {
    ".csv": "reference",
    ".parquet": "reference",
    ".safetensors": "weights",
    ".whl": "package",
}
"""How the name of each kind of file ends."""
LICENCES = frozenset({
    "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "PSF-2.0", "Zlib",
    "Unlicense", "CC0-1.0", "CC-BY-3.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "ODbL-1.0",
    "ODC-By-1.0", "PDDL-1.0", "OGL-UK-3.0", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
    "GPL-3.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only",
    "LGPL-3.0-or-later", "AGPL-3.0-only", "AGPL-3.0-or-later", "EPL-2.0", "EUPL-1.2",
})  # fmt: skip
"""SPDX identifiers that are known here; a custodian's own is written `LicenseRef-NAME`."""


def new_ingress_id() -> str:
    """The id of a file on its way. Letters only: digits could look like somebody's number."""
    return "in-" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))


class IngressOffer(Paper):
    """A file that somebody brings, as it was scanned.

    `id`: what its acts are about. `permit`: of the project for which it is brought; a data manager
    may bring something for all. `sha256`, `bytes`: of the file. `found`: what the scan counted;
    `names`: the first names of columns, tensors or files in it.
    """

    offer: Literal[1]
    id: IngressId
    permit: Identifier | None = None
    name: FileName
    kind: IngressKind
    licence: LicenceName
    about: Line
    sha256: Sha256
    bytes: Count
    found: Line
    names: Annotated[tuple[ColumnName, ...], Field(max_length=MOST_NAMES)] = ()
    brought_by: Identifier

    @model_validator(mode="after")
    def _named_as_it_is(self) -> IngressOffer:
        ending = self.name[self.name.rfind(".") :].lower() if "." in self.name else ""
        if ENDINGS.get(ending) != self.kind:
            raise ValueError("the name does not end as files of this kind do")
        if self.licence not in LICENCES and not self.licence.startswith("LicenseRef-"):
            raise ValueError("the licence is not one that is known here")
        return self


class IngressReasons(Paper):
    """What a data manager wrote with their decision: about the file, never about a person."""

    ingress_reasons: Literal[1]
    id: IngressId
    reasons: Text
