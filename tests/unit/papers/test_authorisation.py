"""The paper that allows an attack: what can be written in one, and when it says no."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.papers.authorisation import AttackDraft, Authorisation, authorised
from tests import factories
from tests.attack_desk import draft, draft_data

HASH = "sha256:" + "a" * 64


def signed(**changes: Any) -> str:
    paper = authorised(draft(release="asthma-1.r1", **changes), factories.NOW)
    return paper.signed([factories.signer()], factories.NOW)


def test_a_signed_authorisation_reads_back() -> None:
    paper = Authorisation.load(signed(), factories.trust())
    assert paper == authorised(draft(release="asthma-1.r1"), factories.NOW)
    assert paper.runs == 5
    assert paper.begins == factories.NOW  # signed after its first day began
    assert paper.ends == datetime(2026, 3, 31, 23, tzinfo=UTC)  # midnight in London


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "on one release or on one file"),
        ({"release": "r", "file": HASH}, "on one release or on one file"),
        ({"file": "sha256:1234"}, "field file"),
        ({"release": "r", "until": "2026-02-28"}, "would end before it starts"),
        ({"release": "r", "until": "2026-12-31"}, "at most 92 days"),
        ({"release": "r", "runs": 0}, "field runs is too small"),
        ({"release": "r", "runs": 21}, "field runs is too large"),
        ({"release": "r", "purpose": " "}, "field purpose"),
        ({"release": "r", "attacker": {"name": "A", "role": "B"}}, "attacker.account is missing"),
        ({"release": "r", "authorised_by": {"name": "A"}}, "authorised_by"),
        ({"release": "r", "issued_at": "2026-03-01T00:00:00.000Z"}, "issued_at is not a known"),
        ({"release": "r", "id": "two words"}, "field id"),
        ({"release": "../r"}, "field release"),
    ],
)
def test_a_draft_that_does_not_hang_together_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(CommonwealError, match="CW-ATTACK-PAPER") as caught:
        draft(**changes)
    assert said in caught.value.sentence
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("at", "target", "code"),
    [
        (datetime(2026, 3, 2, 8, 59, tzinfo=UTC), {"release": "asthma-1.r1"}, "CW-ATTACK-NOT-YET"),
        (datetime(2026, 3, 31, 23, tzinfo=UTC), {"release": "asthma-1.r1"}, "CW-ATTACK-EXPIRED"),
        (factories.NOW, {"release": "asthma-1.r2"}, "CW-ATTACK-OTHER-RELEASE"),
        (factories.NOW, {"file": HASH}, "CW-ATTACK-OTHER-RELEASE"),
        (factories.NOW, {}, "CW-ATTACK-OTHER-RELEASE"),
    ],
)
def test_it_says_no(at: datetime, target: dict[str, str], code: str) -> None:
    paper = Authorisation.load(signed(), factories.trust())
    with pytest.raises(Refused) as caught:
        paper.check(at, **target)
    assert (caught.value.code, caught.value.exit_code) == (code, 4)


def test_it_says_yes_to_its_own_release_until_its_last_moment() -> None:
    paper = Authorisation.load(signed(), factories.trust())
    paper.check(factories.NOW, release="asthma-1.r1")
    paper.check(datetime(2026, 3, 31, 22, 59, 59, tzinfo=UTC), release="asthma-1.r1")


def test_only_who_signs_permits_can_allow_an_attack() -> None:
    for role in ("status", "manifest", "statement"):
        data = factories.trust_data()
        data["keys"] = [
            factories.key_data("guardian", roles=[role]),
            factories.key_data("other", roles=["permit", "status", "manifest", "statement"]),
        ]
        trust = type(factories.trust()).read(data, "The trust policy")
        with pytest.raises(CommonwealError, match="CW-SIGNATURE-UNTRUSTED"):
            Authorisation.load(signed(), trust)


def test_one_changed_byte_or_another_paper_is_refused() -> None:
    text = signed()
    other = text.replace("permit", "xermit") if "permit" in text else text[:-20] + "A" + text[-19:]
    for wrong in (text[: len(text) // 2], other, "{}", ""):
        with pytest.raises(CommonwealError) as caught:
            Authorisation.load(wrong, factories.trust())
        assert caught.value.code.startswith("CW-")
        assert caught.value.exit_code == 3


def test_a_draft_is_read_from_yaml(tmp_path: Path) -> None:
    import yaml

    path = tmp_path / "draft.yaml"
    path.write_text(yaml.safe_dump(draft_data(file=HASH)))
    assert AttackDraft.load_draft(path) == draft(file=HASH)
    path.write_text("authorisation: 1\n")
    with pytest.raises(CommonwealError, match="CW-ATTACK-PAPER"):
        AttackDraft.load_draft(path)
