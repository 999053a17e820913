"""A small change as the signer checks it: against what it kept itself, and by no word of the web.

1. There is a permit that it replaces, and the signer kept the dossier of it.
2. What differs between the two versions is worked out anew; all of it must be on the list.
3. The decision is the one that the rules make of it: conditions go on, nothing new is granted.
4. Both impact assessments are the very same, so what was advised and said about them still stands.
"""

from __future__ import annotations

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Refused
from commonweal.governance.dossier.paper import SMALL, Dossier
from commonweal.governance.dossier.rulebook import Before, Rulebook
from commonweal.governance.dossier.voting import check_same
from commonweal.papers.roster import Roster

__all__ = ["SMALL", "check_small_change"]


def check_small_change(
    dossier: Dossier, before: Dossier | None, rules: Rulebook, ruled_by: Roster
) -> None:
    """Refuse a change that an officer could not agree alone, by the rules that `ruled_by` carries.

    Raises `Refused` CW-COMMITTEE-ROUTE, CW-DOSSIER-OUTCOME or CW-DOSSIER-ASSESSMENT.
    """
    replaced = dossier.draft.get("supersedes")
    if before is None or replaced is None or before.draft.get("id") != replaced:
        raise Refused(
            "CW-COMMITTEE-ROUTE",
            "Nothing is kept here of the permit that this change replaces, so nobody can tell "
            "whether it is small: the committee decides.",
        )
    stood = Before(str(replaced), before.version, before.decision)
    check_same(
        rules.agree_change(stood, dossier.version, dossier.decision, ruled_by), dossier.decision,
        "CW-DOSSIER-OUTCOME", "The decision is not the one that the rules make of this change.",
    )  # fmt: skip
    same = all(dossier.draft.get(one) == before.draft.get(one) for one in ("dpia_hash", "aia_hash"))
    if not same or _of(dossier) != _of(before):
        raise Refused(
            "CW-DOSSIER-ASSESSMENT",
            "An impact assessment is not the one that was looked at for the permit before.",
        )


def _of(dossier: Dossier) -> str | None:
    return None if dossier.assessment is None else digest(dossier.assessment)
