"""What an examination found: the lines of `commonweal doctor`, and of the page of the rooms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from commonweal.foundation.errors import CommonwealError

FindingState = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """One line. `remedy` says what to do where the state is not `ok`."""

    name: str
    state: FindingState
    sentence: str
    remedy: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The line as JSON values."""
        return asdict(self)


def asked(name: str, look: Callable[[], str]) -> Finding:
    """What `look` says; a fault if it raises an error of ours."""
    try:
        return Finding(name, "ok", look())
    except CommonwealError as error:
        return told(name, error)


def told(name: str, error: CommonwealError) -> Finding:
    """A fault, in the words and with the code of an error."""
    return Finding(name, "fault", f"{error.sentence} ({error.code})", error.remedy)
