# ruff: noqa: F811 (fixtures of the service, asked for by name)
"""S11 for what the public reads: whoever owns the service's database, or the register's file, hides
no output, adds none, changes no word, and takes no recall back.

The twin is a page that believes a register which hangs together in itself: every hash in it fits
its words. That is all that hashes can say, so each attack gets past it. Ours shows what the public
log says, and a reader with the two files sees it without us.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.cli.main import run
from commonweal.foundation.canonical import digest
from commonweal.papers.register import Register
from commonweal.papers.register_log import compare
from commonweal.vault.custody import export_public, publish_register, settle
from commonweal.vault.custody.register import FollowRegister, public_entries
from tests.output_house import OutputHouse, counts, make_output_house
from tests.web.conftest import Page, client, db, web_home  # noqa: F401 (fixtures)

PROJECT = "/projects/permit-1/"
LIE = "Quite harmless"
Attack = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OutputHouse]:
    """Two outputs that really left; the second was recalled. The register of before is kept."""
    house = make_output_house(tmp_path_factory.mktemp("register") / "made")
    for output in ("out-1", "out-2"):
        house.approved(output, counts(output))
        house.release(output)
    publish_register(house.custody)
    old = house.home / "public" / "register.json"
    (house.base / "before-the-recall.json").write_bytes(old.read_bytes())
    house.recall("out-2")
    settle(house.custody)
    publish_register(house.custody)
    yield house
    house.close()


@pytest.fixture
def shown(
    made: OutputHouse, web_home: Path, client: Any, tmp_path: Path, monkeypatch: Any
) -> Callable[[Any], Any]:
    """What the pages answer when the register's file is this."""
    from commonweal.web.config.trusting import LEDGER
    from commonweal.web.register import left, presenters

    def answered(plain: Any) -> Callable[[str], Any]:
        file = tmp_path / "register.json"
        file.write_text(json.dumps(plain))
        monkeypatch.setattr(presenters, "FILE", file)
        monkeypatch.setattr(left, "LEDGER", made.home / LEDGER)
        return lambda path: client.get(path)

    return answered


def register_of(house: OutputHouse) -> Any:
    return json.loads((house.home / "public" / "register.json").read_bytes())


