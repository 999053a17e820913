"""Who decides: members by name or role, interests that a second person publishes, and the group."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import SystemClock
from tests.web.conftest import new_client

GROUP = """
oversight_group: 1
name: Friends of fair decisions
does: It reads how requests were decided & says what should be better.
chosen: The hospital's patients choose them.
members:
  - {name: Zoë O'Brien, role: patient, interests: none}
  - {role: <b>nurse</b>}
meets: [2030-01-02, 2020-01-02]
advice:
  - {on: 2026-02-01, about: Words, said: Use shorter words., answer: We did.}
  - {on: 2026-03-01, about: Time, said: Decide sooner.}
updated_on: 2026-03-02
"""


@pytest.fixture(autouse=True)
def adopted(db: None, web_home: Path) -> None:
    """The hospital's list of people, as the signer tells the service of it."""
    from commonweal.vault.custody import open_custody
    from commonweal.web.signing.workers import tell_roster

    stores = web_home.with_name("stores")
    with open_custody(web_home, SystemClock(), root_store=stores) as custody:
        tell_roster(custody)


def words(client: Any) -> str:
    """What somebody reads who is not signed in."""
    del client
    answer = new_client().get("/who-decides/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def person(name: str) -> Any:
    from commonweal.web.accounts.models import User

    return User.objects.get(public_id=name)


def test_officers_are_named_and_lay_members_are_not_until_they_say_so(
    client: Any, sign_in: Callable[[str], Any]
) -> None:
    before = words(client)
    assert "Grace Adeyemi" in before
    assert "Irene Walsh" not in before
    assert before.count("A lay member</h3>") == 3
    as_irene = sign_in("irene")
    said = {"by_name": "name", "interests": "none"}
    assert as_irene.post("/who-decides/me/", said).status_code == 302
    after = words(client)
    assert "Irene Walsh</h3>" in after
    assert after.count("A lay member</h3>") == 2
    as_irene.post("/who-decides/me/", said | {"by_name": "role"})
    assert "Irene Walsh</h3>" not in words(client)


def test_a_member_who_holds_an_office_cannot_hide(
    client: Any, sign_in: Callable[[str], Any]
) -> None:
    as_hamish = sign_in("hamish")
    assert "by_name" not in as_hamish.get("/who-decides/me/").content.decode()
    as_hamish.post("/who-decides/me/", {"by_name": "role", "interests": "none"})
    assert person("hamish").name in words(client)


def test_words_are_public_once_somebody_else_published_them_and_not_before(
    client: Any, sign_in: Callable[[str], Any]
) -> None:
    text = "I own <b>shares</b> of a drug firm."
    sign_in("irene").post("/who-decides/me/", {"by_name": "role", "interests": text})
    assert "drug firm" not in words(client)
    as_kate = sign_in("kate")
    assert "drug firm" in as_kate.get("/who-decides/interests/").content.decode()
    done = {"do": "publish", "of": "irene", "seen": text}
    assert as_kate.post("/who-decides/interests/", done).status_code == 302
    assert "Interests: I own &lt;b&gt;shares&lt;/b&gt; of a drug firm." in words(client)
    sign_in("irene").post("/who-decides/me/", {"by_name": "role", "interests": "none now"})
    assert "drug firm" in words(client)
    assert "none now" not in words(client)


@pytest.mark.parametrize(
    ("who", "of", "seen", "status"),
    [
        ("grace", "grace", "none", 403),  # one's own
        ("kate", "grace", "other words", 403),  # not what was on the page
        ("kate", "nobody", "none", 403),
        ("kate", "", "", 403),
        ("irene", "grace", "none", 404),
        ("edward", "grace", "none", 404),
        ("amara", "grace", "none", 404),
    ],
)
def test_who_cannot_publish(
    client: Any, sign_in: Callable[[str], Any], who: str, of: str, seen: str, status: int
) -> None:
    sign_in("grace").post("/who-decides/me/", {"interests": "none"})
    sent = {"do": "publish", "of": of, "seen": seen}
    assert sign_in(who).post("/who-decides/interests/", sent).status_code == status
    assert "Interests: none" not in words(client)


@pytest.mark.parametrize(
    "text", ["Ring 0113 496 0123.", "Write to a@b.example", "LS1 4AP", "943 476 5919"]
)
def test_what_looks_personal_is_sent_back_and_cannot_be_published(
    client: Any, sign_in: Callable[[str], Any], text: str
) -> None:
    sign_in("grace").post("/who-decides/me/", {"interests": text})
    as_kate = sign_in("kate")
    sent = {"do": "publish", "of": "grace", "seen": text}
    refused = as_kate.post("/who-decides/interests/", sent)
    assert refused.status_code == 403
    assert text not in words(client)
    empty = as_kate.post("/who-decides/interests/", sent | {"do": "back", "advice": " "})
    assert empty.status_code == 403
    back = {"do": "back", "of": "grace", "seen": text, "advice": "Leave the number out."}
    assert as_kate.post("/who-decides/interests/", back).status_code == 302
    assert "Leave the number out." in sign_in("grace").get("/who-decides/me/").content.decode()
    assert "Leave the number out." not in words(client)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"by_name": "", "interests": "mine"}, "mine"),
        ({"by_name": "boss", "interests": "mine"}, "mine"),
        ({"by_name": "name", "interests": ""}, "There is a problem"),
        ({"by_name": "name", "interests": "x " * 301}, "x x x"),
        ({"by_name": "name", "interests": "y" * 2_001}, "yyy"),
    ],
)
def test_what_a_member_typed_is_kept_where_it_cannot_be_saved(
    client: Any, sign_in: Callable[[str], Any], sent: dict[str, str], kept: str
) -> None:
    answer = sign_in("irene").post("/who-decides/me/", sent)
    assert answer.status_code in (200, 403)
    text = answer.content.decode()
    assert "There is a problem" in text
    assert kept in text
    assert "Irene Walsh" not in words(client)


