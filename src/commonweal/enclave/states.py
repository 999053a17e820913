"""The states of a job as one table of data (ARCHITECTURE rule 4).

The diagram in the documentation is generated from `STEPS`, and the queue takes no step that does
not stand here. What an author hears is less: see `papers.job` (S4).
"""

from __future__ import annotations

from typing import Literal, get_args

from commonweal.foundation.errors import Refused

State = Literal[
    "queued", "running", "collecting", "finished", "failed", "over_limit", "refused", "cancelled"
]
Step = Literal[
    "take", "collect", "finish", "fail", "exceed", "refuse", "cancel", "give_back", "cut_off"
]
STATES: tuple[State, ...] = get_args(State)
FIRST: State = "queued"
ENDED: frozenset[State] = frozenset({"finished", "failed", "over_limit", "refused", "cancelled"})
AT_WORK: frozenset[State] = frozenset({"running", "collecting"})
"""States in which a worker holds the job by a lease."""

STEPS: dict[Step, tuple[frozenset[State], State]] = {
    "take": (frozenset({"queued"}), "running"),
    "collect": (frozenset({"running"}), "collecting"),
    "finish": (frozenset({"queued", "running", "collecting"}), "finished"),
    "fail": (frozenset({"running", "collecting"}), "failed"),
    "exceed": (frozenset({"running", "collecting"}), "over_limit"),
    "refuse": (frozenset({"queued", "running", "collecting"}), "refused"),
    "cancel": (frozenset({"queued", "running"}), "cancelled"),
    "give_back": (frozenset({"running", "collecting"}), "queued"),
    "cut_off": (frozenset({"running", "collecting"}), "queued"),
}
"""Step: the states it may start from, and the state it leads to.

`finish` from `queued`: an attempt was cut off after the ledger had heard of its outputs, and the
next one finds them. `give_back`: it could not begin now, and that is nobody's fault; or it goes on
at a site, and its worker died. `cut_off`: a worker died, and the job is tried again.
"""

SENTENCES: dict[State, str] = {
    "queued": "The study waits for its turn.",
    "running": "The study runs.",
    "collecting": "The study has ended and what it declared is being collected.",
    "finished": "The study ran to its end and left what it had declared.",
    "failed": "The study ended with an error, or did not leave what it had declared.",
    "over_limit": "The study went over one of its limits and was stopped.",
    "refused": "The study was not run, or was stopped, because that is not allowed now.",
    "cancelled": "The study was taken back.",
}


def check_step(state: State, step: Step) -> State:
    """The state after `step`. Raises `Refused` CW-JOB-STEP."""
    origins, target = STEPS[step]
    if state not in origins:
        raise Refused("CW-JOB-STEP", f"A job that is {state} cannot take the step {step}.")
    return target


def can_step(state: State, step: Step) -> bool:
    """True if `check_step` would not refuse."""
    return state in STEPS[step][0]


def diagram() -> str:
    """The table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", f"    [*] --> {FIRST}: submit"]
    for step, (origins, target) in STEPS.items():
        lines += [f"    {one} --> {target}: {step}" for one in STATES if one in origins]
    lines += [f"    {one} --> [*]" for one in STATES if one in ENDED]
    return "\n".join(lines)
