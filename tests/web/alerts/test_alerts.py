"""Mail about new projects: to nobody who did not say yes, and nobody else learns who did."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.foundation.errors import CommonwealError

ADDRESS = "ida@example.org"
LINK = re.compile(r"/projects/tell-me/(yes|stop)/([\w-]+)/")


@pytest.fixture
def post(db: None, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was sent, in order; the letters go nowhere."""
    from commonweal.web.alerts import sending

    sent: list[Any] = []
    monkeypatch.setattr(sending.EmailMessage, "send", lambda self: sent.append(self))
    return sent


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The public log's entries that brought projects into the list; add to it to list another."""
    from types import SimpleNamespace as Made

    from commonweal.web.alerts import sending, services

    found = [3]

    def lines() -> tuple[Any, ...]:
        return tuple(Made(entry=Made(events=(Made(entry=at),))) for at in found)

    for module in (services, sending):
        monkeypatch.setattr(module, "lines", lines)
    shown = lambda entry, now: {"title": f"Project {entry.events[0].entry}"}  # noqa: E731
    monkeypatch.setattr(sending, "project_shown", shown)
    return found


def deliver() -> int:
    from commonweal.web.alerts.sending import deliver

    return deliver()


def later(at: Any, **passed: float) -> None:
    from commonweal.web.config import clock

    at(FixedClock(clock.now() + timedelta(**passed)))


def link(message: Any) -> tuple[str, str]:
    """(yes or stop, secret) of a mail."""
    found = LINK.search(message.body)
    assert found is not None
    return found[1], found[2]


def begun(address: str, post: list[Any]) -> str:
    """Somebody who gets mail from now on; their secret."""
    from commonweal.web.alerts import services

    services.ask(address)
    assert deliver() == 1
    secret = link(post.pop())[1]
    services.begin(secret)
    return secret


def code(call: Callable[[], Any]) -> str:
    try:
        call()
    except CommonwealError as error:
        return error.code
    return ""


def test_the_whole_way_by_its_pages(
    client: Any, page: Any, post: list[Any], listed: list[int], at: Any
) -> None:
    from commonweal.web.alerts.models import Reader

    assert page("/projects/").every("a", href="/projects/tell-me/")
    told = client.post("/projects/tell-me/", {"address": ADDRESS}).content.decode()
    assert "Look at your mail" in told
    assert ADDRESS not in told
    assert (deliver(), deliver()) == (1, 0)
    (first,) = post
    assert (first.to, link(first)[0]) == ([ADDRESS], "yes")
    way = f"/projects/tell-me/yes/{link(first)[1]}/"
    # A program that opens links begins nothing.
    assert client.get(way).status_code == 200
    listed.append(9)
    assert deliver() == 0
    assert "We will write to you" in client.post(way).content.decode()
    # What was listed before that is not news.
    assert deliver() == 0
    listed.append(12)
    assert deliver() == 1
    assert "Project 12" in post[-1].body
    assert "Project 9" not in post[-1].body
    assert post[-1].subject == "1 new project is in the list"
    name, secret = link(post[-1])
    assert name == "stop"
    assert post[-1].extra_headers["List-Unsubscribe"].endswith(f"/projects/tell-me/stop/{secret}/>")
    stop = f"/projects/tell-me/stop/{secret}/"
    assert client.get(stop).status_code == 200
    assert Reader.objects.count() == 1
    assert "not write to you any more" in client.post(stop).content.decode()
    assert (Reader.objects.count(), client.get(stop).status_code) == (0, 404)


def test_at_most_one_mail_a_day_with_a_few_titles(
    post: list[Any], listed: list[int], at: Any
) -> None:
    begun(ADDRESS, post)
    listed.append(4)
    assert deliver() == 1
    listed.extend(range(5, 12))
    assert deliver() == 0
    later(at, hours=21)
    assert deliver() == 1
    assert post[-1].subject == "7 new projects are in the list"
    assert post[-1].body.count("- Project") == 5
    assert "- and 2 more" in post[-1].body
    later(at, hours=21)
    assert deliver() == 0


def test_an_address_is_written_to_once_however_often_it_is_put_in(
    client: Any, post: list[Any], listed: list[int], at: Any
) -> None:
    answers = set()
    for written in (ADDRESS, ADDRESS.upper(), f" {ADDRESS} "):
        answer = client.post("/projects/tell-me/", {"address": written}).content
        answers.add(re.sub(rb"(nonce|csrf\w*|value|id)=\S*", b"", answer))
        deliver()
    assert len(post) == 1
    assert len(answers) == 1
    assert client.post(f"/projects/tell-me/yes/{link(post[0])[1]}/").status_code == 200
    client.post("/projects/tell-me/", {"address": ADDRESS})
    assert (deliver(), len(post)) == (0, 1)


