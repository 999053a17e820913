"""Invitations: who may bring in whom, for how long, and what ends them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from tests.web.conftest import Page, new_client
from tests.web.test_accounts import BY, PASSWORD, log_in
from tests.web.test_accounts import outbox as outbox


def invited(client: Any, role: str = "output_checker", email: str = "Tess@Example.org") -> str:
    """Invite as the data manager; returns the way in that the mail names."""
    from django.core import mail

    from commonweal.web.accounts.models import Organisation
    from commonweal.web.letters.post import deliver_due

    place = Organisation.objects.get(public_id="meadowbank")
    mail.outbox = []
    answer = client.post(
        "/account/invite/", {"email": email, "organisation": place.public_id, "role": role}
    )
    assert "Invitation sent" in Page(answer).text, Page(answer).text
    deliver_due()
    (sent,) = mail.outbox
    assert sent.to == [email.casefold()]
    found = re.search(r"http://localhost:8000(/account/invitation/\S+/)", sent.body)
    assert found is not None
    return found[1]


def test_an_invitation_makes_an_account_with_its_role(
    sign_in: Callable[[str], Any], outbox: None
) -> None:
    from commonweal.web.accounts.models import Invitation, User

    way = invited(sign_in("farah"))
    secret = way.rstrip("/").rpartition("/")[2]
    assert not Invitation.objects.filter(secret_hash=secret).exists()
    guest = new_client()
    assert "Farah Aziz has invited you" in Page(guest.get(way)).text
    short = Page(guest.post(way, {"name": "Tess Ting", "password": "tess"}))
    assert "too short" in short.text
    assert short.every("input", id="id_name")[0]["value"] == "Tess Ting"
    for name in ("Tess \u202egniT", "Tess\u200b Ting", "Tess\u00a0Ting"):
        hidden = Page(guest.post(way, {"name": name, "password": PASSWORD}))
        assert "characters that cannot be shown" in hidden.text
    done = guest.post(way, {"name": "Tess Ting", "password": PASSWORD})
    assert "Your account is made" in Page(done).text
    user = User.objects.get(email="tess@example.org")
    assert [one.role for one in user.memberships.all()] == ["output_checker"]
    answer = log_in(guest, "TESS@example.org")
    assert answer["Location"] == "/account/"
    assert guest.get("/account/")["Location"] == "/account/second-factor/"
    again = new_client().get(way)
    assert again.status_code == 400
    assert "CW-WEB-INVITATION" in Page(again).text


def test_an_invitation_runs_out(
    sign_in: Callable[[str], Any], outbox: None, at: Callable[[Any], None]
) -> None:
    clock = FixedClock(datetime.now(UTC))
    at(clock)
    way = invited(sign_in("farah"))
    clock.advance(timedelta(days=14))
    assert new_client().get(way).status_code == 400
    assert new_client().get("/account/invitation/guess/").status_code == 400


def test_nobody_sends_mail_without_end(
    sign_in: Callable[[str], Any],
    outbox: None,
    at: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from commonweal.web.accounts import services
    from commonweal.web.accounts.models import Invitation

    monkeypatch.setattr(services, "INVITATIONS_A_DAY", 2)
    clock = FixedClock(datetime.now(UTC))
    at(clock)
    client = sign_in("farah")
    invited(client, email="a@example.org")
    invited(client, email="b@example.org")
    asked = {"email": "c@example.org", "organisation": "meadowbank", "role": "clinician"}
    assert "wait until tomorrow" in Page(client.post("/account/invite/", asked)).text
    assert Invitation.objects.count() == 2
    clock.advance(timedelta(days=1))
    client.get("/account/")  # the session is over
    invited(sign_in("farah"), email="c@example.org")


@pytest.mark.parametrize("how", ["role ended", "account closed"])
def test_an_invitation_ends_with_the_right_to_invite(
    sign_in: Callable[[str], Any], outbox: None, how: str
) -> None:
    from commonweal.web.accounts.models import Membership, User
    from commonweal.web.accounts.services import end_role

    way = invited(sign_in("edward"), role="siro")
    assert new_client().get(way).status_code == 200
    if how == "role ended":
        end_role(Membership.objects.get(user__public_id="edward"), BY)
    else:
        User.objects.filter(public_id="edward").update(is_active=False)
    answer = new_client().post(way, {"name": "Tess Ting", "password": PASSWORD})
    assert answer.status_code == 400
    assert "cannot invite people to this role any more" in Page(answer).text
    assert not User.objects.filter(email="tess@example.org").exists()


def test_who_leads_one_project_brings_people_into_that_one_only(
    sign_in: Callable[[str], Any], outbox: None
) -> None:
    from commonweal.web.accounts.models import Invitation, Membership, User
    from commonweal.web.accounts.services import end_role, give_role, invite

    held = Membership.objects.get(user__public_id="amara")
    end_role(held, BY)
    user = User.objects.get(public_id="amara")
    give_role(user, held.organisation, "applicant", BY, project="heart-1")
    asked = {"email": "x@example.org", "organisation": "university", "role": "co_applicant"}
    assert sign_in("amara").post("/account/invite/", asked).status_code == 200
    assert [one.project for one in Invitation.objects.all()] == ["heart-1"]
    for project in ("", "lung-2"):
        with pytest.raises(CommonwealError, match="CW-WEB-ROLE"):
            invite(user, "y@example.org", held.organisation, "co_applicant", project)


@pytest.mark.parametrize(
    ("who", "organisation", "role", "said"),
    [
        ("amara", "university", "siro", "Select a valid choice"),
        ("amara", "university", "applicant", "Select a valid choice"),
        ("amara", "meadowbank", "co_applicant", "Select a valid choice"),
        ("farah", "meadowbank", "siro", "Select a valid choice"),
        ("edward", "meadowbank", "committee_lay", "Select a valid choice"),
        ("kate", "meadowbank", "siro", "Select a valid choice"),
        ("edward", "university", "siro", "Staff roles are held at the hospital itself"),
        ("farah", "meadowbank", "emperor", "Select a valid choice"),
    ],
)
def test_nobody_invites_beyond_their_role(
    sign_in: Callable[[str], Any], outbox: None, who: str, organisation: str, role: str, said: str
) -> None:
    from django.core import mail

    from commonweal.web.accounts.models import Invitation

    mail.outbox = []
    asked = {"email": "x@example.org", "organisation": organisation, "role": role}
    answer = sign_in(who).post("/account/invite/", asked)
    assert said in Page(answer).text
    assert mail.outbox == []
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("who", ["bethan", "grace", "william", "mary"])
def test_others_cannot_invite_at_all(sign_in: Callable[[str], Any], who: str) -> None:
    assert sign_in(who).get("/account/invite/").status_code == 403


def test_when_mail_cannot_be_sent_the_invitation_waits(
    sign_in: Callable[[str], Any],
    outbox: None,
    monkeypatch: pytest.MonkeyPatch,
    at: Callable[[Any], None],
) -> None:
    from django.core import mail

    from commonweal.web.accounts.models import Invitation
    from commonweal.web.letters import post

    clock = FixedClock(datetime.now(UTC))
    at(clock)

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("no route")

    mail.outbox = []
    with monkeypatch.context() as broken:
        broken.setattr(post, "EmailMessage", fails)
        asked = {"email": "x@example.org", "organisation": "meadowbank", "role": "clinician"}
        assert "Invitation sent" in Page(sign_in("farah").post("/account/invite/", asked)).text
        assert post.deliver_due() == 0
    assert Invitation.objects.count() == 1
    assert "OSError" in Page(sign_in("farah").get("/account/directory/mail/")).text
    assert post.deliver_due() == 0
    clock.advance(timedelta(minutes=1))
    assert post.deliver_due() == 1
    assert [one.to for one in mail.outbox] == [["x@example.org"]]
