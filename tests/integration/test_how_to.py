"""The how-to pages, run command by command on the repository's own example data.

Each page has a stage here: what a reader brings (a home, a source, papers), and what stands in the
page for a name of their own. The pages about one release are run one after the other on copies of
the same home.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import adbc_driver_postgresql.dbapi as dbapi
import pytest

from commonweal.foundation.canonical import digest, parse_json
from commonweal.foundation.clock import SystemClock
from commonweal.papers.output_request import OutputRequest
from commonweal.papers.signing import unverified
from commonweal.vault.choices.objections import read_objections
from commonweal.vault.custody import open_custody
from tests import factories, prefork
from tests.output_house import job_left
from tests.pages import Stage, blocks, faults, run_blocks
from tests.release_house import House, hospital
from tests.release_stores import as_postgresql

FOLDER = "docs/how-to"
WITHOUT_COMMANDS = {
    "agree-and-permit.md", "answer-concerns.md", "apply-for-data.md", "ask-for-outputs.md",
    "ask-the-public-panel.md",
    "check-the-public-log.md",
    "bring-something-in.md", "change-or-renew-a-project.md", "check-outputs-in-the-service.md",
    "look-after-the-public-pages.md", "look-after-the-rooms.md", "read-the-register.md",
    "record-a-choice.md", "review-a-project.md", "run-choices.md", "run-the-committee.md",
    "see-whether-there-are-enough-people.md", "send-a-study.md", "set-up-a-signing-key.md",
    "sit-on-the-committee.md", "work-at-the-desk.md", "write-for-the-public.md",
}  # fmt: skip
RELEASE = "tutorial-conditions-1.r1"
DEMO = "commonweal home create --name 'Example Hospital' --demo"
NO_HOME = "unset COMMONWEAL_HOME"
_SQL = re.compile(r"^```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The reader knows which key of the list is meant.
PROJECT_KEY = (
    "KEY=$(commonweal keys list --json | python3 -c 'import json, sys; print(next("
    'key["name"] for key in json.load(sys.stdin)["keys"] if key["name"].startswith("project.")))\')'
)


class Desk:
    """A reader's folder: a home, its root store, and the papers that pages name."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.folder = folder
        self.repository = repository

    @property
    def environment(self) -> dict[str, str]:
        return {
            "COMMONWEAL_HOME": str(self.folder / "home"),
            "COMMONWEAL_ROOT_STORE": str(self.folder / "root-store"),
            "OPEN": "",
        }

    def run(self, page: str, stage: Stage) -> None:
        """Run every block of the page; each must end well."""
        found = blocks((self.repository / FOLDER / page).read_text(encoding="utf-8"))
        assert found, "the page has no block that is run"
        places = [place for place in stage.before if all(place not in b.commands for b in found)]
        assert not places, f"{page} has no command {places}"
        results = run_blocks(
            found, self.repository, self.folder / f"outputs-{page}",
            stage=stage, folder=self.folder, environment=self.environment,
        )  # fmt: skip
        said = faults(f"{FOLDER}/{page}", found, results)
        assert not said, "\n".join(said)


@pytest.fixture
def desk(tmp_path: Path, repository: Path) -> Desk:
    folder = tmp_path / "desk"
    folder.mkdir(mode=0o700)
    return Desk(folder, repository)


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A folder in memory for releases that are opened, gone at the end."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, repository: Path, memory: Path) -> Desk:
    """A desk after `release-data.md`: Synthea's people, a permit and a release."""
    folder = tmp_path_factory.mktemp("how-to") / "desk"
    shutil.copytree(repository / "examples" / "synthea", folder / "records")
    folder.chmod(0o700)
    records = folder / "records"
    (records / "choices").rename(folder / "choices")
    (records / "draft.yaml").rename(folder / "draft.yaml")
    corrected = folder / "corrected.yaml"
    (records / "catalogue.yaml").rename(corrected)
    corrected.write_text(corrected.read_text().replace("location: .\n", "location: records\n"))
    made = Desk(folder, repository)
    made.run(
        "release-data.md",
        Stage(
            words={"SOURCE": "records", "/dev/shm/RELEASE": f"{memory}/opened", "RELEASE": RELEASE},
            before={
                "catalogue scan": DEMO,
                "catalogue check": "cp corrected.yaml catalogue.yaml",
            },
        ),
    )
    assert (folder / "home" / "releases" / RELEASE / "manifest.jws").is_file()
    assert list((memory / "opened").rglob("*.parquet"))
    return made


