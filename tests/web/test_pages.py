"""Public pages: catalogue, register and errors, with names that try what names can."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import FixedClock, SystemClock
from commonweal.foundation.errors import Fault
from commonweal.papers.register import Register
from commonweal.vault.custody import open_custody, publish_register
from commonweal.web.config.logs import PlainLines
from commonweal.web.config.names import NameConverter
from tests.web.conftest import Page, new_client
from tests.web.house import FORMULA, MARKUP

Get = Callable[..., Page]


# --- catalogue ----------------------------------------------------------------------------------


def rows_of(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_everything_that_is_held_is_listed_in_plain_words(client: Any, page: Get) -> None:
    listed = rows_of(client.get("/data.csv"))
    assert len(listed) == 25
    shown = page("/data/hospital/patients/born/").text
    assert "Says who somebody is. It is never shown as it is recorded." in shown
    assert "Age group : as an age group of 5 years, 90 and over as one." in shown
    assert "born" in page("/data/hospital/patients/").text
    assert "Patients <i>and</i> births" in page("/data/hospital/").text
    assert "Nobody can ask for this." in page("/data/hospital/patients/name/").text
    assert "Nobody has decided yet" in page("/data/hospital/patients/undecided/").text
    assert "Not possible yet." in page("/data/hospital/admissions/note/").text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=born", ["born"]),
        ("q=BORN patients", ["born"]),
        ("q=born nothing", []),
        ("role=genomic", ["genome"]),
        ("role=undecided", ["undecided"]),
        ("role=genomic&role=free_text", ["genome", "note"]),
        ("form=month", ["born", "admitted"]),
        ("form=month&role=quasi_identifier", ["admitted"]),
        ("dataset=odd&q=%3Dcmd", ["'" + FORMULA]),
        ("dataset=none", []),
        ("q=%01%F0%9F%A6%86", []),
    ],
)
def test_words_and_boxes_narrow_the_list(
    client: Any, page: Get, query: str, names: list[str]
) -> None:
    assert [row["variable"] for row in rows_of(client.get(f"/data.csv?{query}"))] == names
    heading = page(f"/data/?{query}").text
    assert f"{len(names)} detail" in heading
    assert ("Nothing fits" in heading) is (not names)


def test_no_cell_of_the_csv_is_a_formula(client: Any) -> None:
    answer = client.get("/data.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    cells = [cell for row in csv.reader(io.StringIO(answer.content.decode())) for cell in row]
    assert [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell] == []
    assert "'" + FORMULA in cells


def test_hostile_names_have_pages_and_stay_text(client: Any, page: Get) -> None:
    listing = page("/data/?dataset=odd")
    links = [a["href"] for a in listing.every("a") if str(a["href"]).startswith("/data/odd/a")]
    assert len(links) == 3
    titles = [page(str(link)).text for link in links]
    for name in (FORMULA, MARKUP, ".."):
        assert any(name in title for title in titles)
    assert "<b>a &" not in listing.html
    assert "<i>" not in page("/data/hospital/").html


@pytest.mark.parametrize(
    "name", ["a", "a/b", "..", ".", "~", "a~2Fb", "%2e%2e", "\\", "é ü", "a.b"]
)
def test_a_name_comes_back_from_its_address(name: str) -> None:
    converter = NameConverter()
    shown = converter.to_url(name)
    assert "/" not in shown
    assert shown not in {".", ".."}
    assert converter.to_python(shown) == name


def test_no_figure_and_no_place_of_the_data_is_shown(client: Any, web_home: Path) -> None:
    kept = "".join(path.read_text() for path in (web_home / "catalogues").iterdir())
    assert "secret-place" in kept
    assert "31337" in kept
    for path in ("/data/", "/data/odd/", "/data/odd/a~2Fb/", "/data.csv", "/api/v1/catalogue"):
        text = client.get(path).content.decode()
        assert "secret-place" not in text
        assert "31337" not in text
        assert "31,337" not in text


@pytest.mark.parametrize(
    "path",
    ["/data/none/", "/data/hospital/none/", "/data/hospital/patients/none/", "/projects/none/",
     "/data/hospital/patients/BORN/", "/data/..%2f..%2fetc/", "/none", "/account/none/"],
)  # fmt: skip
def test_what_is_not_there_is_said_in_one_sentence(client: Any, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    shown = Page(answer)
    assert "Reference number: " in shown.text
    assert answer["X-Reference"] in shown.text
    assert "Traceback" not in shown.html


@pytest.mark.parametrize("asked", ["0", "-1", "99999999999999999999", "x", "²", "", "3"])
def test_a_page_that_is_not_there_is_the_nearest(page: Get, asked: str) -> None:
    assert "Showing 1 to 25" in page(f"/data/?page={asked}").text


def test_a_long_list_has_pages_that_keep_the_search() -> None:
    from django.http import QueryDict

    from commonweal.web.nhsuk.paging import page_of

    asked = QueryDict("q=a b&role=x&page=5")
    found = page_of(range(1000), asked, size=10)
    assert list(found.rows) == list(range(40, 50))
    assert (found.first, found.last, found.total) == (41, 50, 1000)
    numbers = [link.get("number", "...") for link in found.links]
    assert numbers == [1, "...", 4, 5, 6, "...", 100]
    assert found.after == "?q=a+b&role=x&page=6"
    assert page_of([], QueryDict(""), size=10).total == 0


def test_without_a_catalogue_the_page_says_so(page: Get, monkeypatch: Any, tmp_path: Path) -> None:
    from commonweal.web.discovery import presenters
    from commonweal.web.discovery.reading import catalogue_of

    (tmp_path / "catalogues").mkdir()
    (tmp_path / "catalogues" / f"20260101T000000000Z-{'0' * 64}.yaml").write_text("broken: [")
    monkeypatch.setattr(presenters, "catalogue_of", lambda _: catalogue_of(tmp_path))
    assert "No list of data has been made yet." in page("/data/").text
    page("/data.csv", 404)


# --- register -----------------------------------------------------------------------------------


def test_projects_stand_where_their_permits_do(page: Get) -> None:
    listing = page("/projects/").text
    assert "4 projects" in listing
    for title in ("Asthma in winter", "Hearts", "Falls", "Births & <b>more</b>"):
        assert title in listing
    assert "Active The project may use data now." in page("/projects/permit-0/").text
    paused = page("/projects/permit-1/").text
    assert "Paused Nothing new may be done" in paused
    assert "The legal support for it ran out." in paused
    ended = page("/projects/permit-2/").text
    assert "Ended The project may not use data any more." in ended
    assert "The Caldicott Guardian decided it." in ended
    planned = page("/projects/permit-3/")
    assert "People can still say no. Say no before" in planned.text
    assert "<b>more</b>" not in planned.html
    assert "without a committee" in planned.text
    home = page("/").text
    assert "1 planned: people can still say no 2 under way 1 ended" in home


@pytest.mark.parametrize(
    ("query", "count"),
    [("q=hearts", 1), ("q=PERMIT-2", 1), ("stage=planned", 1), ("stage=active&stage=paused", 2),
     ("stage=planned&q=hearts", 0), ("stage=invented", 0), ("q=university", 4)],
)  # fmt: skip
def test_projects_are_searched(page: Get, query: str, count: int) -> None:
    shown = page(f"/projects/?{query}").text
    assert f"{count} project{'' if count == 1 else 's'} " in shown


def test_time_alone_moves_a_project(page: Get, at: Callable[[Any], None]) -> None:
    clock = FixedClock(datetime.now(UTC) + timedelta(days=30))
    at(clock)
    assert "Active" in page("/projects/permit-3/").text
    clock.advance(timedelta(days=365))
    for number in range(4):
        assert "Ended" in page(f"/projects/permit-{number}/").text


def test_no_person_is_named(client: Any, web_home: Path) -> None:
    text = (web_home / "public" / "register.json").read_text()
    shown = client.get("/projects/permit-0/").content.decode()
    assert "Amira" not in text + shown
    assert "amira" not in text + shown


def register_of(home: Path) -> dict[str, Any]:
    plain = json.loads((home / "public" / "register.json").read_text())
    assert isinstance(plain, dict)
    return plain


def test_a_register_that_was_changed_is_refused(web_home: Path) -> None:
    plain = register_of(web_home)
    Register.read(plain, "The register").check()
    plain["entries"][1]["permit"]["until"] = "2050-01-01"
    with pytest.raises(Fault) as caught:
        Register.read(plain, "The register").check()
    assert caught.value.code == "CW-WEB-REGISTER"
    assert "Entry 2" in caught.value.sentence


def test_a_register_that_was_changed_is_not_shown(
    client: Any, web_home: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    from commonweal.web.register import presenters

    changed = tmp_path / "register.json"
    plain = register_of(web_home)
    plain["entries"][0]["permit"]["project"]["title"] = "Quite harmless"
    changed.write_text(json.dumps(plain))
    monkeypatch.setattr(presenters, "FILE", changed)
    for path in ("/projects/", "/", "/projects/permit-0/"):
        answer = client.get(path)
        assert answer.status_code == 400
        assert "Quite harmless" not in answer.content.decode()
        assert "CW-WEB-REGISTER" in answer.content.decode()
    changed.unlink()
    assert "No project has been allowed" in Page(client.get("/projects/")).text


@pytest.mark.parametrize(
    "change",
    [
        lambda permit: permit.pop("until"),
        lambda permit: permit.update(until="soon"),
        lambda permit: permit.update(project=["a title"]),
        lambda permit: permit.update(purposes=["marketing"]),
        lambda permit: permit["data"][0]["tables"][0]["variables"][0].update(form="exact(9)"),
        lambda permit: permit["project"].update(title="Heart \u202eyduts"),
        lambda permit: permit.update(people=[{"id": "a", "name": "Ada", "role": "researcher"}]),
    ],
)
def test_a_register_that_cannot_be_shown_is_refused_and_breaks_no_page(
    client: Any,
    web_home: Path,
    tmp_path: Path,
    monkeypatch: Any,
    change: Callable[[dict[str, Any]], object],
) -> None:
    from commonweal.web.register import presenters

    plain = register_of(web_home)
    change(plain["entries"][0]["permit"])
    plain["entries"][0]["permit_hash"] = digest(plain["entries"][0]["permit"])
    hostile = tmp_path / "register.json"
    hostile.write_text(json.dumps(plain))
    monkeypatch.setattr(presenters, "FILE", hostile)
    client.raise_request_exception = False
    for path in ("/", "/projects/", "/projects/permit-0/", "/api/v1/register"):
        answer = client.get(path)
        assert answer.status_code == 400, path
        assert "CW-WEB-REGISTER" in answer.content.decode()


def test_the_register_is_what_the_public_log_says(
    web_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(web_home.with_name("stores")))
    before = register_of(web_home)
    with open_custody(web_home, SystemClock()) as custody:
        assert publish_register(custody) == web_home / "public" / "register.json"
        for entry in before["entries"]:
            for event in entry["events"]:
                logged = json.loads(custody.ledger.entry("public", event["entry"]))
                assert logged["permit"] == entry["permit"]["id"]
                assert logged["at"] == event["at"]
                assert logged["type"] == f"permit.{event['what']}"
    after = register_of(web_home)
    assert after["entries"] == before["entries"]
    assert (web_home / "public" / "register.json").stat().st_mode & 0o077 == 0


@pytest.fixture
def logged(web_home: Path) -> Iterator[io.StringIO]:
    """What the service writes to its log."""
    # pytest may have put a handler of its own beside ours.
    found = logging.getLogger("commonweal.web").handlers
    (handler,) = [one for one in found if isinstance(one.formatter, PlainLines)]
    assert isinstance(handler, logging.StreamHandler)
    kept = io.StringIO()
    before = handler.setStream(kept)
    yield kept
    if before is not None:
        handler.setStream(before)


FORMS = ("943 476 5919", "943+476+5919", "9434765919", "943%20476%205919", "476 5919", "476+5919")


# --- errors -------------------------------------------------------------------------------------


def test_an_unforeseen_error_tells_a_reference_and_nothing_else(
    db: None, monkeypatch: Any, logged: io.StringIO
) -> None:
    from commonweal.web.discovery import views

    def fails() -> None:
        raise RuntimeError("secret 943 476 5919")

    monkeypatch.setattr(views, "catalogue_or_none", fails)
    client = new_client()
    client.raise_request_exception = False
    answer = client.get("/data/?q=943+476+5919")
    assert answer.status_code == 500
    text = answer.content.decode()
    # Not a part of it: a time or a reference may hold three of its digits.
    assert [form for form in FORMS if form in text] == []
    assert "RuntimeError" not in text
    assert answer["X-Reference"] in text
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    (fault,) = [line for line in lines if line["level"] == "error"]
    assert fault["reference"] == answer["X-Reference"]
    assert fault["error"] == "RuntimeError"
    assert any("fails" in frame for frame in fault["frames"])
    assert [form for form in FORMS if form in logged.getvalue()] == []


def test_logs_hold_no_address_name_or_number(client: Any, logged: io.StringIO) -> None:
    client.get("/data/?q=Amara+943+476+5919", REMOTE_ADDR="127.0.0.77")
    client.get("/projects/9434765919/")
    client.post("/account/login/", {"login": "amara@example.org", "password": "hush hush"})
    said = logged.getvalue()
    assert said.count('"page"') == 3
    for word in ("Amara", "amara", *FORMS, "127.0.0", "hush", "q="):
        assert word not in said


def test_a_form_without_its_token_is_refused() -> None:
    from django.test import Client

    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost:8000"})
    answer = strict.post("/account/people/sign-in/", {"person": "farah"})
    assert answer.status_code == 403
    assert "CW-WEB-FORM-EXPIRED" in Page(answer).text


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/account/people/sign-in/", 405, "CW-WEB-METHOD"),
     ("/account/login/", 413, "CW-WEB-TOO-LARGE"),
     ("/account/password/reset/", 429, "CW-WEB-TOO-OFTEN")],
)  # fmt: skip
def test_what_cannot_be_taken_gets_a_page_of_ours(
    client: Any, path: str, status: int, code: str
) -> None:
    """Django and allauth have pages of their own for these, with nothing on them or not ours."""
    from django.conf import settings

    form = "application/x-www-form-urlencoded"
    if status == 405:
        answer = client.get(path)
        assert answer["Allow"] == "POST"
    elif status == 413:
        answer = client.post(path, "a" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1), form)
    else:
        for _ in range(30):
            answer = client.post(path, {"email": "nobody@example.org"})
            if answer.status_code != 302:
                break
    page = Page(answer)
    assert (answer.status_code, code in page.text) == (status, True)
    assert len(page.every("h1")) == 1
    assert answer["X-Reference"] in page.text
    many = "&".join(f"a{n}=1" for n in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1))
    assert client.post("/account/login/", many, form).status_code == 413


def test_health_tells_machines_and_nothing_else(client: Any, nothing_waits: None) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert "Disallow: /account/" in client.get("/robots.txt").content.decode()


def test_health_tells_when_the_database_is_gone(client: Any, monkeypatch: Any) -> None:
    from django.db import OperationalError

    from commonweal.web.config import views

    def gone() -> None:
        raise OperationalError("no such host db.internal")

    monkeypatch.setattr(views.connection, "cursor", gone)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})
