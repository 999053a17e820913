"""Where a source lies, as a release remembers it: a keyed hash that only this home can make.

Another source of the same kind and size can lie at another place. A refresh holds the place against
that of the release that people decided on (S13). The place is as it is named, made absolute: what
is behind a link is the custodian's to change, as is what is in the folder.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from commonweal.foundation.canonical import canonical
from commonweal.papers.catalogue import Source
from commonweal.vault.keys import Secret
from commonweal.vault.sources.postgresql import without_password

_LABEL = "source-place"


def place_of(project: Secret, dataset: str, source: Source, base: Path) -> str:
    """The place of a dataset's source, under the project's key. `base`: the catalogue's folder."""
    named = [dataset, source.kind, _where(source, base)]
    key = project.subkey(_LABEL).use()
    return "hmac-sha256:" + hmac.digest(key, canonical(named), "sha256").hex()


def _where(source: Source, base: Path) -> str:
    if source.kind == "postgresql":
        return without_password(source.location)
    return os.path.abspath(base / Path(source.location).expanduser())  # noqa: PTH100 (links stay)
