"""Permits that people decided: issued from a dossier, with `authority: committee` (S11, P2).

The vault does not know the committee's rules and never imports them: who starts the signer hands
them in as a `Judge`. What the vault brings is what the web cannot change: the roster, the trust
policy, the ledger's word on every act, and the clock. Judging, the record that the acts were used
and the permit's own event are one transaction of the ledger.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from commonweal.foundation.canonical import digest, parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.ledger.store import Writing
from commonweal.papers.act_records import ActRecords
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.trust import TrustPolicy
from commonweal.vault.custody.acts import records_about, use_acts
from commonweal.vault.custody.catalogues import find_catalogue
from commonweal.vault.custody.holding import Custody
from commonweal.vault.custody.permits import Within, issue_permit, issued_details

DOSSIERS = "dossiers"
MAX_DOSSIER = 16 * 1024 * 1024


class Judgement(Protocol):
    """What a judge found: the draft to sign, whose it is, and the acts that it uses up."""

    @property
    def draft(self) -> PermitDraft:
        """The permit draft, compiled by the judge."""
        ...

    @property
    def application(self) -> str:
        """The id of the application."""
        ...

    @property
    def digest(self) -> str:
        """The digest of the dossier."""
        ...

    @property
    def acts(self) -> tuple[str, ...]:
        """The ids of the acts that were counted."""
        ...


class OpenedDossier(Protocol):
    """A dossier that was read and not yet believed."""

    @property
    def application(self) -> str:
        """The id of the application that it says it is about."""
        ...

    @property
    def objects(self) -> frozenset[str]:
        """Digests of its parts: acts about them are asked for by these as well."""
        ...

    @property
    def dataset(self) -> str:
        """The id of the dataset that it says it asks for: to find the catalogue."""
        ...

    @property
    def replaces(self) -> str | None:
        """The id of the permit that it says it replaces, or None."""
        ...

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
    ) -> Judgement:
        """Check everything. `before`: the dossier that is kept of the permit that it replaces.

        Raises a `CommonwealError`.
        """
        ...


class Judge(Protocol):
    """Who knows the rules: reads a dossier from bytes. Raises a `CommonwealError`."""

    def __call__(self, content: bytes, /) -> OpenedDossier:
        """The dossier, not yet believed."""
        ...


def issue_from_dossier(
    custody: Custody,
    dossier: Path,
    judge: Judge,
    signers: Sequence[str],
    out: Path,
    catalogue: Catalogue | None = None,
) -> Permit:
    """Sign the permit that a dossier makes, write it on the ledger and to the new file `out`.

    `catalogue`: else the newest one that passed its check. It is judged twice: before anything is
    signed, and inside the transaction, where nothing can change any more. Raises what the judge and
    `issue_permit` raise, and `Refused` CW-ACT-USED.
    """
    content = read_bytes(dossier, "The dossier", limit=MAX_DOSSIER)
    opened = judge(content)
    held_against = catalogue or find_catalogue(custody, opened.dataset)[1]
    found = _judge(custody, opened, held_against, custody.book.now())

    def within(writing: Writing) -> None:
        again = _judge(custody, opened, held_against, writing.now())
        if (again.draft, again.acts) != (found.draft, found.acts):
            raise Refused("CW-DOSSIER-DRAFT", "The dossier was judged twice, and differently.")
        use_acts(writing, found.acts, found.application, permit=found.draft.id)
        folder = custody.home.path / DOSSIERS
        make_private_folder(folder)
        write_atomic(folder / f"{found.draft.id}.json", content)

    return issue_permit(
        custody,
        found.draft,
        held_against,
        signers,
        out,
        authority="committee",
        within=Within(within, {"dossier": found.digest}),
    )


def _judge(
    custody: Custody, opened: OpenedDossier, catalogue: Catalogue, at: datetime
) -> Judgement:
    return opened.judge(
        rosters=custody.rosters.history(),
        trust=custody.book.history().in_force(at),
        records=records_about(custody, opened.application, opened.objects),
        catalogue=catalogue,
        at=at,
        home=custody.home.id,
        before=None if opened.replaces is None else kept_dossier(custody, opened.replaces),
    )


def kept_dossier(custody: Custody, permit_id: str) -> bytes | None:
    """The dossier from which a permit of this home was made; None for one that had none.

    It is believed only where its digest is the one that the ledger's entry of the permit holds
    sealed. Raises `Fault` CW-DOSSIER-DIGEST for another, and file faults.
    """
    said = issued_details(custody, permit_id).get("dossier")
    if said is None:
        return None
    path = custody.home.path / DOSSIERS / f"{permit_id}.json"
    content = read_bytes(path, "The dossier that was kept", limit=MAX_DOSSIER)
    if not hmac.compare_digest(digest(parse_json(content, "The dossier that was kept")), said):
        raise Fault("CW-DOSSIER-DIGEST", "The dossier that was kept is not what was judged.")
    return content
