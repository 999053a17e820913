"""Orders, plans and releases in plain words, as pages show them.

Everything here is made from what may leave the vault (S14): rounded figures and bands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from commonweal.foundation.codes import CODES
from commonweal.governance.states.release import RELEASE
from commonweal.papers.act_table import fingerprint
from commonweal.papers.forms import Form
from commonweal.papers.register import RegisterEntry
from commonweal.papers.release import PlanSummary, ReleaseSummary
from commonweal.papers.release.planned import PlannedAdvice, PlannedBreach
from commonweal.papers.release.summary import SummaryPeople, SummaryRisk
from commonweal.web.discovery.missing import told_shown
from commonweal.web.orders import OPEN, QUEUED
from commonweal.web.register.presenters import project_shown
from commonweal.web.releases.models import Held, Order, Release

STATE_WORDS: Mapping[str, tuple[str, str]] = {
    "planned": ("Planned", "blue"),
    "building": ("Being built", "blue"),
    "built": ("Being measured", "blue"),
    "measured": ("Waits for a second person", "yellow"),
    "sent_back": ("Sent back", "orange"),
    "signed_off": ("Signed off", "green"),
    "released": ("Ready for the project", "green"),
    "abandoned": ("Given up", "grey"),
}
STAGE_WORDS: Mapping[str, str] = {
    "choices": "Reading what people have chosen",
    "reading": "Reading the records",
    "choosing": "Leaving out who said no",
    "measuring": "Measuring the risk",
    "forms": "Looking for the forms that lose least",
    "intruder": "Trying to recognise people, as an intruder would",
    "writing": "Writing and sealing the data",
    "ledger": "Writing it on the log",
}
KIND_WORDS: Mapping[str, str] = {
    "plan": "Planning a release",
    "build": "Building a release",
    "sign_off": "Writing the sign-off on the log",
    "send_back": "Writing on the log that it is sent back",
}
LIMIT_WORDS: Mapping[str, str] = {
    "k": "Too few people look alike",
    "distinct_l": "People who look alike have too much in common",
    "prosecutor_mean": "The chance of recognising somebody known to be in the data is too high",
    "marketer": "Too many people could be matched with other records",
    "shift_candidates": "Too few ways to move the dates fit the days on which records are made",
    "intruder": "The test with an intruder recognised too many people",
}


def order_shown(order: Order, now: datetime) -> dict[str, Any]:
    """One order: what it is, where it is, and how it ended."""
    if order.state == QUEUED:
        where = "It waits for the worker."
    elif order.is_left(now):
        where = (
            "The worker that was at it has stopped answering. Nothing was released by halves: the "
            "next worker goes on, or begins again."
        )
    elif order.state in OPEN:
        where = STAGE_WORDS.get(order.stage, "The worker has begun") + "."
    else:
        where = ""
    return {
        "id": order.pk,
        "kind": order.kind,
        "title": KIND_WORDS[order.kind],
        "state": order.state,
        "open": order.state in OPEN,
        "where": where,
        "again": order.attempts > 1 and order.state in OPEN,
        "asked_at": order.asked_at,
        "ended_at": order.ended_at,
        "code": order.code,
        "sentence": order.sentence,
        "refusal": _refusal(order),
    }


def _refusal(order: Order) -> dict[str, Any] | None:
    """The limits and the advice of a build that was refused for its risk."""
    if not order.result or "over" not in order.result or "plan" in order.result:
        return None
    over = [PlannedBreach.read(one, "A limit") for one in order.result["over"]]
    return {
        "over": limits_shown(over),
        "advice": advice_shown(PlannedAdvice.read(order.result["advice"], "The advice")),
    }


def state_shown(release: Release) -> dict[str, str]:
    """The state of a release as a tag and a sentence."""
    name, colour = STATE_WORDS[release.state]
    sentence = RELEASE.sentences[release.state]
    if release.is_gone:
        name, colour = "Made unreadable", "grey"
        sentence = "Newer data took its place, and its own were made unreadable."
    return {"name": name, "colour": colour, "sentence": sentence}


def people_rows(people: SummaryPeople, told: str) -> list[tuple[str, str]]:
    """The flow of people: `told` says whether they are or would be released."""
    return [
        ("Do not fit what the project asks about", "not told"),
        ("Fit, but are left out, for all reasons together", about(people.left_out)),
        (told, about(people.released)),
    ]


def about(count: int | None) -> str:
    """A rounded figure in words."""
    return "fewer than 10" if count is None else f"about {count:,}"


def risk_rows(risk: SummaryRisk) -> list[tuple[str, str]]:
    """The bands of risk, in words."""
    rows: list[tuple[str, str]] = [
        ("People in the smallest group who look alike", risk.smallest_group),
        (
            "Mean chance of recognising somebody who is known to be in the data",
            risk.prosecutor_mean,
        ),
        ("Share of people that matching with other records would get right", risk.marketer),
    ]
    if risk.variety is not None:
        rows.append(("Different values that people who look alike have at least", risk.variety))
    return rows


def limits_shown(over: Iterable[PlannedBreach]) -> list[str]:
    """The limits that are broken, once each, with table and column where there is one."""
    found = []
    for one in over:
        place = f" (table {one.table}" if one.table else ""
        place += f", column {one.column}" if one.table and one.column else ""
        found.append(LIMIT_WORDS[one.measure] + (f"{place})" if place else "") + ".")
    return list(dict.fromkeys(found))


def advice_shown(advice: PlannedAdvice | None) -> list[str]:
    """The smallest change that would pass, in sentences; for the data manager only (S15)."""
    if advice is None:
        return []
    if not advice.given:
        return [
            "There is no advice: none is given when forms are searched for, or today's is used up."
        ]
    said = []
    if advice.column and advice.form:
        how = Form.parse(advice.form).sentence
        said.append(f"Show {advice.column} in a coarser form: {how} ({advice.form}).")
    if advice.leave_out_passes:
        said.append(f"Leave out the people who stand out ({about(advice.leave_out)} people).")
    return said or ["No single change would pass. The project and the committee look at it again."]


def plan_shown(release: Release | None) -> dict[str, Any] | None:
    """The plan of a release that was not built yet."""
    if release is None or release.plan is None or release.state not in ("planned", "building"):
        return None
    plan = PlanSummary.read(release.plan, "The plan")
    return {
        "release": plan.release,
        "at": plan.planned_at,
        "passes": plan.would_pass,
        "people": people_rows(plan.people, "Would be in the data"),
        "risk": risk_rows(plan.risk),
        "over": limits_shown(plan.over),
        "advice": advice_shown(plan.advice),
        "missing": told_shown(plan.missing),
        "checked_on": plan.choices.checked_on,
        "tables": [
            {
                "name": name,
                "columns": [(one.name, Form.parse(one.form).sentence) for one in columns],
            }
            for name, columns in plan.tables.items()
        ],
    }


def release_shown(release: Release, summary: ReleaseSummary) -> dict[str, Any]:
    """A release that was built, as its summary shows it."""
    return {
        "people": people_rows(summary.people, "Are in the data"),
        "risk": risk_rows(summary.risk),
        "missing": told_shown(summary.missing),
        "checked_on": summary.choices.checked_on,
        "built_at": summary.built_at,
        "fingerprint": fingerprint(release.digest),
        "tables": [
            {
                "name": name,
                "rows": about(table.rows),
                "columns": [(one.name, Form.parse(one.form).sentence) for one in table.columns],
            }
            for name, table in summary.tables.items()
        ],
        "expert": [
            ("Release", summary.release),
            ("Fingerprint of the summary, which is signed", release.digest),
            ("Root of the list of people (membership)", summary.membership_root),
            ("Manifest, as the public log holds it", release.manifest),
            ("Permit, full paper", summary.permit_hash),
            ("Entry of the log", str(release.ledger_intent)),
        ],
    }


def project_line(entry: RegisterEntry, now: datetime, release: Release | None, busy: bool) -> Any:
    """One permit in the list."""
    shown = project_shown(entry, now)
    state = None if release is None else state_shown(release)
    return {
        "id": entry.id,
        "title": shown["title"],
        "organisation": shown["organisation"],
        "stage": shown["stage"],
        "stage_name": shown["stage_name"],
        "colour": shown["colour"],
        "release": state,
        "busy": busy,
    }


def held_shown(permit: str) -> dict[str, Any] | None:
    """Why studies under a permit wait for people, for staff; None where none do."""
    row = Held.objects.filter(permit=permit).first()
    if row is None:
        return None
    return {"code": row.code, "why": CODES.get(row.code, ""), "at": row.at}
