"""What a command told, and the folder that the tests work in."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Told:
    """The exit code and both outputs of one command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)

    def is_refusal(self, code: str, exit_code: int) -> None:
        """One sentence with this code on standard error, and nothing else anywhere."""
        assert (self.code, self.out) == (exit_code, ""), self
        lines = self.err.splitlines()
        assert lines[0].startswith(f"{code}: "), self
        assert lines[0].endswith("."), self
        assert all(line.startswith("  ") for line in lines[1:]), self
        assert len(lines) <= 2, self
        assert "Traceback" not in self.err


@dataclass(frozen=True)
class World:
    """A folder with a home, its root store, a draft and a catalogue; `run` runs a command."""

    folder: Path
    run: Callable[..., Told]
    loads: Callable[[str], Any]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def permit(self) -> Path:
        return self.folder / "permit.jws"

    def issue(self, *more: Any) -> Told:
        return self.run(
            "permit", "issue", self.folder / "draft.yaml", "--key", "permit-signer",
            "--catalogue", self.folder / "catalogue.yaml", "--out", self.permit, *more,
        )  # fmt: skip
