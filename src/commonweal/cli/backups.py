"""`commonweal backup` and `commonweal restore` (S20)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, new_place, opened
from commonweal.cli.show import emit, steps

if TYPE_CHECKING:
    from commonweal.vault.custody import Restored


def backup(
    ctx: typer.Context,
    out: Annotated[
        Path,
        typer.Option(help="The sealed backup to write; it must not exist.", callback=new_place),
    ],
    key: Annotated[str, typer.Option(help="The backup key.")] = "backup",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write a sealed backup of a home, also while it is in use.

    It opens only with the root key, which is not in it: keep that elsewhere.
    """
    from commonweal.vault.custody import back_up

    with opened(ctx, home) as custody, steps(json) as step:
        step("Writing the backup")
        info = back_up(custody, out, key)
    plain = {
        "backup": info.id,
        "file": str(out),
        "files": info.files,
        "bytes": info.bytes,
        "sha256": info.sha256,
        "unavailable_keys": list(info.unavailable_keys),
    }
    lines = [f"{info.files:,} files ({info.bytes:,} bytes) are sealed in {out}."]
    lines.append("Renew the copy of the root store too: it holds the halves of keys made since.")
    emit(json, plain, lines + _without_half(info.unavailable_keys))


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.", metavar="FILE")],
    to: Annotated[Path, typer.Option(help="The new or empty folder for the home.")],
    json: JsonOption = False,
) -> None:
    """Bring back a home from a backup.

    What was destroyed, stopped or erased since stays so. The root key must be where it was, or
    where COMMONWEAL_ROOT_STORE says.
    """
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import restore_home

    with steps(json) as step:
        step("Reading the backup")
        done = restore_home(file, to, SystemClock())
    emit(json, _plain(done, to), _sentences(done, to))


def _without_half(names: tuple[str, ...]) -> list[str]:
    """A warning that names the keys whose half the root store does not hold."""
    if not names:
        return []
    return [
        (
            f"WARNING: the root store does not hold the half of {len(names)} key(s), so that what "
            f"they seal or sign is out of reach: {', '.join(names)}."
        ),
        "Put back the newest copy of the root store.",
    ]


def _plain(done: Restored, to: Path) -> dict[str, Any]:
    from commonweal.foundation.clock import stamp

    return {
        "home": done.result.backup.home,
        "folder": str(to),
        "backup": done.result.backup.id,
        "made_at": stamp(done.result.backup.made_at),
        "keys_still_destroyed": len(done.result.destroyed_keys),
        "keys_unavailable": list(done.result.unavailable_keys),
        "details_erased_again": done.result.erased,
        "permits_stopped_again": list(done.stopped),
        "epoch": done.epoch,
        "policies_adopted_again": list(done.policies),
        "rosters_adopted_again": list(done.rosters),
        "missing_keys": list(done.missing_keys),
        "choices_not_before": stamp(done.result.choices_not_before),
    }


def _sentences(done: Restored, to: Path) -> list[str]:
    result = done.result
    lines = [
        f"The home is back in {to}, as it was at {result.backup.made_at:%d %B %Y, %H:%M} UTC.",
        (
            f"{len(result.destroyed_keys)} key(s) stay destroyed; {result.erased} detail(s) were "
            f"erased again; {len(done.stopped)} permit(s) were stopped again."
        ),
        "Choices from before now are not used any more: fetch the national list again.",
        *_without_half(result.unavailable_keys),
    ]
    if done.policies:
        numbers = ", ".join(map(str, done.policies))
        lines.append(f"The backup did not know version {numbers} of the trust policy; it counts.")
    if done.rosters:
        numbers = ", ".join(map(str, done.rosters))
        lines.append(f"The backup did not know version {numbers} of the roster; it counts.")
    if done.missing_keys:
        lines.append(
            f"{len(done.missing_keys)} key(s) that the trust policy names were made after the "
            "backup and are not here: restore a newer backup, or replace them by a new policy."
        )
    if done.epoch is not None:
        lines.append(
            f"Entries that were made after the backup are lost; the ledger goes on as epoch "
            f"{done.epoch}, and says so publicly."
        )
    return lines
