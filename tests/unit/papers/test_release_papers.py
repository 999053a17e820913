"""The manifest does not exist unless it adds up; statements of absence say their one sentence."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.release import (
    ReleaseManifest,
    ReleaseSummary,
    StatementOfAbsence,
    absence_sentence,
    summarise,
)
from tests import factories

GUARDIAN = [factories.signer()]
TRUST = factories.trust()


def read(*changes: tuple[str, Any]) -> ReleaseManifest:
    data = factories.manifest_data()
    for path, value in changes:
        factories.put(data, path, value)
    return ReleaseManifest.read(data, "The release manifest")


REFUSED: list[tuple[str, list[tuple[str, Any]]]] = [
    ("an unknown key", [("note", "x")]),
    ("a person more than there are", [("patients.released", 1621)]),
    ("a person fewer", [("patients.removed.withdrawal", 0)]),
    ("a negative count", [("patients.suppressed", -1)]),
    ("more in the cohort than were considered", [("patients.considered", 2129)]),
    ("held out people that are nowhere", [("holdout", factories.REMOVE)]),
    ("another number held out", [("holdout.people", 404)]),
    ("rows that are in no file", [("tables.patients.rows", 1621)]),
    ("no file", [("tables.patients.files", [])]),
    ("no table", [("tables", {})]),
    ("no column", [("tables.patients.columns", [])]),
    ("a file twice", [("tables.admissions.files.0.path", "data/patients/part-00000.parquet")]),
    *[
        (f"a file at {path!r}", [("tables.patients.files.0.path", path)])
        for path in ("/data/x", "../x", "data/../x", "data//x", "data\\x", ".", "data/", "a\nb")
    ],
    ("a form in a second spelling", [("tables.patients.columns.1.form", "age_band(5, 90)")]),
    ("no such form", [("tables.patients.columns.1.form", "plain")]),
    ("a column twice", [("tables.patients.columns.1.name", "NHS_Number")]),
    ("fewer leaves than people", [("membership.leaves", 4096), ("patients.released", 5000),
                                  ("patients.in_cohort", 5510), ("tables.patients.rows", 1620)]),
    ("leaves that are not padded", [("membership.leaves", 5000)]),
    ("too few leaves", [("membership.leaves", 2048)]),
    ("a short hash", [("membership.root", "sha256:00")]),
    ("a first release that replaces one", [("supersedes", "asthma-1-r0")]),
    ("a second release that replaces none", [("sequence", 2)]),
    ("a release that replaces itself", [("sequence", 2), ("supersedes", "asthma-1-r1")]),
    ("a list without a date", [("choices.national.checked_at", factories.REMOVE)]),
    ("a list without a hash", [("choices.national.list_hash", factories.REMOVE)]),
    ("a list and a determination", [("choices.national.determination", "public_interest")]),
    ("a list that was not applied", [("choices.national.applied", False)]),
    ("more numbers back than were asked for", [("choices.national.returned", 2128)]),
    ("applied, but not listed", [("choices.applied", ["withdrawal"])]),
    ("a kind twice", [("choices.applied", ["national", "national"])]),
    ("an unknown kind", [("choices.applied", ["national", "ndoo"])]),
    ("another engine", [("engine.name", "pandas")]),
    ("a key in the open", [("key_ids", {"project": "A" * 70})]),
    ("a risk over one", [("risk.after.marketer", 1.01)]),
    ("another scope of codes", [("pseudonym_scope", "national")]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "changes"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_manifest_that_does_not_hold_together(what: str, changes: list[tuple[str, Any]]) -> None:
    with pytest.raises(CommonwealError, match="CW-PAPER-INVALID"):
        read(*changes)


def test_a_manifest_travels_signed() -> None:
    manifest = read()
    text = manifest.signed(GUARDIAN, manifest.built_at)
    assert ReleaseManifest.load(text, TRUST) == manifest
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-INVALID"):
        ReleaseSummary.load(text, TRUST)
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-UNTRUSTED"):
        ReleaseManifest.load(
            text,
            factories.trust(keys=[factories.key_data(roles=["permit"])], thresholds={"permit": 1}),
        )


def test_counts_are_what_they_say() -> None:
    manifest = read()
    assert manifest.patients.removed.total == 102
    assert manifest.patients.left_out == 105
    assert [file.rows for file in manifest.data_files()] == [1620, 5000, 405]
    assert manifest.risk.after.least_distinct == 3


def test_a_release_under_a_determination_has_no_list() -> None:
    national = {"applied": False, "determination": "public_interest"}
    manifest = read(("choices.national", national), ("choices.applied", ["withdrawal"]))
    summary = summarise(manifest)
    assert summary.choices.plain() == {
        "applied": ["withdrawal"],
        "determination": "public_interest",
    }


def test_a_small_release_hides_its_numbers() -> None:
    manifest = read(
        (
            "patients",
            {"considered": 9, "in_cohort": 9, "removed": {"withdrawal": 4}, "released": 5},
        ),
        ("holdout", factories.REMOVE),
        ("tables.patients.rows", 5),
        ("tables.patients.files.0.rows", 5),
    )
    summary = summarise(manifest)
    assert summary.people.plain() == {}
    assert summary.tables["patients"].rows is None
    assert ReleaseSummary.load(summary.signed(GUARDIAN, summary.built_at), TRUST) == summary


@pytest.mark.parametrize("rows", [5, 11, 0, -10])
def test_a_summary_cannot_hold_an_exact_number(rows: int) -> None:
    plain = summarise(read()).plain()
    for path in ("people.released", "people.left_out", "tables.patients.rows"):
        with pytest.raises(CommonwealError):
            ReleaseSummary.read(factories.put(plain, path, rows), "The summary")


def statement(**changes: Any) -> dict[str, Any]:
    return {
        "statement": 1,
        "release": "asthma-1-r1",
        "made_on": "2026-03-03",
        "about": factories.hash_of("commitment"),
        "sentence": absence_sentence(date(2026, 3, 3)),
        "issued_at": "2026-04-01T00:00:00.000Z",
        **changes,
    }


def test_a_statement_of_absence() -> None:
    made = StatementOfAbsence.read(statement(), "s")
    assert made.sentence == (
        "Our signed list for the data made on 3 March 2026 does not include your record. It covers "
        "this system only."
    )
    text = made.signed(GUARDIAN, made.issued_at)
    assert StatementOfAbsence.load(text, TRUST) == made
    policy = factories.trust(
        keys=[factories.key_data(roles=["manifest"])], thresholds={"manifest": 1}
    )
    with pytest.raises(CommonwealError, match="CW-SIGNATURE-UNTRUSTED"):
        StatementOfAbsence.load(text, policy)


@pytest.mark.parametrize(
    "changes",
    [
        {"sentence": "You are in nothing, ever."},
        {"made_on": "2026-03-04"},
        {"about": "9434765919"},
        {"nhs_number": "9434765919"},
        {"statement": 2},
    ],
)
def test_a_statement_says_nothing_else(changes: dict[str, Any]) -> None:
    with pytest.raises(CommonwealError, match="CW-PAPER-INVALID") as caught:
        StatementOfAbsence.read(statement(**changes), "s")
    assert "9434765919" not in str(caught.value)
