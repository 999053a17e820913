"""Keys: made, wrapped, used and destroyed here, and never shown (S19, S20).

`Keyring` is what other parts of the vault use; `Secret` is a key in memory; `Fence` remembers
what no restore may bring back. The provider port is the place for a KMS, HSM or TPM.
"""

from __future__ import annotations

from commonweal.vault.keys.approvals import Approval, DestructionOrder
from commonweal.vault.keys.fence import Fence, FenceState
from commonweal.vault.keys.keyring import Keyring, KeySigner
from commonweal.vault.keys.records import KeyInfo
from commonweal.vault.keys.root_store import RootStore
from commonweal.vault.keys.secret import Secret

__all__ = [
    "Approval",
    "DestructionOrder",
    "Fence",
    "FenceState",
    "KeyInfo",
    "KeySigner",
    "Keyring",
    "RootStore",
    "Secret",
]
