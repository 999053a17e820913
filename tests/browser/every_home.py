"""A demonstration home in which every page of the service has something to show.

`python -m tests.browser.every_home HOME STORES` makes it by services and by requests without a
browser, in one process. It prints as JSON the path of each of `every_page.VISITS`, in order, a
session for each person that they name, the name of every address of the service, and the pages
for what goes wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import cbor2

from commonweal.foundation.clock import SystemClock
from commonweal.papers.credentials import b64url, unb64url
from commonweal.vault.custody import open_custody
from tests.authenticator import PRESENT, VERIFIED
from tests.authenticator import Authenticator as SecurityKey
from tests.browser.author_rows import with_outputs
from tests.browser.every_later import after_publication, commented, with_reviews
from tests.browser.every_page import APPLIED, HALF, KEYED, KEYLESS, NOBODY, VISITS
from tests.browser.ingress_rows import with_dummies, with_ingress
from tests.browser.public_rows import in_public, with_log_keys
from tests.browser.room_rows import with_counts, with_rooms
from tests.browser.study_rows import with_studies
from tests.web.house import make_home
from tests.web.left import MODEL, RECALLED, left_for_pages
from tests.web.publicpages.texts import with_pages

Names = dict[str, str]
_ATTESTED = 0x40


def main(home: Path, stores: Path) -> Names:
    """Make the home; what things in it are called."""
    make_home(home, stores=stores)
    from tests.web.releases.room import Room

    with_pages(home)
    room = Room(home)
    room.furnish()
    found: Names = with_left(home, stores)
    os.environ["COMMONWEAL_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
    os.environ["COMMONWEAL_ROOT_STORE"] = str(stores)
    import django

    django.setup()
    from commonweal.web.prepare import prepare

    prepare()
    for part in (at_the_desk, at_the_committee, with_permits, on_the_panel, in_public, in_accounts):
        found |= part(home)
    found |= acts(found["desk.unsigned"], found["desk.under_way"])
    return found | after_the_permit(home, room, found)


def after_the_permit(home: Path, room: Any, found: Names) -> Names:
    """What there is once a permit is live: releases, studies, files, outputs; and rooms at work."""
    from tests.browser.output_rows import outputs

    made = with_dummies(found["permit.live"], found["permit.over"])
    made |= with_ingress(home, found["permit.live"])
    with_counts()
    with_rooms()
    made |= with_releases(room) | with_outputs() | outputs()
    return made | with_studies() | with_log_keys(home)


def with_left(home: Path, stores: Path) -> Names:
    """Outputs that have left, one recalled, for the public register."""
    with open_custody(home, SystemClock(), root_store=stores) as custody:
        left_for_pages(custody)
    return {"left.recalled": RECALLED, "left.model": MODEL}


@contextmanager
def at(held: Any) -> Iterator[Any]:
    """Go by another clock for a while."""
    from commonweal.web.config import clock

    before = clock.use_clock(held)
    try:
        yield held
    finally:
        clock.use_clock(before)


def browser(who: str) -> Any:
    """A browser without the browser, in which somebody is signed in."""
    from tests.web.conftest import new_client

    client = new_client()
    answer = client.post("/account/people/sign-in/", {"person": who})
    assert answer.status_code == 302
    return client


def begun_early() -> None:
    """Everybody has had their role since the day on which the tests' application is written."""
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write
    from tests.applications import NOW

    with governed_write():
        Membership.objects.update(begins=NOW.date())


# --- applications and the desk ------------------------------------------------------------------


