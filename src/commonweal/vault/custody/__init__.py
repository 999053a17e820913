"""Custody: a home opened with everything in it (keys, trust policy, ledger), and its permits.

What every use of a home goes through: the trust policy is held against the ledger's first entry,
permits are issued and stopped in order with the ledger, and what was written gets its checkpoint.
"""

from __future__ import annotations

from commonweal.vault.custody.authorisations import (
    begin_attack,
    end_attack,
    issue_authorisation,
    load_authorisation,
    withdraw_authorisation,
)
from commonweal.vault.custody.catalogues import find_catalogue, remember_catalogue
from commonweal.vault.custody.creating import create_home
from commonweal.vault.custody.examining import check_export, export_public, verify_ledger
from commonweal.vault.custody.holding import Custody, open_custody
from commonweal.vault.custody.keeping import create_key, destroy_key, rotate_key
from commonweal.vault.custody.lineage import Lineage, lineage_of
from commonweal.vault.custody.permits import (
    CHANGES,
    REASONS,
    StateChange,
    change_state,
    find_permit,
    issue_permit,
    load_permit,
    status_of,
    status_text,
)
from commonweal.vault.custody.register import publish_register
from commonweal.vault.custody.restoring import Restored, back_up, restore_home
from commonweal.vault.custody.separation import (
    Acceptance,
    Accepted,
    accept_separation,
    accepted_separation,
)
from commonweal.vault.custody.settling import Settled, checkpoint_signer, settle, settled
from commonweal.vault.custody.witnesses import (
    ask_witnesses,
    export_public_tiles,
    policy_of,
    read_policy,
)

__all__ = [
    "CHANGES",
    "REASONS",
    "Acceptance",
    "Accepted",
    "Custody",
    "Lineage",
    "Restored",
    "Settled",
    "StateChange",
    "accept_separation",
    "accepted_separation",
    "ask_witnesses",
    "back_up",
    "begin_attack",
    "change_state",
    "check_export",
    "checkpoint_signer",
    "create_home",
    "create_key",
    "destroy_key",
    "end_attack",
    "export_public",
    "export_public_tiles",
    "find_catalogue",
    "find_permit",
    "issue_authorisation",
    "issue_permit",
    "lineage_of",
    "load_authorisation",
    "load_permit",
    "open_custody",
    "policy_of",
    "publish_register",
    "read_policy",
    "remember_catalogue",
    "restore_home",
    "rotate_key",
    "settle",
    "settled",
    "status_of",
    "status_text",
    "verify_ledger",
    "withdraw_authorisation",
]
