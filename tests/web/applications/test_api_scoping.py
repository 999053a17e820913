"""The API gives a person what they have a part in; of the rest nobody learns whether it exists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from commonweal.papers.permit import Permit as PermitPaper
from commonweal.papers.signing import unverified
from tests.factories import permit_text
from tests.web.applications.conftest import begin
from tests.web.applications.test_sending import sent_twice
from tests.web.conftest import new_client

SCOPES = ("applications:read", "permits:read", "me:read", "studies:read")
JOB, ORDER = "job-aaaabbbbccccdddd", "a" * 32
Ask = Callable[..., Any]


@pytest.fixture
def ask(amara: Any) -> Ask:
    """Ask the API as somebody: `ask("amara", "/api/v1/me")`. Each has a key for all of it."""
    from commonweal.web.accounts.models import User
    from commonweal.web.accounts.services import make_token

    del amara
    keys: dict[str, str] = {}

    def asked(who: str, path: str) -> Any:
        if who not in keys:
            user = User.objects.get(public_id=who)
            keys[who] = make_token(user, "test", SCOPES)[1]
        return new_client().get(path, headers={"Authorization": f"Bearer {keys[who]}"})

    return asked


@pytest.fixture
def project(amara: Any) -> str:
    """The reference of an application that Amara sent twice, with a permit and a study."""
    from commonweal.web.accounts.models import User
    from commonweal.web.applications.models import Application, Version
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.projects.models import Permit
    from commonweal.web.studies.models import Job, Named, StudyOrder

    reference = begin(amara)
    sent_twice(amara, reference)
    row = Application.objects.get(reference=reference)
    known = {Application: row, Version: row.versions.last(), User: row.begun_by}
    with governed_write():
        text = permit_text(people=[{"id": "amara", "name": "Amara Okafor", "role": "Researcher"}])
        paper = PermitPaper.read(unverified(text.encode(), "It"), "It", "CW-PERMIT-INVALID")
        made(
            Permit, known, reference="permit-own", content=text.encode(), digest=paper.digest(),
            state="announced",
        )  # fmt: skip
    made(Named, known, permit="permit-own", project="own", person="amara")
    made(Job, known, reference=JOB, permit="permit-own", submitted_by="amara", shown="waiting")
    made(StudyOrder, known, id=ORDER, permit="permit-own", asked_by=row.begun_by)
    return reference


def made(model: Any, known: dict[Any, Any], **values: Any) -> Any:
    """A row with something for every field that must have a value, and the rows it hangs on.

    Other rooms own these tables; what they hold beside is nothing to the API.
    """
    from django.db import models

    now = datetime(2026, 3, 2, tzinfo=UTC)
    fillers: tuple[tuple[Any, Any], ...] = (
        (models.DateTimeField, now), (models.DateField, now.date()), (models.BinaryField, b"{}"),
        (models.IntegerField, 1), (models.JSONField, {}), (models.CharField, "made-up"),
        (models.TextField, "made-up"), (models.BooleanField, False),
    )  # fmt: skip
    for field in model._meta.concrete_fields:
        if field.name in values or field.primary_key or field.has_default() or field.null:
            continue
        if field.is_relation:
            other = field.related_model
            values[field.name] = known.get(other) or made(other, known)
        elif field.choices:
            values[field.name] = field.choices[0][0]
        else:
            values[field.name] = next(one for kind, one in fillers if isinstance(field, kind))
    row = model(**values)
    row.save()
    return row


def own_addresses(reference: str) -> list[str]:
    """Every address that is read with a key, by the description, filled in with what is Amara's."""
    paths = new_client().get("/api/v1/openapi.json").json()["paths"]
    values = {"reference": reference, "number": "1", "permit_id": "permit-own", "job": JOB,
              "order": ORDER}  # fmt: skip
    found = []
    for path, methods in paths.items():
        if not methods.get("get", {}).get("security"):
            continue
        for name, value in values.items():
            path = path.replace("{%s}" % name, value)  # noqa: UP031
        assert "{" not in path, "a new address needs its values here"
        found.append(path)
    assert len(found) >= 6
    return found


def test_the_person_reads_their_own(ask: Ask, project: str) -> None:
    listed = ask("amara", "/api/v1/applications").json()
    (one,) = [row for row in listed["applications"] if row["reference"] == project]
    assert (one["state"], [row["number"] for row in one["versions"]]) == ("sent", [1, 2])
    version = ask("amara", f"/api/v1/applications/{project}/versions/2").json()
    assert version["digest"] == one["versions"][1]["digest"]
    assert version["content"]
    permit = ask("amara", "/api/v1/permits/permit-own").json()
    assert (permit["own"], permit["application"]) == (True, project)
    assert permit["paper"].startswith('{"payload":')
    for path in own_addresses(project):
        assert ask("amara", path).status_code == 200, path