def at_the_desk(_home: Path) -> Names:
    """Applications that are written, and those at the desk in each of their states."""
    from commonweal.foundation.clock import FixedClock
    from commonweal.web.desk import asking, assessing
    from commonweal.web.desk.services import take_up
    from tests.applications import NOW, content_data
    from tests.web.applications.conftest import begin, fill
    from tests.web.desk.conftest import PDF, ai_data, in_state, send_again, sent, standing
    from tests.web.desk.test_assessing import HEARD, LIGHTER, REPLIES, done, held, planned
    from tests.web.desk.test_documents import hand_in

    begun_early()
    with at(FixedClock(NOW)) as held_still:
        amara, edward = browser("amara"), browser("edward")
        draft = fill(begin(amara))
        empty = begin(amara)
        commented(amara, draft.reference)
        new = fill(begin(amara), content_data(project__title="Falls at night in older people"))
        assert hand_in(amara, new.reference, "protocol", PDF).status_code == 302
        new = send_again(new)
        unsigned, under_way = (sent(amara, signed=False) for _ in range(2))
        asked = sent(amara)
        take_up(standing("edward", asked))
        asking.ask(standing("edward", asked), [("legal", "Which letter covers the second year?")])
        twice = sent(amara)
        send_again(in_state(twice, "to_be_revised"))

        def about_ai(title: str) -> Any:
            data = ai_data()
            data["project"] = {**data["project"], "title": title}
            return in_state(sent(amara, data), "screening")

        states = ("screened", "held", "written", "answered", "lighter")
        ai = {name: about_ai(f"A tool that warns of asthma attacks: {name}")
              for name in ("waiting", *states)}  # fmt: skip
        for name in states:
            assessing.screen(standing("edward", ai[name]))
        done(edward, ai["lighter"], "take_lighter_route",
             {"met": LIGHTER, "reason": "It is only tested."})  # fmt: skip
        on = NOW.date() + timedelta(days=14)
        for name in ("held", "written", "answered"):
            planned(edward, ai[name], on)
        found = {
            "desk.published": published(about_ai("A published assessment"), edward),
            "desk.revisited": published(about_ai("An assessment looked at again"), edward),
        }
        after_publication(amara, edward, found)
        scheduled = about_ai("A tool that warns of asthma attacks: scheduled")
        assessing.screen(standing("edward", scheduled))
        planned(edward, scheduled, on + timedelta(days=3))
        held_still.advance(timedelta(days=14))
        nadia, leon, amara = browser("nadia"), browser("leon"), browser("amara")
        for name in ("held", "written", "answered"):
            assert held(nadia, ai[name], on).status_code == 302
        for name in ("written", "answered"):
            done(leon, ai[name], "write_record", HEARD)
        points = f"/applications/{ai['answered'].reference}/points/"
        assert amara.post(points, {**REPLIES, "send": "1"}).status_code == 302
    rows = {"draft": draft, "new": new, "unsigned": unsigned, "asked": asked, "twice": twice,
            "under_way": under_way, "scheduled": scheduled}  # fmt: skip
    found |= {f"desk.{name}": one.reference for name, one in (rows | ai).items()}
    from commonweal.governance.application.answers import AIA
    from commonweal.governance.forms.library.shelf import our_library
    from commonweal.web.desk.models import File

    found["form.section"] = our_library().form("dpia").sections[0].id
    found["again.section"] = our_library().form(AIA).sections[0].id
    found["desk.file"] = str(File.objects.get(document__application=new).pk)
    return found | {"desk.empty": empty}


def published(row: Any, edward: Any) -> str:
    """An assessment that everybody can read, after a decision that is only said to be there."""
    from unittest import mock

    from commonweal.web.accounts.models import User
    from commonweal.web.desk import publishing
    from tests.web.desk.conftest import in_state
    from tests.web.desk.test_assessing import LIGHTER, Decided, done

    kate, version = User.objects.get(public_id="kate"), row.versions.get()
    done(edward, row, "pass_screening")
    done(edward, row, "take_lighter_route", {"met": LIGHTER, "reason": "It is only tested."})
    publishing.to_committee(version, kate, "committee_secretary")
    in_state(row, "with_committee")
    with mock.patch.multiple(
        publishing, decision_of=lambda _: Decided("approve"), decision_paper=lambda one: one
    ):
        publishing.decided(version, "approve", kate, "committee_chair")
        done(edward, row, "publish", {"read": "on"})
    return str(row.reference)


# --- the committee ------------------------------------------------------------------------------