@pytest.fixture
def copied(released: Desk, desk: Desk) -> Desk:
    shutil.rmtree(desk.folder)
    shutil.copytree(released.folder, desk.folder, ignore=shutil.ignore_patterns("outputs-*"))
    return desk


def test_every_page_is_run(repository: Path) -> None:
    pages = {path.name for path in (repository / FOLDER).glob("*.md")}
    here = set(re.findall(r'"([a-z0-9-]+\.md)"', Path(__file__).read_text(encoding="utf-8")))
    assert pages == here
    for page in WITHOUT_COMMANDS:
        assert blocks((repository / FOLDER / page).read_text(encoding="utf-8")) == []


def test_set_up_a_home(desk: Desk) -> None:
    words = {
        "/path/to/home": str(desk.folder / "home"),
        "/path/to/root-store": str(desk.folder / "root-store"),
        # A machine without cgroups of version 2 cannot run studies on real data, and is told so.
        "commonweal doctor": "commonweal doctor || [ $? -eq 3 ]",
    }
    desk.run("set-up-a-home.md", Stage(words))
    assert (desk.folder / "home").is_dir()


def test_release_data(released: Desk) -> None:
    assert (released.folder / "permit.jws").is_file()


def test_back_up_and_restore(copied: Desk) -> None:
    folder = copied.folder
    (folder / "backups").mkdir()
    words = {
        "/path/to/backups": str(folder / "backups"),
        "commonweal-2026-03-02.cwbackup": "commonweal-2026-03-02.cwbackup",
        "/path/to/root-store": str(folder / "root-store"),
        "/path/to/new-home": str(folder / "new-home"),
    }
    copied.run(
        "back-up-and-restore.md",
        Stage(
            words,
            before={
                "commonweal restore": "cd backups; rm -r ../home",
                # The service was started before the database was lost: it has its tables.
                "commonweal carry-on": "python -m commonweal.web.prepare > made-ready.json",
            },
        ),
    )
    assert (folder / "new-home" / "releases" / RELEASE).is_dir()


