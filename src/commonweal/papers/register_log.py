"""The register held against the public log: what it says and the log does not, and what it lacks.

Anyone who has both can do this; nothing secret is needed. Hashes alone would not show that an
entry, an output or a recall was left out, so the log's own list is the measure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commonweal.papers.register import Register, RegisterEntry
from commonweal.papers.register_outputs import RegisterOutput

HAPPENED: Mapping[str, str] = {
    "permit.issued": "issued",
    "permit.paused": "paused",
    "permit.suspended": "suspended",
    "permit.resumed": "resumed",
    "permit.superseded": "superseded",
    "permit.revoked": "revoked",
    "permit.closed": "closed",
    "permit.reviewed": "reviewed",
    "release.completed": "release_completed",
    "release.data_key_destroyed": "release_destroyed",
}
"""Events of the public log about a permit, and how the register calls them."""
ISSUED, REVIEWED = "permit.issued", "permit.reviewed"
RELEASED, RECALLED = "output.released", "output.recalled"
SHOWN = (*HAPPENED, RELEASED, RECALLED)
"""Every event of the public log that the register tells of."""

Logged = Sequence[tuple[int, Mapping[str, Any]]]
"""Entries of the public log with their places, in order."""


def by_permit(entries: Iterable[tuple[int, Mapping[str, Any]]]) -> dict[str, Logged]:
    """What the register tells of, by the permit that it is about, in the order of the log."""
    found: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for index, entry in entries:
        if entry.get("type") in SHOWN:
            found.setdefault(str(entry.get("permit")), []).append((index, entry))
    return dict(found)


def outputs_named(entries: Logged) -> dict[str, dict[str, Any]]:
    """The outputs in these entries as the log alone knows them, by their ids, as JSON values."""
    found: dict[str, dict[str, Any]] = {}
    for index, entry in entries:
        kind, output = entry.get("type"), str(entry.get("output"))
        if kind == RELEASED and output not in found:
            fields = {key: entry.get(key) for key in ("release", "at", "output_hash", "overrides")}
            found[output] = {"output": output, "entry": index, **fields}
        elif kind == RECALLED and "recalled" not in found.get(output, {"recalled": None}):
            found[output]["recalled"] = {
                "at": entry.get("at"), "entry": index, "reasons_hash": entry.get("reasons_hash"),
                **({"given_to": entry["given_to"]} if "given_to" in entry else {}),
            }  # fmt: skip
    return found


def outputs_logged(entries: Logged) -> tuple[RegisterOutput, ...]:
    """The same as the register has them: without any words.

    Raises `PaperInvalid` for an entry that no ledger of ours would hold.
    """
    return tuple(output_logged(one) for one in outputs_named(entries).values())


def output_logged(named: Mapping[str, Any]) -> RegisterOutput:
    """One of `outputs_named`. Raises `PaperInvalid`."""
    return RegisterOutput.read(dict(named), "An output of the log")


def same_as_logged(told: RegisterOutput, logged: RegisterOutput) -> bool:
    """True if `told` says of an output what the log says; a recall may be missing in it."""
    recall = logged.recalled if told.recalled is not None else None
    bare = told.model_copy(
        update={
            "said": None,
            "recalled": None if told.recalled is None
            else told.recalled.model_copy(update={"said": None}),
        }
    )  # fmt: skip
    return bare == logged.model_copy(update={"recalled": recall})


@dataclass(frozen=True)
class Compared:
    """`wrong`: what the register says and the log does not. `missing`: what the log has, and the
    register has not. `wordless`: outputs and recalls whose words the register does not have."""

    wrong: tuple[str, ...]
    missing: tuple[str, ...]
    wordless: tuple[str, ...]

    @property
    def same(self) -> bool:
        """True if the register is what the log says, and all of it."""
        return not self.wrong and not self.missing


def compare(register: Register, entries: Iterable[tuple[int, Mapping[str, Any]]]) -> Compared:
    """Hold a register that was checked (`Register.check`) against all entries of the public log.

    Raises `PaperInvalid`, as `outputs_logged`.
    """
    logged = by_permit(entries)
    wrong, missing, wordless = list[str](), list[str](), list[str]()
    seen = set[str]()
    for entry in register.entries:
        if entry.id in seen:
            wrong.append(f"permit {entry.id}: it is there twice")
        seen.add(entry.id)
        happened = logged.get(entry.id, ())
        false, lacking = compare_events(entry, happened)
        wrong += false
        missing += lacking
        _compare_outputs(entry, happened, wrong, missing)
        wordless += _wordless(entry)
    missing += [f"permit {name}" for name in logged if name not in seen]
    return Compared(tuple(wrong), tuple(missing), tuple(wordless))


def compare_events(entry: RegisterEntry, happened: Logged) -> tuple[list[str], list[str]]:
    """What is wrong with the events of a permit, and what is missing among them."""
    events = {i: e for i, e in happened if e["type"] in HAPPENED}
    told = {one.entry: one.plain() for one in entry.events}
    wrong = [
        f"permit {entry.id}: entry {index} of the log is not what it says"
        for index, one in told.items()
        if index not in events or one != event_told(index, events[index])
    ]
    if len(told) != len(entry.events):
        wrong.append(f"permit {entry.id}: an entry of the log is there twice")
    _compare_issued(entry, events, wrong)
    return wrong, [f"permit {entry.id}: entry {i} of the log" for i in events if i not in told]


def _compare_issued(
    entry: RegisterEntry, events: Mapping[int, Mapping[str, Any]], wrong: list[str]
) -> None:
    issued = next((e for e in events.values() if e["type"] == ISSUED), None)
    plain = entry.plain()
    said = (plain["permit_hash"], plain["active_from"])
    if issued is None or (issued.get("permit_hash"), issued.get("active_from")) != said:
        wrong.append(f"permit {entry.id}: the log has another permit of this name, or none")
    reviewed = [e.get("review_hash") for e in events.values() if e["type"] == REVIEWED]
    if [one.review_hash for one in entry.reviews] != reviewed[: len(entry.reviews)]:
        wrong.append(f"permit {entry.id}: its yearly reviews are not those of the log")


def event_told(index: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """One event of the log as the register tells of it."""
    reason = {"reason": entry["reason"]} if "reason" in entry else {}
    return {"what": HAPPENED[entry["type"]], "at": entry["at"], "entry": index, **reason}


def _compare_outputs(
    entry: RegisterEntry, happened: Logged, wrong: list[str], missing: list[str]
) -> None:
    logged = {one.output: one for one in outputs_logged(happened)}
    for one in entry.outputs:
        there = logged.get(one.output)
        if there is None or not same_as_logged(one, there):
            wrong.append(f"output {one.output}: it is not what the log says")
        elif there.recalled is not None and one.recalled is None:
            missing.append(f"output {one.output}: that it was recalled")
    told = {one.output for one in entry.outputs}
    missing += [f"output {name}" for name in logged if name not in told]


def _wordless(entry: RegisterEntry) -> list[str]:
    found = [f"output {one.output}" for one in entry.outputs if one.said is None]
    return found + [
        f"output {one.output}: why it was recalled"
        for one in entry.outputs
        if one.recalled is not None and one.recalled.said is None
    ]