def at_the_committee(home: Path) -> Names:
    """The committee's work, as its own browser test has it, and an item that is being begun."""
    from django.test import override_settings
    from django.urls import clear_url_caches, resolve

    from commonweal.foundation.clock import FixedClock
    from commonweal.web.committee.models import Item
    from tests.browser.committee_rows import pages
    from tests.web.committee.house import House, now
    from tests.web.desk.conftest import came_in
    from tests.web.signing_room import signer

    with at(FixedClock(now())) as held, signer(home) as custody:
        with override_settings(ROOT_URLCONF="tests.web.committee.addresses"):
            house = House(custody, held)
            found = pages(house)
            meeting = house.meeting()
            item = house.listed(meeting=meeting)
            house.open(meeting)
            house.step("kate", item, "begin")
            found["begun"] = f"/committee/items/{item.pk}/"
        clear_url_caches()

    def named(path: str) -> str:
        (value,) = resolve(path).kwargs.values()
        return str(value)

    from tests.browser.oversight_rows import shown_to_everybody

    shown_to_everybody(home, browser)
    known = {f"committee.{name}": named(path) for name, path in found.items()}
    talked = Item.objects.get(pk=known["committee.talked"])
    file = came_in(talked.version.application, "protocol")
    return known | {"committee.file": str(file.pk)}


# --- agreements, permits and releases -------------------------------------------------------------


def with_permits(home: Path) -> Names:
    """Projects after their decision, each as far as its name says."""
    from commonweal.vault.custody import change_state, find_permit
    from commonweal.web.signing.models import Act
    from tests.web.projects.room import Road

    waiting = Road(home).decided()
    offered = Road(home).decided()
    framework = offered.framework()
    offered.offer()
    accepted = Road(home).decided()
    accepted.offer()
    accepted.accept()
    live, over = Road(home, whole=True).decided(), Road(home).decided()
    for road in (live, over):
        road.offer()
        road.accept()
        road.countersign()
        road.work()
    with over.custody() as custody:
        change_state(custody, find_permit(custody, over.permit.reference), "close")
    over.work()
    heard = Act.objects.filter(person__public_id="colin", state="heard").last()
    written, checked = changes_of(live)
    return {
        "change.written": written,
        "change.checked": checked,
        "permit.waiting": waiting.application.reference,
        "permit.framework": framework.reference,
        "permit.offered": offered.agreement.reference,
        "permit.offered.application": offered.application.reference,
        "permit.accepted": accepted.agreement.reference,
        "permit.live": live.permit.reference,
        "permit.live.application": live.application.reference,
        "permit.over": over.permit.reference,
        "act.heard": heard.pk,
    } | with_reviews(live)


def changes_of(road: Any) -> tuple[str, str]:
    """Two requests to change a project: one that is written, and one that is being checked.

    Their permit is announced, and a change can be asked for while it is in force only; the pages of
    a request are the same.
    """
    from unittest.mock import patch

    from tests.web.projects.changing import Change, one_variable_less

    with (
        patch("commonweal.web.amending.policies.state_of", return_value="active"),
        patch("commonweal.web.amending.policies.open_request", return_value=None),
    ):
        written = Change(road.home, of=road).begun()
        checked = Change(road.home, of=road).begun().write(one_variable_less).sent().taken_up()
    return written.application.reference, checked.application.reference


def acts(unsigned: str, under_way: str) -> Names:
    """What Amara is asked to sign, signed too late, signed just now, and what was refused."""
    from commonweal.foundation.clock import FixedClock
    from commonweal.web.accounts.models import User
    from commonweal.web.applications.models import Application
    from commonweal.web.applications.services import ask_to_sign
    from commonweal.web.config import clock
    from commonweal.web.signing.models import SET_ASIDE, Act
    from tests.applications import NOW

    amara = User.objects.get(public_id="amara")
    first, second = (Application.objects.get(reference=one) for one in (unsigned, under_way))
    with at(FixedClock(NOW)):
        late = ask_to_sign(amara, first)
    refused = ask_to_sign(amara, first)
    Act.objects.filter(pk=refused.pk).update(
        state="refused", settled_at=clock.now(), code="CW-STATE-STEP", sentence="It is too late."
    )
    asked, signed = ask_to_sign(amara, first), ask_to_sign(amara, second)
    Act.objects.filter(pk=signed.pk).update(state="signed", signed_at=clock.now())
    held = Act.objects.get(pk=signed.pk)
    held.pk, held.tries, held.trouble = f"{signed.pk[:-4]}held", SET_ASIDE, "CW-WEB-DATABASE"
    held.save(force_insert=True)
    return {"act.late": late.pk, "act.refused": refused.pk, "act.asked": asked.pk,
            "act.signed": signed.pk}  # fmt: skip