def test_a_link_that_nobody_used_is_forgotten(
    client: Any, post: list[Any], listed: list[int], at: Any
) -> None:
    from commonweal.web.alerts import services
    from commonweal.web.alerts.models import Reader

    services.ask(ADDRESS)
    deliver()
    secret = link(post[0])[1]
    later(at, days=3)
    assert client.post(f"/projects/tell-me/yes/{secret}/").status_code == 404
    deliver()
    assert Reader.objects.count() == 0
    services.ask(ADDRESS)
    assert deliver() == 1


@pytest.mark.parametrize("refused", [True, False])
def test_a_mail_that_fails_is_tried_again_later(
    post: list[Any], listed: list[int], at: Any, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    """An address that is refused again and again is given up; an outage costs nobody theirs."""
    from commonweal.web.alerts import sending
    from commonweal.web.alerts.models import Reader

    begun(ADDRESS, post)
    listed.append(4)
    tried = []
    why = SMTPRecipientsRefused({ADDRESS: (550, b"no")}) if refused else SMTPException("down")

    def fails(self: Any) -> None:
        tried.append(self)
        raise why

    with monkeypatch.context() as down:
        down.setattr(sending.EmailMessage, "send", fails)
        assert (deliver(), deliver(), len(tried)) == (0, 0, 1)
        for _ in range(sending.MOST_TRIES):
            later(at, hours=3)
            assert deliver() == 0
    assert Reader.objects.count() == (0 if refused else 1)
    assert len(tried) == sending.MOST_TRIES + (0 if refused else 1)
    later(at, hours=3)
    assert deliver() == (0 if refused else 1)


@pytest.mark.parametrize("secret", ["x", "a" * 4000, "%00", "..", "\u202e", "'--", "<b>"])
def test_a_wrong_link_works_for_nobody(client: Any, post: list[Any], secret: str) -> None:
    from urllib.parse import quote

    for name in ("yes", "stop"):
        way = f"/projects/tell-me/{name}/{quote(secret)}/"
        assert {client.get(way).status_code, client.post(way).status_code} <= {400, 404}


@pytest.mark.parametrize(
    "address", ["", "ida", "ida@", "ida@example.org\r\nBcc: x@example.org", "a" * 300 + "@x.org",
                "ida@example.org,x@example.org", "<ida@example.org>"]
)  # fmt: skip
def test_what_is_no_address_is_not_written_to(client: Any, post: list[Any], address: str) -> None:
    from commonweal.web.alerts.models import Reader

    told = client.post("/projects/tell-me/", {"address": address})
    assert told.status_code == 200
    assert "There is a problem" in told.content.decode()
    assert (Reader.objects.count(), deliver(), post) == (0, 0, [])


def test_more_than_the_page_takes_in_an_hour_wait(
    client: Any, post: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.alerts import services
    from commonweal.web.alerts.models import Reader

    monkeypatch.setattr(services, "MOST", 2)
    for number in range(2):
        services.ask(f"{number}@example.org")
    assert code(lambda: services.ask(ADDRESS)) == "CW-ALERT-MANY"
    told = client.post("/projects/tell-me/", {"address": ADDRESS}).content.decode()
    assert "takes no more" in told
    assert f'value="{ADDRESS}"' in told  # nothing typed is lost
    assert Reader.objects.count() == 2


def test_the_database_alone_shows_no_address_and_no_link(post: list[Any], web_home: Any) -> None:
    from django.core import serializers

    from commonweal.web.alerts import services
    from commonweal.web.alerts.models import Reader

    secret = begun(ADDRESS, post)
    rows = serializers.serialize("json", Reader.objects.all())
    raw = b"".join(bytes(value) for row in Reader.objects.values_list() for value in row
                   if isinstance(value, bytes | memoryview))  # fmt: skip
    for told in (ADDRESS, "ida", secret):
        assert told not in rows
        assert told.encode() not in raw
    path = web_home / "web" / "alerts_key"
    assert path.stat().st_mode & 0o077 == 0
    kept = path.read_bytes()
    path.unlink()
    # Without the key nobody is written to, and no new one shuts the old rows out.
    assert code(lambda: services.ask("other@example.org")) == "CW-WEB-KEY-LOST"
    path.touch(mode=0o600)
    path.write_bytes(kept)


def test_a_row_that_cannot_be_opened_holds_up_nobody_else(
    post: list[Any], listed: list[int]
) -> None:
    from commonweal.web.alerts import services
    from commonweal.web.alerts.models import Reader

    services.ask("broken@example.org")
    Reader.objects.update(said=b"nothing")
    services.ask(ADDRESS)
    assert deliver() == 1
    assert post[0].to == [ADDRESS]


def test_the_postman_takes_it_along(post: list[Any], listed: list[int]) -> None:
    from commonweal.web.alerts import services
    from commonweal.web.letters.post import deliver_others

    services.ask(ADDRESS)
    assert deliver_others() == 1
    assert post[0].to == [ADDRESS]
