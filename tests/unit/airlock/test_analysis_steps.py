"""Steps of curves: a time at the end of a step lies in that step, whatever binary makes of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from commonweal.airlock.analysis.survival import step_ends, steps_of
from commonweal.enclave.study import fitting
from commonweal.enclave.study.errors import StudyError
from commonweal.foundation.errors import Refused
from tests.analysis_house import analysed, survival
from tests.unit.airlock.test_analysis_checking import KINDS, people


@pytest.mark.parametrize("width", ["0.01", "0.1", "0.29", "0.3", "0.7", "1", "1.1", "7", "30.5"])
def test_a_time_lies_in_the_step_that_decimals_say(width: str) -> None:
    step = Decimal(width)
    numbers = np.arange(1, 2001)
    at_ends = np.array([float(step * int(number)) for number in numbers])
    after = np.array([float(step * int(number) + Decimal("0.000001")) for number in numbers])
    for told in (step_ends, fitting.step_ends):
        assert told(at_ends, float(step)).tolist() == numbers.tolist()
        assert told(after, float(step)).tolist() == (numbers + 1).tolist()
        assert told(np.array([0.0]), float(step)).tolist() == [1]


def test_a_curve_counts_whoever_leaves_at_the_end_of_a_step_in_it() -> None:
    time = np.array([0.3] * 10 + [2.1] * 10 + [2.4] * 10)  # 2.1 / 0.3 is 7.000000000000001
    steps = steps_of(time, np.ones(30, np.bool_), 0.3)
    assert steps.end.tolist() == [1, 7, 8]
    assert steps.events.tolist() == [10, 10, 10]


def test_a_step_that_is_far_too_small_is_refused(tmp_path: Path) -> None:
    """Numbers of steps would run over what numbers hold, and be shown as times below 0."""
    with pytest.raises(Refused) as caught:
        analysed(tmp_path, KINDS, people(), survival(step=1e-19))
    assert caught.value.code == "CW-OUTPUT-CELLS"
    with pytest.raises(StudyError):
        list(fitting._curve([(400.0, 1)], 1e-19))
