"""Exact figures of missing people in words, for the data manager inside the vault."""

from __future__ import annotations

from commonweal.papers.missing import EQUALITY_WORDS, MissingExact

NOT_TOLD = (
    "Outside nothing is told of who cannot be found: the catalogue has no figures of it. Make them "
    "with `commonweal catalogue describe`."
)


def sentences(missing: MissingExact | None) -> list[str]:
    """Who of the source cannot be found, one line for each variable."""
    if missing is None:
        return []
    whole = missing.kept + missing.lost
    how_many = f"{missing.lost:,} of {whole:,}{_share(missing.lost, whole)}"
    said = [f"People of the source whose record cannot be found for want of a number: {how_many}."]
    for one in missing.variables:
        groups = [
            f"{group.group} {group.lost:,} of {group.kept + group.lost:,}"
            f"{_share(group.lost, group.kept + group.lost)}"
            for group in one.groups
            if group.kept + group.lost
        ]
        if groups:
            said.append(f"  {EQUALITY_WORDS[one.describes]} ({one.variable}): {'; '.join(groups)}.")
    if missing.told is None:
        return [*said, NOT_TOLD]
    told = f"Outside the catalogue's figures of {missing.told.measured_on.isoformat()} are shown"
    if missing.told.changed:
        told += (
            "; at least ten people of a group more or fewer have no number since: make new ones "
            "with `commonweal catalogue describe`"
        )
    return [*said, told + "."]


def _share(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.1f} in 100)" if whole else ""
