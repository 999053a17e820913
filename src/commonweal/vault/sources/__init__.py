"""Sources: where a custodian's tables lie, read strictly and typed as the catalogue declares.

A folder of CSV and Parquet files, a DuckDB file, or a PostgreSQL database; see `open_source`.
"""

from __future__ import annotations

from commonweal.vault.sources.opening import open_source
from commonweal.vault.sources.source import (
    Column,
    Fingerprint,
    Intake,
    Reading,
    Source,
    SourceTable,
)

__all__ = [
    "Column",
    "Fingerprint",
    "Intake",
    "Reading",
    "Source",
    "SourceTable",
    "open_source",
]
