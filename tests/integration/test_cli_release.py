"""The main job by its commands, on a small hospital in CSV: from a scan to an opened release."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from commonweal.cli.main import run
from commonweal.foundation.clock import SystemClock
from commonweal.ledger.note import VerifierKey
from commonweal.vault.release.proving import PersonProof

PEOPLE = 60
HEAD = "identifier,kind,project,effective_from,effective_to,evidence\n"


def write_source(folder: Path) -> None:
    folder.mkdir()
    people = ["person_id,sex,born,surname"]
    visits = ["visit_id,person_id,day,code"]
    for number in range(PEOPLE):
        sex = "FM"[number % 2]
        people.append(f"P{number:04},{sex},{1940 + 10 * (number % 4)}-05-17,Name{number}")
        visits.append(f"V{number:04},P{number:04},2025-{1 + number % 12:02}-11,J45.{number % 3}")
    (folder / "people.csv").write_text("\n".join(people) + "\n")
    (folder / "visits.csv").write_text("\n".join(visits) + "\n")


def draft(**changes: Any) -> dict[str, Any]:
    today = SystemClock().now().date()
    return {
        "permit": 1,
        "id": "asthma-1",
        "project": {"id": "asthma", "title": "Asthma", "lay_summary": "We want to learn."},
        "organisation": {"name": "University of Wharfedale", "kind": "university"},
        "controllers": [{"name": "Wharfedale Hospital", "kind": "nhs_body", "reference": "RXX"}],
        "people": [{"id": "amira", "name": "Amira Khan", "role": "Researcher"}],
        "purposes": ["research"],
        "legal_basis": {
            "uk_gdpr_article_6": "public_task",
            "uk_gdpr_article_9": "research",
            "common_law": "not_confidential",
        },
        "choices": {
            "national_opt_out": "exempt",
            "determination": {
                "code": "out_of_scope_population",
                "decided_by": "The Caldicott Guardian",
                "decided_on": (today - timedelta(days=10)).isoformat(),
                "evidence": "These people are made up.",
            },
        },
        "data": [
            {
                "dataset": "clinic",
                "tables": [
                    {
                        "table": "people",
                        "variables": [
                            {"variable": "person_id", "form": "pseudonym"},
                            {"variable": "sex", "form": "exact"},
                        ],
                    },
                    {
                        "table": "visits",
                        "variables": [
                            {"variable": "person_id", "form": "pseudonym"},
                            {"variable": "code", "form": "exact"},
                        ],
                    },
                ],
            }
        ],
        "processing": ["table", "python"],
        "from": (today - timedelta(days=1)).isoformat(),
        "until": (today + timedelta(days=300)).isoformat(),
        **changes,
    }


class Job:
    """A folder in which the commands are given one after the other."""

    def __init__(self, folder: Path, memory: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.memory = memory
        self._capfd = capfd

    def __call__(self, *arguments: Any, code: int = 0) -> Any:
        """Give a command with `--json`; returns its document."""
        self._capfd.readouterr()
        found = run([*map(str, arguments), "--json"])
        out, err = self._capfd.readouterr()
        assert found == code, (arguments, out, err)
        assert err == ""
        return json.loads(out)

    def release(self, what: str, **more: Any) -> Any:
        return self(
            "release", what, "--permit", self.folder / "permit.jws",
            "--catalogue", self.folder / "catalogue.yaml", "--choices", self.folder / "choices",
            **more,
        )  # fmt: skip

    def object_to(self, *people: str) -> None:
        lines = "".join(f"{person},local_objection,,2025-01-01,,letter\n" for person in people)
        (self.folder / "choices" / "objections.csv").write_text(HEAD + lines)


@pytest.fixture
def job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Job]:
    # Memory of its own: what a command leaves there is seen, whatever others do at the same time.
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="commonweal-test-") as memory:
        monkeypatch.setattr("commonweal.cli.checks.MEMORY_FOLDER", Path(memory))
        yield _made(tmp_path, Path(memory), monkeypatch, capfd)


def _made(
    tmp_path: Path,
    memory: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Job:
    monkeypatch.setenv("COMMONWEAL_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(tmp_path / "keys"))
    made = Job(tmp_path, memory, capfd)
    write_source(tmp_path / "clinic")
    (tmp_path / "choices").mkdir()
    made.object_to("P0003")
    made("home", "create", "--name", "Wharfedale", "--demo")
    made(
        "catalogue", "scan", tmp_path / "clinic", "--out", tmp_path / "catalogue.yaml",
        "--dataset", "clinic", "--title", "A clinic", "--custodian", "Wharfedale",
    )  # fmt: skip
    # The person's work: a scan decides nothing.
    path = tmp_path / "catalogue.yaml"
    plain = yaml.safe_load(path.read_text())
    plain["datasets"][0]["person"] = {
        "table": "people", "variable": "person_id", "kind": "other_identifier",
    }  # fmt: skip
    roles = {
        "person_id": ("direct_identifier", ["pseudonym"]),
        "sex": ("quasi_identifier", ["exact"]),
        "code": ("sensitive", ["exact"]),
        "visit_id": ("record_key", ["record_code"]),
    }
    for table in plain["datasets"][0]["tables"]:
        table["person_link"] = "person_id"
        for variable in table["variables"]:
            if variable["name"] in roles:
                role, forms = roles[variable["name"]]
                variable |= {"role": role, "forms": list(forms)}
                variable.pop("identifies", None)
                variable.pop("links_to", None)
    path.write_text(yaml.safe_dump(plain, sort_keys=False))
    checked = made("catalogue", "check", path)
    assert checked["ok"]
    assert checked["kept"]
    (tmp_path / "draft.yaml").write_text(yaml.safe_dump(draft()))
    issued = made(
        "permit", "issue", tmp_path / "draft.yaml", "--key", "guardian",
        "--out", tmp_path / "permit.jws",
    )  # fmt: skip
    assert issued["state"] == "active"
    return made


def folder_of(built: dict[str, Any]) -> Path:
    return Path(built["folder"])


def test_the_source_is_named_from_the_catalogue(job: Job) -> None:
    plain = yaml.safe_load((job.folder / "catalogue.yaml").read_text())
    assert plain["datasets"][0]["source"]["location"] == "clinic"
    assert plain["custodian"]["name"] == "Wharfedale"
    told = job("catalogue", "scan", job.folder / "clinic", "--out", job.folder / "catalogue.yaml",
               code=3)  # fmt: skip
    assert told["error"]["code"] == "CW-FILE-EXISTS"


def test_the_main_job(job: Job, tmp_path: Path) -> None:
    planned = job.release("plan")
    assert planned["patients"]["considered"] == PEOPLE
    before = job("home", "show")["ledger"]
    built = job.release("build")
    assert {"release", "permit", "patients", "tables", "risk", "seconds", "ledger_entry"} <= set(
        built
    )
    assert built["patients"]["released"] == planned["patients"]["released"] == PEOPLE - 1
    assert built["patients"]["removed"]["local_objection"] == 1
    assert job("home", "show")["ledger"]["public"] > before["public"]
    folder = folder_of(built)
    assert job("release", "verify", folder)["faults"] == []
    summary = job("release", "summary", folder)
    assert summary["data_level"] == "de-personalised"
    assert summary["people"] == {"released": 60}
    (listed,) = job("release", "list")["releases"]
    assert (listed["release"], listed["data"]) == (built["release"], "sealed")
    proof = tmp_path / "entry.tlog-proof"
    job("ledger", "prove", built["ledger_entry"], "--out", proof)
    key = job("home", "show")["ledger"]["key"]
    entry = job("ledger", "check-proof", proof, "--key", key)["entry"]
    assert (entry["type"], entry["release"]) == ("release.completed", built["release"])
    measured = job("risk", "measure", folder, "--quasi", "sex")
    assert measured["patients"] == PEOPLE - 1
    refused = job("risk", "measure", folder, "--quasi", "surname", code=2)
    assert refused["error"]["code"] == "CW-RISK-COLUMNS"
    assert job("ledger", "verify")["faults"] == []


def test_a_changed_byte_of_a_release_is_found(job: Job) -> None:
    folder = folder_of(job.release("build"))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        changed = bytearray(content)
        changed[len(content) // 2] ^= 1
        path.write_bytes(bytes(changed))
        report = job("release", "verify", folder, code=3)
        assert report["faults"], path.name
        path.write_bytes(content)
    assert job("release", "verify", folder)["faults"] == []


def test_a_release_is_opened_for_its_live_permit_only(job: Job) -> None:
    folder = folder_of(job.release("build"))
    on_disk = job("release", "open", folder, "--to", job.folder / "opened", code=4)
    assert on_disk["error"]["code"] == "CW-RELEASE-NOT-IN-MEMORY"
    memory = Path("/dev/shm")
    to = memory / f"commonweal-test-{job.folder.parent.name}-{job.folder.name}"
    shutil.rmtree(to, ignore_errors=True)
    try:
        opened = job("release", "open", folder, "--to", to)
        assert opened["tables"] == {"people": PEOPLE - 1, "visits": PEOPLE - 1}
        assert {path.name for path in to.iterdir()} == {"people", "visits"}
    finally:
        shutil.rmtree(to, ignore_errors=True)
    job("permit", "pause", job.folder / "permit.jws")
    paused = job("release", "open", folder, "--to", to, code=4)
    assert paused["error"]["code"] == "CW-PERMIT-PAUSED"
    assert not to.exists()


@pytest.mark.parametrize("step", ["pause", "suspend", "revoke", "close"])
def test_a_stopped_permit_builds_nothing(job: Job, step: str) -> None:
    job("permit", step, job.folder / "permit.jws")
    told = job.release("build", code=4)
    assert told["error"]["code"].startswith("CW-PERMIT-")
    assert list((job.folder / "data" / "releases").iterdir()) == []
    assert job("ledger", "verify")["faults"] == []


def test_missing_choices_are_a_refusal_that_the_ledger_holds(job: Job) -> None:
    (job.folder / "choices" / "objections.csv").unlink()
    told = job.release("build", code=5)
    assert told["error"]["code"] == "CW-CHOICES-OBJECTIONS-MISSING"
    left = job("home", "show")["ledger"]["intents_left"]
    assert left == 0
    assert list((job.folder / "data" / "releases").iterdir()) == []


def test_who_is_in_and_who_is_not(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    from commonweal.vault.custody import open_custody

    built = job.release("build")
    folder = folder_of(built)

    def ask(what: str, person: str, out: str, code: int) -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO(person))
        return job("release", what, "--release", folder, "--person", "-", "--out",
                   job.folder / out, code=code)  # fmt: skip

    assert ask("prove", "P0001\n", "in.json", 0)["in_release"] is True
    text = (job.folder / "in.json").read_bytes()
    assert b"P0001" not in text
    with open_custody(job.folder / "data", SystemClock()) as custody:
        keys = list(custody.ledger_keys)
    proof = PersonProof.parse(text.strip())
    assert proof.verify(keys) == built["release"]
    checked = job("release", "check-person", job.folder / "in.json", "--key", str(keys[0]))
    assert checked == {"release": built["release"], "in_release": True}
    stranger = VerifierKey(keys[0].name, keys[0].kind, bytes(31) + b"\x05")
    job("release", "check-person", job.folder / "in.json", "--key", str(stranger), code=3)
    # P0003 objected.
    refused = ask("prove", "P0003", "no.json", 3)
    assert refused["error"]["code"] == "CW-LEDGER-MEMBERSHIP-INVALID"
    assert "P0003" not in str(refused)
    # People are listed by a key of the hospital's own here: absence could be wrong, so no word.
    for person in ("P0003", "P0001"):
        unsure = ask("absence", person, "never.json", 4)
        assert unsure["error"]["code"] == "CW-RELEASE-ABSENCE-UNSURE"
        assert person not in str(unsure)
    for nothing in ("", "\n", "two\nlines", "x" * 600, "bell\x07"):
        assert ask("prove", nothing, "never.json", 2)["error"]["code"] == "CW-USAGE"
    assert not (job.folder / "never.json").exists()
    assert not (job.folder / "no.json").exists()
    with open_custody(job.folder / "data", SystemClock()) as custody:
        with custody.ledger.reading() as connection:
            rows = connection.execute(
                "SELECT json_extract(body, '$.purpose') FROM intent "
                "WHERE type = 'release.person_asked' ORDER BY id"
            ).fetchall()
        assert custody.ledger.intents_left() == 0
    assert [purpose for (purpose,) in rows] == [
        "prove", "check", "check", "prove", "absence", "absence",
    ]  # fmt: skip


def test_a_refresh_replaces_the_release_before(job: Job) -> None:
    first = job.release("build")
    job.object_to("P0003", "P0004")
    second = job.release("build")
    assert second["patients"]["released"] == first["patients"]["released"] - 1
    listed = {one["release"]: one["data"] for one in job("release", "list")["releases"]}
    assert listed == {first["release"]: "destroyed", second["release"]: "sealed"}
    told = job("risk", "measure", folder_of(first), "--quasi", "sex", code=4)
    assert told["error"]["code"] == "CW-RELEASE-SUPERSEDED"
    assert job("release", "verify", folder_of(second))["faults"] == []


def test_outputs_are_checked_on_a_release_that_is_unsealed_for_it(job: Job) -> None:
    folder = folder_of(job.release("build"))
    request = {
        "request": 1, "name": "sexes", "title": "People by sex", "table": "visits",
        "by": [{"column": {"table": "people", "name": "sex"}}], "measures": [{"measure": "people"}],
    }  # fmt: skip
    path = job.folder / "sexes.json"
    path.write_text(json.dumps(request))
    told = job("airlock", "check", path, "--release", folder)
    assert told["verdict"] == "pass"
    request["by"] = [{"column": {"table": "visits", "name": "person_id"}}]
    path.write_text(json.dumps(request))
    told = job("airlock", "check", path, "--release", folder, code=3)
    assert told["files"][0]["findings"][0]["where"]["code"] == "CW-OUTPUT-COLUMN"
    job("permit", "pause", job.folder / "permit.jws")
    paused = job("airlock", "check", path, "--release", folder, code=4)
    assert paused["error"]["code"].startswith("CW-PERMIT")
    assert list(job.memory.iterdir()) == []


def ask(job: Job, name: str = "sexes", **more: Any) -> Path:
    request = {
        "request": 1, "name": name, "title": "People by sex", "table": "visits",
        "by": [{"column": {"table": "people", "name": "sex"}}], "measures": [{"measure": "people"}],
        **more,
    }  # fmt: skip
    path = job.folder / f"{name}.json"
    path.write_text(json.dumps(request))
    return path


def another_project(job: Job) -> None:
    """A second project about the same people, under a permit and pseudonyms of its own."""
    project = {"id": "lung", "title": "Lungs", "lay_summary": "We want to learn as well."}
    (job.folder / "lung.yaml").write_text(yaml.safe_dump(draft(id="lung-1", project=project)))
    job(
        "permit", "issue", job.folder / "lung.yaml", "--key", "guardian",
        "--out", job.folder / "permit-lung.jws",
    )  # fmt: skip
    (job.folder / "permit-lung.jws").replace(job.folder / "permit.jws")


def test_two_projects_that_subtract_their_tables_are_found(job: Job) -> None:
    """S3, through the commands: the second project's people are one fewer, by another name each."""
    history, desk = job.folder / "history", job.folder / "desk"
    history.mkdir()
    first = folder_of(job.release("build"))
    together = ("--history", history, "--proposal", desk)
    told = job(
        "airlock", "check", ask(job), "--release", first, *together, "--output", "asthma-sexes"
    )
    assert (told["verdict"], told["audit"]["compared"]) == ("pass", [])
    (desk / "asthma-sexes").rename(history / "asthma-sexes")
    job.object_to("P0003", "P0008")
    another_project(job)
    second = folder_of(job.release("build"))
    again = ask(job)
    told = job("airlock", "check", again, "--release", second, "--profile", "sacro-default")
    assert told["verdict"] == "pass"  # by itself nobody sees anything
    told = job(
        "airlock", "check", again, "--release", second, *together, "--output", "lung-sexes", code=3
    )
    assert told["verdict"] == "fail"
    assert told["files"][0]["verdict"] == "pass"
    found = {(one["code"], one["people"]) for one in told["audit"]["findings"]}
    assert found == {("CW-AUDIT-DIFFERENCE", 1)}
    audited = job("airlock", "audit", desk / "lung-sexes", "--history", history, code=3)
    assert audited["findings"] == told["audit"]["findings"]
    (desk / "lung-sexes").rename(desk / "as-author")
    author = job(
        "airlock", "check", again, "--release", second, *together, "--output", "lung-sexes",
        "--for", "author", code=4,
    )  # fmt: skip
    assert author["error"]["code"] == "CW-LEAVING-UNSEEN"
    ids = b"".join(path.read_bytes() for path in (first / "data").rglob("*.parquet"))
    assert b"audit_id" not in ids


