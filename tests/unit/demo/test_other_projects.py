"""The plan of the demonstration's other projects: it can be shown, and fits together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from commonweal.demo.others.plan import Other, Plan, plan
from commonweal.demo.walkthrough import beside
from commonweal.governance.publishing.scanning import scan
from commonweal.governance.readability import WORST_AGE, measure
from commonweal.web.accounts.people import persona

PLAN = plan()
_AGE_OF_GRADE, _ENOUGH_WORDS = 5, 8


def told(whole: Plan) -> Iterator[tuple[str, str]]:
    """Everything that the public reads, with where it stands."""
    for one in whole.projects:
        texts = (one.title, one.summary, one.question, one.benefit, one.gains, one.nhs_share)
        yield from ((one.id, text) for text in texts if text)
        if one.decided is not None:
            yield from ((one.id, text) for text in (one.decided.summary, *one.decided.reasons))
        for after in one.after:
            yield from ((one.id, text) for text in after.told.values() if isinstance(text, str))
    yield from ((f"concern {one.ago}", one.answer) for one in whole.concerns if one.answer)
    yield from ((one.title, one.text) for one in whole.texts)
    yield from whole.interests.items()


def test_nothing_of_it_stops_being_published_and_no_figure_is_made_up() -> None:
    found = {
        (where, one.kind, one.words)
        for where, text in told(PLAN)
        for one in scan(text, cites=False)
        if one.weight == "stop"
    }
    assert found == set()
    assert scan("12 patients were told.", cites=False)  # so that figures are looked for


def test_it_is_in_plain_words() -> None:
    """A text of a few words has no reading age."""
    hard = {
        text: measure(text).grade + _AGE_OF_GRADE
        for _, text in told(PLAN)
        if len(text.split()) > _ENOUGH_WORDS and measure(text).grade + _AGE_OF_GRADE > WORST_AGE
    }
    assert hard == {}


def test_there_is_a_project_in_each_state_and_of_each_kind_of_organisation() -> None:
    assert len(PLAN.projects) >= 12
    assert len({one.id for one in PLAN.projects}) == len(PLAN.projects)
    assert {state_of(one) for one in PLAN.projects} == {
        "withdrawn", "under review", "refused", "offered", "planned", "active", "paused", "revoked",
        "closed", "run out",
    }  # fmt: skip
    kinds = {found.organisation[2] for one in PLAN.projects if (found := persona(one.by))}
    assert kinds == {"university", "nhs_body", "custodian", "company", "charity"}


def state_of(one: Other) -> str:
    """Where the plan leaves a project today."""
    if one.decided is None:
        return "withdrawn" if one.withdrawn is not None else "under review"
    if one.decided.verdict == "reject":
        return "refused"
    if one.agreed == "offered":
        return "offered"
    ended = {"close": "closed", "revoke": "revoked", "pause": "paused"}
    if one.after and one.after[-1].step in ended:
        return ended[one.after[-1].step]
    if one.ends > 0:
        return "run out"
    return "planned" if one.begins is not None and one.begins < 0 else "active"


@pytest.mark.parametrize("one", PLAN.projects, ids=lambda one: one.id)
def test_its_people_are_there_and_its_days_follow_each_other(one: Other) -> None:
    asks = persona(one.by)
    assert asks is not None
    assert asks.roles == ("applicant",)
    if one.decided is None:
        return
    assert one.sent > one.decided.ago
    assert one.decided.ago in {met.ago for met in PLAN.meetings}
    assert all(before > after for before, after in zip(
        (one.decided.ago, *(each.ago for each in one.after)), [each.ago for each in one.after],
        strict=False,
    ))  # fmt: skip
    if one.signs is not None:
        signs = persona(one.signs)
        assert signs is not None
        assert (signs.organisation, signs.roles) == (asks.organisation, ("signatory_applicant",))
    # Only the hospital's own projects need nobody else's signature.
    wants_nobody = asks.organisation[2] == "custodian" or one.decided.verdict == "reject"
    assert (one.signs is None) == wants_nobody


def test_what_is_told_is_about_projects_that_got_a_permit() -> None:
    permitted = {
        one.id for one in PLAN.projects
        if one.decided and one.decided.verdict != "reject" and one.agreed == "in_force"
    }  # fmt: skip
    assert {one.about for one in PLAN.texts if one.about} <= permitted
    assert all(one.happened >= one.ago for one in PLAN.texts)
    assert {one.kind for one in PLAN.texts} == {"incident", "concern", "benefit", "case_study"}
    begun = max(one.sent for one in PLAN.projects)
    assert begun < PLAN.begins <= beside.BEFORE.days


def test_documents_are_asked_of_those_who_need_them() -> None:
    by_id = {one.id: one.documents for one in PLAN.projects}
    assert by_id["asthma"] == ("protocol", "ethics")
    assert by_id["kidney"] == ("protocol", "ethics", "partner")
    assert by_id["weekend"] == ()


def test_what_there_is_to_see_is_said_in_full_only_where_it_is_there() -> None:
    whole, quick = (beside.what_to_see("serve", number) for number in (14, 0))
    assert any("/projects/refused/" in line for line in whole)
    assert not any("/projects/refused/" in line for line in quick)
