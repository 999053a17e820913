"""A state machine as one table of data (ARCHITECTURE 3, rule 4).

Each state has exactly one owner: whose turn it is. Each transition says who may take it, from
where to where, and what must be true first. A machine that has a dead end, a state nobody can
reach or a turn that its owner cannot end cannot be made: it refuses itself when it is built.

The rules say whether a step may be taken; whoever takes it writes it down (with its ledger intent)
and checks the guard. A step with a guard is refused unless the caller says that the guard holds,
so a guard that is forgotten refuses and never lets through.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, get_args

from commonweal.foundation.errors import Refused
from commonweal.governance.roles import (
    APPLICANT_SIDE,
    ROLE_WORDS,
    ROLES,
    VOTING,
    RoleName,
)
from commonweal.governance.states.guards import GUARDS

Owner = Literal["applicant", "custodian", "committee", "officers", "system", "nobody"]
OWNERS: tuple[Owner, ...] = get_args(Owner)

OWNER_WORDS: Mapping[Owner, str] = MappingProxyType(
    {
        "applicant": "the applicant",
        "custodian": "the hospital",
        "committee": "the committee or the public panel",
        "officers": "the accountable officers",
        "system": "the system",
        "nobody": "nobody: it has ended",
    }
)

OWNER_ROLES: Mapping[Owner, frozenset[RoleName]] = MappingProxyType(
    {
        "applicant": APPLICANT_SIDE,
        "custodian": frozenset(
            {
                *("ig_officer", "data_manager", "committee_secretary", "rapporteur"),
                *("facilitator", "signatory_custodian", "information_asset_owner"),
                "output_checker",
            }
        ),
        "committee": VOTING | {"committee_secretary", "panel_member"},
        "officers": frozenset({"caldicott_guardian", "siro", "dpo"}),
        "system": frozenset({"system"}),
        "nobody": frozenset(),
    }
)
"""Who can act for each owner: in every state at least one of them can end the turn."""

_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}", re.ASCII)


@dataclass(frozen=True)
class Transition:
    """One step. `says`: what it does, as a short sentence for people.

    `guard`: the key of `GUARDS` that must hold first, or None.
    """

    action: str
    from_: str
    to: str
    by: frozenset[RoleName]
    guard: str | None = None
    says: str = ""


@dataclass(frozen=True)
class StateMachine:
    """One table: states (the first is where it begins), whose turn each is, and the steps.

    `sentences`: what each state means, for people. Raises ValueError for a table that is not
    whole: every machine of ours is made when its module is imported, so none can be wrong.
    """

    name: str
    states: tuple[str, ...]
    owners: Mapping[str, Owner]
    transitions: tuple[Transition, ...]
    sentences: Mapping[str, str]
    title: str
    _steps: Mapping[tuple[str, str], Transition] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found = tuple(faults(self))
        if found:
            raise ValueError(f"the machine {self.name} is not whole: {'; '.join(found)}")
        steps = {(row.from_, row.action): row for row in self.transitions}
        object.__setattr__(self, "owners", MappingProxyType(dict(self.owners)))
        object.__setattr__(self, "sentences", MappingProxyType(dict(self.sentences)))
        object.__setattr__(self, "_steps", MappingProxyType(steps))

    @property
    def initial(self) -> str:
        """The state in which it begins."""
        return self.states[0]

    @property
    def final(self) -> frozenset[str]:
        """States that are never left."""
        return frozenset(state for state in self.states if self.owners[state] == "nobody")

    def owner(self, state: str) -> Owner:
        """Whose turn it is in `state`. Raises `Refused` CW-STATE-STEP for no such state."""
        if state not in self.owners:
            raise Refused("CW-STATE-STEP", f"There is no such state in the {self.title}.")
        return self.owners[state]

    def step(self, state: str, action: str) -> Transition:
        """The row for `action` in `state`. Raises `Refused` CW-STATE-STEP where there is none."""
        self.owner(state)
        found = self._steps.get((state, action))
        if found is None:
            raise Refused("CW-STATE-STEP", f"This cannot be done now. {self.sentences[state]}")
        return found

    def check_step(
        self, state: str, action: str, role: RoleName, *, met: Collection[str] = ()
    ) -> str:
        """The state after `action` by `role`. `met`: the guards that the caller saw to hold.

        Raises `Refused`: CW-STATE-STEP (no such step here), CW-STATE-ROLE (not for this role) or
        CW-STATE-GUARD (what must be true first is not).
        """
        found = self.step(state, action)
        if role not in found.by:
            raise Refused("CW-STATE-ROLE", f"Only {_either(found.by)} can do this.")
        if found.guard is not None and found.guard not in met:
            raise Refused("CW-STATE-GUARD", GUARDS[found.guard])
        return found.to

    def role_among(self, state: str, action: str, roles: Collection[str]) -> RoleName:
        """The role among `roles` in which a step may be taken; its guard is not asked.

        Raises `Refused` CW-STATE-STEP or CW-STATE-ROLE.
        """
        found = self.step(state, action)
        held = sorted(found.by & set(roles))
        if not held:
            raise Refused("CW-STATE-ROLE", f"Only {_either(found.by)} can do this.")
        return held[0]

    def can_step(
        self, state: str, action: str, role: RoleName, *, met: Collection[str] = ()
    ) -> bool:
        """True if `check_step` would let the step be taken."""
        try:
            self.check_step(state, action, role, met=met)
        except Refused:
            return False
        return True

    def actions(self, state: str, role: RoleName) -> tuple[Transition, ...]:
        """The steps that `role` may take in `state`, whether or not their guards hold yet."""
        self.owner(state)
        return tuple(row for row in self.transitions if row.from_ == state and role in row.by)


def machine(
    name: str,
    title: str,
    *,
    states: tuple[tuple[str, Owner, str], ...],
    steps: tuple[Transition | tuple[Transition, ...], ...],
) -> StateMachine:
    """A machine from rows `(state, owner, what it means)` and steps or groups of steps."""
    if len({row[0] for row in states}) != len(states):
        raise ValueError(f"the machine {name} names a state twice")
    flat = tuple(
        row for group in steps for row in (group if isinstance(group, tuple) else (group,))
    )
    return StateMachine(
        name=name,
        states=tuple(row[0] for row in states),
        owners={row[0]: row[1] for row in states},
        transitions=flat,
        sentences={row[0]: row[2] for row in states},
        title=title,
    )


def step(
    action: str, from_: str, to: str, by: Collection[RoleName], says: str, guard: str | None = None
) -> Transition:
    """One row of a table."""
    return Transition(action, from_, to, frozenset(by), guard, says)


def from_each(
    action: str,
    origins: tuple[str, ...],
    to: str,
    by: Collection[RoleName],
    says: str,
    guard: str | None = None,
) -> tuple[Transition, ...]:
    """The same step from several states."""
    return tuple(step(action, origin, to, by, says, guard) for origin in origins)


def faults(found: StateMachine) -> Iterator[str]:
    """Everything that is wrong with a table; nothing for a whole one."""
    yield from _name_faults(found)
    known = set(found.states)
    if set(found.owners) != known or set(found.sentences) != known or not known:
        yield "each state needs exactly one owner and one sentence"
        return
    yield from _step_faults(found)
    if any({row.from_, row.to} - known for row in found.transitions):
        yield "a step names a state that is not there"
        return
    for state in found.states:
        yield from _state_faults(found, state)
    for state in known - _reached(found, {found.states[0]}):
        yield f"{state} cannot be reached"
    for state in known - _can_end(found):
        yield f"no end can be reached from {state}"


def _name_faults(found: StateMachine) -> Iterator[str]:
    if len(set(found.states)) != len(found.states):
        yield "a state is named twice"
    names = (found.name, *found.states, *(row.action for row in found.transitions))
    for name in names:
        if not _NAME.fullmatch(name):
            yield f"{name!r} is not a name"


def _step_faults(found: StateMachine) -> Iterator[str]:
    for (state, action), times in Counter(
        (row.from_, row.action) for row in found.transitions
    ).items():
        if times > 1:
            yield f"{action} from {state} is written twice"
    for row in found.transitions:
        where = f"{row.action} from {row.from_}"
        if not row.by or not row.by <= set(ROLES):
            yield f"{where} is for no role, or for one that is not there"
        if row.guard is not None and row.guard not in GUARDS:
            yield f"{where} has an unknown guard"
        if not row.says.endswith("."):
            yield f"{where} has no sentence"


def _state_faults(found: StateMachine, state: str) -> Iterator[str]:
    owner = found.owners[state]
    if owner not in OWNERS:
        yield f"{state} has an unknown owner"
        return
    if not found.sentences[state].endswith("."):
        yield f"{state} has no sentence"
    leaving = [row for row in found.transitions if row.from_ == state]
    if owner == "nobody":
        if leaving:
            yield f"{state} has ended and can be left"
        return
    # A step back into the same state does not end the turn.
    if not any(row.by & OWNER_ROLES[owner] and row.to != state for row in leaving):
        yield f"{state} belongs to {owner}, who cannot end the turn"


def _reached(found: StateMachine, begun: set[str]) -> set[str]:
    reached = set(begun)
    while True:
        more = {row.to for row in found.transitions if row.from_ in reached} - reached
        if not more:
            return reached
        reached |= more


def _can_end(found: StateMachine) -> set[str]:
    ending = {state for state in found.states if found.owners[state] == "nobody"}
    while True:
        more = {row.from_ for row in found.transitions if row.to in ending} - ending
        if not more:
            return ending
        ending |= more


def _either(roles: frozenset[RoleName]) -> str:
    words = [ROLE_WORDS[role] for role in ROLES if role in roles]
    shown = [word if word.startswith("the ") else f"the {word}" for word in words]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
