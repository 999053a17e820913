"""Mail: what it says, when it goes, what happens when it cannot; with a real server to take it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError
from tests.web.conftest import Page, new_client
from tests.web.smtp import MailServer, certificate, mail_server
from tests.web.test_accounts import person

NOW = datetime(2026, 7, 6, 12, 0, tzinfo=UTC)
"""A summer day: in London it is an hour later."""


@pytest.fixture
def held(at: Callable[[Any], None]) -> FixedClock:
    clock = FixedClock(NOW)
    at(clock)
    return clock


@pytest.fixture
def server(db: None, held: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as running:
        sends_to(running, monkeypatch)
        yield running


def sends_to(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the service up as `COMMONWEAL_SMTP_URL` would."""
    from django.conf import settings

    for name, value in {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "localhost",
        "EMAIL_PORT": server.port,
        "EMAIL_USE_TLS": server.mode == "starttls",
        "EMAIL_USE_SSL": server.mode == "tls",
        "EMAIL_TIMEOUT": 5,
    }.items():
        monkeypatch.setattr(settings, name, value, raising=False)


def tell(who: Any, kind: str = "your_turn", path: str = "/account/") -> Any:
    from commonweal.web.letters.services import tell as told

    return told(who, kind, path)


def deliver() -> int:
    from commonweal.web.letters.post import deliver_due

    return deliver_due()


# --- what it says -------------------------------------------------------------------------------


def test_a_mail_is_a_sentence_a_reference_and_a_link(server: MailServer) -> None:
    letter = tell(person("siro"), "signature_asked", "/applications/start/")
    assert deliver() == 1
    (mail,) = server.mails
    assert mail.to == ["new@example.org"]
    assert mail.content["Subject"] == "Commonweal: your signature is asked for"
    lines = mail.text.splitlines()
    assert lines[0] == "Something waits for your signature."
    assert lines[1] == "http://localhost:8000/applications/start/"
    assert lines[2] == f"Reference: {letter.reference}"
    assert "says no more on purpose" in mail.text
    assert "New Person" not in mail.text + str(mail.content["Subject"])
    assert deliver() == 0


def test_every_kind_is_plain_and_says_nothing_of_anybody() -> None:
    from commonweal.web.letters.kinds import KINDS

    assert set(KINDS) == {
        "your_turn", "question_asked", "answer_came", "decision_published", "signature_asked",
        "permit_announced", "permit_active", "release_ready", "release_sent_back", "role_given",
        "role_ended", "invitation", "review_due", "review_late", "review_accepted",
        "aia_due", "aia_late", "work_ended", "file_decided",
    }  # fmt: skip
    for kind in KINDS.values():
        words = re.findall(r"[a-z]+", (kind.subject + " " + kind.sentence).lower())
        assert max(map(len, words)) <= 9, words
        assert not set(words) & {"patient", "project", "cohort", "study", "refused", "approved"}
        assert len(kind.sentence.split()) <= 8


@pytest.mark.parametrize(
    "path",
    ["", "account/", "//evil.example/", "https://evil.example/", "/account/?q=Tess+Ting",
     "/no-such", "/account/#x", "/account/\r\nBcc: x@example.org", "/account/ ", "/a@b/",
     "/" + "x" * 400],
)  # fmt: skip
def test_a_mail_leads_to_a_page_here_or_is_not_written(db: None, path: str) -> None:
    from commonweal.web.letters.models import Letter

    with pytest.raises(CommonwealError, match="CW-LETTER-PATH"):
        tell(person(), path=path)
    assert not Letter.objects.exists()


def test_there_are_no_other_kinds(db: None) -> None:
    with pytest.raises(CommonwealError, match="CW-LETTER-KIND"):
        tell(person(), "advertisement")


# --- when it goes -------------------------------------------------------------------------------


def test_what_comes_to_nothing_is_never_told(server: MailServer) -> None:
    from django.db import transaction

    user = person()

    def fails() -> None:
        with transaction.atomic():
            tell(user)
            raise RuntimeError("the use case fails after all")

    with pytest.raises(RuntimeError):
        fails()
    assert deliver() == 0
    assert server.mails == []


