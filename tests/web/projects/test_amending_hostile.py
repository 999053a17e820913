"""A web process that owns the database cannot pass a change off as small, nor as another's (S11).

Everybody's signature below is real. What lies is the database, and the page that people were shown.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Unavailable
from tests.web.projects.changing import (
    Change,
    a_year_longer,
    another_purpose,
    later,
    one_variable_less,
)
from tests.web.projects.room import Road, put

FROM, WHOLE = "permitted", True


@pytest.fixture
def change(road: Road) -> Change:
    return Change(road.home, of=road)


def another_role(typed: dict[str, Any]) -> None:
    typed["people"][0]["role"] = "Whatever is needed"


WIDER = [
    another_purpose,
    pytest.param(a_year_longer, marks=pytest.mark.slow),
    pytest.param(another_role, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("wider", WIDER)
def test_a_change_that_is_not_small_is_refused_whatever_the_database_says(
    change: Change, wider: Any
) -> None:
    with later():
        change.begun().write(wider).sent()
        change.forge()
        change.to_permit()
        assert change.refused_with() == "CW-COMMITTEE-ROUTE"


def test_a_small_change_that_really_is_one_passes_the_same_way(change: Change) -> None:
    """The twin: a signer that refused everything would pass the tests beside this one."""
    with later():
        change.begun().write(one_variable_less).sent()
        change.forge()
        change.to_permit()
        assert change.states() == ("superseded", "active")


def test_what_was_approved_before_is_read_from_what_the_signer_kept(change: Change) -> None:
    """The rows of the approved version and its decision are swapped for wider ones."""
    with later():
        change.begun().write(another_purpose).sent()
        before = change.of.version
        wider = change.of.paper.plain()
        wider["content"]["purpose"]["codes"] = change.paper.content.purpose.codes
        from commonweal.governance.application.version import ApplicationVersion

        swapped = ApplicationVersion.read(json.loads(json.dumps(wider)), "The version")
        put(before, content=swapped.canonical(), digest=swapped.digest())
        change.forge()
        change.to_permit()
        assert change.refused_with() == "CW-COMMITTEE-ROUTE"


def test_a_kept_dossier_that_was_changed_is_not_believed(change: Change) -> None:
    with later():
        change.begun().write(one_variable_less).sent()
        change.forge()
        kept = change.home / "dossiers" / f"{change.of.permit.reference}.json"
        plain = json.loads(kept.read_bytes())
        plain["version"]["content"]["purpose"]["codes"].append("public_health")
        kept.write_text(json.dumps(plain))
        change.to_permit()
        assert change.refused_with() == "CW-DOSSIER-DIGEST"


def test_a_version_that_is_swapped_after_it_was_agreed_is_refused(change: Change) -> None:
    with later():
        change.begun().write(one_variable_less).sent()
        change.forge()
        plain = change.paper.plain()
        plain["content"]["purpose"]["codes"] = ["research", "public_health"]
        from commonweal.governance.application.version import ApplicationVersion

        swapped = ApplicationVersion.read(json.loads(json.dumps(plain)), "The version")
        put(change.version, content=swapped.canonical(), digest=swapped.digest())
        with pytest.raises(CommonwealError) as caught:
            change.offer()
        assert caught.value.code == "CW-COMPILE-DECISION-OTHER"


def test_another_projects_permit_is_not_replaced(change: Change) -> None:
    """Committee, both sides and both officers signed; what they signed names another's permit."""
    from commonweal.web.register.presenters import register_or_none

    register = register_or_none()
    assert register is not None
    theirs = next(
        one.id for one in register.entries
        if one.id != change.of.permit.reference and one.events[-1].what == "issued"
    )  # fmt: skip
    with later():
        from commonweal.web.amending import policies

        change.begun()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(policies, "amendment_of", lambda _: None)
            from commonweal.web.applications import kinds

            patch.setattr(kinds, "_checks", [])
            change.write(lambda t: t["project"].update(replaces=theirs)).sent()
        change.reviewed().to_permit()
        assert change.refused_with() == "CW-PERMIT-REPLACES-OTHER"


@pytest.mark.slow
def test_conditions_cannot_be_dropped_nor_data_left_undecided(change: Change) -> None:
    with later():
        change.begun().write(one_variable_less).sent()
        change.forge(outcome="approve_with_conditions", conditions=["Nothing at all."])
        change.to_permit()
        assert change.refused_with() == "CW-DOSSIER-OUTCOME"


@pytest.mark.slow
def test_a_committees_votes_are_not_passed_over(change: Change) -> None:
    """The committee has voted on it; an officer cannot agree it beside them."""
    with later():
        change.begun().write(one_variable_less).sent()
        change.act("quentin", "advise", "content", change.paper.form_digest("dpia"))
        change.review()
        change.forge()
        change.to_permit()
        assert change.refused_with() in ("CW-DOSSIER-ACT-EXTRA", "CW-DOSSIER-ACT-MISSING")


def test_cut_off_between_ledger_and_rows_the_permit_is_taken_up(
    change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.projects import workers

    with later():
        change.begun().write(one_variable_less).sent()
        change.forge()
        change.offer()
        change.accept()
        change.countersign()

        def cut(*_: Any) -> None:
            raise Unavailable("CW-LEDGER-BUSY", "The machine stopped.")

        with monkeypatch.context() as patch:
            patch.setattr(workers, "_write_permit", cut)
            with pytest.raises(Unavailable):
                change.work()
        assert change.permit is None
        assert change.on_ledger().state == "active"
        # No row says so yet, and the older permit opens nothing any more.
        with change.custody() as custody:
            older = custody.ledger.permit_standing(change.of.permit.reference)
        assert older is not None
        assert older.state == "superseded"
        change.work()
        assert change.states() == ("superseded", "active")
        change.work()
        assert change.of.agreement.state == "replaced"
