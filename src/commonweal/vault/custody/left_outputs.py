"""What the airlock says in public of outputs: `airlock/released/<id>/public.json`, `recall.json`.

The vault never imports the airlock; only these papers pass between them. Neither is believed: each
must be what the ledger committed to, and what is not is left out.
"""

from __future__ import annotations

from pathlib import Path

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import read_bytes
from commonweal.papers.output_manifest import OutputRecall
from commonweal.papers.register_outputs import PublicOutput, RegisterOutput
from commonweal.vault.custody.holding import Custody

RELEASED = Path("airlock") / "released"
PUBLIC, RECALL = "public.json", "recall.json"
_MOST_BYTES = 256 * 1024


def with_words(
    custody: Custody, logged: RegisterOutput, permit: str, project: str
) -> RegisterOutput:
    """An output of the log, with what is said of it where that is what was logged."""
    folder = custody.home.path / RELEASED / logged.output
    told = logged.model_copy(update={"said": _said(folder / PUBLIC)})
    if told.fault(permit, project) is not None:
        told = logged
    if logged.recalled is not None:
        recall = logged.recalled.model_copy(update={"said": _recall(folder / RECALL)})
        if recall.fault(logged.output) is None:
            told = told.model_copy(update={"recalled": recall})
    return told


def lacks_words(one: RegisterOutput) -> bool:
    """True if something is missing that the airlock may still put there."""
    return one.said is None or (one.recalled is not None and one.recalled.said is None)


def has_new_words(custody: Custody, one: RegisterOutput, permit: str, project: str) -> bool:
    """True if words that were missing are there now."""
    return lacks_words(one) and with_words(custody, one, permit, project) != one


def _said(path: Path) -> PublicOutput | None:
    try:
        plain = parse_json(read_bytes(path, "An output", limit=_MOST_BYTES), "An output")
        return PublicOutput.read(plain, "An output")
    except CommonwealError:
        return None


def _recall(path: Path) -> OutputRecall | None:
    try:
        plain = parse_json(read_bytes(path, "A recall", limit=_MOST_BYTES), "A recall")
        return OutputRecall.read(plain, "A recall")
    except CommonwealError:
        return None
