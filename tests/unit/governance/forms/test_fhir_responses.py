"""Answers as FHIR R4: what comes from outside is taken, named or refused, and never lost."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.fhir import questionnaire, read_response, response
from commonweal.governance.forms.fhir.names import DRAFT
from tests.form_samples import COMPLETE, answers, mangled, sample


def test_answers_of_a_wrong_type_are_kept_as_typed() -> None:
    made = response(sample(), answers({"name": "Asthma", "people": 20}))
    made["item"][1]["item"][0]["answer"] = [{"valueString": "lots"}]
    back = read_response(sample(), made)
    assert back.answers == answers({"name": "Asthma"}, as_typed={"people": "lots"})
    assert [(one.where, one.code) for one in back.problems] == [("people", "CW-QUESTION-FOREIGN")]


def test_items_that_the_form_does_not_ask_are_named() -> None:
    made = response(sample(), answers({"name": "Asthma"}))
    made["item"].append({"linkId": "moon", "answer": [{"valueString": "x"}]})
    back = read_response(sample(), made)
    assert back.answers == answers({"name": "Asthma"})
    assert [one.where for one in back.problems] == ["moon"]


@pytest.mark.parametrize(
    "quantity",
    [
        {"value": 1, "code": "USD", "system": "urn:iso:std:iso:4217"},
        {"value": 1},
        {"value": 1.005, "code": "GBP", "system": "urn:iso:std:iso:4217"},
    ],
)
def test_only_pounds_and_pence_are_money(quantity: dict[str, Any]) -> None:
    made = response(sample(), answers({"cost": 5}))
    made["item"][0]["item"][0]["answer"] = [{"valueQuantity": quantity}]
    back = read_response(sample(), made)
    assert "cost" not in back.answers.values
    assert back.answers.as_typed["cost"]


@pytest.mark.parametrize(
    "change",
    [
        {"questionnaire": "urn:commonweal:form:sample|2"},
        {"questionnaire": "urn:commonweal:form:other|1"},
        {"questionnaire": "urn:commonweal:form:sample"},
    ],
)
def test_a_response_belongs_to_one_version(change: dict[str, Any]) -> None:
    made = response(sample(), answers({"name": "x"})) | change
    with pytest.raises(Fault, match="CW-ANSWER-OTHER"):
        read_response(sample(), made)


@pytest.mark.parametrize(
    "inside",
    [
        b"not json",
        b"[]",
        canonical({"moon": 1}),
        canonical({"values": []}),
        canonical({"values": {"Name": 1}}),
        canonical({"as_typed": {"a.b": "x"}}),
        canonical({"aside": [{"question": 1}]}),
        canonical({"values": {"name": {"a": 1}}}),
    ],
)
def test_a_forged_draft_is_a_fault(inside: bytes) -> None:
    made = response(sample(), answers({"name": "x"}))
    text = base64.b64encode(inside).decode()
    made["extension"] = [{"url": DRAFT, "valueBase64Binary": text}]
    with pytest.raises(Fault, match="CW-FHIR-INVALID"):
        read_response(sample(), made)


def test_a_patient_is_no_response() -> None:
    for data in ({"resourceType": "Patient"}, questionnaire(sample())):
        with pytest.raises(Fault, match="CW-FHIR-INVALID"):
            read_response(sample(), data)


def test_only_errors_of_ours_come_out_of_values_of_other_kinds() -> None:
    tried = 0
    for data in mangled(response(sample(), answers(COMPLETE))):
        tried += 1
        try:
            assert isinstance(read_response(sample(), data).answers, Answers)
        except CommonwealError:
            continue
    assert tried > 300
