"""What a verification found: the figures, and each fault with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from commonweal.foundation.errors import Fault

MAX_FAULTS = 100

KINDS = {
    "database_damaged": "The file is not a database, or the database is damaged.",
    "schema_changed": "A table or guard (trigger) is missing, changed, or not ours.",
    "setting_changed": "The database is not in the mode in which it is durable.",
    "intent_missing": "The numbers of the intents have a gap, or the last ones are gone.",
    "intent_changed": "The row of an intent does not agree with its entry.",
    "intent_skipped": "An intent has no place although later ones have.",
    "intent_waiting": "An intent waits for its place (a fault only where that is asked for).",
    "body_changed": "The bytes of an entry are not those that were hashed.",
    "entry_invalid": "An entry is not canonical, of an unknown type, or has a wrong field.",
    "entry_orphan": "An entry has no intent.",
    "index_wrong": "An entry is not at the index where it belongs.",
    "leaf_changed": "A leaf hash is not that of its entry.",
    "node_changed": "A stored subtree is not that of its leaves.",
    "node_missing": "A stored subtree is not there.",
    "node_extra": "A stored subtree belongs to no leaves.",
    "time_backwards": "An intent is earlier than the one before it.",
    "first_entry": "The ledger does not begin with its trust policy, or that changed its kind.",
    "permit_order": "An event does not fit the state in which its permit was.",
    "policy_order": "A change of the trust policy does not follow from the one before it.",
    "roster_order": "A change of the roster does not follow from the one before it.",
    "projection_wrong": "The table of permit states does not follow from the entries.",
    "carried_wrong": "The table of what a service handed over does not fit the entries.",
    "detail_missing": "An entry commits to details that have no row, or the other way round.",
    "detail_key_changed": "The row of some details names another key than their entry does.",
    "detail_wrong": "Details that could be opened are not those of their entry.",
    "seal_wrong": "A daily seal is not the root of the sealed log at its size.",
    "epoch_wrong": "The table of epochs does not follow from the entries.",
    "checkpoint_wrong": "A signed checkpoint is not the root of the log at its size.",
    "checkpoint_beyond": "A signed checkpoint covers entries that are not there.",
    "checkpoint_unsigned": "A checkpoint is badly formed or its signature does not hold.",
    "checkpoint_key": "A checkpoint is signed with a key that was not in use at its size.",
    "key_order": "A key of the log is added or retired out of turn.",
    "checkpoint_missing": "A checkpoint that was signed is not stored any more.",
    "memory_missing": "The signer's memory of what it signed is gone or damaged.",
    "cosignature_wrong": "A witness's line under a checkpoint does not hold.",
    "cosignature_time": "A witness's line is older than an entry that it covers.",
    "quorum_missing": "An entry waits too long for the witnesses that the policy asks for.",
}
"""The closed list of kinds of fault."""


@dataclass(frozen=True)
class LedgerFault:
    """One fault. `place`: such as `public entry 12`; `sentence` is for people."""

    kind: str
    place: str
    sentence: str
    log: str | None = None
    index: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fault as `--json` prints it; `index` is that of the first entry concerned."""
        return {
            "kind": self.kind,
            "place": self.place,
            "log": self.log,
            "index": self.index,
            "sentence": self.sentence,
        }


@dataclass
class LogReport:
    """One log. `signed`: the size that the newest good checkpoint covers; `witnessed`: the newest
    with the witnesses that the policy asks for (0 without a policy).
    """

    entries: int = 0
    root: str = ""
    signed: int = 0
    checkpoint: str | None = None
    checkpoints: int = 0
    witnesses: list[str] = field(default_factory=list)
    witnessed: int = 0
    intents_left: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The figures of one log."""
        return dict(vars(self))


@dataclass
class Report:
    """What a verification found. `entries` and `intents_left` count both logs together."""

    logs: dict[str, LogReport]
    faults: list[LedgerFault] = field(default_factory=list)
    more_faults: int = 0
    details: dict[str, int] = field(default_factory=dict)
    epoch: int = 1

    def add(
        self, kind: str, place: str, *, log: str | None = None, index: int | None = None
    ) -> None:
        """Note a fault. After `MAX_FAULTS` they are only counted."""
        if len(self.faults) >= MAX_FAULTS:
            self.more_faults += 1
            return
        sentence = f"{KINDS[kind]} ({place})"
        self.faults.append(LedgerFault(kind, place, sentence, log, index))

    @property
    def entries(self) -> int:
        """The number of entries in both logs."""
        return sum(log.entries for log in self.logs.values())

    @property
    def intents_left(self) -> int:
        """The number of intents that wait for their place."""
        return sum(log.intents_left for log in self.logs.values())

    def as_dict(self) -> dict[str, Any]:
        """The document that `ledger verify --json` prints; `root`, `checkpoint` and `witnesses`
        are those of the public log.
        """
        public = self.logs["public"]
        return {
            "entries": self.entries,
            "root": public.root,
            "checkpoint": public.checkpoint,
            "witnesses": public.witnesses,
            "intents_left": self.intents_left,
            "faults": [fault.as_dict() for fault in self.faults],
            "more_faults": self.more_faults,
            "epoch": self.epoch,
            "details": self.details,
            "logs": {name: log.as_dict() for name, log in self.logs.items()},
        }

    def require_sound(self) -> None:
        """Raise `Fault` CW-LEDGER-BROKEN with the first fault, if there is one."""
        if self.faults:
            number = len(self.faults) + self.more_faults
            raise Fault("CW-LEDGER-BROKEN", f"{self.faults[0].sentence} Faults found: {number}.")
