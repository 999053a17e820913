"""What a permit in force was made from: the base that a change is written upon and held against.

It is the approved version as the decision left it: without what was refused, in the coarser forms,
until the earlier last day. So nobody types anew what they have, nor asks by mistake again for what
they were refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commonweal.governance.application.answers import FormAnswers
from commonweal.governance.application.decided import DecisionLike, granted_forms, narrow
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.application.wanted import Asked, Data, Place


@dataclass(frozen=True)
class Standing:
    """What stands under the permit `permit`. `conditions`: those of its decision."""

    permit: str
    content: ApplicationContent
    answers: tuple[FormAnswers, ...]
    catalogue_digest: str
    conditions: tuple[str, ...]


def standing_of(permit: str, version: ApplicationVersion, decision: DecisionLike) -> Standing:
    """What was allowed by `decision` of `version`. Raises what `narrow` raises."""
    return Standing(
        permit=permit,
        content=allowed_content(version, decision),
        answers=version.answers,
        catalogue_digest=version.catalogue_digest,
        conditions=tuple(decision.conditions),
    )


def allowed_content(version: ApplicationVersion, decision: DecisionLike) -> ApplicationContent:
    """The sections of `version` as `decision` left them. Raises what `narrow` raises."""
    narrowed = narrow(version, decision)
    content = version.content
    granted, coarser = granted_forms(version, decision)
    period = content.period.model_copy(
        update={
            "ends": narrowed.ends,
            "review_dates": tuple(
                day for day in content.period.review_dates if day <= narrowed.ends
            ),
        }
    )
    data = _less(content.data, granted, coarser)
    return content.model_copy(update={"data": data, "period": period})


def _less(data: Data, granted: frozenset[Place], coarser: Mapping[Place, str]) -> Data:
    groups = []
    for group in data.groups:
        left = tuple(
            _in_form(item, coarser)
            for item in group.variables
            if item.place is not None and item.place in granted
        )
        if left:
            groups.append(group.model_copy(update={"variables": left}))
    return data.model_copy(update={"groups": tuple(groups)})


def _in_form(item: Asked, coarser: Mapping[Place, str]) -> Asked:
    form = coarser.get(item.place or ("", ""))
    return item if form is None else item.model_copy(update={"form": form})
