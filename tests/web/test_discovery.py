"""Figures and bands on the catalogue's pages; what is read how often; what is not believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import FixedClock
from commonweal.papers.figures import CatalogueFigures
from commonweal.papers.kept import load_kept
from commonweal.web.discovery import counted, presenters, reading
from tests import factories
from tests.web.conftest import Page
from tests.web.house import paper

Get = Callable[..., Page]


@pytest.fixture
def with_figures(web_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CatalogueFigures]:
    """Figures of the hospital in the home's own catalogue."""
    kept = load_kept(reading.catalogue_files(web_home)[-1])
    made = paper(kept)
    monkeypatch.setattr(reading, "figures_of", lambda *_: {"hospital": made})
    reading._seen.cache_clear()
    yield made
    reading._seen.cache_clear()


# --- pages --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_figures")
def test_counts_are_shown_in_plain_words(page: Get) -> None:
    assert "People: About 12,340 people." in page("/data/").text
    shown = page("/data/hospital/").text
    assert "About 12,340 people" in shown
    assert "Hidden, because it is about few people" in shown, "admissions"
    assert "2 March 2026" in shown
    table = page("/data/hospital/patients/").text
    assert "About 95 in 100" in table
    assert "Nearly always" in table
    assert "Not counted yet" in page("/data/odd/").text


@pytest.mark.usefixtures("with_figures")
def test_who_may_be_missing_is_told_in_groups_and_tens(page: Get) -> None:
    shown = page("/data/hospital/").text
    assert "Who may be missing from these data" in shown
    assert "In all it happens to about 420 people, or about 3 in 100." in shown
    plain = " ".join(shown.split())
    for heading in ("Group ", "Can be used ", "Left out ", "Share left out "):
        plain = plain.replace(heading, "")
    assert "Asian or Asian British about 2,100 about 190 about 8 in 100" in plain
    assert "Other ethnic group about 60 hidden, or fewer than 10 not told" in plain, "too few"
    assert "between 1 and 5 in 100" in plain
    other = page("/data/odd/").text
    assert "Who may be missing" not in other, "nothing was counted there"


@pytest.mark.usefixtures("with_figures")
def test_a_variable_shows_its_values_and_what_each_form_tells(page: Get) -> None:
    sex = page("/data/hospital/patients/sex/").text
    assert "F People About 120" in sex.replace("Value ", "")
    assert "Some values are hidden, because few people have them." in sex
    assert "at least 1 in 10 of the others" in sex
    born = page("/data/hospital/patients/born/")
    assert "For most people between 1941 and 2011" in born.text
    assert "nhsuk-tag--yellow" in born.html
    assert "Not counted yet" in page("/data/hospital/admissions/note/").text


@pytest.mark.usefixtures("with_figures")
def test_the_list_is_narrowed_by_how_often_a_detail_is_there(client: Any, page: Get) -> None:
    names = {step: client.get(f"/data.csv?complete={step}").content.decode().count("\n") - 1
             for step in ("90", "50", "x", "9999", "²")}  # fmt: skip
    assert names == {"90": 2, "50": 3, "x": 25, "9999": 25, "²": 25}
    assert "2 details" in page("/data/?complete=90").text
    assert "At least 90 in 100" in page("/data/").text


@pytest.mark.usefixtures("with_figures")
def test_the_form_chooser_says_what_each_form_tells(web_home: Path) -> None:
    from commonweal.web.applications.choosing import variable_boxes

    dataset = load_kept(reading.catalogue_files(web_home)[-1]).dataset("hospital")
    boxes = variable_boxes("g", {"table": "patients", "variable": "born"}, dataset)
    words = dict(boxes[0].choices)
    assert "recognise somebody: medium." in words["age_band(5,90)"]
    other = variable_boxes("g", {"table": "admissions", "variable": "admitted"}, dataset)
    assert not any("recognise" in text for _, text in other[0].choices)


@pytest.mark.usefixtures("with_figures")
def test_a_dataset_can_be_taken_along(client: Any, page: Get) -> None:
    links = [str(a["href"]) for a in page("/data/hospital/").every("a")]
    hdruk = client.get(next(one for one in links if "hdruk" in one))
    assert hdruk["Content-Type"] == "application/json"
    assert "attachment" in hdruk["Content-Disposition"]
    assert json.loads(hdruk.content)["summary"]["populationSize"] == 12_340
    crumbs = client.get(next(one for one in links if "croissant" in one))
    assert crumbs["Content-Type"] == "application/ld+json"
    assert json.loads(crumbs.content)["url"].endswith("/data/hospital/")
    for query in ("", "?dataset=none", "?dataset=%00", "?dataset=" + "x" * 5000):
        path = f"/data.hdruk.json{query}"
        assert client.get(path).status_code in (400, 404)


@pytest.mark.usefixtures("with_figures")
def test_the_api_gives_the_same(client: Any) -> None:
    whole = client.get("/api/v1/catalogue/hospital").json()
    assert (whole["people"], whole["figures"]) == (12_340, "figures-hospital.r1")
    tables = {one["name"]: one for one in whole["table_list"]}
    assert tables["admissions"]["rows"] is None
    born = client.get("/api/v1/catalogue/hospital/patients/born").json()
    assert (born["percent"], born["forms"][0]["band"]) == (100, "medium")
    odd = client.get("/api/v1/catalogue/odd").json()
    assert (odd["counted"], odd["people"]) == (False, None)


