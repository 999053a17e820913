"""Organisations and their dates, invitations, and the first account of a home."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from tests.web.conftest import Page, new_client
from tests.web.test_accounts import PASSWORD, log_in
from tests.web.test_people import as_, at_person

DIRECTORY = "/account/directory/"


# --- organisations ------------------------------------------------------------------------------


def organisation(by: Any, id_: str, **more: str) -> Any:
    asked = {"name": "Another Name", "kind": "charity", "reference": "123", **more}
    return by.post(f"{DIRECTORY}organisations/{id_}/", asked)


def test_assurance_is_entered_with_its_event(db: None) -> None:
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.ledgerlink.models import Intent

    days = {"assured_until_day": "31", "assured_until_month": "march", "assured_until_year": "2027"}
    answer = organisation(as_("farah"), "university", **days)
    assert answer.status_code == 302, Page(answer).text
    row = Organisation.objects.get(public_id="university")
    assert (row.name, row.kind, row.reference) == ("Another Name", "charity", "123")
    assert row.assured_until is not None
    event = Intent.objects.last().event()
    assert event.type == "account.organisation_set"
    assert event.fields == {"organisation": "university", "assured_until": "2027-03-31"}
    assert organisation(as_("edward"), "new", name="A new one").status_code == 302
    assert Organisation.objects.get(name="A new one").kind == "charity"


@pytest.mark.parametrize(
    ("who", "id_", "more", "said"),
    [
        ("kate", "university", {}, "data manager or the information governance officer"),
        ("farah", "university", {"name": "Brightscan Ltd (fictional)"}, "has this name"),
        ("farah", "university", {"name": ""}, "Enter the organisation"),
        ("farah", "university", {"name": "a\u202eb"}, "cannot be shown"),
        ("farah", "university", {"kind": "custodian"}, "is not changed"),
        ("farah", "new", {"kind": "custodian"}, "is not changed"),
        ("farah", "meadowbank", {}, "is not changed"),
        ("farah", "university", {"assured_until_day": "31", "assured_until_month": "2",
                                 "assured_until_year": "2027"}, "must be a real date"),
        ("farah", "nowhere", {}, "no such organisation"),
    ],
)  # fmt: skip
def test_what_cannot_be_entered_of_an_organisation(
    db: None, who: str, id_: str, more: dict[str, str], said: str
) -> None:
    from commonweal.web.accounts.models import Organisation

    before = list(Organisation.objects.values())
    assert said in Page(organisation(as_(who), id_, **more)).text
    assert list(Organisation.objects.values()) == before


def test_accreditation_is_entered_for_others_with_its_event(db: None) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.ledgerlink.models import Intent

    days = {"until_day": "1", "until_month": "6", "until_year": "2027"}
    farah = as_("farah")
    assert farah.post(at_person("amara", "until/"), days).status_code == 302
    assert User.objects.get(public_id="amara").accredited_until is not None
    assert Intent.objects.last().event().fields == {"person": "amara", "until": "2027-06-01"}
    assert farah.post(at_person("farah", "until/"), days).status_code == 403
    assert as_("kate").post(at_person("amara", "until/"), days).status_code == 403
    farah.post(at_person("amara", "until/"), {})
    assert User.objects.get(public_id="amara").accredited_until is None


# --- invitations --------------------------------------------------------------------------------


def test_invitations_are_sent_again_and_withdrawn(db: None) -> None:
    from commonweal.web.accounts.models import Invitation

    farah = as_("farah")
    asked = {"email": "t@example.org", "organisation": "meadowbank", "role": "clinician"}
    farah.post("/account/invite/", asked)
    row = Invitation.objects.get()
    first = row.draw_secret()
    way = f"{DIRECTORY}invitations/{row.pk}/"
    assert as_("kate").post(f"{way}resend/").status_code == 403
    assert as_("kate").post(f"{way}withdraw/").status_code == 403
    assert as_("edward").post(f"{way}resend/").status_code == 302
    assert new_client().get(f"/account/invitation/{first}/").status_code == 400
    row.refresh_from_db()
    assert row.invited_by.public_id == "edward"
    second = row.draw_secret()
    assert new_client().get(f"/account/invitation/{second}/").status_code == 200
    assert "Waiting" in Page(farah.get(f"{DIRECTORY}invitations/")).text
    assert farah.post(f"{way}withdraw/").status_code == 302
    assert new_client().get(f"/account/invitation/{second}/").status_code == 400
    assert "Withdrawn" in Page(farah.get(f"{DIRECTORY}invitations/")).text
    for deed in ("resend/", "withdraw/"):
        assert farah.post(way + deed).status_code == 403
    assert farah.post(f"{DIRECTORY}invitations/999999/resend/").status_code == 404


# --- the first account --------------------------------------------------------------------------


@pytest.fixture
def real(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this were a real home, with nobody in it."""
    from dataclasses import replace

    from django.conf import settings

    from commonweal.web.accounts.models import Membership, Organisation, User
    from commonweal.web.ledgerlink.models import governed_write

    monkeypatch.setattr(settings, "HOME", replace(settings.HOME, kind="standard"))
    with governed_write():
        Membership.objects.all().delete()
    User.objects.all().delete()
    Organisation.objects.all().delete()


def test_the_first_officer_is_let_in_by_who_runs_the_home(real: None) -> None:
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.first import make_first
    from commonweal.web.ledgerlink.models import Intent
    from tests.web.house import NAME

    link = make_first("First@example.org", "First Officer")
    assert link.startswith("http://localhost:8000/account/password/reset/key/")
    assert Organisation.objects.get().name == NAME
    assert Intent.objects.last().event().type == "account.role_given"
    client = new_client()
    way = client.get(link.removeprefix("http://localhost:8000"))["Location"]
    client.post(way, {"password1": PASSWORD, "password2": PASSWORD})
    log_in(client, "first@example.org")
    assert client.get(DIRECTORY)["Location"] == "/account/second-factor/"
    assert "does not work" in Page(new_client().get(link)).text
    with pytest.raises(CommonwealError, match="CW-WEB-ACCOUNT"):
        make_first("second@example.org", "Second")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "name"), [("x", "A B"), ("", "A B"), ("a@example.org", " "), ("a@example.org", "\n"),
                        ("a@example.org", "x" * 121)],
)  # fmt: skip
def test_the_first_officer_has_an_address_and_a_name(real: None, email: str, name: str) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.first import make_first

    with pytest.raises(CommonwealError, match="CW-WEB-REQUEST"):
        make_first(email, name)
    assert not User.objects.exists()


def test_a_demonstration_needs_no_first_officer(db: None) -> None:
    from commonweal.web.first import make_first

    with pytest.raises(CommonwealError, match="CW-WEB-ACCOUNT"):
        make_first("first@example.org", "First Officer")
