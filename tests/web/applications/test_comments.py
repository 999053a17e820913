"""Comments of co-authors: for the writers only, never sent, and whatever somebody types."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.applications.conftest import begin, fill
from tests.web.conftest import Page
from tests.web.desk.conftest import sent

HOSTILE = '<script>alert(1)</script>{{ 7*7 }} "><img src=x onerror=y>'


@pytest.fixture
def shared(amara: Any) -> str:
    """An application that bethan writes too; its reference."""
    reference = begin(amara)
    fill(reference)
    amara.post(f"/applications/{reference}/authors/", {"person": "bethan"})
    return reference


def comments(reference: str) -> Any:
    from commonweal.web.applications.models import Comment

    return Comment.objects.filter(application__reference=reference)


def test_writers_comment_and_settle_and_the_task_list_counts(
    amara: Any, browser_of: Any, shared: str
) -> None:
    bethan, base = browser_of("bethan"), f"/applications/{shared}/"
    path = f"{base}comments/purpose/"
    assert bethan.post(path, {"words": "Is this too broad?"}).status_code == 302
    assert bethan.post(f"{base}comments/form-dpia/", {"words": "Ask the DPO."}).status_code == 302
    assert "Is this too broad?" in Page(amara.get(path)).text
    assert "1 open comment on this part" in Page(amara.get(f"{base}parts/purpose/")).text
    assert "1 open comment on this part" in Page(amara.get(f"{base}forms/dpia/")).text
    tasks = Page(amara.get(base)).text
    assert "(2 open)" in tasks
    assert tasks.count("1 open comment") == 2
    first = comments(shared).first()
    assert amara.post(path, {"settle": str(first.pk)}).status_code == 302
    assert amara.post(path, {"settle": str(first.pk)}).status_code == 302
    first.refresh_from_db()
    assert first.settled_by.public_id == "amara"
    # Who says it second changes nothing.
    bethan.post(path, {"settle": str(first.pk)})
    first.refresh_from_db()
    assert first.settled_by.public_id == "amara"
    assert "(1 open)" in Page(amara.get(base)).text
    bethan.post(path, {"reopen": str(first.pk)})
    first.refresh_from_db()
    assert (first.settled_by, first.settled_at) == (None, None)
    assert Page(amara.get(f"{base}comments/")).text.count("Bethan Price") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [("", "Write something"), ("   \n", "Write something"), ("x" * 4_001, "at most 4,000"),
     ("hidden \u202e text", "nobody can see"), ("a\x00b", None), (HOSTILE, None),
     ("x" * 4_000, None)],
)  # fmt: skip
def test_whatever_is_typed(amara: Any, shared: str, words: str, said: str | None) -> None:
    path = f"/applications/{shared}/comments/data/"
    answer = amara.post(path, {"words": words})
    if said is None:
        assert answer.status_code == 302, Page(answer).text
        page = Page(amara.get(path))
        assert "<script>alert" not in amara.get(path).content.decode()
        assert words.replace("\x00", "\ufffd")[:40].strip() in page.text
    else:
        page = Page(answer)
        assert said in page.text
        assert page.text.startswith("Error: ")
        assert comments(shared).count() == 0


def test_only_ones_own_is_taken_away(amara: Any, browser_of: Any, shared: str) -> None:
    path = f"/applications/{shared}/comments/purpose/"
    amara.post(path, {"words": "Mine."})
    (row,) = comments(shared)
    bethan = browser_of("bethan")
    assert bethan.post(path, {"remove": str(row.pk)}).status_code == 403
    for number in ("0", "-1", "999999999999", "x", "1" * 40):
        assert amara.post(path, {"settle": number}).status_code == 404, number
    assert amara.post(path, {"remove": str(row.pk)}).status_code == 302
    assert comments(shared).count() == 0


def test_no_part_that_there_is_not(amara: Any, shared: str) -> None:
    for part in ("nothing", "form-", "form-nothing", "kept", "form-aia-workshop"):
        answer = amara.post(f"/applications/{shared}/comments/{part}/", {"words": "x"})
        assert answer.status_code == 404, part


def test_a_comment_of_another_application_is_not_touched(amara: Any, shared: str) -> None:
    other = begin(amara)
    amara.post(f"/applications/{other}/comments/purpose/", {"words": "There."})
    (row,) = comments(other)
    for action in ("settle", "remove"):
        path = f"/applications/{shared}/comments/purpose/"
        assert amara.post(path, {action: str(row.pk)}).status_code == 404
    row.refresh_from_db()
    assert row.settled_at is None


def test_who_left_keeps_their_name_and_sees_nothing(
    amara: Any, browser_of: Any, shared: str
) -> None:
    path = f"/applications/{shared}/comments/purpose/"
    bethan = browser_of("bethan")
    bethan.post(path, {"words": "Before I go."})
    amara.post(f"/applications/{shared}/authors/", {"remove": "bethan"})
    text = Page(amara.get(path)).text
    assert "Bethan Price (no longer writes here)" in text
    assert bethan.get(path).status_code == 404
    assert bethan.post(path, {"words": "Still here?"}).status_code == 404
    assert comments(shared).count() == 1


def test_comments_are_never_sent_and_nobody_else_sees_them(amara: Any, browser_of: Any) -> None:
    from commonweal.web.applications.models import Application, Comment

    word = "Zanzibar"
    reference = begin(amara)
    row = Application.objects.get(reference=reference)
    Comment.objects.create(application=row, part="purpose", words=word, person=row.begun_by,
                           made_at=row.begun_at)  # fmt: skip
    fill(reference)
    made = _send(amara, row)
    version = made.versions.get()
    assert word.encode() not in bytes(version.content)
    edward = browser_of("edward")
    for path in ("", "versions/1/", "versions/1/print/", "questions/", "documents/"):
        assert word not in edward.get(f"/desk/{reference}/{path}").content.decode()
    # After sending they can be read by the writers, and stay as they are.
    path = f"/applications/{reference}/comments/purpose/"
    assert word in Page(amara.get(path)).text
    assert amara.post(path, {"words": "More."}).status_code == 403
    for name in ("versions/1/", "versions/1/print/"):
        assert word not in amara.get(f"/applications/{reference}/{name}").content.decode()


def _send(client: Any, row: Any) -> Any:
    from tests.web.desk.conftest import send_again

    assert client is not None
    return send_again(row)


def test_five_hundred_are_enough(amara: Any, shared: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.web.applications import commenting

    monkeypatch.setattr(commenting, "MAX_COMMENTS", 2)
    path = f"/applications/{shared}/comments/purpose/"
    for _ in range(2):
        assert amara.post(path, {"words": "x"}).status_code == 302
    assert "at most 2 comments" in Page(amara.post(path, {"words": "My third."})).text
    assert comments(shared).count() == 2


def test_an_application_at_the_desk_shows_no_comment_page(amara: Any, browser_of: Any) -> None:
    row = sent(amara)
    assert browser_of("edward").get(f"/applications/{row.reference}/comments/").status_code == 404
