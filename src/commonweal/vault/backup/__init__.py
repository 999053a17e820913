"""Backup and restore of a home (S20): one sealed file, and no way back for what was destroyed.

`make_backup` writes it while the home is in use; `check_backup` reads it through;
`restore_backup` brings a home back into an empty folder, all or nothing, and obeys the fence.
"""

from __future__ import annotations

from commonweal.vault.backup.header import BackupHeader
from commonweal.vault.backup.make import BackupInfo, make_backup
from commonweal.vault.backup.restore import (
    LastCheckpoint,
    MustReapply,
    RestoreResult,
    check_backup,
    restore_backup,
)

__all__ = [
    "BackupHeader",
    "BackupInfo",
    "LastCheckpoint",
    "MustReapply",
    "RestoreResult",
    "check_backup",
    "make_backup",
    "restore_backup",
]
