"""`catalogue scan`: from a source to a suggested catalogue.

Each table is read once for its profile (`profile.py`); links between tables are then measured
(`structure.py`) and each column gets a suggestion with a reason (`suggest.py`). The result is the
catalogue of INTERFACES.md, for a person to correct: a scan decides nothing.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from commonweal.foundation.connection import connect
from commonweal.foundation.files import write_atomic
from commonweal.vault.scan.profile import ColumnProfile, TableProfile, profile_table
from commonweal.vault.scan.structure import KeyLink, Structure, find_structure, key_candidate
from commonweal.vault.scan.suggest import Place, Suggestion, suggest, suggest_type
from commonweal.vault.sources.source import Source

_RANGES_FROM = 100
"""Percentiles are shown only over at least this many values."""


@dataclass(frozen=True)
class ScanResult:
    """Profiles, structure and suggestions of one source.

    `suggestions` is keyed by table, then column.
    """

    kind: str
    location: str
    profiles: dict[str, TableProfile]
    structure: Structure
    suggestions: dict[str, dict[str, Suggestion]]
    missing: dict[str, tuple[str, ...]]

    @property
    def undecided(self) -> tuple[tuple[str, str], ...]:
        """Tables and columns whose role a person must still choose."""
        return tuple(
            (table, column)
            for table, columns in self.suggestions.items()
            for column, suggestion in columns.items()
            if suggestion.role is None
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should look at before anything else. No column is named, see below."""
        found = []
        for name, profile in self.profiles.items():
            own = [place for place, c in enumerate(profile.columns, start=1) if c.own_name]
            if own and profile.table.reading.format == "csv":
                # In a file without a header the names are somebody's values.
                columns = ("column " if len(own) == 1 else "columns ") + ", ".join(map(str, own))
                found.append(
                    f"Table {name} holds names of its columns as values ({columns}). Is its first "
                    "line a record, or is the header there twice? Names stand in the first line, "
                    "once; if it is a record, delete this catalogue, because it shows it."
                )
        return tuple(found)

    def catalogue(self, *, custodian: str = "(name of the organisation)") -> dict[str, Any]:
        """The suggested catalogue as plain values, in the shape of INTERFACES.md."""
        person = self.structure.person
        shown: dict[str, Any] = {"kind": person.kind}
        if person.table is not None:
            shown = {"table": person.table, "variable": person.column, **shown}
        if person.national is not None:
            shown["national"] = person.national
        stem = Path(self.location.rstrip("/")).stem if self.kind != "postgresql" else "database"
        identity = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-.") or "dataset"
        return {
            "catalogue": 1,
            "custodian": {"name": custodian},
            "datasets": [
                {
                    "id": identity[:64],
                    "title": f"Data in {identity}"[:500],
                    "source": {"kind": self.kind, "location": self.location},
                    "person": shown,
                    "tables": [self._table(profile) for profile in self.profiles.values()],
                }
            ],
        }

    def _table(self, profile: TableProfile) -> dict[str, Any]:
        name, reading = profile.table.name, profile.table.reading
        fields: dict[str, Any] = {"name": name}
        if reading.file is not None:
            fields["file"] = reading.file
        if reading.format is not None:
            fields["format"] = reading.format
        if reading.format == "csv":
            fields |= {
                "delimiter": reading.delimiter,
                "quote": reading.quote,
                "encoding": reading.encoding,
            }
        if self.missing[name]:
            fields["missing"] = list(self.missing[name])
        route = self.structure.routes[name]
        if isinstance(route, KeyLink):
            fields["person_link"] = {
                "variable": route.column,
                "to_table": route.to_table,
                "to_variable": route.to_column,
            }
        else:
            fields["person_link"] = route
        fields["rows"] = profile.rows
        fields["variables"] = [self._variable(name, column) for column in profile.columns]
        return fields

    def _variable(self, table: str, column: ColumnProfile) -> dict[str, Any]:
        suggestion = self.suggestions[table][column.name]
        fields: dict[str, Any] = {
            "name": column.name,
            "type": suggestion.type,
            "role": suggestion.role,
        }
        if suggestion.identifies:
            fields["identifies"] = suggestion.identifies
        fields["forms"] = list(suggestion.forms)
        if suggestion.administrative:
            fields["administrative"] = True
        link = self.structure.links.get((table, column.name))
        if link is not None and suggestion.role == "record_key":
            fields["links_to"] = {"table": link.to_table, "variable": link.to_column}
        fields["reason"] = suggestion.reason
        fields["profile"] = _shown_profile(column, suggestion)
        return fields


