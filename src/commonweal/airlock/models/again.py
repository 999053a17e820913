"""A model held against models made again by the same code: a control, and people in and out (S2).

First the code runs on the very release of its job. What it makes must be the model that asks to
leave, or one that says the same: else the code that was hashed did not make it. Then it runs on
samples of the people of the release and of those held out. These models must say of people whom
neither saw much the same as the one that asks to leave: else the code does something else where it
is tested, and what its models tell is no measure of this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from commonweal.airlock.models.attacks import Said
from commonweal.airlock.models.limits import ModelLimits
from commonweal.airlock.models.retraining import Retrainer, Samples, design
from commonweal.airlock.models.telling import Teller
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import thaw_and_remove
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
    unlike: how far the others are from it (0 to 1). why: what ended it before its end.
    """

    made: int
    asked: int
    apart: float | None
    said: tuple[Array, Array, Inside]
    unlike: float = 0.0
    why: CommonwealError | None = None

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
            "apart": apart, "unlike": round(self.unlike, 4),
            "why": None if self.why is None else self.why.code,
        }  # fmt: skip


def make_again(
    teller: Teller, retrainer: Retrainer, samples: Samples, said: tuple[Said, Said],
    limits: ModelLimits, folder: Path, chance: np.random.Generator,
) -> MadeAgain:  # fmt: skip
    """Make the control and `limits.shadows` models; what they say.

    said: what the model says of members and of others. folder: of ours, in which samples and models
    lie one after another. Where the code leaves no model that can be read, or time is over, what
    was made until then is counted and no more is made. Raises `PermitRefused` where the permit
    ended, and `Unavailable`: then there is no verdict.
    """
    making = _Making(teller, retrainer, samples, said, folder)
    inside = design(said[0].of.people, said[1].of.people, limits.shadows, chance)
    try:
        for chosen in inside:
            if making.apart is None:
                making.control()
            making.shadow(chosen)
    except PermitRefused:
        raise
    except (Fault, Refused) as error:
        return making.result(inside, error)
    return making.result(inside, None)


class _Making:
    def __init__(
        self, teller: Teller, retrainer: Retrainer, samples: Samples, said: tuple[Said, Said],
        folder: Path,
    ) -> None:  # fmt: skip
        self._teller, self._retrainer, self._samples = teller, retrainer, samples
        self._said, self._folder = said, folder
        self._codes = pa.concat_arrays([one.of.codes for one in said])
        self._shadows: list[Array] = []
        self.apart: float | None = None

    def control(self) -> None:
        folder = _new(self._folder, "again")
        sample = self._samples.same(_new(folder, "sample"))
        model = self._retrainer.retrain(sample, _new(folder, "model"))
        self.apart = self._teller.apart(model, *self._said)
        thaw_and_remove(folder)

    def shadow(self, chosen: Inside) -> None:
        folder = _new(self._folder, f"shadow-{len(self._shadows)}")
        people = self._codes.filter(pa.array(chosen))
        sample = self._samples.of(people, _new(folder, "sample"))
        model = self._retrainer.retrain(sample, _new(folder, "model"))
        said = self._teller.said(model, *(one.of for one in self._said))
        self._shadows.append(np.concatenate([one.by_person() for one in said]))
        thaw_and_remove(folder)

    def result(self, inside: Inside, why: CommonwealError | None) -> MadeAgain:
        made, asked = len(self._shadows), len(inside)
        target = np.concatenate([one.by_person() for one in self._said])
        shadows = np.array(self._shadows).reshape(made, len(target))
        members = self._said[0].of.people
        away = unlike(target[members:], shadows[:, members:], inside[:made, members:])
        return MadeAgain(made, asked, self.apart, (target, shadows, inside[:made]), away, why)


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
