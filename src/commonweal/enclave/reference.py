"""What came in beside the data: reference tables, weights and packages (P11), by name.

Each lies under the hash of its bytes with a paper that says what it is, under which licence, and
which two people let it in. It is read-only, and its bytes are looked at again before each job.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.files import read_bytes, sha256_file
from commonweal.papers.base import Count, Identifier, Line, Moment, Paper, Sha256
from commonweal.papers.ingress import IngressId, IngressKind, LicenceName
from commonweal.papers.study import FileName

Kind = IngressKind


class Ingress(Paper):
    """The paper of something that was brought in. `licence`: its SPDX identifier.

    `offer`, `permit`: of what two people signed, and for which project it was brought; absent where
    names were typed, in a demonstration.
    """

    ingress: Literal[1]
    name: FileName
    kind: Kind
    licence: LicenceName
    about: Line
    sha256: Sha256
    bytes: Count
    found: Line
    brought_by: Identifier
    approved_by: Identifier
    at: Moment
    offer: IngressId | None = None
    permit: Identifier | None = None

    @model_validator(mode="after")
    def _two_people(self) -> Ingress:
        if self.brought_by == self.approved_by:
            raise ValueError("a second person approves what is brought in")
        return self


@dataclass(frozen=True)
class Brought:
    """Something that was brought in, and where it lies."""

    name: str
    sha256: str
    path: Path
    paper: Ingress


@dataclass(frozen=True)
class References:
    """Everything that was brought in, in one folder."""

    folder: Path

    def find(self, names: Sequence[str]) -> tuple[Brought, ...]:
        """Those with these names, in this order, every byte looked at again.

        Raises `Refused` CW-STUDY-REFERENCE where one is not there or was changed.
        """
        return tuple(self._one(name) for name in names)

    def all(self) -> tuple[Brought, ...]:
        """Everything, by name."""
        return self.find(sorted(one.name.removesuffix(".json") for one in self._papers()))

    def papers(self) -> tuple[Ingress, ...]:
        """The papers of everything, by name; their bytes are not looked at.

        For telling what there is. One that cannot be read is left out: no job gets it either.
        """
        found = []
        for one in self._papers():
            with contextlib.suppress(CommonwealError):
                found.append(self._paper(one.name.removesuffix(".json")))
        return tuple(found)

    def _papers(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))

    def _paper(self, name: str) -> Ingress:
        plain = parse_json(read_bytes(self.folder / f"{name}.json", "A reference"), name)
        return Ingress.read(plain, "A reference")

    def _one(self, name: str) -> Brought:
        try:
            paper = self._paper(name)
            path = self.folder / "bytes" / paper.sha256.removeprefix("sha256:")
            whole = paper.name == name and sha256_file(path) == paper.sha256
        except CommonwealError as error:
            raise _refused() from error
        if not whole:
            raise _refused()
        return Brought(name, paper.sha256, path, paper)


def _refused() -> Refused:
    return Refused(
        "CW-STUDY-REFERENCE",
        "A reference that the study names was not brought in here, or was changed.",
        remedy="`commonweal study references` lists what there is.",
    )
