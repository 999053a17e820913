"""The workshop and the answers to it: each point that people made is answered once (P6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from commonweal.governance.forms.answers import Answers
from commonweal.governance.problems import Problem

WORKSHOP, SYNTHESIS = "aia-workshop", "aia-synthesis"
POINTS, ANSWERED = "points", "answered_points"
_PLACE = f"answers.{ANSWERED}"


def point_problems(workshop: Answers, synthesis: Answers) -> tuple[Problem, ...]:
    """What is wrong with the answers to the points of a workshop; none if each has its one.

    A point is known by its place in the record, from 1.
    """
    return tuple(_point_problems(_rows(workshop, POINTS), _rows(synthesis, ANSWERED)))


def _point_problems(points: Any, answered: Any) -> Iterator[Problem]:
    numbers = Counter(row.get("number") for row in answered)
    missing = [number for number in range(1, len(points) + 1) if number not in numbers]
    if missing:
        shown = ", ".join(str(number) for number in missing[:10])
        more = " and more" if len(missing) > 10 else ""
        said = f"These points of the workshop have no answer yet: {shown}{more}."
        yield Problem(_PLACE, "CW-ANSWER-POINT", said)
    for number, count in sorted(numbers.items(), key=lambda one: str(one[0])):
        if not isinstance(number, int) or not 1 <= number <= len(points):
            said = "An answer names a point that is not in the record of the workshop."
            yield Problem(_PLACE, "CW-ANSWER-POINT", said)
        elif count > 1:
            said = f"Point {number} of the workshop is answered {count} times; answer it once."
            yield Problem(_PLACE, "CW-ANSWER-POINT", said)
    for row_number, row in enumerate(answered, 1):
        if row.get("outcome") in ("accepted", "partly") and not row.get("change"):
            said = f"Row {row_number}: say what you changed, because you accepted the point."
            place = f"{_PLACE}.{row_number}.change"
            yield Problem(place, "CW-ANSWER-MISSING", said)


def _rows(answers: Answers, table: str) -> Any:
    rows = answers.values.get(table, ())
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, tuple) else []
