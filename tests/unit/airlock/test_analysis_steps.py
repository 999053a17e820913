"""Steps of curves: a time at the end of a step lies in that step, whatever binary makes of it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from commonweal.airlock.analysis.survival import step_of, steps_of
from commonweal.enclave.study import fitting
from commonweal.enclave.study.errors import StudyError


@pytest.mark.parametrize("width", ["0.01", "0.1", "0.29", "0.3", "0.7", "1", "1.1", "7", "30.5"])
def test_a_time_lies_in_the_step_that_decimals_say(width: str) -> None:
    step = Decimal(width)
    numbers = np.arange(1, 2001)
    at_ends = np.array([float(step * int(number)) for number in numbers])
    after = np.array([float(step * int(number) + Decimal("0.000001")) for number in numbers])
    for told in (step_of, fitting.step_ends):
        assert told(at_ends, float(step)).tolist() == numbers.tolist()
        assert told(after, float(step)).tolist() == (numbers + 1).tolist()
        assert told(np.array([0.0]), float(step)).tolist() == [1]


def test_a_curve_counts_whoever_leaves_at_the_end_of_a_step_in_it() -> None:
    time = np.array([0.3] * 10 + [2.1] * 10 + [2.4] * 10)  # 2.1 / 0.3 is 7.000000000000001
    steps = steps_of(time, np.ones(30, np.bool_), 0.3)
    assert steps.end.tolist() == [1, 7, 8]
    assert steps.events.tolist() == [10, 10, 10]


def test_times_far_beyond_all_steps_are_in_the_last_one() -> None:
    """Numbers of steps would run over what numbers hold, and be shown as times below 0."""
    assert step_of(np.array([1.0, 1e308]), 1e-6).tolist() == [1_000_000, 10**15]
    with pytest.raises(StudyError):
        list(fitting._curve([(400.0, 1)], 1e-6))
