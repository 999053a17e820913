"""The way in: looked at in the sandbox, approved by a second person, found by jobs, unchanged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commonweal.enclave.ingress import Bringing, bring
from commonweal.enclave.reference import Brought, Ingress
from commonweal.papers.base import PaperInvalid
from commonweal.sandbox.box import Sandbox
from tests.enclave_house import Enclave, copied, make_template, open_sandbox, write_study
from tests.release_house import refused
from tests.unit.choices.helpers import nhs_numbers

WHAT = Bringing("imd.csv", "reference", "OGL-UK-3.0", "Deprivation", "dana", "guardian")
CODE = """
import json, os
path = os.environ["COMMONWEAL_REFERENCE"] + "/imd.csv"
def writable():
    try:
        open(path, "a").close()
        return True
    except OSError:
        return False
json.dump({"text": open(path).read(), "all": os.listdir("/reference"), "writable": writable()},
          open("/outputs/table.json", "w"))
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return open_sandbox(tmp_path_factory.mktemp("users") / "users")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Path:
    return make_template(tmp_path_factory.mktemp("template") / "house", sandbox)


@pytest.fixture
def enclave(template: Path, tmp_path: Path, sandbox: Sandbox) -> Iterator[Enclave]:
    made = copied(template, tmp_path / "house", sandbox)
    yield made
    made.close()


def brought(
    enclave: Enclave, file: Path, content: bytes = b"lsoa,imd\nE01,3\n", **changes: Any
) -> Brought:
    file.write_bytes(content)
    folder = enclave.room.folder / "reference"
    what = replace(WHAT, **changes)
    return bring(folder, enclave.desk, enclave.sandbox, enclave.house.clock, file, what)


def test_a_job_finds_what_was_brought_in(enclave: Enclave, tmp_path: Path) -> None:
    made = brought(enclave, tmp_path / "f.csv")
    assert made.paper.found == "csv: 1 rows, 2 columns"
    (event,) = enclave.events("reference.brought")
    assert (event["reference"], event["approved_by"], event["actor"]) == (
        "imd.csv",
        "guardian",
        "dana",
    )
    other = brought(enclave, tmp_path / "g.csv", b"a\n1\n", name="other.csv")
    assert other.sha256 != made.sha256
    job = enclave.ran(tmp_path / "s", CODE, reference=["imd.csv"])
    assert job.state == "finished", job
    said = json.loads((enclave.room.jobs / job.id / "outputs" / "table.json").read_text())
    assert said == {"text": "lsoa,imd\nE01,3\n", "all": ["imd.csv"], "writable": False}
    order = json.loads((enclave.room.jobs / job.id / "order.json").read_text())
    assert order["reference"] == [{"name": "imd.csv", "sha256": made.sha256}]


def test_what_was_changed_is_not_used(enclave: Enclave, tmp_path: Path) -> None:
    made = brought(enclave, tmp_path / "f.csv")
    job = enclave.submit(write_study(tmp_path / "s", CODE, reference=["imd.csv"]))
    made.path.chmod(0o644)
    made.path.write_text("lsoa,imd\nE01,4\n")
    enclave.work()
    assert enclave.job(job.id).because == "CW-STUDY-REFERENCE"
    source = write_study(tmp_path / "t", CODE, reference=["imd.csv"])
    assert refused(lambda: enclave.submit(source)).code == "CW-STUDY-REFERENCE"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a licence that nobody knows": ({"licence": "Free"}, "CW-INGRESS-LICENCE"),
    "no licence": ({"licence": ""}, "CW-INGRESS-LICENCE"),
    "one's own approval": ({"approved_by": "dana"}, "CW-INGRESS-PEOPLE"),
    "another kind": ({"kind": "weights"}, "CW-INGRESS-KIND"),
    "another ending": ({"name": "imd.parquet"}, "CW-INGRESS-KIND"),
    "a name with a way out": ({"name": "../imd.csv"}, "CW-INGRESS-KIND"),
    "no word about it": ({"about": " "}, "CW-INGRESS-KIND"),
    "nobody": ({"approved_by": ""}, "CW-INGRESS-KIND"),
    "people's numbers": (
        {"content": ("id\n" + "\n".join(nhs_numbers(9))).encode()},
        "CW-INGRESS-SCAN",
    ),
    "no table": ({"content": b"a,b\n1\n"}, "CW-INGRESS-SCAN"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_come_in(name: str, enclave: Enclave, tmp_path: Path) -> None:
    changes, code = REFUSED[name]
    error = refused(lambda: brought(enclave, tmp_path / "f.csv", **changes))
    assert error.code == code
    assert not any(number in error.sentence for number in nhs_numbers(9))
    assert list((enclave.room.folder / "reference").rglob("*.*")) == []
    assert enclave.events("reference.brought") == []


def test_a_name_is_taken_once_and_a_link_is_not_followed(enclave: Enclave, tmp_path: Path) -> None:
    brought(enclave, tmp_path / "f.csv")
    error = refused(lambda: brought(enclave, tmp_path / "g.csv", b"a\n1\n"))
    assert error.code == "CW-INGRESS-NAME"
    (tmp_path / "link.csv").symlink_to(tmp_path / "f.csv")
    folder = enclave.room.folder / "reference"

    def follow() -> None:
        bring(folder, enclave.desk, enclave.sandbox, enclave.house.clock, tmp_path / "link.csv",
              replace(WHAT, name="link.csv"))  # fmt: skip

    assert refused(follow)


def test_a_paper_needs_two_people(enclave: Enclave, tmp_path: Path) -> None:
    plain = brought(enclave, tmp_path / "f.csv").paper.plain()
    with pytest.raises(PaperInvalid):
        Ingress.read(plain | {"approved_by": plain["brought_by"]}, "The paper")
