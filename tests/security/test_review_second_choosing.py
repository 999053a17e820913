"""What a second hostile review found about names, permits side by side, and narrow cohorts.

An objection passed over because a project was written otherwise; two permits of one project whose
rows could be laid side by side; a cohort of one day beside an interval; a birthday that nobody had
declared as one. Beside the attacks stand their naive twins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import PermitDraft
from commonweal.papers.permit_rules import check_draft
from commonweal.vault.custody import change_state
from commonweal.vault.release.build import BuildReport
from commonweal.vault.release.project_keys import scope_of, shift_scope_of
from commonweal.vault.release.proving import prove_person, spellings, state_absence
from tests import factories
from tests.release_house import (
    House,
    make_house,
    objection,
    oracle_of,
    permitted,
    refused,
    rows_of,
)
from tests.security.test_review_choices import keyed
from tests.unit.choices.helpers import nhs_numbers

DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)"},
)


# --- objections to a project, under all its names -----------------------------------------------


def left_out(report: BuildReport) -> int:
    removed = report.manifest["patients"]["removed"]
    return removed["project_objection"] + removed["withdrawal"]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Path, Path]]:
    """(house, a permit that replaced two others, a permit of another project)."""
    house = make_house(tmp_path_factory.mktemp("chain") / "house", count=40)
    other = {"id": "gout", "title": "Gout", "lay_summary": "We want to learn about gout in winter."}
    away = house.issue(data=DATA, id="Other-1", project=other)
    house.issue(data=DATA, id="First-1")
    house.issue(data=DATA, id="first-2", supersedes="First-1")
    yield house, house.issue(data=DATA, id="first-3", supersedes="first-2"), away
    house.close()


@pytest.mark.parametrize(
    ("kind", "project", "honoured", "nowhere"),
    [
        ("project_objection", "asthma", 1, 0),
        ("project_objection", "ASTHMA", 1, 0),
        ("project_objection", "First-1", 1, 0),
        ("project_objection", "FIRST-2", 1, 0),
        ("withdrawal", "Asthma", 1, 0),
        ("withdrawal", "first-1", 1, 0),
        ("project_objection", "asthma-", 0, 1),
        ("withdrawal", "athsma", 0, 1),
        ("project_objection", "gout", 0, 0),
        ("project_objection", "other-1", 0, 0),
    ],
)
def test_a_no_counts_under_every_name_of_the_project(
    chain: tuple[House, Path, Path], kind: str, project: str, honoured: int, nowhere: int
) -> None:
    house, permit, _ = chain
    house.choose(objections=[objection(house.numbers[3], kind, project)])
    report = house.build(permit)
    assert left_out(report) == honoured
    counts = {"lines_naming_nobody": 0, "lines_naming_no_project": nowhere}
    assert report.plain()["objections"] == counts
    said = any("that this home never had" in sentence for sentence in report.sentences())
    assert said == bool(nowhere)
    assert "naming_no_project" not in str(report.manifest)


def test_a_plan_counts_lines_that_name_no_project(chain: tuple[House, Path, Path]) -> None:
    house, permit, _ = chain
    lines = [objection(number, "withdrawal", "athsma") for number in house.numbers[:2]]
    house.choose(objections=[*lines, objection(house.numbers[5])])
    assert house.plan(permit).plain()["objections"]["lines_naming_no_project"] == 2


def test_a_no_to_the_chain_is_none_to_another_project(chain: tuple[House, Path, Path]) -> None:
    house, _, away = chain
    house.choose(objections=[objection(house.numbers[3], "project_objection", "first-1")])
    report = house.build(away)
    assert (left_out(report), report.plain()["objections"]["lines_naming_no_project"]) == (0, 0)


@pytest.mark.parametrize(
    ("project", "consents"), [("asthma", 1), ("ASTHMA", 0), ("old-1", 0), ("new-1", 1)]
)
def test_a_yes_counts_as_it_is_written_and_for_this_permit(
    tmp_path: Path, project: str, consents: int
) -> None:
    house = make_house(tmp_path / "house", count=40)
    me = house.numbers[3]
    house.choose(
        allowed=house.numbers[:3] + house.numbers[4:],
        objections=[objection(me, "project_consent", project)],
    )
    house.issue(data=DATA, id="old-1")
    report = house.build(house.issue(data=DATA, id="new-1", supersedes="old-1"))
    assert report.manifest["patients"]["removed"]["not_allowed_nationally"] == 1 - consents
    house.close()


def test_a_no_to_a_permit_that_was_closed_counts_for_the_projects_next_one(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=40)
    closed = house.issue(data=DATA, id="Old-1")
    change_state(house.custody(), closed, "close")
    house.choose(objections=[objection(house.numbers[3], "project_objection", "old-1")])
    report = house.build(house.issue(data=DATA, id="new-1"))
    assert left_out(report) == 1
    house.close()


# --- two permits of one project -------------------------------------------------------------

SHIFTED = permitted(
    patients={"nhs_number": "pseudonym"},
    admissions={"nhs_number": "pseudonym", "admission_id": "record_code", "admitted": "shift"},
)
MONTHS = permitted(
    patients={"nhs_number": "pseudonym"},
    admissions={"nhs_number": "pseudonym", "admission_id": "record_code", "admitted": "month"},
)


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Any, Any]]:
    house = make_house(tmp_path_factory.mktemp("beside") / "house")
    first, second = (
        house.build(house.issue(data=data, risk={"k": 2})) for data in (SHIFTED, MONTHS)
    )
    yield house, *(house.contents(one)["admissions"].to_pylist() for one in (first, second))
    house.close()


def shifts_left(shifted: list[Any], months: list[Any], key: Any) -> list[int]:
    """How many shifts of each person stay possible when rows with the same `key` are joined."""
    true = {key(row): row["admitted"] for row in months}
    left: dict[Any, set[int]] = defaultdict(lambda: set(range(-8, 9)))
    for row in shifted:
        if key(row) in true:
            month = true[key(row)]
            left[row["nhs_number"]] &= {
                weeks for weeks in range(-8, 9)
                if (row["admitted"] - timedelta(weeks=weeks)).strftime("%Y-%m") == month
            }  # fmt: skip
    return [len(weeks) for weeks in left.values()]


def test_the_twin_with_one_code_a_project_undoes_the_shift(
    beside: tuple[House, Any, Any],
) -> None:
    # The twin: one code of a record and one shift of a person for all permits of a project.
    stays = beside[0].tables["admissions"]
    weeks = {number: place * 7 % 17 - 8 for place, number in enumerate(beside[0].numbers)}
    shifted = [
        {
            **row,
            "admitted": date.fromisoformat(row["admitted"])
            + timedelta(weeks=weeks[row["nhs_number"]]),
        }
        for row in stays
    ]
    months = [{**row, "admitted": row["admitted"][:7]} for row in stays]
    left = shifts_left(shifted, months, lambda row: row["admission_id"])
    assert len(left) == 60
    assert max(left) <= 5


def test_two_permits_share_no_code(beside: tuple[House, Any, Any]) -> None:
    _, shifted, months = beside
    for name in ("nhs_number", "admission_id"):
        assert {row[name] for row in shifted} & {row[name] for row in months} == set()
    assert shifts_left(shifted, months, lambda row: row["admission_id"]) == []


def test_a_shift_is_one_for_a_permit_and_its_successors_alone(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=240)
    moved = []
    for changes in ({"id": "a"}, {"id": "b", "supersedes": "a"}, {"id": "c"}):
        permit = house.issue(data=SHIFTED, **changes)
        report = house.build(permit)
        oracle = oracle_of(house, permit, report)
        assert rows_of(house.contents(report)) == oracle.released()
        moved.append(
            sorted(row["admitted"] for row in house.contents(report)["admissions"].to_pylist())
        )
    assert moved[0] == moved[1]
    assert moved[0] != moved[2]
    house.close()


def test_the_hold_out_is_the_projects_under_every_permit(tmp_path: Path) -> None:
    # Whom one permit keeps back for testing, another of the project must not give for learning.
    house = make_house(tmp_path / "house", count=80)
    counts = []
    for name in ("a", "b"):
        permit = house.issue(data=DATA, id=name, processing=["table", "train"], risk={"k": 2})
        report = house.build(permit)
        held = {row["nhs_number"] for row in house.holdout(report)["patients"].to_pylist()}
        oracle = oracle_of(house, permit, report, hold_out=True)
        assert len(held) == len(oracle.people())
        counts.append(oracle.people())
    assert counts[0] == counts[1]
    house.close()


def test_scopes_differ_by_permit_unless_linked() -> None:
    same = {"fingerprint": "f", "choices": "c"}
    assert scope_of(linked=False, permit="a", **same) != scope_of(linked=False, permit="b", **same)
    assert scope_of(linked=True, permit="a", **same) == scope_of(linked=True, permit="b", **same)
    assert shift_scope_of(linked=False, root="a") != shift_scope_of(linked=False, root="b")
    assert shift_scope_of(linked=True, root="a") == shift_scope_of(linked=True, root="b")


LINKED: dict[str, Any] = {"link_across_refreshes": True}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("form", ["month", "year", "exact"])
def test_linked_permits_whose_dates_would_meet_are_refused(
    tmp_path: Path, form: str, *, turned: bool
) -> None:
    house = make_house(tmp_path / "house", count=20)
    other = permitted(admissions={"nhs_number": "pseudonym", "admitted": form})
    first, second = (other, SHIFTED) if turned else (SHIFTED, other)
    house.issue(data=first, id="a", **LINKED)
    error = refused(lambda: house.issue(data=second, id="b", **LINKED))
    assert (error.code, error.exit_code) == ("CW-PERMIT-DATE-FORMS", 4)
    assert "permit a of the same project" in error.sentence
    assert not (house.base / "b.jws").exists()
    # In its place, without the link, or for another project it meets nothing.
    house.issue(data=second, id="c", **LINKED, supersedes="a")
    house.issue(data=first, id="d")
    another = {"id": "gout", "title": "Gout", "lay_summary": "We want to learn about gout too."}
    house.issue(data=first, id="e", **LINKED, project=another)
    house.close()


def test_linked_permits_whose_birthday_meets_a_shift_or_an_interval_its_anchor_are_refused(
    tmp_path: Path,
) -> None:
    house = make_house(tmp_path / "house", count=20)
    stays = permitted(
        admissions={"nhs_number": "pseudonym", "discharged": "interval since admitted"}
    )
    house.issue(data=stays, id="a", **LINKED)
    error = refused(lambda: house.issue(data=MONTHS, id="b", **LINKED))
    assert error.code == "CW-PERMIT-DATE-FORMS"
    house.issue(data=SHIFTED, id="c", **LINKED)
    house.close()


# --- a cohort of one day --------------------------------------------------------------------


def held(variable: str, first: str, last: str, table: str = "admissions") -> dict[str, Any]:
    bounds = [("ge", first), ("le", last)]
    return {"all": [{"where": {"table": table, "variable": variable, "op": op, "value": value}}
                    for op, value in bounds]}  # fmt: skip


def checked(cohort: dict[str, Any], catalogue: dict[str, Any] | None = None, **forms: str) -> str:
    """ "issued", or the code of the refusal."""
    data = permitted(
        patients={"nhs_number": "pseudonym"} | {k: v for k, v in forms.items() if k == "born"},
        admissions={"nhs_number": "pseudonym"} | {k: v for k, v in forms.items() if k != "born"},
    )
    draft = PermitDraft.read(factories.draft_data(data=data, cohort=cohort), "The draft")
    try:
        check_draft(draft, Catalogue.read(catalogue or factories.catalogue_data(), "It"))
    except CommonwealError as error:
        return error.code
    return "issued"


DAY = ("2024-06-03", "2024-06-03")
SIXTEEN = ("2024-06-03", "2024-09-22")
SEVENTEEN = ("2024-06-03", "2024-09-29")


@pytest.mark.parametrize(
    ("column", "days", "form", "expected"),
    [
        ("admitted", DAY, "interval since admitted", "CW-PERMIT-DATE-FORMS"),
        ("discharged", DAY, "interval since admitted", "CW-PERMIT-DATE-FORMS"),
        ("admitted", SIXTEEN, "interval since admitted", "CW-PERMIT-DATE-FORMS"),
        ("discharged", DAY, "interval", "CW-PERMIT-DATE-FORMS"),
        ("discharged", SIXTEEN, "interval", "CW-PERMIT-DATE-FORMS"),
        ("admitted", SEVENTEEN, "interval since admitted", "issued"),
        ("discharged", SEVENTEEN, "interval", "issued"),
        ("admitted", DAY, "exact", "issued"),
    ],
)
def test_an_interval_from_a_date_that_the_cohort_holds_is_refused(
    column: str, days: tuple[str, str], form: str, expected: str
) -> None:
    assert checked(held(column, *days), discharged=form) == expected


def test_two_ends_of_an_interval_are_held_together() -> None:
    # Who came from one day on and left by the next was in hospital on one of the two.
    since = {"table": "admissions", "variable": "admitted", "op": "ge", "value": "2024-06-03"}
    until = {"table": "admissions", "variable": "discharged", "op": "le", "value": "2024-06-04"}
    cohort = {"all": [{"where": since}, {"where": until}]}
    assert checked(cohort, discharged="interval since admitted") == "CW-PERMIT-DATE-FORMS"
    assert checked({"where": since}, discharged="interval since admitted") == "issued"


# --- a birthday that nobody declared ----------------------------------------------------------


def undeclared() -> dict[str, Any]:
    """The catalogue whose birthday is a direct identifier and `identifies` nothing."""
    catalogue = factories.catalogue_data()
    patients = catalogue["datasets"][0]["tables"][0]
    born = next(one for one in patients["variables"] if one["name"] == "born")
    born.pop("identifies")
    born["forms"] = ["shift", "interval", "year"]
    return catalogue


EVERYONE = {"everyone": True}


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        ({"born": "shift", "admitted": "shift"}, "CW-PERMIT-DATE-FORMS"),
        ({"born": "year", "admitted": "shift"}, "CW-PERMIT-DATE-FORMS"),
        ({"born": "year"}, "issued"),
    ],
)
def test_a_date_that_is_a_direct_identifier_is_a_birthday(
    forms: dict[str, str], expected: str
) -> None:
    assert checked(EVERYONE, undeclared(), **forms) == expected


def test_a_shifted_birthday_that_nobody_declared_is_measured(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    house.catalogue_data = {
        **undeclared(),
        "datasets": [
            {**undeclared()["datasets"][0], "source": house.catalogue_data["datasets"][0]["source"]}
        ],
    }
    house.write_catalogue()
    data = permitted(patients={"nhs_number": "pseudonym", "born": "shift"})
    assert refused(lambda: house.build(house.issue(data=data))).code == "CW-RISK-LIMIT"
    house.close()


# --- proofs for people whose key is written otherwise --------------------------------------------

KEYED = permitted(patients={"mrn": "pseudonym", "sex": "exact"})


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Path]]:
    house = keyed(tmp_path_factory.mktemp("listed") / "house", lambda place: f"MRN-{place:04d}")
    for place, row in enumerate(house.tables["patients"][:2]):
        row["mrn"] = ("ab-1", "AB 1")[place]
    house.write()
    yield house, house.build(house.issue(data=KEYED)).folder
    house.close()


@pytest.mark.parametrize("written", ["MRN-0003", "mrn-0003", "MRN 0003", "mrn0003", "Mrn_0003 "])
def test_a_person_is_found_under_another_spelling(listed: tuple[House, Path], written: str) -> None:
    house, folder = listed
    proof = prove_person(house.custody(), folder, written)
    assert proof.verify(list(house.custody().ledger_keys)) == proof.membership.release
    assert proof.label == prove_person(house.custody(), folder, "MRN-0003").label


@pytest.mark.parametrize("written", ["MRN-9999", "MRN--3", "Ab_1", "nhs"])
def test_who_is_not_found_is_not_said_to_be_absent(
    listed: tuple[House, Path], written: str
) -> None:
    house, folder = listed
    # "Ab_1" is like the keys of two people: nobody can tell which of them asks.
    given = house.numbers[3] if written == "nhs" else written
    error = refused(lambda: prove_person(house.custody(), folder, given))
    assert error.code == "CW-LEDGER-MEMBERSHIP-INVALID"
    assert "under this spelling" in error.sentence
    assert "not in this list" not in error.sentence
    assert given not in str(error)
    unsure = refused(lambda: state_absence(house.custody(), folder, given))
    assert unsure.code == "CW-RELEASE-ABSENCE-UNSURE"


def test_an_exact_key_is_that_persons_also_where_another_is_like_it(
    listed: tuple[House, Path],
) -> None:
    house, folder = listed
    one, other = (prove_person(house.custody(), folder, key).label for key in ("ab-1", "AB 1"))
    assert one != other


def test_an_nhs_number_has_its_own_spellings_only() -> None:
    number = nhs_numbers(1)[0]
    assert spellings(f"{number[:3]} {number[3:6]} {number[6:]}")[0] == number
    assert len(spellings(number)) == 1


def test_a_folder_that_is_there_is_not_said_to_lie_on_a_disk(
    listed: tuple[House, Path], tmp_path: Path
) -> None:
    house, folder = listed
    error = refused(lambda: house.open(folder, house.base / "permit-1.jws", tmp_path))
    assert error.code == "CW-FILE-EXISTS"
    assert "a release is opened into a new folder" in error.sentence
    assert str(tmp_path) in (error.remedy or "")
    elsewhere = refused(lambda: house.open(folder, house.base / "permit-1.jws", tmp_path / "new"))
    assert elsewhere.code == "CW-RELEASE-NOT-IN-MEMORY"
