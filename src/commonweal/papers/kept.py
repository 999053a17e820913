"""Catalogues that a home keeps: each file is named by when it was kept and its bytes' hash."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime
from pathlib import Path

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.documents import MAX_BYTES, parse_yaml
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes
from commonweal.papers.catalogue import Catalogue

_NAME = re.compile(
    r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z-([0-9a-f]{64})\.(yaml|json)", re.ASCII
)


def is_kept(name: str) -> bool:
    """Whether a file's name is that of a kept catalogue."""
    return _NAME.fullmatch(name) is not None


def kept_at(path: Path) -> datetime:
    """When the catalogue was kept. Raises `Fault` CW-CATALOGUE-INVALID for another file."""
    parts = _parts(path)
    return parse_stamp("{}-{}-{}T{}:{}:{}.{}Z".format(*parts[:7]))


def load_kept(path: Path) -> Catalogue:
    """The catalogue in a kept file, once its bytes are those that were kept.

    Raises `Fault` CW-CATALOGUE-INVALID, CW-CATALOGUE-CHANGED and file faults.
    """
    *_, named, ending = _parts(path)
    content = read_bytes(path, "The catalogue", limit=MAX_BYTES)
    if not hmac.compare_digest(hashlib.sha256(content).hexdigest(), named):
        raise Fault(
            "CW-CATALOGUE-CHANGED",
            f"The kept catalogue {path.name[:19]} is not the one that was kept.",
            remedy="Find out who changed it; run `commonweal catalogue check` with the right one.",
        )
    what = f"Catalogue {path.name[:19]}"
    plain = parse_json(content, what) if ending == "json" else parse_yaml(content, what)
    return Catalogue.read(plain, what, "CW-CATALOGUE-INVALID")


def _parts(path: Path) -> tuple[str, ...]:
    found = _NAME.fullmatch(path.name)
    if found is None:
        raise Fault("CW-CATALOGUE-INVALID", f"{path.name} is not a kept catalogue.")
    return found.groups()
