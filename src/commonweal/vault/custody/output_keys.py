"""The keys that seal what the airlock keeps: one of each project, and one of the custodian's own.

A key is made when the first output of its project is frozen, and never replaced. Once two people
have had it destroyed, nobody can open what was kept of the project, here or in any backup (S20).
"""

from __future__ import annotations

import hashlib

from commonweal.foundation.errors import Fault, Refused, WrongUsage
from commonweal.foundation.keyed import OpenKey
from commonweal.vault.keys import Keyring

PURPOSE = "output_data"


def key_name(project: str | None) -> str:
    """The name of a project's key, whatever letters its id has. None: the custodian's own."""
    if project is None:
        return "outputs"
    return f"outputs.{hashlib.sha256(project.encode()).hexdigest()[:32]}"


class OutputKeys:
    """What `airlock` is handed; fits the port `foundation.keyed.Keys`.

    Keys that were opened are remembered as long as this lives: for one command or one step of a
    worker.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._open: dict[str, OpenKey] = {}

    def __repr__(self) -> str:
        return "OutputKeys(hidden)"

    def sealing(self, project: str | None) -> OpenKey:
        """The key that seals what is kept of a project; it is made the first time.

        Raises `Refused` CW-KEY-DESTROYED, `Unavailable` CW-KEY-UNAVAILABLE.
        """
        name = key_name(project)
        try:
            found = self._keyring.get(name)
        except WrongUsage:
            try:
                found = self._keyring.create(name, PURPOSE, project=project)
            except Refused as error:
                if error.code != "CW-KEY-EXISTS":
                    raise
                found = self._keyring.get(name)  # another process made it at this moment
        return self.opening(found.id)

    def opening(self, key_id: str) -> OpenKey:
        """The key of this id.

        Raises `Refused` CW-KEY-DESTROYED, `Unavailable` CW-KEY-UNAVAILABLE; `Fault` CW-SEAL-BROKEN
        for an id of no key that seals outputs.
        """
        if key_id not in self._open:
            self._open[key_id] = self._opened(key_id)
        return self._open[key_id]

    def was(self, key_id: str, project: str | None) -> bool:
        """Whether this was the project's one key, and was destroyed."""
        try:
            versions = self._keyring.versions(key_name(project))
        except WrongUsage:
            return False
        return [(one.id, one.state) for one in versions] == [(key_id, "destroyed")]

    def _opened(self, key_id: str) -> OpenKey:
        try:
            info = self._keyring.of_id(key_id)
        except WrongUsage as error:
            raise Fault("CW-SEAL-BROKEN", "A file names a key that this home never had.") from error
        if info.purpose != PURPOSE:
            raise Fault("CW-SEAL-BROKEN", "A file names a key that does not seal outputs.")
        secret = self._keyring.secret_of(key_id)
        return OpenKey(info.id, info.project, secret.use)
