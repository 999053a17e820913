"""`commonweal choices`, as staff at a desk type it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.cli.main import run
from tests.unit.choices.helpers import nhs_numbers

PERSON, OTHER = nhs_numbers(2)
DESK = ["--person", "-", "--channel", "desk", "--evidence", "form 7", "--by", "edward"]
PARENT = ["--for-by", "parent", "--born", "2000-01-01"]
MONEY = ["--for-by", "attorney", "--scope", "property_and_affairs"]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    monkeypatch.setenv("COMMONWEAL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(tmp_path / "root"))
    assert run(["home", "create", "--name", "A", "--demo"]) == 0
    capsys.readouterr()

    def typed(*words: str, person: str = PERSON) -> tuple[int, dict[str, Any]]:
        monkeypatch.setattr("sys.stdin", io.StringIO(person + "\n"))
        code = run(["choices", *words, "--json"])
        said = capsys.readouterr()
        assert PERSON not in said.out + said.err
        return code, json.loads(said.out)

    return typed


REFUSED: list[tuple[list[str], str, int, str]] = [
    (["add", "--kind", "ndoo", *DESK], PERSON, 4, "CW-CHOICES-NATIONAL"),
    (["add", "--kind", "National data opt-out", *DESK], PERSON, 4, "CW-CHOICES-NATIONAL"),
    (["add", "--kind", "everything", *DESK], PERSON, 3, "CW-CHOICES-INVALID"),
    (["add", "--kind", "type1", *DESK], PERSON, 3, "CW-CHOICES-INVALID"),
    (["add", "--kind", "withdrawal", *DESK], PERSON, 3, "CW-CHOICES-INVALID"),
    (["add", "--kind", "no_companies", *DESK, *PARENT], PERSON, 3, "CW-CHOICES-INVALID"),
    (["add", "--kind", "no_companies", *DESK, *MONEY], PERSON, 3, "CW-CHOICES-INVALID"),
    (["add", "--kind", "no_companies", *DESK, "--until", "soon"], PERSON, 3,
     "CW-CHOICES-INVALID"),
    (["add", "--kind", "no_companies", *DESK, "--born", "2020-01-01"], PERSON, 2, "CW-USAGE"),
    (["add", "--kind", "no_companies", *DESK], "", 2, "CW-USAGE"),
    (["add", "--kind", "no_companies", "--person", OTHER, *DESK[2:]], "", 2, "CW-USAGE"),
    (["add", "--kind", "no_companies", *DESK, "--channel", "page"], PERSON, 2, "CW-USAGE"),
    (["add", "--kind", "no_companies", *DESK, "--receipt", "x.pdf"], PERSON, 2, "CW-USAGE"),
    (["take-back", "1", *DESK], PERSON, 4, "CW-CHOICES-TAKE-BACK"),
    (["take-back", "1", *DESK], OTHER, 4, "CW-CHOICES-TAKE-BACK"),
    (["take-back", "9", *DESK], PERSON, 4, "CW-CHOICES-TAKE-BACK"),
    (["take-back", "0", *DESK], PERSON, 3, "CW-CHOICES-INVALID"),
    (["show", "99"], "", 2, "CW-CHOICES-UNKNOWN"),
    (["show", "0"], "", 2, "CW-CHOICES-UNKNOWN"),
    (["accept-loss", "--approve", "amara"], "", 4, "CW-CHOICES-NO-LOSS"),
]  # fmt: skip


def test_a_day_at_the_desk(desk: Any, tmp_path: Path) -> None:
    paper = tmp_path / "receipt.html"
    spaced = f"{PERSON[:3]} {PERSON[3:6]} {PERSON[6:]}"
    code, first = desk(
        "add", "--kind", "local_objection", *DESK, "--receipt", str(paper), person=spaced
    )
    assert (code, first["number"]) == (0, 1)
    assert "size: A4" in paper.read_text()
    assert PERSON not in paper.read_text()
    assert desk("show", "1") == (0, first)
    plain = tmp_path / "again.txt"
    assert desk("show", "1", "--receipt", str(plain))[0] == 0
    assert "Receipt 1" in plain.read_text()
    code, back = desk("take-back", "1", *DESK)
    assert (code, back["takes_back"]) == (0, 1)
    key = desk("add", "--kind", "no_companies", *DESK, "--dataset", "clinic", person="MRN-7")
    assert (key[0], key[1]["number"]) == (0, 3)
    assert desk("verify") == (0, {"whole": True, "number": 3})
    for words, person, expected, named in REFUSED:
        code, said = desk(*words, person=person)
        assert (code, said["error"]["code"]) == (expected, named), words
    assert desk("verify") == (0, {"whole": True, "number": 3})


def test_no_number_that_is_wrong_by_a_digit_is_taken(desk: Any) -> None:
    wrong = PERSON[:-1] + str((int(PERSON[-1]) + 1) % 10)
    code, said = desk("add", "--kind", "no_companies", *DESK, person=wrong)
    assert code != 0
    assert wrong not in json.dumps(said)
    assert desk("verify") == (0, {"whole": True, "number": 0})


@pytest.mark.parametrize("command", [["choices", "list"], ["choices", "find", "-"]])
def test_no_command_lists_people(command: list[str]) -> None:
    assert run(command) == 2


def test_what_came_by_page_is_listed_shown_accepted_and_refused(desk: Any, tmp_path: Path) -> None:
    from commonweal.foundation.clock import SystemClock
    from commonweal.papers.choice_request import ChoiceRequest
    from commonweal.vault.choices.requests import take_in
    from commonweal.vault.custody import open_custody
    from commonweal.vault.mydata.order_key import publish_order_key

    said = {"name": "Ida Blunt", "born_on": "1958-03-27", "postcode": "LS1 9AB", "reach": "a"}
    kinds = ["no_ai_training", "no_companies"]
    with open_custody(tmp_path / "home", SystemClock()) as custody:
        publish_order_key(custody)
        for letter in "bcd":
            plain = {"reference": f"n-{letter * 4}-bbbb-bbbb", "kinds": kinds, **said}
            assert take_in(custody, ChoiceRequest.read(plain, "It"))
    references = [f"n-{letter * 4}-bbbb-bbbb" for letter in "bcd"]
    code, listed = desk("requests", "list")
    assert (code, [one["reference"] for one in listed["requests"]]) == (0, references)
    assert "Blunt" not in json.dumps(listed)
    assert desk("requests", "show", references[0])[1]["request"]["name"] == "Ida Blunt"
    mine = ["--person", "-", "--checked", "asked by phone", "--by", "edward"]
    paper = tmp_path / "two.html"
    code, made = desk("requests", "accept", references[0], *mine, "--receipt", str(paper))
    assert (code, [one["kind"] for one in made["receipts"]]) == (0, kinds)
    assert paper.read_text().count("<section>") == 2
    assert PERSON not in paper.read_text()
    again = desk("requests", "accept", references[0], *mine)
    assert (again[0], again[1]["error"]["code"]) == (2, "CW-CHOICES-REQUEST")
    why = ["--because", "Nobody answered.", "--by", "edward"]
    assert desk("requests", "refuse", references[1], *why)[0] == 0
    assert [one["reference"] for one in desk("requests", "list")[1]["requests"]] == references[2:]
    refused = desk("requests", "list", "--refused")[1]["requests"]
    assert [one["reference"] for one in refused] == references[1:2]
    assert desk("requests", "show", references[1])[1]["refused"]["because"] == "Nobody answered."
    for wrong in (["--project", "heart"], ["--scope", "health_and_welfare"], ["--dataset", "../x"]):
        assert desk("requests", "accept", references[2], *mine, *wrong)[0] in (2, 3)
    assert desk("requests", "accept", references[2], *mine, person="1234567890")[0] == 3
    assert desk("requests", "show", "../../home.json")[0] == 2
