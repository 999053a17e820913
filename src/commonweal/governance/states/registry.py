"""Every state machine of the house, by its name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.amendment import AMENDMENT, RENEWAL
from commonweal.governance.states.annual_review import ANNUAL_REVIEW
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.closing import CLOSING
from commonweal.governance.states.concern import CONCERN
from commonweal.governance.states.decision import DECISION
from commonweal.governance.states.evidence import EVIDENCE
from commonweal.governance.states.framework import FRAMEWORK
from commonweal.governance.states.item import ITEM
from commonweal.governance.states.machine import StateMachine
from commonweal.governance.states.meeting import MEETING
from commonweal.governance.states.notice import NOTICE
from commonweal.governance.states.output import OUTPUT
from commonweal.governance.states.panel_question import PANEL_QUESTION
from commonweal.governance.states.permit import PERMIT
from commonweal.governance.states.question import QUESTION
from commonweal.governance.states.release import RELEASE
from commonweal.governance.states.review import REVIEW

MACHINES: Mapping[str, StateMachine] = MappingProxyType(
    {
        one.name: one
        for one in (
            APPLICATION,
            EVIDENCE,
            REVIEW,
            PANEL_QUESTION,
            MEETING,
            ITEM,
            QUESTION,
            DECISION,
            FRAMEWORK,
            AGREEMENT,
            PERMIT,
            RELEASE,
            OUTPUT,
            AMENDMENT,
            RENEWAL,
            ANNUAL_REVIEW,
            CLOSING,
            NOTICE,
            CONCERN,
        )
    }
)
"""In the order in which an application meets them."""
