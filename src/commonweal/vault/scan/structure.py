"""Keys, links between tables, and who the people are.

A link is measured, not guessed: the values of a column must lie in a unique column of another
table (semi join, at least 99 % of rows); names only break ties. The person table is the one with a
unique key that other tables point to and with columns about a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from commonweal.foundation.connection import quote_identifier
from commonweal.vault.scan.names import alike, says, says_key, says_people
from commonweal.vault.scan.profile import ColumnProfile, TableProfile
from commonweal.vault.sources.source import Source
from commonweal.vault.sources.values import as_text, family

LINK_SHARE = 0.99
NAMED_LINK_SHARE = 0.90
"""Enough where the names are the same; `catalogue check` then counts the rest as orphans."""
NHS_SHARE = 0.8
_PERSONAL = frozenset(
    {"date_of_birth", "name", "sex", "ssn", "nhs_number", "passport", "ethnicity", "marital_status"}
)


@dataclass(frozen=True)
class KeyLink:
    """Values of `table`.`column` lie in the unique `to_table`.`to_column`; `share` of rows do."""

    table: str
    column: str
    to_table: str
    to_column: str
    share: float
    likeness: float


@dataclass(frozen=True)
class PersonKey:
    """Who the rows are about. `kind` None: a person must decide, `reason` says why."""

    kind: str | None
    table: str | None
    column: str | None
    national: str | None
    reason: str


@dataclass(frozen=True)
class Structure:
    """Links (by table and column), the person key, and each table's way to the person."""

    person: PersonKey
    links: dict[tuple[str, str], KeyLink] = field(default_factory=dict)
    routes: dict[str, str | KeyLink | None] = field(default_factory=dict)


def is_nhs_number(column: ColumnProfile) -> bool:
    """True if the values are NHS numbers by check digit and range."""
    share = column.share("nhs_number")
    return share >= NHS_SHARE or (share >= 0.5 and says(column.name) == "nhs_number")


def key_candidate(column: ColumnProfile) -> bool:
    """True if the column could be a unique key: no value twice, and shaped like an identifier."""
    if column.present < 2 or column.distinct < column.present:
        return False
    if column.present < 0.9 * column.rows and not is_nhs_number(column):
        return False
    return identifier_shaped(column)


def identifier_shaped(column: ColumnProfile) -> bool:
    """True if the values look like codes for something, not like measurements, dates or names."""
    if family(column.storage) not in ("text", "integer") or not column.present:
        return False
    if column.share("uuid") > 0.99 or is_nhs_number(column):
        return True
    said = says(column.name)
    if said not in (None, "hospital_number", "nhs_number", "organisation", "staff", "gp_practice"):
        return False
    if column.share("date") > 0.99 and column.share("integer") < 0.99:
        return False
    if column.share("timestamp") > 0.99 and column.share("integer") < 0.99:
        return False
    if column.share("decimal") > column.share("integer") + 0.01 or column.share("coded") < 0.99:
        return False
    if column.share("integer") > 0.99:
        return said is not None or says_key(column.name)
    # Codes hold a digit; words and names mostly do not.
    return column.share("name_like") < 0.5 or says_key(column.name)


def find_structure(
    connection: duckdb.DuckDBPyConnection, source: Source, profiles: Mapping[str, TableProfile]
) -> Structure:
    """Measure links, choose the person table and find each table's way to it."""
    links = _links(connection, source, profiles)
    person = _person(profiles, links)
    routes = {name: _route(name, profiles, links, person) for name in profiles}
    return Structure(person, links, routes)


def _links(
    connection: duckdb.DuckDBPyConnection, source: Source, profiles: Mapping[str, TableProfile]
) -> dict[tuple[str, str], KeyLink]:
    keys = [
        (profile, column)
        for profile in profiles.values()
        for column in profile.columns
        if key_candidate(column)
    ]
    best: dict[tuple[str, str], KeyLink] = {}
    for child in profiles.values():
        pairs = [
            (column, parent, key)
            for column in child.columns
            for parent, key in keys
            if parent is not child and _comparable(column, key)
        ]
        for column, parent, key in pairs:
            share = _contained(connection, source, child, column, parent, key)
            likeness = alike(column.name, parent.table.name, key.name)
            if share < (NAMED_LINK_SHARE if likeness >= 0.9 else LINK_SHARE):
                continue
            link = KeyLink(
                child.table.name, column.name, parent.table.name, key.name, share, likeness
            )
            place = (link.table, link.column)
            if place not in best or _rank(link, profiles) > _rank(best[place], profiles):
                best[place] = link
    return _without_twins(best, profiles)


def _rank(link: KeyLink, profiles: Mapping[str, TableProfile]) -> tuple[float, ...]:
    people = says_people(link.to_table) or _personal(profiles[link.to_table]) > 1
    return (link.likeness >= 0.9, people, link.likeness, link.share)


