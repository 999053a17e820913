"""S15: the report of an attack tells who was found, and small totals tell it once more.

The naive attacker prints each match, answers about as few people as it is asked, and answers as
often as it is asked: the difference of two answers is one person. Ours needs a recorded
authorisation, prints totals in bands, and draws its sample anew when one byte of the question
changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from commonweal.cli.main import run
from commonweal.foundation.errors import Refused
from commonweal.vault.custody import load_authorisation
from commonweal.vault.release import attacking
from commonweal.vault.release.attacking import attack
from commonweal.vault.release.progress import quiet
from commonweal.vault.risk.intruder.intervals import band, even
from commonweal.vault.risk.intruder.reading import Truth
from tests.attack_desk import INSIDE, MARKER, Desk, Row, linkage
from tests.release_house import House, make_house, refused

DETAILS = ("born", "sex", "town")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path / "house", count=12)
    made.limit(attacks_per_day=1000)
    yield made
    made.close()


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Desk:
    (tmp_path / "desk").mkdir()
    made = Desk(tmp_path / "desk", house.custody())
    for write in (made.shown, made.known, made.truth):
        write()
    return made


# --- the naive twin -------------------------------------------------------------------------
def naive_matches(known: Sequence[Row], shown: Sequence[Row]) -> list[str]:
    """Who was found, as tools print it: name, record and what is learned."""
    lines = []
    for person in known:
        fits = [row for row in shown if all(row[name] == person[name] for name in DETAILS)]
        if len(fits) == 1:
            lines.append(f"{person['person']} is {fits[0]['code']}: {fits[0]['illness']}")
    return lines


def naive_count(known: Sequence[Row], shown: Sequence[Row]) -> int:
    """Only how many were found, for however few people."""
    return len(naive_matches(known, shown))


def shown_rows(desk: Desk) -> list[Row]:
    return [{"code": f"R{place}", **row} for place, row in enumerate(desk.people[:INSIDE])]


def secrets_of(desk: Desk) -> list[str]:
    """Everything that no output may hold: names, records, days, towns and illnesses."""
    found = {MARKER}
    for place, row in enumerate(desk.people):
        found |= {row["person"], row["born"], row["town"], row["illness"]}
        found.add(f'"R{place}"')
    return sorted(found)


def holds(text: str, desk: Desk) -> list[str]:
    return [one for one in secrets_of(desk) if one in text]


def test_naive_a_report_of_matches_names_people_and_their_illness(desk: Desk) -> None:
    report = "\n".join(naive_matches(desk.people, shown_rows(desk)))
    assert report.count(MARKER) > 200
    assert "asthma" in report


def test_naive_a_total_about_one_person_is_that_person(desk: Desk) -> None:
    inside, outside = desk.people[3], desk.people[INSIDE + 3]
    assert naive_count([inside], shown_rows(desk)) == 1
    assert naive_count([outside], shown_rows(desk)) == 0
    # With others beside them, the difference of two totals still is.
    others = desk.people[10:120]
    both = [naive_count([*others, one], shown_rows(desk)) for one in (inside, outside)]
    assert both[0] - both[1] == 1


# --- ours -----------------------------------------------------------------------------------
def test_ours_every_channel_holds_totals_only(
    house: House, desk: Desk, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = desk.authorised()
    house.close()
    monkeypatch.setenv("COMMONWEAL_HOME", str(house.home))
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(house.root))
    monkeypatch.setattr("commonweal.foundation.clock.SystemClock", lambda: house.clock)
    command = [
        "risk", "attack", str(desk.folder / "shown.csv"),
        "--against", str(desk.folder / "known.csv"),
        "--truth", str(desk.folder / "truth.csv"),
        "--authorisation", str(paper), "--record", "code", "--secret", "illness",
    ]  # fmt: skip
    assert run([*command, "--json"]) == 0
    as_json = capfd.readouterr()
    assert as_json.err == ""
    assert run(command) == 0
    as_text = capfd.readouterr()
    told = json.loads(as_json.out)
    # Singular words of the question may be there; no value is.
    for text in (as_json.out, as_text.out, as_text.err):
        assert holds(text, desk) == []
    # Every count is the end of a band; no list is longer than the columns that were named.
    exact = told["linkage"]["exact"]
    assert exact["right"] == list(band(exact["right"][0], exact["tries"]))
    assert not [one for one in lists(told) if len(one) > 4]
    # Nor do errors, the ledger, the folders or the names of files hold one.
    (desk.folder / "truth.csv").write_text("person,record\nQuixotry 1,R1\nQuixotry 1,R2\n")
    assert run([*command, "--json"]) == 3
    failed = capfd.readouterr()
    assert holds(failed.out + failed.err, desk) == []
    left = [path for path in house.base.rglob("*") if path.is_file()]
    assert len(left) > 10
    for path in left:
        content = path.read_bytes()
        assert MARKER.encode() not in content or path.parent == house.source, path.name
        assert MARKER not in path.name
    assert sorted(path.name for path in desk.folder.iterdir()) == [
        "authorisation-1.jws", "known.csv", "shown.csv", "truth.csv",
    ]  # fmt: skip


def lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, dict):
        for one in value.values():
            yield from lists(one)
    elif isinstance(value, list):
        yield value


def test_ours_a_question_about_one_person_is_refused(desk: Desk) -> None:
    desk.known([desk.people[3]])
    desk.truth(1)
    desk.write("truth.csv", [{"person": desk.people[3]["person"], "record": "R3"}])
    error = refused(lambda: desk.attack())
    assert (error.code, error.exit_code) == ("CW-ATTACK-FEW", 4)
    assert holds(error.sentence, desk) == []
    # A hundred names for one person are one person.
    copies = [{**desk.people[3], "person": f"{MARKER} copy {n}"} for n in range(130)]
    desk.known(copies)
    rows = [{"person": one["person"], "record": f"R{n}"} for n, one in enumerate(copies)]
    desk.write("truth.csv", rows)
    error = refused(lambda: desk.attack())
    assert error.code == "CW-ATTACK-FEW"
    assert "few different things are known" in error.sentence


def test_ours_no_sharp_limit_tells_whether_one_more_is_in_the_release(
    house: House, desk: Desk
) -> None:
    """Many who are surely in, and one who is asked about: what is refused or tried says nothing."""
    paper = load_authorisation(house.custody(), desk.authorised())
    asked = desk.asked(authorisation=desk.folder / "authorisation-1.jws")
    drawing = attacking._Run(house.custody(), asked, paper, None, {}, quiet, "duckdb")  # type: ignore[arg-type]
    tries: dict[int, set[int]] = {}
    for members in (110, 111):
        who = np.arange(members)
        truth = Truth(pa.array(who), who, pa.array(who), who, who)
        for turn in range(60):
            (desk.folder / "known.csv").write_text(f"person\n{turn}\n")  # one byte else
            try:
                draw = drawing._drawn(truth)
            except Refused as error:
                told = f"{error.code} {error.sentence} {error.remedy}"
                tries.setdefault(members, set()).add(0)
            else:
                tries.setdefault(members, set()).add(int((~draw.control).sum()))
    # Refused or not, and how many are looked for: the same answers with her and without.
    for members in (110, 111):
        assert {0, 89, 94, 99} <= tries[members] <= {0, 84, 89, 94, 99, 104}
    assert told.startswith("CW-ATTACK-FEW")
    assert "11" not in told


def test_ours_one_person_beside_made_up_ones_is_not_told(desk: Desk) -> None:
    """The victim, and a hundred who are nobody: is the one match hers?"""
    made_up = [
        {"person": f"{MARKER} nobody {n}", "born": f"1800-01-{1 + n % 28:02}", "sex": "F",
         "town": f"Nowhere {n}", "illness": "none"}
        for n in range(150)
    ]  # fmt: skip
    told = []
    for victim in (desk.people[3], desk.people[INSIDE + 3]):
        desk.known([victim, *made_up])
        rows = [{"person": one["person"], "record": f"R{n + 3}"}
                for n, one in enumerate([victim, *made_up])]  # fmt: skip
        desk.write("truth.csv", rows)
        found = linkage(desk.attack(quasi=DETAILS))
        assert found["right"] == [0, 4]
        told.append(found["right"])
    # In the data or not: the same words.
    assert told[0] == told[1]


def test_ours_two_questions_never_differ_in_one_person_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte more, and other people are drawn: the difference is not that of one person."""
    drawn = []
    sample = attacking._sample
    monkeypatch.setattr(
        attacking, "_sample", lambda *given: drawn.append(sample(*given)) or drawn[-1]
    )
    paper = desk.authorised()
    desk.attack(authorisation=paper)
    known = (desk.folder / "known.csv").read_text()
    (desk.folder / "known.csv").write_text(known + "\n")  # an empty line is nobody
    desk.attack(authorisation=paper)
    first, second = ({*map(int, drawn[place])} for place in (0, 2))
    assert len(first - second) > 10
    assert len(second - first) > 10
    assert len(first) == even(len(first))


def test_ours_runs_are_counted_before_anything_is_read(
    house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = desk.authorised(runs=1)

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(attacking, "match_truth", broken)
    with pytest.raises(KeyboardInterrupt):
        attack(house.custody(), desk.asked(authorisation=paper))
    monkeypatch.undo()
    assert refused(lambda: desk.attack(authorisation=paper)).code == "CW-ATTACK-LIMIT"
    assert [one["outcome"] for one in house.events("attack.ended")] == ["failed"]


def test_ours_the_ledger_names_nobody(house: House, desk: Desk) -> None:
    desk.attack()
    for type_ in ("attack.authorised", "attack.begun", "attack.ended"):
        for entry in house.events(type_):
            text = json.dumps(entry)
            assert holds(text, desk) == []
            assert "Ferris" not in text
            assert not re.search(r'"(?:right|wrong|upper)"', text)
    assert house.ledger_faults() == []
