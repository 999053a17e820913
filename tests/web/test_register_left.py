"""What has left, on the public pages: in plain words, never more than the log lets it say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.canonical import digest
from commonweal.papers.output_manifest import OVERRIDE_WORDS
from commonweal.papers.register import Register
from commonweal.papers.register_log import compare
from commonweal.vault.custody import publish_register, settle
from commonweal.vault.custody.register import public_entries
from tests.output_house import OutputHouse, make_output_house
from tests.web.conftest import Page
from tests.web.left import call_back, let_leave
from tests.web.public_words import page_words

Get = Callable[..., Page]
HOSTILE = "</h1><script>alert(1)</script>{{ 7 * 7 }} & 'more'"
LONG = "Stays" * 100
REASONS = "A count was of three people.\n<b>Sorry</b>"
PERMIT, PROJECT = "permit-1", "/projects/permit-1/"
REALLY = "out-1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OutputHouse:
    """One that left by the product's own way, and others of every kind; the newest was recalled."""
    house = make_output_house(tmp_path_factory.mktemp("left") / "made")
    house.approved(REALLY)
    house.release(REALLY)
    custody = house.custody
    (entry,) = json.loads(publish_register(custody).read_bytes())["entries"]
    project = entry["permit"]["project"]["id"]
    files = [{"kind": kind, "grade": "declared"} for kind in ("model", "figure", "file", "file")]
    overrides = [{"verdict": "fail", "reason": "wrongly_found"}] * 2
    overrides += [{"verdict": "unreadable", "reason": "structural_zero"}]
    let_leave(custody, PERMIT, "hostile", project=project, title=HOSTILE, files=files)
    let_leave(custody, PERMIT, "long", project=project, title=LONG)
    for number in range(9):
        let_leave(custody, PERMIT, f"more-{number}", project=project, title=f"Table {number}")
    let_leave(custody, PERMIT, "overridden", project=project, overrides=overrides)
    call_back(custody, PERMIT, "overridden", REASONS)
    settle(custody)
    publish_register(custody)
    house.close()
    return house


