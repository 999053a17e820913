"""A tiny hospital with a home, for tests that build real releases.

Sixty people with synthetic NHS numbers, two admissions and some tests each; everybody is in a group
that is large enough for the permit's k, and dates cover two years, so that a plain build passes the
gate. Tests change rows, catalogue, draft or choices before they build. Nothing is random.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import FixedClock, stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import PermitDraft
from commonweal.vault.custody import (
    Acceptance,
    Custody,
    create_home,
    issue_permit,
    open_custody,
    settle,
    verify_ledger,
)
from commonweal.vault.keys import Secret
from commonweal.vault.release.build import BuildReport, build_release
from commonweal.vault.release.opening import open_release
from commonweal.vault.release.plan import PlanReport, plan_release
from commonweal.vault.release.verify import VerifyReport, verify_release
from tests import factories
from tests.unit.choices.helpers import HEADER, nhs_numbers
from tests.unit.release.oracle import Keys, Oracle

Row = dict[str, Any]
Tables = dict[str, list[Row]]

MARKER = "Quixotry"
"""Stands in every name and note: it must never be found in a release or in the home."""
DIAGNOSES = ("J45.0", "I21.4", "E11.9")
FIRST_DAY = date(2024, 1, 1)


def people_rows(count: int = 60) -> list[Row]:
    """`count` patients in groups of equal age band and sex."""
    rows = []
    for place, number in enumerate(nhs_numbers(count)):
        rows.append(
            {
                "nhs_number": number,
                "name": f"{MARKER} {place}",
                "born": date(1950 + 20 * (place % 2), 1 + place % 12, 1 + place % 28).isoformat(),
                "sex": "FM"[place // 2 % 2],
                "ethnicity": "ABC"[place % 3],
                "postcode": f"LS{1 + place % 2} {place % 9}AB",
                "genome": "",
                "undecided": "",
            }
        )
    return rows


def admission_rows(people: Sequence[Row]) -> list[Row]:
    """Two admissions a person, over two years."""
    rows = []
    for place, person in enumerate(people):
        for stay in range(2):
            day = FIRST_DAY + timedelta(days=(place * 37 + stay * 301) % 730)
            rows.append(
                {
                    "admission_id": f"A{place:03d}{stay}",
                    "nhs_number": person["nhs_number"],
                    "admitted": day.isoformat(),
                    "discharged": (day + timedelta(days=stay + place % 5)).isoformat(),
                    "loaded": "2026-01-05",
                    "audited": "2026-02-04",
                    "diagnosis": DIAGNOSES[(place + stay) % 3],
                    "note": f"{MARKER} was seen by the doctor",
                    "days": str(stay + place % 5),
                }
            )
    return rows


def test_rows(admissions: Sequence[Row]) -> list[Row]:
    """One test an admission."""
    rows = []
    for place, stay in enumerate(admissions):
        rows.append(
            {
                "test_id": f"T{place:04d}",
                "admission_id": stay["admission_id"],
                "code": ("HBA1C", "CRP")[place % 2],
                "value": str(round(1.05 + place * 0.1, 2)),
                "taken": f"{stay['admitted']}T0{place % 9}:30:00",
            }
        )
    return rows


test_rows.__test__ = False  # type: ignore[attr-defined]


def hospital(count: int = 60) -> Tables:
    """The three tables."""
    people = people_rows(count)
    admissions = admission_rows(people)
    return {"patients": people, "admissions": admissions, "tests": test_rows(admissions)}


def csv_text(rows: Sequence[Row]) -> str:
    """Rows as CSV."""
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue()


def write_tables(folder: Path, tables: Tables) -> None:
    """One CSV file a table."""
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(csv_text(rows))


def permitted(**tables: Mapping[str, str]) -> list[dict[str, Any]]:
    """The `data` of a draft: `table={variable: form}`; `form since other` sets `since`."""
    wanted = []
    for table, columns in tables.items():
        variables = []
        for name, form in columns.items():
            form, _, since = form.partition(" since ")
            variables.append({"variable": name, "form": form} | ({"since": since} if since else {}))
        wanted.append({"table": table, "variables": variables})
    return [{"dataset": "hospital", "tables": wanted}]


def exempt(code: str = "out_of_scope_population") -> dict[str, Any]:
    """A determination that sets the national opt-out aside."""
    return {
        "national_opt_out": "exempt",
        "determination": {
            "code": code,
            "decided_by": "The Caldicott Guardian",
            "decided_on": "2026-02-01",
            "evidence": "Generated people; none of them lives in England.",
            "reference": "CG-12",
        },
    }


def without_identifier() -> dict[str, Any]:
    """A decision that people without a valid identifier may be in."""
    return {
        "decided_by": "The Caldicott Guardian",
        "decided_on": "2026-02-01",
        "evidence": "There is nothing to check them by.",
    }


def objection(identifier: str, kind: str = "local_objection", project: str = "") -> str:
    """One line of objections.csv, in force since January."""
    return f"{identifier},{kind},{project},2026-01-01,,a letter"


@dataclass
class House:
    """A home beside its source, catalogue and choices."""

    base: Path
    clock: FixedClock
    tables: Tables
    catalogue_data: dict[str, Any]
    permits: int = 0
    _open: list[Custody] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.base / "home"

    @property
    def root(self) -> Path:
        return self.base / "root"

    @property
    def source(self) -> Path:
        return self.base / "records"

    @property
    def choices(self) -> Path:
        return self.base / "choices"

    @property
    def catalogue(self) -> Path:
        return self.base / "catalogue.json"

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    @property
    def numbers(self) -> list[str]:
        return [row["nhs_number"] for row in self.tables["patients"]]

    def custody(self) -> Custody:
        """The home, opened once and kept open."""
        if not self._open:
            self._open.append(open_custody(self.home, self.clock, root_store=self.root))
        return self._open[0]

    def limit(self, **limits: object) -> None:
        """As if the trust policy in force said these limits, until the home is closed."""
        book = self.custody().book
        changed = book.policy().model_copy(update=limits)
        object.__setattr__(book, "policy", lambda *_: changed)

    def close(self) -> None:
        """Close the home."""
        while self._open:
            self._open.pop().__exit__()

    def write(self) -> None:
        """Write source and catalogue as they are now."""
        write_tables(self.source, self.tables)
        self.write_catalogue()

    def write_catalogue(self) -> None:
        self.catalogue.write_text(json.dumps(self.catalogue_data))

    def choose(
        self,
        allowed: Iterable[str] | None = None,
        objections: Iterable[str] = (),
        **record: Any,
    ) -> None:
        """Write the choices folder; everybody is allowed unless `allowed` says who is."""
        numbers = sorted(self.numbers if allowed is None else allowed)
        self.choices.mkdir(exist_ok=True)
        (self.choices / "national_allowed.dat").write_bytes(
            "".join(f"{number},\n" for number in numbers).encode()
        )
        said = {
            "checked_at": stamp(self.clock.now() - timedelta(hours=1)),
            "requested": len(set(self.numbers)),
            "returned": len(numbers),
            **record,
        }
        (self.choices / "national_allowed.json").write_text(json.dumps(said))
        lines = "".join(f"{line}\n" for line in objections)
        (self.choices / "objections.csv").write_text(HEADER + lines)

    def issue(self, **changes: Any) -> Path:
        """Issue a permit from `factories.draft_data(**changes)`; each gets an id of its own."""
        self.permits += 1
        changes.setdefault("id", f"permit-{self.permits}")
        path = self.base / f"{changes['id']}.jws"
        draft = PermitDraft.read(factories.draft_data(**changes), "The draft")
        catalogue = Catalogue.load(self.catalogue)
        issue_permit(self.custody(), draft, catalogue, ["permit-signer"], path)
        return path

    def issue_another(self, name: str) -> Path:
        """Issue a permit `name` of a project of its own, called the same."""
        of_its_own = dict(factories.draft().plain()["project"], id=name)
        return self.issue(id=name, project=of_its_own)

    def build(self, permit: Path, **more: Any) -> BuildReport:
        """Build the permit's next release."""
        return build_release(self.custody(), permit, self.catalogue, self.choices, **more)

    def plan(self, permit: Path) -> PlanReport:
        return plan_release(self.custody(), permit, self.catalogue, self.choices)

    def verify(self, folder: Path) -> VerifyReport:
        return verify_release(self.custody(), folder)

    def open(self, folder: Path, permit: Path, to: Path) -> dict[str, pa.Table]:
        """The tables of a release, opened in memory and read."""
        open_release(self.custody(), folder, permit, to)
        return read_opened(to)

    def built(self, name: str = "", **changes: Any) -> dict[str, pa.Table]:
        """Issue, build and read the released tables without writing them anywhere."""
        permit = self.issue(**changes)
        return self.contents(self.build(permit))

    def contents(self, report: BuildReport) -> dict[str, pa.Table]:
        """The released tables of a report, unsealed in this process."""
        return {
            name: unsealed(self.custody(), report, table["files"], report.folder)
            for name, table in report.manifest["tables"].items()
        }

    def holdout(self, report: BuildReport) -> dict[str, pa.Table]:
        """The hold-out's tables."""
        held = report.manifest.get("holdout")
        files = held["files"] if held else []
        aside = self.releases / f"{report.manifest['release']}.airlock"
        return {
            file["path"].split("/")[1]: unsealed(self.custody(), report, [file], aside)
            for file in files
        }

    def events(self, type_: str) -> list[dict[str, Any]]:
        """The bodies of all intents of one type."""
        with self.custody().ledger.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM intent WHERE type = ? ORDER BY id", (type_,)
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def replaced(self) -> dict[str, str]:
        """The permit that each permit replaced, by the ledger."""
        issued = self.events("permit.issued")
        return {one["permit"]: one["supersedes"] for one in issued if "supersedes" in one}

    def ledger_faults(self) -> list[Any]:
        """What is wrong with the ledger, once all has been settled."""
        settle(self.custody())
        return list(verify_ledger(self.home, self.clock, root_store=self.root).faults)