@pytest.mark.parametrize("who", [None, "amara", "edward", "kate"])
def test_only_members_have_a_page_of_their_own(
    client: Any, sign_in: Callable[[str], Any], who: str | None
) -> None:
    if who is not None:
        sign_in(who)
    for answer in (client.get("/who-decides/me/"), client.post("/who-decides/me/", {})):
        assert answer.status_code in ((302,) if who is None else (404,))


def test_attendance_counts_meetings_held_in_the_last_year_and_in_the_term(client: Any) -> None:
    from commonweal.web.committee.models import Meeting
    from commonweal.web.config import clock

    seat = next(one for one in _seats() if one.person == "grace")
    now = clock.now()
    for days, state, there in (
        (1, "ended", ["grace"]), (2, "minuted", []), (3, "planned", ["grace"]),
        (400, "minuted", ["grace"]), (4, "minuted", ["grace", "irene"]),
    ):  # fmt: skip
        Meeting.objects.create(
            held_at=now - timedelta(days=days), place="Hall", state=state, present=there,
            made_by=person("kate"),
        )  # fmt: skip
    assert seat.holds_on((now - timedelta(days=4)).date())
    text = words(client)
    assert "Came to 2 of 3 meetings" in text
    assert "Came to 1 of 3 meetings" in text
    assert "Came to 0 of 3 meetings" in text


def _seats() -> Any:
    from commonweal.web.committee.policies import members

    return members().seats


def test_minutes_and_dates_are_listed_as_everybody_may_read_them(client: Any) -> None:
    from commonweal.web.committee.models import Meeting
    from commonweal.web.config import clock

    for days, state in ((-5, "ended"), (-6, "minuted"), (5, "planned")):
        Meeting.objects.create(
            held_at=clock.now() + timedelta(days=days), place="Hall", state=state,
            made_by=person("kate"),
        )  # fmt: skip
    text = words(client)
    assert text.count("/committee/minutes/") == 1
    assert "No meeting is planned" not in text


def test_the_page_asks_as_often_for_many_members_and_meetings(client: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from commonweal.web.committee.models import Meeting
    from commonweal.web.config import clock

    counts = []
    for times in (1, 30):
        for number in range(times):
            Meeting.objects.create(
                held_at=clock.now() - timedelta(days=number + 1), place="Hall", state="minuted",
                made_by=person("kate"),
            )  # fmt: skip
        with CaptureQueriesContext(connection) as asked:
            words(client)
        counts.append(len(asked))
    assert counts[0] == counts[1]


# --- the oversight group --------------------------------------------------------------------------


@pytest.fixture
def record(web_home: Path) -> Any:
    from commonweal.web.oversight.group import FILE

    path = web_home / FILE
    path.parent.mkdir(exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


def test_the_group_is_shown_as_it_was_written(client: Any, record: Path) -> None:
    assert (
        "has not written down yet" in client.get("/who-decides/oversight-group/").content.decode()
    )
    record.write_text(GROUP, encoding="utf-8")
    text = client.get("/who-decides/oversight-group/").content.decode()
    for said in ("Friends of fair decisions", "Zoë O&#39;Brien, patient.", "We did.",
                 "&lt;b&gt;nurse&lt;/b&gt;", "2 January 2030", "has not answered yet"):  # fmt: skip
        assert said in text, said
    assert "2 January 2020" not in text
    assert text.index("Time, 1 March 2026") < text.index("Words, 1 February 2026")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"oversight_group: 2", b"\xff\xfe", b"a: [", b"x" * 300_000,
        GROUP.replace("2026-03-02", "soon").encode(),
        (GROUP + "secret: 1\n").encode(),
        b"oversight_group: &a [*a]",
        GROUP.replace("Friends", "!!python/object:os.system").encode(),
    ],
)  # fmt: skip
def test_a_record_that_cannot_be_read_says_so_and_the_other_page_stands(
    client: Any, record: Path, content: bytes
) -> None:
    record.write_bytes(content)
    answer = client.get("/who-decides/oversight-group/")
    assert answer.status_code >= 400
    assert "Traceback" not in answer.content.decode()
    assert "Who is on it" in words(client)
