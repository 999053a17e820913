"""C2SP tlog-policy: which logs, which witnesses, and how many of them make a checkpoint good.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> <k|any|all> <name>...
    quorum <name|none>

A policy is all that a reader needs beside a proof file. Names are the policy's own; what is trusted
are the keys. Every rule of the format that can be checked is checked: a policy that two readers
could understand differently is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Self

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.note import COSIGNATURE, ED25519, VerifierKey

MAX_BYTES = 100_000
NONE = "none"
_SPACES = re.compile(r"[ \t]+")
_COUNT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


def invalid(sentence: str) -> Fault:
    """The error for a policy that is not what its format says."""
    return Fault("CW-LEDGER-POLICY-INVALID", sentence)


@dataclass(frozen=True)
class NamedWitness:
    """One witness: its name in the policy, its key, and where it is asked (if that is known)."""

    name: str
    key: VerifierKey
    url: str | None = None


@dataclass(frozen=True)
class WitnessPolicy:
    """A read policy. `groups`: name to (how many, of which members)."""

    logs: tuple[VerifierKey, ...]
    witnesses: tuple[NamedWitness, ...]
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = NONE

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read a policy file. Raises `Fault` CW-LEDGER-POLICY-INVALID."""
        reading = _Reading()
        for number, line in enumerate(_lines(text), 1):
            words = _SPACES.split(line.strip(" \t"))
            if words == [""] or words[0].startswith("#"):
                continue
            try:
                reading.take(words)
            except CommonwealError as error:
                raise invalid(f"Line {number} of the policy is wrong: {error.sentence}") from None
        if reading.quorum is None:
            raise invalid("The policy has no quorum line.")
        return cls(
            tuple(reading.logs), tuple(reading.witnesses.values()), reading.groups, reading.quorum
        )

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys of all witnesses."""
        return tuple(one.key for one in self.witnesses)

    @property
    def asks(self) -> bool:
        """True if the policy asks for witnesses at all."""
        return self.quorum != NONE

    def satisfied(self, signed: Collection[VerifierKey]) -> bool:
        """True if these cosigners are enough."""
        if not self.asks:
            return True
        state = {one.name: one.key in signed for one in self.witnesses}
        for name, (needed, members) in self.groups.items():  # a group names earlier ones only
            state[name] = sum(state[member] for member in members) >= needed
        return state[self.quorum]

    def format(self) -> str:
        """The policy as text."""
        lines = [f"log {key}" for key in self.logs]
        lines += [
            f"witness {one.name} {one.key}" + (f" {one.url}" if one.url else "")
            for one in self.witnesses
        ]
        lines += [
            f"group {name} {needed} {' '.join(members)}"
            for name, (needed, members) in self.groups.items()
        ]
        return "\n".join([*lines, f"quorum {self.quorum}"]) + "\n"


class _Reading:
    """A policy while it is read, line by line."""

    def __init__(self) -> None:
        self.logs: list[VerifierKey] = []
        self.witnesses: dict[str, NamedWitness] = {}
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.quorum: str | None = None
        self._in_groups: set[str] = set()

    def take(self, words: Sequence[str]) -> None:
        """Take in one line."""
        kind, *rest = words
        if kind == "log" and len(rest) in (1, 2):
            self._log(rest[0])
        elif kind == "witness" and len(rest) in (2, 3):
            self._witness(rest[0], rest[1], rest[2] if len(rest) == 3 else None)
        elif kind == "group" and len(rest) >= 3:
            self._group(rest[0], rest[1], tuple(rest[2:]))
        elif kind == "quorum" and len(rest) == 1:
            self._quorum(rest[0])
        else:
            raise invalid("it is not a line of a policy.")

    def _log(self, text: str) -> None:
        key = _key(text, ED25519)
        if any(key.public == other.public for other in self.logs):
            raise invalid("a log's key is there twice.")
        self.logs.append(key)

    def _witness(self, name: str, text: str, url: str | None) -> None:
        self._new(name)
        key = _key(text, COSIGNATURE)
        if any(key.public == other.key.public for other in self.witnesses.values()):
            raise invalid("a witness's key is there twice.")
        self.witnesses[name] = NamedWitness(name, key, url)

    def _group(self, name: str, count: str, members: tuple[str, ...]) -> None:
        self._new(name)
        for member in members:
            if not self._known(member):
                raise invalid("a group names something that was not defined before.")
            if member in self._in_groups:
                raise invalid("a name is a member of groups twice.")
            self._in_groups.add(member)
        words = {"any": 1, "all": len(members)}
        needed = words.get(count, int(count) if _COUNT.fullmatch(count) else 0)
        if not 1 <= needed <= len(members):
            raise invalid("a group asks for a number of members that it does not have.")
        self.groups[name] = (needed, members)

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise invalid("there are two quorum lines.")
        if name != NONE and not self._known(name):
            raise invalid("the quorum names something that was not defined before.")
        self.quorum = name

    def _known(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _new(self, name: str) -> None:
        if name == NONE or self._known(name):
            raise invalid("a name is defined twice, or is the word none.")


def _key(text: str, kind: int) -> VerifierKey:
    key = VerifierKey.parse(text)
    if key.kind != kind:
        raise invalid("the key is of the wrong type for this line.")
    return key


def _lines(text: str | bytes) -> list[str]:
    try:
        whole = text.decode("utf-8") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise invalid("The policy is not valid UTF-8.") from error
    if len(whole) > MAX_BYTES:
        raise invalid("The policy is too long.")
    if any((ord(c) < 0x20 and c not in "\t\n") or ord(c) == 0x7F for c in whole):
        raise invalid("The policy holds a control character.")
    if whole and not whole.endswith("\n"):
        raise invalid("The policy does not end in a newline.")
    return whole.split("\n")
