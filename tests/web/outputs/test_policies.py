"""Who may see and ask what, in every state; rows are made by hand, without an airlock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.states.output import OUTPUT
from commonweal.web.accounts.people import PEOPLE
from tests.web.outputs.room import PERMIT, PROJECT, STUDY, WORDS, output, person

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
AUTHOR = {"amara"}
CHECKERS = {"tara", "umar"}
RECALLERS = {"owen", "priya", "edward", "rosa", *CHECKERS}
MAY: dict[str, tuple[set[str], set[str]]] = {
    "submit": (AUTHOR, {"draft"}),
    "withdraw": (AUTHOR, {"in_review", "consolidating", "approved"}),
    "download": ({"amara", "bethan"}, {"released"}),
    "review": (CHECKERS, {"in_review", "consolidating"}),
    "recall": (RECALLERS, {"released"}),
}
"""Action: who may, and in which states."""
STAFF = ("edward", "farah", "owen", "priya", "rosa", "tara", "umar")

ADDRESSES = (
    ("get", "/outputs/job-1/"),
    ("get", "/outputs/ask/job-1/"),
    ("post", "/outputs/ask/job-1/"),
    ("post", "/outputs/job-1/submit"),
    ("get", "/outputs/job-1/withdraw"),
    ("post", "/outputs/job-1/withdraw"),
    ("post", "/outputs/job-1/download"),
    ("get", "/outputs/job-1/files/" + "0" * 32),
)


def made(state: str = "in_review", **changed: Any) -> Any:
    """An output's row as the airlock would tell it."""
    from commonweal.web.outputs.models import Output

    manifest = {
        "id": "job-1", "turn": 1, "title": WORDS["title"], "author": "amara", "project": PROJECT,
        "permit": PERMIT, "job": "job-1", "study": STUDY, "context": WORDS["context"],
        "controls": WORDS["controls"],
        "files": [{"path": "sexes.json", "kind": "request"}, {"path": "sexes.csv", "kind": "file"}],
    }  # fmt: skip
    return Output.objects.create(**{
        "reference": "job-1", "permit": PERMIT, "project": PROJECT, "job": "job-1",
        "author": "amara", "title": WORDS["title"], "turn": 1, "digest": f"sha256:{'2' * 64}",
        "manifest": manifest, "state": state, "expires_at": NOW + timedelta(days=60),
        "members": ["amara", "bethan"], "living": PERMIT, "takers": ["amara", "bethan"], **changed,
    })  # fmt: skip


def study(by: str = "amara", project: str = PROJECT, state: str | None = "finished") -> Any:
    """A job's row."""
    from commonweal.web.studies.models import Job

    return Job.objects.create(
        reference="job-1", permit=PERMIT, project=project, study=STUDY, title="A study",
        declared=[{"file": "sexes.json", "kind": "request", "about": "people by sex"}],
        submitted_by=by, submitted_at=NOW, shown="ended",
        report=None if state is None else {"state": state},
    )  # fmt: skip


def held_for(who: str, project: str) -> None:
    """Let somebody's role count for one project only."""
    from django.db.models import QuerySet

    from commonweal.web.accounts.models import Membership

    QuerySet.update(Membership.objects.filter(user__public_id=who), project=project)


def today() -> Any:
    from commonweal.web.config import clock

    return clock.today()


def test_roles_states_and_actions(db: None) -> None:
    from commonweal.web.outputs import policies

    made()
    checks = {
        "submit": policies.check_submit, "withdraw": policies.check_withdraw,
        "download": policies.check_download, "review": policies.check_review,
        "recall": policies.check_recall,
    }  # fmt: skip
    for state in OUTPUT.states:
        row = output()
        row.state = state
        for one in PEOPLE:
            who = person(one.id)
            found = {name: policies.can(check, who, row, today())
                     for name, check in checks.items()}  # fmt: skip
            wanted = {name: one.id in may and state in when for name, (may, when) in MAY.items()}
            assert found == wanted, (one.id, state)


