"""The reference page of the states, with a diagram of each machine, generated from the tables.

`python -m commonweal.governance.states.reference FILE` writes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import translated
from commonweal.governance.roles import ROLE_WORDS, ROLES
from commonweal.governance.states.guards import GUARDS
from commonweal.governance.states.machine import OWNER_WORDS, StateMachine
from commonweal.governance.states.registry import MACHINES

_HEAD = """\
# States

Everything that people decide goes through states. This page is generated from the tables in
`src/commonweal/governance/states/`; a test keeps it so. In each state it is exactly one party's
turn. A step is refused if it is not in the table (`CW-STATE-STEP`), if it is for another role
(`CW-STATE-ROLE`), or if what must be true first is not (`CW-STATE-GUARD`).

How people decide, in plain words: [deciding](../explanation/deciding.md).
"""


def mermaid(found: StateMachine) -> str:
    """The machine as a Mermaid state diagram."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {found.initial}"]
    lines += [f"    {row.from_} --> {row.to} : {row.action}" for row in found.transitions]
    lines += [f"    {state} --> [*]" for state in found.states if state in found.final]
    return "\n".join([*lines, "```"])


def states_page() -> str:
    """The content of `docs/reference/states.md`."""
    parts = [_HEAD]
    parts += [_section(found) for found in MACHINES.values()]
    parts.append(
        "## What must be true first\n\n| guard | what is said while it is not |\n|---|---|"
    )
    parts += [f"| `{name}` | {sentence} |" for name, sentence in GUARDS.items()]
    return "\n".join(parts) + "\n"


def _section(found: StateMachine) -> str:
    name = found.title[0].upper() + found.title[1:]
    lines = [
        f"## {name}\n",
        mermaid(found),
        "",
        "| state | turn | what it means |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{state}` | {OWNER_WORDS[found.owners[state]]} | {found.sentences[state]} |"
        for state in found.states
    ]
    lines += ["", "| step | from | to | by | must be true first | what it does |", "|---" * 6 + "|"]
    for row in found.transitions:
        who = ", ".join(ROLE_WORDS[role] for role in ROLES if role in row.by)
        guard = f"`{row.guard}`" if row.guard else ""
        lines.append(
            f"| `{row.action}` | `{row.from_}` | `{row.to}` | {who} | {guard} | {row.says} |"
        )
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str]) -> int:
    """Write the page to the file that is named. Returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m commonweal.governance.states.reference FILE\n")
        return 2
    path = Path(arguments[0])
    try:
        with translated(f"the page {path.name}"):
            path.write_text(states_page(), "utf-8")
    except CommonwealError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
