"""An impact assessment after it is published: words removed, a newer text, days that come."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from commonweal.foundation.canonical import canonical, digest
from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.details import commitment
from tests.web.conftest import Page, new_client
from tests.web.desk.conftest import ai_data, assessment_of, entries, in_state, sent, standing
from tests.web.desk.test_assessing import LIGHTER, decide, done

SECRET = "It is only tested"
RECORD = "It is only tested."


@pytest.fixture
def row(amara: Any, edward: Any, monkeypatch: Any) -> Any:
    """An application whose assessment is to be published."""
    from commonweal.web.accounts.models import User
    from commonweal.web.desk.publishing import decided, to_committee

    found = in_state(sent(amara, ai_data()), "screening")
    kate, version = User.objects.get(public_id="kate"), found.versions.get()
    done(edward, found, "pass_screening")
    done(edward, found, "take_lighter_route", {"met": LIGHTER, "reason": RECORD})
    to_committee(version, kate, "committee_secretary")
    decide(monkeypatch, "approve")
    decided(version, "approve", kate, "committee_chair")
    return found


@pytest.fixture
def published(row: Any, edward: Any) -> Any:
    done(edward, row, "publish", {"read": "on"})
    return row


def everybody(row: Any, number: str = "", status: int = 200) -> Page:
    answer = new_client().get(f"/assessments/{row.reference}/{number}")
    assert answer.status_code == status
    return Page(answer)


def words(client: Any, row: Any, **data: str) -> Any:
    return client.post(f"/desk/{row.reference}/assessment/words/", data)


# --- words removed ------------------------------------------------------------------------------


def test_words_are_removed_wherever_they_stand_and_the_whole_text_stays(
    published: Any, edward: Any
) -> None:
    from commonweal.web.desk.publishing import shown_plain, whole_plain

    before = everybody(published).text
    assert RECORD in before
    assert words(edward, published, passage=SECRET, reason="commercial").status_code == 302
    page = everybody(published)
    assert SECRET not in page.html
    assert "[Removed: it is a trade secret]." in page.text
    found = assessment_of(published)
    assert SECRET in str(whole_plain(found))
    last = entries(published)[-1]
    assert (last["type"], last["passages"]) == ("assessment.redacted", 1)
    assert last["assessment_hash"] == digest(shown_plain(found))
    sealed = commitment(bytes(found.whole_salt), canonical(whole_plain(found)))
    assert last["whole"] == sealed
    assert sealed in page.text
    assert digest(whole_plain(found)) not in page.html  # its words could be tried out (S10)
    (mark,) = found.redactions.all()
    assert words(edward, published, back=str(mark.pk)).status_code == 302
    assert everybody(published).text == before
    assert entries(published)[-1]["passages"] == 0


def test_words_removed_before_publication_are_never_public(row: Any, edward: Any) -> None:
    assert words(edward, row, passage="tested", reason="personal").status_code == 302
    assert words(edward, row, passage=SECRET, reason="personal").status_code == 302
    said = [one for one in entries(row) if one["type"] == "assessment.redacted"]
    assert [one["passages"] for one in said] == [1, 2]
    assert not any("assessment_hash" in one for one in said)  # a part could be tried out
    page = Page(edward.get(f"/desk/{row.reference}/assessment/publish/"))
    assert SECRET not in page.html
    done(edward, row, "publish", {"read": "on"})
    assert SECRET not in everybody(row).html
    last = entries(row)[-1]
    assert last["type"] == "assessment.published"
    assert last["whole"].startswith("hmac-sha256:")


@pytest.mark.parametrize(
    ("passage", "reason", "said"),
    [
        (SECRET, "", "Choose why"),
        (SECRET, "because", "Choose why"),
        ("ab", "personal", "3 to 5,000"),
        ("", "personal", "3 to 5,000"),
        ("Words that nobody wrote.", "personal", "do not stand"),
        ("tests_existing_product", "personal", "do not stand"),
    ],
)
def test_what_cannot_be_removed(
    published: Any, edward: Any, passage: str, reason: str, said: str
) -> None:
    before = everybody(published).text
    page = Page(words(edward, published, passage=passage, reason=reason))
    assert said in page.text
    assert passage in page.html
    assert everybody(published).text == before
    assert not assessment_of(published).redactions.exists()


@pytest.mark.parametrize("who", ["farah", "kate", "quentin", "amara"])
def test_only_information_governance_removes_words(
    published: Any, browser_of: Any, who: str
) -> None:
    client = browser_of(who)
    assert words(client, published, passage=SECRET, reason="personal").status_code in (403, 404)
    assert RECORD in everybody(published).text


# --- a newer text -------------------------------------------------------------------------------


def newer(client: Any, row: Any, changed: str = "The tool has a new version.") -> Any:
    place = f"/applications/{row.reference}/assessment/"
    return client.post(place, {"changed": changed, "do": "send", "seen": seen(client, place)})


def seen(client: Any, place: str) -> str:
    """What the page says that it shows; nothing where it is not shown."""
    found = Page(client.get(place)).every("input", name="seen")
    return str(found[0]["value"]) if found else ""


def test_nobody_writes_over_what_they_did_not_see(published: Any, amara: Any) -> None:
    place = f"/applications/{published.reference}/assessment/"
    opened = seen(amara, place)
    amara.post(place, {"changed": "Mine.", "do": "save", "seen": opened})
    page = Page(amara.post(place, {"changed": "Yours.", "do": "send", "seen": opened}))
    assert "Somebody else saved this page" in page.text
    assert "Mine." in page.text
    assert "Yours." in page.html
    assert assessment_of(published).state == "published"
    assert assessment_of(published).newer_draft.changed == "Mine."
    data = {"changed": "Both.", "do": "save", "seen": seen(amara, place)}
    assert amara.post(place, data).status_code == 302
    assert assessment_of(published).newer_draft.changed == "Both."


def test_what_has_changed_is_kept_however_long_and_not_sent(published: Any, amara: Any) -> None:
    long = "It has changed. " * 400
    page = Page(newer(amara, published, long))
    assert "at most 5,000 characters" in page.text
    assert assessment_of(published).newer_draft.changed == long
    assert assessment_of(published).state == "published"


def judge(client: Any, row: Any, text: str = "", **data: str) -> Any:
    """What the officer sends about the newer text that the page shows; or about another."""
    place = f"/desk/{row.reference}/assessment/newer/"
    shown = Page(client.get(place)).every("input", name="text")[0]["value"]
    return client.post(place, {**data, "text": text or shown})


def test_a_text_that_was_not_read_is_neither_published_nor_sent_back(
    published: Any, amara: Any, edward: Any
) -> None:
    from commonweal.web.desk.models import Iteration

    newer(amara, published, "This gives nobody away.")
    (old,) = Iteration.objects.filter(assessment=assessment_of(published))
    assert judge(edward, published, do="back", note="Say more.").status_code == 302
    told = Page(edward.get(f"/desk/{published.reference}/assessment/")).text
    assert "It was sent back. It is the turn of those who wrote it." in told
    newer(amara, published, "This gives somebody away.")
    for text in (str(old.pk), "x"):
        for data in ({"do": "publish", "read": "on"}, {"do": "back", "note": "No."}):
            page = Page(judge(edward, published, text, **data))
            assert "another text since this page was opened" in page.text
            assert "This gives somebody away." in page.text
    assert assessment_of(published).state == "revisited"
    assert "away" not in everybody(published).text
    assert judge(edward, published, do="publish", read="on").status_code == 302
    told = Page(edward.get(f"/desk/{published.reference}/assessment/")).text
    assert "The newer text is published. Everybody can read it now." in told
    assert "This gives somebody away." in everybody(published).text


def test_a_newer_text_is_sent_read_and_published_with_what_changed(
    published: Any, amara: Any, edward: Any
) -> None:
    old = everybody(published).text
    page = Page(amara.get(f"/applications/{published.reference}/assessment/"))
    assert "Look at the impact assessment again" in page.text
    link = next(str(one["href"]) for one in page.every("a") if "/assessment/" in str(one["href"])
                and str(one["href"]).count("/") == 5)  # fmt: skip
    section = Page(amara.get(link))
    assert section.every("input", name="seen")
    assert newer(amara, published, " ").status_code == 200
    assert assessment_of(published).state == "published"
    assert newer(amara, published).status_code == 302
    assert assessment_of(published).state == "revisited"
    assert entries(published)[-1]["step"] == "revisit"
    assert everybody(published).text == old
    place = f"/desk/{published.reference}/assessment/newer/"
    assert "The tool has a new version." in Page(edward.get(place)).text
    assert "not ready" in Page(judge(edward, published, do="publish")).text
    assert judge(edward, published, do="publish", read="on").status_code == 302
    assert assessment_of(published).state == "published"
    shown = everybody(published)
    assert "The tool has a new version." in shown.text
    first = everybody(published, "1/")
    assert "This is an earlier text." in first.text
    assert "The tool has a new version." not in first.text
    everybody(published, "3/", 404)
    assert edward.get(place).status_code == 404


def test_a_newer_text_is_sent_back_with_why(published: Any, amara: Any, edward: Any) -> None:
    newer(amara, published)
    assert judge(edward, published, do="back", note="  ").status_code == 200
    assert judge(edward, published, do="back", note="Apply for it.").status_code == 302
    assert assessment_of(published).state == "due"
    page = Page(amara.get(f"/applications/{published.reference}/assessment/"))
    assert "Apply for it." in page.text
    assert "The tool has a new version." in page.html  # what was typed is kept
    assert newer(amara, published).status_code == 302


def test_sending_does_not_let_data_be_made_before_it_is_published(
    published: Any, amara: Any, edward: Any, clock: Any
) -> None:
    from commonweal.web.desk.models import Assessment
    from commonweal.web.desk.publishing import stops_releases
    from commonweal.web.ledgerlink.models import governed_write

    today = clock.now().date()
    with governed_write():
        rows = Assessment.objects.filter(pk=assessment_of(published).pk)
        rows.update(look_again_on=today - timedelta(days=1), state="overdue")
    assert stops_releases(published, today)
    assert newer(amara, published).status_code == 302
    assert assessment_of(published).state == "revisited"
    assert stops_releases(published, today)
    assert judge(edward, published, do="publish", read="on").status_code == 302
    assert not stops_releases(published, today)


def test_writers_only_and_only_once_it_is_published(
    row: Any, amara: Any, edward: Any, browser_of: Any
) -> None:
    place = f"/applications/{row.reference}/assessment/"
    assert amara.get(place).status_code == 403  # it is not published yet
    done(edward, row, "publish", {"read": "on"})
    for client in (edward, browser_of("kate")):
        assert client.get(place).status_code == 404
        assert newer(client, row).status_code == 404
    assert assessment_of(row).state == "published"


# --- days ---------------------------------------------------------------------------------------


def test_it_falls_due_runs_over_and_ends_with_the_project(published: Any) -> None:
    from commonweal.web.desk.after import follow_days

    found = assessment_of(published)
    day: date = found.look_again_on
    took = [
        follow_days(found.pk, on, ended=ended)
        for on, ended in (
            (day - timedelta(weeks=8, days=1), False),
            (day - timedelta(weeks=8), False),
            (day, False),
            (day + timedelta(days=1), False),
            (day + timedelta(days=1), True),
            (day + timedelta(days=2), True),
        )
    ]
    assert took == ["", "fall_due", "", "run_over", "end", ""]
    assert assessment_of(published).state == "ended"
    assert RECORD in everybody(published).text  # it stays public


def test_nobody_who_is_named_removes_or_publishes(published: Any, amara: Any) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.accounts.services import give_role
    from commonweal.web.desk import after

    hospital = Organisation.objects.get(kind="custodian")
    give_role(User.objects.get(public_id="amara"), hospital, "ig_officer",
              Actor("system", "tests"))  # fmt: skip
    newer(amara, published)
    at, found = standing("amara", published), assessment_of(published)
    text = found.iterations.get().pk
    for act in (
        lambda: after.remove(at, found, SECRET, "personal"),
        lambda: after.publish_again(at, found, read=True, text=text),
        lambda: after.send_back(at, found, "No.", text=text),
    ):
        with pytest.raises(CommonwealError) as caught:
            act()
        assert caught.value.code in ("CW-WEB-DENIED", "CW-STATE-ROLE")
