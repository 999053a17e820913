"""What the Data Protection Officer advised on an impact assessment (UK GDPR Article 35(2), 39)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from commonweal.papers.base import Identifier, Line, Moment, Paper, Sha256, Text

AdviceVerdict = Literal["content", "content_with_conditions", "not_content"]
ADVICE_WORDS: dict[AdviceVerdict, str] = {
    "content": "The assessment is sound",
    "content_with_conditions": "The assessment is sound, with conditions",
    "not_content": "The assessment is not sound",
}


class DpoAdvice(Paper):
    """Advice on one version. `assessment_digest`: of the answers that were read."""

    advice: Literal[1]
    person: Identifier
    version_digest: Sha256
    assessment_digest: Sha256
    verdict: AdviceVerdict
    words: Text
    conditions: Annotated[tuple[Line, ...], Field(max_length=50)] = ()
    at: Moment

    @model_validator(mode="after")
    def _hangs_together(self) -> DpoAdvice:
        if (self.verdict == "content_with_conditions") is not bool(self.conditions):
            raise ValueError("conditions go with the advice that names them")
        return self
