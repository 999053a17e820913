"""What operations share: pages of a list, names, and which errors they can answer."""

from __future__ import annotations

from typing import Annotated, TypeVar

from ninja import Path, Query

from commonweal.web.api.shapes import ErrorShape

T = TypeVar("T")
SIZE = 100
_SPELT = "A name as the catalogue spells it; ~2F stands for a slash, ~7E for a tilde."
Name = Annotated[str, Path(min_length=1, max_length=400, description=_SPELT)]
Id = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
PageNumber = Annotated[int, Query(ge=1, le=1_000_000, description="A hundred a page.")]

_WRONG = {400: ErrorShape, 422: ErrorShape, 500: ErrorShape}
NONE = _WRONG | {404: ErrorShape}
KEY = _WRONG | {401: ErrorShape, 403: ErrorShape}
KEY_NONE = KEY | {404: ErrorShape}


def bounds(page: int) -> slice:
    """Which rows are on a page."""
    return slice((page - 1) * SIZE, page * SIZE)
