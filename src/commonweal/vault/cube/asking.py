"""`feasibility ask`: the band of a declared figure, from the frozen cube and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commonweal.papers.cube import Answer, FrozenCube, read_question
from commonweal.vault.cube.keeping import newest_cube
from commonweal.vault.custody import Custody, find_permit, load_permit, status_of


@dataclass(frozen=True)
class Asked:
    """A question, its answer, and the cube that gave it."""

    question: dict[str, str]
    answer: Answer
    cube: FrozenCube


def ask(custody: Custody, dataset: str, pairs: Sequence[str]) -> Asked:
    """Answer `dimension=category` pairs about `dataset`.

    No patient's data are looked at. Raises `WrongUsage` CW-CUBE-QUESTION, `Unavailable`
    CW-CUBE-MISSING, `PermitRefused` where the standing permit is not live: all of them hang on
    declaration, time and permit only.
    """
    cube = newest_cube(custody, dataset)
    permit = load_permit(custody, find_permit(custody, cube.permit_id))
    permit.check("open", None, custody.clock.now(), status_of(custody, permit))
    question = read_question(pairs)
    return Asked(question, cube.answer(question), cube)