def twin(plain: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """What a page shows that asks only whether the register hangs together."""
    register = Register.read(plain, "The register")
    register.check()
    return [
        (one.output, one.said.title if one.said else "", one.recalled is not None)
        for entry in register.entries
        for one in entry.outputs
    ]


# --- attacks on the file ------------------------------------------------------------------------


def outputs(plain: dict[str, Any]) -> list[Any]:
    found = plain["entries"][0]["outputs"]
    assert isinstance(found, list)
    return found


def drop(plain: dict[str, Any]) -> None:
    outputs(plain).pop()


def drop_all(plain: dict[str, Any]) -> None:
    del plain["entries"][0]["outputs"]


def unrecall(plain: dict[str, Any]) -> None:
    del outputs(plain)[1]["recalled"]


def reword(plain: dict[str, Any]) -> None:
    one = outputs(plain)[1]
    one["said"]["title"] = LIE
    one["output_hash"] = digest(one["said"])


def excuse(plain: dict[str, Any]) -> None:
    recall = outputs(plain)[1]["recalled"]
    recall["said"]["reasons"] = LIE
    recall["reasons_hash"] = digest(recall["said"])


def add(plain: dict[str, Any]) -> None:
    one = json.loads(json.dumps(outputs(plain)[0]))
    one["output"] = one["said"]["output"] = "out-3"
    one["said"]["title"] = LIE
    one["output_hash"], one["entry"] = digest(one["said"]), 0
    outputs(plain).append(one)


def hush(plain: dict[str, Any]) -> None:
    """Leave the words out, as if the hospital did not have them any more."""
    del outputs(plain)[1]["said"], outputs(plain)[1]["recalled"]["said"]


SEEN: dict[str, tuple[Attack, bool]] = {
    "drop": (drop, False), "drop_all": (drop_all, False), "unrecall": (unrecall, False),
    "reword": (reword, True), "excuse": (excuse, True), "add": (add, True),
}  # fmt: skip
"""Attack, and whether the page refuses; where it does not, it shows what the log says."""


@pytest.mark.parametrize("attack", SEEN)
def test_the_twin_is_fooled_and_the_page_is_not(
    made: OutputHouse, shown: Callable[[Any], Any], attack: str
) -> None:
    honest, plain = twin(register_of(made)), register_of(made)
    change, refuses = SEEN[attack]
    change(plain)
    if attack != "excuse":
        assert twin(plain) != honest
    get = shown(plain)
    answer = get(PROJECT)
    text = answer.content.decode()
    assert LIE not in text
    if refuses:
        assert answer.status_code == 400
        assert "CW-WEB-REGISTER" in text
        return
    said = Page(answer).text
    assert "2 things have left. 1 of them should not have." in said
    assert "The public log has news that is not in this list yet." in said
    assert "This should not have left" in Page(get(f"{PROJECT}left/out-2/")).text


@pytest.mark.parametrize("attack", SEEN)
def test_a_reader_with_the_two_files_sees_it_without_us(
    made: OutputHouse, tmp_path: Path, attack: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`commonweal register check` on another machine: the file, the exported log, the log's key."""
    plain = register_of(made)
    told = export_public(made.custody, tmp_path / "log")
    file = tmp_path / "register.json"
    asked = ["register", "check", str(file), "--log", str(tmp_path / "log"), "--key", told["key"]]
    file.write_text(json.dumps(plain))
    assert run(asked) == 0
    SEEN[attack][0](plain)
    file.write_text(json.dumps(plain))
    capsys.readouterr()
    assert run([*asked, "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["same"] is False
    assert found["wrong"] or found["missing"]


def test_an_older_register_hides_no_recall(made: OutputHouse, shown: Callable[[Any], Any]) -> None:
    old = json.loads((made.base / "before-the-recall.json").read_bytes())
    assert not any(recalled for _, _, recalled in twin(old))
    get = shown(old)
    assert "1 of them should not have." in Page(get(PROJECT)).text
    assert "This should not have left" in Page(get(f"{PROJECT}left/out-2/")).text
    assert compare(Register.read(old, "The register"), public_entries(made.custody)).missing


def test_words_that_were_hushed_up_are_missed_out_loud(
    made: OutputHouse, shown: Callable[[Any], Any]
) -> None:
    plain = register_of(made)
    hush(plain)
    text = Page(shown(plain)(f"{PROJECT}left/out-2/")).text
    assert "does not have the words any more that were logged" in text
    assert "This should not have left" in text
    compared = compare(Register.read(plain, "The register"), public_entries(made.custody))
    assert compared.wordless == ("output out-2", "output out-2: why it was recalled")


def test_the_signer_writes_the_truth_over_each_of_them(made: OutputHouse) -> None:
    file, follow = made.home / "public" / "register.json", FollowRegister()
    honest = register_of(made)["entries"]
    follow(made.custody)
    for change, _ in SEEN.values():
        plain = register_of(made)
        change(plain)
        file.write_text(json.dumps(plain))
        assert follow(made.custody) == 1
        assert register_of(made)["entries"] == honest


def test_a_log_that_was_changed_with_the_register_is_refused(
    made: OutputHouse, tmp_path: Path
) -> None:
    """Register and export changed together: the log's signature is about other entries."""
    plain = register_of(made)
    told = export_public(made.custody, tmp_path / "log")
    lines = (tmp_path / "log" / "entries.jsonl").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b"output.recalled" not in line]
    assert len(kept) == len(lines) - 1
    (tmp_path / "log" / "entries.jsonl").write_bytes(b"".join(kept))
    unrecall(plain)
    file = tmp_path / "register.json"
    file.write_text(json.dumps(plain))
    asked = ["register", "check", str(file), "--log", str(tmp_path / "log"), "--key", told["key"]]
    assert run(asked) == 3


# --- attacks on the database --------------------------------------------------------------------


def test_no_row_of_the_service_changes_what_the_public_reads(
    made: OutputHouse, shown: Callable[[Any], Any]
) -> None:
    """Whatever an owner of the database writes in rows, nothing on the page comes from them."""
    from commonweal.web.config import clock
    from commonweal.web.outputs.models import Output

    get = shown(register_of(made))
    paths = (PROJECT, f"{PROJECT}left/out-1/", f"{PROJECT}left/out-2/",
             f"{PROJECT}left/out-2/record.json")  # fmt: skip

    def main(path: str) -> str:
        return str(get(path).content.decode()).split("<main")[-1]

    before = [main(path) for path in paths]
    for name, state in (("out-1", "recalled"), ("out-2", "released"), ("out-3", "released")):
        Output.objects.create(
            reference=name, permit="permit-1", project="project-1", job="job-1", author="amira",
            title=LIE, turn=1, digest="sha256:" + "0" * 64, manifest={"files": []}, state=state,
            expires_at=clock.now(), public={"title": LIE}, recall=LIE,
        )  # fmt: skip
    assert [main(path) for path in paths] == before
    assert get(f"{PROJECT}left/out-3/").status_code == 404


def test_the_check_needs_nothing_of_the_service(repository: Path) -> None:
    """Whoever checks loads no page and no database of ours."""
    code = (
        "import sys, commonweal.papers.register_log; "
        "sys.exit(any(m.startswith(('django', 'commonweal.web')) for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=repository).returncode == 0