def make_house(
    base: Path,
    *,
    count: int = 60,
    kind: str = "demo",
    tables: Tables | None = None,
    at: datetime = factories.NOW,
    days_to_say_no: int | None = None,
) -> House:
    """A new home with its source, catalogue and choices, all written."""
    base.mkdir(exist_ok=True)
    clock = FixedClock(at)
    data = factories.catalogue_data()
    data["datasets"][0]["source"]["location"] = str(base / "records")
    house = House(base, clock, tables or hospital(count), data)
    house.write()
    custody = create_home(
        house.home,
        kind=kind,  # type: ignore[arg-type]
        name="Wharfedale Hospital",
        clock=clock,
        root_store=house.root,
        time_to_say_no_days=days_to_say_no,
        acceptance=Acceptance("Jo Ferris", "A test") if kind == "standard" else None,
    )
    house._open.append(custody)
    house.choose()
    return house


def unsealed(
    custody: Custody, report: BuildReport, files: Sequence[Mapping[str, Any]], folder: Path
) -> pa.Table:
    """The rows in sealed files of a release."""
    parts = []
    for file in files:
        content = unsealed_bytes(custody, report.manifest, folder / file["path"], file["path"])
        parts.append(pq.read_table(io.BytesIO(content)))
    return pa.concat_tables(parts)