def with_releases(room: Any) -> Names:
    """A release that was built and waits for a second person, and one that is only planned."""
    from commonweal.web.releases.models import Release
    from tests.web.releases.room import LIVE, PAUSED, as_planned, ask

    for kind in ("plan", "build"):
        ask(kind)
        while room.work():
            pass
    # As a plan leaves it: to make one takes seconds, and shows no more.
    room.stop("resume", PAUSED)
    planned = as_planned(f"{PAUSED}.r1")
    Release.objects.filter(pk=planned.pk).update(permit=PAUSED)
    return {"release.permit": LIVE, "release.built": f"{LIVE}.r1", "release.planned": PAUSED}


# --- the panel ----------------------------------------------------------------------------------


def on_the_panel(_home: Path) -> Names:
    """A question in each state, and a meeting before and after its notes."""
    from commonweal.web.accounts.models import User
    from commonweal.web.config import clock
    from commonweal.web.panel import services
    from tests.web.panel.test_panel import LEADS, WRITER, brought_to

    people = {one.public_id: one for one in User.objects.filter(is_made_up=True)}
    found: Names = {}
    for state in ("proposed", "papers_sent", "voting", "counted", "heard", "answered", "dropped"):
        ask = f"May a company train AI on chest X-rays? ({state})"
        made = services.propose(people[LEADS], ask, "It asks for pictures of many people.", 5)
        services.add_paper(people[LEADS], made, "What is planned", "Plain words.\n\nMore of them.")
        brought_to(state, made, people)
        found[f"panel.{state}"] = made.reference
    for name in ("called", "noted"):
        made = services.call_meeting(
            people[LEADS], kind="workshop", title="A day in the library", held_on=clock.today(),
            about="What patients think of AI.", where="Library", papers="Read this before.",
            assessment="", question=None,
        )  # fmt: skip
        found[f"panel.{name}"] = made.reference
    services.write_notes(people[WRITER], made, "Most liked it.\n\nSome did not.", 9)
    return found


# --- accounts -----------------------------------------------------------------------------------


def in_accounts(_home: Path) -> Names:
    """Real accounts with and without a second factor, invitations, and links from mails."""
    from allauth.account.forms import default_token_generator
    from allauth.account.models import EmailAddress, EmailConfirmationHMAC
    from allauth.account.utils import user_pk_to_url_str
    from allauth.mfa.models import Authenticator
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    from commonweal.web.accounts.hashing import hashed
    from commonweal.web.accounts.models import Invitation, Organisation, User
    from commonweal.web.accounts.services import invite
    from commonweal.web.config import clock
    from commonweal.web.letters.models import Letter
    from tests.web.test_accounts import PASSWORD, person, with_app

    person("output_checker", email=f"{KEYLESS}@example.org")
    applied = person("output_checker", email=f"{APPLIED}@example.org")
    found: Names = {"account.secret": with_app(applied)}
    RecoveryCodes.activate(applied)
    key = Authenticator.objects.create(
        user=applied, type=Authenticator.Type.WEBAUTHN,
        data={"name": "blue key", "credential": registration(SecurityKey("blue"))},
    )  # fmt: skip
    found["account.key"] = str(key.pk)
    edward = User.objects.get(public_id="edward")
    place = Organisation.objects.get(public_id="meadowbank")
    for name in ("invited", APPLIED):
        row = invite(edward, f"{name}@example.org", place, "data_manager")
        Invitation.objects.filter(pk=row.pk).update(secret_hash=hashed(f"the-{name}-secret"))
        found[f"account.invitation.{name}"] = f"the-{name}-secret"
    unsure = User.objects.create_user("unsure@example.org", "Unsure Person", PASSWORD)
    address = EmailAddress.objects.create(user=unsure, email=unsure.email, primary=True)
    found["account.uid"] = user_pk_to_url_str(unsure)
    found["account.reset"] = default_token_generator.make_token(unsure)
    found["account.confirm"] = EmailConfirmationHMAC(address).key
    # Nothing is posted from here: a mail of an invitation draws its secret anew.
    Letter.objects.update(
        due_at=clock.now() + timedelta(days=30), tries=3, failure="ConnectionRefusedError"
    )
    return found


