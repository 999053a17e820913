"""Service levels and checks of the custodian's own, and the list by what is late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.application.screening import KEPT, default_checks, read_checks
from tests.web.conftest import Page
from tests.web.desk.conftest import in_state, sent, standing

LEVELS = (
    resources.files("commonweal.governance.clocks").joinpath("seeds", "service_levels.yaml")
).read_text()
CHECKS = resources.files("commonweal.governance.application").joinpath("screening.yaml").read_text()


@pytest.fixture
def own(web_home: Path) -> Iterator[Path]:
    """The home's folder for the desk's files; as before afterwards."""
    from commonweal.web.desk.rules import forget

    folder = web_home / "desk"
    folder.mkdir(mode=0o700)
    forget()
    yield folder
    for one in folder.iterdir():
        one.unlink()
    folder.rmdir()
    forget()


def put(folder: Path, name: str, text: str) -> None:
    from commonweal.web.desk.rules import forget

    (folder / name).write_text(text)
    (folder / name).chmod(0o600)
    forget()


def test_the_custodians_own_levels_and_checks_hold_everywhere(
    own: Path, amara: Any, browser_of: Any
) -> None:
    put(
        own,
        "service-levels.yaml",
        LEVELS.replace(
            "within 10 working days whether your app", "in three working days whether your app"
        ).replace("working_days: 10", "working_days: 3", 1),
    )
    more = CHECKS + (
        "  - id: local\n    section: flows\n    title: Our own\n    ask: Is it as we do it here?\n"
    )
    put(own, "checks.yaml", more)
    start = Page(amara.get("/applications/start/")).text
    assert "We tell you in three working days" in start
    assert "Our own" in start
    row = in_state(sent(amara), "screening")
    edward = browser_of("edward")
    assert "Is it as we do it here?" in Page(edward.get(f"/desk/{row.reference}/checks/")).text
    left = Page(edward.get(f"/desk/{row.reference}/")).text
    assert "Our own: nobody has checked this yet." in left
    assert (
        "We tell you in three working days"
        in Page(amara.get(f"/applications/{row.reference}/")).text
    )


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("checks.yaml", "", "CW-DESK-CHECKS"),
        ("checks.yaml", "checks: 1\nversion: 1\nsource: x\nitems: []\n", "CW-DESK-CHECKS"),
        ("checks.yaml", CHECKS.replace("id: legal", "id: other"), "CW-DESK-CHECKS"),
        ("checks.yaml", CHECKS.replace("section: places", "section: moon"), "CW-DESK-CHECKS"),
        ("checks.yaml", CHECKS.replace("id: flows", "id: people"), "CW-DESK-CHECKS"),
        ("checks.yaml", CHECKS + "extra: 1\n", "CW-DESK-CHECKS"),
        ("checks.yaml", "&a [*a]", "CW-YAML-INVALID"),
        ("service-levels.yaml", LEVELS.replace("working_days: 10", "working_days: 0"),
         "CW-CLOCK-DATA"),
        ("service-levels.yaml", LEVELS.replace("[sent, screening]", "[sent, moon]"),
         "CW-CLOCK-DATA"),
        ("service-levels.yaml", LEVELS.replace("[sent, screening]", "[queried]"),
         "CW-CLOCK-DATA"),
        ("service-levels.yaml", "\t", "CW-YAML-INVALID"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_stops_the_start(
    own: Path, name: str, text: str, code: str
) -> None:
    from commonweal.web.desk.rules import check_rules

    put(own, name, text)
    with pytest.raises(CommonwealError) as caught:
        check_rules()
    assert caught.value.code == code
    assert f"desk/{name}" in caught.value.sentence


def test_a_link_that_leads_nowhere_is_no_missing_file(own: Path) -> None:
    from commonweal.web.desk.rules import check_rules, forget

    (own / "checks.yaml").symlink_to(own / "gone.yaml")
    forget()
    with pytest.raises(CommonwealError):
        check_rules()


def test_the_checks_that_the_law_is_behind_stay() -> None:
    assert set(KEPT) <= {one.id for one in default_checks().items}
    for name in KEPT:
        with pytest.raises(CommonwealError, match=name):
            read_checks(CHECKS.replace(f"id: {name}\n", f"id: x{name}\n"))


# --- late ---------------------------------------------------------------------------------------


def listed(client: Any, query: str = "") -> list[str]:
    """The references on the desk's list, in order."""
    import re

    return re.findall(r"Reference (a-[a-z]+)", Page(client.get(f"/desk/{query}")).text)


def test_what_is_late_is_found_and_comes_first(amara: Any, browser_of: Any, clock: Any) -> None:
    old = in_state(sent(amara), "screening")
    asked = in_state(sent(amara), "screening")
    clock.advance(timedelta(days=3))
    asked = in_state(asked, "queried")
    clock.advance(timedelta(days=20))
    amara = browser_of("amara")
    decided = in_state(sent(amara), "approved")
    fresh = in_state(sent(amara), "screening")
    edward = browser_of("edward")
    mine = {one.reference for one in (old, asked, decided, fresh)}

    def ours(query: str) -> list[str]:
        return [one for one in listed(edward, query) if one in mine]

    assert ours("?late=yes") == [old.reference]
    assert ours("?order=due")[:2] == [old.reference, fresh.reference]
    assert set(ours("?order=due")) == mine
    assert ours("?late=yes&order=due") == [old.reference]
    assert ours("?late=no") == ours("")
    # The clock of what rests with the applicant stands still; a day back with us does not count it.
    clock.advance(timedelta(days=1))
    in_state(asked, "screening")
    assert asked.reference not in ours("?late=yes")


def test_the_queries_of_the_late_list_do_not_grow(amara: Any, browser_of: Any, clock: Any) -> None:
    from tests.web.applications.test_scoping import queries

    edward = browser_of("edward")

    def counted() -> list[int]:
        return [queries(edward, f"/desk/?{query}") for query in ("late=yes", "order=due")]

    for _ in range(2):
        in_state(sent(amara), "screening")
    clock.advance(timedelta(days=30))
    edward, amara = browser_of("edward"), browser_of("amara")
    counted()  # the first page of a session asks more
    few = counted()
    for _ in range(6):
        in_state(sent(amara), "screening")
    assert counted() == few


# --- forms that nobody here adopted -------------------------------------------------------------


def test_a_form_that_the_hospital_does_not_use_is_never_passed_over(
    amara: Any, browser_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.foundation.errors import Refused
    from commonweal.governance.forms.library.shelf import Library, our_library
    from commonweal.web.applications import presenters
    from commonweal.web.desk import services

    row = in_state(sent(amara), "screening")
    newer = our_library().form("dpia").model_copy(update={"version": 99})
    ours = our_library()
    now = Library({**ours.forms, "dpia": newer}, ours.texts)
    monkeypatch.setattr(presenters, "our_library", lambda: now)
    at = standing("edward", row)
    said = "The form dpia, version 1, is not one that this hospital uses."
    assert said in services.left_to_do(at.version, at.paper).all
    assert said in Page(browser_of("edward").get(f"/desk/{row.reference}/checks/")).text
    with pytest.raises(Refused) as caught:
        services.pass_screening(at)
    assert caught.value.code == "CW-STATE-GUARD"
