"""What a study asked of the machine stands where its facts stand; and no link leads to a finding
that no page lists."""

from __future__ import annotations

import re

import pytest

from tests.web.outputs.review_house import (
    CODE,
    OUT,
    furnish,
    papers,
    signed_in,
    told_code,
    with_code,
)

pytestmark = pytest.mark.usefixtures("db")
ADDRESS = f"/outputs/review/{OUT}/"
PAGES = (ADDRESS, *(f"{ADDRESS}{part}" for part in ("files/1", "files/2", "files/3", "together",
                                                      "code")))  # fmt: skip
STUDY = """study: 1
title: Wards
command: [python, main.py]
outputs: [{file: born.json, kind: request, about: Wards}]
"""
ASKED = "What the study asked of the machine"


def read(address: str) -> str:
    answer = signed_in("tara").get(address)
    assert answer.status_code == 200, answer.content[:300]
    return str(answer.content.decode())


def told(**code: str | None) -> set[str]:
    """What the first page and that of the code say of a study of these files."""
    named = {name.replace("__", "."): text for name, text in code.items()}
    texts = {name: text for name, text in named.items() if text is not None}
    unseen = [name for name in named if name not in texts]
    furnish(made=with_code(papers(), told_code({"main.py": CODE} | texts, *unseen)))
    found = set()
    for address in (ADDRESS, f"{ADDRESS}code"):
        (said,) = re.findall(rf"{ASKED}:?</(?:dt|strong)>(?:<dd[^>]*>)?([^<]*)", read(address))
        found.add(said.strip())
    return found


def test_days_a_device_and_checkpoints_are_told() -> None:
    more = (
        "gpu: true\ncheckpoints: true\nlimits: {minutes: 4410, memory_gb: 64, checkpoints_mb: 9000}"
    )
    (said,) = told(study__yaml=f"{STUDY}{more}\n")
    assert said == (
        "Up to 3 days, 1 hour and 30 minutes by the clock, 64 GiB of memory, 64 MiB of outputs. "
        "A device for calculations (GPU). Up to 9,000 MiB for what it keeps for a next attempt "
        "(checkpoints)."
    )


def test_a_study_that_asks_for_nothing_says_so() -> None:
    (said,) = told(study__yaml=STUDY)
    assert said == (
        "Up to 1 hour by the clock, 4 GiB of memory, 64 MiB of outputs. No device for calculations "
        "(GPU). Nothing is kept between its attempts."
    )


@pytest.mark.parametrize(
    "text",
    [None, "", "[1, 2]", "study: 1", "a: [", f"{STUDY}gpu: perhaps\n", f"{STUDY}extra: 1\n",
     "a: &a [*a]", f"{STUDY}limits: {{minutes: 99999999}}\n"],
)  # fmt: skip
def test_a_declaration_that_cannot_be_read_is_no_declaration_of_nothing(text: str | None) -> None:
    (said,) = told(study__yaml=text)
    assert said.startswith("Its declaration (study.yaml) cannot be read here")


def test_the_code_is_not_there() -> None:
    (said,) = told()
    assert "cannot be read here" in said


def test_another_declaration_than_that_which_ran_is_not_read() -> None:
    from commonweal.web.outputs.models import ReviewPapers

    texts = {"main.py": CODE, "study.yaml": STUDY}
    furnish(made=with_code(papers(), told_code(texts)))
    row = ReviewPapers.objects.get()
    row.code = told_code(texts | {"study.yaml": f"{STUDY}gpu: true\n"})
    row.save()
    assert "cannot be read here" in read(ADDRESS)
    assert signed_in("tara").get(f"{ADDRESS}code").status_code == 400


def test_only_the_declaration_at_the_top_counts() -> None:
    (said,) = told(**{"sub/study__yaml": f"{STUDY}gpu: true\n"})
    assert "cannot be read here" in said


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(1, "1 minute"), (60, "1 hour"), (61, "1 hour and 1 minute"), (1440, "1 day"),
     (1500, "1 day and 1 hour"), (20160, "14 days"), (2, "2 minutes")],
)  # fmt: skip
def test_times_in_words(minutes: int, words: str) -> None:
    from commonweal.web.outputs.presenters_study import clock_words

    assert clock_words(minutes) == words


@pytest.mark.parametrize("most", [0, 1, 3, 60])
def test_each_link_to_a_finding_leads_to_one(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few listed, the cells of all others are still marked, as numbers that are no links."""
    monkeypatch.setattr("commonweal.web.outputs.presenters_review.MOST_FINDINGS", most)
    furnish()
    pages = {address: read(address) for address in PAGES}
    marks = {number for page in pages.values()
             for number in re.findall(r"finding </span>([0-9]+)", page)}  # fmt: skip
    assert len(marks) > 3
    for address, page in pages.items():
        for home, number in re.findall(r'href="([^"#]*)#finding-([0-9]+)"', page):
            assert f'id="finding-{number}"' in pages[home or address], (address, home, number)
    unlisted = "which no page lists" in "".join(pages.values())
    assert unlisted is (most < 60)


def test_cells_keep_their_marks_whatever_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    furnish()
    place = f"{ADDRESS}files/1"
    before = read(place).count("review-cell--")
    monkeypatch.setattr("commonweal.web.outputs.presenters_review.MOST_FINDINGS", 1)
    assert read(place).count("review-cell--") == before > 1
