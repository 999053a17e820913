"""Whom the service writes to when something waits for them, and that it never stands in the way."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError

from tests.web.committee.house import person


def letters() -> list[tuple[str, str, str]]:
    """(to whom, kind, path) of every letter, in order."""
    from commonweal.web.letters.models import Letter

    rows = Letter.objects.order_by("pk").select_related("person")
    return [(one.person.public_id, one.kind, one.path) for one in rows]


def application() -> Any:
    from commonweal.web.applications.services import begin

    amara = person("amara")
    return begin(amara, amara.memberships.get(role="applicant"))


def test_each_is_told_once_and_who_did_it_is_not(db: None) -> None:
    from commonweal.web.letters.telling import holding, others, tell_all

    officers = holding(("ig_officer", "data_manager"))
    assert {one.public_id for one in officers} >= {"edward", "farah"}
    told = others([*officers, *officers], person("farah"))
    assert tell_all(told, "your_turn", "desk:index") == len({one.pk for one in told})
    assert ("edward", "your_turn", "/desk/") in letters()
    assert "farah" not in {who for who, _, _ in letters()}


def test_a_role_that_ended_or_is_for_another_project_is_not_told(db: None) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.letters.telling import holding

    rows = Membership.objects.filter(role="dpo")
    assert [one.public_id for one in holding(("dpo",))] == ["quentin"]
    with governed_write():
        for one in rows:
            one.project = "a-other"
            one.save()
    assert holding(("dpo",)) == []
    assert [one.public_id for one in holding(("dpo",), "a-other")] == ["quentin"]


@pytest.mark.parametrize(
    ("kind", "page", "of"),
    [("your_turn", "desk:nowhere", ()), ("gossip", "desk:index", ()), ("your_turn", "desk:case",
     ())],
)  # fmt: skip
def test_a_letter_that_cannot_be_written_stops_nothing(
    db: None, kind: str, page: str, of: tuple[str, ...]
) -> None:
    from commonweal.web.letters.telling import tell_all

    assert tell_all([person("edward")], kind, page, *of) == 0
    assert letters() == []


def test_a_database_that_keeps_no_letter_keeps_the_step(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.desk import telling
    from commonweal.web.letters import telling as letters_telling

    row = application()

    def full(*_said: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(letters_telling, "tell", full)
    telling.asked(row)
    row.refresh_from_db()  # the transaction around it still works
    assert letters() == []


def test_what_the_desk_and_the_signing_tell(db: None) -> None:
    from commonweal.web.applications import telling as sending
    from commonweal.web.desk import telling as desk

    row = application()
    at = row.reference
    sending.arrived(row)
    desk.taken_up(row, person("edward"))
    desk.asked(row)
    desk.answered(row, person("edward"))
    desk.complete(row, person("edward"))
    found = letters()
    assert ("edward", "your_turn", f"/desk/{at}/") in found
    for wanted in (
        ("quentin", "your_turn", f"/desk/{at}/advice/"),
        ("amara", "question_asked", f"/applications/{at}/questions/"),
        ("edward", "answer_came", f"/desk/{at}/"),
        ("kate", "your_turn", f"/desk/{at}/"),
    ):
        assert wanted in found
        assert found.count(wanted) == 1


def test_what_releases_tell(db: None) -> None:
    from commonweal.web.releases.models import Release
    from commonweal.web.releases.telling import release_is

    row = Release(reference="permit-0.r1", permit="permit-0", made_by=["edward"])
    for state in ("planned", "building", "measured", "sent_back", "released"):
        row.state = state
        release_is(row)
    page = "/releases/permit-0/permit-0.r1/"
    assert letters() == [
        ("rosa", "signature_asked", page),  # edward built it, so he is not asked
        ("farah", "release_sent_back", page),
        ("farah", "release_ready", page),
    ]


def test_no_letter_says_more_than_that_something_waits() -> None:
    from commonweal.web.letters.kinds import KINDS

    for kind in KINDS.values():
        assert not any(character.isdigit() or character in "{}%" for character in kind.sentence)
