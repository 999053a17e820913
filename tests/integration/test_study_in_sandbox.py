"""A study in the real sandbox, with the Python that jobs have: on made-up data, as they are given.

The packages are those of `requirements/study.lock`, none of the product's: the toolkit must find
all that it needs there. Its requests are then recomputed by the airlock outside.
"""

from __future__ import annotations

import os
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest

from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.enclave.dummy import make, write
from commonweal.enclave.dummy.writing import MARK, described
from commonweal.foundation.canonical import parse_json
from commonweal.papers.output_request import OutputRequest
from commonweal.sandbox.collecting import Declaration, Declared, collect
from commonweal.sandbox.orders import MIB, JobUser, Limits, Mount, Run
from commonweal.sandbox.running import running
from commonweal.sandbox.runtimes import CODE, PACKAGES, python_runtime
from tests import factories
from tests.airlock_house import recompute, released
from tests.release_house import permitted
from tools.side import side_environment

UID = 1_900_000_778
DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact", "ethnicity": "exact"},
    admissions={"nhs_number": "pseudonym", "admitted": "shift", "days": "exact"},
)
STUDY = """
import sys
assert not any(name.startswith(("pydantic", "commonweal.papers")) for name in sys.modules)
from commonweal.enclave import study
from commonweal.enclave.study import StudyError, bands, col, measure
assert not any(name.startswith(("pydantic", "commonweal.papers")) for name in sys.modules)
within = {name for name in sys.modules if name.startswith("commonweal.foundation.")}
assert {name.split(".")[2] for name in within} == {"drawing"}, within
stays, people = study.data("admissions"), study.data("patients")
frame = stays.pandas()
assert len(frame) == stays.arrow().num_rows == stays.polars().height > 100
assert study.sql("SELECT count(*) FROM admissions").fetchone()[0] == len(frame)
days = col("admissions", "days")
seen = study.table("stays", of="admissions", by=[col("patients", "sex"), bands("days", [2, 5])],
                   where=days.is_present(), totals=True,
                   measures=[measure.people(), measure.mean("days"), measure.quantile("days", 0.5)])
whole = seen.pandas()
whole = whole[(whole.sex == "all") & (whole.days == "all")]
assert abs(whole["mean of days"].iloc[0] - frame.days.mean()) < 1e-12
assert abs(whole["0.5 quantile of days"].iloc[0] - frame.days.median()) < 1e-12
assert whole["people"].iloc[0] == frame.dropna(subset=["days"]).nhs_number.nunique()
assert seen.polars().height == len(seen)

import statsmodels.api as sm, statsmodels.formula.api as smf
both = frame.merge(people.pandas(), on="nhs_number").dropna(subset=["days", "sex", "ethnicity"])
fit = study.regression("model", "days", [col("patients", "sex"), col("patients", "ethnicity")],
                       family="poisson", of="admissions")
check = smf.glm("days ~ C(sex) + C(ethnicity)", both, family=sm.families.Poisson()).fit()
found = sorted(fit["coefficient"])
assert max(abs(a - b) for a, b in zip(found, sorted(check.params))) < 1e-6
line = study.regression("line", "days", [study.category(col("patients", "sex"), "M")],
                        of="admissions")
check = smf.ols("days ~ C(sex, Treatment('M'))",
                frame.merge(people.pandas(), on="nhs_number").dropna(subset=["days", "sex"])).fit()
assert abs(line["coefficient"][1] - check.params.iloc[1]) < 1e-8

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.hist(frame.days.dropna())
study.figure("days.png", figure)
study.note("days.png", context="How long people stay.")
for refused in (lambda: study.count("x", by="ward", of="patients"),
                lambda: study.sql("SELECT * FROM read_text('/study/main.py')").fetchall()):
    try:
        refused()
    except StudyError:
        pass
    else:
        raise AssertionError("not refused")
print("done")
"""


