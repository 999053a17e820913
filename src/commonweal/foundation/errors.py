"""One error root with stable codes.

Everything that Commonweal refuses, finds broken or cannot do is raised as a
`CommonwealError`: a stable code from the closed table in `codes.py`, and one sentence fit
for the person who reads it. The exit code of a command follows from the branch.

A sentence names files, rows, fields and counts. It never holds a patient's value or a key.
"""

from __future__ import annotations

from typing import ClassVar

from commonweal.foundation.codes import CODES


class CommonwealError(Exception):
    """Root of all our errors. `code` is stable, `sentence` is for people.

    Parameters
    ----------
    code: a key of `commonweal.foundation.codes.CODES`.
    sentence: one sentence in plain English, ending with a full stop.
    remedy: what the person can do next, if there is something.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, sentence: str, *, remedy: str | None = None) -> None:
        if code not in CODES:
            raise KeyError(f"error code {code} is not in the closed table")
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.remedy = remedy

    def as_dict(self) -> dict[str, str]:
        """The error as the JSON object that `--json` prints: code, sentence, remedy."""
        shown = {"code": self.code, "sentence": self.sentence}
        if self.remedy:
            shown["remedy"] = self.remedy
        return shown


class Failure(CommonwealError):
    """Something outside us broke (exit 1)."""

    exit_code = 1


class WrongUsage(CommonwealError):
    """The command or the call was put wrongly (exit 2)."""

    exit_code = 2


class Fault(CommonwealError):
    """A check found something wrong in what it was given (exit 3)."""

    exit_code = 3


class Refused(CommonwealError):
    """A permit, policy, choice rule or risk limit says no (exit 4)."""

    exit_code = 4


class Unavailable(CommonwealError):
    """Something needed for a safe answer is missing or stale, so the answer is no (exit 5)."""

    exit_code = 5
