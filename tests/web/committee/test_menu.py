"""Who sits on the committee or runs it finds it in the bar; everybody else reads who decides."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.web.accounts.people import PEOPLE
from tests.web.conftest import Page

SITTING = {"committee_chair", "committee_member", "committee_lay", "committee_secretary"}


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.id)
def test_whose_bar_leads_to_the_committee(sign_in: Any, one: Any) -> None:
    links = Page(sign_in(one.id).get("/cookies")).every("a")
    menu = {link["href"] for link in links}
    assert ("/committee/" in menu) is bool(set(one.roles) & SITTING)
    assert "/who-decides/" in menu


def test_nobody_who_is_not_signed_in_is_led_there(client: Any) -> None:
    assert "/committee/" not in {one["href"] for one in Page(client.get("/cookies")).every("a")}
