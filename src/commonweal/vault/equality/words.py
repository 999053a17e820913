"""Exact figures of missing people in words, for the data manager inside the vault."""

from __future__ import annotations

from commonweal.papers.missing import EQUALITY_WORDS, MissingExact, MissingTold

NOT_TOLD = (
    "Outside nothing is told of who cannot be found: the catalogue has no figures of it. Make them "
    "with `commonweal catalogue describe`."
)


def sentences(missing: MissingExact | None) -> list[str]:
    """Who of the source cannot be found, one line for each variable."""
    if missing is None:
        return []
    outside = [] if missing.told is None else [_outside(missing.told)]
    if not missing.lost:
        return ["Everybody in the source has a number by which their record is found.", *outside]
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
        said.append(f"  {EQUALITY_WORDS[one.describes]} ({one.variable}): {'; '.join(groups)}.")
    return [*said, *(outside or [NOT_TOLD])]


def _outside(told: MissingTold) -> str:
    said = (
        "Outside, the catalogue's figures of who cannot be found are shown, of "
        f"{told.measured_on.isoformat()}."
    )
    if not told.changed:
        return said
    return said + (
        " In a group at least ten people more or fewer have no number since: make new figures with "
        "`commonweal catalogue describe`."
    )


def _share(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.1f} in 100)" if whole else ""