APPLICANTS = {
    one.id
    for one in PEOPLE
    if {"applicant", "co_applicant"} & set(one.roles) and one.organisation[2] != "custodian"
}
"""They have a list of their own, which is empty."""


@pytest.mark.parametrize("who", [one.id for one in PEOPLE if one.id != "amara"])
def test_nobody_else_learns_of_it(db: None, browser_of: Callable[[str], Any], who: str) -> None:
    study()
    made()
    browser = browser_of(who)
    for method, path in ADDRESSES:
        assert getattr(browser, method)(path).status_code == 404, (who, method, path)
    listed = browser.get("/outputs/")
    # Who looks after outputs here has another list, in which there are no authors' pages.
    expected = 200 if who in APPLICANTS else 302 if who in STAFF else 404
    assert listed.status_code == expected
    assert expected != 302 or listed["Location"] == "/outputs/review/"
    assert "job-1" not in listed.content.decode()


def test_who_is_not_signed_in_learns_of_nothing(client: Any) -> None:
    study()
    made()
    for method, path in (*ADDRESSES, ("get", "/outputs/")):
        answer = getattr(client, method)(path)
        assert answer.status_code in (302, 404), (method, path)
        assert "job-1" not in answer.content.decode()


def test_changes_need_a_post(db: None, browser_of: Callable[[str], Any]) -> None:
    made()
    amara = browser_of("amara")
    for action in ("submit", "download"):
        assert amara.get(f"/outputs/job-1/{action}").status_code == 405


@pytest.mark.parametrize("project", ["another", "project-outside"])
def test_a_role_for_one_project_only_counts_there(
    db: None, browser_of: Callable[[str], Any], project: str
) -> None:
    study()
    made()
    held_for("amara", project)
    amara = browser_of("amara")
    assert amara.get("/outputs/job-1/").status_code == 404
    assert amara.get("/outputs/ask/job-1/").status_code == 404
    assert "job-1" not in amara.get("/outputs/").content.decode()
    held_for("amara", PROJECT)
    assert amara.get("/outputs/job-1/").status_code == 200


def test_a_checker_s_role_for_one_project_counts_there_only(db: None) -> None:
    from commonweal.web.outputs.policies import can, check_review

    row = made()
    held_for("tara", "another")
    assert not can(check_review, person("tara"), row, today())
    held_for("tara", PROJECT)
    assert can(check_review, person("tara"), row, today())


def test_whoever_is_of_the_project_never_judges_it(db: None) -> None:
    from commonweal.web.outputs.policies import can, check_review

    row = made()
    for members, author in ((["tara"], "amara"), (["amara"], "tara"), (["TARA"], "amara")):
        row.members, row.author = members, author
        assert not can(check_review, person("tara"), row, today())
        assert can(check_review, person("umar"), row, today())


@pytest.mark.parametrize("state", [None, "failed", "refused", "over_limit"])
def test_only_what_a_study_left_can_be_asked_for(db: None, state: str | None) -> None:
    from commonweal.web.outputs import services

    job = study(state=state)
    with pytest.raises(CommonwealError) as refused:
        services.ask_check(person("amara"), job, WORDS)
    assert refused.value.code == "CW-LEAVING-JOB"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"files": []}, "CW-LEAVING-WISH"),
        ({"files": ["sexes.json", "sexes.json"]}, "CW-LEAVING-WISH"),
        ({"files": ["../sexes.json"]}, "CW-LEAVING-WISH"),
        ({"files": ["other.json"]}, "CW-LEAVING-JOB"),
        ({"title": "two\nlines"}, "CW-LEAVING-WISH"),
        ({"title": ""}, "CW-LEAVING-WISH"),
        ({"context": "\u202e"}, "CW-LEAVING-WISH"),
        ({"controls": 7}, "CW-LEAVING-WISH"),
        ({"more": "x"}, "CW-LEAVING-WISH"),
    ],
)
def test_what_nobody_can_ask(db: None, changed: dict[str, Any], code: str) -> None:
    from commonweal.web.outputs import services
    from commonweal.web.outputs.models import OutputOrder

    with pytest.raises(CommonwealError) as refused:
        services.ask_check(person("amara"), study(), WORDS | changed)
    assert refused.value.code == code
    assert not OutputOrder.objects.exists()


