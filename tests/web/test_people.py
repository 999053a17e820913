"""Who looks after accounts: roles given and ended, accounts closed, organisations, sessions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from tests.web.conftest import Page, new_client
from tests.web.test_accounts import BY, PASSWORD, log_in, person

DIRECTORY = "/account/directory/"
MANAGERS = ("farah", "edward", "kate")


def as_(who: str) -> Any:
    client = new_client()
    assert client.post("/account/people/sign-in/", {"person": who}).status_code == 302
    return client


def at_person(who: str, deed: str = "") -> str:
    return f"{DIRECTORY}people/{who}/{deed}"


def give(by: Any, who: str, role: str, organisation: str = "meadowbank", **more: str) -> Any:
    asked = {"organisation": organisation, "role": role, **more}
    return by.post(at_person(who, "give/"), asked)


def roles(who: str) -> set[str]:
    from commonweal.web.accounts.models import User
    from commonweal.web.config import clock

    return set(User.objects.get(public_id=who).roles_on(clock.today()))


def number_of(who: str, role: str) -> int:
    from commonweal.web.accounts.models import Membership

    row = Membership.objects.get(user__public_id=who, role=role, ends__isnull=True)
    return int(row.pk)


# --- who may -----------------------------------------------------------------------------------

PAGES = ("", "who-decides/", "organisations/", "organisations/new/", "organisations/university/",
         "invitations/", "mail/", "people/amara/")  # fmt: skip


@pytest.mark.parametrize("who", ["amara", "grace", "owen", "tara", "mary", "irene", "william"])
def test_others_see_none_of_it(db: None, who: str) -> None:
    client = as_(who)
    for path in PAGES:
        assert client.get(DIRECTORY + path).status_code == 403, path
    for deed in ("give/", "end/", "until/", "close/", "open/", "out/"):
        assert client.post(at_person("bethan", deed)).status_code == 403, deed
    assert client.post(f"{DIRECTORY}mail/again/").status_code == 403
    assert "Look after accounts" not in Page(client.get("/account/")).text


@pytest.mark.parametrize("who", MANAGERS)
def test_those_who_look_after_accounts_see_all_of_it(db: None, who: str) -> None:
    client = as_(who)
    for path in PAGES:
        assert client.get(DIRECTORY + path).status_code == 200, path
    assert client.get(at_person("nobody")).status_code == 404
    assert "Look after accounts" in Page(client.get("/account/")).text


def test_who_gives_which_role(db: None) -> None:
    """The whole table: giver by role, asked of the rule itself."""
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.accounts.policies import check_give
    from commonweal.web.accounts.roles import ROLES
    from commonweal.web.config import clock

    def gives(by: Any, to: Any, place_: Any, role_: str) -> bool:
        try:
            check_give(by, to, place_, role_, clock.today())
        except CommonwealError:
            return False
        return True

    applicants = {"applicant", "co_applicant", "signatory_applicant"}
    committee = {"committee_chair", "committee_member", "committee_lay", "panel_member",
                 "facilitator", "rapporteur"}  # fmt: skip
    expected = {
        "data_manager": applicants | {"data_manager", "output_checker", "clinician"},
        "ig_officer": set(ROLES) - committee,
        "committee_secretary": committee,
        "applicant": {"co_applicant"},
    }
    target = person()
    place = Organisation.objects.get(public_id="meadowbank")
    for one in User.objects.filter(is_made_up=True):
        (role,) = one.roles_on(clock.today())
        own = place if role != "applicant" else one.memberships.first().organisation
        may = {wanted for wanted in ROLES if gives(one, target, own, wanted)}
        assert may == expected.get(role, set()), role
    everything = set().union(*expected.values())
    assert everything == set(ROLES)
    # Nobody fills the committee and the officers who countersign what it decides.
    for given in expected.values():
        assert not (given & committee and given & {"caldicott_guardian", "siro"})


@pytest.mark.parametrize("who", MANAGERS)
def test_nobody_gives_themselves_a_role(db: None, who: str) -> None:
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.accounts.policies import GIVES

    client, before = as_(who), roles(who)
    (mine,) = before
    for role in GIVES[mine]:
        answer = give(client, who, role)
        assert "Nobody gives themselves a role" in Page(answer).text
    assert roles(who) == before
    shown = Page(client.get(at_person(who)))
    assert "Give the role" not in shown.text
    # Not by an invitation to one's own address either, whatever it was when it was sent.
    user = User.objects.get(public_id=who)
    from commonweal.web.accounts.services import accept_as, invite

    place = Organisation.objects.get(public_id="meadowbank")
    role = "output_checker" if mine != "committee_secretary" else "facilitator"
    with pytest.raises(CommonwealError, match="CW-WEB-ROLE"):
        invite(user, user.email.upper(), place, role)
    row = invite(user, "other@example.org", place, role)
    User.objects.filter(pk=user.pk).update(email="other@example.org")
    user.refresh_from_db()
    with pytest.raises(CommonwealError, match="CW-WEB-ROLE"):
        accept_as(user, row.draw_secret())
    assert roles(who) == before


def test_a_role_is_given_with_its_event_its_term_and_a_mail(db: None) -> None:
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.letters.models import Letter

    edward = as_("edward")
    last = clock.today() + timedelta(days=30)
    asked = {f"last_day_{part}": str(getattr(last, part)) for part in ("day", "month", "year")}
    answer = give(edward, "william", "clinical_safety_officer", **asked)
    assert answer.status_code == 302, Page(answer).text
    assert roles("william") == {"clinician", "clinical_safety_officer"}
    intent = Intent.objects.last()
    assert (intent.type, intent.actor_id) == ("account.role_given", "edward")
    letter = Letter.objects.get(person__public_id="william")
    assert (letter.kind, letter.path) == ("role_given", "/account/")
    again = give(edward, "william", "clinical_safety_officer")
    assert "holds this role already" in Page(again).text
    from commonweal.web.accounts.models import Membership

    row = Membership.objects.get(user__public_id="william", role="clinical_safety_officer")
    assert row.holds_on(last)
    assert not row.holds_on(last + timedelta(days=1))
    edward.post(at_person("william", "end/"), {"number": row.pk})
    assert roles("william") == {"clinician"}
    assert Intent.objects.last().type == "account.role_ended"


@pytest.mark.parametrize(
    ("by", "who", "role", "organisation", "said"),
    [
        ("farah", "william", "siro", "meadowbank", "Select a valid choice"),
        ("kate", "william", "siro", "meadowbank", "Select a valid choice"),
        ("edward", "william", "committee_chair", "meadowbank", "Select a valid choice"),
        ("edward", "william", "siro", "university", "held at the hospital itself"),
        ("edward", "william", "siro", "nowhere", "Select a valid choice"),
        ("edward", "irene", "ig_officer", "meadowbank", "lay member of the committee holds no"),
        ("kate", "william", "committee_lay", "panel", "lay member of the committee holds no"),
        ("kate", "grace", "committee_member", "meadowbank", "two seats"),
        ("edward", "william", "clinician", "meadowbank", "holds this role already"),
    ],
)
def test_roles_that_cannot_be_given(
    db: None, by: str, who: str, role: str, organisation: str, said: str
) -> None:
    before = roles(who)
    assert said in Page(give(as_(by), who, role, organisation)).text
    assert roles(who) == before


def test_a_last_day_in_the_past_is_refused_and_what_was_typed_stays(db: None) -> None:
    asked = {"last_day_day": "1", "last_day_month": "2", "last_day_year": "2020"}
    shown = Page(give(as_("edward"), "william", "dpo", **asked))
    assert "cannot be in the past" in shown.text
    assert shown.html.count("<title>Error: ") == 1
    assert shown.every("input", name="last_day_year")[0]["value"] == "2020"
    assert roles("william") == {"clinician"}


def test_a_role_is_ended_by_who_could_give_it(db: None) -> None:
    number = number_of("owen", "caldicott_guardian")
    for by in ("farah", "kate"):
        assert as_(by).post(at_person("owen", "end/"), {"number": number}).status_code == 403
    # Not under the name of somebody else, and not by a number that is none.
    edward = as_("edward")
    for who, said in (("priya", str(number)), ("owen", "x"), ("owen", ""), ("owen", "9" * 400)):
        assert edward.post(at_person(who, "end/"), {"number": said}).status_code == 404
    assert edward.post(at_person("owen", "end/"), {"number": number}).status_code == 302
    assert edward.post(at_person("owen", "end/"), {"number": number}).status_code == 403
    assert roles("owen") == set()


# --- closing ------------------------------------------------------------------------------------


@pytest.fixture
def stopped(client: Any) -> tuple[Any, Any, str]:
    """A person who is signed in and has a key for programs; their browser and the key."""
    from commonweal.web.accounts.services import make_token

    user = person("applicant")
    log_in(client)
    _, secret = make_token(user, "x", ["me:read"])
    assert client.get("/account/").status_code == 200
    return user, client, secret


def asks_api(secret: str) -> int:
    headers = {"Authorization": f"Bearer {secret}"}
    return int(new_client().get("/api/v1/me", headers=headers).status_code)


def test_a_closed_account_ends_at_once_and_whole(stopped: tuple[Any, Any, str]) -> None:
    from commonweal.web.ledgerlink.models import Intent

    user, browser, secret = stopped
    assert asks_api(secret) == 200
    edward = as_("edward")
    assert edward.post(at_person(user.public_id, "close/"), {"sure": "yes"}).status_code == 302
    assert browser.get("/account/").status_code == 302
    assert asks_api(secret) == 401
    assert roles(user.public_id) == set()
    log_in(new_client())
    assert browser.get("/account/").status_code == 302
    types = [one.type for one in Intent.objects.order_by("id")][-4:]
    assert types == [
        "account.role_ended", "account.token_ended", "account.signed_out", "account.closed",
    ]  # fmt: skip
    assert "Closed" in Page(edward.get(at_person(user.public_id))).text
    assert edward.post(at_person(user.public_id, "close/")).status_code == 403
    assert "closed: open it first" in Page(give(edward, user.public_id, "clinician")).text
    # Opened again, it has nothing of what it had.
    assert edward.post(at_person(user.public_id, "open/")).status_code == 302
    assert roles(user.public_id) == set()
    assert asks_api(secret) == 401
    assert browser.get("/account/").status_code == 302
    assert log_in(new_client())["Location"] == "/account/"


def test_it_is_said_first_what_will_end(stopped: tuple[Any, Any, str]) -> None:
    """Looking, or sending without the yes of the page, closes nothing."""
    user, signed_in, secret = stopped
    edward = as_("edward")
    assert (
        at_person(user.public_id, "close/")
        in edward.get(at_person(user.public_id)).content.decode()
    )
    for answer in (edward.get(at_person(user.public_id, "close/")),
                   edward.post(at_person(user.public_id, "close/")),
                   edward.post(at_person(user.public_id, "close/"), {"sure": "no"})):  # fmt: skip
        page = Page(answer)
        assert "Close the account of" in page.text
        assert "1 session" in page.text
        assert "1 key for programs" in page.text
        assert "the role" in page.text
    user.refresh_from_db()
    assert user.is_active
    assert asks_api(secret) == 200
    assert edward.post(at_person(user.public_id, "close/"), {"sure": "yes"}).status_code == 302
    assert asks_api(secret) == 401
    assert signed_in.get("/account/").status_code == 302


def officers(*who: str) -> None:
    """These people look after information governance, and nobody else."""
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Membership, Organisation, User
    from commonweal.web.accounts.services import give_role
    from commonweal.web.ledgerlink.models import governed_write

    with governed_write():
        Membership.objects.filter(role="ig_officer").delete()
    hospital = Organisation.objects.get(kind="custodian")
    for one in who:
        user = User.objects.get(public_id=one)
        give_role(user, hospital, "ig_officer", Actor("system", "tests"))


def test_the_last_who_can_make_others_stays(db: None) -> None:
    officers("edward", "tara")
    edward = as_("edward")
    assert edward.post(at_person("tara", "close/"), {"sure": "yes"}).status_code == 302
    own = edward.post(at_person("edward", "end/"), {"number": number_of("edward", "ig_officer")})
    assert own.status_code == 403
    assert "ig_officer" in roles("edward")


def test_two_who_close_each_other_leave_one(db: None) -> None:
    """Each had looked at the page when both were there; the second comes too late."""
    from commonweal.foundation.errors import Refused
    from commonweal.web.accounts import administration
    from commonweal.web.accounts.models import User

    officers("edward", "tara")
    edward, tara = (User.objects.get(public_id=who) for who in ("edward", "tara"))
    administration.close_account(edward, tara)
    with pytest.raises(Refused) as caught:
        administration.close_account(tara, edward)
    assert caught.value.code == "CW-WEB-DENIED"
    assert User.objects.get(public_id="edward").is_active


def test_one_whose_account_has_lapsed_does_not_count_as_another(db: None) -> None:
    from commonweal.foundation.errors import Refused
    from commonweal.web.accounts.models import User
    from commonweal.web.accounts.policies import check_not_last
    from commonweal.web.config import clock

    officers("edward", "tara")
    edward = User.objects.get(public_id="edward")
    check_not_last(edward, clock.today())
    User.objects.filter(public_id="tara").update(accredited_until=clock.today() - timedelta(days=1))
    with pytest.raises(Refused, match="the last information governance officer"):
        check_not_last(edward, clock.today())


@pytest.mark.parametrize(("by", "who"), [
    ("farah", "owen"), ("kate", "edward"), ("edward", "grace"), ("edward", "edward"),
    ("farah", "farah"),
])  # fmt: skip
def test_an_account_is_closed_by_who_could_give_its_roles_and_by_nobody_else(
    db: None, by: str, who: str
) -> None:
    before = roles(who)
    assert as_(by).post(at_person(who, "close/"), {"sure": "yes"}).status_code == 403
    assert roles(who) == before


def test_sessions_end_for_somebody_else(stopped: tuple[Any, Any, str]) -> None:
    user, browser, _ = stopped
    as_("kate").post(at_person(user.public_id, "out/"))
    assert browser.get("/account/").status_code == 302
    assert log_in(browser)["Location"] == "/account/"


def test_a_person_sees_their_sessions_and_ends_them_all(client: Any) -> None:
    from commonweal.web.ledgerlink.models import Intent

    person("applicant")
    log_in(client)
    agent = "Mozilla/5.0 (iPhone; <script>) Version/17 Safari/604.1"
    phone = new_client()
    phone.post(
        "/account/login/", {"login": "new@example.org", "password": PASSWORD},
        headers={"User-Agent": agent},
    )  # fmt: skip
    shown = Page(client.get("/account/sessions/"))
    assert "Safari on iPhone" in shown.text
    assert shown.text.count("(this one)") == 1
    assert shown.text.count("Last used") == 2
    assert "<script>)" not in shown.html
    as_("amara")  # somebody else's are not there, and do not end
    other = as_("bethan")
    answer = client.post("/account/sessions/end/")
    assert answer["Location"] == "/account/login/"
    assert "signed out everywhere" in Page(client.get("/account/login/")).text
    for one in (client, phone):
        assert one.get("/account/").status_code == 302
    assert other.get("/account/").status_code == 200
    assert Intent.objects.filter(type="account.signed_out").count() == 1


def test_a_session_that_is_over_by_itself_is_not_listed(
    client: Any, at: Callable[[Any], None]
) -> None:
    from commonweal.web.accounts.models import SignIn

    clock = FixedClock(START)
    at(clock)
    person("applicant")
    log_in(client)
    clock.advance(timedelta(minutes=15))
    fresh = new_client()
    log_in(fresh)
    assert Page(fresh.get("/account/sessions/")).text.count("Last used") == 1
    assert SignIn.objects.count() == 2
    clock.advance(timedelta(days=31))
    log_in(new_client())
    assert SignIn.objects.count() == 1


def test_a_session_without_its_row_is_over(client: Any) -> None:
    from commonweal.web.accounts.models import SignIn

    person("applicant")
    log_in(client)
    other = as_("amara")
    number = client.session["sign_in"]
    # The row of somebody else does not keep it open.
    session = client.session
    session["sign_in"] = other.session["sign_in"]
    session.save()
    assert client.get("/account/").status_code == 302
    log_in(client)
    assert client.session["sign_in"] != number
    SignIn.objects.filter(public_id=client.session["sign_in"]).delete()
    assert client.get("/account/").status_code == 302


# --- lapsing: the edge days ----------------------------------------------------------------------

START = datetime(2026, 3, 2, 23, 59, tzinfo=UTC)


def test_accreditation_and_assurance_count_to_the_end_of_their_last_day(
    client: Any, at: Callable[[Any], None]
) -> None:
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role, make_token

    clock = FixedClock(START)
    at(clock)
    user = person(accredited_until=START.date())
    place = Organisation.objects.create(name="L", kind="company", assured_until=START.date())
    give_role(user, place, "applicant", BY)
    _, secret = make_token(user, "x", ["me:read"])
    log_in(client)
    assert client.get("/account/").status_code == 200
    assert asks_api(secret) == 200
    clock.advance(timedelta(minutes=1))  # midnight
    assert "CW-WEB-LAPSED" in Page(client.get("/account/")).text
    assert asks_api(secret) == 403
    user.accredited_until = None
    user.save()
    assert "DSPT" in Page(client.get("/account/")).text
    place.assured_until = clock.now().date()
    place.save()
    assert client.get("/account/").status_code == 200


def test_a_term_begins_on_its_first_day_and_ends_after_its_last(
    client: Any, at: Callable[[Any], None]
) -> None:
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role

    clock = FixedClock(START)
    at(clock)
    user = person()
    place = Organisation.objects.create(name="L", kind="university")
    give_role(user, place, "applicant", BY, last_day=START.date())
    assert user.roles_on(START.date()) == {"applicant"}
    clock.advance(timedelta(minutes=1))
    assert user.roles_on(clock.now().date()) == set()
    give_role(user, place, "applicant", BY)  # it is over, so it can be given again
    assert user.memberships.count() == 2
    with pytest.raises(CommonwealError, match="past"):
        give_role(user, place, "co_applicant", BY, last_day=START.date())


# --- who decides --------------------------------------------------------------------------------


def test_where_the_service_and_the_signed_list_differ(
    web_home: Any, sign_in: Callable[[str], Any]
) -> None:
    from commonweal.web.signing.models import KnownRoster
    from tests.web.signing_room import signer

    KnownRoster.objects.all().delete()
    client = sign_in("kate")
    assert "not been told of a signed list" in Page(client.get(f"{DIRECTORY}who-decides/")).text
    with signer(web_home):
        pass
    shown = Page(client.get(f"{DIRECTORY}who-decides/")).text
    assert "It decides nothing" in shown
    before = shown.count("In this service only")
    give(client, "william", "committee_member")
    end = number_of("grace", "committee_chair")
    client.post(at_person("grace", "end/"), {"number": end})
    shown = Page(client.get(f"{DIRECTORY}who-decides/")).text
    assert shown.count("In this service only") == before + 1
    assert "Grace Adeyemi Role Chair of the committee Held On the signed list only" in shown
    assert "In this service only" in Page(client.get(at_person("william"))).text


def test_the_number_of_queries_does_not_grow_with_people(db: None) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role

    client = as_("edward")
    client.get(DIRECTORY)  # the first request writes down when the session began
    counts = []
    for round_ in range(2):
        with CaptureQueriesContext(connection) as asked:
            for path in ("", "organisations/", "invitations/", "mail/"):
                client.get(DIRECTORY + path)
        counts.append(len(asked))
        for number in range(40 * (1 - round_)):
            place = Organisation.objects.create(name=f"Place {number}", kind="university")
            give_role(person(email=f"p{number}@example.org"), place, "applicant", BY)
    assert counts[0] == counts[1]
    found = Page(client.get(f"{DIRECTORY}?q=Place+3")).text
    assert "11 people" in found
    assert "Nobody was found" in Page(client.get(f"{DIRECTORY}?q=%25%27--")).text
