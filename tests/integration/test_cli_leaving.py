"""An output's whole way by its commands: from what a job left to the released file."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import Unavailable
from commonweal.papers.signing import unverified
from commonweal.sandbox import box
from commonweal.vault.custody import open_custody
from tests.integration.test_cli_release import Job, another_project, job  # noqa: F401 (a fixture)
from tests.output_house import job_left

CHECKERS = ("ada", "ben", "cleo")
PERSON = {"organisation": "Wharfedale Hospital"}


def staffed(job: Job) -> None:  # noqa: F811
    """People who check outputs, and the author, each with a key of this demonstration."""
    people = []
    for name, role in (("amira", "applicant"), *((one, "output_checker") for one in CHECKERS)):
        job("keys", "create", name, "--purpose", "person_signing")
        people.append({
            **PERSON, "id": name, "name": f"{name.title()} Person",
            "roles": [{"role": role, "from": "2024-01-01"}], "credentials": [{"key": name}],
        })  # fmt: skip
    file = job.folder / "people.yaml"
    file.write_text(yaml.safe_dump({"people_list": 1, "people": people}))
    job("people", "propose", file, "--out", job.folder / "roster.jws")
    for key in ("guardian", "siro"):
        job("people", "sign", job.folder / "roster.jws", "--key", key)
    job("people", "adopt", job.folder / "roster.jws")


def request(**changed: Any) -> dict[str, Any]:
    return {
        "request": 1, "name": "sexes", "title": "People by sex", "table": "visits",
        "by": [{"column": {"table": "people", "name": "sex"}}], "measures": [{"measure": "people"}],
        **changed,
    }  # fmt: skip


def left(job: Job, release: str, *, heard: bool = True, **files: str | dict[str, Any]) -> Path:  # noqa: F811
    """The folder of a job, as the enclave leaves it. Each call is another job."""
    name = f"job-{len(list(job.folder.glob('jobs/*'))) + 1}"
    folder = job.folder / "jobs" / name
    (folder / "outputs").mkdir(parents=True, exist_ok=True)
    named = []
    for written, said in files.items():
        file = written.replace("_", ".")
        content = (said if isinstance(said, str) else json.dumps(said)).encode()
        (folder / "outputs" / file).write_bytes(content)
        named.append({
            "file": file, "kind": "request" if file.endswith(".json") else "file",
            "sha256": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content),
        })  # fmt: skip
    permit = digest(unverified((job.folder / "permit.jws").read_bytes(), "The permit"))
    plain = {
        "outputs": 1, "job": name, "attempt": 1, "project": "asthma", "permit": "asthma-1",
        "permit_hash": permit, "release": release, "study": f"sha256:{'1' * 64}",
        "submitted_by": "amira", "collected_at": "2026-03-02T09:00:00.000Z", "files": named,
    }  # fmt: skip
    (folder / "outputs.json").write_text(json.dumps(plain))
    if heard:
        with open_custody(job.folder / "data", SystemClock()) as custody:
            job_left(custody, folder / "outputs.json")
    return folder


def model_of(folder: Path) -> None:
    """A model of four numbers and its recipe, declared beside what is there."""
    terms = [{"name": "sex", "value": 0.25}]
    said = {
        "risk.json": {"coefficients": 1, "family": "logistic", "intercept": -1.5, "terms": terms},
        "risk.recipe.json": {
            "recipe": 1, "kind": "model", "name": "risk", "title": "Risk", "file": "risk.json",
            "table": "visits", "target": {"column": {"table": "visits", "name": "code"}},
            "features": [{"column": {"table": "people", "name": "sex"}, "as": "code",
                          "levels": ["F", "M"]}],
        },
    }  # fmt: skip
    plain = json.loads((folder / "outputs.json").read_text())
    for name, document in said.items():
        content = json.dumps(document).encode()
        (folder / "outputs" / name).write_bytes(content)
        plain["files"].append({
            "file": name, "kind": "model", "bytes": len(content),
            "sha256": f"sha256:{hashlib.sha256(content).hexdigest()}",
        })  # fmt: skip
    (folder / "outputs.json").write_text(json.dumps(plain))


def submit(job: Job, folder: Path, by: str = "amira", code: int = 0, **more: str) -> Any:  # noqa: F811
    words = {"title": "People by sex", "context": "Who came to the clinic.",
             "controls": "Large groups only.", **more}  # fmt: skip
    options = [part for name, said in words.items() for part in (f"--{name}", said)]
    return job("airlock", "submit", folder, *options, "--by", by, "--key", by, code=code)


def vote(job: Job, who: str, verdict: str, *more: str, code: int = 0) -> Any:  # noqa: F811
    return job("airlock", "review", "job-1", "--verdict", verdict, "--by", who, "--key", who,
               *more, code=code)  # fmt: skip


@pytest.fixture
def ready(job: Job) -> Job:  # noqa: F811
    staffed(job)
    job.built = job.release("build")  # type: ignore[attr-defined]
    return job


def test_from_a_job_to_a_released_file(ready: Job) -> None:
    folder = left(ready, ready.built["release"], sexes_json=request())  # type: ignore[attr-defined]
    refused = submit(ready, folder, by="ada", code=4)
    assert refused["error"]["code"] == "CW-LEAVING-AUTHOR"
    told = submit(ready, folder)
    assert (told["output"], told["turn"], told["state"]) == ("job-1", 1, "in_review")
    # The author hears nothing of what was found before people have looked (S6, S4).
    assert set(told) == {"output", "turn", "manifest", "state", "expires"}
    assert ready("airlock", "look", "job-1")["told"] is None
    looked = ready("airlock", "look", "job-1", "--for", "reviewer", "--by", "ada")
    assert looked["verdict"] in ("pass", "review")
    assert [one["path"] for one in looked["findings"]] == ["sexes.json", "sexes.csv"]
    refused = ready("airlock", "look", "job-1", "--for", "reviewer", "--by", "amira", code=4)
    assert refused["error"]["code"] == "CW-LEAVING-REVIEWER"
    refused = ready("airlock", "release", "job-1", code=4)
    assert refused["error"]["code"] == "CW-LEAVING-VOTES"
    assert vote(ready, "ada", "approve", "--note", "Fine.")["outcome"] == "waiting"
    # Ben does not see ada's vote before he has judged.
    seen = ready("airlock", "look", "job-1", "--for", "reviewer", "--by", "ben")
    assert seen["votes"] == []
    assert vote(ready, "ben", "approve")["outcome"] == "approved"
    seen = ready("airlock", "look", "job-1", "--for", "reviewer", "--by", "ben")
    assert {one["by"] for one in seen["votes"]} == {"ada", "ben"}
    done = ready("airlock", "release", "job-1")
    assert done["now"]
    lines = (Path(done["folder"]) / "files" / "sexes.csv").read_text().splitlines()
    assert lines[0] == "sex,people"
    assert lines[1:] == ["F,30", "M,29"]
    assert ready("airlock", "release", "job-1")["now"] is False
    (row,) = ready("airlock", "list")["outputs"]
    assert row["state"] == "released"
    checked = ready("register", "check")
    assert checked == {"same": True, "permits": 1, "outputs": 1, "recalled": 0, "wrong": [],
                       "missing": [], "wordless": []}  # fmt: skip
    told = ready("airlock", "record", "job-1")
    assert (told["output"], told["criteria"]["reviewers"]["approved"]) == ("job-1", 2)
    file = Path(done["folder"]).parents[2] / "public" / "register.json"
    plain = json.loads(file.read_bytes())
    plain["entries"][0]["outputs"] = []
    file.write_text(json.dumps(plain))
    assert ready("register", "check", code=3)["missing"] == ["output job-1"]
    assert ready("register", "publish")["outputs"] == 1
    assert ready("register", "check")["same"] is True
    given = ready("airlock", "download", "job-1", "--by", "amira", "--to", ready.folder / "given")
    assert given["files"] == ["sexes.csv"]
    recalled = ready("airlock", "recall", "job-1", "--because", "A mistake.", "--by", "ben",
                     "--key", "ben")  # fmt: skip
    assert recalled["downloaded_by"] == ["amira"]
    (row,) = ready("airlock", "list")["outputs"]
    assert row["state"] == "recalled"
    checked = ready("register", "check")
    assert (checked["same"], checked["outputs"], checked["recalled"]) == (True, 1, 1)
    refused = ready("airlock", "download", "job-1", "--by", "amira", "--to",
                    ready.folder / "again", code=4)  # fmt: skip
    assert refused["error"]["code"] == "CW-LEAVING-RECALLED"
    assert ready("ledger", "verify")["faults"] == []
    assert list(ready.memory.iterdir()) == []


def test_what_comes_back_to_its_author(ready: Job) -> None:
    folder = left(ready, ready.built["release"], sexes_json=request())  # type: ignore[attr-defined]
    submit(ready, folder)
    wrong = vote(ready, "ada", "return", "--reason", "because", code=3)
    assert wrong["error"]["code"] == "CW-LEAVING-REVIEW"
    vote(ready, "ada", "return", "--reason", "sexes.csv=context_missing",
         "--to-author", "Which year?", "--note", "Odd.")  # fmt: skip
    assert vote(ready, "ben", "approve")["outcome"] == "consolidating"
    assert vote(ready, "ben", "return", "--reason", "controls_missing")["outcome"] == "returned"
    told = ready("airlock", "look", "job-1")
    assert told["state"] == "returned"
    assert [one["reason"] for one in told["told"]["reasons"]] == [
        "controls_missing", "context_missing",
    ]  # fmt: skip
    assert told["told"]["words"] == ["Which year?"]
    assert submit(ready, folder, context="Who came in 2025.")["turn"] == 2
    back = ready("airlock", "withdraw", "job-1", "--by", "ada", "--key", "ada", code=4)
    assert back["error"]["code"] in ("CW-LEAVING-AUTHOR", "CW-ACT-ROLE")
    ready("airlock", "withdraw", "job-1", "--by", "amira", "--key", "amira")
    (row,) = ready("airlock", "list")["outputs"]
    assert row["state"] == "withdrawn"


def test_what_is_refused_before_anybody_looks(ready: Job) -> None:
    release = ready.built["release"]  # type: ignore[attr-defined]
    folder = left(ready, release, sexes_json=request())
    (folder / "outputs" / "sexes.json").write_text("{}")
    assert submit(ready, folder, code=3)["error"]["code"] == "CW-LEAVING-FILE"
    folder = left(ready, release, heard=False, sexes_json=request())
    assert submit(ready, folder, code=4)["error"]["code"] == "CW-LEAVING-JOB"
    folder = left(ready, release, sexes_json=request())
    plain = json.loads((folder / "outputs.json").read_text()) | {"submitted_by": "ada"}
    (folder / "outputs.json").write_text(json.dumps(plain))
    assert submit(ready, folder, by="ada", code=4)["error"]["code"] == "CW-LEAVING-JOB"
    folder = left(ready, release, sexes_json=request())
    ready("permit", "suspend", ready.folder / "permit.jws")
    assert submit(ready, folder, code=4)["error"]["code"].startswith("CW-PERMIT")
    assert ready("airlock", "list")["outputs"] == []


def test_ids_and_words_that_can_be_none(ready: Job) -> None:
    release = ready.built["release"]  # type: ignore[attr-defined]
    folder = left(ready, release, sexes_json=request())
    for name in ("../x", "x" * 300, "", "a/b", ".hidden"):
        assert submit(ready, folder, output=name, code=2)["error"]["code"] == "CW-USAGE"
    assert list(ready.memory.iterdir()) == [], "it was not unsealed for that"
    submit(ready, folder)
    assert vote(ready, "ada", "maybe", code=2)["error"]["code"] == "CW-USAGE"
    for name in ("x" * 300, "../x", "nowhere"):
        by = ("--by", "ada", "--key", "ada")
        for asked in (
            ("look", name), ("release", name), ("withdraw", name, *by),
            ("review", name, "--verdict", "approve", *by),
            ("recall", name, "--because", "A test.", *by),
            ("download", name, "--by", "amira", "--to", ready.folder / "given"),
        ):  # fmt: skip
            assert ready("airlock", *asked, code=4)["error"]["code"] == "CW-LEAVING-UNKNOWN", asked


def test_what_was_left_is_submitted_while_the_permit_is_paused(ready: Job) -> None:
    """Pausing stops new work; what a job left is recomputed and judged, and does not leave."""
    release = ready.built["release"]  # type: ignore[attr-defined]
    folder = left(ready, release, sexes_json=request())
    ready("permit", "pause", ready.folder / "permit.jws")
    submit(ready, folder)
    vote(ready, "ada", "approve")
    assert vote(ready, "ben", "approve")["outcome"] == "approved"
    left_not = ready("airlock", "release", "job-1", code=4)
    assert left_not["error"]["code"].startswith("CW-PERMIT")


# --- files and models -----------------------------------------------------------------------------


def test_files_and_models_through_the_whole_way(ready: Job) -> None:
    """S18, S2: what leaves is written anew, and was compared with the release and its source."""
    release = ready.built["release"]  # type: ignore[attr-defined]
    own = "\ufeffsex,n\nF\u200b,30\nM,29\nseen by P0007 and NAME12,12\n"
    folder = left(ready, release, heard=False, sexes_json=request(), own_csv=own)
    model_of(folder)
    with open_custody(ready.folder / "data", SystemClock()) as custody:
        job_left(custody, folder / "outputs.json")
    told = submit(ready, folder)
    assert set(told) == {"output", "turn", "manifest", "state", "expires"}
    looked = ready("airlock", "look", "job-1", "--for", "reviewer", "--by", "ada")
    found = {one["path"]: one for one in looked["findings"]}
    assert set(found) == {"sexes.json", "sexes.csv", "own.csv", "risk.json", "risk.recipe.json"}
    assert found["own.csv"]["verdict"] == "fail"
    rules = {one["rule"] for one in found["own.csv"]["report"]["findings"]}
    assert "sieve" in rules
    assert "not-compared" not in rules
    assert [one["name"] for one in found["own.csv"]["report"]["summaries"]] == ["sex", "n"]
    assert found["risk.json"]["report"]["card"][0].startswith("Model risk.json: ")
    assert found["risk.json"]["verdict"] in ("review", "fail")
    refused = vote(ready, "ada", "approve", code=4)
    assert refused["error"]["code"] == "CW-LEAVING-REVIEWER"
    failed = [name for name, one in found.items() if one["verdict"] == "fail"]
    override = [part for name in failed for part in ("--override", f"{name}=wrongly_found")]
    vote(ready, "ada", "approve", *override)
    assert vote(ready, "ben", "approve", *override)["outcome"] == "approved"
    files = Path(ready("airlock", "release", "job-1")["folder"]) / "files"
    assert {one.name for one in files.iterdir()} == set(found) - {"sexes.json"}
    assert (files / "own.csv").read_bytes().startswith(b"sex,n\r\nF,30\r\nM,29\r\n")
    collected = (folder / "outputs" / "risk.json").read_bytes()
    assert (files / "risk.json").read_bytes() == collected
    assert json.loads((files / "risk.recipe.json").read_text())["file"] == "risk.json"
    assert list(ready.memory.iterdir()) == []


def test_check_with_a_release_compares_and_without_one_says_that_it_did_not(ready: Job) -> None:
    path = ready.folder / "own.csv"
    path.write_text("note\nseen by NAME12\nnothing\n")
    folder = ready.folder / "data" / "releases" / ready.built["release"]  # type: ignore[attr-defined]
    alone = ready("airlock", "check", path, code=3)
    assert alone["verdict"] == "review"
    beside = ready("airlock", "check", path, "--release", folder, code=3)
    assert beside["verdict"] == "fail"
    assert "sieve" in {one["rule"] for one in beside["files"][0]["findings"]}
    assert set(beside["files"][0]) == {"path", "type", "sha256", "verdict", "findings"}
    asked = ("airlock", "check", path, "--release", folder, "--for", "author")
    assert ready(*asked, code=4)["error"]["code"] == "CW-LEAVING-UNSEEN"
    released = left(ready, ready.built["release"], sexes_json=request())  # type: ignore[attr-defined]
    submit(ready, released)
    vote(ready, "ada", "return", "--reason", "context_missing")
    assert ready(*asked, "--output", "job-1", code=4)["error"]["code"] == "CW-LEAVING-UNSEEN"
    vote(ready, "ben", "return", "--reason", "context_missing")
    assert ready(*asked, code=4)["error"]["code"] == "CW-LEAVING-UNSEEN", "not this one"
    author = ready(*asked, "--output", "job-1", code=3)
    assert author["verdict"] == "review"
    assert "sieve" not in json.dumps(author)


def test_without_its_sandbox_nothing_is_submitted(
    ready: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = ready.built["release"]  # type: ignore[attr-defined]
    folder = left(ready, release, sexes_json=request(), own_csv="sex,n\nF,30\n")
    monkeypatch.setattr(box, "_tried", refusing)
    refused = submit(ready, folder, code=5)
    assert refused["error"]["code"] == "CW-SANDBOX-GUARD"
    assert ready("airlock", "list")["outputs"] == []
    assert list(ready.memory.iterdir()) == []


def refusing(**_: Any) -> Any:
    raise Unavailable("CW-SANDBOX-GUARD", "A guard does not hold.")


def test_a_request_that_nobody_meets_reads_like_any_other(ready: Job) -> None:
    """Else one submission, refused or not, says whether a person is there (S5, S6)."""
    told, looked = [], []
    for name, code in (("some", "J45.1"), ("none", "Z99.9")):
        where = {"column": {"table": "visits", "name": "code"}, "op": "eq", "value": code}
        asked = request(where={"where": where})
        folder = left(ready, ready.built["release"], sexes_json=asked)  # type: ignore[attr-defined]
        told.append(submit(ready, folder, output=name))
        looked.append(ready("airlock", "look", name))
    for found in (*told, *looked):
        del found["output"]
    assert looked[0] == looked[1]
    assert [one["state"] for one in told] == ["in_review", "in_review"]
    seen = ready("airlock", "look", "none", "--for", "reviewer", "--by", "ada")
    assert seen["verdict"] in ("review", "fail", "unreadable")


def test_an_author_does_not_choose_the_limits(ready: Job) -> None:
    """A file with the profile's name and with limits that let three people through."""
    folder = left(ready, ready.built["release"], sexes_json=request())  # type: ignore[attr-defined]
    inside = files("commonweal.airlock").joinpath("profiles", "sacro-default.yaml")
    weak = ready.folder / "weak.yaml"
    weak.write_text(yaml.safe_dump({**yaml.safe_load(inside.read_text()), "threshold": 3}))
    for profile in (str(weak), "opensafely"):
        refused = submit(ready, folder, code=4, profile=profile)
        assert refused["error"]["code"] == "CW-LEAVING-PERMIT"
    # A sum that gives somebody away fails; what nobody had the time to look at is for review only.
    for seconds in ("0", "-1", "59.9", "nan", "inf"):
        refused = submit(ready, folder, code=2, seconds=seconds)
        assert refused["error"]["code"] == "CW-USAGE"
    submit(ready, folder, profile="sacro-default", seconds="60")


def test_figures_of_another_projects_release_are_not_submitted(ready: Job) -> None:
    """The folder of a job names its release; one of another permit is of other people (S13)."""
    permit = ready.folder / "permit.jws"
    mine = permit.read_bytes()
    another_project(ready)
    theirs = ready.release("build")["release"]
    permit.write_bytes(mine)
    folder = left(ready, theirs, sexes_json=request())
    assert submit(ready, folder, code=4)["error"]["code"] == "CW-LEAVING-PERMIT"
    assert ready("airlock", "list")["outputs"] == []
