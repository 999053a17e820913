"""Sending: refused with links while incomplete, frozen and logged together or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.details import verify_commitment
from commonweal.ledger.entry import read_entry
from tests.applications import content_data
from tests.web.applications.conftest import begin, fill
from tests.web.conftest import Page


def row_of(reference: str) -> Any:
    from commonweal.web.applications.models import Application

    return Application.objects.get(reference=reference)


def intents(reference: str) -> list[Any]:
    from commonweal.web.ledgerlink.models import Intent

    entries = [read_entry(bytes(one.body)) for one in Intent.objects.filter(
        type__startswith="application.")]  # fmt: skip
    return [entry for entry in entries if entry["application"] == reference]


def sent_twice(client: Any, reference: str) -> None:
    """Two versions of one application: the committee asked for a changed one in between."""
    from commonweal.web.ledgerlink.models import governed_write

    fill(reference)
    assert client.post(f"/applications/{reference}/send/").status_code == 302
    row = row_of(reference)
    row.state = "to_be_revised"
    with governed_write():
        row.save()
    fill(reference, content_data(project__title="Asthma in two winters",
                                 period__ends="2027-02-28"))  # fmt: skip
    assert client.post(f"/applications/{reference}/send/").status_code == 302


def test_what_is_complete_is_sent_and_frozen(amara: Any) -> None:
    reference = begin(amara)
    fill(reference)
    shown = Page(amara.get(f"/applications/{reference}/check/"))
    assert "still to do" not in shown.text
    assert shown.every("a", href=f"/applications/{reference}/send/")
    answer = amara.post(f"/applications/{reference}/send/")
    assert answer["Location"].startswith("/sign/")
    asked = Page(amara.get(answer["Location"])).text
    assert "As the applicant: I send this application for a decision." in asked
    panel = Page(amara.get(f"/applications/{reference}/sent/1/")).text
    assert "Sign what you sent" in panel
    assert f"Your reference: {reference}, version 1" in panel
    row = row_of(reference)
    assert row.state == "sent"
    (version,) = row.versions.all()
    (entry,) = intents(reference)
    assert (entry["type"], entry["number"], entry["about"]) == (
        "application.sent",
        1,
        "application",
    )
    assert (entry["actor"], entry["role"]) == ("amara", "applicant")
    verify_commitment(bytes(version.salt), bytes(version.content), entry["version"])
    paper = json.loads(bytes(version.content))
    assert paper["content"]["project"]["title"] == "Asthma admissions in winter"
    assert [one["form"] for one in paper["answers"]] == ["dpia"]
    text = Page(amara.get(f"/applications/{reference}/versions/1/")).text
    assert version.digest in text
    assert "Sent by Amara Okafor" in text
    assert "We want to learn why more people with asthma come in winter." in text


def test_after_sending_nothing_can_be_changed(amara: Any) -> None:
    reference = begin(amara)
    fill(reference)
    amara.post(f"/applications/{reference}/send/")
    before = row_of(reference).draft.content
    for path in ("parts/project/", "groups/0/", "cohort/", "forms/dpia/need/", "send/", "authors/",
                 "route/who/", "parts/declarations/", "check/"):  # fmt: skip
        for answer in (amara.post(f"/applications/{reference}/{path}", {"project.title": "No"}),
                       amara.get(f"/applications/{reference}/{path}")):  # fmt: skip
            assert answer.status_code in (403, 405), path
    assert row_of(reference).draft.content == before
    assert row_of(reference).versions.count() == 1
    assert "waits to be looked at" in Page(amara.get(f"/applications/{reference}/")).text


def test_a_saving_that_is_under_way_cannot_pass_a_sending(amara: Any) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.applications import services

    reference = begin(amara)
    fill(reference)
    held = row_of(reference)
    person = User.objects.get(public_id="amara")
    amara.post(f"/applications/{reference}/send/")
    with pytest.raises(CommonwealError) as caught:
        services.save_part(person, held, ("project", "title"), "Late", None)
    assert caught.value.code == "CW-STATE-STEP"
    assert row_of(reference).draft.content["project"]["title"] != "Late"


@pytest.mark.parametrize(
    ("change", "said", "href"),
    [
        ({"people.0.training.0.expires": "2026-01-01"}, "raining", "parts/people/0/#q-people-0-t"),
        ({"purpose.codes": ["marketing"]}, "used for marketing", "parts/purpose/#q-purpose"),
        ({"period.ends": "2026-02-31"}, "kept as it was typed", "parts/period/#q-period-ends"),
        ({"declarations": []}, "not declared yet", "parts/declarations/#q-declarations-true"),
        ({"data.groups.1.variables.0.why": None}, "", "groups/1/0/#q-data-groups-1-vari"),
        ({"route.consent": None}, "", "route/consent/"),
        ({"subjects.cohort": None}, "", "cohort/"),
        ({"assessments.advice": None}, "", "parts/assessments/#q-assessments-advice"),
    ],
)  # fmt: skip
def test_what_stops_it_is_said_with_a_link_that_leads_there(
    amara: Any, change: dict[str, Any], said: str, href: str
) -> None:
    reference = begin(amara)
    fill(reference, content_data(**change))
    answer = amara.post(f"/applications/{reference}/send/")
    assert answer.status_code == 200
    page = Page(answer)
    assert page.text.startswith("Error: ")
    assert said in page.text
    links = [str(a["href"]) for a in page.every("a")]
    (link, *_) = [one for one in links if one.startswith(f"/applications/{reference}/{href}")]
    there = amara.get(link.partition("#")[0])
    assert there.status_code == 200
    place = link.partition("#")[2]
    assert not place or f'id="{place}"' in there.content.decode()
    assert (row_of(reference).state, row_of(reference).versions.count()) == ("draft", 0)
    assert intents(reference) == []


def test_every_link_of_an_empty_application_leads_to_its_box(amara: Any) -> None:
    reference = begin(amara)
    page = Page(amara.post(f"/applications/{reference}/send/"))
    links = {str(a["href"]) for a in page.every("a") if f"/{reference}/" in str(a["href"])}
    assert len(links) > 30
    shown: dict[str, str] = {}
    missing = []
    for link in sorted(links):
        path, _, place = link.partition("#")
        if path not in shown:
            answer = amara.get(path, follow=True)
            assert answer.status_code == 200, path
            shown[path] = answer.content.decode()
        if place and f'id="{place}"' not in shown[path]:
            missing.append(link)
    assert missing == []


def test_declarations_hold_who_and_when(amara: Any) -> None:
    reference = begin(amara)
    fill(reference, content_data(declarations=[]))
    at = f"/applications/{reference}/parts/declarations/"
    names = [box["value"] for box in Page(amara.get(at)).every("input", name="agreed")]
    assert len(names) == 7
    amara.post(at, {"agreed": [*names, "invented"]})
    made = row_of(reference).draft.content["declarations"]
    assert [row["id"] for row in made] == names
    assert all((row["by"], row["on"]) == ("amara", "2026-03-02") for row in made)
    amara.post(at, {"agreed": names[1:]})
    assert len(row_of(reference).draft.content["declarations"]) == 6


def test_what_changed_is_told_and_shown_side_by_side(amara: Any) -> None:
    reference = begin(amara)
    sent_twice(amara, reference)
    page = Page(amara.get(f"/applications/{reference}/changes/1/2/")).text
    assert 'Title was "Asthma admissions in winter" and is now "Asthma in two winters".' in page
    assert "31 March 2027" in page
    assert "28 February 2027" in page
    assert amara.get(f"/applications/{reference}/changes/2/1/").status_code == 404
    assert (
        "From version 1 to version 2"
        in Page(amara.get(f"/applications/{reference}/versions/2/")).text
    )


def test_taking_back_is_asked_twice_and_logged(amara: Any) -> None:
    reference = begin(amara)
    assert (
        "Take this application back?"
        in Page(amara.get(f"/applications/{reference}/withdraw/")).text
    )
    assert row_of(reference).state == "draft"
    assert amara.post(f"/applications/{reference}/withdraw/").status_code == 302
    assert row_of(reference).state == "withdrawn"
    assert [one["type"] for one in intents(reference)] == ["application.withdrawn"]
    assert amara.post(f"/applications/{reference}/withdraw/").status_code == 403


# --- governed ---------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["version", "state", "intent"])
def test_when_one_part_cannot_be_written_none_is(
    amara: Any, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    from django.db import transaction

    from commonweal.web.applications import services
    from commonweal.web.applications.models import Application, Version
    from commonweal.web.ledgerlink.models import Intent

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("no space")

    reference = begin(amara)
    fill(reference)
    row = row_of(reference)
    kinds = {"version": Version, "state": Application, "intent": Intent}
    with monkeypatch.context() as patch:
        patch.setattr(kinds[place], "save", fails)
        with pytest.raises(OSError, match="no space"), transaction.atomic():
            services.send(row.begun_by, row)
    assert (row_of(reference).state, row_of(reference).versions.count()) == ("draft", 0)
    assert intents(reference) == []


def test_state_and_versions_are_written_with_their_event_only(amara: Any) -> None:
    from commonweal.web.applications.models import Application, Version
    from commonweal.web.ledgerlink.models import governed_write

    reference = begin(amara)
    fill(reference)
    amara.post(f"/applications/{reference}/send/")
    row = row_of(reference)
    (version,) = row.versions.all()
    row.state = "approved"
    tries = [
        row.save, row.delete, version.save, version.delete,
        lambda: Application.objects.filter(pk=row.pk).update(state="approved"),
        lambda: row.versions.all().delete(),
        lambda: Version.objects.all().update(number=9),
        lambda: Application.objects.create(organisation=row.organisation, begun_by=row.begun_by,
                                           begun_at=row.begun_at, state="approved"),
    ]  # fmt: skip
    for number, tried in enumerate(tries):
        with pytest.raises(Fault) as caught:
            tried()
        assert caught.value.code == "CW-WEB-GOVERNED", number
    with pytest.raises(Fault), governed_write():
        version.save()
    assert row_of(reference).state == "sent"


def test_a_version_that_was_changed_in_the_database_is_not_shown(amara: Any) -> None:
    from commonweal.web.applications.models import Version
    from commonweal.web.ledgerlink.models import governed_write

    reference = begin(amara)
    fill(reference)
    amara.post(f"/applications/{reference}/send/")
    row = Version.objects.get(application__reference=reference)
    other = bytes(row.content).replace(b"in winter", b"in summer")
    with governed_write():
        Version.objects.filter(pk=row.pk).update(content=other)
    answer = amara.get(f"/applications/{reference}/versions/1/")
    assert answer.status_code == 500
    assert "was changed in the database" in Page(answer).text


@pytest.mark.parametrize(
    "wrong",
    [{"state": "invented"}, {"reference": None}],
)
def test_the_database_refuses_what_is_none(amara: Any, wrong: dict[str, Any]) -> None:
    from django.db import IntegrityError, transaction

    from commonweal.web.applications.models import Application
    from commonweal.web.ledgerlink.models import governed_write

    row = row_of(begin(amara))
    with pytest.raises(IntegrityError), transaction.atomic(), governed_write():
        Application.objects.filter(pk=row.pk).update(**wrong)
