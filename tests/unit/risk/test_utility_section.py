"""The utility report: what was lost, in figures and in words."""

from __future__ import annotations

from collections.abc import Sequence

from commonweal.vault.risk.utility_section import Detail, Utility, utility_html, utility_json

UTILITY = Utility(
    people=(100, 97),
    rows={"patients": (100, 97), "stays": (210, 204)},
    details=(
        Detail("patients", "born", "age_band(5,90)", "age_band(10,90)", 0.25),
        Detail("patients", "sex", "exact", "exact", 1.0),
        Detail("patients", "nhs_number", "pseudonym", "pseudonym", None),
    ),
    chosen=("born & <b>more</b>",),
)


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    assert all(len(row) == len(head) for row in rows)
    return [caption, *(" | ".join(row) for row in rows)]


def test_the_figures() -> None:
    found = utility_json(UTILITY)
    assert found["people"] == {"before": 100, "after": 97}
    assert found["rows"]["stays"] == {"before": 210, "after": 204}
    assert found["columns"]["patients.born"] == {
        "agreed": "age_band(5,90)", "shown": "age_band(10,90)", "kept": 0.25
    }  # fmt: skip
    assert found["mean_kept"] == 0.625  # codes are no matter of detail


def test_nothing_with_detail_has_no_mean() -> None:
    assert utility_json(Utility((1, 1), {}, UTILITY.details[2:]))["mean_kept"] is None


def test_the_words() -> None:
    lines = utility_html(UTILITY, table)
    text = "\n".join(lines)
    assert "agreed: as an age group of 5 years, 90 and over as one" in text
    assert "patients: sex | as it is recorded | as agreed | all" in text
    assert "about 1 in 4" in text
    assert "does not apply" in text
    assert "stays: rows | 210 | 204" in text
    assert "<b>more</b>" not in text


def test_without_figures_there_is_no_section() -> None:
    assert utility_html(None, table) == []
