"""Checking a resource with the models of `fhir.resources` (R4B), imported only here and late."""

from __future__ import annotations

import re
from typing import Any

from commonweal.foundation.canonical import check_depth
from commonweal.foundation.errors import Fault, Unavailable

_HARMLESS = re.compile(r"[A-Za-z_]{1,48}", re.ASCII)


def check_resource(data: Any, what: str) -> str:
    """The type of a Questionnaire or QuestionnaireResponse that keeps the rules of FHIR R4.

    Raises `Fault` CW-FHIR-INVALID, naming the element and never what it holds, and `Unavailable`
    CW-FHIR-UNAVAILABLE without `fhir.resources`.
    """
    kind = data.get("resourceType") if isinstance(data, dict) else None
    if kind not in ("Questionnaire", "QuestionnaireResponse"):
        raise Fault("CW-FHIR-INVALID", f"{what} is no FHIR Questionnaire or QuestionnaireResponse.")
    check_depth(data, what, "CW-FHIR-INVALID")
    models = _models()
    from pydantic import ValidationError

    try:
        models[kind].model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(_shown(one) for one in first["loc"]) or "the whole"
        raise Fault(
            "CW-FHIR-INVALID", f"{what} breaks the rules of FHIR R4: element {place}."
        ) from None
    except (ValueError, TypeError, AttributeError, RecursionError, ArithmeticError):
        # Its own checks raise plain errors for some values; their texts quote the value.
        raise Fault("CW-FHIR-INVALID", f"{what} breaks the rules of FHIR R4.") from None
    return str(kind)


def _models() -> dict[str, Any]:
    try:
        from fhir.resources.R4B.questionnaire import Questionnaire
        from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
    except ImportError:
        raise Unavailable(
            "CW-FHIR-UNAVAILABLE",
            "FHIR resources cannot be checked: the package fhir.resources is not installed.",
            remedy="Install Commonweal with its extra web.",
        ) from None
    return {"Questionnaire": Questionnaire, "QuestionnaireResponse": QuestionnaireResponse}


def _shown(part: int | str) -> str:
    if isinstance(part, int):
        return str(part + 1)
    return part if _HARMLESS.fullmatch(part) else "(other name)"