AUDITS_REFUSED: list[tuple[tuple[str, ...], int, str]] = [
    (("--history", "{job}/nowhere"), 3, "CW-FILE-MISSING"),
    (("--history", "{job}/history", "--proposal", "{job}/history"), 2, "CW-USAGE"),
    (("--history", "{job}/history", "--proposal", "{job}/history/in"), 2, "CW-USAGE"),
    (("--history", "{job}/history", "--output", "../odd"), 3, "CW-AUDIT-OUTPUT"),
    (("--output", "a name"), 3, "CW-AUDIT-OUTPUT"),
]


def test_an_audit_that_cannot_be_made_is_no_verdict(job: Job) -> None:
    (job.folder / "history").mkdir()
    release, one = folder_of(job.release("build")), ask(job)
    for arguments, code, error in AUDITS_REFUSED:
        given = [text.replace("{job}", str(job.folder)) for text in arguments]
        told = job("airlock", "check", one, "--release", release, *given, code=code)
        assert told["error"]["code"] == error
    assert list(job.memory.iterdir()) == []
    told = job("airlock", "check", one, one, "--release", release, code=3)
    assert told["error"]["code"] == "CW-AUDIT-OUTPUT"
    without = job("airlock", "check", one, "--history", job.folder, code=2)
    assert without["error"]["code"] == "CW-USAGE"
    acro = job.folder / "acro"
    job("airlock", "check", one, "--release", release, "--acro", acro)
    assert (
        json.loads((acro / "results.json").read_text())["results"]["output_0"]["status"] == "pass"
    )
    told = job("airlock", "check", acro, code=3)
    assert [file["verdict"] for file in told["files"]] == ["review"]
    map_ = next((job.folder / "data").rglob("audit_map"))
    map_.chmod(0o600)
    map_.write_bytes(map_.read_bytes()[:-1] + b"x")
    told = job("airlock", "check", one, "--release", release, code=4)
    assert told["error"]["code"] == "CW-RELEASE-NOT-WHOLE"
