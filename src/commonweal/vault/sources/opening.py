"""Opening a source by its kind, as the catalogue names it."""

from __future__ import annotations

from pathlib import Path

from commonweal.foundation.errors import WrongUsage
from commonweal.foundation.files import translated
from commonweal.vault.sources.database import DuckDBSource
from commonweal.vault.sources.folder import TABLE_FILES, FolderSource, no_folder
from commonweal.vault.sources.source import Source

KINDS = ("folder", "duckdb", "postgresql")


def open_source(kind: str, location: str, *, base: Path | None = None) -> Source:
    """The source of this kind at this place.

    `kind`: `folder`, `duckdb` or `postgresql`. `location`: a path, relative to `base` if that is
    given, or a URL.
    Raises `WrongUsage` CW-SOURCE-KIND, `Fault` CW-FILE-MISSING or CW-SOURCE-KIND, `Unavailable`
    CW-SOURCE-UNREACHABLE.
    """
    if kind in ("folder", "duckdb"):
        path = Path(location).expanduser()
        if base is not None and not path.is_absolute():
            path = base / path
        opened = FolderSource if kind == "folder" else DuckDBSource
        return opened(str(path))
    if kind == "postgresql":
        from commonweal.vault.sources.postgresql import PostgreSQLSource

        return PostgreSQLSource(location)
    raise WrongUsage("CW-SOURCE-KIND", f"A source is one of {', '.join(KINDS)}.")


def guess_kind(location: str) -> str:
    """The kind that a location given on a command line has.

    Raises `WrongUsage` CW-SOURCE-KIND for a file that is no database, `Fault` CW-FILE-MISSING.
    """
    if location.startswith(("postgresql://", "postgres://")):
        return "postgresql"
    path = Path(location).expanduser()
    if path.is_dir():
        return "folder"
    if path.suffix.lower() in TABLE_FILES and path.is_file():
        raise no_folder(path)
    if not path.exists():
        raise WrongUsage(
            "CW-SOURCE-KIND",
            f"There is no folder or database file {path.name}, and it is no PostgreSQL URL.",
        )
    if path.suffix.lower() in (".duckdb", ".ddb") or _is_duckdb(path):
        return "duckdb"
    raise WrongUsage(
        "CW-SOURCE-KIND",
        f"{path.name} is neither a folder nor a DuckDB database.",
        remedy="Put its tables as CSV or Parquet files into a folder, and give the folder.",
    )


def _is_duckdb(path: Path) -> bool:
    """True for a file that begins as DuckDB writes it: a checksum of 8 bytes, then its mark."""
    with translated(path.name):
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(12)[8:] == b"DUCK"
