"""What must not work: each tried for real, each refused with its code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from commonweal.demo.walkthrough import papers
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Failure, Fault
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.permit_rules import check_draft
from commonweal.vault.custody import Custody
from commonweal.vault.release.build import build_release
from commonweal.vault.release.proving import prove_person
from commonweal.vault.release.verify import verify_release


@dataclass(frozen=True)
class Tried:
    """Something that was tried and refused."""

    tried: str
    code: str
    sentence: str


def expect(what: str, try_it: Callable[[], Any]) -> Tried:
    """Try it; it must be refused. Raises `Failure` if it is not: the demonstration would lie."""
    try:
        try_it()
    except CommonwealError as refusal:
        return Tried(what, refusal.code, refusal.sentence)
    raise Failure("CW-DEMO-USAGE", f"{what} was not refused.")


def changed_vote(dossier: Path, issue: Callable[[Path], Any]) -> Tried:
    """A dossier in which somebody turned one vote round is not signed."""
    plain = json.loads(dossier.read_bytes())
    plain["votes"][0] |= {"verdict": "reject"}
    changed = dossier.with_name("dossier-with-one-changed-vote.json")
    changed.write_text(json.dumps(plain))
    try:
        return expect("One changed vote", lambda: issue(changed))
    finally:
        changed.unlink()


def try_all(
    custody: Custody,
    release: Path,
    catalogue_path: Path,
    permit_path: Path,
    choices: Path,
    work: Path,
) -> list[Tried]:
    """Everything that the walk-through tries in vain, in order."""
    catalogue = Catalogue.load(catalogue_path)
    plain = papers.draft(custody.clock.now().date())
    return [
        expect("A permit for marketing", lambda: _checked(papers.for_marketing(plain), catalogue)),
        expect(
            "Dates of birth as they are",
            lambda: _checked(papers.with_exact_birthday(plain), catalogue),
        ),
        expect(
            "A true year beside a moved date",
            lambda: _checked(papers.with_mixed_dates(plain), catalogue),
        ),
        expect("One changed byte in the permit", lambda: _changed_permit(custody, permit_path)),
        expect(
            "A list of opt-outs that is a month old",
            lambda: build_release(
                custody, permit_path, catalogue_path, _stale(custody, choices, work)
            ),
        ),
        expect("One changed byte in the release", lambda: _changed_release(custody, release, work)),
    ]


def _checked(plain: dict[str, Any], catalogue: Catalogue) -> None:
    check_draft(PermitDraft.read(plain, "The draft"), catalogue)


def _changed_permit(custody: Custody, permit: Path) -> None:
    text = bytearray(permit.read_bytes())
    text[len(text) // 2] ^= 1
    Permit.load(bytes(text), custody.trust)


def _stale(custody: Custody, choices: Path, work: Path) -> Path:
    folder = work / "choices-a-month-old"
    shutil.copytree(choices, folder, dirs_exist_ok=True)
    record = json.loads((folder / "national_allowed.json").read_text())
    record["checked_at"] = stamp(custody.clock.now() - timedelta(days=30))
    (folder / "national_allowed.json").write_text(json.dumps(record))
    return folder


def _changed_release(custody: Custody, release: Path, work: Path) -> None:
    copy = work / "release-with-one-changed-byte"
    shutil.copytree(release, copy)
    try:
        target = next((copy / "data").rglob("*.parquet"))
        content = bytearray(target.read_bytes())
        content[len(content) // 2] ^= 1
        target.write_bytes(content)
        report = verify_release(custody, copy)
    finally:
        shutil.rmtree(copy)
    if report.faults:
        raise Fault(report.faults[0]["code"], report.faults[0]["sentence"])


def two_patients(custody: Custody, release: Path, hospital: Path) -> tuple[str, str]:
    """The NHS numbers of one patient who is in the release, and of one who is not."""
    numbers = pq.read_table(hospital / "patients.parquet", columns=["nhs_number"])
    inside = outside = None
    for number in numbers.column(0).drop_null().to_pylist():
        try:
            prove_person(custody, release, number)
            inside = inside or number
        except Fault:
            outside = outside or number
        if inside and outside:
            return inside, outside
    raise Failure("CW-DEMO-USAGE", "The demonstration found no patient to tell the story of.")
