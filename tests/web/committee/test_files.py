"""The committee opens the evidence it may see, and gets nothing that the law asks for unchecked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from tests.applications import document
from tests.web.committee.house import House, person
from tests.web.conftest import Page
from tests.web.desk.conftest import PDF, came_in, in_state


def file_at(item: Any, name: str = "protocol", **more: Any) -> tuple[str, Any]:
    """A file for a document of an item's application; its address at the committee."""
    row = came_in(item.version.application, name, **more)
    return f"/committee/items/{item.pk}/files/{row.pk}/", row


def test_members_open_the_evidence_and_see_who_checked_what(house: House) -> None:
    from commonweal.web.desk.models import Document
    from commonweal.web.ledgerlink.models import governed_write

    item = house.discussing()
    path, _ = file_at(item)
    with governed_write():
        Document.objects.filter(application=item.version.application, name="protocol").update(
            state="checked", checked_by=person("edward"), checked_at=house.clock.now(),
            looked_at=["from", "about"],
        )  # fmt: skip
    page = house.get("irene", f"/committee/items/{item.pk}/")
    assert "Protocol, version 1.0, 1 February 2026" in page.text
    assert "Looked at by Edward Shaw" in page.text
    assert "It comes from whom it says it comes from; It is about this very project" in page.text
    assert "Not scanned for viruses" in page.text
    assert "is not the one that this version names" in page.text
    assert path in [a["href"] for a in page.every("a")]
    answer = house.browser("irene").get(path)
    assert answer.content == PDF
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    for name in ("print", "word"):
        said = house.browser("irene").get(f"/committee/items/{item.pk}/{name}/")
        assert said.status_code == 200
    printed = house.get("irene", f"/committee/items/{item.pk}/print/").text
    assert item.version.digest in printed


def test_who_has_a_conflict_or_has_not_declared_or_is_nobody_here_opens_nothing(
    house: House,
) -> None:
    item = house.listed()
    path, _ = file_at(item)
    paths = (path, f"/committee/items/{item.pk}/print/", f"/committee/items/{item.pk}/word/")
    for one in paths:
        assert house.browser("irene").get(one).status_code == 403  # not declared yet
    house.declare(item, "irene", "money")
    for one in paths:
        assert house.browser("irene").get(one).status_code == 403, one
        for who in ("amara", "divya", "bethan"):
            assert house.browser(who).get(one).status_code == 404, (who, one)


def test_only_files_of_documents_that_the_version_names(house: House) -> None:
    item, other = house.discussing(), house.listed(house.application("Another"))
    stranger, row = file_at(item, "smuggled")
    assert house.browser("irene").get(stranger).status_code == 404
    elsewhere, _ = file_at(other)
    number = elsewhere.rstrip("/").split("/")[-1]
    at = f"/committee/items/{item.pk}/files"
    assert house.browser("irene").get(f"{at}/{number}/").status_code == 404
    assert house.browser("irene").get(f"{at}/999999/").status_code == 404
    first, row = file_at(item)
    second, _ = file_at(item, content=PDF + b"\n")
    # An earlier file that the version does not name is the desk's alone.
    assert house.browser("irene").get(first).status_code == 404
    assert house.browser("irene").get(second).status_code == 200
    assert row.document.files.count() == 2


@pytest.mark.parametrize(
    "state", ["wanted", "unsafe", "to_check", "not_accepted", "not_wanted", None]
)
def test_what_the_law_asks_for_is_checked_before_the_committee_has_it(
    house: House, state: str | None
) -> None:
    from commonweal.web.desk.models import Document
    from commonweal.web.ledgerlink.models import governed_write

    row, meeting = house.application(), house.meeting()
    with governed_write():
        letter = Document.objects.filter(application=row, name="rec")
        letter.update(state=state) if state else letter.delete()
    answer = house.post("kate", f"/committee/meetings/{meeting.pk}/add/", 403,
                        application=row.reference)  # fmt: skip
    assert "The law asks for these documents, and nobody has checked them" in Page(answer).text
    row.refresh_from_db()
    assert row.state == "ready"


def test_a_letter_that_ran_out_meanwhile_stops_it_too(house: House) -> None:
    data = [document("protocol", "protocol"),
            document("rec", "ethics_letter", expires="2027-12-31")]  # fmt: skip
    row = house.application(documents=data)
    house.clock.advance(timedelta(days=900))
    from commonweal.web.applications.services import paper_of
    from commonweal.web.desk.services import check_evidence

    version = row.versions.get()
    with pytest.raises(Refused, match="nobody has checked") as caught:
        check_evidence(version, paper_of(version))
    assert caught.value.code == "CW-DESK-EVIDENCE"


def test_what_the_writers_hand_in_for_their_next_version_is_not_the_committees(
    house: House,
) -> None:
    from commonweal.web.ledgerlink.models import governed_write

    item = house.discussing()
    path, first = file_at(item)
    draft, later = file_at(item, content=PDF + b"\n% another")
    came = item.version.sent_at + timedelta(hours=1)
    with governed_write():
        type(first).objects.filter(pk=first.pk).update(handed_in_at=item.version.sent_at)
        type(later).objects.filter(pk=later.pk).update(handed_in_at=came)
    # While it may be an answer to a question of the hospital, it is looked at.
    assert house.browser("irene").get(draft).status_code == 200
    in_state(item.version.application, "to_be_revised")
    assert house.browser("irene").get(draft).status_code == 404
    assert house.browser("irene").get(path).status_code == 200
    links = [a["href"] for a in house.get("irene", f"/committee/items/{item.pk}/").every("a")]
    assert path in links
    assert draft not in links