def test_test_a_release_with_an_intruder(copied: Desk) -> None:
    folder = copied.folder
    page = (copied.repository / FOLDER / "test-a-release-with-an-intruder.md").read_text("utf-8")
    (attack,) = re.findall(
        r"^```yaml\n(authorisation: 1\n.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    # The reader's own draft: without the dates that give people away, with the lines of the page.
    lines = (folder / "draft.yaml").read_text().splitlines()
    kept = [line for line in lines if "variable: START, form" not in line]
    kept = [line for line in kept if "variable: STOP" not in line and "processing" not in line]
    added = re.findall(r"^```yaml\n(processing: .*?)^```$", page, re.MULTILINE | re.DOTALL)[0]
    text = "\n".join(kept).replace("id: tutorial-conditions-1", "id: tutorial-conditions-2")
    (folder / "tested.yaml").write_text(f"{text}\n{added}")
    day = datetime.now(UTC).date()
    attack = attack.replace("2026-03-01", day.isoformat())
    attack = attack.replace("2026-03-31", (day + timedelta(days=30)).isoformat())
    (folder / "attack.yaml").write_text(attack)
    with (folder / "records" / "patients.csv").open(newline="") as file:
        people = list(csv.DictReader(file))
    write_rows(folder / "known.csv", ("person", "BIRTHDATE", "GENDER", "COUNTY"), [
        (one["Id"], one["BIRTHDATE"], one["GENDER"], one["COUNTY"]) for one in people
    ])  # fmt: skip
    write_rows(folder / "truth.csv", ("person", "source_key"), [
        (one["Id"], one["Id"]) for one in people
    ])  # fmt: skip
    words = {"RELEASE": "tutorial-conditions-2.r1"}
    copied.run("test-a-release-with-an-intruder.md", Stage(words))
    figures = (folder / "home" / "releases" / words["RELEASE"] / "risk.json").read_text()
    assert '"passed":true' in figures


def write_rows(path: Path, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A CSV file."""
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])


def test_release_in_the_service(copied: Desk) -> None:
    copied.run("release-in-the-service.md", Stage(words={"DATASET": "synthea"}))
    assert (copied.folder / "home" / "release-inputs.json").is_file()


def test_run_a_study(copied: Desk) -> None:
    (copied.folder / "examples").mkdir()
    shutil.copytree(copied.repository / "examples" / "study", copied.folder / "examples" / "study")
    try:
        copied.run("run-a-study.md", Stage())
    finally:
        home = json.loads((copied.folder / "home" / "home.json").read_text())["id"]
        shutil.rmtree(f"/dev/shm/commonweal-loans-{home}", ignore_errors=True)
    jobs = copied.folder / "home" / "enclave" / "jobs"
    left = [json.loads((one / "outputs" / "conditions.json").read_text()) for one in jobs.iterdir()]
    assert len(left) == 2
    for request in left:
        assert OutputRequest.read(request, "The request").table == "patients"


def _job_left(copied: Desk) -> str:
    """The reader brings a roster, and what a job left: a request for patients by sex. Gives the
    commands with which people get their keys and roles."""
    who = {"a.analyst": "applicant", "ada": "output_checker", "ben": "output_checker"}
    listed = {"people_list": 1, "people": [
        {"id": one, "name": f"{one.title()} Person", "organisation": "Example Hospital",
         "roles": [{"role": role, "from": "2024-01-01"}], "credentials": [{"key": one}]}
        for one, role in who.items()
    ]}  # fmt: skip
    (copied.folder / "people.json").write_text(json.dumps(listed))
    folder = copied.folder / "job-1"
    (folder / "outputs").mkdir(parents=True)
    request = json.dumps({
        "request": 1, "name": "sexes", "title": "Patients by sex", "table": "patients",
        "by": [{"column": {"table": "patients", "name": "GENDER"}}],
        "measures": [{"measure": "people"}],
    }).encode()  # fmt: skip
    (folder / "outputs" / "sexes.json").write_bytes(request)
    hash_ = "sha256:" + "0" * 64
    permit = digest(unverified((copied.folder / "permit.jws").read_bytes(), "The permit"))
    (folder / "outputs.json").write_text(json.dumps({
        "outputs": 1, "job": "job-1", "attempt": 1, "project": "tutorial-conditions",
        "permit": RELEASE.partition(".")[0], "permit_hash": permit, "release": RELEASE,
        "study": hash_, "submitted_by": "a.analyst", "collected_at": "2026-03-02T09:00:00.000Z",
        "files": [{"file": "sexes.json", "kind": "request", "bytes": len(request),
                   "sha256": f"sha256:{hashlib.sha256(request).hexdigest()}"}],
    }))  # fmt: skip
    with open_custody(
        copied.folder / "home", SystemClock(), root_store=copied.folder / "root-store"
    ) as custody:
        job_left(custody, folder / "outputs.json")
    roster = [
        *(f"commonweal keys create {one} --purpose person_signing" for one in who),
        "commonweal people propose people.json --out roster.jws",
        "commonweal people sign roster.jws --key guardian",
        "commonweal people sign roster.jws --key siro",
        "commonweal people adopt roster.jws",
    ]
    return "\n".join(roster)


def test_check_outputs(copied: Desk) -> None:
    roster = _job_left(copied)
    words = {"JOBFOLDER": "job-1", "amira": "a.analyst"}
    copied.run("check-outputs.md", Stage(words, before={"airlock submit": roster}))
    airlock = copied.folder / "home" / "airlock"
    assert (airlock / "released" / "job-1" / "recall.json").is_file()
    assert (copied.folder / "given" / "sexes.csv").is_file()
    # A reader has fetched the list, and has been given the exported log.
    words = {"VKEY": '"$(cat public-log/ledger.vkey)"'}
    fetched = (
        "commonweal ledger export public-log > exported.txt\n"
        "cp home/public/register.json register.json"
    )
    copied.run("see-what-has-left.md", Stage(words, before={"--log public-log": fetched}))


def test_make_a_table_each_month(copied: Desk) -> None:
    """An output has left; the table is of the state of things in the newest month."""
    words = "--title Sexes --context Sexes. --controls None."
    before = "\n".join([
        _job_left(copied),
        f"commonweal airlock submit job-1 --by a.analyst --key a.analyst {words}",
        *(f"commonweal airlock review job-1 --verdict approve --by {one} --key {one}"
          for one in ("ada", "ben")),
        "commonweal airlock release job-1",
    ])  # fmt: skip
    today = SystemClock().now().date()
    first, last = today.replace(day=1) - timedelta(days=1), today
    months = {"FIRST": f"{first:%Y-%m}", "LAST": f"{last:%Y-%m}", "amira": "a.analyst"}
    copied.run("make-a-table-each-month.md", Stage(months, before={"standing propose": before}))
    airlock = copied.folder / "home" / "airlock"
    assert (airlock / "released" / f"by-sex.{first:%Y-%m}").is_dir()


def test_stop_a_project(copied: Desk) -> None:
    words = {"NAME": '"$KEY"', "FIRST": "guardian", "SECOND": "siro"}
    copied.run("stop-a-project.md", Stage(words, before={"keys destroy": PROJECT_KEY}))


def _silent(port: int) -> bool:
    """True once nobody answers at the port; waits up to ten seconds."""
    for _ in range(100):
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) != 0:
                return True
        time.sleep(0.1)
    return False


def test_witness_a_ledger(desk: Desk) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    names = {"/path/to/witness": str(desk.folder / "witness"), "8731": port}
    policy = (
        f"KEY=$(commonweal ledger witness show {desk.folder}/witness --json | python3 -c "
        "'import json, sys; print(json.load(sys.stdin)[\"key\"])')\n"
        f'printf "witness north %s http://127.0.0.1:{port}\\nquorum north\\n" "$KEY" '
        "> witnesses.policy"
    )
    try:
        desk.run("witness-a-ledger.md", Stage(names, before={"home create": policy}))
    finally:
        # The page ends it itself, unless one of its blocks fails before.
        with contextlib.suppress(OSError, ValueError):
            number = int((desk.folder / "witness.pid").read_text())
            if b"serve" in Path(f"/proc/{number}/cmdline").read_bytes():
                os.kill(number, signal.SIGKILL)
    assert _silent(int(port))  # the page ended what it started
    assert (desk.folder / "public-log" / "tile" / "0" / "000.p" / "2").is_file()


def test_replace_a_signing_key(desk: Desk) -> None:
    desk.run("replace-a-signing-key.md", Stage(before={"home policy show": f"{DEMO} > made.txt"}))


def test_a_roster_is_adopted(desk: Desk) -> None:
    desk.run("say-who-decides.md", Stage(before={"keys create lena": f"{DEMO} > made.txt"}))


def test_write_the_committees_rules(desk: Desk) -> None:
    people = (
        "people_list: 1\npeople:\n  - id: carol\n    name: Carol Chair\n"
        "    organisation: Example Hospital\n"
        '    roles:\n      - {role: committee_chair, from: "2026-01-01"}\n'
    )
    adopted = (
        f"{DEMO} > made.txt && cat > people.yaml <<'END'\n{people}END\n"
        "commonweal people propose people.yaml --out first.roster"
        " && commonweal people sign first.roster --key guardian"
        " && commonweal people sign first.roster --key siro"
        " && commonweal people adopt first.roster"
    )
    desk.run("write-the-committees-rules.md", Stage(before={"rules write": adopted}))


def test_decide_on_an_application(desk: Desk) -> None:
    desk.run("decide-on-an-application.md", Stage())
    assert not (desk.folder / "again.jws").exists()


def test_anonymise_a_table(desk: Desk, repository: Path) -> None:
    shutil.copytree(repository / "examples" / "synthea", desk.folder / "records")
    desk.run("anonymise-a-table.md", Stage())
    made = (desk.folder / "patients-5.csv").read_text().splitlines()
    assert made[0] == '"BIRTHDATE","MARITAL","RACE","GENDER"'
    assert len(made) == 1 + 1164
    assert "SSN" in (desk.folder / "left-out.txt").read_text()


def test_use_spark(desk: Desk, repository: Path) -> None:
    shutil.copytree(repository / "examples" / "synthea", desk.folder / "records")
    settings = "export COMMONWEAL_SPARK_MASTER=local[1] COMMONWEAL_MEMORY=1GB"
    desk.run("use-spark.md", Stage(before={"risk measure": settings}))


def test_change_a_form(desk: Desk, repository: Path) -> None:
    page = (repository / FOLDER / "change-a-form.md").read_text(encoding="utf-8")
    head, *questions = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    # What the reader does in an editor, with the lines of the page.
    (desk.folder / "head.txt").write_text(head)
    (desk.folder / "questions.txt").write_text("".join(questions))
    head_in = "-e '/^version: 1$/{r head.txt' -e 'd}'"
    edit = f"sed -i {head_in} outputs.yaml && cat questions.txt >> outputs.yaml"
    lock = (
        "sed -i -e 's/^version: 1$/version: 2\\nnote: Plain./' -e 's/What is it for/Why/' dpia.yaml"
    )
    desk.run("change-a-form.md", Stage(before={"check outputs.yaml": edit, "--approved-by": lock}))
    assert "easy_read_by" in (desk.folder / "again.yaml").read_text()


def test_write_a_study(copied: Desk, repository: Path) -> None:
    """And what was written on made-up data is recomputed on the release of the same permit."""
    desk = copied
    example = repository / "examples" / "synthea"
    shutil.copy(example / "draft.yaml", desk.folder / "permit.yaml")
    shutil.copy(example / "catalogue.yaml", desk.folder)
    desk.run("write-a-study.md", Stage(words={"python3": shlex.quote(sys.executable)}))
    seen = (desk.folder / "seen.txt").read_text()
    assert "['patients', 'conditions']" in seen
    assert "for use in this job only" in seen
    for name in ("people_by_sex.json", "costs.json"):
        written = parse_json((desk.folder / "outputs" / name).read_bytes(), name)
        assert OutputRequest.read(written, name).table == "patients"
    call = ["airlock", "check", "outputs/costs.json", "outputs/people_by_sex.json", "--json"]
    call += ["--release", f"home/releases/{RELEASE}"]
    done = subprocess.run(
        [*prefork.command(), *call],
        cwd=desk.folder,
        env={**os.environ, **desk.environment, "PYTHONPATH": str(repository / "src")},
        capture_output=True,
        check=False,
    )
    found = parse_json(done.stdout, "what the airlock said")["files"]
    # Judged by the rules, whatever they say of so few people: nothing was unreadable or unknown.
    assert [one["type"] for one in found] == ["output_request"] * 2
    codes = {finding["code"] for one in found for finding in one["findings"]}
    assert not codes & {"CW-OUTPUT-FILE", "CW-OUTPUT-UNKNOWN", "CW-OUTPUT-KIND"}


def test_serve(desk: Desk) -> None:
    desk.run("serve.md", Stage())


def test_look_after_accounts(desk: Desk) -> None:
    made = 'commonweal home create --name "Example Hospital" > made.txt 2>&1'
    desk.run("look-after-accounts.md", Stage(before={"first-account": made}))


def test_set_up_nhs_login(desk: Desk) -> None:
    from joserfc.jwk import KeySet, RSAKey

    key = RSAKey.generate_key(2048, {"kid": "nhs-login-1", "use": "sig"}, private=True)
    keys = json.dumps(KeySet([key]).as_dict(private=False))
    (desk.folder / "nhs-login.json").write_text(keys)
    desk.run("set-up-nhs-login.md", Stage(before={"patients key publish": f"{DEMO} > made.txt"}))


def test_sign_in_with_cis2(desk: Desk) -> None:
    desk.run("sign-in-with-cis2.md", Stage())


def test_read_from_postgresql(desk: Desk, repository: Path, postgres_url: str) -> None:
    page = repository / FOLDER / "read-from-postgresql.md"
    data = factories.catalogue_data()
    house = House(desk.folder, factories.clock(), hospital(20), data)
    _, url = as_postgresql(house, postgres_url)
    statements = "".join(_SQL.findall(page.read_text(encoding="utf-8")))
    with dbapi.connect(url, autocommit=True) as c, c.cursor() as cursor:
        for statement in filter(str.strip, statements.split(";")):
            cursor.execute(statement)
    reader = url.replace("//commonweal@", "//commonweal_reader@")
    address = "postgresql://commonweal_reader@db.example.nhs.uk/hospital?sslmode=verify-full"
    try:
        # Without a home: the snapshot lies in the engine.
        desk.run(page.name, Stage({address: reader}, before={"catalogue scan": NO_HOME}))
    finally:
        with dbapi.connect(url, autocommit=True) as c, c.cursor() as cursor:
            cursor.execute("DROP OWNED BY commonweal_reader")
            cursor.execute("DROP ROLE commonweal_reader")
    catalogue = (desk.folder / "catalogue.yaml").read_text()
    assert "- name: patients" in catalogue
    assert "- name: tests" not in catalogue  # it was not granted
    assert not (desk.folder / "home").exists()


def test_the_choices_that_the_page_shows_can_be_read(repository: Path, tmp_path: Path) -> None:
    page = (repository / FOLDER / "run-choices.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```text\n(identifier,.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "objections.csv").write_text(shown, encoding="utf-8")
    assert read_objections(tmp_path).rows.num_rows == len(shown.splitlines()) - 1 > 2
