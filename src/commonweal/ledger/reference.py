"""The reference page of the ledger's events, generated from the tables in the code."""

from __future__ import annotations

from commonweal.ledger import report
from commonweal.ledger.events import LOGS, ROLES, TYPES, EventType
from commonweal.ledger.fields import BANDS, KINDS

_HEAD = """\
# Ledger events

This page is generated from `src/commonweal/ledger/events.py` and `report.py`; a test keeps it so.
Nothing else can be written on the ledger, and there is no field for free text.

Every entry also has `v` (1), `type`, `at` and `role`. On the sealed log it has `actor` (the id of
the person or service) and `at` is exact to the millisecond; on the public log there is no actor and
`at` is the hour. `details` holds the commitment to sealed details, where there are any, and
`details_key` the id of the key that opens them.
"""


def events_page() -> str:
    """The content of `docs/reference/ledger-events.md`."""
    parts = [_HEAD]
    for log in LOGS:
        parts.append(f"## The {log} log\n")
        parts.extend(_event(row) for row in TYPES.values() if row.log == log)
    parts.append("## Kinds of field\n")
    parts.append("| kind | form |\n|---|---|")
    parts.extend(f"| {kind} | {form} |" for kind, (_, form) in KINDS.items())
    parts.append(f"\nBands: {', '.join(BANDS)}.\n\nRoles: {', '.join(f'`{r}`' for r in ROLES)}.\n")
    parts.append("## Faults that verification names\n")
    parts.append("| kind | meaning |\n|---|---|")
    parts.extend(f"| `{kind}` | {meaning} |" for kind, meaning in report.KINDS.items())
    return "\n".join(parts) + "\n"


def _event(row: EventType) -> str:
    lines = [f"### `{row.name}`\n", row.says + _notes(row) + "\n"]
    lines.append("| field | kind | needed |\n|---|---|---|")
    for name, field in row.fields.items():
        kind = " or ".join(f"`{word}`" for word in field.words) or field.kind
        lines.append(f"| `{name}` | {kind} | {'yes' if field.required else 'no'} |")
    return "\n".join(lines) + "\n"


def _notes(row: EventType) -> str:
    notes = ""
    if row.state is not None:
        notes += f" The permit is then {row.state}."
    if row.live:
        notes += f" Written only while the permit is {' or '.join(row.live)}."
    if row.also_paused:
        notes += f" With `{row.also_paused[0]}` `{row.also_paused[1]}` also while it is paused."
    if row.own:
        notes += " Written by the ledger itself."
    return notes
