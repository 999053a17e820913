"""What an author writes when they ask: the words of the manifest, and which files they mean."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from commonweal.papers.base import Line, Paper, Text
from commonweal.papers.job import quarter_after
from commonweal.papers.output_manifest import MOST_FILES, FilePath, OutputManifest

_NUMBERED = re.compile(r"(-[0-9]*)+$", re.ASCII)
_BEGINNING = 40
"""Characters of a name that are never cut off where a number needs room."""


class Wish(Paper):
    """`files`: names of files that the job left; each once."""

    title: Line
    context: Text
    controls: Text
    files: Annotated[tuple[FilePath, ...], Field(min_length=1, max_length=MOST_FILES)]

    @model_validator(mode="after")
    def _hangs_together(self) -> Wish:
        if len(set(self.files)) != len(self.files):
            raise ValueError("names a file twice")
        return self


def wish_of(plain: Any) -> Wish:
    """What an order holds. Raises `PaperInvalid` CW-LEAVING-WISH."""
    return Wish.read(plain, "What was asked", "CW-LEAVING-WISH")


class AuthorsFile(Paper):
    """A file as its author may read of it before it has left: names hang on what was asked alone.

    Whether figures could be made shows in a file's hash, size, kind and grade, so these are not
    here (S6). Nor is how many files are written anew of one (sheets of a workbook), or with which
    ending: the job chose that, and it chose with the data before it. `path`: the name that was
    asked for, up to its first dot or forty characters, and without a number at its end. `kind`:
    always `file`.
    """

    path: FilePath
    kind: Literal["file"] = "file"


def authors_name(path: str) -> str:
    """What the names of all files that are made from one that was asked for have in common."""
    return _NUMBERED.sub("", path.split(".", maxsplit=1)[0][:_BEGINNING]) or "file"


def authors_view(manifest: OutputManifest, *, has_left: bool) -> dict[str, Any]:
    """Of an `OutputManifest` what its author may read; of files that have left, all.

    When it was frozen is not in it: that is when the checks came to their end (S4).
    """
    plain: dict[str, Any] = manifest.plain()
    names = ("id", "turn", "title", "author", "project", "permit", "job", "study", "context",
             "controls")  # fmt: skip
    asked = sorted({authors_name(one.path) for one in manifest.files})
    files = plain["files"] if has_left else [AuthorsFile(path=one).plain() for one in asked]
    return {name: plain.get(name, "") for name in names} | {"files": files}


def runs_out(manifest: OutputManifest) -> datetime:
    """When an output runs out, as its author may know it: at a full quarter of an hour (S4)."""
    return quarter_after(manifest.expires)