def test_a_closed_account_gets_nothing(server: MailServer) -> None:
    user = person()
    tell(user)
    user.is_active = False
    user.save()
    assert tell(user) is None
    assert deliver() == 0
    assert server.mails == []


@pytest.mark.parametrize(
    ("hours", "until"), [(0, 18.5), (13, 5.5), (18.49, 0.01), (18.5, 24)],
    ids=["noon", "night", "before half past seven", "half past seven"],
)  # fmt: skip
def test_who_wants_one_mail_a_day_gets_it_in_the_morning(
    server: MailServer, held: FixedClock, hours: float, until: float
) -> None:
    from commonweal.web.letters.services import choose

    user = person()
    choose(user, "daily")
    held.advance(timedelta(hours=hours))
    for kind in ("your_turn", "answer_came", "question_asked"):
        tell(user, kind)
    held.advance(timedelta(hours=until) - timedelta(seconds=1))
    assert deliver() == 0
    held.advance(timedelta(seconds=1))
    assert deliver() == 1
    (mail,) = server.mails
    assert mail.content["Subject"] == "Commonweal: 3 things wait for you"
    assert mail.text.count("http://localhost:8000/account/") == 3
    assert mail.text.count("Reference: ") == 3


def test_more_than_twenty_in_a_day_are_gathered(server: MailServer, held: FixedClock) -> None:
    user, other = person(), person(email="other@example.org")
    for _ in range(25):
        tell(user)
    tell(other)
    assert deliver() == 21
    held.advance(timedelta(days=1))
    assert deliver() == 1
    assert server.mails[-1].content["Subject"] == "Commonweal: 5 things wait for you"
    tell(user)
    assert deliver() == 1


def test_a_person_chooses_on_a_page(db: None) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.letters.services import chosen

    client = new_client()
    client.post("/account/people/sign-in/", {"person": "amara"})
    user = User.objects.get(public_id="amara")
    assert chosen(user) == "each"
    assert "Choose" in Page(client.post("/account/mail/", {})).text
    assert "valid choice" in Page(client.post("/account/mail/", {"often": "never"})).text
    assert client.post("/account/mail/", {"often": "daily"}).status_code == 302
    assert chosen(user) == "daily"


def test_mail_to_made_up_people_never_leaves_this_machine(
    server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from django.conf import settings

    from commonweal.web.accounts.models import User

    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=tmp_path))
    tell(User.objects.get(public_id="amara"))
    assert deliver() == 1
    assert server.mails == []
    (kept,) = (tmp_path / "web" / "outbox").iterdir()
    assert "To: amara@example.org" in kept.read_text()


# --- when it cannot -----------------------------------------------------------------------------


def test_a_mail_is_tried_again_and_given_up_after_two_days(
    server: MailServer, held: FixedClock
) -> None:
    from commonweal.web.letters.models import Letter
    from commonweal.web.letters.post import WAITS

    server.refuses = "550 the address new@example.org is unknown"
    tell(person("siro"))
    tries = [deliver()]
    for wait in WAITS:
        held.advance(wait - timedelta(seconds=1))
        assert deliver() == 0
        assert Letter.objects.get().tries == len(tries)
        held.advance(timedelta(seconds=1))
        tries.append(deliver())
    row = Letter.objects.get()
    assert (row.state, row.tries, tries) == ("failed", 8, [0] * 8)
    assert row.failure == "SMTPSenderRefused"
    assert "@" not in row.failure
    held.advance(timedelta(days=30))
    assert deliver() == 0
    # Staff see it, with no address, and let it be tried again.
    client = new_client()
    monday = {"person": "edward"}
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write

    with governed_write():
        Membership.objects.filter(user__public_id="edward").update(begins=NOW.date())
    client.post("/account/people/sign-in/", monday)
    shown = Page(client.get("/account/directory/mail/")).text
    assert "Given up" in shown
    assert "SMTPSenderRefused" in shown
    assert "unknown" not in shown
    server.refuses = ""
    client.post("/account/directory/mail/again/")
    assert deliver() == 1
    assert "Every mail was sent" in Page(client.get("/account/directory/mail/")).text