def test_asked_once_and_under_a_name_of_its_own(db: None) -> None:
    from commonweal.web.outputs import services
    from commonweal.web.outputs.models import OutputOrder
    from commonweal.web.outputs.policies import can, check_ask, name_for

    job, amara = study(), person("amara")
    with pytest.raises(CommonwealError) as refused:
        services.ask_check(person("bethan"), job, WORDS)
    assert refused.value.code == "CW-WEB-NOT-FOUND"
    services.ask_check(amara, job, WORDS)
    with pytest.raises(CommonwealError) as refused:
        services.ask_check(amara, job, WORDS)
    assert refused.value.code == "CW-LEAVING-KNOWN"
    OutputOrder.objects.all().delete()
    for state in OUTPUT.states:
        made(state)
        name, row = name_for("job-1")
        ended = state in ("rejected", "withdrawn", "expired", "released", "recalled")
        assert (name, row is None) == (("job-1.2", True) if ended else ("job-1", False)), state
        may = ended or state in ("draft", "returned")
        assert can(check_ask, amara, job, today()) is may, state
        row = output()
        row.delete()


def test_files_are_for_who_asked_and_for_an_hour(db: None) -> None:
    from commonweal.web.config import clock
    from commonweal.web.outputs import services

    row, amara = made("released"), person("amara")
    order = services.ask_download(amara, row)
    assert services.ask_download(amara, row).pk == order.pk, "one order, however often"
    for who in ("amara", "bethan", "tara"):
        with pytest.raises(CommonwealError) as refused:
            services.files_of(person(who), order.pk)
        assert refused.value.code == "CW-WEB-NOT-FOUND"
    held = services.take(("download",))
    assert held is not None
    assert services.finish(held, b"zip")
    assert bytes(services.files_of(amara, order.pk).content) == b"zip"
    for who in ("bethan", "tara"):
        with pytest.raises(CommonwealError):
            services.files_of(person(who), order.pk)
    order.refresh_from_db()
    order.goes_at = clock.now()
    order.save()
    with pytest.raises(CommonwealError) as refused:
        services.files_of(amara, order.pk)
    assert refused.value.code == "CW-LEAVING-STATE"
    assert services.forget_files() == 1


def test_every_state_has_words_and_none_tells_how_people_judge(db: None) -> None:
    from commonweal.web.outputs.presenters import state_shown, told_shown

    told = {"outcome": "returned", "reasons": [{"file": None, "says": "Because."}], "words": ["W"]}
    row = made(told=told)
    seen = {}
    for state in OUTPUT.states:
        row.state = state
        seen[state] = state_shown(row)
        hidden = state in ("draft", "in_review", "consolidating")
        assert (told_shown(row) is None) is hidden, state
    assert seen["in_review"] == seen["consolidating"]


def test_what_waits_for_an_author(db: None) -> None:
    from commonweal.web.config.turns import waiting_for

    def words(who: str) -> list[str]:
        return [one.words for one in waiting_for(person(who), today())]

    made("draft")
    assert any("Sign and submit" in one for one in words("amara"))
    assert not any("Sign and submit" in one for one in words("bethan"))
    row = output()
    row.state = "returned"
    row.save()
    assert any("Change an output" in one for one in words("amara"))
    row.state = "in_review"
    row.save()
    assert not any("output" in one for one in words("amara"))


def test_lists_are_paged_and_ask_the_database_as_often(
    db: None, browser_of: Callable[[str], Any]
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from commonweal.web.outputs.models import Output

    amara = browser_of("amara")
    made()
    amara.get("/outputs/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        amara.get("/outputs/")
    first = output()
    for number in range(2, 41):
        first.pk, first.reference = None, f"job-{number}"
        first.save(force_insert=True)
    assert Output.objects.count() == 40
    with CaptureQueriesContext(connection) as many:
        page = amara.get("/outputs/").content.decode()
    assert len(many) <= len(few) + 1
    assert "?page=2" in page
