"""Choices, cohort, hold-out and what lies aside, in releases that were really built."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.sealing import seal_bytes, unseal_bytes
from commonweal.vault.release.build import BuildReport
from commonweal.vault.release.proving import prove_person, state_absence
from commonweal.vault.release.writing import context_of, sealing_key
from tests import factories
from tests.release_house import (
    MARKER,
    House,
    make_house,
    objection,
    oracle_of,
    permitted,
    refused,
    rows_of,
    unsealed_bytes,
)
from tests.unit.release.oracle import bare, code, person_code

FULL = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "admission_id": "record_code", "days": "exact"},
    tests={"test_id": "record_code", "admission_id": "record_code", "code": "exact"},
)
OUT = {
    0: "local_objection", 1: "not_allowed_nationally", 2: "project_objection", 3: "by_kind",
    4: "withdrawal", 5: "no_valid_identifier",
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, BuildReport, Path]]:
    house = make_house(tmp_path_factory.mktemp("choices") / "house", count=60)
    numbers = house.numbers
    for table in ("patients", "admissions"):
        for row in house.tables[table]:
            if row["nhs_number"] == numbers[5]:
                row["nhs_number"] = "943 476 5910"
    house.write()
    house.choose(
        allowed=set(numbers) - {numbers[1], numbers[5]},
        objections=[
            objection(numbers[0]),
            objection(f"{numbers[2][:3]} {numbers[2][3:6]} {numbers[2][6:]}", "project_objection",
                      "asthma"),
            objection(numbers[3], "no_research_here"),
            objection(numbers[4], "withdrawal", "asthma"),
            objection(numbers[6], "project_objection", "another"),
            objection(numbers[7], "no_companies"),
        ],
        requested=59,
    )  # fmt: skip
    permit = house.issue(data=FULL, processing=["table", "train"], risk={"k": 2})
    yield house, house.build(permit), permit
    house.close()


def allowed(house: House) -> list[str]:
    return [number for place, number in enumerate(house.numbers) if place not in OUT]


def aside(built: tuple[House, BuildReport, Path], name: str) -> Any:
    house, report, _ = built
    folder = house.releases / f"{report.manifest['release']}.airlock"
    key = {"audit_map": "audit"}.get(name, name)
    content = unsealed_bytes(house.custody(), report.manifest, folder / name, name, key)
    return pq.read_table(io.BytesIO(content))


def test_release_and_hold_out_are_those_of_the_oracle(
    built: tuple[House, BuildReport, Path],
) -> None:
    house, report, permit = built
    data = rows_of(house.contents(report))
    held = rows_of(house.holdout(report))
    assert data == oracle_of(house, permit, report, allowed(house)).released()
    assert held == oracle_of(house, permit, report, allowed(house), hold_out=True).released()
    for name in data:
        assert not {row[0] for row in data[name]} & {row[0] for row in held[name]}
    assert len(data["patients"]) + len(held["patients"]) == 54
    assert len(held["patients"]) > 3


def test_counts_say_why_and_add_up(built: tuple[House, BuildReport, Path]) -> None:
    people = built[1].manifest["patients"]
    assert {reason: n for reason, n in people["removed"].items() if n} == dict.fromkeys(
        OUT.values(), 1
    )
    assert people["considered"] == people["in_cohort"] == 60
    left = people["suppressed"] + people["left_empty"] + people["held_out"]
    assert people["released"] == 60 - len(OUT) - left


def test_nothing_of_who_said_no_is_anywhere(built: tuple[House, BuildReport, Path]) -> None:
    house, report, permit = built
    keys = oracle_of(house, permit, report).keys
    keyring, ids = house.custody().keyring, report.manifest["key_ids"]
    everything = [
        content
        for tables in (house.contents(report), house.holdout(report))
        for table in tables.values()
        for row in table.to_pylist()
        for content in row.values()
        if isinstance(content, bytes)
    ]
    for name in ("audit_map", "sieve", "membership"):
        for column in aside(built, name).columns:
            everything += [value for value in column.to_pylist() if isinstance(value, bytes)]
    found = set(everything)
    audit, sieve = (keyring.secret_of(ids[name]).use() for name in ("audit", "sieve"))
    stays = house.tables["admissions"]
    for place in OUT:
        person = house.tables["patients"][place]
        number = bare(person["nhs_number"])
        assert person_code(keys.pseudonym, number) not in found
        assert person_code(audit, number) not in found
        assert person_code(sieve, number) not in found
        assert person_code(sieve, f"{MARKER}{place}".upper()) not in found
        for stay in (one for one in stays if one["nhs_number"] == person["nhs_number"]):
            record = keys.record("admissions", "admission_id")
            assert code(record, stay["admission_id"]) not in found
    # The same search finds somebody who is in.
    number = house.numbers[8]
    assert {
        person_code(keys.pseudonym, number),
        person_code(audit, number),
        person_code(sieve, number),
    } <= found
    assert person_code(sieve, f"{MARKER}8".upper()) in found


def test_no_value_of_the_source_is_in_any_file(built: tuple[House, BuildReport, Path]) -> None:
    house, report, _ = built
    words = [MARKER.encode(), *(number.encode() for number in house.numbers)]
    folder = house.releases / f"{report.manifest['release']}.airlock"
    for path in [*report.folder.rglob("*"), *folder.rglob("*")]:
        if path.is_file():
            assert not any(word in path.read_bytes() for word in words), path.name
    # Nor in what the sealed tables hold, once opened.
    for tables in (house.contents(report), house.holdout(report)):
        for table in tables.values():
            said = str(table.to_pylist()).encode()
            assert not any(word in said for word in words)
    for name in ("audit_map", "sieve", "membership"):
        said = str(aside(built, name).to_pylist()).encode()
        assert not any(word in said for word in words)


def test_the_audit_map_ties_every_code_to_the_custodians_own(
    built: tuple[House, BuildReport, Path],
) -> None:
    house, report, permit = built
    keys = oracle_of(house, permit, report).keys
    audit = house.custody().keyring.secret_of(report.manifest["key_ids"]["audit"]).use()
    rows = aside(built, "audit_map").to_pylist()
    assert {(row["code"], row["audit_id"]) for row in rows} == {
        (person_code(keys.pseudonym, number), person_code(audit, number))
        for number in allowed(house)
    }


def test_the_sieve_knows_the_identifiers_of_who_is_in(
    built: tuple[House, BuildReport, Path],
) -> None:
    house, report, _ = built
    key = house.custody().keyring.secret_of(report.manifest["key_ids"]["sieve"]).use()
    rows = aside(built, "sieve").to_pylist()
    people = [one for n, one in enumerate(house.tables["patients"]) if n not in OUT]
    expected = set()
    for person in people:
        for name in ("nhs_number", "name", "postcode"):
            token = "".join(letter for letter in person[name].upper() if letter.isalnum())
            expected.add((person_code(key, token), name))
    assert {(row["token"], row["identifies"]) for row in rows} == expected


def test_membership_can_be_shown_and_absence_is_stated(
    built: tuple[House, BuildReport, Path],
) -> None:
    house, report, _ = built
    custody = house.custody()
    for place in (8, 9, 10):
        proof = prove_person(custody, report.folder, house.numbers[place])
        assert proof.verify(list(custody.ledger_keys)) == report.manifest["release"]
    for place in (0, 1, 2, 3, 4):
        number = house.numbers[place]
        error = refused(lambda: prove_person(custody, report.folder, number))  # noqa: B023
        assert number not in str(error)
        statement, secret = state_absence(custody, report.folder, number)
        assert number not in statement
        assert len(secret) == 64
    assert refused(lambda: state_absence(custody, report.folder, house.numbers[8])).code == (
        "CW-RELEASE-IS-MEMBER"
    )


def test_a_list_that_does_not_hold_together_states_nobodys_absence(
    built: tuple[House, BuildReport, Path],
) -> None:
    """A member whose nonce was changed is listed and cannot be proved: that is no absence."""
    house, report, _ = built
    custody = house.custody()
    release = report.manifest["release"]
    path = house.releases / f"{release}.airlock" / "membership"
    key = sealing_key(custody.keyring.secret("membership")).use()
    context = context_of(release, "membership")
    before = path.read_bytes()
    rows = pq.read_table(pa.BufferReader(unseal_bytes(before, key, context, "The list")))
    wrong = pa.array([None if one is None else b"x" * 32 for one in rows["nonce"].to_pylist()],
                     pa.binary(32))  # fmt: skip
    changed = io.BytesIO()
    pq.write_table(rows.set_column(rows.schema.get_field_index("nonce"), "nonce", wrong), changed)
    path.chmod(0o600)
    path.write_bytes(seal_bytes(changed.getvalue(), key, context))
    try:
        for ask in (prove_person, state_absence):
            error = refused(lambda ask=ask: ask(custody, report.folder, house.numbers[8]))
            assert error.code == "CW-LEDGER-MEMBERSHIP-INVALID"
    finally:
        path.write_bytes(before)


COHORTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("where", {"where": {"table": "admissions", "variable": "diagnosis", "op": "starts_with",
                         "value": "J45"}}),
    ("not", {"not": {"where": {"table": "patients", "variable": "sex", "op": "eq", "value": "F"}}}),
    ("any", {"any": [
        {"where": {"table": "tests", "variable": "code", "op": "eq", "value": "CRP"}},
        {"where": {"table": "patients", "variable": "sex", "op": "in", "value": ["M"]}}]}),
    ("at least", {"at_least": {"n": 2, "within_days": 301, "date": "admitted", "of": {
        "table": "admissions", "variable": "diagnosis", "op": "is_present", "value": None}}}),
    ("the same twice", {"all": [
        {"where": {"table": "patients", "variable": "sex", "op": "eq", "value": "M"}},
        {"any": [{"where": {"table": "patients", "variable": "sex", "op": "eq", "value": "M"}},
                 {"everyone": True}]},
        {"not": {"not": {"everyone": True}}}]}),
    ("restricted", {"not": {"where": {"table": "admissions", "variable": "diagnosis",
                                      "op": "starts_with", "value": "B2"}}}),
)  # fmt: skip


@pytest.mark.parametrize("cohort", [c for _, c in COHORTS], ids=[name for name, _ in COHORTS])
def test_cohorts(built: tuple[House, BuildReport, Path], cohort: dict[str, Any]) -> None:
    house = built[0]
    data = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
    draft = {"cohort": without_none(cohort), "risk": {"k": 2}}
    permit = house.issue(data=data, **draft)
    report = house.build(permit)
    assert (
        rows_of(house.contents(report))
        == oracle_of(house, permit, report, allowed(house)).released()
    )
    assert report.manifest["patients"]["in_cohort"] <= 60


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_none(one) for key, one in value.items() if one is not None}
    return [without_none(one) for one in value] if isinstance(value, list) else value


def test_nobody_is_chosen_by_a_restricted_code(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    for place, row in enumerate(house.tables["admissions"]):
        if place % 2:
            row["diagnosis"] = ("B20.1", "b24")[place // 2 % 2]
    house.write()
    cohort = {
        "where": {"table": "admissions", "variable": "diagnosis", "op": "starts_with", "value": "B"}
    }
    data = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
    permit = house.issue(data=data, cohort=cohort)
    assert refused(lambda: house.build(permit)).code == "CW-RELEASE-NOBODY"
    gateway = [{"list": "sexual_health", "legal_gateway": "Directions 2000, direction 2(b)"}]
    found = house.built(data=data, cohort=cohort, restricted_codes=gateway)
    assert found["patients"].num_rows == 30  # the letter case of a prefix counts
    house.close()


def test_restricted_codes_go_with_their_rows_unless_the_law_is_named(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    for place, row in enumerate(house.tables["admissions"]):
        if place % 2:
            row["diagnosis"] = ("B20.1", "b24", "F64.0", "Z21")[place // 2 % 4]
    house.write()
    data = permitted(admissions={"nhs_number": "pseudonym", "diagnosis": "exact"})
    permit = house.issue(data=data, risk={"k": 5})
    report = house.build(permit)
    shown = house.contents(report)["admissions"]
    assert set(shown["diagnosis"].to_pylist()) == {"J45.0", "I21.4", "E11.9"}
    assert report.manifest["tables"]["admissions"]["restricted_rows"] == 60
    assert rows_of({"admissions": shown}) == oracle_of(house, permit, report).released()
    # Also where the code itself is not asked for, but was read for the cohort.
    chosen = {"where": {"table": "admissions", "variable": "diagnosis", "op": "is_present"}}
    only = permitted(admissions={"nhs_number": "pseudonym", "days": "exact"})
    assert house.built(data=only, cohort=chosen)["admissions"].num_rows == 60
    gateway = [{"list": "sexual_health", "legal_gateway": "Directions 2000, direction 2(b)"}]
    named = house.built(data=data, restricted_codes=gateway)["admissions"]
    assert set(named["diagnosis"].to_pylist()) == {"J45.0", "I21.4", "E11.9", "B20.1", "b24", "Z21"}
    house.close()


def test_rare_values_are_judged_by_people_and_rolled_up_where_enough_share(
    tmp_path: Path,
) -> None:
    house = make_house(tmp_path / "house")
    stays = house.tables["admissions"]
    for row in stays:
        row["diagnosis"] = "J45.0"
    # C50.1: 6 people; C50.2 and C50.9: 3 each, together 6; D12.3: 9 rows of 2 people; K02: 4.
    for place in range(6):
        stays[2 * place]["diagnosis"] = "C50.1"
        stays[20 + 2 * place]["diagnosis"] = "C50.2" if place % 2 else "C50.9"
    for place in range(9):
        stays.append({**stays[40 + place % 2 * 2], "admission_id": f"X{place}",
                      "diagnosis": "D12.3"})  # fmt: skip
    for place in range(4):
        stays[60 + 2 * place]["diagnosis"] = "K02"
    house.write()
    data = permitted(admissions={"nhs_number": "pseudonym", "diagnosis": "exact"})
    permit = house.issue(data=data, risk={"k": 5, "rare_people": 5})
    report = house.build(permit)
    found = house.contents(report)["admissions"]
    counts = found["diagnosis"].value_counts().to_pylist()
    counted = {one["values"]: one["counts"] for one in counts}
    assert counted == {"J45.0": 120 - 16, "C50.1": 6, "C50": 6, None: 9 + 4}
    assert report.manifest["tables"]["admissions"]["rare_values"] == 4
    assert rows_of({"admissions": found}) == oracle_of(house, permit, report).released()
    house.close()


def test_rare_values_of_a_harmless_variable_are_rolled_up_too(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house")
    stays = house.tables["admissions"]
    for place, row in enumerate(stays):
        row["ward"] = "Rose" if place % 2 else "Oak"
    stays[0]["ward"] = "Sluice"
    table = next(
        one for one in house.catalogue_data["datasets"][0]["tables"] if one["name"] == "admissions"
    )
    table["variables"].append(factories.variable("ward", "text", "other", "rollup(5)"))
    house.write()
    data = permitted(admissions={"nhs_number": "pseudonym", "ward": "rollup(5)"})
    report = house.build(house.issue(data=data))
    assert set(house.contents(report)["admissions"]["ward"].to_pylist()) == {"Rose", "Oak", None}
    assert report.manifest["tables"]["admissions"]["rare_values"] == 1
    house.close()
