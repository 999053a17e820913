"""One project with its changes: permits that took each other's place, told as one, in public words.

Made from the published register alone: what it does not say of a permit, nobody learns here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.forms import Form
from commonweal.papers.register import RegisterEntry
from commonweal.papers.sentences import ACTION_WORDS, PURPOSE_WORDS
from commonweal.web.config import clock
from commonweal.web.config.jinja import day
from commonweal.web.register.presenters import Line, whole_or_none

SAME = "What the project may see and do stayed the same. Who works on it, or its papers, changed."


@dataclass(frozen=True)
class OneProject:
    """A project by the permit that stands for it now. `planned`: a newer one that waits."""

    line: Line
    planned: Line | None = None


def one_each(lines: Sequence[Line], now: datetime) -> list[OneProject]:
    """Each project once, in the order of the register."""
    known = {one.entry.id for one in lines}
    planned: dict[str, Line] = {}
    found = []
    for one in lines:
        older = _older(one.entry)
        if older in known and not _counts(one.entry, now):
            if not _ended(one.entry):
                planned[str(older)] = one
            continue
        if one.replaced is None or one.replaced > now:
            found.append(one)
    return [OneProject(one, planned.get(one.entry.id)) for one in found]


def project_changes(
    entry: RegisterEntry,
    by_id: Mapping[str, RegisterEntry],
    newer: Mapping[str, Sequence[str]],
    now: datetime,
) -> list[dict[str, Any]]:
    """The permits of a project, the oldest first, and what each changed; none if there is one.

    `by_id`, `newer`: the register's indexes (`presenters.Whole`).
    """
    first, seen = entry, {entry.id}
    while (older := by_id.get(str(_older(first)))) is not None and older.id not in seen:
        first = older
        seen.add(older.id)
    chain, met, waiting = list[RegisterEntry](), set[str](), [first]
    while waiting:
        one = waiting.pop(0)
        if one.id in met:
            continue
        met.add(one.id)
        chain.append(one)
        waiting += [by_id[each] for each in newer.get(one.id, ()) if each in by_id]
    if len(chain) == 1:
        return []
    return [_told(one, by_id.get(str(_older(one))), entry, now) for one in chain]


def _told(
    one: RegisterEntry, older: RegisterEntry | None, shown: RegisterEntry, now: datetime
) -> dict[str, Any]:
    counted = _counts(one, now)
    if _ended(one) and not counted:
        when = "This was planned and did not come to be."
    elif counted:
        when = f"Since {day(one.active_from)}."
    else:
        when = f"Planned from {day(one.active_from)}. People can say no before."
    return {
        "id": one.id,
        "is_this": one.id == shown.id,
        "when": when,
        "changed": ["The project began."] if older is None else changed(older.permit, one.permit),
    }


def changed(older: Mapping[str, Any], newer: Mapping[str, Any]) -> list[str]:
    """What differs between the public parts of two permits, in plain sentences."""
    uses, work = ("It is also for", "It is no longer for"), ("They may now", "They may no longer")
    said = [
        *_of_lists(older, newer, "purposes", uses, PURPOSE_WORDS),
        *_of_lists(older, newer, "processing", work, ACTION_WORDS),
        *_of_data(older, newer),
        *_of_dates(older, newer),
    ]
    if older.get("delivery") != newer.get("delivery"):
        said.append("Where the data are changed.")
    was, now = ([one["name"] for one in each["controllers"]] for each in (older, newer))
    if was != now:
        said.append("Who answers for the data changed.")
    return said or [SAME]


def _of_lists(
    older: Mapping[str, Any],
    newer: Mapping[str, Any],
    name: str,
    begin: tuple[str, str],
    words: Mapping[str, str],
) -> list[str]:
    """`begin`: how the sentence begins about what came, and about what went."""
    was, now = older.get(name, []), newer.get(name, [])
    came, went = [n for n in now if n not in was], [n for n in was if n not in now]
    return [
        f"{beginning}: {'; '.join(words.get(one, one) for one in found)}."
        for beginning, found in zip(begin, (came, went), strict=True)
        if found
    ]


def _of_data(older: Mapping[str, Any], newer: Mapping[str, Any]) -> list[str]:
    was, now = _variables(older), _variables(newer)
    more = [name for name in now if name not in was]
    less = [name for name in was if name not in now]
    said = []
    if more:
        said.append(f"It may also see: {'; '.join(more)}.")
    if less:
        said.append(f"It may no longer see: {'; '.join(less)}.")
    said += [
        f"{name} is shown in another form: {_form(now[name])}"
        for name in now
        if name in was and now[name] != was[name]
    ]
    return said


def _variables(permit: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{one['variable']} ({table['table']})": str(one["form"])
        for dataset in permit["data"]
        for table in dataset["tables"]
        for one in table["variables"]
    }


def _form(text: str) -> str:
    try:
        return Form.parse(text).sentence
    except CommonwealError:
        return text


def _of_dates(older: Mapping[str, Any], newer: Mapping[str, Any]) -> list[str]:
    was, now = (date.fromisoformat(str(one["until"])) for one in (older, newer))
    if was == now:
        return []
    return [f"It may go on until {day(now)}." if now > was else f"It ends sooner, on {day(now)}."]


def _older(entry: RegisterEntry) -> str | None:
    found = entry.permit.get("supersedes")
    return None if found is None else str(found)


def _counts(entry: RegisterEntry, now: datetime) -> bool:
    ended = _ended(entry)
    return entry.active_from <= now and (ended is None or ended >= entry.active_from)


def _ended(entry: RegisterEntry) -> datetime | None:
    return next((one.at for one in entry.events if one.what in ("revoked", "closed")), None)


# --- the first page -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """How many projects stand where."""

    planned: int
    active: int
    ended: int


def counts_or_none() -> Counts | None:
    """The figures for the first page, or None."""
    from commonweal.web.register.finding import snapshot  # it is made from this module

    whole = whole_or_none()
    if whole is None or not whole.lines:
        return None
    found = snapshot(whole, clock.now()).counts
    return Counts(found["planned"], found["active"] + found["paused"], found["ended"])
