"""Who sent an application signs that they did; until then nobody looks at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import CommonwealError
from tests.web.applications.conftest import begin, fill
from tests.web.applications.test_sending import row_of
from tests.web.conftest import Page
from tests.web.signing_room import sign_now


def sent(client: Any) -> tuple[str, Any]:
    """An application that was sent, and the act that waits for its sender."""
    from commonweal.web.signing.models import Act

    reference = begin(client)
    fill(reference)
    answer = client.post(f"/applications/{reference}/send/")
    return reference, Act.objects.get(pk=answer["Location"].split("/")[2])


def to_the_present(client: Any, at: Any) -> None:
    """The ledger of the tests' home was written just now; the session is over by then."""
    at(SystemClock())
    client.cookies.clear()
    client.post("/account/people/sign-in/", {"person": "amara"})


def signed_state(client: Any, reference: str) -> str:
    text = Page(client.get(f"/applications/{reference}/")).text
    for said, state in (
        ("Sign what you sent.", "yours"), ("has not signed it yet", "theirs"),
        ("It is signed", "signed"),
    ):  # fmt: skip
        if said in text:
            return state
    return ""


def test_it_is_asked_for_until_the_ledger_has_heard_of_it(
    amara: Any, at: Any, web_home: Path
) -> None:
    from commonweal.web.applications.services import is_signed
    from commonweal.web.signing.models import Act

    reference, act = sent(amara)
    version = row_of(reference).versions.get()
    assert (act.kind, act.role, act.subject) == ("send", "applicant", reference)
    assert act.object_digest == version.digest
    assert (signed_state(amara, reference), is_signed(version)) == ("yours", False)
    # The same act is signed, however often the way there is taken; a new one when it is too old.
    again = amara.post(f"/applications/{reference}/sign/")
    assert again["Location"] == f"/sign/{act.pk}/"
    to_the_present(amara, at)
    fresh = amara.post(f"/applications/{reference}/sign/")
    later = Act.objects.get(pk=fresh["Location"].split("/")[2])
    assert later.pk != act.pk
    assert sign_now(web_home, later).state == "heard"
    assert (signed_state(amara, reference), is_signed(version)) == ("signed", True)
    assert amara.post(f"/applications/{reference}/sign/").status_code == 403


def test_nobody_but_who_sent_it_signs_it(amara: Any, browser_of: Any) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.applications.services import add_author

    reference = begin(amara)
    fill(reference)
    add_author(User.objects.get(public_id="amara"), row_of(reference), "bethan")
    location = amara.post(f"/applications/{reference}/send/")["Location"]
    other = browser_of("bethan")
    assert other.get(location).status_code == 404
    assert other.post(location).status_code == 404
    assert signed_state(other, reference) == "theirs"
    assert other.post(f"/applications/{reference}/sign/").status_code == 403


def test_nothing_is_signed_before_it_is_sent_or_after_it_was_taken_back(amara: Any) -> None:
    reference = begin(amara)
    assert amara.post(f"/applications/{reference}/sign/").status_code == 403
    fill(reference)
    amara.post(f"/applications/{reference}/send/")
    amara.post(f"/applications/{reference}/withdraw/")
    assert signed_state(amara, reference) == ""
    assert amara.post(f"/applications/{reference}/sign/").status_code == 403


def test_an_application_that_was_taken_back_meanwhile_is_not_signed(
    amara: Any, at: Any, web_home: Path
) -> None:
    reference, _ = sent(amara)
    to_the_present(amara, at)
    fresh = amara.post(f"/applications/{reference}/sign/")["Location"].split("/")[2]
    amara.post(f"/applications/{reference}/withdraw/")
    settled = sign_now(web_home, fresh)
    assert (settled.state, settled.code) == ("refused", "CW-STATE-STEP")
    shown = Page(amara.get(f"/sign/{fresh}/"))
    assert settled.sentence in shown.text
    assert "CW-STATE-STEP" in shown.text
    assert shown.every("a", href=f"/applications/{reference}/sent/1/")


def test_a_version_that_was_changed_in_the_database_is_not_shown_to_be_signed(amara: Any) -> None:
    from commonweal.web.applications.models import Version
    from commonweal.web.ledgerlink.models import governed_write

    reference, act = sent(amara)
    version = row_of(reference).versions.get()
    with governed_write():
        changed = bytes(version.content).replace(b"Asthma", b"Cancer")
        Version.objects.filter(pk=version.pk).update(content=changed)
    answer = amara.get(f"/sign/{act.pk}/")
    assert answer.status_code == 500
    assert "CW-WEB-VERSION" in answer.content.decode()


def test_the_handler_refuses_what_does_not_fit(amara: Any) -> None:
    from commonweal.web.applications.handlers import SendHandler

    reference, act = sent(amara)
    handler = SendHandler()
    handler.check(act)
    for field, value, code in (
        ("subject", "a-nothing", "CW-WEB-NOT-FOUND"),
        ("object_digest", "sha256:" + "0" * 64, "CW-WEB-NOT-FOUND"),
    ):
        before = getattr(act, field)
        setattr(act, field, value)
        with pytest.raises(CommonwealError) as caught:
            handler.check(act)
        assert caught.value.code == code
        setattr(act, field, before)
    assert handler.told(act).link == f"/applications/{reference}/versions/1/"
