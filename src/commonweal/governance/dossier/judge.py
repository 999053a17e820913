"""The judge that the vault asks before it signs a permit: a dossier, and the rules to hold it to.

The vault never imports these rules. Whoever starts the signer (a command, or the service's worker)
makes a judge with the published rules and hands it in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from commonweal.foundation.errors import Fault
from commonweal.governance.dossier.checking import Judged, judge_dossier
from commonweal.governance.dossier.paper import CODE, Dossier
from commonweal.governance.dossier.published import PublishedRules
from commonweal.governance.dossier.rulebook import Rulebook
from commonweal.governance.dossier.steps import StepKind, check_step_acts
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import SignedAct
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy


@dataclass(frozen=True)
class OpenedDossier:
    """A dossier that was read and not yet believed."""

    dossier: Dossier
    rules: Rulebook

    @property
    def application(self) -> str:
        """The id of the application that it says it is about."""
        return self.dossier.application

    @property
    def objects(self) -> frozenset[str]:
        """Digests of its parts: acts about them are asked for by these as well."""
        return self.dossier.objects()

    @property
    def dataset(self) -> str:
        """The id of the dataset that its draft asks for: to find the catalogue.

        Raises `Fault` CW-DOSSIER-INVALID.
        """
        try:
            return str(self.dossier.draft["data"][0]["dataset"])
        except (LookupError, TypeError) as error:
            raise Fault(CODE, "The dossier's draft names no dataset.") from error

    @property
    def replaces(self) -> str | None:
        """The id of the permit that its draft says it replaces, or None."""
        found = self.dossier.draft.get("supersedes")
        return None if found is None else str(found)

    def judge(
        self,
        *,
        rosters: RosterHistory,
        trust: TrustPolicy,
        records: ActRecords,
        catalogue: Catalogue,
        at: datetime,
        home: str,
        before: bytes | None = None,
    ) -> Judged:
        """Check everything; see `judge_dossier`. `before`: what was kept of `replaces`."""
        return judge_dossier(
            self.dossier, rosters, trust, self.rules, catalogue, at, home=home, records=records,
            before=None if before is None else Dossier.load(before),
        )  # fmt: skip


@dataclass(frozen=True)
class DossierJudge:
    """Reads dossiers and holds them to `rules`."""

    rules: Rulebook

    def __call__(self, content: bytes, /) -> OpenedDossier:
        """The dossier in these bytes. Raises `Fault` CW-DOSSIER-INVALID."""
        return OpenedDossier(Dossier.load(content), self.rules)


def installed_rules() -> Rulebook:
    """The rules that this installation publishes."""
    return PublishedRules()


def judge_step(
    step: str,
    acts: Sequence[SignedAct],
    *,
    subject: str,
    object_digest: str,
    rosters: RosterHistory,
    trust: TrustPolicy,
    records: ActRecords,
    at: datetime,
    home: str,
    not_before: datetime,
) -> tuple[str, ...]:
    """The ids of the acts that carry a step of a permit; see `steps.check_step_acts`."""
    found = check_step_acts(
        cast("StepKind", step), acts, subject, object_digest, rosters, trust, at,
        home=home, records=records, not_before=not_before,
    )  # fmt: skip
    return tuple(one.verified.act.id for one in found)
