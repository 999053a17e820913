"""A model held against models made again by the same code: a control, and people in and out (S2).

First the code runs on the very release of its job. What it makes must be the model that asks to
leave, or one that says the same: else the code that was hashed did not make it. Then it runs on
samples of the people of the release and of those held out. These models must say of people whom
neither saw much the same as the one that asks to leave: else the code does something else where it
is tested, and what its models tell is no measure of this one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from commonweal.airlock.models.attacks import Said
from commonweal.airlock.models.retraining import RECIPE, Retrainer, Samples, design
from commonweal.airlock.models.telling import Teller
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import sha256_file, thaw_and_remove
from commonweal.papers.refusal import PermitRefused

Array = npt.NDArray[np.float64]
Inside = npt.NDArray[np.bool_]
_FEWEST = 10
"""People whom neither model saw, under whom nothing is said of how like two models are."""


@dataclass(frozen=True)
class MadeAgain:
    """What came of it. made, asked: models on samples of people; how many there are and were to be.

    apart: how far the control says something else than the model; None where there is no control.
    said: what the model and each of the others say of each person, and who was trained on in which.
    unlike: how far the others are from it (0 to 1). why: what ended it before its end. same_recipe:
    whether the code left the very recipe each time, whatever people it saw: then it tells of none.
    """

    made: int
    asked: int
    apart: float | None
    said: tuple[Array, Array, Inside]
    unlike: float = 0.0
    why: CommonwealError | None = None
    same_recipe: bool = False

    @property
    def sentence(self) -> str | None:
        """Why it did not come to its end, for a reviewer: words of ours, none of the code's."""
        if self.why is None:
            return None
        how = f"{self.made} of {self.asked} models were made on other people"
        if self.apart is None:
            how += ", and none on the same"
        return f"{self.why.sentence} {how}, so nothing was told by them."

    def plain(self) -> dict[str, Any]:
        """For the card, as JSON values."""
        apart = None if self.apart is None or np.isinf(self.apart) else round(self.apart, 6)
        return {
            "made": self.made, "asked": self.asked, "control": self.apart is not None,
            "apart": apart, "unlike": round(self.unlike, 4), "same_recipe": self.same_recipe,
            "why": None if self.why is None else self.why.code,
        }  # fmt: skip


@dataclass
class Making:
    """Models as they are made, one after another.

    said: what the model says of members and of others. folder: of ours, in which samples and models
    lie. recipe: the hash of the recipe's file beside the model that asks to leave.
    """

    teller: Teller
    retrainer: Retrainer
    samples: Samples
    said: tuple[Said, Said]
    folder: Path
    recipe: str | None
    apart: float | None = field(default=None, init=False)
    same_recipe: bool = field(default=True, init=False)
    shadows: list[Array] = field(default_factory=list, init=False)

    def control(self) -> None:
        """Run the code on the release of its job."""
        folder = _new(self.folder, "again")
        model = self._made(self.samples.same(_new(folder, "sample")), folder)
        self.apart = self.teller.apart(model, *self.said)
        thaw_and_remove(folder)

    def shadow(self, people: pa.Array) -> None:
        """Run the code on all rows of these people."""
        folder = _new(self.folder, f"shadow-{len(self.shadows)}")
        model = self._made(self.samples.of(people, _new(folder, "sample")), folder)
        said = self.teller.said(model, *(one.of for one in self.said))
        self.shadows.append(np.concatenate([one.by_person() for one in said]))
        thaw_and_remove(folder)

    def _made(self, sample: Path, folder: Path) -> Path:
        model = self.retrainer.retrain(sample, _new(folder, "model"))
        beside = model.with_name(f"{model.stem}{RECIPE}")
        found = sha256_file(beside) if beside.is_file() and not beside.is_symlink() else None
        self.same_recipe = self.same_recipe and found is not None and found == self.recipe
        return model


def make_again(making: Making, shadows: int, chance: np.random.Generator) -> MadeAgain:
    """Make the control and models on `shadows` samples of people; what they say.

    Where the code leaves no model that can be read, or time is over, what was made until then is
    counted and no more is made. Raises `PermitRefused` where the permit ended, and `Unavailable`:
    then there is no verdict.
    """
    mine, theirs = making.said
    inside = design(mine.of.people, theirs.of.people, shadows, chance)
    codes = pa.concat_arrays([mine.of.codes, theirs.of.codes])
    why: CommonwealError | None = None
    try:
        making.control()
        for chosen in inside:
            making.shadow(codes.filter(pa.array(chosen)))
    except PermitRefused:
        raise
    except (Fault, Refused) as error:
        why = error
    count = len(making.shadows)
    target = np.concatenate([one.by_person() for one in making.said])
    told, seen = np.array(making.shadows).reshape(count, len(target)), inside[:count]
    others = slice(mine.of.people, None)
    away = unlike(target[others], told[:, others], seen[:, others])
    same = why is None and making.same_recipe
    return MadeAgain(count, shadows, making.apart, (target, told, seen), away, why, same)


def unlike(target: Array, shadows: Array, inside: Inside) -> float:
    """How far models are from another in what they say of people whom neither saw: 0 to 1.

    target: what it says of each person held out from it. shadows, inside: the same of each model,
    and whether it saw the person. For each model the largest distance of the two distributions
    (Kolmogorov and Smirnov); the median over models, so that a few odd ones do not count.
    """
    from scipy.stats import ks_2samp

    found = [
        float(ks_2samp(target[~seen], said[~seen], method="asymp").statistic)
        for said, seen in zip(shadows, inside, strict=True)
        if (~seen).sum() >= _FEWEST
    ]
    return float(np.median(found)) if found else 0.0


def _new(folder: Path, name: str) -> Path:
    made_here = folder / name
    made_here.mkdir()
    return made_here