def scan(
    source: Source,
    *,
    work_folder: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ScanResult:
    """Profile every table of `source` and suggest a catalogue.

    `progress` is called with a table's name, its number and how many there are. `work_folder` is
    where the engine may spill (encrypted); by default a private temporary folder.
    Raises the faults of the source.
    """
    if work_folder is None:
        with tempfile.TemporaryDirectory(prefix="commonweal-scan-") as folder:
            return scan(source, work_folder=Path(folder), progress=progress)
    tables = source.tables()
    with connect(work_folder) as connection:
        wanted = {table.name: [column.name for column in table.columns] for table in tables}
        source.prepare(connection, wanted)
        profiles = {}
        for number, table in enumerate(tables, start=1):
            if progress is not None:
                progress(table.name, number, len(tables))
            profiles[table.name] = profile_table(connection, source, table)
        structure = find_structure(connection, source, profiles)
    suggestions = {name: _suggestions(name, p, structure) for name, p in profiles.items()}
    return ScanResult(
        kind=source.kind,
        location=source.location,
        profiles=profiles,
        structure=structure,
        suggestions=suggestions,
        missing={name: _missing_tokens(profile) for name, profile in profiles.items()},
    )


def _suggestions(name: str, profile: TableProfile, structure: Structure) -> dict[str, Suggestion]:
    person = structure.person
    route = structure.routes[name]
    about = route is not None or person.table is None
    found = {}
    for column in profile.columns:
        link = structure.links.get((name, column.name))
        place = Place(
            about_people=about,
            person_key=route == column.name,
            link=link,
            unique_key=key_candidate(column),
        )
        found[column.name] = suggest(column, place)
    return found


def _missing_tokens(profile: TableProfile) -> tuple[str, ...]:
    """Texts that stand for missing in this table: sure ones, and others among numbers or dates."""
    sure = {"?", "NULL", "null", "#N/A", "\\N"}
    found: set[str] = set()
    for column in profile.columns:
        typed = suggest_type(column) != "text" and column.storage == "VARCHAR"
        found |= {token for token in column.tokens if token in sure or typed}
    return tuple(sorted(found))


def _shown_profile(column: ColumnProfile, suggestion: Suggestion) -> dict[str, Any]:
    """Counts for people to judge by; a usual range only where the column identifies nobody."""
    gone = column.rows - column.present
    shown: dict[str, Any] = {"distinct": column.distinct, "missing": gone}
    if column.non_finite:
        shown["not_a_number"] = column.non_finite
    if column.unique:
        shown["unique"] = True
    if suggestion.role in ("other", "sensitive", "quasi_identifier"):
        shown["most_common_share"] = round(column.top_share, 3)
        shown |= _shown_range(column, suggestion)
    return shown


def _shown_range(column: ColumnProfile, suggestion: Suggestion) -> dict[str, Any]:
    if column.present < _RANGES_FROM or suggestion.identifies in ("date_of_death", "postcode"):
        return {}
    if suggestion.type in ("integer", "decimal") and column.numbers is not None:
        return {"usual_range": list(column.numbers)}
    if suggestion.type in ("date", "timestamp") and column.years is not None:
        return {"usual_years": list(column.years)}
    return {}


_HEAD = """\
# A suggested catalogue, made by `commonweal catalogue scan`. A scan decides nothing: you do.
#
# What to do next:
#  1. Fill in the custodian's name and ODS code, and the dataset's id and title.
#  2. Check `person`: which table holds the people, by which variable, and of what kind
#     (nhs_number, other_identifier, or row where one row is one person).
#     {person}
#  3. Read each variable's role and reason, and change what is wrong. Roles: direct_identifier,
#     record_key, quasi_identifier, sensitive, free_text, image, genomic, other.
#  4. `forms` lists how a variable may be seen, finest first. An empty list: it is never released.
#  5. Nothing is released from a variable whose role is null. Left to decide: {undecided}.
{missing}#  Then run `commonweal catalogue check` on this file.
"""


def write_catalogue(result: ScanResult, path: Path, *, replace: bool = False) -> None:
    """Write the suggested catalogue as YAML, with what to do next at the top.

    Raises `Fault` CW-FILE-EXISTS unless `replace`: a catalogue holds a person's work.
    """
    undecided = result.undecided
    names = ", ".join(f"{table}.{column}" for table, column in undecided[:8])
    more = f" and {len(undecided) - 8} more" if len(undecided) > 8 else ""
    tokens = sorted({token for found in result.missing.values() for token in found})
    missing = (
        f"#  6. These texts are read as missing where `missing` says so: {', '.join(tokens)}.\n"
        if tokens
        else ""
    )
    head = _HEAD.format(
        person=result.structure.person.reason, undecided=(names + more) or "none", missing=missing
    )
    body = yaml.dump(
        result.catalogue(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    write_atomic(path, (head + "\n" + body).encode(), exclusive=not replace)


class _Dumper(yaml.SafeDumper):
    """Indents lists under their key; writes short lists and profiles on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _is_short(value: Any) -> bool:
    return not isinstance(value, list | dict)


def _represent_list(dumper: yaml.SafeDumper, data: list[Any]) -> yaml.Node:
    flat = all(_is_short(value) for value in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flat)


def _represent_dict(dumper: yaml.SafeDumper, data: dict[str, Any]) -> yaml.Node:
    flat = set(data) <= {"distinct", "missing", "not_a_number", "unique", "most_common_share",
                         "usual_range", "usual_years", "table", "variable"}  # fmt: skip
    return dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=flat)


_Dumper.add_representer(list, _represent_list)
_Dumper.add_representer(dict, _represent_dict)
