"""Measured risk: how likely it is that somebody could be recognised in a release.

Equivalence classes by patient, closeness, risk against a population, uniqueness, SUDA, power over
events, candidate date shifts, the gate against a permit's limits, hints for the data manager and
the report for the committee.
"""

from __future__ import annotations

from commonweal.vault.risk.classes import class_figures, low_l_people, small_class_people
from commonweal.vault.risk.costs import Cost
from commonweal.vault.risk.depth import EVERYTHING, Deepening, Deeper, Depth
from commonweal.vault.risk.events import EventFigures, gaps_of
from commonweal.vault.risk.figures import Figures
from commonweal.vault.risk.gate import Breach, RiskRefused, check_limits
from commonweal.vault.risk.hint import Hint, Without, smallest_change
from commonweal.vault.risk.leave_out import (
    KnownPart,
    LeftOut,
    RiskView,
    people_to_leave_out,
    view_figures,
)
from commonweal.vault.risk.measuring import measure
from commonweal.vault.risk.page import report_html
from commonweal.vault.risk.report import MoreFigures, overall, risk_json
from commonweal.vault.risk.sentences import chance_in_words, share_in_words
from commonweal.vault.risk.settled import Settled
from commonweal.vault.risk.shift import (
    MOST_WEEKS,
    Calendar,
    ReleasedDates,
    ShiftFigures,
    calendar_of,
    shift_candidates,
    trim_window,
)
from commonweal.vault.risk.statistics import More
from commonweal.vault.risk.whose import people_by_value, rows_of_each

__all__ = [
    "EVERYTHING",
    "MOST_WEEKS",
    "Breach",
    "Calendar",
    "Cost",
    "Deepening",
    "Deeper",
    "Depth",
    "EventFigures",
    "Figures",
    "Hint",
    "KnownPart",
    "LeftOut",
    "More",
    "MoreFigures",
    "ReleasedDates",
    "RiskRefused",
    "RiskView",
    "Settled",
    "ShiftFigures",
    "Without",
    "calendar_of",
    "chance_in_words",
    "check_limits",
    "class_figures",
    "gaps_of",
    "low_l_people",
    "measure",
    "overall",
    "people_by_value",
    "people_to_leave_out",
    "report_html",
    "risk_json",
    "rows_of_each",
    "share_in_words",
    "shift_candidates",
    "small_class_people",
    "smallest_change",
    "trim_window",
    "view_figures",
]
