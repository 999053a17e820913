"""The notice for a wall: its words, and a code for phones that leads to the first page."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import qrcode

QUIET = 4
"""Empty modules around a code (ISO/IEC 18004): phones do not see it without."""


def notice_shown(address: str) -> dict[str, Any]:
    """What the notice shows. `address`: of the first page, without its last stroke."""
    shown = f"{address}/"
    size, path = code_of(shown)
    return {"address": shown, "code": {"size": size, "path": path}}


def code_of(text: str) -> tuple[int, str]:
    """A QR code as the side of a square and an SVG path of its dark modules, in modules.

    Level M: 15 of 100 parts may be dirty or torn.
    """
    made = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=QUIET)
    made.add_data(text)
    made.make(fit=True)
    rows = made.get_matrix()
    return len(rows), "".join(_row(y, cells) for y, cells in enumerate(rows))


def _row(y: int, cells: list[bool]) -> str:
    drawn, x = [], 0
    for dark, run in groupby(cells):
        width = len(list(run))
        drawn += [f"M{x} {y}h{width}v1h-{width}z"] if dark else []
        x += width
    return "".join(drawn)
