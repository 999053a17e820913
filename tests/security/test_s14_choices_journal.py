"""S9, S14: what somebody learns who sees the home's files, the public log, or which project waits.

The naive twin keeps one readable file a person, tells the public log of each choice, and makes only
those projects wait that a choice is about: names, sizes, times and waiting tell who chose what.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.papers.choice import KINDS, OF_ONE_PROJECT
from commonweal.vault.choices.journal import read_journal
from commonweal.vault.choices.recorded import Journal
from tests.integration.test_choices_journal import say
from tests.release_house import House, make_house

TODAY = date(2026, 3, 2)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = make_house(tmp_path)
    yield made
    made.close()


class Naive:
    """A journal that was made without thinking of who looks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.public: list[dict[str, str]] = []
        self.chosen: list[tuple[str, str | None]] = []

    def record(self, person: str, kind: str, project: str | None, evidence: str, at: str) -> None:
        said = {"kind": kind, "project": project, "evidence": evidence}
        (self.folder / f"{person}.json").write_text(json.dumps(said))
        self.public.append({"type": "choice.recorded", "at": at})
        self.chosen.append((kind, project))

    def waits(self, project: str, has_company: bool) -> bool:
        return any(
            kind == "local_objection"
            or named == project
            or (kind == "no_companies" and has_company)
            for kind, named in self.chosen
        )


def test_the_naive_journal_tells_who_and_what_and_when(tmp_path: Path) -> None:
    for kind, project in [("no_companies", None), ("withdrawal", "asthma")]:
        here = tmp_path / kind
        here.mkdir()
        naive = Naive(here)
        naive.record("9434765919", kind, project, "a", "2026-03-02T09:14:03Z")
        assert [one.stem for one in here.iterdir()] == ["9434765919"]
        assert naive.public[0]["at"].startswith("2026-03-02T09:14")
        # Which of three projects waits says what somebody chose, and of one: about which project.
        waiting = (
            naive.waits("heart", True),
            naive.waits("asthma", False),
            naive.waits("x", False),
        )
        assert waiting == ((True, False, False) if kind == "no_companies" else (False, True, False))


def _public(house: House) -> list[Any]:
    with house.custody().ledger.reading() as connection:
        return connection.execute(
            "SELECT id, body FROM intent WHERE log = 'public' ORDER BY id"
        ).fetchall()


def test_the_public_log_says_nothing_of_choices_neither_how_many_nor_when(house: House) -> None:
    before = _public(house)
    for number in house.numbers[:5]:
        house.clock.advance(timedelta(hours=3))
        say(house, number, "no_companies")
    assert _public(house) == before


def test_no_file_of_the_home_tells_who_or_what(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("commonweal.vault.choices.journal.TAIL", 0)  # the sealed copy is written
    for number in house.numbers[:3]:
        say(house, number, "no_companies", evidence="zebra")
    assert (house.home / "ledger" / "choices.sealed").is_file()
    held = b"".join(one.read_bytes() for one in house.home.rglob("*") if one.is_file())
    for secret in (*house.numbers[:3], "no_companies", "zebra"):
        assert secret.encode() not in held


def test_the_same_choice_of_two_people_looks_different_on_the_sealed_log(house: House) -> None:
    for _ in range(2):
        say(house, house.numbers[0])
    one, other = house.events("choice.recorded")
    assert one["details"] != other["details"]
    assert one["choice"] != other["choice"]


def _journal_of(kind: str, more: dict[str, Any]) -> Journal:
    paper = {
        "choice": 1, "id": "a" * 16, "whose": {"kind": "nhs_number", "identifier": "9434765919"},
        "kind": kind, "effective_from": TODAY.isoformat(), "set_by": "self", "channel": "page",
        "made_on": TODAY.isoformat(), "recorded_at": "2026-03-02T09:00:00.000Z", **more,
    }  # fmt: skip
    return Journal([7], [b"h" * 32], [json.dumps(paper, separators=(",", ":")).encode()])


@pytest.mark.parametrize("kind", KINDS)
def test_every_choice_makes_every_release_old_alike(kind: str) -> None:
    """So a project that waits knows that somebody chose something, and not what."""
    more = {"project": "of-others"} if kind in OF_ONE_PROJECT else {}
    made = _journal_of(kind, more)
    assert made.moved_since(0, TODAY, TODAY)
    assert not made.moved_since(1, TODAY, TODAY)


def test_a_release_that_waits_says_one_sentence_for_age_and_for_a_choice(house: House) -> None:
    from commonweal.foundation.errors import CommonwealError
    from commonweal.vault.release.opening import require_fresh_choices
    from commonweal.vault.release.store import read_manifest

    house.choose()
    made = house.build(house.issue())
    manifest = read_manifest(house.releases, made.folder, house.custody().belief)
    said = []
    for step in (lambda: say(house, house.numbers[0]), lambda: house.clock.advance(timedelta(60))):
        step()
        with pytest.raises(CommonwealError) as raised:
            require_fresh_choices(house.custody(), manifest)
        said.append((raised.value.code, raised.value.sentence, raised.value.remedy))
    assert said[0] == said[1]
    assert read_journal(house.custody()).number == 1