def registration(key: SecurityKey) -> dict[str, Any]:
    """What a browser sends when a security key is added to an account."""
    data = hashlib.sha256(b"localhost").digest() + bytes([PRESENT | VERIFIED | _ATTESTED])
    id_ = unb64url(key.id)
    data += bytes(4) + bytes(16) + len(id_).to_bytes(2) + id_ + key.cose()
    said = {"type": "webauthn.create", "challenge": "AA", "origin": "http://localhost"}
    made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
    return {
        "id": key.id, "rawId": key.id, "type": "public-key",
        "response": {"clientDataJSON": b64url(json.dumps(said).encode()),
                     "attestationObject": b64url(made)},
    }  # fmt: skip


def session_of(who: str, known: Names) -> str:
    """The cookie of a browser in which somebody is signed in, now."""
    from django.conf import settings

    client = browser(who) if who not in (KEYLESS, APPLIED, HALF, KEYED) else _signed_in(who, known)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


def _signed_in(who: str, known: Names) -> Any:
    from commonweal.web.signing.views import _MADE
    from tests.web.conftest import new_client
    from tests.web.test_accounts import code, log_in

    if who == KEYED:
        client = browser("grace")
        session = client.session
        session[_MADE] = {"webauthn": "a2V5", "public_key": "cHVibGlj"}
        session.save()
        return client
    client = new_client()
    answer = log_in(client, email=f"{KEYLESS if who == KEYLESS else APPLIED}@example.org")
    assert answer.status_code == 302, answer.content.decode()
    if who == APPLIED:
        shown = {"code": code(known["account.secret"])}
        answer = client.post("/account/second-factor/authenticate/", shown)
        assert answer.status_code == 302, answer.content.decode()
    return client


# --- pages for what went wrong ------------------------------------------------------------------


def gone_wrong() -> dict[str, dict[str, Any]]:
    """The answer of the service for each way in which a request can go wrong, by its status."""
    from unittest import mock

    from django.conf import settings

    from commonweal.foundation.errors import Unavailable
    from tests.web.conftest import new_client

    client, edward = new_client(), browser("edward")
    client.raise_request_exception = False
    away = Unavailable("CW-WEB-DATABASE", "The service's database cannot be used.",
                       remedy="Check that the database runs.")  # fmt: skip
    answers = {
        400: client.get("/account/invitation/x/"),
        403: browser("amara").get("/account/directory/"),
        404: client.get("/no-such-page"),
        405: edward.get("/account/keys/end/"),
        413: edward.post("/account/keys/", {"name": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE},
                         content_type="application/x-www-form-urlencoded"),
        429: tried_too_often(),
    }  # fmt: skip
    for status, error in ((500, RuntimeError("not expected")), (503, away)):
        with mock.patch("commonweal.web.publicpages.views.counts_or_none", side_effect=error):
            answers[status] = client.get("/")
    found = {}
    for status, answer in answers.items():
        assert answer.status_code == status, (status, answer.status_code)
        found[str(status)] = {"headers": dict(answer.headers), "body": answer.content.decode()}
    return found


def tried_too_often() -> Any:
    """What somebody gets who asks for a new password again and again."""
    from tests.web.conftest import new_client

    client = new_client()
    for _ in range(30):
        answer = client.post("/account/password/reset/", {"email": "nobody@example.org"})
        if answer.status_code != 302:
            break
    return answer


# --- what it tells ------------------------------------------------------------------------------


def told(known: Names) -> dict[str, Any]:
    """Where each visit goes, the sessions of all who go, and every address that there is."""
    from django.urls import reverse

    from tests.web.test_every_page import addresses

    names = {name for name, _ in addresses() if not name.startswith("api:")}
    paths = [
        reverse(one.name, kwargs=one.resolved(known)) + one.query if one.name in names else ""
        for one in VISITS
    ]
    people = sorted({one.who for one in VISITS} - {NOBODY})
    return {
        "paths": paths,
        "sessions": {who: session_of(who, known) for who in people},
        "names": sorted(names),
        "gone_wrong": gone_wrong(),
    }


if __name__ == "__main__":
    aside = io.StringIO()
    with contextlib.redirect_stdout(aside):
        made = told(main(*(Path(one).resolve() for one in sys.argv[1:3])))
    sys.stdout.write(json.dumps(made))
