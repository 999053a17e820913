"""What the parts of an application are written with.

A part of a draft may be half filled: every field is optional, and what cannot be read is set aside
as it was typed (`drafts.py`). So a part has no rule that joins two fields; those rules are in
`complete.py` and stop sending, never saving.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from commonweal.papers.base import Paper

Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""A word of a list. Words that the list does not have are a problem, not a fault: see above."""

Codes = tuple[Code, ...]


class Part(Paper):
    """A part of an application: closed, frozen, and every field of it may be left out."""

    @property
    def is_empty(self) -> bool:
        """True where nothing at all was answered."""
        return not answered(self.plain())


def answered(value: object) -> bool:
    """Whether a plain value holds an answer anywhere: not only nothing in lists and mappings."""
    if isinstance(value, dict):
        return any(answered(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return any(answered(inner) for inner in value)
    return value is not None