def test_a_study_runs_where_jobs_run_and_its_request_is_recomputed(tmp_path: Path) -> None:
    made = make(factories.draft(data=DATA), factories.catalogue(), 300)
    write(made, tmp_path / "release")
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "main.py").write_text(STUDY)
    outcome = _ran(tmp_path)
    assert outcome.errors.startswith(f"{MARK}\n")
    assert outcome.output == "done\n"
    folder = tmp_path / "collected"
    assert sorted(one.name for one in folder.iterdir()) == [
        "days.png", "line.json", "model.json", "notes.json", "stays.json",
    ]  # fmt: skip
    assert (folder / "days.png").read_bytes().startswith(b"\x89PNG")
    request = OutputRequest.read(
        parse_json((folder / "stays.json").read_bytes(), "stays.json"), "stays.json"
    )
    table = recompute(request, _opened(made, tmp_path / "release"), tmp_path)
    people = made.released["admissions"].select(["nhs_number", "days"]).drop_null()
    whole = len(set(people.column("nhs_number").to_pylist()))
    assert table.series[0].figures[-1, -1] == whole


class Outcome:
    """What the job said."""

    def __init__(self, output: str, errors: str) -> None:
        self.output, self.errors = output, errors


def _ran(folder: Path) -> Outcome:
    """The study in the sandbox with the packages of studies; its outputs in `collected`."""
    python = side_environment("study", "what a study's code finds in a job")
    version = f"python{sysconfig.get_python_version()}"
    packages = python.parent.parent / "lib" / version / "site-packages"
    runtime, program = python_runtime()
    mounts = [one for one in runtime.mounts if one.target != PACKAGES]
    runtime = replace(runtime, mounts=(*mounts, Mount(packages.resolve(), PACKAGES)))
    order = Run(
        program,
        ("-B", "/study/main.py"),
        runtime,
        mounts=(Mount(folder / "release", "/release"), Mount(folder / "study", "/study")),
        environment=(
            ("HOME", "/tmp"),
            ("LANG", "C.UTF-8"),
            ("PYTHONPATH", f"{CODE}:{PACKAGES}"),
            ("COMMONWEAL_RELEASE", "/release"),
            ("COMMONWEAL_OUTPUTS", "/outputs"),
        ),
        limits=Limits(
            wall_seconds=240.0, cpu_seconds=240, address_bytes=16_384 * MIB, processes=64,
            output_bytes=64 * MIB, tmp_bytes=64 * MIB,
        ),
        proc=True,
        cgroup=False,
    )  # fmt: skip
    user = JobUser(UID, UID) if os.geteuid() == 0 else None
    with running(order, user) as job:
        outcome = job.wait()
        assert outcome.state == "finished", outcome.errors.decode()[-3000:]
        names = ("stays.json", "model.json", "line.json", "days.png", "notes.json")
        declared = Declaration(tuple(Declared(name, MIB) for name in names), 8 * MIB)
        owner = os.geteuid() if user is None else UID
        collect(job.outputs, declared, folder / "collected", owner=owner)
    return Outcome(outcome.output.decode(), outcome.errors.decode())


def _opened(made: object, folder: Path) -> OpenRelease:
    """The made-up release as the airlock would have it."""
    tables = {}
    for name, table in described(made)["tables"].items():  # type: ignore[arg-type]
        columns = {
            column: released(column, kind["type"], kind["form"])
            for column, kind in table["columns"].items()
        }
        file = folder / "data" / name / "part-0.parquet"
        tables[name] = OpenTable(name, (file,), columns, table["person"])
    return OpenRelease("made-up", tables)


@pytest.mark.parametrize("module", ["pydantic", "yaml", "typer", "ibis"])
def test_the_packages_of_studies_hold_none_of_the_products(module: str) -> None:
    """Else the toolkit could come to need one of them without anybody noticing."""
    python = side_environment("study", "what a study's code finds in a job")
    version = f"python{sysconfig.get_python_version()}"
    assert not (python.parent.parent / "lib" / version / "site-packages" / module).exists()
