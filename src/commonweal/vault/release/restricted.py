"""Legally restricted codes, removed by default (P10).

The lists are versioned data in `restricted_codes.yaml`: fertility treatment (Human Fertilisation
and Embryology Act 1990), gender recognition (Gender Recognition Act 2004) and sexually transmitted
infections (NHS Trusts and Primary Care Trusts (Sexually Transmitted Diseases) Directions 2000).
They are a starting point that a custodian must review: which codes they hold is marked there as
unverified, and codes in free text or in other systems are not found by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from commonweal.foundation.documents import parse_yaml
from commonweal.papers.base import Identifier, Line, Paper
from commonweal.papers.catalogue import Table
from commonweal.papers.permit import Permit
from commonweal.papers.refusal import PermitRefused

_OTHER_SIGN = "[^A-Z0-9]?"


class CodeList(Paper):
    """One list: prefixes of codes by code system."""

    id: Identifier
    title: Line
    law: Line
    prefixes: dict[str, tuple[str, ...]]


class CodeLists(Paper):
    """The file of lists."""

    restricted_codes: int
    version: Line
    lists: tuple[CodeList, ...]


@dataclass(frozen=True)
class RestrictedLists:
    """The lists in force for one release: version, ids, and prefixes by code system."""

    version: str
    ids: tuple[str, ...]
    prefixes: Mapping[str, tuple[str, ...]]


@cache
def shipped_lists() -> CodeLists:
    """The lists that come with Commonweal."""
    text = resources.files(__package__).joinpath("restricted_codes.yaml").read_bytes()
    return CodeLists.read(parse_yaml(text, "The restricted code lists"), "The restricted lists")


def lists_for(permit: Permit) -> RestrictedLists:
    """All lists but those whose release the permit names with its legal gateway.

    Raises `PermitRefused` CW-PERMIT-RESTRICTED-LIST for a list that does not exist.
    """
    known = {entry.id for entry in shipped_lists().lists}
    named = {entry.list for entry in permit.restricted_codes}
    for name in sorted(named - known):
        raise PermitRefused(
            "CW-PERMIT-RESTRICTED-LIST", f"There is no restricted code list called {name}."
        )
    return _all_but(named)


def every_list() -> RestrictedLists:
    """All lists: for what no permit names."""
    return _all_but(set())


def _all_but(named: set[str]) -> RestrictedLists:
    prefixes: dict[str, list[str]] = {}
    for entry in shipped_lists().lists:
        if entry.id not in named:
            for system, starts in entry.prefixes.items():
                prefixes.setdefault(system, []).extend(starts)
    return RestrictedLists(
        shipped_lists().version,
        tuple(sorted(one.id for one in shipped_lists().lists if one.id not in named)),
        {system: tuple(sorted(set(starts))) for system, starts in prefixes.items()},
    )


def restricted_pattern(lists: RestrictedLists, table: Table, present: set[str]) -> dict[str, str]:
    """For each code column of `table` that was read, the pattern of its restricted codes.

    The patterns are for codes in the spelling of `ops.code_spelling`: behind a separator or a
    system's name, since several codes may stand in one cell, and with one sign between any two
    characters, such as the dot of ICD-10.
    """
    patterns: dict[str, str] = {}
    for variable in table.variables:
        starts = lists.prefixes.get(variable.identifies or "", ())
        if starts and variable.name in present and variable.type in ("text", "integer"):
            spelt = (_OTHER_SIGN.join(start.replace(".", "")) for start in starts)
            patterns[variable.name] = "(?:^|[^A-Z0-9])(?:" + "|".join(spelt) + ")"
    return patterns
