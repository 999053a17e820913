"""What keys are for: one closed table (S3, S10, S11, S19, S20).

A purpose decides how a key is kept (signing or secret), whether it belongs to a project, whether
it may be rotated, and whether its destruction needs two people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from commonweal.foundation.errors import WrongUsage

Project = Literal["required", "optional", "none"]


@dataclass(frozen=True)
class Purpose:
    """One row of the table."""

    says: str
    signs: bool = False
    project: Project = "none"
    rotates: bool = False
    two_people: bool = True


PURPOSES: dict[str, Purpose] = {
    "permit_signing": Purpose("signs permits", signs=True, rotates=True),
    "status_signing": Purpose("signs the status of permits", signs=True, rotates=True),
    "manifest_signing": Purpose("signs release manifests", signs=True, rotates=True),
    "ledger_checkpoint": Purpose("signs checkpoints of a log", signs=True, rotates=True),
    "person_signing": Purpose(
        "signs for a person who has no hardware key (demonstration and command line)",
        signs=True,
        rotates=True,
        two_people=False,
    ),
    # The next six tie data together: a new version would break linkage or open nothing.
    "project": Purpose("root of a project's pseudonyms, codes and shifts", project="required"),
    "audit": Purpose("audit ids across projects, the custodian's own"),
    "sieve": Purpose("finds identifiers in outputs", project="optional"),
    "release_data": Purpose("seals the data of one release", project="optional"),
    "output_data": Purpose("seals what the airlock keeps of one project", project="optional"),
    "membership": Purpose("labels and nonces of membership lists", project="optional"),
    "details": Purpose("seals erasable details in the ledger", project="optional", rotates=True),
    "backup": Purpose("seals backups", rotates=True),
    "person_orders": Purpose(
        "opens what signed-in people ask about their own record", rotates=True
    ),
}


def purpose_of(name: str, project: str | None) -> Purpose:
    """The row for `name`. Raises `WrongUsage` CW-KEY-PURPOSE if it does not fit `project`."""
    purpose = PURPOSES.get(name)
    if purpose is None:
        raise WrongUsage(
            "CW-KEY-PURPOSE", f"There is no such purpose of a key; one of: {', '.join(PURPOSES)}."
        )
    if purpose.project == "required" and project is None:
        raise WrongUsage("CW-KEY-PURPOSE", f"A key for {name} belongs to a project; name it.")
    if purpose.project == "none" and project is not None:
        raise WrongUsage("CW-KEY-PURPOSE", f"A key for {name} does not belong to a project.")
    return purpose