@pytest.mark.parametrize("who", ["divya", "grace", "bethan"])
def test_nobody_else_reads_or_learns_of_it(ask: Ask, project: str, who: str) -> None:
    for path in own_addresses(project):
        answer = ask(who, path)
        text = answer.content.decode()
        for secret in (project, "permit-own", '"payload"', JOB, ORDER):
            assert secret not in text, path
        if path.count("/") > 3:  # one thing, not a list
            assert answer.status_code == 404, path
            other = path.replace(project, "a-nothing").replace("permit-own", "none")
            other = other.replace(JOB, "job-none").replace(ORDER, "0" * 32)
            nothing = ask(who, other).json()["error"]
            mine = answer.json()["error"]
            assert {**mine, "reference": ""} == {**nothing, "reference": ""}, path


@pytest.mark.parametrize(("who", "has_file"), [("edward", True), ("colin", False)])
def test_who_sees_the_permit_on_its_page_sees_it_here(
    ask: Ask, project: str, who: str, has_file: bool
) -> None:
    """Staff and the signatories of the organisation; their applications are not."""
    shown = ask(who, "/api/v1/permits/permit-own").json()
    assert (shown["own"], shown["application"]) == (True, project)
    assert (shown["paper"] is not None) is has_file
    assert ask(who, f"/api/v1/applications/{project}").status_code == 404


def test_a_role_for_one_project_is_told_as_that(ask: Ask) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.accounts.services import give_role

    hospital = Organisation.objects.get(kind="custodian")
    divya = User.objects.get(public_id="divya")
    give_role(divya, hospital, "data_manager", Actor("system", "tests"), project="a-bcdfghjklm")
    told = ask("divya", "/api/v1/me").json()
    assert told["roles"] == ["applicant"]
    assert told["project_roles"] == [{"role": "data_manager", "project": "a-bcdfghjklm"}]


def test_a_draft_is_never_given_out(ask: Ask, amara: Any) -> None:
    from tests.web.applications.conftest import fill

    reference = begin(amara)
    row = fill(reference)
    title = row.draft.title
    assert title
    for path in ("/api/v1/applications", f"/api/v1/applications/{reference}"):
        assert title not in ask("amara", path).content.decode()
    assert ask("amara", f"/api/v1/applications/{reference}/versions/1").status_code == 404


def test_of_others_permits_only_what_the_register_says(ask: Ask) -> None:
    for who in ("amara", "edward"):
        shown = ask(who, "/api/v1/permits/permit-0").json()
        assert shown["own"] is False
        assert shown["public"]["project"]["title"] == "Asthma in winter"
        assert (shown["paper"], shown["state"], shown["application"]) == (None, None, None)
        assert "people" not in shown["public"]


def test_somebody_whose_role_ended_reads_nothing(ask: Ask, project: str) -> None:
    from commonweal.web.accounts.models import Membership
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write

    assert ask("amara", f"/api/v1/applications/{project}").status_code == 200
    with governed_write():
        Membership.objects.filter(user__public_id="amara").update(ends=clock.today())
    assert ask("amara", f"/api/v1/applications/{project}").status_code in (403, 404)
    assert project not in ask("amara", "/api/v1/applications").content.decode()


def test_a_list_asks_the_database_no_more_for_more_rows(ask: Ask, amara: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for more in (1, 6):
        for _ in range(more):
            begin(amara)
        with CaptureQueriesContext(connection) as queries:
            assert ask("amara", "/api/v1/applications").status_code == 200
        counts.append(len(queries))
    # The first asking made the key as well.
    assert counts[1] <= counts[0]


def test_a_key_without_the_scope_reads_none_of_it(project: str, amara: Any) -> None:
    from commonweal.web.accounts.models import User
    from commonweal.web.accounts.services import make_token

    user = User.objects.get(public_id="amara")
    secret = make_token(user, "test", ("catalogue:read", "register:read"))[1]
    for path in own_addresses(project):
        answer = new_client().get(path, headers={"Authorization": f"Bearer {secret}"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "CW-API-SCOPE")
        assert amara.get(path).status_code == 401, "a session is no key"
