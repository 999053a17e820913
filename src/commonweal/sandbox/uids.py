"""User numbers of the machine as which runs are started: one for each project, never given twice.

Two projects never share a number (S19), so what one could leave behind another cannot read, and a
signal or a limit that counts processes of a user stays within a project. Only root can start
processes as another user; started as an ordinary user, every run has that user's number and
`commonweal doctor` says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import Fault, Unavailable, WrongUsage
from commonweal.foundation.files import only_one, read_bytes, write_atomic
from commonweal.sandbox.orders import JobUser

FIRST, COUNT = 1_900_000_000, 65_536
"""The numbers used: above those that systemd gives to containers, below 2^31."""

PROBE_USER = JobUser(FIRST + COUNT, FIRST + COUNT)
"""As whom the guards are tried: a number of its own behind those of projects."""

_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class UserNumbers:
    """The record of which project has which number: a file in a folder of the custodian's.

    first, count: the range. A number is never taken back, also when its project has ended.
    """

    record: Path
    first: int = FIRST
    count: int = COUNT

    def of(self, project: str) -> JobUser:
        """The user of `project`, given now if it has none.

        Raises `Unavailable` CW-SANDBOX-USERS when all are given or the range belongs to others of
        the machine, CW-BUSY when another process is giving one; `Fault` CW-SANDBOX-USERS-BROKEN
        when the record cannot be trusted.
        """
        if not _PROJECT.fullmatch(project):
            raise WrongUsage("CW-SANDBOX-ORDER", "A project has a name that it may not have.")
        refuse_taken(self.first, self.count, Path("/etc/passwd"), Path("/etc/subuid"))
        with only_one(self.record.with_suffix(".lock"), "the users of projects"):
            given = self._read()
            if project not in given:
                number = max(given.values(), default=self.first - 1) + 1
                if number >= self.first + self.count:
                    raise Unavailable(
                        "CW-SANDBOX-USERS", "Every user number for projects has been given."
                    )
                given[project] = number
                write_atomic(self.record, canonical({"users": given}))
        return JobUser(given[project], given[project])

    def _read(self) -> dict[str, int]:
        if not self.record.exists():
            return {}
        what = "the users of projects"
        read = parse_json(read_bytes(self.record, what, limit=_LIMIT), what)
        users = read.get("users") if isinstance(read, dict) else None
        if not isinstance(users, dict) or not all(self._fits(*one) for one in users.items()):
            raise _broken("does not have the form it must have")
        if len(set(users.values())) != len(users):
            raise _broken("gives one number to two projects")
        return users

    def _fits(self, project: object, number: object) -> bool:
        if not isinstance(project, str) or not _PROJECT.fullmatch(project):
            return False
        whole = isinstance(number, int) and not isinstance(number, bool)
        return whole and number in range(self.first, self.first + self.count)


def _broken(how: str) -> Fault:
    return Fault("CW-SANDBOX-USERS-BROKEN", f"The record of the users of projects {how}.")


def refuse_taken(first: int, count: int, passwd: Path, subuid: Path) -> None:
    """Raise `Unavailable` CW-SANDBOX-USERS where a number of the range belongs to somebody.

    passwd, subuid: files as in passwd(5) and subuid(5); one that is not there names nobody.
    """
    for path, width in ((passwd, False), (subuid, True)):
        text = path.read_text("utf-8", "replace") if path.exists() else ""
        for line in text.splitlines():
            parts = line.split(":")
            numbers = parts[1:3] if width else [*parts[2:3], "1"]
            if len(numbers) < 2 or not all(part.isdecimal() for part in numbers):
                continue
            low = int(numbers[0])
            high = low + int(numbers[1])
            if low < first + count and first < high:
                raise Unavailable(
                    "CW-SANDBOX-USERS",
                    f"User numbers that runs would have are given in {path}.",
                    remedy="Take that range away from there, or choose another for runs.",
                )
