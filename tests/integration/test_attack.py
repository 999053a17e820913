"""`risk attack` on a file and on a release: what it finds, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.files import sha256_file
from commonweal.papers.authorisation import authorised
from commonweal.vault.custody import (
    authorisations,
    begin_attack,
    change_state,
    load_authorisation,
    withdraw_authorisation,
)
from commonweal.vault.release.attacking import Attack, attack
from commonweal.vault.risk.intruder.intervals import even
from commonweal.vault.tables.spark_session import Spark
from tests.attack_desk import INSIDE, MARKER, Desk, draft, linkage
from tests.release_house import House, make_house, permitted, refused

TRIES = {even(tries) for tries in range(int(0.8 * INSIDE), int(0.95 * INSIDE) + 1)}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = make_house(tmp_path_factory.mktemp("attack") / "house", count=150)
    made.limit(attacks_per_day=1000)
    yield made
    made.close()


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Desk:
    made = Desk(tmp_path, house.custody())
    for write in (made.shown, made.known, made.truth):
        write()
    return made


# --- what is found --------------------------------------------------------------------------
def test_a_copy_gives_nearly_everybody_away(desk: Desk) -> None:
    found = desk.attack(secret="illness")
    for method in ("exact", "nearest"):
        one = linkage(found, method)
        assert one["tries"] in TRIES
        assert one["right"][0] >= one["tries"] - 9
        assert one["wrong"] == [0, 4]
        assert one["found"]["low"] > 0.95
        # Who is not in the file is not found in it.
        assert one["control"]["tries"] in range(99, 124)
    assert linkage(found)["control"]["claims"] == [0, 4]
    plain = found.plain()
    assert plain["control_group"] == "not_in_the_release"
    assert plain["singling_out"]["univariate"]["excess"]["low"] > 0.05
    guessed = plain["inference"]
    assert guessed["secret"] == "illness"
    assert guessed["attack"]["low"] > 0.9
    assert guessed["control"]["high"] < 0.7
    assert guessed["excess"]["low"] > 0.5
    tries = linkage(found)["tries"]
    assert found.sentences()[2].startswith(f"  by exact match: of {tries} tries ")
    assert found.sentences()[2].endswith(" found the right record and 0 to 4 a wrong one.")


def test_coarse_forms_that_attackers_know_hide_people(desk: Desk) -> None:
    for row in desk.people:
        row["age"] = f"{(2026 - int(row['born'][:4])) // 20 * 20}"
    shown = [
        {"code": f"R{place}", "sex": row["sex"], "born": f"{int(row['born'][:4])}"}
        for place, row in enumerate(desk.people[:INSIDE])
    ]
    desk.write("shown.csv", shown)
    found = desk.attack(forms={"born": "year"})
    # About three people share a year and sex; the attacker knows days and is told years.
    assert linkage(found)["right"][1] < 60
    assert found.details == ("sex", "born")
    finer = desk.attack(forms={"born": "year"}, quasi=("born", "sex"))
    assert finer.details == ("born", "sex")


def test_values_that_are_drawn_by_lot_give_nobody_away(desk: Desk) -> None:
    mixed = [dict(row) for row in desk.people[:INSIDE]]
    for name, step in (("born", 7), ("sex", 11), ("town", 13), ("illness", 17)):
        values = [row[name] for row in mixed]
        for place, row in enumerate(mixed):
            row[name] = values[(place * step + step) % INSIDE]
    desk.shown(mixed)
    found = desk.attack(secret="illness")
    for method in ("exact", "nearest"):
        assert linkage(found, method)["right"][1] <= 9
    assert found.plain()["inference"]["excess"]["low"] < 0.1


def test_without_people_outside_their_own_record_is_taken_out(desk: Desk) -> None:
    desk.known(desk.people[:INSIDE])
    found = desk.attack(secret="illness").plain()
    assert found["control_group"] == "own_record_taken_out"
    assert found["singling_out"] is None
    control = found["linkage"]["exact"]["control"]
    assert control["tries"] in TRIES
    assert control["claims"] == [0, 4]
    assert found["inference"]["excess"]["low"] > 0.5


def test_the_same_question_has_the_same_answer(desk: Desk) -> None:
    paper = desk.authorised()
    first = desk.attack(authorisation=paper).plain()
    again = desk.attack(authorisation=paper).plain()
    assert (first.pop("run"), again.pop("run")) == (1, 2)
    assert first == again


@pytest.mark.timeout(900)
def test_spark_attacks_as_duckdb_does(desk: Desk, spark: Spark) -> None:
    assert spark.version
    shown = [
        {"code": f"R{place}", "sex": row["sex"], "born": row["born"][:7], "town": row["town"][:6]}
        for place, row in enumerate(desk.people[:INSIDE])
    ]
    desk.write("shown.csv", shown)
    paper = desk.authorised()
    forms = {"born": "month", "town": "truncate(6)"}
    first = desk.attack(authorisation=paper, forms=forms).plain()
    again = desk.attack("spark", authorisation=paper, forms=forms).plain()
    assert (first.pop("run"), again.pop("run")) == (1, 2)
    assert first == again
    assert first["linkage"]["exact"]["right"][1] > 0


def test_a_parquet_file_with_bytes_as_codes_and_several_events(desk: Desk) -> None:
    codes = [bytes([place // 256, place % 256]) * 8 for place in range(INSIDE)]
    rows = [(codes[place], desk.people[place]["town"]) for place in range(INSIDE)] * 2
    visits = [
        (place * place * 7 + turn * 131) % 900 for turn in range(2) for place in range(INSIDE)
    ]
    table = pa.table(
        {
            "code": [code for code, _ in rows],
            "town": [town for _, town in rows],
            "visit": pa.array(visits, pa.int32()).cast(pa.date32()),
        }
    )
    target = desk.folder / "released.parquet"
    pq.write_table(table, target)
    known = [
        {"person": desk.people[place]["person"], "town": desk.people[place]["town"],
         "visit": table["visit"][place + turn * INSIDE].as_py().isoformat()}
        for place in range(INSIDE) for turn in range(2)
    ]  # fmt: skip
    desk.known(known)
    pairs = [
        {"person": desk.people[place]["person"], "record": codes[place].hex()}
        for place in range(INSIDE)
    ]
    desk.write("truth.csv", pairs)
    paper = desk.authorised(file=sha256_file(target))
    found = desk.attack(target=target, authorisation=paper)
    assert linkage(found)["right"][0] > 200
    assert linkage(found, "nearest")["right"][0] > 200


# --- a release of the store -----------------------------------------------------------------
def released(house: House, **changes: Any) -> tuple[Path, Path]:
    """(permit, release) of all patients, by age group and sex."""
    data = permitted(patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"})
    changes = {"processing": ["table", "test_risk"]} | changes
    permit = house.issue(data=data, risk={"k": 2, "suppress_up_to": 0.5}, **changes)
    return permit, house.build(permit).folder


def on_release(house: House, desk: Desk, folder: Path, paper: Path) -> Attack:
    known = [
        {
            "person": row["name"], "sex": row["sex"], "born": row["born"],
            "postcode": f"{row['postcode']}{place}",
        }
        for place, row in enumerate(house.tables["patients"])
    ]  # fmt: skip
    truth = [
        {"person": row["name"], "source_key": f"{row['nhs_number'][:3]} {row['nhs_number'][3:]}"}
        for row in house.tables["patients"]
    ]
    return Attack(folder, desk.known(known), desk.write("keys.csv", truth), paper)


def test_a_release_is_attacked_by_the_keys_of_its_source(house: House, desk: Desk) -> None:
    for place, row in enumerate(house.tables["patients"]):
        row["born"] = f"{1935 + place % 60}-0{1 + place % 9}-{10 + place % 19}"
    house.write()
    permit, folder = released(house)
    asked = on_release(house, desk, folder, desk.authorised(release=folder.name))
    found = attack(house.custody(), asked)
    assert found.details == ("patients.born", "patients.sex")
    assert linkage(found)["right"] == [0, 4]
    begun, opened = house.events("attack.begun")[-1], house.events("release.opened")[-1]
    assert begun["release"] == opened["release"] == folder.name
    assert opened["use"] == "attack"
    assert house.ledger_faults() == []
    # A stopped permit, another release, and one that was replaced are not attacked.
    other = desk.authorised(release="other.r1")
    assert refused(
        lambda: attack(house.custody(), on_release(house, desk, folder, other))
    ).code == ("CW-ATTACK-OTHER-RELEASE")
    change_state(house.custody(), permit, "pause")
    runs = len(house.events("attack.begun"))
    assert refused(lambda: attack(house.custody(), asked)).code == "CW-PERMIT-PAUSED"
    change_state(house.custody(), permit, "resume")
    newer = house.build(permit).folder
    assert refused(lambda: attack(house.custody(), asked)).code == "CW-RELEASE-SUPERSEDED"
    assert len(house.events("attack.begun")) == runs
    # Only who is named in the permit, and only where it allows tests.
    stranger = desk.authorised(
        release=newer.name, attacker={"account": "mallory", "name": "M", "role": "Tester"}
    )
    asked = on_release(house, desk, newer, stranger)
    assert refused(lambda: attack(house.custody(), asked)).code == "CW-PERMIT-PERSON"


def test_a_release_whose_choices_are_old_is_not_attacked(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=150)
    desk = Desk(tmp_path, house.custody())
    _, folder = released(house)
    asked = on_release(house, desk, folder, desk.authorised(release=folder.name))
    house.clock.advance(timedelta(days=6))
    assert attack(house.custody(), asked).run == 1
    house.clock.advance(timedelta(days=2))
    # Whoever said no since is still in it.
    error = refused(lambda: attack(house.custody(), asked))
    assert (error.code, error.exit_code) == ("CW-RELEASE-CHOICES-OLD", 5)
    assert len(house.events("attack.begun")) == 1
    house.close()


def test_moved_dates_of_a_release_are_found_by_who_knows_the_true_ones(
    house: House, desk: Desk
) -> None:
    for place, row in enumerate(house.tables["admissions"]):
        day = date(2024, 1, 1) + timedelta(days=(place * place * 97 + place * 37) % 700)
        row["admitted"] = row["discharged"] = day.isoformat()
    house.write()
    data = permitted(
        patients={"nhs_number": "pseudonym", "sex": "exact"},
        admissions={"nhs_number": "pseudonym", "admitted": "shift"},
    )
    permit = house.issue(
        data=data, processing=["table", "test_risk"], shift_weeks=4,
        risk={"k": 2, "suppress_up_to": 0.5, "shift_candidates": 2},
    )  # fmt: skip
    folder = house.build(permit).folder
    names = {row["nhs_number"]: row["name"] for row in house.tables["patients"]}
    sexes = {row["nhs_number"]: row["sex"] for row in house.tables["patients"]}
    known = [
        {"person": names[row["nhs_number"]], "patients.sex": sexes[row["nhs_number"]],
         "admitted": row["admitted"]}
        for row in house.tables["admissions"]
    ]  # fmt: skip
    truth = [{"person": name, "source_key": number} for number, name in names.items()]
    asked = Attack(
        folder, desk.known(known), desk.write("keys.csv", truth),
        desk.authorised(release=folder.name),
    )  # fmt: skip
    found = attack(house.custody(), asked)
    assert set(found.details) == {"patients.sex", "admissions.admitted"}
    tries = linkage(found)["tries"]
    # Some days near the edges are not in the data: who knows all true days misses these people.
    assert linkage(found)["right"][0] > tries / 2
    assert linkage(found, "nearest")["right"][0] > tries / 2
    assert linkage(found)["wrong"] == [0, 4]


def test_a_permit_without_tests_of_risk_lets_nobody_attack(house: House, desk: Desk) -> None:
    _, folder = released(house, processing=["table"])
    asked = on_release(house, desk, folder, desk.authorised(release=folder.name))
    error = refused(lambda: attack(house.custody(), asked))
    assert (error.code, error.exit_code) == ("CW-PERMIT-ACTION", 4)


# --- authorisation --------------------------------------------------------------------------
def test_every_run_is_on_the_ledger_with_how_it_ended(house: House, desk: Desk) -> None:
    paper = desk.authorised(runs=2)
    desk.attack(authorisation=paper)
    desk.write("truth.csv", [{"person": f"{MARKER} 0", "record": "R0"}])
    assert refused(lambda: desk.attack(authorisation=paper)).code == "CW-ATTACK-FEW"
    desk.truth()
    error = refused(lambda: desk.attack(authorisation=paper))
    assert (error.code, error.exit_code) == ("CW-ATTACK-LIMIT", 4)
    name = desk.name
    ended = [one for one in house.events("attack.ended") if one["authorisation"] == name]
    assert [(one["run"], one["outcome"], one.get("code")) for one in ended] == [
        (1, "done", None),
        (2, "refused", "CW-ATTACK-FEW"),
    ]
    # The totals are bound to the entry, sealed and erasable.
    assert ended[0]["details"].startswith("hmac-sha256:")
    assert house.ledger_faults() == []


def test_without_a_recorded_authorisation_nothing_is_attacked(
    house: House, desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    paper = desk.authorised()
    content = paper.read_text()
    runs = len(house.events("attack.begun"))
    forged = desk.folder / "forged.jws"
    forged.write_text(content.replace("e", "f", 40))
    missing = desk.folder / "none.jws"
    codes = {}
    for name, path in (("forged", forged), ("missing", missing)):
        codes[name] = refused(lambda path=path: desk.attack(authorisation=path)).code
    assert codes["missing"] == "CW-FILE-MISSING"
    assert codes["forged"] in {"CW-SIGNATURE-INVALID", "CW-SIGNATURE-UNTRUSTED", "CW-JSON-INVALID"}
    # Signed by a key that is trusted, and never recorded here.
    now = house.clock.now()
    unknown = authorised(draft(id="elsewhere", file=sha256_file(desk.folder / "shown.csv")), now)
    signer = house.custody().keyring.signer("permit-signer")
    (desk.folder / "unknown.jws").write_text(unknown.signed([signer], now))
    error = refused(lambda: desk.attack(authorisation=desk.folder / "unknown.jws"))
    assert (error.code, error.exit_code) == ("CW-ATTACK-NOT-RECORDED", 4)
    # Recorded under this id, but another paper.
    other = authorised(draft(id=desk.name, file=unknown.file, runs=20), now)
    (desk.folder / "other.jws").write_text(other.signed([signer], now))
    error = refused(lambda: desk.attack(authorisation=desk.folder / "other.jws"))
    assert error.code == "CW-ATTACK-NOT-RECORDED"
    withdraw_authorisation(house.custody(), paper)
    assert refused(lambda: desk.attack(authorisation=paper)).code == "CW-ATTACK-WITHDRAWN"
    assert len(house.events("attack.begun")) == runs


def test_a_run_that_was_withdrawn_while_it_read_its_tables_does_not_begin(desk: Desk) -> None:
    paper = desk.authorised()
    loaded = load_authorisation(desk.custody, paper)
    withdraw_authorisation(desk.custody, paper)
    error = refused(lambda: begin_attack(desk.custody, loaded))
    assert (error.code, error.exit_code) == ("CW-ATTACK-WITHDRAWN", 4)


def test_a_file_that_was_changed_since_is_another_file(desk: Desk) -> None:
    paper = desk.authorised()
    with (desk.folder / "shown.csv").open("a") as file:
        file.write("R999,1950-01-01,F,Town 1,flu\n")
    assert refused(lambda: desk.attack(authorisation=paper)).code == "CW-ATTACK-OTHER-RELEASE"


def test_an_id_serves_once_and_an_end_in_the_past_never(house: House, desk: Desk) -> None:
    desk.authorised(id="twice")
    error = refused(lambda: desk.authorised(id="twice"))
    assert (error.code, error.exit_code) == ("CW-ATTACK-EXISTS", 4)
    assert not (desk.folder / f"authorisation-{desk.papers}.jws").exists()
    past = {"from": "2026-01-01", "until": "2026-01-31"}
    assert refused(lambda: desk.authorised(**past)).code == "CW-ATTACK-EXPIRED"
    soon = desk.authorised(**{"from": "2026-03-10"})
    assert refused(lambda: desk.attack(authorisation=soon)).code == "CW-ATTACK-NOT-YET"


# --- bad input ------------------------------------------------------------------------------
def wrong(desk: Desk, code: str, exit_code: int, said: str, **changes: Any) -> None:
    error = refused(lambda: desk.attack(**changes))
    assert (error.code, error.exit_code) == (code, exit_code), error.sentence
    assert said in error.sentence
    shown = f"{error} {error.remedy}"
    assert MARKER not in shown
    assert "Town" not in shown
    assert "1930" not in shown


def test_columns_that_are_not_there(desk: Desk) -> None:
    wrong(desk, "CW-ATTACK-INPUT", 2, "has no column nobody", person="nobody")
    wrong(desk, "CW-ATTACK-INPUT", 2, "has no column nothing", record="nothing")
    wrong(desk, "CW-ATTACK-INPUT", 2, "--record", record=None)
    wrong(desk, "CW-ATTACK-INPUT", 2, "no column shoes", quasi=("shoes",))
    wrong(desk, "CW-ATTACK-INPUT", 2, "has no column secret", secret="secret")
    wrong(desk, "CW-ATTACK-INPUT", 2, "cannot be compared", forms={"born": "interval"})
    wrong(desk, "CW-ATTACK-INPUT", 2, "of releases only", forms={"born": "shift"})
    wrong(desk, "CW-FORM-UNKNOWN", 3, "not a form", forms={"born": "blurred"})
    wrong(desk, "CW-FILE-MISSING", 3, "no release and no file", target=desk.folder / "none.csv")
    desk.write("known.csv", [{"person": "a", "shoe": "1"}])
    wrong(desk, "CW-ATTACK-INPUT", 2, "no column in common")


def test_values_that_do_not_fit(desk: Desk) -> None:
    spoilt = [dict(row) for row in desk.people]
    for row in spoilt[:7]:
        row["born"] = "last spring"
    desk.known(spoilt)
    wrong(desk, "CW-ATTACK-INPUT", 2, "born of what is known: 7 value(s) do not read as dates")
    spoilt[0]["born"] = "2001-02-31"
    for row in spoilt[1:7]:
        row["born"] = "2001-02-01"
    desk.known(spoilt)
    wrong(desk, "CW-ATTACK-INPUT", 2, "that no calendar has")
    wrong(desk, "CW-ATTACK-INPUT", 2, "--at", forms={"born": "age_band(5,90)"})


def test_a_truth_that_is_none(desk: Desk) -> None:
    rows = [{"person": row["person"], "record": f"R{place}"}
            for place, row in enumerate(desk.people[:INSIDE])]  # fmt: skip
    cases = [
        ([], "CW-ATTACK-INPUT", 2, "has no rows"),
        (rows[:99], "CW-ATTACK-FEW", 4, "too few people of the release"),
        ([*rows, rows[0]], "CW-ATTACK-TRUTH", 3, "1 of its people more than once"),
        ([*rows, {"person": "x", "record": "R1"}], "CW-ATTACK-TRUTH", 3, "records more than once"),
        ([*rows, {"person": "x", "record": "R9999"}], "CW-ATTACK-TRUTH", 3, "1 people who are not"),
        ([*rows, {"person": f"{MARKER} 350", "record": "R9999"}], "CW-ATTACK-TRUTH", 3,
         "1 records that are not in the release"),
        ([*rows, {"person": "", "record": "R299"}], "CW-ATTACK-TRUTH", 3, "in 1 of its rows"),
        ([{"name": "x", "record": "R1"}], "CW-ATTACK-INPUT", 2, "has no column person"),
        ([{"person": "x", "source_key": "1"}], "CW-ATTACK-INPUT", 2, "for a release only"),
    ]  # fmt: skip
    for given, code, exit_code, said in cases:
        path = desk.folder / "truth.csv"
        path.write_text("person,record\n") if not given else desk.write("truth.csv", given)
        wrong(desk, code, exit_code, said)


def test_several_values_where_there_is_one(desk: Desk) -> None:
    desk.known([*desk.people, {**desk.people[0], "town": "Town 3"}])
    wrong(desk, "CW-ATTACK-INPUT", 2, "town of what is known: 1 people have several")
    desk.known()
    double = [{"code": "R0", **{k: v for k, v in desk.people[5].items() if k != "person"}}]
    rows = [{"code": f"R{p}", **{k: v for k, v in row.items() if k != "person"}}
            for p, row in enumerate(desk.people[:INSIDE])]  # fmt: skip
    desk.write("shown.csv", rows + double)
    found = desk.attack()  # a record with two values has happenings, and is still found
    assert linkage(found)["tries"] in TRIES
    wrong(desk, "CW-ATTACK-INPUT", 2, "illness has several values", secret="illness")


def test_hostile_names_and_kinds_of_files(desk: Desk) -> None:
    odd = desk.folder / "a'; DROP TABLE x; --.csv"
    (desk.folder / "known.csv").rename(odd)
    found = desk.attack(against=odd)
    assert linkage(found)["tries"] in TRIES
    odd.rename(desk.folder / "two\nlines.csv")
    wrong(desk, "CW-SOURCE-NAMES", 3, "control characters", against=desk.folder / "two\nlines.csv")
    (desk.folder / "two\nlines.csv").rename(desk.folder / "known.csv")
    text = desk.folder / "known.txt"
    text.write_text("person\n")
    wrong(desk, "CW-ANONYMISE-INPUT", 2, "not a CSV", against=text)
    wrong(desk, "CW-ATTACK-INPUT", 2, "is a folder", against=desk.folder)
    fake = desk.folder / "fake.parquet"
    fake.write_bytes(b"PAR1 not at all")
    paper = desk.authorised(file=sha256_file(fake))
    error = refused(lambda: desk.attack(target=fake, authorisation=paper))
    assert error.exit_code in (2, 3)
    assert MARKER not in str(error)


def test_runs_a_day_are_limited_over_all_authorisations(tmp_path: Path) -> None:
    house = make_house(tmp_path / "limited", count=12)
    (tmp_path / "files").mkdir()
    desk = Desk(tmp_path / "files", house.custody())
    for write in (desk.shown, desk.known, desk.truth):
        write()
    assert house.custody().trust.attacks_per_day is None  # five, unless the policy says otherwise
    assert authorisations.RUNS_A_DAY == 5
    house.limit(attacks_per_day=2)
    for _ in range(2):
        desk.attack(quasi=("sex", "town"))
    error = refused(lambda: desk.attack(quasi=("sex", "town")))
    assert error.code == "CW-ATTACK-LIMIT"
    assert "2 times today" in error.sentence
    house.clock.advance(timedelta(days=1))
    desk.attack(quasi=("sex", "town"))
    assert [one["today"] for one in house.events("attack.begun")] == [1, 2, 1]
    house.close()
