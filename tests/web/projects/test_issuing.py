"""The signer's worker: once, also when the machine stops in the middle."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import Refused, Unavailable
from commonweal.vault.custody.signers import name_signers, named_signers
from tests.web.projects.room import Road, code, user

FROM = "countersigned"


def issued(road: Road) -> int:
    """How often the ledger issued the permit."""
    with road.custody() as custody, custody.ledger.reading() as connection:
        found = connection.execute(
            "SELECT count(*) FROM intent WHERE type = 'permit.issued' AND permit = ?",
            (road.paper.permit_id,),
        )
        return int(found.fetchone()[0])


def test_a_permit_that_is_on_the_ledger_is_taken_up(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.projects import workers

    with monkeypatch.context() as patch:

        def cut_off(*_: Any) -> None:
            raise RuntimeError("the power goes")

        patch.setattr(workers, "_write_permit", cut_off)
        with pytest.raises(RuntimeError):
            road.work()
    assert (issued(road), road.permit, road.order.state) == (1, None, "taken")
    road.work()
    assert (issued(road), road.order.state) == (1, "done")
    assert road.permit.reference == road.paper.permit_id
    assert not list(road.home.glob(".issuing-*"))


def test_working_again_changes_nothing(road: Road) -> None:
    from commonweal.web.projects.models import Permit, PermitOrder

    road.work()
    PermitOrder.objects.update(state="waiting")
    road.work()
    road.work()
    assert (issued(road), Permit.objects.filter(application=road.application).count()) == (1, 1)


def test_another_dossier_does_not_take_up_the_permit(road: Road) -> None:
    road.work()
    from commonweal.web.projects import workers

    content = bytes(road.order.dossier) + b"\n"
    with road.custody() as custody, pytest.raises(Refused) as found:
        workers._issue(custody, content)
    assert found.value.code == "CW-PERMIT-EXISTS"


def test_a_part_that_is_away_is_waited_for(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.web.projects import workers

    with monkeypatch.context() as patch:

        def away(*_: Any) -> None:
            raise Unavailable("CW-KEY-UNAVAILABLE", "The key store does not answer.")

        patch.setattr(workers, "issue_from_dossier", away)
        with pytest.raises(Unavailable):
            road.work()
    assert (road.order.state, road.order.code) == ("taken", "")
    road.work()
    assert road.order.state == "done"


def test_what_is_being_made_can_no_longer_be_stopped_here(road: Road) -> None:
    from commonweal.web.projects import services
    from commonweal.web.projects.models import PermitOrder

    PermitOrder.objects.update(state="taken")
    assert code(lambda: services.pause(user("owen"), road.agreement, "Wait.")) == "CW-STATE-STEP"
    PermitOrder.objects.update(state="waiting")
    services.pause(user("owen"), road.agreement, "Wait.")
    assert (road.agreement.state, road.order) == ("paused", None)
    road.work()
    assert (road.permit, issued(road)) == (None, 0)


def test_the_keys_that_sign_are_a_setting_of_the_home(road: Road) -> None:
    with road.custody() as custody:
        assert named_signers(custody) == ("permit-signer",)
        assert code(lambda: name_signers(custody, [])) == "CW-PERMIT-SIGNERS"
        assert code(lambda: name_signers(custody, ["permit-signer"] * 2)) == "CW-PERMIT-SIGNERS"
        assert code(lambda: name_signers(custody, ["nobody-has-it"])) != ""
        name_signers(custody, ["status-signer"])
        assert named_signers(custody) == ("status-signer",)
    road.work()
    assert (road.order.state, road.order.code[:12]) == ("refused", "CW-SIGNATURE")
    with road.custody() as custody:
        name_signers(custody, ["permit-signer"])
    from commonweal.web.projects.models import PermitOrder

    PermitOrder.objects.update(state="waiting")
    road.work()
    assert road.order.state == "done"
