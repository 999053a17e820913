"""The refusal that a permit gives: a stable code and one sentence."""

from __future__ import annotations

from commonweal.foundation.errors import Refused

UNAVAILABLE_CODES = frozenset({"CW-PERMIT-STATUS-STALE"})


class PermitRefused(Refused):
    """A permit does not allow what was asked. Exit 4, or 5 where it cannot be told safely."""

    def __init__(self, code: str, sentence: str, *, remedy: str | None = None) -> None:
        super().__init__(code, sentence, remedy=remedy)
        if code in UNAVAILABLE_CODES:
            self.exit_code = 5  # type: ignore[misc]