def unsealed_bytes(
    custody: Custody, manifest: Mapping[str, Any], path: Path, inside: str, key: str = "release"
) -> bytes:
    """What a sealed file holds. `key`: which of the manifest's keys sealed it."""
    from commonweal.foundation.sealing import unseal_bytes
    from commonweal.vault.release.writing import sealing_key

    secret = custody.keyring.secret_of(manifest["key_ids"][key])
    used = secret if key == "release" else sealing_key(secret)
    context = f"release/{manifest['release']}/{inside}"
    return unseal_bytes(path.read_bytes(), used.use(), context, inside)


def read_opened(folder: Path) -> dict[str, pa.Table]:
    """The tables of an opened release."""
    return {
        table.name: pa.concat_tables([pq.read_table(part) for part in sorted(table.iterdir())])
        for table in sorted(folder.iterdir())
    }


def refused(what: Any) -> CommonwealError:
    """The error of ours that calling `what` raises."""
    try:
        what()
    except CommonwealError as error:
        return error
    raise AssertionError("this was to be refused")


def oracle_of(
    house: House,
    permit: Path,
    report: BuildReport,
    allowed: Iterable[str] | None = None,
    *,
    hold_out: bool = False,
) -> Oracle:
    """The oracle of a release that was built, with the keys that the manifest names."""
    from commonweal.papers.permit import Permit

    keyring = house.custody().keyring
    project = keyring.secret_of(report.manifest["key_ids"]["project"])
    draft = Permit.load(permit.read_bytes(), house.custody().trust).plain()
    return Oracle(
        house.tables,
        {key: value for key, value in draft.items() if value is not None},
        house.catalogue_data["datasets"][0],
        oracle_keys(
            project,
            scope(report.manifest),
            house.catalogue_data["datasets"][0],
            shift_scope(draft, house.replaced()),
        ),
        house.numbers if allowed is None else allowed,
        hold_out,
    )


def scope(manifest: Mapping[str, Any]) -> str:
    """The scope of a release's codes, worked out from its manifest."""
    if manifest["pseudonym_scope"] == "linked":
        return "linked"
    choices, permit = manifest["choices"], manifest["permit_id"]
    said = digest([choices["national"].get("list_hash"), choices["objections_hash"]])
    where = f"{permit}\n{manifest['source']['fingerprint']}\n{said}"
    return hashlib.sha256(where.encode()).hexdigest()


def shift_scope(draft: Mapping[str, Any], before: Mapping[str, str]) -> str:
    """The scope of the date shift. `before`: the permit that each permit replaced."""
    if draft.get("link_across_refreshes"):
        return "linked"
    first = draft["id"]
    while first in before:
        first = before[first]
    return hashlib.sha256(first.encode()).hexdigest()


def oracle_keys(project: Secret, scope: str, dataset: Mapping[str, Any], shift_scope: str) -> Keys:
    """The project's sub-keys by their labels, as the builder's design names them."""

    def record(table: str, name: str) -> bytes:
        for one in dataset["tables"]:
            for variable in one["variables"]:
                if (one["name"], variable["name"]) == (table, name) and variable.get("links_to"):
                    table, name = variable["links_to"]["table"], variable["links_to"]["variable"]
        where = f"{dataset['id']}\x00{table}\x00{name}"
        label = hashlib.sha256(where.encode()).hexdigest()[:32]
        return project.subkey(f"record/{label}/{scope}").use()

    return Keys(
        project.subkey(f"pseudonym/{scope}").use(),
        project.subkey(f"shift/{shift_scope}").use(),
        project.subkey("stable-draw").use(),
        record,
    )


def rows_of(tables: Mapping[str, pa.Table]) -> dict[str, list[tuple[Any, ...]]]:
    """Released tables as lists of tuples, in the order in which they lie."""
    return {
        name: [tuple(row.values()) for row in table.to_pylist()] for name, table in tables.items()
    }
