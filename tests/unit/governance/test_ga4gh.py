"""A permit in the words of GA4GH: nothing that the permit does not say, and never for longer."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from commonweal.governance.ga4gh import PURPOSE_CODES, VISA_LIFE, duo_codes, visas
from commonweal.papers.permit import Permit
from commonweal.papers.vocabulary import PURPOSES
from tests import factories

ISSUER = "https://data.example.nhs.uk"


def permit(**changes: object) -> Permit:
    return factories.permit(**changes)


def test_every_purpose_has_a_line_and_no_other() -> None:
    assert set(PURPOSE_CODES) == set(PURPOSES)


@pytest.mark.parametrize(
    ("purposes", "code"),
    [
        (["research"], "DUO:0000006"),
        (["ai_train", "research"], "DUO:0000006"),
        (["clinical_audit"], None),
    ],
)
def test_a_purpose_becomes_its_code_once(purposes: list[str], code: str | None) -> None:
    found = [one.code for one in duo_codes(permit(purposes=purposes)) if one.of == "purposes"]
    assert found == [code]


def test_limits_of_every_permit_are_there_and_what_no_code_says() -> None:
    found = duo_codes(permit())
    codes = [one.code for one in found if one.code]
    assert {"DUO:0000025", "DUO:0000026", "DUO:0000027", "DUO:0000028"} <= set(codes)
    assert len(codes) == len(set(codes))
    assert [one.label for one in found if one.code is None] == ["nobody may be re-identified"]


def test_a_visa_for_each_person_that_holds_an_hour() -> None:
    paper = permit()
    at = paper.begins + timedelta(days=1)
    made = visas(paper, issuer=ISSUER, at=at)
    assert [one["sub"] for one in made] == [one.id for one in paper.people]
    for one in made:
        assert one["exp"] - one["iat"] == VISA_LIFE.total_seconds()
        visa = one["ga4gh_visa_v1"]
        assert set(visa) == {"type", "asserted", "value", "source", "by"}
        assert (visa["type"], visa["by"]) == ("ControlledAccessGrants", "dac")
        assert visa["asserted"] <= one["iat"]
        assert visa["value"] == f"{ISSUER}/data/{paper.dataset.dataset}/"
    assert paper.people[0].name not in json.dumps(made)


def test_no_visa_before_the_first_and_after_the_last_moment() -> None:
    paper = permit()
    assert visas(paper, issuer=ISSUER, at=paper.begins - timedelta(seconds=1)) == []
    last = factories.NOW.replace(
        year=paper.until.year, month=paper.until.month, day=paper.until.day, hour=23, minute=59
    )
    (one, *_) = visas(paper, issuer=ISSUER, at=last)
    assert one["exp"] - one["iat"] == 60
    assert visas(paper, issuer=ISSUER, at=last + timedelta(minutes=1)) == []
