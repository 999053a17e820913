"""Opening a source by its kind, as the catalogue names it."""

from __future__ import annotations

from pathlib import Path

from commonweal.foundation.errors import WrongUsage
from commonweal.vault.sources.database import DuckDBSource
from commonweal.vault.sources.folder import FolderSource
from commonweal.vault.sources.source import Source

KINDS = ("folder", "duckdb", "postgresql")


def open_source(
    kind: str, location: str, *, work_folder: Path | None = None, base: Path | None = None
) -> Source:
    """The source of this kind at this place.

    `kind`: `folder`, `duckdb` or `postgresql`. `location`: a path, relative to `base` if that is
    given, or a URL. `work_folder`: where a database's snapshot goes, private and for as long as
    the source is open; required for `postgresql`.
    Raises `WrongUsage` CW-SOURCE-KIND, `Fault` CW-FILE-MISSING, `Unavailable`
    CW-SOURCE-UNREACHABLE.
    """
    if kind in ("folder", "duckdb"):
        path = Path(location).expanduser()
        if base is not None and not path.is_absolute():
            path = base / path
        opened = FolderSource if kind == "folder" else DuckDBSource
        return opened(str(path))
    if kind == "postgresql":
        if work_folder is None:
            raise WrongUsage(
                "CW-SOURCE-KIND", "A PostgreSQL source needs a work folder for its snapshot."
            )
        from commonweal.vault.sources.postgresql import PostgreSQLSource

        return PostgreSQLSource(location, work_folder)
    raise WrongUsage("CW-SOURCE-KIND", f"A source is one of {', '.join(KINDS)}.")


def guess_kind(location: str) -> str:
    """The kind that a location given on a command line has.

    Raises `WrongUsage` CW-SOURCE-KIND for a file that is neither a folder nor a database.
    """
    if location.startswith(("postgresql://", "postgres://")):
        return "postgresql"
    path = Path(location).expanduser()
    if path.is_dir():
        return "folder"
    if path.suffix.lower() in (".duckdb", ".db", ".ddb") or path.is_file():
        return "duckdb"
    raise WrongUsage(
        "CW-SOURCE-KIND", "There is no such folder or database file, and it is no PostgreSQL URL."
    )
