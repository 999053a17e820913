"""Events of texts that the public reads, and of concerns that people raise.

What somebody wrote to the hospital stands on the sealed log as a commitment only.
"""

from __future__ import annotations

from commonweal.ledger.event_type import COMMITTED, HASHED, EventType, optional, word
from commonweal.ledger.fields import Field

_NOTICE = Field("notice")
_CONCERN = Field("concern")
NOTICE_KINDS = ("incident", "concern", "benefit", "case_study", "change")

ABOUT_PUBLIC: tuple[EventType, ...] = (
    EventType("notice.moved", "sealed", "A text for the public took a step.",
              {"notice": _NOTICE, "step": word("write", "offer", "send_back", "drop")}),
    EventType("notice.published", "public", "A text for the public was published, after a second "
              "person had looked at it.",
              {"notice": _NOTICE, "kind": word(*NOTICE_KINDS), "text_hash": HASHED,
               "permit": optional("permit")}),
    EventType("notice.taken_down", "public", "A text for the public was taken down.",
              {"notice": _NOTICE, "text_hash": HASHED, "reasons_hash": HASHED}),
    EventType("concern.received", "sealed", "Somebody raised a concern.",
              {"concern": _CONCERN, "words": COMMITTED}),
    EventType("concern.moved", "sealed", "A concern took a step.",
              {"concern": _CONCERN, "step": word("take_up", "withdraw")}),
    EventType("concern.answered", "sealed", "A concern was answered.",
              {"concern": _CONCERN, "answer": COMMITTED,
               "outcome": word("upheld", "partly", "not_upheld", "not_ours")}),
)  # fmt: skip