@pytest.fixture
def use(web_home: Path, made: OutputHouse, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the pages show this register beside this home's ledger."""
    from commonweal.web.config.trusting import LEDGER
    from commonweal.web.register import left, presenters

    def used(register: Path) -> None:
        monkeypatch.setattr(presenters, "FILE", register)
        monkeypatch.setattr(left, "LEDGER", made.home / LEDGER)

    return used


@pytest.fixture
def shown(use: Callable[..., None], made: OutputHouse) -> Iterator[OutputHouse]:
    use(made.home / "public" / "register.json")
    yield made
    made.close()


def changed(
    made: OutputHouse, use: Callable[..., None], folder: Path, change: Callable[[Any], object]
) -> None:
    """Show a register that somebody changed."""
    plain = json.loads((made.home / "public" / "register.json").read_bytes())
    change(plain)
    file = folder / "register.json"
    file.write_text(json.dumps(plain))
    use(file)


def output_of(plain: Any, name: str) -> dict[str, Any]:
    (found,) = (one for one in plain["entries"][0]["outputs"] if one["output"] == name)
    assert isinstance(found, dict)
    return found


# --- in words -----------------------------------------------------------------------------------


def test_a_project_tells_what_has_left_the_newest_first(shown: OutputHouse, page: Get) -> None:
    first = page(PROJECT)
    assert "13 things have left. 1 of them should not have." in first.text
    links = [a["href"] for a in first.every("a") if "/left/" in str(a["href"])]
    assert links[0] == f"{PROJECT}left/overridden/"
    assert len(links) == 10
    assert "Should not have left" in first.text
    assert "A check said no, and people let it leave." in first.text
    second = page(f"{PROJECT}?page=2")
    rest = [a["href"] for a in second.every("a") if "/left/" in str(a["href"])]
    assert rest[-1] == f"{PROJECT}left/{REALLY}/"
    assert len(rest) == 3
    assert "1 model that a computer has learned" in second.text
    assert "2 other files" in second.text


def test_what_left_by_the_products_own_way_is_shown(shown: OutputHouse, page: Get) -> None:
    one = page(f"{PROJECT}left/{REALLY}/")
    for words in (
        "Stays by sex", "1 table", "made the figures again from the data",
        "put next to all that had left this system before", "Only the people of the project",
    ):  # fmt: skip
        assert words in one.text, words
    for secret in ("amira", "Amira", "Ada", "stays.csv", "How many people stayed", "job-1"):
        assert secret not in one.html, secret


def test_a_project_of_which_nothing_left_says_so(client: Any, page: Get) -> None:
    shown = page("/projects/permit-0/")
    assert "What has left" in shown.text
    assert "Nothing has left yet." in shown.text
    page("/projects/permit-0/left/out-1/", status=404)


def test_overrides_are_told_in_words(shown: OutputHouse, page: Get) -> None:
    text = page(f"{PROJECT}left/overridden/").text
    assert "The program said no 3 times" in text
    assert f"{OVERRIDE_WORDS['wrongly_found']} (2 times)" in text
    assert OVERRIDE_WORDS["structural_zero"] in text
    assert "decided against a check" not in page(f"{PROJECT}left/{REALLY}/").text


def test_a_recall_is_told_with_its_reasons(shown: OutputHouse, page: Get) -> None:
    one = page(f"{PROJECT}left/overridden/")
    assert "A count was of three people." in one.text
    assert "<b>Sorry" not in one.html
    assert "It cannot be taken back." in one.text
    assert "taken back" not in page(f"{PROJECT}left/{REALLY}/").text


def test_what_was_not_counted_again_is_not_said_to_be(shown: OutputHouse, page: Get) -> None:
    text = page(f"{PROJECT}left/hostile/").text
    assert "Made by the project, and not counted again." in text
    assert "There were no figures that can be put next to what had left before." in text
    assert "The figures were put next to" not in text


def test_hostile_and_long_titles_stay_text(shown: OutputHouse, page: Get) -> None:
    for path in (f"{PROJECT}?page=2", f"{PROJECT}left/hostile/"):
        one = page(path)
        assert HOSTILE in one.text
        assert "<script>alert" not in one.html
        assert " 49 " not in one.text
    assert LONG in page(f"{PROJECT}left/long/").text


def test_the_words_are_easy_to_read(shown: OutputHouse, client: Any) -> None:
    for path in (PROJECT, f"{PROJECT}left/overridden/", f"{PROJECT}left/{REALLY}/",
                 f"{PROJECT}left/hostile/"):  # fmt: skip
        words = page_words(path, client.get(path).content.decode())
        assert words.age <= 12, (path, words.age, words.hardest[:4])


@pytest.mark.parametrize("output", ["nothing", "..", "a" * 500, "%3Cb%3E", "out-1/x"])
def test_what_never_left_has_no_page(shown: OutputHouse, client: Any, output: str) -> None:
    for path in (f"{PROJECT}left/{output}/", f"{PROJECT}left/{output}/record.json"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "<b>" not in answer.content.decode().split("<main")[-1]


def test_nothing_is_changed_by_looking(shown: OutputHouse, client: Any) -> None:
    for path in (PROJECT, f"{PROJECT}left/{REALLY}/", f"{PROJECT}left/{REALLY}/record.json",
                 "/projects/register.json"):  # fmt: skip
        assert client.post(path).status_code == 405


# --- files and proof ----------------------------------------------------------------------------


def test_the_record_says_by_which_criteria_and_no_more(shown: OutputHouse, client: Any) -> None:
    answer = client.get(f"{PROJECT}left/overridden/record.json")
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"] == 'attachment; filename="overridden.json"'
    record = json.loads(answer.content)
    assert record["specification"]["name"] == "SATRE"
    assert "3.3.09" in record["specification"]["statements"]
    assert [one["reason"] for one in record["criteria"]["overrides"]][-1] == "structural_zero"
    assert record["recalled"]["reasons"] == REASONS
    assert set(record["files"][0]) == {"kind", "grade", "grade_says"}


def test_the_whole_register_can_be_had_and_held_against_the_log(
    shown: OutputHouse, client: Any
) -> None:
    answer = client.get("/projects/register.json")
    register = Register.read(json.loads(answer.content), "The register")
    register.check()
    assert compare(register, public_entries(shown.custody)).same


def test_what_the_page_names_is_what_the_log_holds(shown: OutputHouse, page: Get) -> None:
    one = page(f"{PROJECT}left/overridden/")
    links = [str(a["href"]) for a in one.every("a") if str(a["href"]).startswith("/log/entries/")]
    places = [int(link.split("/")[3]) for link in links]
    released, recalled = (
        json.loads(shown.custody.ledger.entry("public", place)) for place in places
    )
    assert (released["type"], recalled["type"]) == ("output.released", "output.recalled")
    assert released["output_hash"] in one.text
    assert recalled["reasons_hash"] in one.text


# --- registers that are not what the log says ---------------------------------------------------


def test_words_that_are_missing_are_said_to_be(
    made: OutputHouse, use: Callable[..., None], tmp_path: Path, page: Get, client: Any
) -> None:
    def wordless(plain: Any) -> None:
        del output_of(plain, "overridden")["said"]
        del output_of(plain, "overridden")["recalled"]["said"]

    changed(made, use, tmp_path, wordless)
    assert "Without a title: overridden" in page(PROJECT).text
    text = page(f"{PROJECT}left/overridden/").text
    assert "does not have the words any more that were logged" in text
    assert "does not have the reasons any more that were logged" in text
    record = json.loads(client.get(f"{PROJECT}left/overridden/record.json").content)
    assert (record["criteria"], record["recalled"]["reasons"]) == (None, None)


def drop(plain: Any, name: str) -> None:
    plain["entries"][0]["outputs"].remove(output_of(plain, name))


@pytest.mark.parametrize(
    "change",
    [
        lambda p: drop(p, "overridden"),
        lambda p: p["entries"][0]["outputs"].clear(),
        lambda p: p["entries"][0].pop("outputs"),
        lambda p: output_of(p, "overridden").pop("recalled"),
    ],
)
def test_what_was_dropped_is_shown_by_the_log(
    made: OutputHouse, use: Callable[..., None], tmp_path: Path, page: Get,
    change: Callable[[Any], object],
) -> None:  # fmt: skip
    changed(made, use, tmp_path, change)
    shown = page(PROJECT).text
    assert "13 things have left. 1 of them should not have." in shown
    assert "The public log has news that is not in this list yet." in shown
    assert "This should not have left" in page(f"{PROJECT}left/overridden/").text


def retitled(plain: Any) -> None:
    one = output_of(plain, "overridden")
    one["said"]["title"] = "Harmless"
    one["output_hash"] = digest(one["said"])


def renamed(plain: Any) -> None:
    one = output_of(plain, "overridden")
    one["output"] = one["said"]["output"] = "harmless"
    one["recalled"]["said"]["output"] = "harmless"
    one["output_hash"] = digest(one["said"])
    one["recalled"]["reasons_hash"] = digest(one["recalled"]["said"])


def excused(plain: Any) -> None:
    recall = output_of(plain, "overridden")["recalled"]
    recall["said"]["reasons"] = "Harmless"
    recall["reasons_hash"] = digest(recall["said"])


@pytest.mark.parametrize(
    "change",
    [
        retitled,
        renamed,
        excused,
        lambda p: output_of(p, "overridden")["said"].update(title="Harmless"),
        lambda p: output_of(p, "overridden").update(at="2030-01-01T00:00:00.000Z", recalled=None),
        lambda p: p["entries"][0].update(active_from="2020-01-01T00:00:00.000Z"),
    ],
)
def test_what_the_log_does_not_say_is_not_shown(
    made: OutputHouse, use: Callable[..., None], tmp_path: Path, client: Any,
    change: Callable[[Any], object],
) -> None:  # fmt: skip
    changed(made, use, tmp_path, change)
    for path in (f"{PROJECT}", f"{PROJECT}left/overridden/"):
        answer = client.get(path)
        assert answer.status_code == 400, path
        assert "CW-WEB-REGISTER" in answer.content.decode()
        assert "Harmless" not in answer.content.decode()


def test_a_permit_that_was_dropped_is_missed_in_the_list(
    made: OutputHouse, use: Callable[..., None], tmp_path: Path, page: Get
) -> None:
    other = json.loads((made.home / "public" / "register.json").read_bytes())["entries"][0]
    other["permit"]["id"] = "permit-9"
    other["permit_hash"], other["outputs"] = digest(other["permit"]), []
    changed(made, use, tmp_path, lambda p: p.update(entries=[other]))
    assert "The public log names 1 more permit than this list." in page("/projects/").text
    page(PROJECT, status=404)


def test_the_list_misses_nothing_where_nothing_is_missing(shown: OutputHouse, page: Get) -> None:
    assert "more permit" not in page("/projects/").text
    assert "has news" not in page(PROJECT).text


# --- for programs -------------------------------------------------------------------------------


def test_programs_are_told_the_same(shown: OutputHouse, client: Any) -> None:
    told = client.get(f"/api/v1/register/{PERMIT}/outputs").json()
    assert (told["total"], len(told["outputs"])) == (13, 13)
    first, last = told["outputs"][0], told["outputs"][-1]
    assert (first["id"], first["title"], first["recalled"]) == (REALLY, "Stays by sex", None)
    assert first["files"] == [{"kind": "table", "grade": "recomputed", "number": 1}]
    assert (last["overridden"], len(last["overrides"])) == (3, 3)
    assert last["recalled"]["reasons"] == REASONS
    assert client.get(f"/api/v1/register/{PERMIT}/outputs?page=2").json()["outputs"] == []
    assert client.get("/api/v1/register/permit-0/outputs").status_code == 404


@pytest.mark.parametrize(("kind", "grade", "held"), [
    ("table", "recomputed", True), ("table", "tabulated", True), ("noisy", "noisy", False),
    ("file", "declared", False),
])  # fmt: skip
def test_every_table_was_held_against_what_had_left(kind: str, grade: str, held: bool) -> None:
    from types import SimpleNamespace

    from commonweal.web.register.left import tables_among

    said: Any = SimpleNamespace(files=[SimpleNamespace(kind=kind, grade=grade)])
    assert tables_among(said) is held
