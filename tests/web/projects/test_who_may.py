"""Role, state, action: the whole table, written out by hand; and whose agreement is whose."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.roles import PERSON_ROLES
from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.permit import PERMIT
from tests.web.projects.room import Road, code, user

FROM = "permitted"

OFFICERS = {"caldicott_guardian", "siro"}
SIGNATORIES = {"signatory_applicant", "signatory_custodian"}
BACK = {"applicant", *SIGNATORIES}
OPEN = ("with_officers", "guardian_signed", "siro_signed")


def each(states: tuple[str, ...], roles: set[str]) -> dict[str, set[str]]:
    """The same roles in several states."""
    return dict.fromkeys(states, roles)


MAY: dict[str, dict[str, set[str]]] = {
    "offer": {"drafted": {"ig_officer"}},
    "ask_for_change": {"offered": {"applicant", "signatory_applicant"}},
    "accept": {"offered": {"signatory_applicant"},
               "accepted_by_applicant": {"signatory_custodian"}},
    "accept_internal_terms": {"offered": {"signatory_custodian"}},
    "withdraw": each(("drafted", "offered", "accepted_by_applicant", *OPEN, "paused"), BACK),
    "countersign_as_guardian": each(("with_officers", "siro_signed"), {"caldicott_guardian"}),
    "countersign_as_siro": each(("with_officers", "guardian_signed"), {"siro"}),
    "pause": each(OPEN, OFFICERS),
    "stop": {"countersigned": OFFICERS},
    "go_on": {"paused": OFFICERS},
    "refuse": each((*OPEN, "paused"), OFFICERS),
}  # fmt: skip
"""Step of an agreement: state: the people's roles that may take it. Nobody else may."""

_STOPPING = OFFICERS | {"information_asset_owner", "dpo", "ig_officer"}
_LIVE = ("announced", "active", "paused", "suspended")
STEPS: dict[str, dict[str, set[str]]] = {
    "pause": {"active": _STOPPING | {"data_manager"}},
    "suspend": each(("announced", "active", "paused"), _STOPPING),
    "resume": {"paused": OFFICERS, "suspended": OFFICERS},
    "revoke": each((*_LIVE, "expired"), OFFICERS),
    "close": each((*_LIVE, "expired"), OFFICERS | {"ig_officer"}),
}  # fmt: skip
"""Step of a permit: state: who can sign it."""


def test_every_step_of_an_agreement_is_for_these_roles_only(db: None) -> None:
    from commonweal.web.projects.policies import role_for_step

    for action, state, role in itertools.product(MAY, AGREEMENT.states, PERSON_ROLES):

        def asked(action: str = action, state: str = state, role: str = role) -> None:
            role_for_step(AGREEMENT, state, action, frozenset({role}))

        allowed = role in MAY[action].get(state, set())
        assert (code(asked) == "") is allowed, (action, state, role)


def test_every_step_of_a_permit_is_for_these_roles_only(db: None) -> None:
    from commonweal.web.projects.policies import can_permit_step, check_permit_step

    for kind, state, role in itertools.product(STEPS, PERMIT.states, PERSON_ROLES):
        allowed = role in STEPS[kind].get(state, set())
        assert can_permit_step(kind, state, role) is allowed, (kind, state, role)
        found = code(lambda k=kind, s=state, r=role: check_permit_step(k, s, r))
        assert (found == "") is allowed


PEOPLE = {
    "amara": "applicant", "bethan": "co_applicant", "colin": "signatory_applicant",
    "edward": "ig_officer", "grace": "committee_chair", "owen": "caldicott_guardian",
    "priya": "siro", "vera": "signatory_custodian", "divya": "applicant of another",
}  # fmt: skip


@pytest.mark.slow
def test_what_people_do_without_signing(road: Road) -> None:
    """The same through the use cases, for people in every state that an agreement can have."""
    from django.db import transaction

    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.projects import services
    from commonweal.web.projects.models import Agreement

    row = road.agreement
    uses: dict[str, Callable[[Any, Any], Any]] = {
        "ask_for_change": lambda person, it: services.ask_for_change(person, it, "Words"),
        "withdraw": services.withdraw,
        "pause": lambda person, it: services.pause(person, it, "Reasons"),
        "go_on": services.go_on,
    }
    for (action, use), state, who in itertools.product(uses.items(), AGREEMENT.states, PEOPLE):
        table = MAY["stop"] if (action, state) == ("pause", "countersigned") else MAY[action]
        allowed = PEOPLE[who] in table.get(state, set())
        with transaction.atomic():
            with governed_write():
                Agreement.objects.filter(pk=row.pk).update(state=state, stopped_by=PEOPLE[who])
            row.refresh_from_db()
            found = code(lambda use=use, who=who: use(user(who), row))
            transaction.set_rollback(True)
        assert (found == "") is allowed, (action, state, who, found)


INSIDE = ("colin", "amara", "edward", "owen", "rosa")
OUTSIDE = ("divya", "bethan", "grace", "irene", "tara")


def test_nobody_else_sees_an_agreement_or_a_permit(
    road: Road, browser_of: Callable[[str], Any]
) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role

    company = Organisation.objects.get(public_id="brightscan")
    give_role(user("divya"), company, "signatory_applicant", Actor("system", "tests"))
    agreement, permit = road.agreement, road.permit
    framework = agreement.framework.reference
    seen = (f"/permits/agreements/{agreement.reference}/", f"/permits/{permit.reference}/",
            f"/permits/agreements/{agreement.reference}/print",
            f"/permits/agreements/{agreement.reference}/text")  # fmt: skip
    hidden = (*seen, f"/permits/{permit.reference}/signed", f"/permits/{permit.reference}/ga4gh",
              f"/permits/{permit.reference}/revoke/", f"/permits/frameworks/{framework}/",
              f"/permits/agreements/{agreement.reference}/countersign/",
              f"/permits/agreements/for/{road.application.reference}/",
              f"/permits/frameworks/for/{road.application.reference}/")  # fmt: skip
    for who in INSIDE:
        client = browser_of(who)
        assert permit.reference in client.get("/permits/").content.decode(), who
        assert [client.get(path).status_code for path in seen] == [200] * 4, who
    for who in OUTSIDE:
        client = browser_of(who)
        shown = client.get("/permits/").content.decode()
        assert permit.reference not in shown, who
        assert agreement.reference not in shown, who
        for path in hidden:
            assert client.get(path).status_code == 404, (who, path)
            assert client.post(path).status_code in (404, 405), (who, path)


def test_the_file_is_for_those_whom_the_permit_names(
    road: Road, browser_of: Callable[[str], Any]
) -> None:
    path = f"/permits/{road.permit.reference}/signed"
    assert browser_of("amara").get(path).content == bytes(road.permit.content)
    assert browser_of("farah").get(path).status_code == 200
    assert browser_of("colin").get(path).status_code == 403


@pytest.mark.parametrize("path", ["countersign/", "again/"])
def test_these_pages_are_for_staff(road: Road, browser_of: Callable[[str], Any], path: str) -> None:
    there = f"/permits/agreements/{road.agreement.reference}/{path}"
    assert browser_of("colin").post(there, {"verdict": "agree"}).status_code == 403
    assert browser_of("amara").post(there, {"verdict": "agree"}).status_code == 403