def _without_twins(
    links: dict[tuple[str, str], KeyLink], profiles: Mapping[str, TableProfile]
) -> dict[tuple[str, str], KeyLink]:
    """Where two tables hold the same unique values, keep the link to the one about people."""
    kept = {}
    for place, link in links.items():
        back = links.get((link.to_table, link.to_column))
        mutual = back is not None and (back.to_table, back.to_column) == place
        if mutual and back is not None and _weight(link, profiles) < _weight(back, profiles):
            continue
        kept[place] = link
    return kept


def _weight(link: KeyLink, profiles: Mapping[str, TableProfile]) -> tuple[float, ...]:
    target = profiles[link.to_table]
    return (says_people(link.to_table), _personal(target), target.rows, link.to_table < link.table)


def _comparable(column: ColumnProfile, key: ColumnProfile) -> bool:
    if not column.present or column.distinct > key.distinct * 1.1 + 1:
        return False
    if not identifier_shaped(column) and alike(column.name, "", key.name) < 1.0:
        return False
    if (column.share("uuid") > 0.99) != (key.share("uuid") > 0.99):
        return False
    # Small whole numbers lie in any key by chance: there the names must agree.
    short = max(column.max_length, key.max_length) < 6
    if short and not (says_key(column.name) and says_key(key.name)):
        return False
    return column.max_length <= key.max_length + 2 and column.min_length >= key.min_length - 2


def _contained(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    child: TableProfile,
    column: ColumnProfile,
    parent: TableProfile,
    key: ColumnProfile,
) -> float:
    left, right = quote_identifier(column.name), quote_identifier(key.name)
    inner = source.relation(connection, parent.table)
    outer = source.relation(connection, child.table)
    children = f"SELECT {as_text(left, column.storage)} AS k FROM {outer}"  # noqa: S608
    parents = f"SELECT {as_text(right, key.storage)} FROM {inner} WHERE {right} IS NOT NULL"  # noqa: S608
    with source.reading_errors(child.table):
        answer = connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE k IN ({parents})) "  # noqa: S608
            f"FROM ({children}) WHERE k IS NOT NULL"
        ).fetchone()
    return answer[1] / answer[0] if answer and answer[0] else 0.0


def _personal(profile: TableProfile) -> int:
    """How many kinds of columns about a person a table has."""
    return len({says(column.name) for column in profile.columns} & _PERSONAL)


def _person(
    profiles: Mapping[str, TableProfile], links: dict[tuple[str, str], KeyLink]
) -> PersonKey:
    scored = []
    for name, profile in profiles.items():
        for column in profile.columns:
            if not key_candidate(column):
                continue
            pointing = {
                link.table
                for link in links.values()
                if (link.to_table, link.to_column) == (name, column.name)
            }
            about = 2 * says_people(name) + _personal(profile)
            if about >= 2 or is_nhs_number(column):
                score = (len(pointing), about, is_nhs_number(column), says_key(column.name))
                scored.append((score, name, column.name))
    if scored:
        _, table, column_name = max(scored, key=lambda entry: entry[0])
        return _named(profiles, table, column_name)
    for name, profile in profiles.items():
        for column in profile.columns:
            if is_nhs_number(column):
                return PersonKey(
                    "nhs_number",
                    name,
                    column.name,
                    None,
                    "No table has one row a person; NHS numbers repeat here. A table of people is "
                    "needed before a release.",
                )
    if any(key_candidate(c) or _looks_linked(c) for p in profiles.values() for c in p.columns):
        return PersonKey(
            None,
            None,
            None,
            None,
            "No table of people was found, but there are identifiers. Say who the rows are about.",
        )
    return PersonKey(
        "row", None, None, None, "No column identifies a person: each row is taken as one person."
    )


def _looks_linked(column: ColumnProfile) -> bool:
    return column.present > 0 and (
        column.share("uuid") > 0.99 or says(column.name) in ("hospital_number", "nhs_number")
    )


def _named(profiles: Mapping[str, TableProfile], table: str, column: str) -> PersonKey:
    profile = profiles[table]
    nhs = is_nhs_number(profile.column(column))
    national = next(
        (c.name for c in profile.columns if c.name != column and is_nhs_number(c)), None
    )
    what = "NHS numbers" if nhs else "a key"
    return PersonKey(
        "nhs_number" if nhs else "other_identifier",
        table,
        column,
        None if nhs else national,
        f"Table {table} has one row a person, with {what} that no two rows share.",
    )


def _route(
    name: str,
    profiles: Mapping[str, TableProfile],
    links: dict[tuple[str, str], KeyLink],
    person: PersonKey,
    seen: frozenset[str] = frozenset(),
) -> str | KeyLink | None:
    """The variable that holds the person key, or a link to a table nearer to the person."""
    if person.table is None or person.column is None:
        return None
    if name == person.table:
        return person.column
    own = [link for link in links.values() if link.table == name]
    for link in own:
        if (link.to_table, link.to_column) == (person.table, person.column):
            return link.column
    if person.kind == "nhs_number":
        for column in profiles[name].columns:
            if is_nhs_number(column):
                return column.name
    for link in sorted(own, key=lambda entry: -entry.likeness):
        if link.to_table in seen or link.to_table == name:
            continue
        if link.to_table == person.table or _route(
            link.to_table, profiles, links, person, seen | {name}
        ):
            return link
    return None
