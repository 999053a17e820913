"""The training recipe of a model: what the custodian needs to train it again and to attack it.

A model can hide its members, and a job that named its own test rows would choose them (S2): the
custodian tries attacks with hold-out people that no job sees, on this model and on shadow models
that come from running the same code again. The recipe says how.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commonweal.enclave.study.asking import Asker
from commonweal.enclave.study.columns import Column, Json
from commonweal.enclave.study.errors import StudyError

KINDS = (".onnx", ".safetensors", ".json")
MOST_FEATURES, MOST_WORDS, LONGEST_WORD = 5000, 64, 500
LARGEST_SEED = 2**32 - 1
_HALF = 0.5


@dataclass(frozen=True)
class Split:
    """How the study parts people: `share` of them (by person, never by row) test the model."""

    share: float = 0.2
    seed: int = 0


def recipe(
    asker: Asker,
    file: str,
    digest: str,
    command: object,
    seed: object,
    features: object,
    outcome: object,
    split: object,
) -> Json:
    """The recipe as plain JSON. Raises `StudyError`."""
    if Path(file).suffix.lower() not in KINDS:
        raise StudyError(f"name: a model leaves as {', '.join(KINDS)}.")
    words = list(command) if isinstance(command, Sequence) and not isinstance(command, str) else []
    fits = all(isinstance(word, str) and 0 < len(word) <= LONGEST_WORD for word in words)
    if not 1 <= len(words) <= MOST_WORDS or not fits:
        raise StudyError(
            'command: give the words that train the model again, as ["python", "train.py"].'
        )
    listed = [features] if isinstance(features, Column | str) else features
    if not isinstance(listed, Sequence) or not 1 <= len(listed) <= MOST_FEATURES:
        raise StudyError("features: give the columns that the model looks at, in their order.")
    columns = [asker.column(one, "features") for one in listed]
    answer = asker.column(outcome, "outcome")
    names = [(one.table, one.name) for one in (*columns, answer)]
    if len(set(names)) < len(names):
        raise StudyError("features: a column is used twice, or is the outcome as well.")
    return {
        "recipe": 1,
        "model": file,
        "sha256": digest,
        "table": asker.table.name,
        "command": words,
        "seed": _seed(seed, "seed"),
        "features": [one.plain() for one in columns],
        "outcome": answer.plain(),
        "split": _split(split),
    }


def _split(given: object) -> Json:
    if not isinstance(given, Split):
        raise StudyError("split: give study.Split(share=0.2, seed=1).")
    share = given.share
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= _HALF:
        raise StudyError("split: the share of people who test a model is from 0 to 0.5.")
    return {"share": float(share), "seed": _seed(given.seed, "split")}


def _seed(seed: object, argument: str) -> int:
    whole = isinstance(seed, int) and not isinstance(seed, bool)
    if not whole or not 0 <= seed <= LARGEST_SEED:  # type: ignore[operator]
        raise StudyError(f"{argument}: a seed is a whole number from 0 to {LARGEST_SEED}.")
    return int(seed)  # type: ignore[call-overload,no-any-return]
