"""Hierarchies: files in the form of ARX, and the built-in ones. Most cases are refusals."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.vault.risk.anonymise import Builtin, read_folder, read_hierarchy
from commonweal.vault.risk.anonymise.builtin import KINDS
from commonweal.vault.risk.icd10 import _BLOCKS, _CHAPTERS, icd10_levels


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "hierarchy_place.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_gives_its_levels(tmp_path: Path) -> None:
    text = '\ufeffLeeds;North;*\n"York; city";North;*\nBath;South;*\n\n'
    found = read_hierarchy(written(tmp_path, text), "place")
    assert found.levels == (
        ("Leeds", "York; city", "Bath"),
        ("North", "North", "South"),
        ("*", "*", "*"),
    )
    assert found.height == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "CW-ANONYMISE-HIERARCHY"),
        ("\n\n", "CW-ANONYMISE-HIERARCHY"),
        ("a;b;*\nc;*\n", "CW-ANONYMISE-HIERARCHY"),
        ("a;x;*\na;y;*\n", "CW-ANONYMISE-HIERARCHY"),
        # Level 1 joins a and b, level 2 parts them again.
        ("a;x;1\nb;x;2\n", "CW-ANONYMISE-HIERARCHY"),
        (";;\n", "CW-ANONYMISE-HIERARCHY"),
        ('a;"b\n', "CW-ANONYMISE-HIERARCHY"),
        (";".join(["a"] * 70), "CW-ANONYMISE-HIERARCHY"),
        (b"\xff;*\n", "CW-FILE-ENCODING"),
    ],
)
def test_a_file_that_is_no_hierarchy_is_refused(
    tmp_path: Path, text: str | bytes, code: str
) -> None:
    with pytest.raises(CommonwealError) as refused:
        read_hierarchy(written(tmp_path, text), "place")
    assert refused.value.code == code
    assert refused.value.sentence.endswith(".")


def test_a_folder_without_hierarchies_is_refused(tmp_path: Path) -> None:
    for folder, code in (
        (tmp_path, "CW-ANONYMISE-HIERARCHY"),
        (tmp_path / "none", "CW-FILE-MISSING"),
    ):
        with pytest.raises(CommonwealError) as refused:
            read_folder(folder)
        assert refused.value.code == code


def test_a_folder_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "hierarchy_native-country.csv").write_text("a;*\n")
    (tmp_path / "hierarchy_.csv").write_text("a;*\n")
    (tmp_path / "notes.csv").write_text("a")
    assert list(read_folder(tmp_path)) == ["native-country"]


@pytest.mark.parametrize(
    ("kind", "value", "levels"),
    [
        ("age", "0", ("0-4", "0-9", "0-19")),
        ("age", "37", ("35-39", "30-39", "20-39")),
        ("age", "37.0", ("35-39", "30-39", "20-39")),
        ("age", "84", ("80-84", "80-89", "80+")),
        ("age", "90", ("90+", "90+", "80+")),
        ("age", "109", ("90+", "90+", "80+")),
        ("date", "2026-03-02", ("2026-03", "2026-Q1", "2026", "2020-2029")),
        ("date", "2019-12-31T23:59:00", ("2019-12", "2019-Q4", "2019", "2010-2019")),
        ("postcode", "LS1 4AP", ("LS1 4", "LS1", "LS")),
        ("postcode", "ls14ap", ("LS1 4", "LS1", "LS")),
        ("postcode", "SW1A 1AA", ("SW1A 1", "SW1A", "SW")),
        ("postcode", "M60 1NW", ("M60 1", "M60", "M")),
        ("postcode", "LS14", ("LS14", "LS14", "LS")),
        ("postcode", "GIR 0AA", ("GIR 0", "GIR", "GIR")),
        ("postcode", "ZZ99 3VZ", ("ZZ99 3", "ZZ99", "ZZ")),
        ("icd10", "E11.9", ("E11", "E10-E14", "chapter IV")),
        ("icd10", "e119", ("E11", "E10-E14", "chapter IV")),
        ("icd10", "I10X", ("I10", "I10-I15", "chapter IX")),
        ("icd10", "I10", ("I10", "I10-I15", "chapter IX")),
        ("icd10", "U07.1", ("U07", "U00-U49", "chapter XXII")),
        ("icd10", "G01*", ("G01", "G00-G09", "chapter VI")),
        ("icd10", "A10", ("A10", "other of chapter I", "chapter I")),
        ("icd10", "D50", ("D50", "D50-D53", "chapter III")),
        ("icd10", "D48", ("D48", "D37-D48", "chapter II")),
        ("icd10", "H60.0", ("H60", "H60-H62", "chapter VIII")),
        ("icd10", "W19", ("W19", "W00-W19", "chapter XX")),
        ("ethnicity", "Bangladeshi", ("Asian or Asian British",)),
        ("ethnicity", "Chinese", ("Asian or Asian British",)),
        ("ethnicity", "R", ("Asian or Asian British",)),
        ("ethnicity", "White: Irish", ("White",)),
        ("ethnicity", "White - British", ("White",)),
        ("ethnicity", "Roma", ("White",)),
        ("ethnicity", "Arab", ("Other ethnic group",)),
        ("ethnicity", "white and black african", ("Mixed or multiple ethnic groups",)),
        (
            "ethnicity",
            "Any other Black, Black British, or Caribbean background",
            ("Black, Black British, Caribbean or African",),
        ),
        (
            "ethnicity",
            "English, Welsh, Scottish, Northern Irish or British",
            ("White",),
        ),
        ("ethnicity", "Z", ("Not stated or not known",)),
    ],
)
def test_built_in_levels(kind: str, value: str, levels: tuple[str, ...]) -> None:
    made = Builtin(kind).make("x", [value, None])
    assert tuple(level[0] for level in made.levels) == (value, *levels, "*")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("age", "131"), ("age", "-1"), ("age", "4.5"), ("age", "old"), ("age", "³"),
        ("date", "02/03/2026"), ("date", "2026-02-30"), ("date", "2026-3-2"),
        ("date", "0000-01-01"),
        ("postcode", "1LS 4AP"), ("postcode", "LEEDS"), ("postcode", "LS1 4A"),
        ("icd10", "diabetes"), ("icd10", "E1"), ("icd10", "11.9"), ("icd10", "T99"),
        ("icd10", "E11.9999"), ("ethnicity", "Martian"), ("ethnicity", "White: Indian"),
    ],
)  # fmt: skip
def test_what_does_not_read_is_counted_and_not_told(kind: str, value: str) -> None:
    with pytest.raises(CommonwealError) as refused:
        Builtin(kind).make("column", [value])
    assert refused.value.code == "CW-ANONYMISE-VALUE"
    assert value not in refused.value.sentence.replace("column", "")
    assert "1 different value(s) of column" in refused.value.sentence


def test_the_kinds_are_a_closed_list() -> None:
    with pytest.raises(CommonwealError, match="CW-ANONYMISE-INPUT"):
        Builtin("snomed")
    assert sorted(KINDS) == ["age", "date", "ethnicity", "icd10", "postcode"]


def test_blocks_of_icd10_are_in_order_and_inside_one_chapter() -> None:
    assert sorted(_BLOCKS) == _BLOCKS
    for first, second in itertools.pairwise(_BLOCKS):
        assert first.split("-")[1] < second.split("-")[0]
    for block in _BLOCKS:
        first, last = block.split("-")
        low, high = icd10_levels(first), icd10_levels(last)
        assert low is not None
        assert high is not None
        assert low[1:] == high[1:] == (block, low[2])
    for chapter, span in _CHAPTERS.items():
        for end in span.split("-"):
            assert (icd10_levels(end) or ())[2:] == (f"chapter {chapter}",)


def test_every_age_and_date_makes_a_nested_hierarchy() -> None:
    Builtin("age").make("age", [str(age) for age in range(131)])
    Builtin("date").make(
        "day", [f"{y}-{m:02d}-28" for y in range(1899, 2031) for m in range(1, 13)]
    )
