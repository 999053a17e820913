"""A role for one project counts for that project, and for nothing else: role, scope, action."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.entry import Actor
from tests.web.desk.conftest import ai_data, assessment_of, in_state, sent
from tests.web.desk.test_assessing import done, held, planned

ALL, THIS, OTHER = "", "this", "other"


def give(who: str, role: str, project: str = "") -> Any:
    """The person; they hold this role at the hospital, and no other."""
    from commonweal.web.accounts.models import Membership, Organisation, User
    from commonweal.web.accounts.services import give_role
    from commonweal.web.ledgerlink.models import governed_write

    person = User.objects.get(public_id=who)
    with governed_write():
        Membership.objects.filter(user=person).delete()
    hospital = Organisation.objects.get(kind="custodian")
    give_role(person, hospital, role, Actor("system", "tests"), project=project)
    return User.objects.get(public_id=who)


def code(act: Callable[[], Any]) -> str:
    """The code of what `act` raises; empty where it does not."""
    try:
        act()
    except CommonwealError as error:
        return error.code
    return ""


# --- what policies say ----------------------------------------------------------------------------


def sees_desk(person: Any, row: Any, day: Any) -> Any:
    from commonweal.web.desk.policies import standing_of

    return standing_of(person, row.reference, day).roles


def sees_releases(person: Any, row: Any, day: Any) -> Any:
    from commonweal.web.releases.policies import check_see

    return check_see(person, row.reference, day)


def invites(person: Any, row: Any, day: Any) -> Any:
    from commonweal.web.accounts.policies import check_invite

    role = "data_manager" if "ig_officer" in person.roles_on(day) else "co_applicant"
    role = "committee_lay" if "committee_secretary" in person.roles_on(day) else role
    hospital = person.memberships.get().organisation
    return check_invite(person, hospital, role, day, row.reference)


def manages(person: Any, _row: Any, day: Any) -> Any:
    from commonweal.web.accounts.policies import check_manage

    return check_manage(person, day)


def keeps(person: Any, _row: Any, day: Any) -> Any:
    from commonweal.web.accounts.policies import check_organisation

    return check_organisation(person, day)


def agreements(person: Any, row: Any, day: Any) -> Any:
    from commonweal.foundation.errors import Refused
    from commonweal.web.projects.policies import applications_of

    if not applications_of(person, day).filter(pk=row.pk).exists():
        raise Refused("CW-WEB-DENIED", "Not seen.")


def records(person: Any, row: Any, day: Any) -> Any:
    from commonweal.foundation.errors import Refused
    from commonweal.web.committee.policies import SECRETARY, roles_of

    if SECRETARY not in roles_of(person, day, row.reference):
        raise Refused("CW-WEB-DENIED", "Not the secretary.")


TABLE = (
    # role, action, for which scopes it may be done
    ("ig_officer", sees_desk, {ALL, THIS}),
    ("data_manager", sees_desk, {ALL, THIS}),
    ("dpo", sees_desk, {ALL, THIS}),
    ("data_manager", sees_releases, {ALL, THIS}),
    ("ig_officer", sees_releases, {ALL, THIS}),
    ("information_asset_owner", sees_releases, {ALL, THIS}),
    ("caldicott_guardian", sees_releases, {ALL, THIS}),
    ("ig_officer", invites, {ALL, THIS}),
    ("data_manager", invites, {ALL, THIS}),
    ("committee_secretary", invites, {ALL, THIS}),
    ("committee_secretary", records, {ALL, THIS}),
    ("ig_officer", manages, {ALL}),
    ("data_manager", manages, {ALL}),
    ("committee_secretary", manages, {ALL}),
    ("ig_officer", keeps, {ALL}),
    ("data_manager", keeps, {ALL}),
    ("ig_officer", agreements, {ALL}),
    ("caldicott_guardian", agreements, {ALL}),
    ("signatory_custodian", agreements, {ALL}),
)


def test_role_scope_and_action(amara: Any) -> None:
    from commonweal.web.config import clock

    row, day = in_state(sent(amara), "screening"), clock.today()
    scopes = {ALL: "", THIS: row.reference, OTHER: "a-bcdfghjklm"}
    for role, action, may in TABLE:
        for scope, project in scopes.items():
            person = give("tara", role, project)
            found = code(lambda a=action, p=person: a(p, row, day))
            assert (found == "") is (scope in may), (role, scope, action.__name__, found)


# --- workshops that take several applications -----------------------------------------------------


@pytest.fixture
def two(amara: Any, browser_of: Any) -> list[Any]:
    rows = [in_state(sent(amara, ai_data()), "screening") for _ in range(2)]
    for one in rows:
        done(browser_of("edward"), one, "pass_screening")
    return rows


@pytest.mark.parametrize(("scope", "may"), [(ALL, True), (THIS, True), (OTHER, False)])
def test_who_can_be_named_to_lead_a_workshop(
    two: list[Any], browser_of: Any, clock: Any, scope: str, may: bool
) -> None:
    row, other = two
    give("nadia", "facilitator", {ALL: "", THIS: row.reference, OTHER: other.reference}[scope])
    on = clock.now().date() + timedelta(days=10)
    edward = browser_of("edward")
    if may:
        planned(edward, row, on)
        return
    with pytest.raises(AssertionError, match=r"valid choice|facilitator for this project"):
        planned(edward, row, on)
    assert assessment_of(row).workshop is None


def test_nobody_joins_a_workshop_whose_facilitator_is_for_another_project(
    two: list[Any], browser_of: Any, clock: Any
) -> None:
    first, second = two
    give("nadia", "facilitator", first.reference)
    on = clock.now().date() + timedelta(days=10)
    edward = browser_of("edward")
    planned(edward, first, on)
    with pytest.raises(AssertionError, match="facilitator for this project"):
        done(edward, second, "schedule", {"workshop": assessment_of(first).workshop.reference})
    assert assessment_of(second).state == "screened"


def test_a_facilitator_for_one_project_does_not_record_a_shared_workshop(
    two: list[Any], browser_of: Any, clock: Any
) -> None:
    """It would count for the other application, too."""
    first, second = two
    on = clock.now().date() + timedelta(days=10)
    edward = browser_of("edward")
    planned(edward, first, on)
    planned(edward, second, on, assessment_of(first).workshop.reference)
    give("leon", "facilitator", first.reference)
    clock.advance(timedelta(days=10))
    answer = held(browser_of("leon"), first, on)
    assert answer.status_code == 403
    assert [assessment_of(one).state for one in two] == ["workshop_scheduled"] * 2
    assert held(browser_of("nadia"), first, on).status_code == 302
    assert [assessment_of(one).state for one in two] == ["workshop_held"] * 2


def test_nobody_is_added_to_write_by_a_role_for_another_project(amara: Any) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.applications.services import colleagues

    row = sent(amara)
    bethan = User.objects.get(public_id="bethan")
    assert bethan in colleagues(row)
    (role,) = bethan.memberships.all()
    for project, there in ((row.reference, True), ("a-bcdfghjklm", False)):
        type(role).objects.filter(pk=role.pk)._raw_delete("default")
        role.pk, role.project = None, project
        from commonweal.web.ledgerlink.models import governed_write

        with governed_write():
            role.save()
        assert (bethan in colleagues(row)) is there
