"""Who may be in: small cohorts, one reason each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.vault.choices.apply import ChoiceResult, apply_choices
from commonweal.vault.choices.decision import Decision
from commonweal.vault.choices.folder import ChoicesFolder, read_choices
from commonweal.vault.choices.naming import PersonKeys
from commonweal.vault.choices.rules import KINDS, REASONS
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests import factories
from tests.unit.choices.helpers import NO_JOURNAL, One, load_people, nhs_numbers, write_folder

AT = date(2026, 3, 2)
N = nhs_numbers(20)
EVERY_KIND = frozenset(rule.kind for rule in KINDS)
PROJECTS = ("asthma", "asthma-1")


def decision(**changes: Any) -> Decision:
    usual: dict[str, Any] = {
        "national": True,
        "kinds": EVERY_KIND,
        "consent_needed": False,
        "objections": True,
        "include_without_identifier": False,
        "sentences": (),
    }
    return Decision(**{**usual, **changes})


def folder(path: Path, *rows: str, allowed: Sequence[str] = N, **record: Any) -> ChoicesFolder:
    write_folder(path, allowed=allowed, objections=rows, **{"requested": 20, **record})
    return read_choices(path, **NO_JOURNAL, needs_national=True, clock=factories.clock())


def patients(count: int = 6) -> list[One]:
    return [One(number, number, True) for number in N[:count]]


def run(
    engine: DuckDBEngine,
    people: Sequence[One],
    choices: ChoicesFolder,
    decided: Decision | None = None,
    **changes: Any,
) -> tuple[ChoiceResult, list[str]]:
    given: dict[str, Any] = {
        "project_ids": PROJECTS,
        "at": AT,
        "keys": PersonKeys("nhs_number"),
        **changes,
    }
    table = load_people(engine, people)
    result = apply_choices(engine, table, decided or decision(), choices, **given)
    allowed = sorted(row["person"] for row in engine.rows(result.allowed, 1000))
    assert result.kept == len(allowed)
    assert result.considered == len(people) == result.kept + sum(result.removed.values())
    assert tuple(result.removed) == REASONS
    return result, allowed


def only(removed: dict[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in removed.items() if count}


def test_nobody_said_no(engine: DuckDBEngine, tmp_path: Path) -> None:
    result, allowed = run(engine, patients(), folder(tmp_path))
    assert allowed == N[:6]
    assert only(result.removed) == {}


def test_nobody_is_there(engine: DuckDBEngine, tmp_path: Path) -> None:
    result, allowed = run(engine, [], folder(tmp_path))
    assert (result.considered, allowed) == (0, [])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("local_objection,,2026-01-01,,x", "local_objection"),
        ("no_ai_training,,2026-01-01,,x", "by_kind"),
        ("no_companies,,2026-01-01,,x", "by_kind"),
        ("no_research_here,,2026-01-01,,x", "by_kind"),
        ("type1,,2026-01-01,,x", "type1"),
        ("project_objection,asthma,2026-01-01,,x", "project_objection"),
        ("project_objection,asthma-1,2026-01-01,,x", "project_objection"),
        ("withdrawal,asthma,2026-01-01,,x", "withdrawal"),
        # in force: both days inclusive
        ("local_objection,,2026-03-02,,x", "local_objection"),
        ("local_objection,,2026-01-01,2026-03-02,x", "local_objection"),
        ("local_objection,,2026-03-03,,x", None),
        ("local_objection,,2026-01-01,2026-03-01,x", None),
        # a no in any letter case
        ("withdrawal,ASTHMA,2026-01-01,,x", "withdrawal"),
        # of another project
        ("project_objection,gout,2026-01-01,,x", None),
        ("withdrawal,asthma-,2026-01-01,,x", None),
        ("project_consent,asthma,2026-01-01,,x", None),
    ],
)
def test_one_row(engine: DuckDBEngine, tmp_path: Path, row: str, reason: str | None) -> None:
    result, allowed = run(engine, patients(), folder(tmp_path, f"{N[0]},{row}"))
    assert only(result.removed) == ({reason: 1} if reason else {})
    assert allowed == (N[1:6] if reason else N[:6])


@pytest.mark.parametrize("spelling", ["{0}{1}{2}", "{0} {1} {2}", "{0}-{1}-{2}"])
def test_spellings_of_a_number(engine: DuckDBEngine, tmp_path: Path, spelling: str) -> None:
    written = spelling.format(N[0][:3], N[0][3:6], N[0][6:])
    result, _ = run(
        engine, patients(), folder(tmp_path, f"{written},local_objection,,2026-01-01,,")
    )
    assert only(result.removed) == {"local_objection": 1}


@pytest.mark.parametrize("kind", sorted(EVERY_KIND - {"project_consent"}))
def test_a_kind_that_does_not_apply(engine: DuckDBEngine, tmp_path: Path, kind: str) -> None:
    project = "asthma" if kind in ("withdrawal", "project_objection") else ""
    choices = folder(tmp_path, f"{N[0]},{kind},{project},2026-01-01,,x")
    result, _ = run(engine, patients(), choices, decision(kinds=EVERY_KIND - {kind}))
    assert only(result.removed) == {}


CONSENT = f"{N[0]},project_consent,asthma,2026-01-01,,form 7"


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("local_objection,,2026-02-01,,x", None),
        ("no_ai_training,,2026-02-01,,x", None),
        ("no_companies,,2026-02-01,,x", None),
        ("no_research_here,,2026-02-01,,x", None),
        ("type1,,2026-02-01,,x", None),
        # Objection and withdrawal beat consent, whichever is the later.
        ("project_objection,asthma,2026-02-01,,x", "project_objection"),
        ("project_objection,asthma,2025-02-01,,x", "project_objection"),
        ("withdrawal,asthma-1,2026-02-01,,x", "withdrawal"),
        ("withdrawal,asthma,2025-02-01,,x", "withdrawal"),
        ("withdrawal,gout,2026-02-01,,x", None),
        ("withdrawal,asthma,2025-02-01,2025-12-31,x", None),
    ],
)
def test_consent_and(engine: DuckDBEngine, tmp_path: Path, other: str, reason: str | None) -> None:
    for order in ([CONSENT, f"{N[0]},{other}"], [f"{N[0]},{other}", CONSENT]):
        result, _ = run(engine, patients(), folder(tmp_path, *order))
        assert only(result.removed) == ({reason: 1} if reason else {})


def test_consent_beats_the_national_list_for_this_project_only(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    choices = folder(tmp_path, CONSENT, allowed=N[2:])
    result, allowed = run(engine, patients(), choices)
    assert only(result.removed) == {"not_allowed_nationally": 1}
    assert N[0] in allowed
    result, _ = run(engine, patients(), choices, project_ids=("gout",))
    assert only(result.removed) == {"not_allowed_nationally": 2}


def test_consent_that_has_run_out_or_not_begun(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = [
        f"{N[0]},project_consent,asthma,2026-01-01,2026-03-01,form",
        f"{N[1]},project_consent,asthma,2026-03-03,,form",
    ]
    result, _ = run(engine, patients(), folder(tmp_path, *rows, allowed=N[2:]))
    assert only(result.removed) == {"not_allowed_nationally": 2}


def test_where_consent_is_needed(engine: DuckDBEngine, tmp_path: Path) -> None:
    result, allowed = run(
        engine, patients(), folder(tmp_path, CONSENT), decision(consent_needed=True)
    )
    assert allowed == [N[0]]
    assert only(result.removed) == {"no_project_consent": 5}


def test_the_first_reason_counts(engine: DuckDBEngine, tmp_path: Path) -> None:
    said = [
        "withdrawal,asthma", "project_objection,asthma", "no_ai_training,", "type1,",
        "local_objection,",
    ]  # fmt: skip
    rows = [f"{N[i]},{kind},2026-01-01,,x" for i in range(5) for kind in said[i:]]
    everyone = load_people(engine, patients(20), "everyone")
    choices = folder(tmp_path, *rows, allowed=N[6:])
    result, allowed = run(engine, patients(7), choices, everyone=everyone)
    engine.forget("everyone")
    assert only(result.removed) == {
        "withdrawal": 1,
        "project_objection": 1,
        "by_kind": 1,
        "type1": 1,
        "local_objection": 1,
        "not_allowed_nationally": 1,
    }
    assert allowed == [N[6]]


def test_a_legal_duty_asks_nobody(engine: DuckDBEngine, tmp_path: Path) -> None:
    choices = folder(tmp_path, f"{N[0]},withdrawal,asthma,2026-01-01,,x", allowed=N[6:])
    duty = decision(national=False, kinds=frozenset(), objections=False)
    assert run(engine, patients(), choices, duty)[1] == N[:6]


def test_doubled_rows_count_once(engine: DuckDBEngine, tmp_path: Path) -> None:
    row = f"{N[0]},local_objection,,2026-01-01,,x"
    result, _ = run(engine, patients(), folder(tmp_path, row, row, row))
    assert only(result.removed) == {"local_objection": 1}


# --- people without identifiers ----------------------------------------------------------------

LOST = [One(None, None, False), One("MRN-1", None, True), One("MRN-2", None, False)]


def test_people_who_cannot_be_checked(engine: DuckDBEngine, tmp_path: Path) -> None:
    people = [*patients(), *LOST]
    choices = folder(tmp_path)
    result, _ = run(engine, people, choices, keys=PersonKeys("other_identifier"))
    assert only(result.removed) == {"no_valid_identifier": 3}
    # Without the national list a key of the dataset is enough: objections name it.
    result, allowed = run(
        engine, people, choices, decision(national=False), keys=PersonKeys("other_identifier")
    )
    assert only(result.removed) == {"no_valid_identifier": 2}
    assert "MRN-1" in allowed


def test_a_recorded_exemption_lets_them_in_but_nobody_who_cannot_be_found(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    exempt = decision(include_without_identifier=True)
    result, allowed = run(
        engine, [*patients(), *LOST], folder(tmp_path), exempt, keys=PersonKeys("other_identifier")
    )
    assert allowed == [*N[:6], "MRN-1", "MRN-2"]
    assert only(result.removed) == {"no_valid_identifier": 1}


def test_the_exemption_does_not_set_objections_aside(engine: DuckDBEngine, tmp_path: Path) -> None:
    choices = folder(tmp_path, "MRN-1,local_objection,,2026-01-01,,x")
    exempt = decision(include_without_identifier=True)
    result, _ = run(
        engine, [*patients(), *LOST], choices, exempt, keys=PersonKeys("other_identifier")
    )
    assert only(result.removed) == {"local_objection": 1, "no_valid_identifier": 1}


def test_an_objection_under_one_key_reaches_the_persons_other_keys(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    people = [One("A", N[0], True), One("B", N[0], True), One("C", N[1], True)]
    choices = folder(tmp_path, "A,local_objection,,2026-01-01,,x")
    assert run(engine, people, choices, keys=PersonKeys("other_identifier"))[1] == ["C"]


def test_a_consent_under_one_key_stays_there(engine: DuckDBEngine, tmp_path: Path) -> None:
    people = [One("A", N[0], True), One("B", N[0], True)]
    choices = folder(tmp_path, "A,project_consent,asthma,2026-01-01,,form")
    consent = decision(consent_needed=True)
    assert run(engine, people, choices, consent, keys=PersonKeys("other_identifier"))[1] == ["A"]


# --- refusals ----------------------------------------------------------------------------------


def refusal(engine: DuckDBEngine, *given: Any, **changes: Any) -> CommonwealError:
    with pytest.raises(CommonwealError) as caught:
        run(engine, *given, **changes)
    assert not any(number in str(caught.value) for number in N)
    left = engine.connection.execute(
        "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'choices_%'"
    ).fetchone()
    assert left == (0,)
    return caught.value


def test_a_list_asked_for_before_some_came(engine: DuckDBEngine, tmp_path: Path) -> None:
    choices = folder(tmp_path, allowed=N[:5], requested=5)
    error = refusal(engine, patients(6), choices)
    assert isinstance(error, Unavailable)
    assert error.code == "CW-CHOICES-LIST-INCOMPLETE"
    assert "5 numbers, but there are 6" in error.sentence


def test_a_list_about_other_people(engine: DuckDBEngine, tmp_path: Path) -> None:
    error = refusal(engine, patients(6), folder(tmp_path, allowed=N[4:]))
    assert isinstance(error, Unavailable)
    assert error.code == "CW-CHOICES-LIST-OTHER-PEOPLE"


def test_half_of_the_people_on_the_list_is_enough(engine: DuckDBEngine, tmp_path: Path) -> None:
    assert run(engine, patients(6), folder(tmp_path, allowed=N[3:]))[0].kept == 3


def test_the_whole_dataset_tells_a_small_cohort_from_a_wrong_list(
    engine: DuckDBEngine, tmp_path: Path
) -> None:
    choices = folder(tmp_path, allowed=N[1:])
    everyone = load_people(engine, patients(20), "everyone")
    result, _ = run(engine, patients(1), choices, everyone=everyone)
    assert only(result.removed) == {"not_allowed_nationally": 1}
    assert refusal(engine, patients(1), choices).code == "CW-CHOICES-LIST-OTHER-PEOPLE"
    engine.forget("everyone")


def test_no_list_where_one_is_needed(engine: DuckDBEngine, tmp_path: Path) -> None:
    write_folder(tmp_path, allowed=N)
    choices = read_choices(tmp_path, **NO_JOURNAL, needs_national=False, clock=factories.clock())
    assert refusal(engine, patients(), choices).code == "CW-CHOICES-LIST-MISSING"


def test_a_refusal_leaves_no_earlier_answer(engine: DuckDBEngine, tmp_path: Path) -> None:
    assert run(engine, patients(), folder(tmp_path / "good"))[1] == N[:6]
    write_folder(tmp_path / "none", allowed=N)
    none = read_choices(
        tmp_path / "none", **NO_JOURNAL, needs_national=False, clock=factories.clock()
    )
    assert refusal(engine, patients(), none).code == "CW-CHOICES-LIST-MISSING"


def test_identifiers_that_match_nobody_ever(engine: DuckDBEngine, tmp_path: Path) -> None:
    rows = [f"{N[0]},type1,,2026-01-01,,x"] + ["9434765918,type1,,2026-01-01,,x"] * 2
    error = refusal(engine, patients(), folder(tmp_path, *rows))
    assert isinstance(error, Fault)
    assert error.code == "CW-CHOICES-IDENTIFIER"
    assert "2 lines" in error.sentence
    assert "line 3" in error.sentence
    assert "9434765918" not in str(error)


def test_objections_where_no_one_has_an_identifier(engine: DuckDBEngine, tmp_path: Path) -> None:
    people = [One("1", None, False), One("2", None, False)]
    decided = decision(national=False, include_without_identifier=True)
    choices = folder(tmp_path / "a", f"{N[0]},type1,,2026-01-01,,x")
    error = refusal(engine, people, choices, decided, keys=PersonKeys("row"))
    assert error.code == "CW-CHOICES-IDENTIFIER"
    empty = folder(tmp_path / "b")
    assert run(engine, people, empty, decided, keys=PersonKeys("row"))[1] == ["1", "2"]


def test_a_person_who_stands_twice(engine: DuckDBEngine, tmp_path: Path) -> None:
    people = [One("A", N[0], True), One("A", N[1], True)]
    error = refusal(
        engine, people, folder(tmp_path, allowed=N[1:]), keys=PersonKeys("other_identifier")
    )
    assert error.code == "CW-CHOICES-PEOPLE"


def test_who_stays_out_is_nowhere_kept(engine: DuckDBEngine, tmp_path: Path) -> None:
    before = engine.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    result, _ = run(engine, patients(), folder(tmp_path, CONSENT, allowed=N[2:]))
    after = engine.connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert set(after) - set(before) <= {("choices_allowed",), ("people",)}
    assert list(result.allowed.columns) == ["person"]
    # And a second run starts anew.
    assert run(engine, patients(), folder(tmp_path))[0].kept == 6