# --- what is believed ---------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a real ledger and one kept catalogue."""
    from commonweal.vault.custody import create_home, remember_catalogue

    place, file = tmp_path / "home", tmp_path / "catalogue.json"
    file.write_text(json.dumps(factories.catalogue_data()))
    clock = FixedClock(factories.NOW)
    with create_home(
        place, kind="demo", name="Somewhere", clock=clock, root_store=tmp_path / "root"
    ) as custody:
        remember_catalogue(custody, file)
    return place


def tell(home: Path, made: CatalogueFigures, content: bytes, clock: FixedClock) -> None:
    """Put figures where the service looks, and their hash on the ledger."""
    from commonweal.ledger.entry import Actor, Event
    from commonweal.ledger.store import Ledger

    fields = {"release": made.release, "dataset": made.dataset, "figures_hash": made.digest(),
              "inner": "hmac-sha256:" + "0" * 64}  # fmt: skip
    with Ledger.open(home / counted.LEDGER, clock) as ledger:
        ledger.append(Event("catalogue.described", Actor("data_manager", "test"), fields))
    folder = home / counted.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{made.dataset}.jws").write_bytes(content)


def signed(made: CatalogueFigures) -> bytes:
    return made.signed([factories.signer("manifest-signer")], made.made_at).encode()


@pytest.fixture
def told(home: Path) -> tuple[Path, CatalogueFigures]:
    """A home whose ledger holds figures of its catalogue."""
    made = paper(load_kept(reading.catalogue_files(home)[-1]))
    tell(home, made, signed(made), FixedClock(factories.NOW))
    return home, made


def believed(home: Path) -> CatalogueFigures | None:
    found = reading.catalogue_of(home)
    assert found is not None
    dataset = found.dataset("hospital")
    assert dataset is not None
    return dataset.figures


Told = tuple[Path, CatalogueFigures]


def test_figures_that_the_ledger_holds_are_believed(told: Told) -> None:
    home, made = told
    assert believed(home) == made


def test_figures_that_were_changed_are_not(told: Told) -> None:
    home, made = told
    for other in (
        signed(made.model_copy(update={"people": 990})),
        signed(made)[:-20],
        b"",
        b"{}",
        signed(made.model_copy(update={"dataset": "other"})),
    ):
        (home / counted.FOLDER / "hospital.jws").write_bytes(other)
        assert believed(home) is None


def test_older_figures_do_not_come_back(told: Told) -> None:
    home, made = told
    newer = made.model_copy(update={"release": "figures-hospital.r2", "sequence": 2})
    tell(home, newer, signed(newer), FixedClock(factories.NOW))
    assert believed(home) == newer
    (home / counted.FOLDER / "hospital.jws").write_bytes(signed(made))
    assert believed(home) is None


def test_figures_of_another_description_are_not_shown(home: Path) -> None:
    made = paper(load_kept(reading.catalogue_files(home)[-1]))
    other = made.model_copy(update={"catalogue_digest": "sha256:" + "0" * 64})
    tell(home, other, signed(other), FixedClock(factories.NOW))
    assert believed(home) is None


def test_a_changed_catalogue_is_passed_over(home: Path) -> None:
    (path,) = reading.catalogue_files(home)
    assert reading.catalogue_of(home) is not None
    changed = path.read_text().replace("quasi_identifier", "other")
    assert changed != path.read_text()
    path.write_text(changed)
    reading._kept.cache_clear()
    reading._seen.cache_clear()
    assert reading.catalogue_of(home) is None


def test_the_vault_passes_it_over_too(home: Path, tmp_path: Path) -> None:
    from commonweal.foundation.errors import Fault
    from commonweal.vault.custody import find_catalogue, open_custody

    (path,) = reading.catalogue_files(home)
    path.write_text(path.read_text().replace("quasi_identifier", "other"))
    opened = open_custody(home, FixedClock(factories.NOW), root_store=tmp_path / "root")
    with opened as custody, pytest.raises(Fault, match="No catalogue that passed"):
        find_catalogue(custody, "hospital")


# --- how often what is read ---------------------------------------------------------------------


class Opened:
    """Counts the files that are opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: list[str] = []
        real = Path.open

        def spy(path: Path, *args: Any, **values: Any) -> Any:
            self.files.append(path.name)
            return real(path, *args, **values)

        monkeypatch.setattr(Path, "open", spy)


def catalogue_with(datasets: int, start: int) -> dict[str, Any]:
    plain = factories.catalogue_data()
    (one,) = plain["datasets"]
    small = {**one, "tables": one["tables"][:1]}
    plain["datasets"] = [
        {**small, "id": f"d{n}", "title": f"Dataset {n}"} for n in range(start, start + datasets)
    ]
    return plain


def test_a_thousand_datasets_are_read_once(
    home: Path, page: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for part in range(10):
        content = json.dumps(catalogue_with(100, part * 100)).encode()
        name = f"20270101T00000000{part}Z-{hashlib.sha256(content).hexdigest()}.json"
        (home / "catalogues" / name).write_bytes(content)
    monkeypatch.setattr(presenters, "catalogue_of", lambda _: reading.catalogue_of(home))
    opened = Opened(monkeypatch)
    assert "1,001" in page("/data/").text
    assert len([name for name in opened.files if "T00000000" in name]) == 10, "each file once"
    paths = ("/data/", "/data/?show=datasets&q=dataset 99", "/data/d7/", "/data/d7/patients/",
             "/data/d999/patients/born/", "/data.csv?dataset=d5", "/api/v1/catalogue?page=11",
             "/api/v1/catalogue/variables?q=dataset 500")  # fmt: skip
    for path in paths:
        opened.files.clear()
        with CaptureQueriesContext(connection) as queries:
            shown = page(path)
        assert [name for name in opened.files if "T0" in name] == [], path
        assert len(queries) <= 2, path
        assert len(shown.html) < 200_000, path
