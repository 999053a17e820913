"""The group that advises on how decisions are made: a plain record in the home, for everybody.

The information governance office writes it as one file, `public/oversight-group.yaml`. Nothing of
it decides anything.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from django.conf import settings
from pydantic import Field

from commonweal.foundation.documents import parse_yaml
from commonweal.foundation.files import read_bytes
from commonweal.papers.base import Day, Line, Paper, Text

FILE = Path("public") / "oversight-group.yaml"
CODE = "CW-OVERSIGHT-GROUP"
_MOST_BYTES = 256 * 1024


class GroupMember(Paper):
    """Somebody on the group. `name`: absent for who wants to be shown by role only."""

    name: Line | None = None
    role: Line
    interests: Text | None = None


class Advice(Paper):
    """What the group said about the process, and what the hospital did about it."""

    on: Day
    about: Line
    said: Text
    answer: Text | None = None


class OversightGroup(Paper):
    """The record."""

    oversight_group: Literal[1]
    name: Line
    does: Text
    chosen: Text
    """How its members come to it."""
    members: Annotated[tuple[GroupMember, ...], Field(min_length=1, max_length=100)]
    meets: Annotated[tuple[Day, ...], Field(max_length=100)] = ()
    advice: Annotated[tuple[Advice, ...], Field(max_length=1_000)] = ()
    updated_on: Day


def group_or_none() -> OversightGroup | None:
    """The record, or None where there is none.

    Raises `Fault` CW-YAML-INVALID or CW-OVERSIGHT-GROUP for one that cannot be read.
    """
    path = Path(settings.ENVIRONMENT.home / FILE)
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return _read(path, (seen.st_ino, seen.st_size, seen.st_mtime_ns))


@lru_cache(maxsize=2)
def _read(path: Path, seen: tuple[int, int, int]) -> OversightGroup:
    del seen  # it stands for the content
    what = "The record of the oversight group"
    content = read_bytes(path, what, limit=_MOST_BYTES)
    return OversightGroup.read(parse_yaml(content, what), what, CODE)
