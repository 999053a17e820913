"""The signer's side: the register is written anew once the log says more than it does.

Whoever writes on the log, a page's worker, a command or a release that was cut off, need not think
of the register: the next look finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from commonweal.vault.custody import Custody
from commonweal.vault.custody.register import FollowRegister


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What the signer does for this app."""
    return (FollowRegister(),) if room == "signer" else ()
