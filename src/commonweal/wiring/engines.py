"""The engine that runs jobs of a home, by its settings: this machine's, or a site's."""

from __future__ import annotations

from pathlib import Path

from commonweal.enclave.elsewhere import Elsewhere
from commonweal.enclave.engines.tes import TesEngine, TesSite, Token
from commonweal.enclave.room import Room
from commonweal.foundation.errors import Refused
from commonweal.foundation.files import read_bytes
from commonweal.vault.custody import Custody

_LONGEST_TOKEN = 16_384


def engine_of(custody: Custody, room: Room) -> Elsewhere | None:
    """The engine of the site that the settings name; None where jobs run on this machine.

    Raises `Refused` CW-ENGINE-VOLUME where the statement names no volume, and what reading a
    statement and a site's settings raises: nothing is run here instead.
    """
    site = room.settings.site
    if site is None:
        return None
    statement = read_bytes(Path(site.statement), "The site's statement")
    token = None
    if site.token_file is not None:
        text = read_bytes(Path(site.token_file), "The site's token", limit=_LONGEST_TOKEN)
        token = Token(text.decode("ascii", "replace").strip())
    settings = TesSite(
        address=site.address,
        home=custody.home.id,
        outputs=site.outputs,
        outputs_folder=Path(site.outputs_folder),
        outputs_owner=site.owner,
        token=token,
        authority=None if site.authority is None else Path(site.authority),
    )
    engine = TesEngine(settings, statement, custody.belief, custody.clock)
    if engine.statement.volume is None:
        raise Refused(
            "CW-ENGINE-VOLUME",
            "The site's statement names no volume where a release may lie open for a job, so no "
            "job is sent there.",
            remedy="State the volume (`commonweal site state`), or run jobs here (engine: here).",
        )
    volume = engine.statement.volume.address
    return Elsewhere(engine, statement, volume, site.owner, site.images)
