"""From what the vault answered to what the page shows. Nothing of it is kept.

Every project is shown in the same words until it is opened: what it is about stands inside. To
mark only some as sensitive would tell whoever looks over a shoulder that somebody is in one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from commonweal.papers.own_order import OwnChoice
from commonweal.papers.own_record import OwnChosen, OwnReceipt, OwnRecord, OwnRelease
from commonweal.web.patients.words import BECAUSE, KIND_WORDS, TAKES_BACK
from commonweal.web.register.presenters import title_of

STANDINGS: dict[str, str] = {
    "in": "Your record was in its data",
    "unknown": "We cannot tell for all of its data",
    "not_in": "Your record is not in its data",
}
"""How a project stands, in this order on the page."""


def record_shown(record: OwnRecord) -> dict[str, Any]:
    """The page of one person."""
    projects = [_project(permit, rows) for permit, rows in _by_permit(record.releases)]
    order = list(STANDINGS)
    projects.sort(key=lambda one: order.index(one["standing"]))
    for number, one in enumerate(projects, 1):
        one["number"] = number
    count = {name: sum(one["standing"] == name for one in projects) for name in order}
    return {
        "made_at": record.made_at,
        "projects": projects,
        "summary": _summary(count, len(projects)),
        "choices": [chosen_shown(one) for one in record.choices],
        "left_out": record.left_out,
    }


def _by_permit(rows: Sequence[OwnRelease]) -> list[tuple[str, list[OwnRelease]]]:
    found: dict[str, list[OwnRelease]] = {}
    for one in rows:
        found.setdefault(one.permit, []).append(one)
    return list(found.items())


def _project(permit: str, rows: Sequence[OwnRelease]) -> dict[str, Any]:
    answers = {one.answer for one in rows}
    standing = next(name for name in STANDINGS if name in answers)
    return {
        "permit": permit,
        "title": title_of(permit) or permit,
        "standing": standing,
        "sentence": STANDINGS[standing],
        "releases": [
            {
                "release": one.release,
                "made_on": one.made_on,
                "answer": one.answer,
                "tables": [name.replace("_", " ") for name in one.tables],
                "because": BECAUSE[one.because] if one.because is not None else "",
            }
            for one in sorted(rows, key=lambda one: one.made_on, reverse=True)
        ],
    }


def _summary(count: dict[str, int], every: int) -> str:
    if not every:
        return "No data have been made ready for a project yet. So your record is in none."
    if count["in"]:
        return (
            f"Your record was in the data of {count['in']} of {every} "
            f"{'project' if every == 1 else 'projects'}."
        )
    if count["unknown"]:
        return "We found your record in no project. For some data we cannot tell."
    return "Your record is in no project's data here."


def chosen_shown(one: OwnChosen) -> dict[str, Any]:
    """A choice in force: in neutral words outside, with its project inside."""
    words = KIND_WORDS[one.kind]
    return {
        "number": one.number,
        "title": words.title,
        "means": words.means,
        "project": (title_of(one.project) or one.project) if one.project else "",
        "from": one.effective_from,
        "until": one.ends_on,
        "own": one.set_by == "self",
        "honoured": [
            {"title": title_of(each.permit) or each.permit, "made_on": each.made_on}
            for each in one.honoured
        ],
    }


def wish_shown(wish: OwnChoice) -> dict[str, Any]:
    """What somebody is about to choose."""
    words = TAKES_BACK if wish.kind is None else KIND_WORDS[wish.kind]
    project = (title_of(wish.project) or wish.project) if wish.project else ""
    return {"title": words.title, "means": words.means, "project": project,
            "number": wish.takes_back}  # fmt: skip


def receipt_shown(one: OwnReceipt) -> dict[str, Any]:
    """A receipt, to print."""
    words = TAKES_BACK if one.kind is None else KIND_WORDS[one.kind]
    return {
        "title": words.title,
        "means": words.means,
        "number": one.number,
        "takes_back": one.takes_back,
        "project": (title_of(one.project) or one.project) if one.project else "",
        "from": one.effective_from,
        "recorded_at": one.recorded_at,
    }


def paper_of(record: OwnRecord, release: str) -> bytes | None:
    """The file about one release: a receipt for who is in it, a signed statement for who is not.

    None where there is no such release, or nobody can be told.
    """
    one = next((each for each in record.releases if each.release == release), None)
    if one is None or one.answer == "unknown":
        return None
    if one.receipt is not None:
        return one.receipt.encode() + b"\n"
    held = {"statement": one.statement, "secret": one.secret}
    return (json.dumps(held, indent=2) + "\n").encode()