def test_what_was_sent_is_forgotten_after_three_months(
    server: MailServer, held: FixedClock
) -> None:
    from commonweal.web.letters.models import Letter

    tell(person())
    deliver()
    held.advance(timedelta(days=90))
    deliver()
    assert Letter.objects.count() == 1
    held.advance(timedelta(seconds=1))
    deliver()
    assert Letter.objects.count() == 0


def test_no_server_breaks_nothing(db: None, held: FixedClock, monkeypatch: Any) -> None:
    with mail_server() as gone:
        sends_to(gone, monkeypatch)
    tell(person())
    assert deliver() == 0
    from commonweal.web.letters.models import Letter

    assert Letter.objects.get().failure == "ConnectionRefusedError"
    with mail_server() as back:
        sends_to(back, monkeypatch)
        held.advance(timedelta(minutes=1))
        assert deliver() == 1
        assert len(back.mails) == 1


def test_a_mail_that_somebody_is_sending_is_left_to_them(
    server: MailServer, held: FixedClock
) -> None:
    from commonweal.web.letters.models import Letter
    from commonweal.web.letters.post import HELD

    tell(person())
    Letter.objects.update(taken_until=held.now() + HELD)
    assert deliver() == 0
    held.advance(HELD)  # they died
    assert deliver() == 1


def test_each_invitation_mail_has_a_way_in_of_its_own(server: MailServer, held: FixedClock) -> None:
    """A way in waits nowhere: it is drawn when the mail is made, and each one ends the last."""
    from commonweal.web.accounts.models import Invitation, Organisation, User
    from commonweal.web.letters.models import Letter
    from commonweal.web.letters.services import invite

    row = Invitation.objects.create(
        email="t@example.org", organisation=Organisation.objects.get(public_id="meadowbank"),
        role="clinician", secret_hash="x", invited_by=User.objects.get(public_id="edward"),
        expires_at=NOW + timedelta(days=14),
    )  # fmt: skip
    invite(row)
    server.refuses = "451 later"
    deliver()
    server.refuses = ""
    held.advance(timedelta(minutes=1))
    assert deliver() == 1
    found = re.search(r"/account/invitation/([\w-]{40,})/", server.mails[0].text)
    assert found is not None
    row.refresh_from_db()
    assert row.is_open(held.now())
    assert found[1] not in str(list(Letter.objects.values())) + str(
        list(Invitation.objects.values())
    )
    invite(row)
    row.withdrawn_at = held.now()
    row.save()
    assert deliver() == 0
    assert not Letter.objects.filter(state="waiting").exists()


def test_the_number_of_queries_of_telling_does_not_grow(db: None, held: FixedClock) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    user = person()
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            tell(user)
        counts.append(len(asked))
        for _ in range(18):
            tell(user)
    assert counts[0] == counts[1] <= 5


# --- encryption ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["starttls", "tls"])
@pytest.mark.parametrize("trusted", [True, False])
def test_mail_is_encrypted_and_the_server_is_who_it_should_be(
    db: None,
    held: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    trusted: bool,
) -> None:
    from django.conf import settings

    from commonweal.web.letters.models import Letter

    certified = certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certified))
    with mail_server(mode, certified) as running:
        sends_to(running, monkeypatch)
        monkeypatch.setattr(settings, "EMAIL_HOST_USER", "robot")
        monkeypatch.setattr(settings, "EMAIL_HOST_PASSWORD", "hush")
        tell(person())
        assert deliver() == (1 if trusted else 0)
        assert [one.encrypted for one in running.mails] == ([True] if trusted else [])
        assert len(running.signed_in) == len(running.mails)  # a false server hears no password
    if not trusted:
        assert Letter.objects.get().failure == ssl.SSLCertVerificationError.__name__


def test_a_server_that_offers_no_encryption_gets_no_mail(
    db: None, held: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    with mail_server("none") as running:
        sends_to(running, monkeypatch)
        monkeypatch.setattr(settings, "EMAIL_USE_TLS", True)
        tell(person())
        assert deliver() == 0
        assert running.mails == []
        assert running.signed_in == []
